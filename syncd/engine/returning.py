"""People whom nobody touched in time are taken from who was late: given to the next owner, or back to the queue.

Off unless ``late`` stands in routing.yaml. It promises that

* only a first touch, or what is to be done after a yes, counts whose time is over since just that was switched on
  last, and since before the cycle began to read: what sales did meanwhile is known by then;
* only who has had the person since before the time was over is late: an owner whom somebody else chose meanwhile, or
  chooses in the moment of the write, keeps them;
* each person of a company is late by themselves, and their colleagues stay;
* it happens once for each person of a handoff, and for so many people in 24 hours: by the assignments that were carried
  out, each of which is stored with its write (``engine.apply``), so a process that dies repeats none and skips none;
* whoever waits for something else (a held stage, a parked owner, a write in flight) is left alone;
* the ledger is told of each, from the same assignments, once its write is known to have happened.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from syncd.core.handed import handed, kept_since
from syncd.core.layout import EMPTY_BASE
from syncd.core.planner import Planner
from syncd.core.routing import as_owner
from syncd.engine.booking import Booking, book_in
from syncd.engine.carry import carry_out
from syncd.engine.gather import Gather
from syncd.engine.gathered import Gathered
from syncd.engine.plans import kind_plan
from syncd.engine.rerouting import Overdue, rerouted
from syncd.engine.running import Running
from syncd.engine.world import World
from syncd.model.episode import HandedOn, Undone
from syncd.model.link import Linked
from syncd.model.routing import QUEUE, Assignment, Late, Routing
from syncd.model.values import Instant, Side, instant, stamp
from syncd.model.write import Origin
from syncd.observe.log import emit
from syncd.ports.memory import HANDED_ON, HANDED_ON_SINCE
from syncd.ports.store import Settlement, Store

DAY = timedelta(hours=24)


def hand_on(at_work: Running) -> None:
    """Takes people from owners who were late, and tells the ledger."""
    world, booking = at_work.world, at_work.world.booking
    if booking is None:
        return
    kind = next((each for each in world.connection.kinds if each.routing is not None), None)
    routing = None if kind is None else kind.routing
    late = None if routing is None else routing.late
    known, now = world.store.recall(HANDED_ON), world.clock.now()
    if known is None and late is None:
        return
    told, begun = (now, now) if known is None else (instant(known[0].decode()), known[1])
    since = _since(world.store, late, begun=begun, now=now)
    if known is None:  # what was late before it was switched on stays where it is
        world.store.remember(HANDED_ON, stamp(now).encode(), now)
        return
    if kind is not None and routing is not None and late is not None:
        _Handing(at_work, booking, kind.kind, routing, late, since).go()
    _tell(world, booking, told=told, since=begun)


def _since(store: Store, late: Late | None, *, begun: Instant, now: Instant) -> Mapping[str, Instant]:
    """Since when each clock counts for which somebody is taken away: one that was off for a while begins anew.

    :param begun: when it was switched on, for what a version noted that knew of no more than that.
    """
    counted = {"touch": late is not None and late.to is not None, "work": late is not None and late.accepted}
    noted = store.recall(HANDED_ON_SINCE)
    before = dict.fromkeys(counted, stamp(begun)) if noted is None else json.loads(noted[0])
    since = {clock: before.get(clock, stamp(now)) for clock, is_on in counted.items() if is_on}
    if noted is None or since != before:
        store.remember(HANDED_ON_SINCE, json.dumps(since).encode(), now)
    return {clock: instant(each) for clock, each in since.items()}


@dataclass(frozen=True, slots=True)
class _Handing:
    """One look at who is late. ``since`` is when each clock for which somebody is taken away was switched on."""

    at_work: Running
    booking: Booking
    kind: str
    routing: Routing
    late: Late
    since: Mapping[str, Instant]

    def go(self) -> None:
        """Takes away as many as may be."""
        world, until = self.at_work.world, self.at_work.run.started_at
        begun = min(self.since.values(), default=until)
        rows = [row for row in world.store.undone(begun, until) if self._over(row) is not None]
        if not rows:
            return
        now = world.clock.now()
        before = world.store.late_assignments(min(now - DAY, *(row.opened for row in rows)))
        gather = Gather(world, self.kind, full=False)
        overdue = self._overdue(rows, before, gather)
        room = max(0, self.late.per_day - sum(1 for each in before if each.at > now - DAY))
        if not room:
            return
        if len(overdue) > room:
            emit("handoff.kept", records=len(overdue) - room, limit=self.late.per_day)
        gathered, planner = gather.into, gather.planner
        decisions = rerouted(world, planner, gathered, self.routing, self.late, overdue[:room]) if overdue else []
        if decisions:
            plan = kind_plan(self.kind, decisions, gathered)
            carry_out(self.at_work, plan, gathered, origin=Origin.LIVE)

    def _over(self, row: Undone) -> Instant | None:
        """When the time was over for which somebody is taken away, if it was since this was switched on."""
        until = self.at_work.run.started_at
        dues = {"touch": row.touch[1], "work": row.work[1]}
        over = ((dues[clock], since) for clock, since in self.since.items())
        return min((due for due, since in over if due is not None and since < due <= until), default=None)

    def _overdue(self, rows: Sequence[Undone], before: Sequence[Assignment], gather: Gather) -> list[Overdue]:
        """Everybody of these handoffs who may be taken from whoever was late, the longest overdue first."""
        world = self.at_work.world
        last = {each.link: each.at for each in before}
        waiting = [
            row  # each by themselves: a colleague of somebody late may have been touched, or accepted, in time
            for row in sorted(rows, key=lambda row: (self._over(row), row.episode, row.person))
            if row.person not in last or last[row.person] < row.opened
        ]
        people = sorted({row.person for row in waiting})
        if not people:
            return []
        events = world.store.ledger_of(people)
        theirs = handed(events, self.booking.book)
        met = gather.as_confirmed(people).meetings
        found: list[Overdue] = []
        for row in waiting:
            person, due = row.person, self._over(row)
            if due is None or person not in met or _waits(gather.into, person):
                continue
            owner = _owner_of(gather.planner, met[person].linked, self.routing.owner)
            kept = kept_since(events, due).get(person)
            open_ = person in theirs and theirs[person].in_sales_hands
            if open_ and kept is not None and owner == as_owner(kept) and not owner.startswith(QUEUE):
                found.append(Overdue(met[person].linked, owner, due, accepted=due == row.work[1]))
        return found


def _waits(gathered: Gathered, link: str) -> bool:
    """Whether something of a person waits for somebody: what sales did may not have been heard."""
    return (
        link in gathered.flying or link in gathered.conflicts or link in gathered.parked or link in gathered.held.links
    )


def _owner_of(planner: Planner, linked: Linked, name: str) -> str | None:
    """Who has a person in the CRM, as it last confirmed."""
    ref, confirmed = linked.link.refs.crm, (linked.base or EMPTY_BASE).confirmed.crm
    columns = planner.slots(Side.CRM, ref.object).get(name, ())
    if not columns or any(column not in confirmed for column in columns):
        return None
    value = planner.lens.read(Side.CRM, ref.object, name, tuple(confirmed[column] for column in columns))
    return value if isinstance(value, str) else None


def _tell(world: World, booking: Booking, *, told: Instant, since: Instant) -> None:
    """Books what was carried out since the ledger was last told; an event that it knows already stays one."""
    made = world.store.late_assignments(told)
    done = [each for each in made if each.outcome]
    if not made:
        return
    settlement = Settlement()
    book_in(settlement, list(_events(done)), store=world.store, book=booking.book)
    if settlement:
        world.settle(settlement)
    open_ones = [each.at for each in made if not each.outcome]
    until = min(open_ones, default=made[-1].at + timedelta(milliseconds=1))
    for each in done:
        if each.at < until:
            emit("handoff.handed_on", link=each.link, until=each.routed.passed[0].why.rpartition(" ")[2])
    if until > told:
        world.store.remember(HANDED_ON, stamp(until).encode(), since)


def _events(done: Sequence[Assignment]) -> Iterator[HandedOn]:
    for each in done:
        if each.link and each.routed.owner is not None:
            yield HandedOn(each.link, each.at, each.routed.owner, each.routed.passed[0].owner)
