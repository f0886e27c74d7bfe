"""People who were forgotten: what is destroyed of them, the hashes they are recognised by, the records that remain.

Forgetting keeps the ids of the records (without them the next scan would take what remains for somebody new) and the
outcomes of the audit; it destroys the key of the audit's values, the base and everything that waits. Addresses are kept
as HMAC-SHA-256 under a key of the connection's own: they can be recognised and not read. The key stands in the same
database, so whoever has all of it can try addresses out, and nobody else.

A person may have been linked before: their Lead was deleted and made again, or a person said that two were not one.
What such links that are over still hold is theirs, and goes as well (``traces_of``).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, literal, select, update

from syncd.model.link import Forgotten, OptedOut, Remnant
from syncd.model.remote import RemoteRef
from syncd.model.values import SIDES, Instant, Pair, Side
from syncd.ports.memory import MET
from syncd.store.assignments import forget_assignments
from syncd.store.codec import from_json, from_ms, to_ms
from syncd.store.conditions import forget_typed
from syncd.store.database import Database
from syncd.store.dialects import insert_new, lots, only, rows_among, run, upsert
from syncd.store.tables import (
    appended,
    conflict,
    dead_letter,
    intent,
    link,
    memory,
    parked,
    suppressed,
    suppression_secret,
)
from syncd.store.tables import remnant as t
from syncd.store.vault import Vault
from syncd.store.words import forget_words

_KEY_BYTES: Final = 32
_REMNANTS: Final = (
    select(t).where(t.c.connection == bindparam("c")).order_by(t.c.since, t.c.side, t.c.object, t.c.ref_id)
)
_UNANSWERED: Final = "SELECT id FROM intent WHERE connection = ? AND link"
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
@dataclass(frozen=True, slots=True)
class Traces:
    """Where the store holds something of people who are to be forgotten: ``links`` are theirs, and those that are over
    and were theirs; ``records`` is every record that was linked with them.
    """

    links: tuple[str, ...]
    records: frozenset[tuple[Side, RemoteRef]]


def traces_of(tx: Connection, connection: str, people: Sequence[Forgotten]) -> Traces:
    """Follows records from link to link; only links that are over are followed, since others are somebody's who stays.

    Of two of whom a person said that they are not one, the other is somebody else: the link of the two goes, as it
    holds values of both, but nothing is followed from that other record.
    """
    links = {person.link.id for person in people}
    records: set[tuple[Side, RemoteRef]] = set()
    for person in people:
        fresh = _named(person.link.refs)
        while fresh:
            records |= fresh
            over = [row for side, ref in sorted(fresh) for row in _over(tx, connection, person.link.kind, side, ref)]
            theirs = [row for row in over if row.id not in links]
            links.update(row.id for row in theirs)
            fresh = {who for row in theirs if row.gone is not None for who in _named(_refs(row))} - records
    return Traces(tuple(sorted(links)), frozenset(records))


def unanswered(tx: Connection, connection: str, links: Sequence[str]) -> list[str]:
    """Intents of these links. Nobody can tell their endings once the links are forgotten."""
    return [which for lot in lots(tx, links) for (which,) in rows_among(tx, _UNANSWERED, connection, lot)]


def forget_people(
    tx: Connection, connection: str, people: Sequence[Forgotten], traces: Traces, vault: Vault, now: Instant
) -> None:
    """Destroys what is known of these people; their links are stored as forgotten already, their intents ended."""
    if not people:
        return
    key = _secret_or_new(tx, connection, vault)
    hashes = {_hashed(key, address) for person in people for address in person.addresses}
    if hashes:
        rows = [{"connection": connection, "hash": each, "since": to_ms(now)} for each in sorted(hashes)]
        tx.execute(insert_new(tx, suppressed), rows)
    forget_words(tx, connection, traces.links)
    forget_typed(tx, connection, sorted({address for person in people for address in person.addresses}))
    for which in traces.links:
        vault.forget(tx, which)
        tx.execute(
            update(link)
            .where(link.c.connection == connection, link.c.id == which)
            .values(agreed_set=None, marketing_set=None, crm_set=None, base=None)
        )
        forget_assignments(tx, connection, which)
        tx.execute(delete(parked).where(parked.c.connection == connection, parked.c.link == which))
        tx.execute(delete(appended).where(appended.c.connection == connection, appended.c.person == which))
    for _, ref in sorted(traces.records):
        tx.execute(
            delete(dead_letter).where(
                dead_letter.c.connection == connection,
                dead_letter.c.object == ref.object,
                dead_letter.c.origin_id == ref.id,
            )
        )
    _drop_conflicts(tx, connection, traces)
    _drop_notes(tx, connection)
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


def _drop_conflicts(tx: Connection, connection: str, traces: Traces) -> None:
    """Clashes of these links, and questions which records belong together that name one of their records."""
    links = set(traces.links)
    records = {(str(side), *ref) for side, ref in traces.records}
    rows = tx.execute(
        select(conflict.c.id, conflict.c.link, conflict.c.refs).where(conflict.c.connection == connection)
    )
    doomed = [
        row.id
        for row in rows
        if row.link in links or (row.link is None and any(tuple(each) in records for each in from_json(row.refs)))
    ]
    for lot in lots(tx, doomed):
        tx.execute(delete(conflict).where(conflict.c.connection == connection, conflict.c.id.in_(lot)))


def _drop_notes(tx: Connection, connection: str) -> None:
    """What people wrote while a write was waited for that has ended since: it is of no use, and was kept once."""
    waited_for = select(literal(MET.format(intent="")) + intent.c.id).where(intent.c.connection == connection)
    tx.execute(
        delete(memory).where(
            memory.c.connection == connection,
            memory.c.name.startswith(MET.format(intent=""), autoescape=True),
            memory.c.name.not_in(waited_for),
        )
    )


def _over(tx: Connection, connection: str, kind: str, side: Side, ref: RemoteRef) -> Sequence[Any]:
    """Links that are over and had this record."""
    rows = select(
        link.c.id, link.c.gone, link.c.marketing_object, link.c.marketing_id, link.c.crm_object, link.c.crm_id
    ).where(
        link.c.connection == connection,
        link.c.kind == kind,
        link.c[f"{side}_object"] == ref.object,
        link.c[f"{side}_id"] == ref.id,
        link.c.grave != "",
    )
    return tx.execute(rows).fetchall()


def _refs(row: Any) -> Pair[RemoteRef]:  # noqa: ANN401 - a result row
    return Pair(RemoteRef(row.marketing_object, row.marketing_id), RemoteRef(row.crm_object, row.crm_id))


def _named(refs: Pair[RemoteRef]) -> set[tuple[Side, RemoteRef]]:
    return {(side, ref) for side in SIDES if (ref := refs.of(side)).id}


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
