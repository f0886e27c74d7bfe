"""``syncd simulate``: plays many seeds on a configuration, and tells what they met and what they broke.

A scenario that breaks a promise is made as small as it can be, kept as a JSON file, and can be played again by one
command. It ends with 0 only if nothing was broken, and, where a floor is asked for, if as many seeds were played and
every fault fired as often as that.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Final

import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from syncd.lab.arena import open_arena
from syncd.lab.coverage import BY_THEMSELVES, ENOUGH, Met, coverage, rare
from syncd.lab.scenario import Scenario, expand
from syncd.lab.seeds import PLAYED, hash_of, seeds
from syncd.lab.shrinking import shrunk
from syncd.lab.simulating import Played, differing, played
from syncd.lab.violation import Violation
from syncd.model.errors import BadUsage
from syncd.system import prove_writable, writing

SHRUNK: Final = 3
"""How many failing scenarios are made small; the others are kept as they are."""
SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Order:
    """What to play: ``count`` seeds of the sources' hash or of ``seed``, or one ``replay``."""

    config: Path
    connection: str | None = None
    count: int = 200
    seed: str | None = None
    replay: Path | None = None
    keep: Path = Path("simulation-failures")
    workers: int = 2
    thorough: bool = False
    report: Path | None = None


def run(order: Order, *, console: Console | None = None) -> int:
    """Plays an order. Returns the exit code.

    :raises BadUsage: if a scenario to replay cannot be read, or the figures cannot be written.
    """
    screen = console or Console(highlight=False, soft_wrap=True)
    if order.report is not None:
        prove_writable(order.report)
    _try_out(order)
    scenarios = _ordered(order)
    began = time.monotonic()
    if order.replay is None:
        of = scenarios[0].seed.rpartition("-")[0]
        screen.print(f"{len(scenarios):,} seeds of {of}, {order.workers} at once")
    results = _played(scenarios, order, screen)
    broken = [each for each in results if each.violations]
    strays = [] if order.replay else differing(results, config=order.config, connection=order.connection,
                                               workers=order.workers)  # fmt: skip
    met = coverage(scenarios, results)
    _tell(screen, results, met, seconds=time.monotonic() - began, replay=order.replay is not None)
    for stray in strays:
        screen.print(str(stray), style="bold red")
    if order.report is not None:
        with writing(order.report):
            order.report.write_bytes(_reported(results, met, began=began))
    _keep(broken, {each.seed: each for each in scenarios}, order, screen)
    scarce = rare(met, enough=ENOUGH) if order.thorough else []
    if scarce:
        screen.print(f"fired less than {ENOUGH} times, which proves too little: {', '.join(scarce)}", style="bold red")
    return 1 if broken or strays or scarce else 0


def replayed(order: Order) -> Played:
    """One kept scenario, played with one configuration.

    :raises BadUsage: if there is no such scenario, or this configuration cannot be played.
    """
    scenarios = _ordered(order)
    _try_out(order)
    (told,) = played(scenarios, config=order.config, connection=order.connection, workers=1)
    return told


def _try_out(order: Order) -> None:
    """A configuration that cannot be played says so once, and not for each seed.

    :raises BadUsage, BadConfig: with what is wrong with it.
    """
    with tempfile.TemporaryDirectory(prefix="syncd-arena-") as folder:
        open_arena(order.config, variant=0, folder=Path(folder), connection=order.connection)


def _ordered(order: Order) -> Sequence[Scenario]:
    if order.replay is not None:
        try:
            return [Scenario.from_json(order.replay.read_bytes())]
        except OSError as why:
            raise BadUsage(f"{order.replay} cannot be read ({why.strerror}); give a file of --keep") from why
    return [expand(seed) for seed in seeds(order.count, of=order.seed or hash_of(PLAYED))]


def _played(scenarios: Sequence[Scenario], order: Order, screen: Console) -> list[Played]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
               TimeRemainingColumn())  # fmt: skip
    results: list[Played] = []
    bad = 0
    by_seed = {each.seed: each for each in scenarios}
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task("playing", total=len(scenarios))
        for each in played(scenarios, config=order.config, connection=order.connection, workers=order.workers):
            results.append(each)
            if each.violations:
                bad += 1
                if order.replay is None:  # now: a long run may be interrupted
                    _write(by_seed[each.seed], each.violations[0], order)
            bar.update(task, advance=1, description=f"playing, {bad} broken" if bad else "playing")
    return sorted(results, key=lambda each: each.seed)


def _tell(
    screen: Console, results: Sequence[Played], met: dict[str, Met], *, seconds: float, replay: bool
) -> None:  # fmt: skip
    """A few lines for a person."""
    fired = [
        sum(count for name, count in each.result["fired"].items() if " " not in name and name not in BY_THEMSELVES)
        for each in results
    ]
    calls, deeds, crashes, points = (
        f"{_middle(results, name):.0f}" for name in ("calls", "edits", "crashes", "points")
    )
    screen.print(
        f"{len(results):,} seeds in {seconds:.0f} s; the median one: {calls} calls, {deeds} deeds of people, "
        f"{median(fired):.0f} faults fired, {crashes} crash, {points} points"
    )
    if replay:
        for each in results:
            screen.print("\n".join(each.result["done"]), style="dim")
        return
    turns: Counter[str] = Counter()
    for each in results:
        turns.update(each.result["turns"])
    screen.print("turns: " + ", ".join(f"{name} {count:,}" for name, count in turns.most_common()))
    judged, listed = (sum(each.result[name] for each in results) for name in ("judged", "listed"))
    screen.print(f"values compared when quiet: {judged:,}, of which a person was told of {listed:,}")
    for number, fault in met.items():
        on = ", ".join(f"{name} {count}" for name, count in fault.on.most_common(6))
        names = ", ".join(fault.names)
        creates = "" if fault.creates is None else f", {fault.creates} at creates"
        screen.print(f"  {number} {names}: armed {fault.armed}, fired {fault.fired}{creates}; {on}", style="dim")


def _reported(results: Sequence[Played], met: dict[str, Met], *, began: float) -> bytes:
    """The figures of a run, for a page or a chart."""
    told = {
        "of": results[0].seed.rpartition("-")[0],
        "seeds": len(results),
        "broken": sum(bool(each.violations) for each in results),
        "seconds": round(time.monotonic() - began),
        "median": {name: _middle(results, name) for name in ("calls", "edits", "crashes", "points")},
        "judged": sum(each.result["judged"] for each in results),
        "listed": sum(each.result["listed"] for each in results),
        "faults": {
            number: {
                "names": list(each.names),
                "armed": each.armed,
                "fired": each.fired,
                "creates": each.creates,
                "on": dict(each.on),
                "checked": dict(each.checked),
            }
            for number, each in met.items()
        },
    }
    return orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _middle(results: Sequence[Played], name: str) -> float:
    return float(median(each.result[name] for each in results))


def _keep(broken: Sequence[Played], scenarios: dict[str, Scenario], order: Order, screen: Console) -> None:
    """Each broken scenario as a file, the first ones made small."""
    for number, each in enumerate(broken):
        first = each.violations[0]
        for violation in each.violations[:SHOWN]:
            screen.print(f"{each.seed} {violation}", style="bold red")
        if order.replay is not None:
            continue
        scenario = scenarios[each.seed]
        if number < SHRUNK and first.promise != "crash":
            scenario = shrunk(scenario, lambda candidate, first=first: _fails(candidate, first, order))  # type: ignore[misc]
        file = _write(scenario, first, order)
        screen.print(f"  kept; play it again: syncd simulate --replay {file}")


def _write(scenario: Scenario, violation: Violation, order: Order) -> Path:
    """Keeps a scenario with what it broke. Returns the file."""
    file = order.keep / f"{scenario.seed}.json"
    with writing(file):
        order.keep.mkdir(parents=True, exist_ok=True)
        file.write_bytes(replace(scenario, note=str(violation)).to_json())
    return file


def _fails(candidate: Scenario, violation: Violation, order: Order) -> bool:
    (result,) = played([candidate], config=order.config, connection=order.connection, workers=1)
    return any(each.promise == violation.promise for each in result.violations)
