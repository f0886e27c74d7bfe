"""Dead letters by cause: how many, since when, and what to do; tried again or dropped one by one or a cause at once."""

from __future__ import annotations

from typing import Any

from syncd.core.layout import digest
from syncd.model.link import DeadLetter, LetterGroup


def cause_id(group: LetterGroup) -> str:
    """What tells a cause from others, also while the number of its records moves."""
    return digest("cause", group.kind, group.side, group.code)


def letter_document(row: DeadLetter) -> dict[str, Any]:
    """One dead letter as plain values with stable keys."""
    return {
        "id": row.id,
        "kind": row.kind,
        "side": row.side.value,
        "origin": str(row.origin),
        "code": row.code,
        "reason": row.reason,
        "advice": row.advice,
        "since": row.since,
        "attempts": row.attempts,
        "retry": row.retry,
    }


def group_document(group: LetterGroup) -> dict[str, Any]:
    """All dead letters of one cause as plain values with stable keys."""
    return {
        "kind": group.kind,
        "side": group.side.value,
        "code": group.code,
        "records": group.records,
        "retrying": group.retrying,
        "first": group.first,
        "last": group.last,
        "reason": group.reason,
        "advice": group.advice,
    }
