"""Words to find people by: rows that follow the bases they are made of, in the same transaction.

Only differences are written: a base that moved without its names costs one look at the old one. Nothing is here that is
not in the base: whoever is forgotten loses both together.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Connection, bindparam, select, tuple_

from syncd.core.words import is_searched, words_of
from syncd.model.link import Base
from syncd.store.database import Database
from syncd.store.dialects import driver_of, lots, only, rows_among, run
from syncd.store.tables import field_set, link, search_word

LAST: Final = chr(sys.maxunicode)
"""Behind every letter: a prefix with it is the end of what begins with the prefix."""
_LOT: Final = 5_000
_OLD: Final = "SELECT id, agreed_set, base FROM link WHERE connection = ? AND base IS NOT NULL AND id"
_NAMED: Final = select(field_set.c.names).where(field_set.c.id == bindparam("n"))
_Rows = list[tuple[str, str, str]]


class Words:
    """Finds links of one connection by words."""

    def __init__(self, database: Database, connection: str) -> None:
        self._database = database
        self._connection = connection

    def links_with(self, prefix: str, limit: int) -> Sequence[str]:
        """Ids of at most so many links with a word that begins so, in the order of those words."""
        t = search_word
        statement = (
            select(t.c.word, t.c.link)
            .where(t.c.connection == self._connection, t.c.word >= prefix, t.c.word <= prefix + LAST)
            .order_by(t.c.word, t.c.link)
            .limit(limit)
        )
        found: dict[str, None] = {}
        with self._database.reading("look for a word") as tx:
            rows = tx.execute(statement).fetchall()
            found.update((row.link, None) for row in rows)
            while len(rows) == limit and len(found) < limit:  # some have several such words
                further = tuple_(t.c.word, t.c.link) > tuple_(rows[-1].word, rows[-1].link)
                rows = tx.execute(statement.where(further)).fetchall()
                found.update((row.link, None) for row in rows)
        return list(found)[:limit]


# -- writing, inside the transaction of a settlement -----------------------------------------------------------------
def note_words(tx: Connection, connection: str, bases: Mapping[str, Base]) -> None:
    """Brings the words of these links up to date; their old bases are still stored."""
    names = _Names(tx)
    old = {
        which: names.words(agreed_set, text)
        for lot in lots(tx, list(bases))
        for which, agreed_set, text in rows_among(tx, _OLD, connection, lot)
    }
    nothing: frozenset[str] = frozenset()
    gone: _Rows = []
    fresh: _Rows = []
    for which, base in bases.items():
        before, after = old.get(which, nothing), words_of(base.agreed)
        gone += [(connection, word, which) for word in before - after]
        fresh += [(connection, word, which) for word in after - before]
    _write(tx, gone, fresh)


def forget_words(tx: Connection, connection: str, links: Sequence[str]) -> None:
    """Removes all words of these links; their bases are still stored."""
    names = _Names(tx)
    gone = [
        (connection, word, which)
        for lot in lots(tx, list(links))
        for which, agreed_set, text in rows_among(tx, _OLD, connection, lot)
        for word in names.words(agreed_set, text)
    ]
    _write(tx, gone, [])


def index_all(tx: Connection) -> None:
    """Fills the index from every base there is, for a store that had none."""
    names = _Names(tx)
    for lot in _every_base(tx):
        fresh = [
            (connection, word, which)
            for connection, which, agreed_set, text in lot
            for word in names.words(agreed_set, text)
        ]
        _write(tx, [], fresh)


def _every_base(tx: Connection) -> Iterator[Sequence[Any]]:
    t = link
    after: tuple[str, str] = ("", "")
    while True:
        behind = (t.c.connection > after[0]) | ((t.c.connection == after[0]) & (t.c.id > after[1]))
        lot = tx.execute(
            select(t.c.connection, t.c.id, t.c.agreed_set, t.c.base)
            .where(behind, t.c.base.is_not(None))
            .order_by(t.c.connection, t.c.id)
            .limit(_LOT)
        ).fetchall()
        if not lot:
            return
        yield lot
        after = lot[-1].connection, lot[-1].id


class _Names:
    """Which values of a stored base hold names, by its field set; what was once written never changes."""

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._known: dict[int, list[tuple[int, str]]] = {}

    def words(self, agreed_set: int, text: str) -> frozenset[str]:
        """The words of a base as it is stored."""
        places = self._known.get(agreed_set)
        if places is None:
            listed = enumerate(orjson.loads(only(run(self._tx, _NAMED, {"n": agreed_set}))))
            places = self._known[agreed_set] = [(at, name) for at, name in listed if is_searched(name)]
        if not places:
            return frozenset()
        agreed = orjson.loads(text)[0]
        return words_of({name: _value(agreed[at]) for at, name in places})


def _value(value: Any) -> Any:  # noqa: ANN401 - JSON is whatever it is
    return tuple(value) if value.__class__ is list else value


def _write(tx: Connection, gone: _Rows, fresh: _Rows) -> None:
    for rows, text in (
        (gone, "DELETE FROM search_word WHERE connection = ? AND word = ? AND link = ?"),
        (fresh, "INSERT INTO search_word (connection, word, link) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"),
    ):
        if not rows:
            continue
        rows.sort()  # neighbours in the index are written beside each other
        if tx.dialect.name == "sqlite":
            driver_of(tx.connection).executemany(text, rows)
        else:
            tx.exec_driver_sql(text.replace("?", "%s"), rows)
