"""Who won, lost or reopened a deal, and when: from the history of its stage, for the handoff ledger.

Asked only for deals that were in step and now stand otherwise, many in one call, and only of the side that shows
another stage than it last confirmed. The answer lies beside the deal's stage until that is settled (``model.beside``),
so that a write whose ending is found out after a crash tells the same. Where a history tells nothing, nobody is named,
and the record's own stamp says when.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from syncd.core.dealing import Closer, state_of
from syncd.core.planner import Planner
from syncd.core.teams import Membership
from syncd.engine.dealing import DEAL
from syncd.engine.moves import BACK, author_of, people_of
from syncd.engine.world import World
from syncd.model.beside import closer_of
from syncd.model.handoff import Outcome
from syncd.model.plan import Decision
from syncd.model.remote import FieldEvent, RemoteRecord, RemoteRef, wire_of
from syncd.model.values import MISSING, SIDES, Side


@dataclass(frozen=True, slots=True)
class _Turned:
    """A deal that stands otherwise: which decision, the record that shows it, and the vendor fields of its stage."""

    place: int
    record: RemoteRecord
    fields: tuple[str, ...]


def with_closers(world: World, planner: Planner, decisions: Sequence[Decision]) -> list[Decision]:
    """The decisions, of which those that settle a deal as won, lost or reopened know who did it."""
    decided = list(decisions)
    rules = None if world.booking is None else world.booking.handoff.deals
    if rules is None or planner.kind.kind != DEAL:
        return decided
    agreed = world.terms[rules.lifecycle.kind].kind.agreed
    assert agreed is not None, "deals say something of people who have a lifecycle"
    membership = Membership(agreed.teams)
    stage = rules.outcome.stage
    for side in SIDES:
        turned = list(_turned(planner, side, decided, rules.outcome))
        events = _events(world, side, turned)
        people = people_of(world.context.users.of(side))
        for each in turned:
            last = events.get(each.record.ref)
            if last is None:
                continue
            author = author_of(last, people, "")
            closer = Closer(last.at, author.user, min(membership.teams_of(author, side), default=""), side.value)
            decision = decided[each.place]
            told = {**decision.agreed, closer_of(stage): closer.text}
            decided[each.place] = replace(decision, agreed=told)
    return decided


def _turned(planner: Planner, side: Side, decisions: Sequence[Decision], outcome: Outcome) -> Iterator[_Turned]:
    """The deals of which this side shows that they stand otherwise than agreed."""
    for place, decision in enumerate(decisions):
        record, base = decision.seen.of(side), decision.base
        if record is None or base is None:
            continue
        was, is_ = base.agreed.get(outcome.stage), decision.agreed.get(outcome.stage)
        if was is None or is_ is None or state_of(outcome, was) is state_of(outcome, is_):
            continue
        fields = planner.slots(side, record.ref.object).get(outcome.stage, ())
        confirmed = base.confirmed.of(side)
        if any(wire_of(record, name, confirmed.get(name, MISSING)) != confirmed.get(name, MISSING) for name in fields):
            yield _Turned(place, record, fields)


def _events(world: World, side: Side, turned: Sequence[_Turned]) -> dict[RemoteRef, FieldEvent]:
    """The last change of the stage of each of these records that led to what it shows."""
    connector = world.connectors.of(side)
    if not turned or not connector.capabilities.history:
        return {}
    shown: dict[RemoteRef, dict[str, object]] = defaultdict(dict)
    for each in turned:
        shown[each.record.ref] = {name: each.record.fields.get(name) for name in each.fields}
    fields = sorted({name for each in turned for name in each.fields})
    found: dict[RemoteRef, FieldEvent] = {}
    for event in connector.history(list(shown), fields, world.clock.now() - BACK):  # oldest first
        if shown[event.ref].get(event.field) == event.value:
            found[event.ref] = event
    return found
