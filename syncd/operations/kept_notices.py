"""How notices, and what a target was told, are kept in rows of the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from syncd.model.notice import Message, Notice
from syncd.model.values import instant, stamp
from syncd.ports.outbox import TOLD, WAITING, Row


def told_to(target: str) -> str:
    """The name of the row that keeps what a target was told."""
    return f"{TOLD}{target}:"


def waiting_for(target: str) -> str:
    """Begins the names of a target's notices."""
    return f"{WAITING}{target}:"


def stored(notice: Notice) -> bytes:
    """What a waiting notice's row holds."""
    text = notice.message
    told = {"id": notice.id, "at": stamp(notice.at), "title": text.title, "body": text.body, "gravity": text.gravity}
    return orjson.dumps({**told, "key": text.key, "tries": notice.tries})


def restored(content: bytes) -> Notice | None:
    """What a row says; ``None`` if this version of syncd does not know its form."""
    try:
        told = orjson.loads(content)
        text = Message(str(told["title"]), str(told["body"]), told["gravity"], str(told.get("key", "")))
        return Notice(str(told["id"]), instant(told["at"]), text, int(told["tries"]))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None


def waiting_document(target: str, notice: Notice) -> dict[str, Any]:
    """One that waits, as plain values with stable keys; without its text, which is its target's."""
    title, tries = notice.message.title, notice.tries
    return {"target": target, "id": notice.id, "at": notice.at, "attempts": tries, "title": title}


def told_of(rows: Sequence[Row]) -> dict[str, int]:
    """What a target was told; nothing where another version of syncd keeps it otherwise: then it is told once more."""
    try:
        return {str(name): int(at) for row in rows for name, at in orjson.loads(row.content).items()}
    except (orjson.JSONDecodeError, AttributeError, TypeError, ValueError):
        return {}
