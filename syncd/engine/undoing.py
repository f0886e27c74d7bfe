"""One share of records whose writes are to be taken back: the audit and both records in, decisions out.

What is told as staying is what the plan shows beside what goes back; nothing is left out without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from syncd.core.known import Known
from syncd.core.planner import Planner
from syncd.core.undoing import befores
from syncd.engine.gathered import Gathered
from syncd.engine.world import World
from syncd.model.plan import Decision
from syncd.model.undoing import Left, Undo
from syncd.model.values import SIDES

EVERY: Final = 1_000_000
"""More writes of one record than any store keeps."""
IN_FLIGHT: Final = "a write of it is under way; roll back again once that is settled"
Stays: TypeAlias = Callable[[Left], None]


def take_back(
    world: World, planner: Planner, gathered: Gathered, undo: Undo, fields: Sequence[str], stays: Stays
) -> list[Decision]:
    """The decisions that take back what was written on the linked records of one share."""
    mapped = {field.name: field for field in planner.kind.fields}
    staged = None if planner.stages is None else planner.stages.name
    deciding = planner.taking_back()
    decisions: list[Decision] = []
    _leave_departures(gathered, stays)
    for link, meeting in gathered.meetings.items():
        rows = world.store.audit_of(link, EVERY)
        wanted, left = befores(rows, undo, mapped, staged=staged, only=fields)
        if link in gathered.flying:
            left.extend(
                Left(planner.kind.kind, link, side, meeting.linked.link.refs.of(side), name, IN_FLIGHT)
                for name, both in wanted.items()
                for side in SIDES
                if both.of(side) is not None
            )
            wanted = {}
        known = Known(conflicts=gathered.conflicts.get(link, ()), parked=gathered.parked.get(link, ()))
        decision, stayed = deciding.decide(meeting.linked, meeting.seen, known, wanted, undo)
        for each in (*left, *stayed):
            stays(each)
        if decision is not None:
            decisions.append(decision)
    return decisions


def _leave_departures(gathered: Gathered, stays: Stays) -> None:
    """Records that left or moved are the next cycle's; nothing of them is written now."""
    for found, side, _ in (*gathered.gone, *gathered.moved):
        gathered.meetings.pop(found.link.id, None)
        reason = f"the {side} record left or moved; the next cycle follows it, then roll back again"
        stays(Left(found.link.kind, found.link.id, side, found.link.refs.of(side), "", reason))
    gathered.gone, gathered.moved, gathered.back = [], [], []
