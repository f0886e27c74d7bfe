"""People who are taken from an owner who was late: the decision that gives them to somebody else, and why.

It asks the same rules as any routing (``engine.routing``), without the owner who was late, or names the fallback queue.
It reads the store and no vendor, and stores nothing. Each decision expects the owner who was late: whoever is given to
somebody else in the moment of the write stays with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from syncd.core.layout import EMPTY_BASE
from syncd.core.planner import Planner
from syncd.core.routing import Desk, Standing
from syncd.engine.gathered import Gathered
from syncd.engine.routing import Assigning, Due
from syncd.engine.world import World
from syncd.model.link import Linked
from syncd.model.plan import Decision, Nothing, Update
from syncd.model.remote import RemoteRecord
from syncd.model.routing import NOT_TOUCHED, How, Late, LateTo, Passed, Routed, Routing
from syncd.model.values import Instant, Pair, Side, stamp

TOUCH_WITHIN: Final = "touch_within"
WORK_WITHIN: Final = "work_within"
"""The names of the rules by which an owner who was late is passed over first."""


@dataclass(frozen=True, slots=True)
class Overdue:
    """One person whom ``owner`` did not touch until ``due``, as both sides last confirmed them; if ``accepted``, one
    whom sales had said yes to, and did nothing more about.
    """

    linked: Linked
    owner: str
    due: Instant
    accepted: bool = False


def rerouted(
    world: World, planner: Planner, gathered: Gathered, routing: Routing, late: Late, overdue: Sequence[Overdue]
) -> list[Decision]:
    """A decision for each who can be given to somebody else."""
    assigning = Assigning(world, planner, gathered, routing)
    decisions = [_untouched(planner, each) for each in overdue]
    due: list[Due] = []
    for place, (each, decision) in enumerate(zip(overdue, decisions, strict=True)):
        person = assigning.incoming(decision, assigning.values(decision), None)
        due.append(Due(place, replace(person, late=each.owner, at=each.due), "", each.owner))
    assigning.companies(due)
    now = world.clock.now()
    desk = assigning.desk(now)
    back = [each for each in due if late.to is not LateTo.NEXT or overdue[each.place].accepted]
    decided = _back(desk, routing.fallback, back)
    desk.number += len(back)
    decided |= assigning.router.all([each.person for each in due if each.person.id not in decided], desk, now)
    made: list[Decision] = []
    for one in due:
        found = _not_touched(decided[one.person.id], overdue[one.place])
        decision = assigning.with_owner(decisions[one.place], found, one)
        write = decision.write_to(Side.CRM)
        if isinstance(write, Update):
            confirmed = (decision.base or EMPTY_BASE).confirmed.crm
            expect = {name: confirmed[name] for name in write.fields if name in confirmed}
            guarded = replace(write, expect=expect)
            made.append(replace(decision, actions=tuple(guarded if act is write else act for act in decision.actions)))
    return made


def _back(desk: Desk, queue: str, due: Sequence[Due]) -> dict[str, Routed]:
    """Everybody to the queue, as far as it is there."""
    there = desk.standing(queue) is Standing.ACTIVE
    how, owner = (How.GIVEN, queue) if there else (How.NOBODY, None)
    numbered = enumerate(due, start=desk.number + 1)
    return {each.person.id: Routed(how, owner, "back to the queue", number) for number, each in numbered}


def _untouched(planner: Planner, overdue: Overdue) -> Decision:
    nobody: Pair[RemoteRecord | None] = Pair(None, None)
    return Decision(planner.kind.kind, overdue.linked.link, overdue.linked.base, nobody, (Nothing("not touched"),))


def _not_touched(found: Routed, overdue: Overdue) -> Routed:
    """A decision of the rules as it is remembered where somebody was late: whose the person was stands first."""
    rule, what = TOUCH_WITHIN, "did not touch them"
    if overdue.accepted:
        rule, what = WORK_WITHIN, "said yes, and did nothing more"
    late = Passed(rule, overdue.owner, f"{what} until {stamp(overdue.due)}")
    return replace(found, rule=NOT_TOUCHED + found.rule, passed=(late, *found.passed))
