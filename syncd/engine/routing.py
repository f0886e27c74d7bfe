"""Routing within a cycle: who is due, what is known of owners, and the decision with the owner in it.

Due are people who are made in the CRM, who come into a stage that is named, and those whom routing gave somebody and
the write was never done, until somebody has them or they go on. Whoever belongs to a salesperson is not due, nor is
anybody whose owner waits as a parked field. It reads the store and no vendor, and stores nothing: an assignment is
stored with its write (``engine.apply``), so that a plan moves nobody's turn. What is written here is the CRM's owner
alone; it comes back as an edit of the CRM and flows on as the field's direction says.

Length: from who is due to the decision with the owner in it; all steps share what is known of owners.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import Final

from syncd.core.draft import guarded
from syncd.core.layout import EMPTY_BASE, LANES
from syncd.core.normalize import Inexpressible, Invalid
from syncd.core.planner import Planner
from syncd.core.routing import Desk, Incoming, Router, as_owner, given_today, keeper, may_take, standings
from syncd.engine.gathered import Gathered
from syncd.engine.world import World
from syncd.model.link import Base, FieldChange, LinkState
from syncd.model.plan import Action, Create, Decision, Nothing, Update
from syncd.model.remote import RemoteRecord, RemoteRef, wire_of
from syncd.model.routing import (
    BECAUSE,
    Assignment,
    How,
    Order,
    Routed,
    Routing,
)
from syncd.model.values import (
    MISSING,
    SIDES,
    Canonical,
    FieldType,
    Instant,
    Lane,
    Missing,
    Side,
    Told,
    Wire,
)

A_DAY: Final = timedelta(hours=50)
"""How far back a day may have begun, in any zone."""


def routed(world: World, planner: Planner, gathered: Gathered, decisions: Sequence[Decision]) -> list[Decision]:
    """The same decisions, of which those about people who are due have an owner in the CRM."""
    routing = planner.kind.routing
    if routing is None or not decisions or world.doubtful:  # a restored store does not know whose turn it was
        return list(decisions)
    return Assigning(world, planner, gathered, routing).route(decisions)


def is_routed(change: FieldChange) -> bool:
    """Whether routing gave this owner."""
    return change.rule.startswith(BECAUSE)


def assignment(decision: Decision, action: Create | Update, *, intent: str, at: Instant) -> Assignment | None:
    """What is stored with a write that carries out a decision of routing; ``None`` for any other write."""
    if decision.routed is None or action.side is not Side.CRM:
        return None
    without = How.CRM_RULES, How.NOBODY
    if any(map(is_routed, action.changes)) or (isinstance(action, Create) and decision.routed.how in without):
        return Assignment(intent, decision.link.id, decision.routed, at)
    return None


@dataclass(slots=True)
class Due:
    """One decision that is to have an owner. ``taken_from`` is who has the person in the CRM now."""

    place: int
    person: Incoming
    entered: str
    taken_from: Canonical = None


class Assigning:
    """Routes the decisions of one kind; ``users`` are who there is. ``engine.rerouting`` asks it for its parts."""

    def __init__(self, world: World, planner: Planner, gathered: Gathered, routing: Routing) -> None:
        self.world = world
        self.planner = planner
        self.gathered = gathered
        self.routing = routing
        self.mapped = frozenset(field.name for field in planner.kind.fields)
        self.users = standings(world.context.users.crm.by_id.values(), routing)

    @cached_property
    def router(self) -> Router:
        """The rules, compiled once somebody is due."""
        return Router(self.routing, self.mapped)

    def route(self, decisions: Sequence[Decision]) -> list[Decision]:
        """All of them, in their order."""
        answer = list(decisions)
        if self.routing.owner not in self.mapped or self.planner.looking.rests(self.routing.owner):
            return answer
        undone = self.world.store.undone_assignments()
        due = [found for place, each in enumerate(answer) if (found := self._due(place, each, undone)) is not None]
        if not due:
            return answer
        self.companies(due)
        now = self.world.clock.now()
        decided = self.router.all([each.person for each in due], self.desk(now), now)
        for each in due:
            answer[each.place] = self.with_owner(answer[each.place], decided[each.person.id], each)
        return answer

    # -- who is due --------------------------------------------------------------------------------------------------
    def _due(self, place: int, decision: Decision, undone: Mapping[str, str]) -> Due | None:
        link, stage = decision.link, self.routing.stage
        if decision.forgets or link.state is not LinkState.LIVE:
            return None
        if left := link.id in undone and self._has_gone_on(decision):
            self.gathered.released.append(undone[link.id])
        if self._waits(link.id):
            return None
        create = decision.write_to(Side.CRM)
        if isinstance(create, Create):
            after = None if stage is None else decision.agreed.get(stage)
            if not self.routing.created and after not in self.routing.stages:
                return None
            values = self.values(decision)
            kept = keeper(values.get(self.routing.owner), self.routing, self.users)
            return Due(place, self.incoming(decision, values, kept), "")
        entered = self._entered(decision)
        if not entered and (left or link.id not in undone):
            return None
        owner = self._owner_of(decision)
        if owner is MISSING:
            return None
        if not may_take(owner, self.routing, self.users):
            if link.id in undone and not left:  # they have somebody: who gives them away later means another place
                self.gathered.released.append(undone[link.id])
            return None
        return Due(place, self.incoming(decision, self.values(decision), None), entered, owner)

    def _has_gone_on(self, decision: Decision) -> bool:
        """Whether somebody who was never given to anybody stands where routing gives nobody. Who was made in the CRM
        is given to somebody in any stage, until they come into another one.
        """
        stage = self.routing.stage
        if stage is None or decision.base is None:
            return False
        before = decision.base.agreed.get(stage, MISSING)
        after = decision.agreed.get(stage, before)
        if after is MISSING or after in self.routing.stages:
            return False
        return not self.routing.created or before not in {MISSING, after}

    def _waits(self, link: str) -> bool:
        """Whether the vendor would not take the owner that routing gave: that is listed until a person says so."""
        return any(
            row.field == self.routing.owner and row.side is Side.CRM for row in self.gathered.parked.get(link, ())
        )

    def _entered(self, decision: Decision) -> str:
        """The field of stages, if both sides come to one of those named; else empty.

        A first link is no move, but what it held because both sides differed is one when they do so no more.
        """
        stage = self.routing.stage
        if stage is None or decision.base is None or not decision.link.refs.crm.id:
            return ""
        before, after = decision.base.agreed.get(stage, MISSING), decision.agreed.get(stage, MISSING)
        differed = any(row.field == stage for row in self.gathered.conflicts.get(decision.link.id, ()))
        moved = before != after and (before is not MISSING or differed)
        return stage if moved and after in self.routing.stages else ""

    def _owner_of(self, decision: Decision) -> Told:
        """Who has the person in the CRM; ``MISSING`` where that cannot be told."""
        record, base = decision.seen.crm, decision.base or EMPTY_BASE
        ref = decision.link.refs.crm if record is None else record.ref
        return self._read(self.planner, ref, self.routing.owner, base if record is None else record.fields)

    def _read(self, planner: Planner, ref: RemoteRef, name: str, told: Base | Mapping[str, Wire]) -> Told:
        """The owner that a record of the CRM has, as it was read or as it was last confirmed."""
        wires = told.confirmed.crm if isinstance(told, Base) else told
        names = planner.slots(Side.CRM, ref.object).get(name)
        if not names or any(each not in wires for each in names):
            return MISSING
        value = planner.lens.read(Side.CRM, ref.object, name, tuple(wires[each] for each in names))
        return MISSING if isinstance(value, Invalid) else value

    def values(self, decision: Decision) -> dict[str, Canonical]:
        """The shared values of a person, as both sides are to have them: decided on, else agreed, else as told."""
        agreed = {} if decision.base is None else decision.base.agreed
        values: dict[str, Canonical] = {**agreed, **decision.agreed}
        for name in self.router.reads - values.keys():
            told = (self._shown(side, record, name) for side in SIDES if (record := decision.seen.of(side)) is not None)
            values[name] = next((value for value in told if not isinstance(value, Missing)), None)
        return values

    def _shown(self, side: Side, record: RemoteRecord, name: str) -> Told:
        """One shared value of one record, as far as it is told and can be read."""
        wires = {each: wire_of(record, each) for each in self.planner.slots(side, record.ref.object).get(name, ())}
        told = tuple(wire for wire in wires.values() if not isinstance(wire, Missing))
        if not told or len(told) < len(wires):
            return MISSING
        value = self.planner.lens.read(side, record.ref.object, name, told)
        return MISSING if isinstance(value, Invalid) else value

    def incoming(self, decision: Decision, values: Mapping[str, Canonical], kept: str | None) -> Incoming:
        """The person of a decision as the rules see them; ``kept`` is who has them on the marketing side."""
        stamps = [record.stamp for side in SIDES if (record := decision.seen.of(side)) is not None]
        company = values.get(self.routing.company) if self.routing.company is not None else None
        return Incoming(
            id=decision.link.id,
            at=max(stamps, default=decision.link.since),
            values=values,
            company=None if company is None else str(company),
            keeper=kept,
            joins=self._joins(values),
        )

    def _joins(self, values: Mapping[str, Canonical]) -> str | None:
        """The company whose handoff somebody with these values comes into; none unless they are handed over."""
        joining, stage = self.routing.joining, self.routing.stage
        if joining is None or stage is None or values.get(stage) not in joining.stages:
            return None
        company = values.get(joining.company)
        return company if isinstance(company, str) and company else None

    # -- what is known -----------------------------------------------------------------------------------------------
    def companies(self, due: Sequence[Due]) -> None:
        """Who has the companies of those who are due: the owner of an open handoff, then that of the account."""
        joint = sorted({each.person.joins for each in due if each.person.joins is not None})
        if joint:
            have = self.world.store.open_owners(joint)
            for each in [each for each in due if each.person.joins in have]:
                each.person = replace(each.person, joint_owner=as_owner(have[each.person.joins or ""]))
        kind = self.routing.company_kind
        wanted = sorted({each.person.company for each in due if each.person.company is not None})
        if kind is None or kind not in self.world.terms or not wanted:
            return
        opened = self.world.store.open_owners(wanted)
        planner = self.world.planner(kind)
        name = next((field.name for field in planner.kind.fields if field.type is FieldType.OWNER), None)
        accounts: dict[str, str] = {}
        for link, found in self.world.store.by_link(wanted).items():
            if name is not None and found.base is not None and found.link.state is LinkState.LIVE:
                owner = self._read(planner, found.link.refs.crm, name, found.base)
                if owner is not None and not isinstance(owner, Missing):
                    accounts[link] = str(owner)
        for each in due:
            company = each.person.company or ""
            owners: list[tuple[str, str]] = []
            if company in opened:
                owners.append((as_owner(opened[company]), "of the company's open handoff"))
            if company in accounts:
                owners.append((accounts[company], "of the company's account"))
            each.person = replace(each.person, company_owners=tuple(owners))

    def desk(self, now: Instant) -> Desk:
        """Turns and loads, as the assignments that were carried out say."""
        store, pools = self.world.store, self.routing.pools
        number, turns = store.turns()
        today: dict[str, int] = {}
        if any(pool.per_day is not None for pool in pools):
            today = given_today(store.given_since(now - A_DAY), self.routing, now)
        opened: dict[str, int] = {}
        if any(pool.open is not None or pool.order is Order.LEAST_LOADED for pool in pools):
            opened = self._open()
        return Desk(self.users, dict(turns), today, opened, number)

    def _open(self) -> dict[str, int]:
        """Open people by who has them now: so whoever picks somebody up from a queue has one more. They are those whom
        routing gave to anybody, and those of the ledger's open handoffs. Whoever is open no more is noted, to be
        released with what this cycle settles.
        """
        counted: dict[str, int] = {}
        live = self.world.store.live_assignments()
        links = self.world.store.by_link([each.link for each in live])
        for each in live:
            found = links.get(each.link)
            if each.outcome == "":  # on its way: nobody knows more yet
                owner: Told = each.routed.owner
            elif found is None or found.link.state is not LinkState.LIVE or not self._is_open(found.base):
                self.gathered.released.append(each.intent)
                continue
            else:
                owner = self._read(self.planner, found.link.refs.crm, self.routing.owner, found.base or EMPTY_BASE)
                owner = each.routed.owner if owner is MISSING else owner
            if owner is not None:
                counted[str(owner)] = counted.get(str(owner), 0) + 1
        known = {each.link for each in live}
        others = [person for person in self.world.store.open_people() if person not in known]
        for found in self.world.store.by_link(others).values():
            if found.base is not None and found.link.state is LinkState.LIVE and self._is_open(found.base):
                owner = self._read(self.planner, found.link.refs.crm, self.routing.owner, found.base)
                if isinstance(owner, str):
                    counted[owner] = counted.get(owner, 0) + 1
        return counted

    def _is_open(self, base: Base | None) -> bool:
        if not self.routing.open_in or self.routing.stage is None:
            return True
        return base is not None and base.agreed.get(self.routing.stage) in self.routing.open_in

    # -- the decision ------------------------------------------------------------------------------------------------
    def with_owner(self, decision: Decision, found: Routed, due: Due) -> Decision:
        """The decision with the owner in the one write to the CRM, which is made where there is none yet."""
        found = replace(found, entered=due.entered)
        write = decision.write_to(Side.CRM)
        if found.how is How.CRM_RULES and isinstance(write, Create):
            return self._put(decision, write, replace(write, by_rules=True), found)
        if found.owner is None or found.owner == due.taken_from:
            return replace(decision, routed=found)
        name = self.routing.owner
        record = decision.seen.crm
        ref = record.ref if record is not None else decision.link.refs.crm
        object_name = write.object if isinstance(write, Create) else ref.object
        if name not in self.planner.slots(Side.CRM, object_name):
            return decision
        wires = self.planner.lens.write(Side.CRM, object_name, name, found.owner)
        if isinstance(wires, Invalid | Inexpressible):
            return replace(decision, routed=replace(found, how=How.NOBODY, owner=None))
        change = FieldChange(name, due.taken_from, found.owner, BECAUSE + found.rule, None)
        if isinstance(write, Create):
            given = replace(write, fields={**write.fields, **wires}, changes=(*_others(write, name), change))
            return self._put(decision, write, _first(given), found)
        confirmed = (decision.base or EMPTY_BASE).confirmed.crm
        expect = guarded(self.planner.field(name), wires, confirmed, record)
        old = write or Update(Side.CRM, ref, {}, {}, (), Lane.HANDOFF)
        updated = replace(
            old,
            fields={**old.fields, **wires},
            changes=(*_others(old, name), change),
            expect={**(old.expect or {}), **expect} or None,
        )
        return self._put(decision, write, _first(updated), found)

    def _put(self, decision: Decision, old: Create | Update | None, new: Create | Update, found: Routed) -> Decision:
        actions: list[Action] = [new if each is old else each for each in decision.actions]
        if old is None:
            actions = [each for each in actions if not isinstance(each, Nothing)]
            actions.append(new)
        lane = min(decision.lane, new.lane, key=LANES.index)
        return replace(decision, actions=tuple(actions), lane=lane, routed=found)


def _others(write: Create | Update, name: str) -> tuple[FieldChange, ...]:
    """The other changes of a write: the owner that the other side has is not the one that is given."""
    return tuple(change for change in write.changes if change.field != name)


def _first(write: Create | Update) -> Create | Update:
    """A new handoff goes before ordinary work."""
    return replace(write, lane=min(write.lane, Lane.HANDOFF, key=LANES.index))
