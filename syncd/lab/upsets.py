"""What upsets a simulated syncd from within its own house: stored positions that cannot be used, another mapping.

Neither is a vendor's fault, and neither may cost anybody a value: a position that is no use is noticed and everything
is compared (F29); writes that were under way when the mapping changed are ended by what they were, and planned anew
(F67).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import orjson

from syncd.core.planner import digest
from syncd.lab.arena import other_policy
from syncd.model.remote import Cursor
from syncd.model.run import StoredCursor
from syncd.model.values import Instant
from syncd.ports.store import Settlement
from syncd.settings.accounts import ConnectionSettings
from syncd.store import SqlStore

DAYS: Final = 24 * 3_600_000
MILLIS: Final = 1_000_000_000_000
"""A number above it is a moment in milliseconds."""


def spoil(store: SqlStore, pick: int, now: Instant) -> str:
    """One of the stored positions is changed as no syncd would. Returns what became of which stream, or nothing."""
    rows = store.cursors()
    if not rows:
        return ""
    row = rows[pick % len(rows)]
    name, how = HOWS[pick // 7 % len(HOWS)]
    spoilt = StoredCursor(row.kind, row.side, row.stream, Cursor(how(row.cursor)), row.moved_at)
    store.settle(Settlement(cursors=[spoilt]), now)
    return f"{row.kind} {row.side} {row.stream.partition(':')[0]} {name}"


def _half(cursor: str) -> str:
    return cursor[: len(cursor) // 2]


def _shifted(days: int) -> Callable[[str], str]:
    def moved(value: Any) -> Any:  # noqa: ANN401 - JSON of either connector
        match value:
            case dict():
                return {name: moved(each) for name, each in value.items()}
            case int() if value > MILLIS:
                return value + days * DAYS
            case str() if value[:2] == "20" and "T" in value:
                return (Instant.fromisoformat(value) + timedelta(days=days)).isoformat()
        return value

    def shift(cursor: str) -> str:
        try:
            return orjson.dumps(moved(orjson.loads(cursor))).decode()
        except orjson.JSONDecodeError:
            return cursor  # spoilt before

    return shift


HOWS: Final[Sequence[tuple[str, Callable[[str], str]]]] = (
    ("is unreadable", _half),
    ("lies in the future", _shifted(30)),
    ("is older than what is kept", _shifted(-20)),
)


def remapped(settings: ConnectionSettings, pick: int) -> ConnectionSettings:
    """The same fields under other policies: a mapping of another hash, as somebody may put in force at any time."""
    chance = random.Random(f"remapped {pick}")
    kinds = tuple(
        replace(
            kind,
            fields=tuple(other_policy(each, chance) for each in kind.fields),
            hash=digest(kind.hash, f"remapped {pick}"),
        )
        for kind in settings.connection.kinds
    )
    return replace(settings, connection=replace(settings.connection, kinds=kinds))
