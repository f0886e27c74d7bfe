"""Links and their bases: the page lookup of every cycle, and the upserts of a settled page.

The lookup is the hottest read of syncd (every record of every page), so it runs one prepared text on the driver's own
cursor and builds the frozen objects straight from the row. A base stays the text it is until somebody asks for a value
(``snapshot``).

Refuses a second live link for one record (``Bug`` with both ids) and a base for a link that does not exist.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, bindparam, func, select, update
from sqlalchemy.exc import IntegrityError

from syncd.model.errors import Bug
from syncd.model.link import Base, Link, Linked, LinkState, Proof
from syncd.model.remote import RemoteRef
from syncd.model.values import Pair, Side
from syncd.store.codec import from_ms, to_ms
from syncd.store.database import Database
from syncd.store.dialects import among, lots, only, rows_among, upsert
from syncd.store.snapshot import Snapshots
from syncd.store.tables import link as t
from syncd.store.words import note_words

_LINK_COLUMNS: Final = "id, kind, marketing_object, marketing_id, crm_object, crm_id, proof, since, grave, keyed, gone"
_ALL_COLUMNS: Final = f"{_LINK_COLUMNS}, agreed_set, marketing_set, crm_set, base"
_BY_ID: Final = f"SELECT {_ALL_COLUMNS} FROM link WHERE connection = ? AND id"  # noqa: S608 - constants
_THOSE: Final = (t.c.connection == bindparam("c"), t.c.kind == bindparam("k"))
_COUNT: Final = select(func.count()).where(*_THOSE, t.c.grave == "")
_BEHIND: Final = (
    select(*(t.c[name] for name in _LINK_COLUMNS.split(", ")))
    .where(*_THOSE, t.c.id > bindparam("after"))
    .order_by(t.c.id)
    .limit(bindparam("most"))
)
_PROOFS: Final = {str(proof): proof for proof in Proof}
_FORGOTTEN: Final = str(LinkState.FORGOTTEN)
_GONE: Final[Mapping[str | None, Side | None]] = {
    None: None,
    "marketing": Side.MARKETING,
    "crm": Side.CRM,
    _FORGOTTEN: None,
}
_KEYED: Final = tuple(Pair(marketing=bool(bits & 1), crm=bool(bits & 2)) for bits in range(4))
_STREAM_LOT: Final = 2_000
_Row: TypeAlias = tuple[Any, ...]


class Links:
    """Reads links of one connection."""

    def __init__(self, database: Database, connection: str, snapshots: Snapshots) -> None:
        self._database = database
        self._connection = connection
        self._snapshots = snapshots

    def linked(self, kind: str, side: Side, refs: Sequence[RemoteRef]) -> Mapping[RemoteRef, Linked]:
        """Links (tombstones too) and bases of these refs of one side.

        Of a ref with a live link and others the live one is told, else what is left of a forgotten person, else the
        youngest tombstone.
        """
        object_at, id_at = (2, 3) if side is Side.MARKETING else (4, 5)
        found: dict[RemoteRef, Linked] = {}
        best: dict[tuple[str, str], _Row] = {}
        with self._database.reading("read links") as tx:
            for row in self._rows(tx, _ALL_COLUMNS, kind, side, refs):
                key = (row[object_at], row[id_at])
                other = best.get(key)
                if other is None or _rank(row) > _rank(other):
                    best[key] = row
        for row in best.values():
            link = _link(row)
            found[link.refs.of(side)] = Linked(link, self._base(row))
        return found

    def by_link(self, ids: Sequence[str]) -> Mapping[str, Linked]:
        """Links and bases by link id; ids that do not exist are not in the answer."""
        with self._database.reading("read links") as tx:
            rows = [
                row
                for lot in lots(tx, list(dict.fromkeys(ids)))
                for row in rows_among(tx, _BY_ID, self._connection, lot)
            ]
        # Only now: to learn a new set of field names takes a connection of its own.
        return {row[0]: Linked(_link(row), self._base(row)) for row in rows}

    def links(self, kind: str) -> Iterator[Link]:
        """All links of a kind in id order; lots of a short transaction each, so nothing is held open between them."""
        after = ""
        while lot := self.links_after(kind, after, _STREAM_LOT):
            yield from lot
            after = lot[-1].id

    def links_after(self, kind: str, after: str, limit: int) -> Sequence[Link]:
        """At most so many links of a kind in id order, from behind an id."""
        behind = {"c": self._connection, "k": kind, "after": after, "most": limit}
        return [_link(row) for row in self._database.once("read links", _BEHIND, behind)]

    def link_ids(self, kind: str, side: Side, refs: Sequence[RemoteRef]) -> Mapping[RemoteRef, str]:
        """Live link ids of these refs."""
        columns = f"{side}_object, {side}_id, id, grave"
        with self._database.reading("read link ids") as tx:
            rows = self._rows(tx, columns, kind, side, refs)
            return {RemoteRef(sort, ref): which for sort, ref, which, grave in rows if not grave}

    def count_links(self, kind: str) -> int:
        """Live links of a kind."""
        return int(only(self._database.once("count links", _COUNT, {"c": self._connection, "k": kind})))

    def _rows(self, tx: Connection, columns: str, kind: str, side: Side, refs: Sequence[RemoteRef]) -> Iterator[_Row]:
        by_object: dict[str, list[str]] = defaultdict(list)
        for ref in dict.fromkeys(refs):
            by_object[ref.object].append(ref.id)
        asked = f"connection = ? AND kind = ? AND {side}_object = ? AND {side}_id"
        text = f"SELECT {columns} FROM link WHERE {asked}"  # noqa: S608 - constants of this module and a Side
        for sort, ids in by_object.items():
            for lot in lots(tx, ids):
                yield from rows_among(tx, text, self._connection, lot, kind, sort)

    def _base(self, row: _Row) -> Base | None:
        return None if row[14] is None else self._snapshots.decode(row[11], row[12], row[13], row[14])


def _rank(row: _Row) -> tuple[bool, bool, int, str]:
    """Live before dead, forgotten before other dead ones, the younger, then anything that is the same each time."""
    return not row[8], row[10] == _FORGOTTEN, row[7], row[0]


def _link(row: Sequence[Any]) -> Link:
    return Link(
        row[0],
        row[1],
        Pair(RemoteRef(row[2], row[3]), RemoteRef(row[4], row[5])),
        _PROOFS[row[6]],
        from_ms(row[7]),
        LinkState.LIVE if not row[8] else LinkState.FORGOTTEN if row[10] == _FORGOTTEN else LinkState.TOMBSTONE,
        _KEYED[row[9]],
        _GONE[row[10]],
    )


# -- writing, inside the transaction of a settlement -----------------------------------------------------------------
def write_links(tx: Connection, connection: str, links: Sequence[Link]) -> None:
    """Upserts links; bases stay as they are.

    :raises Bug: if a record would be in two live links.
    """
    if not links:
        return
    # Tombstones first: what a merge takes from one link it gives to another in the same settlement.
    rows = sorted((_columns(connection, link) for link in links), key=lambda row: not row["grave"])
    statement = upsert(tx, t, keep=("agreed_set", "marketing_set", "crm_set", "base"))
    try:
        with tx.begin_nested():
            tx.execute(statement, rows)
    except IntegrityError:
        # Two links may swap their records: out of the way first, then all again.
        try:
            with tx.begin_nested():
                aside = update(t).where(t.c.connection == connection, t.c.id == bindparam("which"))
                tx.execute(aside.values(grave=t.c.id), [{"which": link.id} for link in links])
                tx.execute(statement, rows)
        except IntegrityError as error:
            raise _taken(tx, connection, links) from error


def write_bases(tx: Connection, connection: str, bases: Sequence[tuple[str, Base]], snapshots: Snapshots) -> None:
    """Stores bases of links that exist; ``snapshots.prepare`` was called with them before.

    :raises Bug: if one of the links does not exist.
    """
    if not bases:
        return
    rows = []
    latest = dict(bases)
    note_words(tx, connection, latest)
    for which, base in latest.items():
        agreed_set, marketing_set, crm_set, text = snapshots.encode(base)
        rows.append((agreed_set, marketing_set, crm_set, text, connection, which))
    text = "UPDATE link SET agreed_set = ?, marketing_set = ?, crm_set = ?, base = ? WHERE connection = ? AND id = ?"
    done = tx.exec_driver_sql(text.replace("?", "%s") if tx.dialect.name == "postgresql" else text, rows)
    if done.rowcount != len(rows):
        there: set[str] = set()
        for lot in lots(tx, [row[5] for row in rows]):
            there.update(
                tx.execute(select(t.c.id).where(t.c.connection == connection, among(tx, t.c.id, lot))).scalars()
            )
        lacking = sorted({row[5] for row in rows} - there)
        raise Bug(
            f"settlement: bases of links that do not exist: {', '.join(lacking[:5])}; settle their links with them"
        )


def _columns(connection: str, link: Link) -> dict[str, Any]:
    return {
        "connection": connection,
        "id": link.id,
        "kind": link.kind,
        "marketing_object": link.refs.marketing.object,
        "marketing_id": link.refs.marketing.id,
        "crm_object": link.refs.crm.object,
        "crm_id": link.refs.crm.id,
        "proof": str(link.proof),
        "since": to_ms(link.since),
        "grave": "" if link.state is LinkState.LIVE else link.id,
        "keyed": link.keyed.marketing + 2 * link.keyed.crm,
        "gone": _FORGOTTEN if link.state is LinkState.FORGOTTEN else None if link.gone is None else str(link.gone),
    }


def _taken(tx: Connection, connection: str, links: Sequence[Link]) -> Bug:
    """Finds the two links that want one record: both in the settlement, or one of them stored before."""
    seen: dict[tuple[str, Side, RemoteRef], str] = {}
    for link in links:
        if link.state is not LinkState.LIVE:
            continue
        for side in Side:
            ref = link.refs.of(side)
            stored = tx.execute(
                select(t.c.id).where(
                    t.c.connection == connection,
                    t.c.kind == link.kind,
                    t.c[f"{side}_object"] == ref.object,
                    t.c[f"{side}_id"] == ref.id,
                    t.c.grave == "",
                    t.c.id.not_in([each.id for each in links]),
                )
            ).scalar()
            other = stored or seen.setdefault((link.kind, side, ref), link.id)
            if other != link.id:
                return Bug(
                    f"link {link.id} and link {other} both claim {side} {ref}; a record is in at most one live link: "
                    "end one of them (tombstone) in the same settlement"
                )
    return Bug("links: the store refused a link that breaks no rule known to syncd; please report this")
