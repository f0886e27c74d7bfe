"""The audit as a chain: what was begun and what was ended can be neither altered nor left out without a trace.

Length: adding and verifying are two readings of one format.

Each transaction that begins audit rows or ends some adds one entry per connection: its number is the last one's plus
one, its hash is SHA-256 over the hash before, number, time, counts, and the *stored* bytes of every row it holds: of
those begun all that never changes, the sealed blob included; then of those ended intent, attempt, outcome and time,
each in the order of ``seq``. Since the sealed bytes are hashed and not what they say, forgetting a person, which
deletes a key, leaves the chain whole.

Who can write to the database can also make a whole new chain. What convinces is a hash that was written down elsewhere:
the log names the last one after every run (``audit_head``), and ``verify_audit`` looks for it.

Two workers cannot fork it: whoever adds an entry has moved the store's generation in the same transaction before
(``generation``), a row that the database locks until the commit; the primary key would refuse a second entry of the
same number.

Verifying reads rows and entries once, each in their own order, and keeps of the rows only those begun and not ended at
that point: memory grows with what was under way at one time, not with the history.

What is older than a rule is pruned from the beginning (``pruning``). The last entry that went is kept as the anchor
from which number and hash go on; no row that stays ends or began in an entry that went.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Connection, bindparam, insert, select

from syncd.model.audit import Head, Verified
from syncd.model.keeping import Pruned
from syncd.model.values import Instant
from syncd.store.anchor import pruned_of
from syncd.store.codec import from_ms, to_ms
from syncd.store.database import Database
from syncd.store.dialects import run
from syncd.store.reads import verify_readings
from syncd.store.tables import audit, chain

_SLICE: Final = 500
"""Rows that are hashed at once; part of what is hashed, so it may not change."""
_PAGE: Final = 2_000
_BEGUN: Final = (
    "intent",
    "attempt",
    "link",
    "kind",
    "side",
    "ref_object",
    "ref_id",
    "action",
    "changes",
    "run",
    "at",
    "sealed",
)
_ROW: Final = (
    audit.c.seq,
    audit.c.lot,
    audit.c.end_lot,
    audit.c.outcome,
    audit.c.finished_at,
    *(audit.c[name] for name in _BEGUN),
)
_COLUMNS: Final = itemgetter(*_BEGUN)
_FIRST: Final = len(_ROW) - len(_BEGUN)
_RESTORE: Final = "compare with a backup and with the log's `audit_head`, and ask who can write to the store"
_APPEND: Final = insert(chain)
_HEAD: Final = (
    select(chain.c.number, chain.c.hash)
    .where(chain.c.connection == bindparam("c"))
    .order_by(chain.c.number.desc())
    .limit(1)
)

Ended = tuple[str, int, str, int]
"""Intent, attempt, outcome and time of an ending, as they are stored."""


def add_entry(
    tx: Connection, connection: str, begun: Sequence[Mapping[str, Any]], ended: Sequence[Ended], now: Instant
) -> None:
    """Adds the entry over rows that this transaction begins and ends, in the order of ``seq``; they carry its number.

    The caller has moved the store's generation in this transaction (see the module).
    """
    number, before = head(tx, connection)
    at = to_ms(now)
    rows = [_COLUMNS(row) for row in begun]
    row = {
        "connection": connection,
        "number": number + 1,
        "at": at,
        "rows": len(begun) + len(ended),
        "hash": _hash(before, number + 1, at, rows, ended),
    }
    run(tx, _APPEND, row)


def head(tx: Connection, connection: str) -> tuple[int, bytes]:
    """Number and hash of the last entry; where there is none, zero and what the first one goes on from."""
    rows = run(tx, _HEAD, {"c": connection})
    return (rows[0].number, bytes(rows[0].hash)) if rows else (0, _genesis(connection))


def hash_at(tx: Connection, connection: str, number: int) -> bytes | None:
    """The hash of one entry, if it is there."""
    found = tx.execute(
        select(chain.c.hash).where(chain.c.connection == connection, chain.c.number == number)
    ).scalar_one_or_none()
    return None if found is None else bytes(found)


def _genesis(connection: str) -> bytes:
    return hashlib.sha256(b"syncd audit of " + connection.encode()).digest()


def _hash(before: bytes, number: int, at: int, begun: Sequence[Sequence[Any]], ended: Sequence[Sequence[Any]]) -> bytes:
    """The hash of an entry. ``begun`` are rows whose last column is the sealed blob, which is no text."""
    total = hashlib.sha256(before)
    total.update(b"%d %d %d %d\n" % (number, at, len(begun), len(ended)))
    for start in range(0, len(begun), _SLICE):
        part = begun[start : start + _SLICE]
        total.update(orjson.dumps([[*row[:-1], len(row[-1])] for row in part]))
        total.update(b"".join([row[-1] for row in part]))
    for start in range(0, len(ended), _SLICE):
        total.update(orjson.dumps(ended[start : start + _SLICE]))
    return total.digest()


class Chain:
    """The chain of one connection, read."""

    def __init__(self, database: Database, connection: str) -> None:
        self._database = database
        self._connection = connection

    def audit_head(self) -> Head | None:
        """The last entry; ``None`` before the first."""
        with self._database.reading("read the head of the audit") as tx:
            number, found = head(tx, self._connection)
        return Head(number, found.hex()) if number else None

    def verify_audit(self, known: str | None = None) -> Verified:
        """Walks the whole chain, then the entries of reading of all connections, in short transactions beside whoever
        writes.

        :param known: a hash that was once the head, as hex; it must be in the chain.
        """
        with self._database.reading("read the head of the audit") as tx:
            last, _ = head(tx, self._connection)
            anchor = pruned_of(tx, self._connection)
        found = _Walk(self._database, self._connection, last, known, anchor=anchor).walk()
        verify_readings(self._database, found)
        return found


def verify_up_to(database: Database, connection: str, number: int, *, seq: int, anchor: Pruned | None) -> Verified:
    """Walks the chain up to an entry and the audit up to a row, of which everything that began there has ended."""
    return _Walk(database, connection, number, None, anchor=anchor, seq=seq).walk()


class _Walk:
    """One verification up to the entry that was the last when it began; what came since is left alone."""

    def __init__(
        self,
        database: Database,
        connection: str,
        last: int,
        known: str | None,
        *,
        anchor: Pruned | None,
        seq: int | None = None,
    ) -> None:
        self._database = database
        self._connection = connection
        self._last = last
        self._known = known
        self._anchor = anchor
        self._seq = seq
        self._seen_known = known is None or (anchor is not None and anchor.hash == known)
        self._open: dict[int, list[Ended]] = defaultdict(list)
        """Endings that were read with their rows, by the entry that holds them."""
        self._furthest = 0
        self._row: Any = None
        self._tally = Verified(pruned=anchor)

    def walk(self) -> Verified:
        """Everything, as one answer."""
        tally = self._tally
        rows = self._rows()
        self._row = next(rows, None)
        before, expected = _genesis(self._connection), 1
        if (anchor := self._anchor) is not None:
            self._judge(anchor)
            before, expected = bytes.fromhex(anchor.hash) or before, anchor.number + 1
        for entry in self._entries():
            if entry.number != expected:
                one = entry.number == expected + 1
                gap = f"entry {expected}" if one else f"entries {expected} to {entry.number - 1}"
                tally.flaw(f"{gap} of the chain: removed; {_RESTORE}")
            begun, ended, seqs = self._of(entry.number, rows)
            stored = bytes(entry.hash)
            if len(begun) + len(ended) != entry.rows:
                tally.flaw(
                    f"entry {entry.number} ({from_ms(entry.at):%Y-%m-%d %H:%M:%S} UTC, {seqs}): it holds "
                    f"{entry.rows:,} rows, {len(begun) + len(ended):,} are there: rows were removed, inserted or "
                    f"moved; {_RESTORE}"
                )
            elif entry.number == expected and _hash(before, entry.number, entry.at, begun, ended) != stored:
                tally.flaw(
                    f"entry {entry.number} ({from_ms(entry.at):%Y-%m-%d %H:%M:%S} UTC, {seqs}): the entry, or a row it "
                    f"holds, was altered or moved after it was written; {_RESTORE}"
                )
            self._seen_known = self._seen_known or stored.hex() == self._known
            before, expected = stored, entry.number + 1
            tally.entries += 1
            tally.head = Head(entry.number, stored.hex())
        for _ in self._after(rows):
            pass
        self._cut(expected - 1)
        return tally

    def _judge(self, anchor: Pruned) -> None:
        """What was pruned was as old as its rule asks."""
        if not anchor.by_rule():
            self._tally.flaw(
                f"everything up to entry {anchor.number} ({anchor.upto:%Y-%m-%d %H:%M:%S} UTC) was pruned on "
                f"{anchor.at:%Y-%m-%d}, when it was younger than the {anchor.age.days} days of the rule: it was not "
                f"pruned by syncd; {_RESTORE}"
            )

    def _of(self, number: int, rows: Iterator[Any]) -> tuple[list[list[Any]], list[Ended], str]:
        """What an entry holds: rows begun, endings, and where they stand, in words."""
        begun: list[list[Any]] = []
        first = latest = 0
        while self._row is not None and self._row.lot <= number:
            row = self._row
            if row.lot == number:
                begun.append(_begun(row))
                first = first or row.seq
                latest = row.seq
            else:
                self._tally.flaw(
                    f"audit row {row.seq} (intent {row.intent}): it says entry {row.lot}, and stands behind rows of "
                    f"later entries: it was inserted or moved; {_RESTORE}"
                )
            self._row = next(rows, None)
        ended = self._open.pop(number, [])
        place = f"audit rows {first} to {latest}" if begun else f"endings of {len(ended)} rows"
        return begun, ended, place

    def _after(self, rows: Iterator[Any]) -> Iterator[Any]:
        """Rows behind the last entry looked at; reading them counts them."""
        if self._row is not None:
            yield self._row
        yield from rows

    def _cut(self, last: int) -> None:
        """What the end of the walk shows: entries that rows speak of, and the hash that was given."""
        with self._database.reading("read the head of the audit") as tx:
            now, _ = head(tx, self._connection)
            for number in sorted(each for each in self._open if each <= last):
                ended = self._open[number]
                self._tally.flaw(
                    f"audit row of intent {ended[0][0]}: it says that entry {number} holds its ending; that entry is "
                    f"not there, or is older than the row; {_RESTORE}"
                )
        if self._furthest > now:
            self._tally.flaw(
                f"entries {now + 1} to {self._furthest} of the chain: rows of the audit name them and they are not "
                f"there: the end of the chain was cut; {_RESTORE}"
            )
        if not self._seen_known:
            older = ", it may be older than what was pruned" if self._anchor is not None else ""
            self._tally.flaw(
                f"no entry has the hash {self._known}{older}: the end of the chain was cut or all of it made anew "
                f"since that hash was noted, or the store was restored from an older copy; {_RESTORE}"
            )

    # -- reading -----------------------------------------------------------------------------------------------------
    def _entries(self) -> Iterator[Any]:
        after = 0
        while True:
            with self._database.reading("read the chain of the audit") as tx:
                page = tx.execute(
                    select(chain.c.number, chain.c.at, chain.c.rows, chain.c.hash)
                    .where(
                        chain.c.connection == self._connection,
                        chain.c.number > after,
                        chain.c.number <= self._last,
                    )
                    .order_by(chain.c.number)
                    .limit(_PAGE)
                ).fetchall()
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].number

    def _rows(self) -> Iterator[Any]:
        """Rows that an entry within the walk holds, in order; those from before the chain are counted on the way."""
        chained = False
        for row in self._all_rows():
            tally = self._tally
            self._furthest = max(self._furthest, row.lot or 0, row.end_lot or 0)
            if row.lot is None and chained:
                tally.flaw(
                    f"audit row {row.seq} (intent {row.intent}): no entry holds it, though rows before it are held: it "
                    f"was inserted; {_RESTORE}"
                )
            if row.end_lot is not None:
                if row.end_lot <= self._last:
                    self._open[row.end_lot].append((row.intent, row.attempt, row.outcome, row.finished_at))
            elif row.outcome != "" and row.lot is not None:
                tally.flaw(
                    f"audit row {row.seq} (intent {row.intent}): it ended ({row.outcome}) and no entry holds the "
                    f"ending: it was written by something other than syncd; {_RESTORE}"
                )
            if row.lot is None:
                tally.before += not chained
            elif row.lot <= self._last:
                chained = True
                tally.rows += 1
                tally.unfinished += row.end_lot is None or row.end_lot > self._last
                yield row

    def _within(self) -> tuple[ColumnElement[bool], ...]:
        """The end of a walk that does not go to the end."""
        return () if self._seq is None else (audit.c.seq <= self._seq,)

    def _all_rows(self) -> Iterator[Any]:
        after = 0
        while True:
            with self._database.reading("read the audit") as tx:
                page = tx.execute(
                    select(*_ROW)
                    .where(audit.c.connection == self._connection, audit.c.seq > after, *self._within())
                    .order_by(audit.c.seq)
                    .limit(_PAGE)
                ).fetchall()
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].seq


def _begun(row: Any) -> list[Any]:  # noqa: ANN401 - a result row
    return [*row[_FIRST:-1], bytes(row[-1])]
