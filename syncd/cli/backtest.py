"""``syncd backtest``: what a changed configuration would have made of what was recorded."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncd.cli.call import Call
from syncd.model.errors import BadUsage

if TYPE_CHECKING:
    from syncd.settings.accounts import ConnectionSettings

DAYS = 30


def backtest(
    context: typer.Context,
    *,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against", metavar="PATH", help="The configuration in use. Default: $SYNCD_CONFIG, else ./config"
        ),
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", min=1, help=f"Days that are replayed (default: {DAYS}).")
    ] = None,
    scenario: Annotated[
        Path | None,
        typer.Option(
            "--scenario",
            metavar="FILE",
            help="Instead: a file of cases (as cases/*.yaml), or a .json of `syncd simulate`.",
        ),
    ] = None,
    show: Annotated[
        str | None, typer.Option("--show", metavar="KEY", help="The records behind a figure, by its key.")
    ] = None,
    ids: Annotated[
        bool, typer.Option("--ids", help="With --show: link ids alone, one a line; else each figure's key.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """What would have been different with the changed configuration that --config names.

    Replays what the store of the configuration in use recorded: values that were written, records that were made, what
    waits, moves of stage, handoffs with their deadlines, who got whom; and computes persona and grade of the linked
    people. Writes nothing, asks no vendor. What the record does not tell is counted with its reason; each part that
    changed and is not judged is named.

    JSON: as `syncd report`, and configurations {in_use, changed}, differs, fields {only_in_use, only_changed},
    not_judged [part], not_replayed {reason: count}, cannot_be_told {reason: count}, examples [{kind, link, record,
    field, side, at, before, after, would, value, why}]. With --scenario: differs, cases [{name, line, differences
    [{what, in_use, changed}]}]; of a simulation: differs, figures [{what, in_use, changed}], broken {in_use [text],
    changed [text]}.
    """
    call: Call = context.obj
    if call.config is None:
        raise BadUsage("name the changed configuration: syncd backtest --config NEW")
    if scenario is not None and (days is not None or show is not None):
        raise BadUsage("--scenario replays a file: leave --days and --show out")
    in_use = Call(config=against, connection=call.connection, log_level=call.log_level)
    if scenario is not None and scenario.suffix == ".json":
        _played(in_use, call, scenario, as_json=as_json)
        return
    if scenario is not None:
        _scenario(_settings(in_use), _settings(call), scenario, as_json=as_json)
        return
    _record(in_use, _settings(in_use), _settings(call), days or DAYS, show=show, ids=ids, as_json=as_json)


def _settings(call: Call) -> ConnectionSettings:
    loaded, _ = call.loaded_without_secrets()
    return loaded.connection(call.connection)


def _record(
    call: Call,
    old: ConnectionSettings,
    new: ConnectionSettings,
    days: int,
    *,
    show: str | None,
    ids: bool,
    as_json: bool,
) -> None:
    from syncd.bootstrap.rulebooks import rulebook
    from syncd.cli.out import print_json, say
    from syncd.cli.reporting import Shape, now, write
    from syncd.operations.backtest import backtest as replayed
    from syncd.operations.backtest_report import backtest_document, backtest_report
    from syncd.operations.report_writing import document

    with call.memory() as store:
        at = now()
        told = replayed(store, rulebook(old, store), rulebook(new, store), since=at - timedelta(days=days), now=at)
        report = backtest_report(told, store)
        if as_json and show is None:
            print_json({**document(report, now=at), **backtest_document(told, store)})
            return
        write(call, store, report, at, Shape(show, ids, as_json, False, False, None))
        if show is None:
            say("", told.verdict)


def _scenario(old: ConnectionSettings, new: ConnectionSettings, file: Path, *, as_json: bool) -> None:
    from syncd.cli.out import count, print_json, say, table
    from syncd.settings.case_answers import read_cases

    cases = read_cases(file)
    told: list[dict[str, Any]] = []
    both = [_answers(settings, cases) for settings in (old, new)]
    for case, was, now in zip(cases, *both, strict=True):
        differences = [
            {"what": what, "in_use": was.get(what), "changed": now.get(what)}
            for what in dict.fromkeys((*was, *now))
            if was.get(what) != now.get(what)
        ]
        told.append({"name": case.section.name, "line": case.tree.at(case.loc).line, "differences": differences})
    different = sum(1 for each in told if each["differences"])
    if as_json:
        print_json({"differs": different > 0, "cases": told})
        return
    for each in told:
        if each["differences"]:
            rows = [(row["what"], row["in_use"] or "-", row["changed"] or "-") for row in each["differences"]]
            table(each["name"], ("what", "in use", "changed"), rows)
    say(f"{count(len(cases), 'case')}, {different:,} of them with differences")


def _played(in_use: Call, changed: Call, file: Path, *, as_json: bool) -> None:
    """A scenario of the simulation, once with each configuration: the same people, faults and crashes."""
    from syncd.bootstrap import config_path
    from syncd.cli.out import print_json, say, table
    from syncd.lab.simulate import Order, replayed

    orders = [
        Order(config=config_path(each.config, os.environ), connection=each.connection, replay=file)
        for each in (in_use, changed)
    ]
    was, now = (replayed(order) for order in orders)
    rows = [
        (what, before, after)
        for (what, before), (_, after) in zip(was.figures, now.figures, strict=True)
        if before != after
    ]
    broken = {"in_use": list(map(str, was.violations)), "changed": list(map(str, now.violations))}
    differs = was.trace != now.trace
    if as_json:
        figures = [{"what": what, "in_use": before, "changed": after} for what, before, after in rows]
        print_json({"differs": differs, "figures": figures, "broken": broken})
        return
    if rows:
        table(str(file), ("what", "in use", "changed"), [(what, f"{one:,}", f"{other:,}") for what, one, other in rows])
    for name, told in (("in use", broken["in_use"]), ("changed", broken["changed"])):
        for violation in told:
            say(f"{name}, a promise is broken: {violation}")
    say("something would have been different" if differs else "nothing would have been different")


def _answers(settings: ConnectionSettings, cases: Sequence[Any]) -> list[dict[str, str]]:
    from syncd.core.normalize import Codec, Context, Lens
    from syncd.model.values import Pair
    from syncd.settings.case_answers import answers
    from syncd.settings.profiles import profiles_of

    kinds = {kind.kind: kind for kind in settings.connection.kinds}
    lenses = {name: Lens(kind, Context(), Pair(Codec.TEXT, Codec.JSON)) for name, kind in kinds.items()}
    profiles = profiles_of(settings)
    return [answers(case, kinds, lenses, profiles) for case in cases]
