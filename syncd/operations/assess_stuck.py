"""People whom both systems show as qualified and whom nobody has answered: who they are, and for how long.

An answer is a move: whoever said yes or no moved them on. So a pair counts in which both records are in a stage that
asks sales to act. How long is told by the marketing side's history, since the last time its stage changed; where that
history does not say it, at least since the record last changed. What sales did without moving anybody (a call, a task)
is not looked at, and the page says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from syncd.core.figures import median, quantile
from syncd.engine.world import World
from syncd.model.lifecycle import Lifecycle
from syncd.model.remote import RemoteRef
from syncd.model.values import SIDES, Instant, Pair
from syncd.operations.assess_reading import Readable, qualified_since, reread
from syncd.operations.report import Bar, Chart, Figure, Section, Table, Unit
from syncd.ports.scratch import Scratch

LOT: Final = 500
OLDEST: Final = 10
_DAY: Final = timedelta(days=1)
DAY_MS: Final = 86_400_000
AGES: Final = ((1, "up to a day"), (7, "up to a week"), (30, "up to 30 days"), (90, "up to 90 days"))


def in_days(age: float | None) -> float | None:
    """Milliseconds as days."""
    return None if age is None else round(age / DAY_MS, 1)


@dataclass(slots=True)
class Stuck:
    """One pair. ``at`` is since when, ``surely`` says that a history told it; else it is at least as long."""

    ref: RemoteRef
    names: str
    stage: str
    at: Instant
    surely: bool = False


def stuck(world: World, known: Readable, scratch: Scratch, lifecycle: Lifecycle | None) -> tuple[Stuck, ...] | None:
    """Everybody who is stuck, the oldest first; ``None`` where nothing says who is qualified, or how it looks."""
    rules = None if lifecycle is None or lifecycle.kind != known.kind.kind else lifecycle.handoff
    if lifecycle is None or rules is None or lifecycle.field not in {each.name for each in known.kind.fields}:
        return None
    found: list[Stuck] = []
    for _, one, marketing, other, crm in scratch.pairs():
        records = Pair(reread(marketing), reread(crm))
        shown = [
            known.value(lifecycle.field, side, records.of(side).ref.object, records.of(side).fields) for side in SIDES
        ]
        if all(str(stage) in rules.qualified for stage in shown):
            record = records.marketing
            found.append(Stuck(record.ref, f"marketing:{one} crm:{other}", str(shown[0]), record.stamp))
    for start in range(0, len(found), LOT):
        lot = found[start : start + LOT]
        since = qualified_since(world, known, lifecycle.field, [each.ref for each in lot])
        for each in lot:
            if each.ref in since:
                each.at, each.surely = since[each.ref], True
    return tuple(sorted(found, key=lambda each: (each.at, each.names)))


def stuck_section(found: tuple[Stuck, ...], stages: Mapping[str, str], systems: Pair[str], now: Instant) -> Section:
    """How many, how long, and the oldest of them."""
    title = "Qualified on both sides, and nobody has answered"
    if not found:
        return Section("stuck", title, ("Nobody.",))
    ages = [now - each.at for each in reversed(found)]
    days = [age // _DAY for age in ages]
    names, surely = [each.names for each in found], sum(1 for each in found if each.surely)
    figures = (
        Figure("stuck", "people in a qualified stage on both sides", len(found), rows=names),
        Figure("stuck:median", "days since, median", median(days), Unit.DAYS, len(days), rows=names),
        Figure("stuck:p90", "days since, 90 % within", quantile(days, 0.9), Unit.DAYS, len(days), rows=names),
        Figure("stuck:surely", "of whom a history tells since when", surely, of=len(found)),
    )
    bars: list[Bar] = []
    low = timedelta(days=-1)
    for most, words in (*AGES, (100_000, "longer")):
        number = sum(1 for age in ages if low < age <= most * _DAY)
        bars.append(Bar(words, number, f"{number:,}"))
        low = most * _DAY
    rows = tuple(
        (
            each.names,
            stages.get(each.stage, each.stage),
            f"{each.at:%Y-%m-%d}",
            "by its history" if each.surely else "at least",
        )
        for each in found[:OLDEST]
    )
    said = (
        f"Whoever said yes or no moved them on. Since when is told by the history of {systems.marketing}, which keeps "
        f"a limited number of changes: it told it of {surely:,} of them, and the others have waited at least since "
        f"their record last changed. Calls and tasks without a move are not looked at."
    )
    chart = Chart("How long they have waited", tuple(bars), float(max(bar.value for bar in bars)))
    table = Table("stuck:oldest", "the oldest", ("records", "stage", "since", "told"), rows)
    return Section("stuck", title, (said,), figures, (table,), (chart,))
