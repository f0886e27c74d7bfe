"""Carries a plan out: an intent before every send, an outcome after it, in lots a vendor takes at once.

Order: what needs no vendor first (links, agreements, conflicts), then writes by lane, opt-outs before all else. Each
lot is one ``begin`` (intents and audit, with the lease checked in the same transaction), one send, one ``settle``.
A refusal of one field costs that field only: it is parked and the rest is sent again. A refusal that names no field
is narrowed down by halves. A record that is no longer what was decided on is decided on again. What nobody can know
stays an open intent, and nothing more is sent for that record until it is settled by reading.

Length: one lot's story from its intents to its outcomes, whose steps share the ledger and what follows from them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from syncd.core.draft import only
from syncd.core.lost import BACK, restored_by
from syncd.core.planner import LANES, NOTHING_KNOWN, Known, Planner, digest
from syncd.engine.ahead import Conditions, write_ahead
from syncd.engine.brake import Brake
from syncd.engine.flips import quarantined
from syncd.engine.forgetting import OptOuts, forget
from syncd.engine.gather import look_again
from syncd.engine.lease import Holding
from syncd.engine.lost import overwritten
from syncd.engine.pending import Pending
from syncd.engine.plans import ends_first
from syncd.engine.refusals import after_refusal, cut, shared
from syncd.engine.routing import assignment
from syncd.engine.settle import Ledger, settle_agreed, settle_unwritten, settle_written
from syncd.engine.sparing import SPARED, waits
from syncd.engine.world import World
from syncd.model.errors import RetryLater
from syncd.model.link import Conflict, Linked, LinkState, Proof, Topic
from syncd.model.plan import Create, Decision, KindPlan, Update
from syncd.model.remote import Gone, Moved, RemoteRecord, RemoteRef
from syncd.model.routing import How
from syncd.model.run import Request
from syncd.model.values import SIDES, Lane, Pair, Side
from syncd.model.write import (
    Clash,
    CreateRecord,
    Deferred,
    Indeterminate,
    Origin,
    Refused,
    Stale,
    Write,
    WriteResult,
    Written,
)
from syncd.observe.log import emit
from syncd.ports.store import Settlement

ROUNDS = 12
SEND_WITHIN = timedelta(minutes=5)
UNWRITTEN_LOT = 1_000
SAMPLE = 10
BILLED = "billed:marketing"
UNKNOWN = b"unknown"


@dataclass(frozen=True, slots=True)
class Job:
    """One write to be sent: a decision and its action for one side; ``again``, less what was refused of it."""

    decision: Decision
    action: Create | Update
    again: bool = False


@dataclass(slots=True)
class Tally:
    """What became of a plan, as stable names to numbers; ``buried`` are the dead letters it ended in, ``opt_outs`` the
    endings of the opt-outs of people to be forgotten, ``conditions`` the conditional writes so far, ``spared`` says
    that something waits for the reserve of the day's calls.
    """

    counts: Counter[str] = field(default_factory=Counter)
    partial: bool = False
    spared: str = ""
    buried: set[str] = field(default_factory=set)
    opt_outs: OptOuts = field(default_factory=OptOuts)
    conditions: Conditions = field(default_factory=Conditions)

    def note(self, name: str, side: Side | None = None, by: int = 1) -> None:
        """Counts one outcome, by side where it has one."""
        self.counts[f"{name}.{side}" if side else name] += by


@dataclass(slots=True)
class Apply:
    """Carries out one kind's plan under a lease.

    ``origin`` says why, to the vendors' own automation. ``progress`` is called with the number of writes settled.
    ``asked`` are the questions about who is who that stood open before, by id.
    """

    world: World
    planner: Planner
    brake: Brake
    run: str
    holding: Holding
    tally: Tally
    origin: Origin = Origin.LIVE
    progress: Callable[[int], None] = lambda _: None
    asked: Mapping[str, Conflict] = field(default_factory=dict)
    ledger: Ledger = field(init=False)
    pending: Pending = field(init=False)
    _next: list[Job] = field(default_factory=list)
    _created: list[Decision] = field(default_factory=list)
    _routed: list[Decision] = field(default_factory=list)
    _unknown: set[str] = field(default_factory=set)
    _closing: dict[str, set[Side]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.world, self.planner)
        self.pending = Pending(self.world, self.planner.kind.kind, self.run)

    def unwritten(self, plan: KindPlan) -> None:
        """Settles all that needs no vendor."""
        for lot in _lots(ends_first(plan.decisions), UNWRITTEN_LOT):
            settlement = Settlement()
            self.brake.charge_ended(lot)
            for decision in lot:
                settle_unwritten(self.ledger, decision, settlement)
            for conflict in settlement.conflicts:
                if conflict.resolution is None:
                    self._opened(conflict)
            for closed in settlement.unconflict:
                emit("conflict.resolved", kind=plan.kind, conflict=closed)
            if settlement:
                self.world.settle(settlement)

    def writes(self, decisions: Sequence[Decision]) -> None:
        """Sends every write of these decisions, and whatever follows from the answers."""
        self._next = [
            Job(decision, action)
            for decision in decisions
            for action in decision.actions
            if isinstance(action, Create | Update)
        ]
        for _ in range(ROUNDS):
            if not self._next:
                break
            jobs = sorted(self._next, key=_order)
            self._next = []
            self.pending.now(job.action.lane for job in jobs)
            for side, lot in self._by_side(self._sample_first(jobs)):
                self._send(side, lot)
            self._follow_routed()
        for job in self._next:
            self._give_up(job)
        self._next = []
        self.pending.over()

    def _may_go(self, jobs: Sequence[Job]) -> Sequence[Job]:
        """Those whose lane does not wait for the reserve of the day's calls; the others are looked at once more in the
        next cycle. A resync, or what a person has approved as a whole, goes on as one and waits as one.
        """
        if self.world.lane is not None or self.origin is not Origin.LIVE:
            return jobs
        waiting = {lane: waits(self.world, lane) for lane in Lane}
        spared = [job for job in jobs if job.action.side in waiting[job.action.lane]]
        if not spared:
            return jobs
        kind = self.planner.kind.kind
        for (side, lane), records in Counter((job.action.side, job.action.lane) for job in spared).items():
            until = waiting[lane][side].isoformat()
            emit("lane.waits", kind=kind, side=str(side), lane=str(lane), records=records, until=until)
            self.tally.note("deferred", side, by=records)
            self.tally.spared = SPARED.format(side=side)
        self.tally.partial = True
        wishes = {wish.id: wish for wish in map(self._look, spared)}
        settlement = Settlement(wishes=list(wishes.values()))
        for job in spared:
            settle_agreed(self.ledger, job.decision, settlement)
        self.world.settle(settlement)
        return [job for job in jobs if job.action.side not in waiting[job.action.lane]]

    def forget(self, decisions: Sequence[Decision]) -> None:
        """Forgets people, once their opt-outs are written."""
        forgotten, waiting = forget(self.world, decisions, self.tally.opt_outs, run=self.run)
        if forgotten:
            self.tally.note("forgotten", by=forgotten)
        self.tally.partial = self.tally.partial or waiting > 0

    def _sample_first(self, jobs: Sequence[Job]) -> Sequence[Job]:
        """Sends a few new marketing records alone and sees whether the vendor bills them, before the many follow."""
        new = [job for job in jobs if isinstance(job.action, Create) and job.action.side is Side.MARKETING]
        if not new or self.world.connection.allow_billable:
            return jobs
        verdict = self.world.store.recall(BILLED)
        sample: list[Job] = []
        if verdict is None or verdict[0] == UNKNOWN:
            sample = new[:SAMPLE]
            if not self._send(Side.MARKETING, sample):  # nobody knows yet whether the others would be billed
                return [job for job in jobs if job not in sample]
            made = [self.ledger.of(job.decision).link.refs.marketing for job in sample]
            billed = self.world.connectors.marketing.billed([ref for ref in made if ref.id])
            self.world.store.remember(BILLED, b"yes" if billed else b"no", self.world.clock.now())
        if (self.world.store.recall(BILLED) or (b"no",))[0] == b"no":
            return [job for job in jobs if job not in sample]
        held = [job for job in new if job not in sample]
        self._hold_billable(held)
        return [job for job in jobs if job not in sample and job not in held]

    def _hold_billable(self, held: Sequence[Job]) -> None:
        if held:
            emit("create.held", kind=held[0].decision.kind, records=len(held), reason="billable")
        settlement = Settlement()
        refusal = Refused(
            code="BILLABLE",
            reason="new contacts of this app become marketing contacts, which are billed",
            advice="change that setting in HubSpot or set allow_billable, then `syncd dead-letters retry --all`",
        )
        for job in held:
            after_refusal(self.world, self.planner, job.decision, job.action, refusal, settlement)
        self._buried(Side.MARKETING, settlement)
        self.world.settle(settlement)

    def _by_side(self, jobs: Sequence[Job]) -> Iterator[tuple[Side, list[Job]]]:
        """Lots of one side each, in order, none with two writes of one record.

        Where many of one lane wait, a lot is as large as a vendor's jobs want it; opt-outs wait for no job.
        """
        lot: list[Job] = []
        refs: set[str] = set()
        size = 0
        waiting = Counter((job.action.side, job.action.lane) for job in jobs)
        for job in jobs:
            side, lane = job.action.side, job.action.lane
            can = self.world.connectors.of(side).capabilities
            limit = can.write_lot if lane is Lane.OPT_OUT else can.lot_of(waiting[side, lane])
            new = lot and (lot[0].action.side is not side or limit != size)
            if lot and (new or len(lot) >= limit or job.decision.link.id in refs):
                yield lot[0].action.side, lot
                lot, refs = [], set()
            size = limit
            lot.append(job)
            refs.add(job.decision.link.id)
        if lot:
            yield lot[0].action.side, lot

    # -- one lot -----------------------------------------------------------------------------------------------------
    def _send(self, side: Side, jobs: Sequence[Job]) -> bool:
        """Whether anything was sent."""
        jobs = self._may_go(self._not_fought(jobs))
        if not jobs:
            return False
        now = self.world.clock.now()
        ahead = [
            write_ahead(
                self.ledger,
                job.decision,
                job.action,
                run=self.run,
                origin=self.origin,
                conditions=self.tally.conditions,
                again=job.again,
            )
            for job in jobs
        ]
        prepared = [each.write for each in ahead]
        intents = [each.intent for each in ahead]
        charges = self.brake.charged((job.decision.link.id, side) for job in jobs)
        made = [assignment(j.decision, j.action, intent=each.id, at=now) for j, each in zip(jobs, intents, strict=True)]
        assigned = [each for each in made if each is not None]
        self.world.store.begin(self.holding.keep(), intents, [each.audit for each in ahead], now, charges, assigned)
        lane = jobs[0].action.lane
        if self.world.lane is not None and lane is not Lane.OPT_OUT:
            lane = self.world.lane
        connector = self.world.connectors.of(side).for_lane(lane)
        try:
            results = connector.write(self.planner.lens.shape(side), prepared, now + SEND_WITHIN, self.world.keep_lease)
        except RetryLater as trouble:
            if trouble.sent:
                raise
            unsent = Settlement(endings={intent.id: "unsent" for intent in intents})
            self.world.settle(unsent)
            self.brake.put_off(((job.decision.link.id, side, ()) for job in jobs), now)
            raise
        total = Settlement()
        for job, write, result in zip(jobs, prepared, results, strict=True):
            _add(total, self._outcome(job, write, result))
        done = zip(jobs, results, strict=True)
        sent = [(j.decision, j.action, r) for j, r in done if isinstance(r, Written) and isinstance(j.action, Update)]
        for conflict in overwritten(self.world, self.planner, side, sent, at=now):
            self._opened(conflict)
            total.conflicts.append(conflict)
        self.world.settle(total)
        self.brake.put_off(
            (
                (job.decision.link.id, side, shared(self.planner, job.action, result.fields))
                for job, result in zip(jobs, results, strict=True)
                if isinstance(result, Deferred)
            ),
            now,
        )
        self.progress(len(jobs))
        self.pending.sent(job.action.lane for job in jobs)
        if self._created:
            created, self._created = self._created, []
            self._follow(side, created)
        return True

    def _not_fought(self, jobs: Sequence[Job]) -> Sequence[Job]:
        """The lot without fields that somebody keeps putting back, which are parked in quarantine."""
        updates = [(job.decision, job.action) for job in jobs if isinstance(job.action, Update)]
        fought = quarantined(self.world, self.planner, updates)
        if not fought:
            return jobs
        peaceful: list[Job] = []
        settlement = Settlement()
        for job in jobs:
            action = job.action
            rows = fought.get((job.decision.link.id, action.side))
            if not rows or isinstance(action, Create):
                peaceful.append(job)
                continue
            settlement.parked.extend(rows)
            for row in rows:
                self.tally.note("quarantined", row.side)
                emit("field.quarantined", kind=row.kind, side=str(row.side), link=row.link, field=row.field)
            names = {row.field for row in rows}
            rest = [change for change in action.changes if change.field not in names]
            slots = self.planner.slots(action.side, action.ref.object)
            left = only(action, rest, slots=slots, key=action.key)
            if left is not None:
                peaceful.append(replace(job, action=left))
            else:
                settle_agreed(self.ledger, job.decision, settlement)
        self.world.settle(settlement)
        return peaceful

    # -- outcomes ------------------------------------------------------------------------------------------------------
    def _outcome(self, job: Job, write: Write, result: WriteResult) -> Settlement:
        side = job.action.side
        if job.decision.forgets:
            self.tally.note("opted_out" if isinstance(result, Written) else "opt_outs_open", side)
            return self.tally.opt_outs.ended(job.decision.link.id, side, write.intent, result)
        match result:
            case Written():
                return self._written(job, write, result)
            case Refused() | Clash() if not (isinstance(result, Clash) and isinstance(write, CreateRecord)):
                return self._refused(job, write, result)
            case Clash():
                return self._clash(job, write, result)
            case Stale():
                self.tally.note("stale", side)
                emit("write.stale", kind=job.decision.kind, side=str(side), link=job.decision.link.id)
                return self._stale(job, write, result)
            case Deferred():
                self.tally.note("deferred", side)
                self.tally.partial = True
                emit(
                    "write.deferred",
                    kind=job.decision.kind,
                    side=str(side),
                    link=job.decision.link.id,
                    code=result.code,
                )
                deferred = Settlement(endings={write.intent: f"deferred {result.code}"}, wishes=[self._look(job)])
                settle_agreed(self.ledger, job.decision, deferred)
                return deferred
            case Indeterminate():
                self.tally.note("indeterminate", side)
                self._unknown.add(job.decision.link.id)
                self._left_open(job)
                self.tally.partial = True
                emit(
                    "write.indeterminate",
                    kind=job.decision.kind,
                    side=str(side),
                    intent=write.intent,
                    link=job.decision.link.id,
                    until=result.until.isoformat(),
                )
                unknown = Settlement()  # the intent stays open: only reading may settle it
                settle_agreed(self.ledger, job.decision, unknown)
                return unknown
        raise AssertionError(result)

    def _written(self, job: Job, write: Write, result: Written) -> Settlement:
        action = job.action
        settlement, parked = settle_written(self.ledger, job.decision, action, write, result)
        settlement.endings[write.intent] = "done"
        settlement.unconflict.extend(self._closed(job, {row.field for row in parked if row.code == "KEPT"}))
        for row in parked:
            self.tally.note("parked", row.side)
            emit("field.parked", kind=row.kind, side=str(row.side), link=row.link, field=row.field, code=row.code)
        if action.changes:
            self.tally.note("created" if isinstance(action, Create) else "updated", action.side)
        else:
            self.tally.note("keyed", action.side)
        given = assignment(job.decision, action, intent=write.intent, at=self.world.clock.now())
        if isinstance(action, Create) and job.decision.seen.of(action.side.other) is not None:
            settlement.revive.append(digest("dead", job.decision.link.id, action.side))
        if isinstance(action, Create):
            self._created.append(job.decision)
        elif given is not None:
            self._routed.append(job.decision)
        if given is not None and given.routed.how is How.FALLBACK:
            emit("routing.fell_back", kind=job.decision.kind, link=job.decision.link.id)
        return settlement

    def _closed(self, job: Job, kept: set[str]) -> list[str]:
        """Conflicts that end with this write, since it was the last one of their field."""
        over: list[str] = []
        for change in job.action.changes:
            if change.field in kept:  # not written: what a person chose is remembered
                continue
            restored = restored_by(change.rule)
            ends = (*([restored] if restored else ()), *job.decision.closes_with.get(change.field, ()))
            for conflict in dict.fromkeys(ends):
                left = self._closing.setdefault(conflict, _written_to(job.decision, change.field))
                left.discard(job.action.side)
                if not left:
                    over.append(conflict)
                    emit("conflict.resolved", kind=job.decision.kind, conflict=conflict)
        return over

    def _follow(self, side: Side, created: Sequence[Decision]) -> None:
        """What follows from new records: their origins learn the key, and what the vendor added by itself travels.

        New records are read whole, since defaults and automation of the vendor (an owner, a status) belong to them; so
        the system is in step after one cycle and not after two.
        """
        refs = [self.ledger.of(decision).link.refs.of(side) for decision in created]
        answers = self.world.connectors.of(side).fetch(self.planner.lens.shape(side), refs)
        settlement = Settlement()
        parked = self.world.store.parked([decision.link.id for decision in created])
        for decision, answer in zip(created, answers, strict=True):
            nobody: Pair[RemoteRecord | None] = Pair(None, None)
            seen = nobody.replacing(side, answer if isinstance(answer, RemoteRecord) else None)
            waiting = [row for row in parked if row.link == decision.link.id] if parked else []
            # What a vendor adds to a new record by itself is part of its making, which was counted.
            self._decide_again(decision, seen, settlement, Known(parked=waiting), sift=_as_it_is)
        if settlement:
            self.world.settle(settlement)

    def _follow_routed(self) -> None:
        """What follows from owners that routing gave: they travel, and what the vendor's automation made of them.

        All else of these decisions is written by now, or would be sent twice; both records are read anew, since neither
        is presumed to stand as it was read before that. Whoever has a write under way or to come waits for it.
        """
        waiting = {job.decision.link.id for job in self._next} | self._unknown
        routed = [decision for decision in self._routed if decision.link.id not in waiting]
        self._routed = []
        if not routed:
            return
        links = [self.ledger.of(decision).link for decision in routed]
        told = [
            self.world.connectors.of(side).fetch(self.planner.lens.shape(side), [link.refs.of(side) for link in links])
            for side in SIDES
        ]
        ids = [link.id for link in links]
        parked, conflicts = self.world.store.parked(ids), self.world.store.conflicts_of(ids)
        settlement = Settlement()
        for decision, marketing, crm in zip(routed, *told, strict=True):
            link = decision.link.id
            known = Known(conflicts=conflicts.get(link, ()), parked=[row for row in parked if row.link == link])
            if isinstance(marketing, RemoteRecord) and isinstance(crm, RemoteRecord):
                self._decide_again(decision, Pair(marketing, crm), settlement, known)
            else:  # it has left or moved, which the next cycle finds
                what = f"link:{link}"
                settlement.wishes.append(look_again(self.world, decision.kind, what, salt=f":{self.run}"))
        if settlement:
            self.world.settle(settlement)

    def _decide_again(
        self,
        decision: Decision,
        seen: Pair[RemoteRecord | None],
        settlement: Settlement,
        known: Known = NOTHING_KNOWN,
        sift: Callable[[Decision], Decision] | None = None,
    ) -> None:
        """Decides on a link as it stands after what was settled so far, and queues what follows."""
        decided = self.planner.linked(self.ledger.of(decision), seen, known)
        if isinstance(decided, Decision):
            decided = (sift or self.brake.again)(decided)
            settle_unwritten(self.ledger, decided, settlement)
            self._next.extend(Job(decided, action) for action in decided.actions if isinstance(action, Create | Update))
            return
        self.tally.partial = True
        what = f"link:{decision.link.id}"
        settlement.wishes.append(look_again(self.world, decision.kind, what, salt=f":{self.run}"))

    def _refused(self, job: Job, write: Write, result: Refused | Clash) -> Settlement:
        side = job.action.side
        emit("write.refused", kind=job.decision.kind, side=str(side), link=job.decision.link.id, code=result.code)
        self.tally.note("refused", side)
        settlement = Settlement(endings={write.intent: f"refused {result.code}"})
        if _takes_back(job):  # its conflict says that it went back
            settlement.wishes.append(self._look(job))
        again = after_refusal(self.world, self.planner, job.decision, job.action, result, settlement)
        if settlement.parked:
            self.tally.note("parked", side, by=len(settlement.parked))
        self._buried(side, settlement)
        self._next.extend(Job(job.decision, action, again=True) for action in again)
        if not again:
            settle_agreed(self.ledger, job.decision, settlement)
        return settlement

    def _buried(self, side: Side, settlement: Settlement) -> None:
        if settlement.dead:
            self.tally.note("dead_letters", side, by=len(settlement.dead))
            self.tally.buried.update(letter.id for letter in settlement.dead)

    def _clash(self, job: Job, write: Write, result: Clash) -> Settlement:
        """A create met a record that says it is the same: looked at once more, in the next cycle, since matching may
        find that record by then. If it does not, there is nothing left to ask, and what cannot be made is a dead
        letter: the vendor has no room for both. So it is, too, where a person has said that they are not the same.
        """
        side, decision = job.action.side, job.decision
        origin = decision.link.refs.of(side.other)
        refs = tuple(sorted({(side.other, origin), *((side, ref) for ref in result.candidates)}))
        if any(each.resolution == "apart" and set(refs) <= set(each.refs) for each in self.asked.values()):
            return self._refused(job, write, result)
        conflict = Conflict(
            id=digest(self.world.connection.name, decision.kind, Topic.MATCH, *refs),
            kind=decision.kind,
            topic=Topic.MATCH,
            link=None,
            refs=refs,
            field=None,
            values=Pair(None, None),
            base=None,
            reason=f"{result.code}: {cut(result.reason)}",
            since=self.world.clock.now(),
        )
        if conflict.id in self.asked:
            settlement = self._refused(job, write, result)
            settlement.unconflict.append(conflict.id)
            return settlement
        self._opened(conflict)
        return Settlement(
            endings={write.intent: f"clash {result.code}"}, conflicts=[conflict], wishes=[self._look(job)]
        )

    def _opened(self, conflict: Conflict) -> None:
        self.tally.note("conflicts")
        topic = str(conflict.topic)
        emit("conflict.opened", kind=conflict.kind, conflict=conflict.id, topic=topic, field=conflict.field or "")

    def _stale(self, job: Job, write: Write, result: Stale) -> Settlement:
        """Decided again on what stands there now; a record that left or moved is looked at in the next cycle."""
        settlement = Settlement(endings={write.intent: "stale"})
        current = result.current
        if _takes_back(job):  # what stands there is somebody's by now, and stays
            settlement.wishes.append(self._look(job))
            self.tally.partial = True
            return settlement
        if isinstance(job.action, Create) and isinstance(current, Moved):
            return self._made_before(job, write, current.new)
        if isinstance(current, Gone | Moved) or isinstance(job.action, Create):
            settlement.wishes.append(self._look(job))
            self.tally.partial = True
            return settlement
        if all(job.decision.write_to(side) is not None for side in SIDES):  # the other record is as we wrote it by now
            settlement.wishes.append(self._look(job))
            self.tally.partial = True
            return settlement
        link = job.decision.link.id
        waiting = self.world.store.conflicts_of([link]).get(link, ())  # what a person was asked is not decided by this
        known = Known(conflicts=waiting, parked=self.world.store.parked([link]))
        self._decide_again(job.decision, job.decision.seen.replacing(job.action.side, current), settlement, known)
        if job.decision.routed is not None:  # who gets the person is decided anew, if nobody has them by now
            settlement.wishes.append(self._look(job))
        return settlement

    def _made_before(self, job: Job, write: Write, now: RemoteRef) -> Settlement:
        """The record was made already by a write whose answer nobody heard, and was converted or merged since. The key
        it bears proves whose it is, so it is linked where it is now, and compared by the next cycle.
        """
        side, decision = job.action.side, job.decision
        holder = self.world.store.linked(decision.kind, side, [now]).get(now)
        if holder is not None and holder.link.state is LinkState.LIVE:
            reason = (
                f"its record was converted or merged into {side}:{now}, which is somebody else's counterpart already"
            )
            return self._clash(job, write, Clash("MOVED", reason, (now,)))
        link = replace(
            self.ledger.of(decision).link,
            refs=decision.link.refs.replacing(side, now),
            proof=Proof.KEY,
            state=LinkState.LIVE,
            keyed=Pair(marketing=False, crm=False),
        )
        settlement = Settlement(endings={write.intent: "made before"}, revive=[digest("dead", link.id, side)])
        self.ledger.put(settlement, Linked(link, None), link_changed=True)
        settlement.wishes.append(look_again(self.world, decision.kind, f"link:{link.id}", salt=f":{self.run}"))
        self.tally.partial = True
        return settlement

    def _look(self, job: Job) -> Request:
        what = self._left_open(job)
        return look_again(self.world, job.decision.kind, what, salt=f":{self.run}")

    def _left_open(self, job: Job) -> str:
        """Tells the brake of a record whose write has no good end yet; returns what it is called there."""
        if isinstance(job.action, Create):
            what = f"{job.action.side.other}:{job.action.origin}"
        else:
            what = f"link:{job.decision.link.id}"
        self.brake.leaves_open(what)
        return what

    def _give_up(self, job: Job) -> None:
        """A write that is still not settled after so many rounds waits for the next cycle."""
        self.tally.partial = True
        self.tally.note("deferred", job.action.side)
        self.world.settle(Settlement(wishes=[self._look(job)]))


def _written_to(decision: Decision, name: str) -> set[Side]:
    """The sides that a decision writes a field of."""
    writes = (action for action in decision.actions if isinstance(action, Create | Update))
    return {action.side for action in writes if any(change.field == name for change in action.changes)}


def _takes_back(job: Job) -> bool:
    return any(change.rule.startswith(BACK) for change in job.action.changes)


def _as_it_is(decision: Decision) -> Decision:
    return decision


def _order(job: Job) -> tuple[int, str, bool, str]:
    action = job.action
    name = action.object if isinstance(action, Create) else action.ref.object
    return LANES.index(action.lane), action.side, isinstance(action, Update), name


def _lots(decisions: Sequence[Decision], size: int) -> Iterator[Sequence[Decision]]:
    for start in range(0, len(decisions), size):
        yield decisions[start : start + size]


def _add(total: Settlement, part: Settlement) -> None:
    """Adds one settlement to another; the later state of a link or base is the one that counts."""
    total.links.extend(part.links)
    total.bases.extend(part.bases)
    total.endings.update(part.endings)
    total.conflicts.extend(part.conflicts)
    total.unconflict.extend(part.unconflict)
    total.parked.extend(part.parked)
    total.unpark.extend(part.unpark)
    total.dead.extend(part.dead)
    total.revive.extend(part.revive)
    total.wishes.extend(part.wishes)
