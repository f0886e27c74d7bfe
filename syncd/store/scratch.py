"""Records of both systems while they are matched, in a private temporary SQLite database.

SQLite gives a database without a name a file of its own, which nobody else can open and which is gone when it is
closed, also after a crash; what fits stays in memory. Nothing of it is in the store.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from syncd.model.values import Side
from syncd.ports.scratch import Kept, Shared
from syncd.store.engine import sqlite_module

_CACHE: Final = -65_536
"""KiB of pages in memory before they go to the temporary file; negative is SQLite's sign for KiB."""
_TABLES: Final = """
CREATE TABLE record (n INTEGER PRIMARY KEY, side INTEGER NOT NULL, name TEXT NOT NULL, content BLOB NOT NULL,
    mate INTEGER, step INTEGER);
CREATE TABLE token (step INTEGER NOT NULL, token BLOB NOT NULL, n INTEGER NOT NULL, side INTEGER NOT NULL);
"""
_CANDIDATES: Final = """
SELECT min(CASE WHEN t.side = 0 THEN t.n END) AS one, min(CASE WHEN t.side = 1 THEN t.n END) AS other
FROM (SELECT DISTINCT step, token, n, side FROM token WHERE step = ?) t JOIN record r ON r.n = t.n WHERE r.mate IS NULL
GROUP BY t.token HAVING sum(t.side = 0) = 1 AND sum(t.side = 1) = 1 ORDER BY 1, 2
"""
_DOUBLES: Final = """
SELECT token FROM (SELECT DISTINCT token, n FROM token WHERE step = ? AND side = ?) GROUP BY token HAVING count(*) > 1
"""
_AMBIGUOUS: Final = """
SELECT t.token FROM (SELECT DISTINCT token, n, side FROM token WHERE step = ?) t JOIN record r ON r.n = t.n
GROUP BY t.token HAVING count(DISTINCT t.side) = 2 AND sum(r.mate IS NULL) > 0
"""
_NUMBERS: Final = {Side.MARKETING: 0, Side.CRM: 1}


class SqlScratch:
    """``ports.scratch.Scratch``. Only constants of this file make up its statements; all else is a parameter."""

    def __init__(self) -> None:
        self._database: Any = sqlite_module().connect("", isolation_level=None)
        self._database.execute(f"PRAGMA cache_size = {_CACHE}")
        self._database.executescript(_TABLES)
        self._indexed = False

    def keep(self, rows: Sequence[Kept]) -> None:
        """Keeps records."""
        self._database.execute("BEGIN")
        for row in rows:
            side = _NUMBERS[row.side]
            made = self._database.execute(
                "INSERT INTO record (side, name, content) VALUES (?, ?, ?)", (side, row.name, row.content)
            )
            self._database.executemany(
                "INSERT INTO token VALUES (?, ?, ?, ?)",
                [(step, token, made.lastrowid, side) for step, token in row.tokens],
            )
        self._database.execute("COMMIT")

    def count(self, side: Side) -> int:
        """The records of a side."""
        asked = self._database.execute("SELECT count(*) FROM record WHERE side = ?", (_NUMBERS[side],))
        return int(asked.fetchone()[0])

    def pair(self, step: int) -> int:
        """Pairs records that are alone on their side with a token of this step."""
        self._index()
        made = 0
        run = self._database.execute
        run("BEGIN")
        run("DROP TABLE IF EXISTS found")
        run(f"CREATE TEMP TABLE found AS {_CANDIDATES}", (step,))
        for one, other in run("SELECT one, other FROM found"):
            if run("SELECT 1 FROM record WHERE n IN (?, ?) AND mate IS NOT NULL", (one, other)).fetchone():
                continue  # another of its tokens has paired it
            run("UPDATE record SET mate = ?, step = ? WHERE n = ?", (other, step, one))
            run("UPDATE record SET mate = ?, step = ? WHERE n = ?", (one, step, other))
            made += 1
        run("COMMIT")
        return made

    def pairs(self) -> Iterator[tuple[int, str, bytes, str, bytes]]:
        """Every pair, the marketing record first."""
        yield from self._database.execute(
            "SELECT a.step, a.name, a.content, b.name, b.content FROM record a JOIN record b ON b.n = a.mate "
            "WHERE a.side = 0 ORDER BY a.n"
        )

    def alone(self, side: Side) -> Iterator[tuple[str, bytes]]:
        """Every record of a side that is in no pair."""
        yield from self._database.execute(
            "SELECT name, content FROM record WHERE side = ? AND mate IS NULL ORDER BY n", (_NUMBERS[side],)
        )

    def doubles(self, side: Side, step: int, limit: int) -> Shared:
        """Records of one side that share a token."""
        return self._shared(_DOUBLES, (step, _NUMBERS[side]), step, f"AND r.side = {_NUMBERS[side]}", limit)

    def ambiguous(self, step: int, limit: int) -> Shared:
        """Records in no pair that share a token with records of the other side."""
        return self._shared(_AMBIGUOUS, (step,), step, "AND r.mate IS NULL", limit)

    def close(self) -> None:
        """Forgets all of it."""
        self._database.close()

    def _shared(self, groups: str, parameters: tuple[int, ...], step: int, those: str, limit: int) -> Shared:
        self._index()
        number = int(self._database.execute(f"SELECT count(*) FROM ({groups})", parameters).fetchone()[0])  # noqa: S608 - see the class
        of = f"FROM (SELECT DISTINCT token, n FROM token WHERE step = ? AND token IN ({groups})) t"  # noqa: S608 - as above
        members = f"{of} JOIN record r ON r.n = t.n WHERE 1 = 1 {those}"
        asked = (step, *parameters)
        records = int(self._database.execute(f"SELECT count(DISTINCT r.n) {members}", asked).fetchone()[0])
        names = self._database.execute(
            f"SELECT r.name {members} GROUP BY r.n ORDER BY min(t.token), r.n LIMIT ?",
            (*asked, limit),
        )
        return Shared(number, records, tuple(name for (name,) in names))

    def _index(self) -> None:
        if not self._indexed:
            self._database.execute("CREATE INDEX by_token ON token (step, token)")
            self._indexed = True
