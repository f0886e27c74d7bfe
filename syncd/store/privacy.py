"""People who were forgotten: what is destroyed of them, the hashes they are recognised by, the records that remain.

Forgetting keeps the ids of the records (without them the next scan would take what remains for somebody new) and the
outcomes of the audit; it destroys the key of the audit's values, the base and everything that waits. Addresses are kept
as HMAC-SHA-256 under a key of the connection's own: they can be recognised and not read. The key stands in the same
database, so whoever has all of it can try addresses out, and nobody else.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, or_, select, update

from syncd.model.link import Forgotten, OptedOut, Remnant
from syncd.model.remote import RemoteRef
from syncd.model.values import Instant, Side
from syncd.store.assignments import forget_assignments
from syncd.store.codec import from_json, from_ms, to_ms
from syncd.store.database import Database
from syncd.store.dialects import insert_new, lots, only, run, upsert
from syncd.store.tables import appended, conflict, dead_letter, intent, link, parked, suppressed, suppression_secret
from syncd.store.tables import remnant as t
from syncd.store.vault import Vault
from syncd.store.words import forget_words

_KEY_BYTES: Final = 32
_REMNANTS: Final = (
    select(t).where(t.c.connection == bindparam("c")).order_by(t.c.since, t.c.side, t.c.object, t.c.ref_id)
)
_SECRET: Final = select(suppression_secret.c.key).where(suppression_secret.c.connection == bindparam("c"))


class Privacy:
    """Who was forgotten in one connection."""

    def __init__(self, database: Database, connection: str) -> None:
        self._database = database
        self._connection = connection

    def suppressed(self, addresses: Sequence[str]) -> frozenset[str]:
        """Which of these addresses belong to people who were forgotten; nothing is hashed while nobody was."""
        with self._database.reading("read who was forgotten") as tx:
            key = _secret(tx, self._connection)
            if key is None:
                return frozenset()
            asked = {_hashed(key, address): address for address in addresses}
            found: set[str] = set()
            for lot in lots(tx, list(asked)):
                rows = tx.execute(
                    select(suppressed.c.hash).where(
                        suppressed.c.connection == self._connection, suppressed.c.hash.in_(lot)
                    )
                )
                found.update(asked[bytes(row.hash)] for row in rows)
        return frozenset(found)

    def remnants(self) -> Sequence[Remnant]:
        """Records of forgotten people that are still there, oldest first."""
        rows = self._database.once("read what remains", _REMNANTS, {"c": self._connection})
        return [
            Remnant(
                kind=row.kind,
                side=Side(row.side),
                ref=RemoteRef(row.object, row.ref_id),
                opted_out=OptedOut(row.opted_out),
                since=from_ms(row.since),
            )
            for row in rows
        ]


# -- writing, inside the transaction of a settlement -----------------------------------------------------------------
def forget_people(tx: Connection, connection: str, people: Sequence[Forgotten], vault: Vault, now: Instant) -> None:
    """Destroys what is known of these people; their links are stored as forgotten already."""
    if not people:
        return
    key = _secret_or_new(tx, connection, vault)
    hashes = {_hashed(key, address) for person in people for address in person.addresses}
    if hashes:
        rows = [{"connection": connection, "hash": each, "since": to_ms(now)} for each in sorted(hashes)]
        tx.execute(insert_new(tx, suppressed), rows)
    forget_words(tx, connection, [person.link.id for person in people])
    for person in people:
        which = person.link.id
        vault.forget(tx, which)
        tx.execute(
            update(link)
            .where(link.c.connection == connection, link.c.id == which)
            .values(agreed_set=None, marketing_set=None, crm_set=None, base=None)
        )
        forget_assignments(tx, connection, which)
        for table in (parked, intent):
            tx.execute(delete(table).where(table.c.connection == connection, table.c.link == which))
        tx.execute(delete(appended).where(appended.c.connection == connection, appended.c.person == which))
        refs = [ref for ref in person.link.refs if ref.id]
        tx.execute(
            delete(dead_letter).where(
                dead_letter.c.connection == connection,
                or_(*((dead_letter.c.object == ref.object) & (dead_letter.c.origin_id == ref.id) for ref in refs)),
            )
        )
    _drop_conflicts(tx, connection, people)
    write_remnants(tx, connection, [each for person in people for each in person.remnants], [])


def write_remnants(
    tx: Connection, connection: str, remnants: Sequence[Remnant], gone: Sequence[tuple[Side, RemoteRef]]
) -> None:
    """Removes records that are gone from the list of what remains, then adds others; a record keeps its first time."""
    if gone:
        tx.execute(
            delete(t).where(
                t.c.connection == connection,
                t.c.side == bindparam("where"),
                t.c.object == bindparam("what"),
                t.c.ref_id == bindparam("which"),
            ),
            [{"where": str(side), "what": ref.object, "which": ref.id} for side, ref in gone],
        )
    if remnants:
        rows: list[dict[str, Any]] = [
            {
                "connection": connection,
                "side": str(each.side),
                "object": each.ref.object,
                "ref_id": each.ref.id,
                "kind": each.kind,
                "opted_out": str(each.opted_out),
                "since": to_ms(each.since),
            }
            for each in remnants
        ]
        tx.execute(upsert(tx, t, keep=("since",)), rows)


def _drop_conflicts(tx: Connection, connection: str, people: Sequence[Forgotten]) -> None:
    """Clashes of these links, and questions which records belong together that name one of their records."""
    links = {person.link.id for person in people}
    records = {(str(side), *person.link.refs.of(side)) for person in people for side in Side}
    rows = tx.execute(
        select(conflict.c.id, conflict.c.link, conflict.c.refs).where(conflict.c.connection == connection)
    )
    doomed = [
        row.id for row in rows if row.link in links or any(tuple(each) in records for each in from_json(row.refs))
    ]
    for lot in lots(tx, doomed):
        tx.execute(delete(conflict).where(conflict.c.connection == connection, conflict.c.id.in_(lot)))


def _hashed(key: bytes, address: str) -> bytes:
    return hmac.digest(key, address.encode(), hashlib.sha256)


def _secret(tx: Connection, connection: str) -> bytes | None:
    found = only(run(tx, _SECRET, {"c": connection}))
    return None if found is None else bytes(found)


def _secret_or_new(tx: Connection, connection: str, vault: Vault) -> bytes:
    found = _secret(tx, connection)
    if found is None:
        # Read again: on PostgreSQL another writer may have been quicker, and its key is the one that stands.
        tx.execute(insert_new(tx, suppression_secret), [{"connection": connection, "key": vault.fresh(_KEY_BYTES)}])
        found = _secret(tx, connection)
    assert found is not None
    return found
