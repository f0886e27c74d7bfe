"""Writes of what is only ever added: an intent before the send, one row of memory after it, nothing twice.

Lots of writes go out as those of linked records do (``apply``): intents and audit in one transaction under the lease,
one send, one settlement. What a vendor refuses is remembered as refused and tried again a day later, and when it is
seen again; what could not be sent, or whose ending nobody knows, is not remembered, so that its stream stays before it.
Open intents of an earlier run are settled by reading (``recovered``), never by sending again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from syncd.core.planner import digest
from syncd.engine.apply import SEND_WITHIN
from syncd.engine.bounding import Bounding
from syncd.engine.running import Running
from syncd.engine.world import World
from syncd.model.appended import Appended, AppendedState
from syncd.model.errors import RetryLater
from syncd.model.link import AuditRow, FieldChange, Intent, IntentKind
from syncd.model.plan import Append
from syncd.model.remote import RemoteRef, Shape
from syncd.model.values import Canonical, Instant, Lane, Side
from syncd.model.write import (
    Clash,
    CreateRecord,
    Deferred,
    Indeterminate,
    Refused,
    Stale,
    Write,
    WriteResult,
    Written,
)
from syncd.observe.log import emit
from syncd.ports.store import Settlement

TRIED_AGAIN = timedelta(days=1)
"""After how long what was refused is tried again: a right may have been given since, a field made."""
DUE_AT_ONCE = 500
"""How many that have come due are read again in one cycle."""


@dataclass(frozen=True, slots=True)
class Addition:
    """One write, and the row that is remembered once it is done.

    ``origin`` is the record it is made of, ``agreed`` what settling its intent by reading needs to know.
    """

    write: Write
    row: Appended
    origin: RemoteRef
    rule: str
    agreed: Mapping[str, Canonical] = field(default_factory=dict)


def intent_name(world: World, side: Side, kind: str, origin: str, status: str, version: str = "") -> str:
    """The id of an intent: the same wish has the same name after a crash."""
    return digest(world.connection.name, side, kind, origin, status, version)


@dataclass(slots=True)
class Appending:
    """The additions of one run to one side, of one kind; ``left`` is how many more there may be today, ``open`` are
    the origins of writes whose ending is not known yet.
    """

    at_work: Running
    kind: str
    side: Side
    left: int
    bounding: Bounding
    open: frozenset[str] = frozenset()
    refused: Counter[str] = field(default_factory=Counter)
    full: bool = False

    @classmethod
    def today(cls, at_work: Running, kind: str, side: Side, *, per_day: int) -> Appending:
        """As many as are left of those of today (UTC)."""
        world = at_work.world
        midnight = world.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        left = max(0, per_day - world.store.count_appended(kind, midnight))
        open_ = (str(intent.agreed["origin"]) for intent in world.store.open_intents() if intent.kind == kind)
        bounding = Bounding(world, kind, side, quiet=at_work.foreseen is not None)
        given_up = [replace(row, state=AppendedState.LEFT) for row in bounding.rejected()]
        if given_up:
            world.settle(Settlement(appended=given_up))
            for row in given_up:
                bounding.over(row.origin)
        return cls(at_work, kind, side, left, bounding, frozenset(open_))

    def released(self, meant: Callable[[str], bool]) -> list[Appended]:
        """What the brake held of these origins and a person approved, as far as it may still go today: the rest is not
        looked at before it can go.
        """
        return self.bounding.released(min(DUE_AT_ONCE, self.left), meant)

    def spent(self, origins: Iterable[str]) -> bool:
        """Whether none of these may go before tomorrow, so that neither side need be asked about them."""
        if self.left:
            return False
        self._tell_full(sum(origin not in self.open for origin in origins))
        return True

    def _tell_full(self, waiting: int) -> None:
        if waiting and not self.full and self.at_work.foreseen is None:
            self.full = True
            emit("signals.full", kind=self.kind, side=str(self.side), waiting=waiting)

    def send(self, shape: Shape, additions: Sequence[Addition]) -> bool:
        """Writes them, at most as many as are left for today, less what the brake holds. Whether every one of them is
        dealt with.
        """
        size = self.at_work.world.connectors.of(self.side).capabilities.write_lot
        ready = [each for each in additions if each.row.origin not in self.open]
        within = ready[: self.left]
        taken, held = self.bounding.sift(within)
        if held:
            rows = [replace(each.row, state=AppendedState.HELD) for each in held]
            self.at_work.world.settle(Settlement(appended=rows))
            self.at_work.tally.note("held", by=len(held))
        settled = len(within) == len(additions)
        if self.at_work.foreseen is not None:
            return self._foresee(taken) and settled
        self._tell_full(len(ready) - len(within))
        self.left -= len(taken)
        for start in range(0, len(taken), size):
            settled = self._send(shape, taken[start : start + size]) and settled
        return settled

    def _foresee(self, taken: Sequence[Addition]) -> bool:
        """Lists what would be written, and goes on as if it had been."""
        assert self.at_work.foreseen is not None, "a run that writes foresees nothing"
        self.left -= len(taken)
        for each in taken:
            row, advances = each.row, not isinstance(each.write, CreateRecord)
            told = Append(self.kind, self.side, row.origin, row.person, row.status, each.rule, advances)
            self.at_work.foreseen.append(told)
        self.at_work.world.settle(Settlement(appended=[each.row for each in taken]))
        return True

    def ended(self) -> None:
        """Tells what was refused, by the vendor's codes; what the brake held of it is over."""
        self.bounding.ended()
        for code, records in sorted(self.refused.items()):
            emit("signals.refused", kind=self.kind, side=str(self.side), code=code, records=records)

    def _send(self, shape: Shape, additions: Sequence[Addition]) -> bool:
        world, run = self.at_work.world, self.at_work.run.id
        now = world.clock.now()
        intents = [self._intent(each, now) for each in additions]
        audit = [_audit(intent, each, run) for intent, each in zip(intents, additions, strict=True)]
        charges = self.bounding.charged(additions)
        world.store.begin(self.at_work.holding.keep(), intents, audit, now, charges)
        connector = world.connectors.of(self.side).for_lane(Lane.ORDINARY)
        try:
            results = connector.write(shape, [each.write for each in additions], now + SEND_WITHIN, world.keep_lease)
        except RetryLater as trouble:
            if not trouble.sent:
                world.settle(Settlement(endings={intent.id: "unsent" for intent in intents}))
                self.bounding.put_off((intent.id for intent in intents), now)
            raise
        settlement = Settlement()
        settled = [self._outcome(each, result, settlement) for each, result in zip(additions, results, strict=True)]
        world.settle(settlement)
        ends = zip(intents, results, strict=True)
        self.bounding.put_off((intent.id for intent, end in ends if _is_undone(end)), now)
        return all(settled)

    def _outcome(self, addition: Addition, result: WriteResult, settlement: Settlement) -> bool:
        """Whether this one is dealt with."""
        intent, tally = addition.write.intent, self.at_work.tally
        match result:
            case Written():
                settlement.endings[intent] = "done"
                settlement.appended.append(replace(addition.row, ref=result.ref))
                self.bounding.over(addition.row.origin)
                tally.note(f"added_{self.kind}", self.side)
                return True
            case Refused():
                settlement.endings[intent] = f"refused {result.code}"
                again = self.at_work.world.clock.now() + TRIED_AGAIN
                refused = replace(addition.row, state=AppendedState.REFUSED, status=result.code, due=again)
                settlement.appended.append(refused)
                self.bounding.over(addition.row.origin)
                self.refused[result.code] += 1
                tally.note("refused", self.side)
                return True
            case Indeterminate():
                tally.note("indeterminate", self.side)
                emit(
                    "write.indeterminate",
                    kind=self.kind,
                    side=str(self.side),
                    intent=intent,
                    link=addition.row.person,
                    until=result.until.isoformat(),
                )
            case Clash() | Stale() | Deferred():  # it is looked at as it stands in the next cycle
                code = result.code if isinstance(result, Clash | Deferred) else "STALE"
                settlement.endings[intent] = f"deferred {code}"
                tally.note("deferred", self.side)
                emit("write.deferred", kind=self.kind, side=str(self.side), link=addition.row.person, code=code)
        tally.partial = True
        return False

    def _intent(self, addition: Addition, now: Instant) -> Intent:
        write, world = addition.write, self.at_work.world
        create = isinstance(write, CreateRecord)
        return Intent(
            id=write.intent,
            kind=self.kind,
            side=self.side,
            action=IntentKind.CREATE if create else IntentKind.UPDATE,
            link=addition.row.person,
            object=write.object if isinstance(write, CreateRecord) else write.ref.object,
            ref=None if isinstance(write, CreateRecord) else write.ref,
            origin=addition.origin,
            fields=write.fields,
            agreed={
                "origin": addition.row.origin,
                "status": addition.row.status,
                "day": addition.row.day,
                **addition.agreed,
            },
            run=self.at_work.run.id,
            config=world.connection.config_hash,
            sent_at=now,
        )


def _is_undone(result: WriteResult) -> bool:
    """Whether nothing was made, and is tried again; an activity that waits for what it hangs on was made."""
    return isinstance(result, Clash | Stale) or (isinstance(result, Deferred) and not result.fields)


def _audit(intent: Intent, addition: Addition, run: str) -> AuditRow:
    """What was added for whom, under the person's own key; of its fields only what it is."""
    told = addition.row.status or addition.row.origin
    shown = FieldChange(f"@{intent.kind}", None, told, addition.rule, intent.side.other)
    return AuditRow(
        intent=intent.id,
        attempt=1,
        link=intent.link,
        kind=intent.kind,
        side=intent.side,
        ref=intent.ref,
        action=intent.action,
        changes=(shown,),
        run=run,
        at=intent.sent_at,
    )


# -- after a crash -----------------------------------------------------------------------------------------------------
Found = Mapping[str, RemoteRef | None]
"""By intent id what was found of it: the record that was made or changed, or none."""


def recovered(world: World, intents: Sequence[Intent], found: Found) -> list[Intent]:
    """Settles intents of an earlier run by what was found of them; returns those that may still be carried out."""
    settlement = Settlement()
    left: list[Intent] = []
    for intent in intents:
        ref = found.get(intent.id)
        over = intent.sent_at + timedelta(seconds=world.connection.horizon.of(intent.side)) <= world.clock.now()
        if ref is None and not over:
            left.append(intent)
            continue
        outcome = "not done" if ref is None else "done"
        emit("intent.recovered", kind=intent.kind, side=str(intent.side), intent=intent.id, outcome=outcome)
        settlement.endings[intent.id] = f"recovered: {outcome}"
        if ref is not None:
            settlement.appended.append(_row(world, intent, ref))
    if settlement:
        world.settle(settlement)
    return left


def _row(world: World, intent: Intent, ref: RemoteRef) -> Appended:
    told = intent.agreed
    return Appended(
        kind=intent.kind,
        origin=str(told["origin"]),
        person=intent.link,
        state=AppendedState.DONE,
        at=world.clock.now(),
        day=int(str(told["day"])),
        ref=ref,
        status=str(told["status"]),
    )
