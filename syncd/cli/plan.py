"""``syncd plan``: what a cycle would do now, what it costs, and what waits for a person."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli.call import Call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.model.brake import Key
    from syncd.operations.forecast import Forecast, KindForecast

FIELDS_SHOWN = 5


def plan(
    context: typer.Context,
    *,
    full: Annotated[bool, typer.Option("--full", help="Compare every record, not only what changed.")] = False,
    recreate: Annotated[
        list[str] | None,
        typer.Option(
            "--recreate",
            metavar="RECORD",
            help="Make the counterpart of this record that was deleted, or unlinked, anew.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the complete plan there as JSON, mode 0600.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Says what `sync` would do now; writes to nobody.

    Creates, updates, clears, links, conflicts, refusals foreseen, calls per side, share of today's quota, time, digest
    and twenty samples. Exit 1 if a first link waits for approval or a conflict waits for a decision.

    JSON: connection, digest, first_link, needs_approval, open_conflicts, unfilled [field], seconds, calls {SIDE:
    planned, share_of_today, used_today, limit_today}, kinds {KIND: figures}, samples [write], would_be_held [[kind,
    measure, side, field, n]], resting [field], appends [{kind, do (add, go on), marketing, crm}], append_samples
    [{kind, side, do, origin, link, status, rule}]. --out holds every decision.
    """
    from syncd.cli.drift import print_resting
    from syncd.cli.out import count, print_json, progress, say
    from syncd.operations.forecast import plan_document
    from syncd.operations.planning import planned

    call: Call = context.obj
    with call.world(read_only=True) as world, progress("reading both systems"):
        found = planned(world, full=full, recreate=recreate)
    if out is not None:
        write_private(out, plan_document(found.plan))
    if as_json:
        print_json(found.document())
    else:
        print_forecast(found.told, call)
        print_resting(found.rests, call)
        _print_braked(found.braked)
        if out is not None:
            say(f"{count(sum(1 for _ in found.plan.decisions()), 'decision')} written to {out}")
    raise typer.Exit(1 if found.told.waits else 0)


def _print_braked(braked: Mapping[Key, int]) -> None:
    """What the brake would leave unwritten of it."""
    from syncd.cli.out import say

    for (kind, measure, side, name, _), number in sorted(braked.items()):
        what = ".".join(filter(None, (kind, name)))
        say(f"of these {number:,} {what} {measure} to {side} would be held by the brake", style="yellow")


def write_private(path: Path, document: object) -> None:
    """Writes JSON that holds values of people: readable by its owner alone."""
    import orjson

    from syncd.system import writing

    with writing(path), os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        os.fchmod(file.fileno(), 0o600)  # an older file keeps its mode through open
        file.write(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")


def print_forecast(told: Forecast, call: Call, *, title: str = "what a cycle would do") -> None:
    """Prints figures, price and samples for a person, and what to type next."""
    from syncd.cli.out import say, table
    from syncd.model.values import Side
    from syncd.operations.forecast import DOES, SAMPLES, appended, written_samples

    if told.plan.first_link:
        title = "first link of two filled systems: a preview"
    say(f"{told.plan.connection}: {title}", style="bold")
    rows = [row for kind in told.kinds for row in _figures(kind)]
    for (kind, what), sides in appended(told.plan).items():
        rows.append((kind, what, f"{sides[Side.MARKETING]:,}", f"{sides[Side.CRM]:,}"))
    table("", ("kind", "what", "marketing", "crm"), rows)
    if not rows:
        say("nothing to do: both sides are in step")
    table("nothing to do for", ("kind", "records", "because"), _nothing(told))
    _print_price(told)
    heads = ("write", "field", "caused by", "before", "after", "rule")
    table("samples", heads, _samples(written_samples(told.samples)))
    added = [(DOES[each.advances], str(each.side), each.origin, each.status, each.rule) for each in told.plan.appends]
    table("added beside", ("what", "side", "of", "status", "rule"), added[:SAMPLES])
    say(f"digest {told.plan.digest}")
    if told.unfilled:
        fields = ",".join(told.unfilled)
        say(f"Added to the mapping: {', '.join(told.unfilled)}. A cycle fills what changes; to fill all records:")
        say(f"  {call.again('resync', '--all', '--fields', fields)}", style="bold")
    if told.approval:
        say("Nothing is written before you approve exactly this plan:", style="yellow")
        say(f"  {call.again('sync', '--approve', told.plan.digest)}", style="bold")
    elif told.waits:
        say(f"Conflicts wait: {call.again('conflicts', 'list')}", style="yellow")


def _figures(kind: KindForecast) -> list[tuple[str, str, str, str]]:
    """Lines of the table, only those that say something."""
    from syncd.model.values import Side

    rows: list[tuple[str, str, str, str]] = []
    for what, sided in (
        ("create", kind.creates),
        ("update", kind.updates),
        ("write only the key field", kind.keys),
        ("empty a value", kind.clears),
    ):
        if any(sided.values()):
            rows.append((kind.kind, what, f"{sided[Side.MARKETING]:,}", f"{sided[Side.CRM]:,}"))
    for what, number in (
        ("link two records", kind.links),
        ("follow a merge or conversion", kind.relinks),
        ("tombstone: a record left", kind.tombstones),
        ("unlink: a person said so", kind.unlinked),
        ("forget a person", kind.forgotten),
        ("conflict: hold a field", kind.conflicts),
        ("several match: hold the record", kind.ambiguous),
        ("creates that need a default", kind.depending),
        ("parked fields wait", kind.parked),
        ("dead letters wait", kind.dead),
    ):
        if number:
            rows.append((kind.kind, what, f"{number:,}", ""))
    rows += [
        (kind.kind, f"left out: {name} records of person accounts", "", f"{number:,}")
        for name, number in kind.person_accounts.items()
        if number
    ]
    rows += [(kind.kind, f"  default of {name}", f"{number:,}", "") for name, number in kind.defaulted.items()]
    return rows


def _nothing(told: Forecast) -> list[tuple[str, str, str]]:
    return [
        (kind.kind, f"{number:,}", reason)
        for kind in told.kinds
        for reason, number in sorted(kind.nothing.items(), key=lambda row: -row[1])
    ]


def _print_price(told: Forecast) -> None:
    from syncd.cli.out import say
    from syncd.model.values import Side

    for side in Side:
        share, quota = told.share(side), told.quota.of(side)
        today = "today's limit not told" if quota.limit is None else f"of {quota.limit:,} a day"
        if share is not None:
            today += f" ({share:.2%}; used so far {quota.used or 0:,})"
        say(f"{side}: {told.plan.cost.calls.of(side):,} calls {today}")
    say(f"time: about {told.plan.cost.seconds:,.0f} s")


def _samples(
    samples: list[tuple[str, list[tuple[str, str, object, object, str]]]],
) -> list[tuple[str, str, str, str, str, str]]:
    """One line a field, not too many a write; the write is named on its first line."""
    from syncd.cli.out import shown

    rows: list[tuple[str, str, str, str, str, str]] = []
    for title, changes in samples:
        for number, (name, cause, before, after, rule) in enumerate(changes[:FIELDS_SHOWN]):
            values = (shown(before, longest=40), shown(after, longest=40))  # type: ignore[arg-type]  # canonical values
            rows.append(("" if number else title, name, cause, *values, rule))
        if len(changes) > FIELDS_SHOWN:
            rows.append(("", f"({len(changes) - FIELDS_SHOWN} more)", "", "", "", ""))
    return rows
