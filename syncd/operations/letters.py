"""What is refused, by cause: how many, since when, what to do; tried again or dropped one by one or a cause at once.

Of one cause the hottest come first: whoever had the most points when they were refused, then opt-outs and handoffs,
then the oldest.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from syncd.model.heat import LeadHeat
from syncd.model.link import DeadLetter, LetterGroup, ParkedGroup
from syncd.model.rating import HUNDREDTHS


def heat_document(heat: LeadHeat) -> dict[str, Any]:
    """How hot the person was when they were refused, as plain values with stable keys."""
    points = heat.points
    whole = None if points is None else points // HUNDREDTHS if points % HUNDREDTHS == 0 else points / HUNDREDTHS
    return {"grade": heat.grade, "points": whole, "lane": heat.lane.value}


def cause_id(group: LetterGroup) -> str:
    """What tells a cause from others, also while the number of its records moves."""
    named = f"{group.kind}\n{group.side}\n{group.code}"
    return blake2b(named.encode(), digest_size=12).hexdigest()


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
        "last": row.last or row.since,
        "heat": heat_document(row.heat),
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


def parked_group_document(group: ParkedGroup) -> dict[str, Any]:
    """All parked fields of one cause as plain values with stable keys."""
    return {
        "kind": group.kind,
        "side": group.side.value,
        "field": group.field,
        "code": group.code,
        "records": group.records,
        "first": group.first,
        "last": group.last,
        "reason": group.reason,
        "advice": group.advice,
    }
