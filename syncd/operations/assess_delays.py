"""How long people who qualified in marketing took to reach the CRM, from what both systems remember of themselves.

Nothing was watched while it happened, so only two stamps count: when the marketing side's history says that somebody
first came into a stage that asks sales to act, and when the CRM made the record, or, of somebody who was there before,
when its own history first shows that stage. Where one of the two is not told, a person is counted as such and in no
delay. A record that a conversion may have made tells when it was converted, and not when its person came.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from typing import Final

from syncd.core.figures import median, quantile
from syncd.engine.moves import BACK
from syncd.engine.world import World
from syncd.model.lifecycle import HandoffRules, Lifecycle
from syncd.model.remote import FieldEvent, RemoteRef
from syncd.model.values import SIDES, Instant, Pair, Side, Wire
from syncd.operations.assess import Count
from syncd.operations.assess_reading import Readable, made_at, reread
from syncd.operations.report import Bar, Chart, Figure, Section, Unit
from syncd.ports.scratch import Scratch

MOST: Final = 5_000
"""People who are asked about, those whom the CRM got last; a call to HubSpot for each 50."""
LOT: Final = 500
_MS: Final = timedelta(milliseconds=1)
_STEPS: Final = (
    (60_000, "up to a minute"),
    (900_000, "up to 15 minutes"),
    (3_600_000, "up to an hour"),
    (86_400_000, "up to a day"),
    (604_800_000, "up to a week"),
)


@dataclass(order=True, frozen=True, slots=True)
class Arrived:
    """A pair: when the CRM made its record, and both records. ``new`` says that no earlier one can have been there."""

    made: Instant
    names: str
    refs: Pair[RemoteRef] = field(compare=False)
    new: bool = field(compare=False)


@dataclass(slots=True)
class Delays:
    """``took`` is by pair the milliseconds from qualified to visible. ``before`` were in the CRM before they qualified,
    and its history does not tell when their stage arrived; ``untold`` never qualified as far as the marketing side's
    history goes back, or only their conversion is told. ``left_out`` were not asked about.
    """

    took: list[tuple[int, str]] = field(default_factory=list)
    before: Count = field(default_factory=Count)
    untold: Count = field(default_factory=Count)
    left_out: int = 0


def delays(world: World, known: Readable, scratch: Scratch, lifecycle: Lifecycle | None) -> Delays | None:
    """Asks both histories about pairs that are, or were, in sales' hands; ``None`` where nothing says who that is."""
    rules = None if lifecycle is None or lifecycle.kind != known.kind.kind else lifecycle.handoff
    if lifecycle is None or rules is None or not world.connectors.marketing.capabilities.history:
        return None
    if lifecycle.field not in {each.name for each in known.kind.fields}:
        return None
    found = Delays()
    latest: list[Arrived] = []
    for arrived in _handed(known, scratch, lifecycle.field, _stages(rules)):
        if len(latest) < MOST:
            heapq.heappush(latest, arrived)
        else:
            heapq.heappushpop(latest, arrived)
            found.left_out += 1
    for start in range(0, len(latest), LOT):
        _judge(world, known, lifecycle.field, frozenset(rules.qualified), latest[start : start + LOT], found)
    found.took.sort()
    return found


def _stages(rules: HandoffRules) -> frozenset[str]:
    """Stages in which somebody is or was in sales' hands."""
    later = (rules.accepted, rules.offered, rules.won, rules.rejected, rules.lost, rules.recycled)
    return frozenset(rules.qualified).union(*later)


def _handed(known: Readable, scratch: Scratch, name: str, stages: frozenset[str]) -> Iterator[Arrived]:
    first = known.kind.objects.crm[0]
    for _, one, marketing, other, crm in scratch.pairs():
        records = Pair(reread(marketing), reread(crm))
        made = made_at(known, Side.CRM, records.crm)
        values = {known.value(name, side, records.of(side).ref.object, records.of(side).fields) for side in SIDES}
        if made is not None and stages & {str(value) for value in values}:
            refs = records.map(lambda record: record.ref)
            yield Arrived(made, f"marketing:{one} crm:{other}", refs, records.crm.ref.object == first)


def _judge(
    world: World, known: Readable, name: str, qualified: frozenset[str], lot: Sequence[Arrived], found: Delays
) -> None:
    entered = Pair(*(_entered(world, known, name, qualified, side, [each.refs.of(side) for each in lot])
                     for side in SIDES))  # fmt: skip
    for each in lot:
        asked = entered.marketing.get(each.refs.marketing, ())
        if not asked:
            found.untold.add(each.names)
            continue
        at = asked[0]
        if each.made >= at:
            if each.new:
                found.took.append(((each.made - at) // _MS, each.names))
            else:
                found.untold.add(each.names)
            continue
        shown = next((when for when in entered.crm.get(each.refs.crm, ()) if when >= at), None)
        if shown is None:
            found.before.add(each.names)
        else:
            found.took.append(((shown - at) // _MS, each.names))


def _entered(
    world: World, known: Readable, name: str, qualified: frozenset[str], side: Side, refs: Sequence[RemoteRef]
) -> dict[RemoteRef, list[Instant]]:
    """When each record came into a qualified stage from another one, oldest first. A stage may be several fields, which
    change one after the other, or at once.
    """
    slots = next(mapping.slots.of(side) for mapping in known.kind.fields if mapping.name == name)
    asked = [ref for ref in refs if ref.object in slots]
    vendor = sorted({each for ref in asked for each in slots[ref.object]})
    events = world.connectors.of(side).history(asked, vendor, world.clock.now() - BACK) if asked else ()
    told: dict[RemoteRef, list[FieldEvent]] = {}
    for event in sorted(events, key=lambda each: each.at):
        told.setdefault(event.ref, []).append(event)
    found: dict[RemoteRef, list[Instant]] = {}
    for ref, changes in told.items():
        fields: dict[str, Wire] = dict.fromkeys(slots[ref.object])
        was = False
        for at, together in groupby(changes, key=lambda each: each.at):
            fields.update((each.field, each.value) for each in together)
            now = str(known.value(name, side, ref.object, fields)) in qualified
            if now and not was:
                found.setdefault(ref, []).append(at)
            was = now
    return found


# -- on the page -------------------------------------------------------------------------------------------------------
def delay_section(found: Delays, systems: Pair[str]) -> Section:
    """Median, 90 %, and how many took how long."""
    title = f"From qualified in {systems.marketing} to visible in {systems.crm}"
    took, names = [each for each, _ in found.took], [name for _, name in found.took[::-1]]
    figures = (
        Figure("delay:told", "people of whom both systems tell it", len(took), rows=names),
        Figure("delay:median", "time taken, median", median(took), Unit.TIME, len(took), rows=names),
        Figure("delay:p90", "time taken, 90 % within", quantile(took, 0.9), Unit.TIME, len(took), rows=names),
        Figure("delay:before", "were there before they qualified; when their stage arrived is not told",
               found.before.number, rows=found.before.names),
        Figure("delay:untold", "no history tells when they qualified, or when they came",
               found.untold.number, rows=found.untold.names),
    )  # fmt: skip
    bars: list[Bar] = []
    low = -1
    for most, name in (*_STEPS, (1 << 62, "longer")):
        number = sum(1 for each in took if low < each <= most)
        bars.append(Bar(name, number, f"{number:,}"))
        low = most
    words = (
        f"From the first time that the history of {systems.marketing} shows a qualified stage to when {systems.crm} "
        "made the record, or, of somebody who was there, when its history first shows the stage. Of people who are in "
        "sales' hands or were, whoever carried them over; elapsed time."
    )
    if found.left_out:
        words += f" The last {MOST:,} who came were looked at, {found.left_out:,} before them were not."
    chart = (Chart("How long it took", tuple(bars), float(max(bar.value for bar in bars))),) if took else ()
    return Section("delay", title, (words,), figures, (), chart)
