"""How a connection stands, from the store alone: links, cursors, what waits, who holds it. Reaches no vendor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

import orjson

from syncd.core.pace import Outlook
from syncd.model.drift import Resting
from syncd.model.link import QUARANTINED, Conflict
from syncd.model.remote import AccountIdentity
from syncd.model.run import Lease, Restored, Run, RunState, StoredCursor, Turn, Worker
from syncd.model.values import Instant, Lane, Side
from syncd.operations.braking import Part, held_document, part_document, parts
from syncd.operations.calls import outlooks, outlooks_document
from syncd.operations.drift import resting
from syncd.operations.lanes import LaneWaits, decided, lanes, lanes_document
from syncd.operations.restoring import restored_document
from syncd.operations.staleness import SLACK, STALE, stale
from syncd.operations.watching import strange
from syncd.ports.memory import PERSON_ACCOUNTS
from syncd.ports.store import Store


@dataclass(frozen=True, slots=True)
class Waits:
    """What waits for a person: clashes nobody has decided, records nobody has retried, a preview nobody approved, and
    records of forgotten people that nobody has deleted, fields at rest that nobody has let go on, what the brake
    holds, a store that was restored and not accepted, fields in quarantine, and sides that are not themselves.
    """

    conflicts: int
    dead_letters: int
    approval: bool
    remnants: int
    resting: Sequence[Resting] = ()
    held: Sequence[Part] = ()
    restored: Restored | None = None
    quarantined: int = 0
    quarantined_since: Instant | None = None
    """Since when the one that waits longest does."""
    strange: Mapping[Side, str] = field(default_factory=dict)
    retrying: int = 0
    """Dead letters that wait for the next cycle alone."""
    said: Mapping[Lane, int] = field(default_factory=dict)
    """Conflicts that do, by lane."""

    def __bool__(self) -> bool:
        rows = self.conflicts or self.dead_letters or self.remnants or self.resting or self.quarantined
        return bool(rows or self.approval or self.braked or self.restored or self.strange)

    @property
    def braked(self) -> bool:
        """Whether a person must say something about what the brake holds."""
        return any(part.asks for part in self.held)


@dataclass(frozen=True, slots=True)
class Standing:
    """One connection at a moment. ``decided`` and ``retrying`` wait only for the next cycle.

    ``turn`` is the next one of a daemon, ``workers`` the daemons on this store, dead ones too until they are missed;
    ``stale`` says which sides they have not polled for three intervals. ``person_accounts`` are, by kind and
    vendor object, records that are left out for belonging to one, as last counted. ``calls`` says when those of the
    day are used up, ``lanes`` what is carried out by itself.
    """

    connection: str
    at: Instant
    bound: Mapping[Side, AccountIdentity]
    links: Mapping[str, int]
    person_accounts: Mapping[str, Mapping[str, int]]
    cursors: Sequence[StoredCursor]
    last_run: Run | None
    intents: int
    parked: int
    waits: Waits
    decided: int
    retrying: int
    lease: Lease | None
    turn: Turn | None = None
    workers: Sequence[Worker] = ()
    stale: Sequence[str] = ()
    calls: Mapping[Side, Outlook] = field(default_factory=dict)
    lanes: Mapping[Lane, LaneWaits] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether the last run failed and nobody tries again by himself: no daemon, and nobody who paused it. A daemon
        that does not get on is ``stale`` soon.
        """
        paused = self.turn is not None and self.turn.paused is not None
        return self.broke_off and not self.workers and not paused

    @property
    def broke_off(self) -> bool:
        """Whether the last run failed, so that it may not be known what waits."""
        return self.last_run is not None and self.last_run.state is RunState.FAILED


def quarantined_since(store: Store) -> list[Instant]:
    """Since when each field in quarantine is left alone."""
    return [row.since for row in store.parked() if row.code == QUARANTINED]


def what_waits(store: Store, now: Instant) -> Waits:
    """What a person must decide on before it goes on."""
    latest = next(iter(store.runs(1)), None)
    restored = store.restored()
    groups = store.letter_groups()
    quarantined = quarantined_since(store)
    conflicts = store.conflicts()
    return Waits(
        conflicts=sum(1 for row in conflicts if row.asks),
        dead_letters=sum(each.records - each.retrying for each in groups),
        approval=latest is not None and latest.state == "held" and restored is None,
        remnants=len(store.remnants()),
        resting=resting(store),
        held=parts(store, now),
        restored=restored,
        quarantined=len(quarantined),
        quarantined_since=min(quarantined, default=None),
        strange=strange(store),
        retrying=sum(each.retrying for each in groups),
        said=decided(conflicts),
    )


def standing(
    store: Store,
    *,
    connection: str,
    kinds: Sequence[str],
    now: Instant,
    turn: Turn | None = None,
    workers: Sequence[Worker] = (),
    poll: float = 0.0,
) -> Standing:
    """Everything an operator asks for first. ``kinds`` are those of the configuration, so that 0 links shows too.

    :param poll: seconds between cycles; where no daemon is known, nothing is stale.
    """
    grace = timedelta(seconds=STALE * poll + SLACK)
    taken = turn is not None and turn.number > 0 and turn.paused is None  # a daemon may be for other connections
    awake = taken and any(now - worker.began > grace for worker in workers)
    counts = store.counts()
    links = {kind: counts.get(f"links.{kind}", 0) for kind in kinds}
    lease = store.lease()
    waits = what_waits(store, now)
    return Standing(
        connection=connection,
        at=now,
        bound=store.bound(),
        links=links,
        person_accounts={kind: counted for kind in kinds if (counted := person_accounts(store, kind))},
        cursors=store.cursors(),
        last_run=next(iter(store.runs(1)), None),
        intents=counts.get("intents", 0),
        parked=counts.get("parked", 0),
        waits=waits,
        decided=sum(1 for row in store.conflicts() if not row.asks),
        retrying=waits.retrying,
        lease=lease if lease is not None and lease.until > now else None,
        turn=turn,
        workers=workers,
        stale=tuple(stale(store, connection, poll=poll, now=now)) if awake else (),
        calls=outlooks(store, now),
        lanes=lanes(store, links, said=waits.said, retrying=waits.retrying),
    )


def standing_document(stands: Standing, waiting: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The same as plain values with stable keys.

    :param waiting: the records of everything that waits (``waiting_document``), of which there may be a hundred
        thousand: only who asks for the document reads them.
    """
    return {
        "connection": stands.connection,
        "at": stands.at,
        "waits": bool(stands.waits),
        "stale": list(stands.stale),
        "failed": stands.failed,
        "first_link_awaits_approval": stands.waits.approval,
        "restored": restored_document(stands.waits.restored),
        "not_itself": {side.value: why for side, why in stands.waits.strange.items()},
        "accounts": {
            side.value: {"vendor": identity.vendor, "account": identity.account, "name": identity.name}
            for side, identity in stands.bound.items()
        },
        "links": dict(stands.links),
        "person_accounts": {kind: dict(counted) for kind, counted in stands.person_accounts.items()},
        "cursors": [
            {
                "kind": row.kind,
                "side": row.side.value,
                "stream": row.stream,
                "moved_at": row.moved_at,
                "age_seconds": round((stands.at - row.moved_at).total_seconds()),
            }
            for row in stands.cursors
        ],
        "last_run": None if stands.last_run is None else run_document(stands.last_run),
        "open_intents": stands.intents,
        "parked_fields": stands.parked,
        "quarantined": stands.waits.quarantined,
        "quarantined_since": stands.waits.quarantined_since,
        "conflicts": {"open": stands.waits.conflicts, "decided": stands.decided},
        "dead_letters": {"open": stands.waits.dead_letters, "retrying": stands.retrying},
        "waiting": waiting,
        "calls": outlooks_document(stands.calls),
        "lanes": lanes_document(stands.lanes),
        "remnants": stands.waits.remnants,
        "held": [part_document(part) for part in stands.waits.held],
        "resting": [asdict(each) for each in stands.waits.resting],
        "lease": None
        if stands.lease is None
        else {"holder": stands.lease.holder, "epoch": stands.lease.epoch, "until": stands.lease.until},
        "paused": None
        if stands.turn is None or stands.turn.paused is None
        else {"who": stands.turn.paused.who, "at": stands.turn.paused.at, "reason": stands.turn.paused.reason},
        "next_turn": None if stands.turn is None or not stands.workers else max(stands.turn.due, stands.at),
        "workers": [
            {"id": row.id, "began": row.began, "beat": row.beat, "version": row.version} for row in stands.workers
        ],
    }


def run_document(run: Run) -> dict[str, Any]:
    """One run as plain values with stable keys."""
    ended = run.finished_at
    return {
        "id": run.id,
        "connection": run.connection,
        "command": run.command,
        "who": run.who,
        "state": run.state.value,
        "started_at": run.started_at,
        "finished_at": ended,
        "seconds": None if ended is None else round((ended - run.started_at).total_seconds(), 3),
        "digest": run.digest,
        "counts": dict(run.counts),
        "calls": None if run.calls is None else {side.value: run.calls.of(side) for side in Side},
        "trouble": run.trouble,
    }


def conflict_document(conflict: Conflict) -> dict[str, Any]:
    """One conflict as plain values."""
    return {
        "id": conflict.id,
        "kind": conflict.kind,
        "topic": conflict.topic.value,
        "link": conflict.link,
        "refs": [f"{side.value}:{ref}" for side, ref in conflict.refs],
        "field": conflict.field,
        "values": {side.value: conflict.values.of(side) for side in Side},
        "base": conflict.base,
        "reason": conflict.reason,
        "since": conflict.since,
        "resolution": conflict.resolution,
    }


def waiting_document(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Every item that waits, by the records it is about, in the form that the agreement program reads; no values."""
    return {
        "conflicts": [
            {
                "id": row.id,
                "kind": row.kind,
                "topic": str(row.topic),
                "field": row.field,
                "refs": [f"{side}:{ref}" for side, ref in row.refs],
            }
            for row in store.conflicts()
        ],
        "parked": [
            {"kind": row.kind, "side": str(row.side), "ref": str(row.ref), "record": row.record, "field": row.field}
            for row in store.parked()
        ],
        "held": list(held_document(store)),
        "dead_letters": [
            {"kind": row.kind, "side": str(row.side), "origin": str(row.origin)} for row in store.dead_letters()
        ],
    }


def person_accounts(store: Store, kind: str) -> dict[str, int]:
    """Per vendor object, how many records of this kind belong to person accounts, as last counted; these are left out.

    Empty where the org has no person accounts, or nobody has asked yet.
    """
    remembered = store.recall(PERSON_ACCOUNTS.format(kind=kind))
    counted: dict[str, int] = orjson.loads(remembered[0]) if remembered else {}
    return counted
