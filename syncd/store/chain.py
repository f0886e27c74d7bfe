"""The audit as a chain: what was begun and what was ended can be neither altered nor left out without a trace.

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

What is older than a rule is pruned from the beginning (``pruning``). The last entry that went is kept as the anchor
from which number and hash go on; no row that stays ends or began in an entry that went.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Connection, bindparam, insert, select

from syncd.model.audit import Head, Verified
from syncd.model.keeping import Pruned
from syncd.model.values import Instant
from syncd.store.anchor import pruned_of
from syncd.store.codec import to_ms
from syncd.store.database import Database
from syncd.store.deeds import stand_of, stored_deeds, walk_deeds
from syncd.store.dialects import run
from syncd.store.tables import audit, chain
from syncd.store.walk import BEGUN, STATE, Ended, Walk, genesis, hash_of

_PAGE: Final = 2_000
_ROW: Final = tuple(audit.c[name] for name in (*STATE, *BEGUN))
_COLUMNS: Final = itemgetter(*BEGUN)
_APPEND: Final = insert(chain)
_HEAD: Final = (
    select(chain.c.number, chain.c.hash)
    .where(chain.c.connection == bindparam("c"))
    .order_by(chain.c.number.desc())
    .limit(1)
)


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
        "hash": hash_of(before, number + 1, at, rows, ended),
    }
    run(tx, _APPEND, row)


def head(tx: Connection, connection: str) -> tuple[int, bytes]:
    """Number and hash of the last entry; where there is none, zero and what the first one goes on from."""
    rows = run(tx, _HEAD, {"c": connection})
    return (rows[0].number, bytes(rows[0].hash)) if rows else (0, genesis(connection))


def hash_at(tx: Connection, connection: str, number: int) -> bytes | None:
    """The hash of one entry, if it is there."""
    found = tx.execute(
        select(chain.c.hash).where(chain.c.connection == connection, chain.c.number == number)
    ).scalar_one_or_none()
    return None if found is None else bytes(found)


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
        """Walks the whole chain, then that over the deeds of all connections, in short transactions beside whoever
        writes.

        :param known: a hash that was once the head, as hex; it must be in the chain.
        """
        with self._database.reading("read the head of the audit") as tx:
            last, _ = head(tx, self._connection)
            anchor = pruned_of(tx, self._connection)
        found = Walk(Stored(self._database, self._connection), self._connection, last, known, anchor=anchor).walk()
        stand = stand_of(self._database, found)
        walk_deeds(stand, stored_deeds(self._database, stand), found)
        return found


def verify_up_to(database: Database, connection: str, number: int, *, seq: int, anchor: Pruned | None) -> Verified:
    """Walks the chain up to an entry and the audit up to a row, of which everything that began there has ended."""
    return Walk(Stored(database, connection, seq=seq), connection, number, None, anchor=anchor).walk()


class Stored:
    """A connection's chain as the store has it, page by page in short transactions; what came since may be there."""

    def __init__(self, database: Database, connection: str, *, seq: int | None = None) -> None:
        """:param seq: the last row that is read; ``None``: all."""
        self._database = database
        self._connection = connection
        self._seq = seq

    def last(self) -> int:
        """The number of the last entry."""
        with self._database.reading("read the head of the audit") as tx:
            return head(tx, self._connection)[0]

    def entries(self, upto: int) -> Iterator[Any]:
        """Each entry up to one."""
        after = 0
        while True:
            with self._database.reading("read the chain of the audit") as tx:
                page = tx.execute(
                    select(chain.c.number, chain.c.at, chain.c.rows, chain.c.hash)
                    .where(chain.c.connection == self._connection, chain.c.number > after, chain.c.number <= upto)
                    .order_by(chain.c.number)
                    .limit(_PAGE)
                ).fetchall()
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].number

    def rows(self) -> Iterator[Any]:
        """Rows of the audit in their order."""
        within = () if self._seq is None else (audit.c.seq <= self._seq,)
        after = 0
        while True:
            with self._database.reading("read the audit") as tx:
                page = tx.execute(
                    select(*_ROW)
                    .where(audit.c.connection == self._connection, audit.c.seq > after, *within)
                    .order_by(audit.c.seq)
                    .limit(_PAGE)
                ).fetchall()
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].seq
