"""Writing ahead and settling: the two transactions between which a vendor write happens.

``begin`` stores intents with their audit rows, and only under a lease that is ours in the same transaction. ``settle``
stores everything that one page taught, deletes the intents whose ending is known, and moves the cursors last. Each is
all or nothing, and durable when it returns (``engine``).

The same intent may be sent again: its row is replaced with the new time, its audit gets the next attempt, and an
attempt whose ending never came is closed as ``resent``.

Audit rows that are begun or ended are added to the chain in the same transaction (``chain``), and both transactions
move the store's generation first (``generation``): of two that write for one connection the second waits there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, insert, select, update

from syncd.model.brake import Count
from syncd.model.errors import Bug
from syncd.model.link import AuditRow, FieldChange, Intent, IntentKind
from syncd.model.remote import RemoteRef
from syncd.model.routing import Assignment
from syncd.model.run import Lease, Run
from syncd.model.values import Instant, Side
from syncd.ports.memory import MET
from syncd.ports.store import Settlement
from syncd.store.appended import write_appended
from syncd.store.assignments import end_assignments, write_assignments
from syncd.store.chain import add_entry, head
from syncd.store.charges import write_charges
from syncd.store.codec import canonical, from_json, from_ms, maybe_from_ms, ref_of, to_json, to_json_bytes, to_ms
from syncd.store.cursors import write_cursors
from syncd.store.database import Database
from syncd.store.dialects import lots, only, rows_among, run_among, run_many, upsert
from syncd.store.generation import Generation
from syncd.store.hints import drop_hints
from syncd.store.leases import check_lease, check_ours
from syncd.store.ledger import write_ledger
from syncd.store.links import write_bases, write_links
from syncd.store.privacy import forget_people, traces_of, unanswered, write_remnants
from syncd.store.snapshot import Snapshots
from syncd.store.tables import audit, intent
from syncd.store.vault import Vault
from syncd.store.waiting import close_requests, open_requests, write_waiting
from syncd.store.walk import Ended

RESENT: Final = "resent"
"""The outcome of an attempt that was followed by another before its ending was known."""
FORGOTTEN: Final = "forgotten"
"""The outcome of a write whose person was forgotten before its ending was known."""

_PAGE: Final = 2_000
"""Rows of the audit that are read at once where all are."""
_APART: Final = timedelta(minutes=10)
_ATTEMPTS: Final = "SELECT intent, attempt FROM audit WHERE connection = ? AND intent"
_STILL_OPEN: Final = "SELECT seq, intent, attempt FROM audit WHERE connection = ? AND outcome = '' AND intent"
_APPEND: Final = insert(audit).inline()
_OPEN: Final = select(intent).where(intent.c.connection == bindparam("c")).order_by(intent.c.sent_at, intent.c.id)
_OLDEST: Final = select(func.min(intent.c.sent_at)).where(intent.c.connection == bindparam("c"))
_FINISH: Final = (
    update(audit)
    .where(audit.c.seq == bindparam("which"))
    .values(outcome=bindparam("how"), finished_at=bindparam("moment"), end_lot=bindparam("entry"))
)


class Intents:
    """The write-ahead rows, the settlements and the audit of one connection."""

    def __init__(
        self, database: Database, connection: str, snapshots: Snapshots, vault: Vault, generation: Generation
    ) -> None:
        self._database = database
        self._connection = connection
        self._snapshots = snapshots
        self._vault = vault
        self._generation = generation

    def begin(
        self,
        lease: Lease,
        intents: Sequence[Intent],
        audit_rows: Sequence[AuditRow],
        now: Instant,
        charges: Sequence[Count] = (),
        assigned: Sequence[Assignment] = (),
    ) -> None:
        """Stores intents, their audit rows, what they count for and whom they give to whom before a send.

        :raises LeaseLost: if the lease ran out or another took it; nothing is stored then.
        """
        if lease.connection != self._connection:
            raise Bug(f"a lease of connection {lease.connection} was used for {self._connection}")
        with self._database.writing("store intents") as tx:
            check_lease(tx, lease, now)
            self._generation.move(tx)
            if intents:
                run_many(tx, upsert(tx, intent), [self._intent_row(each) for each in intents])
            if audit_rows:
                self._write_audit(tx, audit_rows, now)
            write_charges(tx, self._connection, charges, now)
            write_assignments(tx, self._connection, assigned)
        self._generation.tell_now_and_then()

    def settle(self, settlement: Settlement, now: Instant, lease: Lease | None = None) -> None:
        """Writes all of it in one transaction, or nothing.

        :raises LeaseLost: if the lease given is another worker's by now.
        """
        if not settlement:
            return
        self._snapshots.prepare(base for _, base in settlement.bases)
        with self._database.writing("settle a page") as tx:
            if lease is not None:
                check_ours(tx, lease)
            self._generation.move(tx)
            write_links(tx, self._connection, settlement.links)
            write_bases(tx, self._connection, settlement.bases, self._snapshots)
            traces = traces_of(tx, self._connection, settlement.forgotten)
            left = unanswered(tx, self._connection, traces.links)
            endings = {**dict.fromkeys(left, FORGOTTEN), **settlement.endings}
            self._end(tx, endings, now)
            end_assignments(tx, self._connection, endings, settlement.released)
            write_waiting(tx, self._connection, settlement)
            forget_people(tx, self._connection, settlement.forgotten, traces, self._vault, now)
            write_remnants(tx, self._connection, settlement.remnants, settlement.unremnant)
            close_requests(tx, self._connection, settlement.requests_done, now)
            open_requests(tx, settlement.wishes)
            write_ledger(tx, self._connection, settlement)
            write_appended(tx, self._connection, settlement.appended)
            drop_hints(tx, self._connection, settlement.hints_done)
            write_cursors(tx, self._connection, settlement.cursors)
        self._generation.tell_now_and_then()
        if settlement.forgotten:
            self._database.checkpoint()  # the write-ahead log may still hold the pages with key and base

    def open_intents(self) -> Sequence[Intent]:
        """Writes whose ending is not known, oldest first."""
        rows = self._database.once("read intents", _OPEN, {"c": self._connection})
        return [_intent(row) for row in rows]

    def open_since(self) -> Instant | None:
        """When the oldest write whose ending is not known was stored; ``None`` if there is none."""
        oldest = only(self._database.once("look for old intents", _OLDEST, {"c": self._connection}))
        return None if oldest is None else from_ms(oldest)

    def audit_of(self, link: str, limit: int) -> Sequence[AuditRow]:
        """Writes of one linked record, newest first. Values are ``None`` where their key was destroyed."""
        with self._database.reading("read the audit") as tx:
            key = self._vault.keys(tx, [link]).get(link)
            rows = tx.execute(
                select(audit)
                .where(audit.c.connection == self._connection, audit.c.link == link)
                .order_by(audit.c.seq.desc())
                .limit(limit)
            ).fetchall()
        return [self._audit_row(row, key) for row in rows]

    def audit_since(self, since: Instant) -> Iterator[AuditRow]:
        """Writes begun since then, oldest first, streamed; values are ``None`` where their key was destroyed."""
        last = 0
        while True:
            with self._database.reading("read the audit") as tx:
                rows = tx.execute(
                    select(audit)
                    .where(audit.c.connection == self._connection, audit.c.seq > last, audit.c.at >= to_ms(since))
                    .order_by(audit.c.seq)
                    .limit(_PAGE)
                ).fetchall()
                keys = self._vault.keys(tx, sorted({row.link for row in rows}))
            yield from (self._audit_row(row, keys.get(row.link)) for row in rows)
            if len(rows) < _PAGE:
                return
            last = rows[-1].seq

    def audit_of_run(self, run: Run, limit: int, *, after: int = 0) -> Sequence[tuple[int, AuditRow]]:
        """Writes of one run, oldest first, each with its place. Places follow time, so what lies outside of the run's
        is not looked through; workers' clocks may be apart by ``_APART``.
        """
        with self._database.reading("read the audit") as tx:
            begin = max(after, _place_before(tx, run.started_at - _APART))
            statement = select(audit).where(
                audit.c.connection == self._connection, audit.c.run == run.id, audit.c.seq > begin
            )
            if run.finished_at is not None:
                statement = statement.where(audit.c.seq <= _place_before(tx, run.finished_at + _APART))
            rows = tx.execute(statement.order_by(audit.c.seq).limit(limit)).fetchall()
            keys = self._vault.keys(tx, sorted({row.link for row in rows}))
        return [(row.seq, self._audit_row(row, keys.get(row.link))) for row in rows]

    def _write_audit(self, tx: Connection, rows: Sequence[AuditRow], now: Instant) -> None:
        entry = head(tx, self._connection)[0] + 1
        earlier = self._earlier(tx, [row.intent for row in rows])
        ended = self._finish(tx, dict.fromkeys(sorted(earlier), RESENT), now, entry) if earlier else []
        keys = self._vault.keys_or_new(tx, [row.link for row in rows])
        attempts = [max(row.attempt, earlier.get(row.intent, 0) + 1) for row in rows]
        values = [to_json_bytes([(c.before, c.after) for c in row.changes]) for row in rows]
        sealed = self._vault.seal(
            keys,
            [(row.link, row.intent, n, plain) for row, n, plain in zip(rows, attempts, values, strict=True)],
        )
        begun = [self._audit_columns(row, n, blob, entry) for row, n, blob in zip(rows, attempts, sealed, strict=True)]
        run_many(tx, _APPEND, begun)
        add_entry(tx, self._connection, begun, ended, now)

    def _earlier(self, tx: Connection, intents: Sequence[str]) -> dict[str, int]:
        """The last attempt of those intents that were sent before."""
        found: dict[str, int] = {}
        for lot in lots(tx, intents):
            for which, attempt in rows_among(tx, _ATTEMPTS, self._connection, lot):
                found[which] = max(attempt, found.get(which, 0))
        return found

    def _end(self, tx: Connection, endings: Mapping[str, str], now: Instant) -> None:
        if not endings:
            return
        entry = head(tx, self._connection)[0] + 1
        ended = self._finish(tx, endings, now, entry)
        if ended:
            add_entry(tx, self._connection, (), ended, now)
        run_among(tx, "DELETE FROM intent WHERE connection = ? AND id", self._connection, list(endings))
        notes = [MET.format(intent=which) for which in endings]  # values of people: of use only until now
        run_among(tx, "DELETE FROM memory WHERE connection = ? AND name", self._connection, notes)

    def _finish(self, tx: Connection, endings: Mapping[str, str], now: Instant, entry: int) -> list[Ended]:
        """Fills in the endings of rows that have none yet. Returns them in the order of the rows."""
        at = to_ms(now)
        still_open: list[tuple[int, str, int]] = []
        for lot in lots(tx, list(endings)):
            still_open.extend(rows_among(tx, _STILL_OPEN, self._connection, lot))
        still_open.sort()
        if still_open:
            values = [{"how": endings[which], "moment": at, "entry": entry, "which": n} for n, which, _ in still_open]
            run_many(tx, _FINISH, values)
        return [(which, attempt, endings[which], at) for _, which, attempt in still_open]

    def _intent_row(self, each: Intent) -> dict[str, Any]:
        return {
            "connection": self._connection,
            "id": each.id,
            "kind": each.kind,
            "side": str(each.side),
            "action": str(each.action),
            "link": each.link,
            "object": each.object,
            "ref_object": each.ref.object if each.ref else None,
            "ref_id": each.ref.id if each.ref else None,
            "origin_object": each.origin.object,
            "origin_id": each.origin.id,
            "fields": to_json(dict(each.fields)),
            "agreed": to_json(dict(each.agreed)),
            "run": each.run,
            "config": each.config,
            "sent_at": to_ms(each.sent_at),
        }

    def _audit_columns(self, row: AuditRow, attempt: int, sealed: bytes, entry: int) -> dict[str, Any]:
        return {
            "connection": self._connection,
            "intent": row.intent,
            "attempt": attempt,
            "link": row.link,
            "kind": row.kind,
            "side": str(row.side),
            "ref_object": row.ref.object if row.ref else None,
            "ref_id": row.ref.id if row.ref else None,
            "action": str(row.action),
            "changes": to_json([_named(change) for change in row.changes]),
            "sealed": sealed,
            "run": row.run,
            "at": to_ms(row.at),
            "outcome": "",
            "finished_at": None,
            "lot": entry,
        }

    def _audit_row(self, row: Any, key: bytes | None) -> AuditRow:  # noqa: ANN401 - a result row
        opened = self._vault.open(key, link=row.link, intent=row.intent, attempt=row.attempt, sealed=bytes(row.sealed))
        named = from_json(row.changes)
        values = [(None, None)] * len(named) if opened is None else from_json(opened)
        return AuditRow(
            intent=row.intent,
            attempt=row.attempt,
            link=row.link,
            kind=row.kind,
            side=Side(row.side),
            ref=ref_of(row.ref_object, row.ref_id),
            action=IntentKind(row.action),
            changes=tuple(
                FieldChange(field, canonical(before), canonical(after), rule, Side(cause) if cause else None, *unread)
                for (field, rule, cause, *unread), (before, after) in zip(named, values, strict=True)
            ),
            run=row.run,
            at=from_ms(row.at),
            outcome=row.outcome,
            finished_at=maybe_from_ms(row.finished_at),
            destroyed=opened is None,
        )


def _place_before(tx: Connection, moment: Instant) -> int:
    """The last place of the audit before a moment, found by halves: there is no index by time."""
    low, high = 0, tx.execute(select(audit.c.seq).order_by(audit.c.seq.desc()).limit(1)).scalar() or 0
    while low < high:
        middle = (low + high) // 2
        at = tx.execute(select(audit.c.at).where(audit.c.seq > middle).order_by(audit.c.seq).limit(1)).scalar_one()
        low, high = (middle + 1, high) if at < to_ms(moment) else (low, middle)
    return low


def _named(change: FieldChange) -> tuple[object, ...]:
    """What of a change is no value; that it was unread only where it was, as rows were before there was that."""
    return (change.field, change.rule, change.cause, *((True,) if change.unread else ()))


def _intent(row: Any) -> Intent:  # noqa: ANN401 - a result row
    return Intent(
        id=row.id,
        kind=row.kind,
        side=Side(row.side),
        action=IntentKind(row.action),
        link=row.link,
        object=row.object,
        ref=ref_of(row.ref_object, row.ref_id),
        origin=RemoteRef(row.origin_object, row.origin_id),
        fields=from_json(row.fields),
        agreed={name: canonical(value) for name, value in from_json(row.agreed).items()},
        run=row.run,
        config=row.config,
        sent_at=from_ms(row.sent_at),
    )
