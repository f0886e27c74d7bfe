"""What was written to one field again and again lately, read from the audit: the audit is what survives a restart.

Most records were written once or twice in a day. Those are told by counting their rows alone; of the few others the
plain field names are read, and only what concerns a field that was written often enough is unsealed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select

from syncd.model.link import WRITTEN, FieldWrite
from syncd.model.values import Instant, Side
from syncd.store.codec import canonical, from_json, from_ms, to_ms
from syncd.store.database import Database
from syncd.store.dialects import among, lots, rows_among
from syncd.store.tables import audit
from syncd.store.vault import Vault

_LINKS: Final = "SELECT link FROM audit WHERE connection = ? AND link"
"""One row per write, of all days: as many as a record has, and the index alone answers it."""


class Rewrites:
    """Repeated writes of one connection."""

    def __init__(self, database: Database, connection: str, vault: Vault) -> None:
        self._database = database
        self._connection = connection
        self._vault = vault

    def written_lately(
        self, links: Sequence[str], since: Instant, times: int
    ) -> Mapping[tuple[str, str], Sequence[FieldWrite]]:
        """Per link and field, where that was written so many times at least: each write since then, oldest first."""
        with self._database.reading("read what was written lately") as tx:
            counted: Counter[str] = Counter()
            for lot in lots(tx, list(dict.fromkeys(links))):
                counted.update(link for (link,) in rows_among(tx, _LINKS, self._connection, lot))
            often = [link for link, number in counted.items() if number >= times]
            rows: list[Any] = []
            for lot in lots(tx, often):
                rows.extend(
                    tx.execute(
                        select(audit)
                        .where(
                            audit.c.connection == self._connection,
                            among(tx, audit.c.link, lot),
                            audit.c.at >= to_ms(since),
                            audit.c.outcome.in_(WRITTEN),
                        )
                        .order_by(audit.c.seq)
                    )
                )
            named = [[field for field, *_ in from_json(row.changes)] for row in rows]
            fields = Counter((row.link, field) for row, names in zip(rows, named, strict=True) for field in names)
            hot = {key for key, number in fields.items() if number >= times}
            keys = self._vault.keys(tx, sorted({link for link, _ in hot})) if hot else {}
        found: dict[tuple[str, str], list[FieldWrite]] = defaultdict(list)
        for row, names in zip(rows, named, strict=True):
            if any((row.link, field) in hot for field in names):
                for field, (_, after) in zip(names, self._opened(row, keys.get(row.link)), strict=False):
                    if (row.link, field) in hot:
                        found[row.link, field].append(FieldWrite(Side(row.side), canonical(after), from_ms(row.at)))
        return found

    def _opened(self, row: Any, key: bytes | None) -> Sequence[Any]:  # noqa: ANN401 - a result row
        """Before and after of each change; nothing where the key was destroyed."""
        opened = self._vault.open(key, link=row.link, intent=row.intent, attempt=row.attempt, sealed=bytes(row.sealed))
        values: Sequence[Any] = () if opened is None else from_json(opened)
        return values
