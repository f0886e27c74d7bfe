"""The anchor of a connection's chain: the last entry of it that was pruned, from which what stays goes on."""

from __future__ import annotations

import json
from datetime import timedelta

from sqlalchemy import Connection, select

from syncd.model.keeping import Pruned
from syncd.store.codec import from_ms
from syncd.store.tables import meta


def pruned_of(tx: Connection, connection: str) -> Pruned | None:
    """What was pruned of a connection's audit so far; ``None`` if nothing was."""
    told = tx.execute(select(meta.c.value).where(meta.c.key == key_of(connection))).scalar()
    if told is None:
        return None
    number, found, upto, rows, at, age = json.loads(told)
    return Pruned(number, found, from_ms(upto), rows, from_ms(at), timedelta(seconds=age))


def key_of(connection: str) -> str:
    """Under which name ``meta`` keeps it."""
    return f"pruned:{connection}"
