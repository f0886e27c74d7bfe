"""Who changed a field later, where both sides did: from the vendors' own histories.

Asked only for what ``newest`` and ``lifecycle`` must judge, many records in one call. A field without a history is as
old as its record.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from syncd.core.planner import Known, Planner, Times
from syncd.engine.moves import moves_of
from syncd.engine.world import World
from syncd.model.link import Linked
from syncd.model.plan import Action, Decision
from syncd.model.remote import FieldEvent, RemoteRecord, RemoteRef
from syncd.model.values import SIDES, Instant, Pair, Side


@dataclass(frozen=True, slots=True)
class Untimed:
    """A linked record that cannot be decided on before it is known when some of its fields were changed (``names``)."""

    linked: Linked
    seen: Pair[RemoteRecord | None]
    known: Known
    before: tuple[Action, ...]
    names: tuple[str, ...]


def with_times(world: World, planner: Planner, untimed: Sequence[Untimed]) -> Iterator[Decision]:
    """The decisions on these, with what the histories tell."""
    if untimed:
        yield from _Timing(world, planner, untimed).decide()


@dataclass(frozen=True, slots=True)
class _Timing:
    world: World
    planner: Planner
    untimed: Sequence[Untimed]

    def decide(self) -> Iterator[Decision]:
        """Asks for the histories, and decides again with them."""
        since = self.world.clock.now() - timedelta(days=3650)
        events = Pair(*(self._history(side, since) for side in SIDES))
        staged = [(each.linked, each.seen) for each in self.untimed if any(map(self._staged, each.names))]
        moves = moves_of(self.world, self.planner, staged) if staged else {}
        for each in self.untimed:
            times = {name: self._times(each, name, events) for name in each.names if not self._staged(name)}
            more = replace(each.known, times=times, moves=moves.get(each.linked.link.id))
            decided = self.planner.linked(each.linked, each.seen, more, each.before)
            assert isinstance(decided, Decision), "with all times and moves known there is nothing left to ask"
            yield decided

    def _history(self, side: Side, since: Instant) -> dict[tuple[RemoteRef, str], Instant]:
        connector = self.world.connectors.of(side)
        refs: dict[RemoteRef, None] = {}
        fields: dict[str, None] = {}
        for each in self.untimed:
            timed = [name for name in each.names if not self._staged(name)]
            ref = _ref(each, side)
            refs.update(dict.fromkeys([ref] if timed else ()))
            for name in timed:
                fields.update(dict.fromkeys(self.planner.slots(side, ref.object).get(name, ())))
        if not connector.capabilities.history or not fields:
            return {}
        latest: dict[tuple[RemoteRef, str], Instant] = {}
        found: Sequence[FieldEvent] = connector.history(list(refs), list(fields), since)
        for event in found:
            key = (event.ref, event.field)
            latest[key] = max(latest.get(key, event.at), event.at)
        return latest

    def _staged(self, name: str) -> bool:
        return self.planner.stages is not None and name == self.planner.stages.name

    def _times(self, each: Untimed, name: str, events: Pair[dict[tuple[RemoteRef, str], Instant]]) -> Times:
        """The later of a field's changes per side, cut to the coarser side's resolution so that ties are seen."""
        coarsest = max(connector.capabilities.resolution for connector in self.world.connectors)
        found: dict[Side, Instant] = {}
        by_history = True
        for side in SIDES:
            ref, record = _ref(each, side), each.seen.of(side)
            known = [
                events.of(side)[ref, field]
                for field in self.planner.slots(side, ref.object).get(name, ())
                if (ref, field) in events.of(side)
            ]
            by_history = by_history and bool(known)
            at = max(known) if known else record.stamp if record else each.linked.link.since
            found[side] = _cut(at, coarsest)
        return Times(Pair(found[Side.MARKETING], found[Side.CRM]), "history" if by_history else "record stamp")


def _ref(each: Untimed, side: Side) -> RemoteRef:
    record = each.seen.of(side)
    return record.ref if record else each.linked.link.refs.of(side)


def _cut(moment: Instant, resolution: timedelta) -> Instant:
    if resolution < timedelta(seconds=1):
        return moment
    return moment.replace(microsecond=0)
