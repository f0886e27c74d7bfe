"""When each side's calls of the day are used up, from what its vendor has counted lately; of the store alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from syncd.core.pace import Outlook, outlook, read
from syncd.core.reserve import shares
from syncd.model.values import SIDES, Instant, Side
from syncd.ports.memory import CALLS
from syncd.ports.store import Store


def outlooks(store: Store, now: Instant) -> dict[Side, Outlook]:
    """Of both sides; one whose vendor never told a count is not known."""
    found: dict[Side, Outlook] = {}
    for side in SIDES:
        kept = store.recall(CALLS.format(side=side))
        found[side] = outlook(read(kept[0]) if kept else [], now)
    return found


def outlook_words(told: Outlook, now: Instant) -> str:
    """The same as one sentence, without what is used and allowed."""
    if told.last is None:
        return "not known: the vendor tells no count of the day's calls"
    if not told.known:
        return "not known yet when they are used up: too little was observed lately"
    if told.last.spent:
        return f"all {told.last.limit:,} are used up since {told.last.at:%H:%M} UTC; it goes on with new ones"
    if told.at is None:
        return "at this pace they last until there are new ones"
    day = "" if told.at.date() == now.date() else " tomorrow"
    return f"at this pace all {told.last.limit:,} are used up at {told.at:%H:%M} UTC{day}, unless new ones come before"


def reserve_words(told: Outlook) -> str:
    """What is kept for other programs, how far each lane goes and which one waits, as one sentence; nothing where none
    is kept.
    """
    if told.last is None or not told.last.reserve:
        return ""
    up_to = {
        share: [lane.value for lane, each in shares(told.last.reserve).items() if each == share]
        for share in sorted(set(shares(told.last.reserve).values()))
    }
    stops = ", ".join(
        f"{' and '.join(names)} {'waits' if told.waits.issuperset(names) else 'stops'} from {share} % used"
        for share, names in up_to.items()
        if share < 100
    )
    return f"{told.last.reserve} % are kept for other programs: {stops}; opt-outs and handoffs go on"


def outlook_document(told: Outlook) -> dict[str, Any]:
    """The same as plain values with stable keys."""
    last = told.last
    return {
        "used": None if last is None else last.used,
        "limit": None if last is None else last.limit,
        "counted_at": None if last is None else last.at,
        "per_hour": None if told.per_hour is None else round(told.per_hour, 1),
        "known": told.known,
        "exhausted_at": told.at,
        "lasts": told.lasts,
        "reserve": 0 if last is None else last.reserve,
        "lanes": {
            lane.value: {"up_to": share, "waits": lane in told.waits}
            for lane, share in shares(0 if last is None else last.reserve).items()
        },
    }


def outlooks_document(told: Mapping[Side, Outlook]) -> dict[str, Any]:
    """By side."""
    return {side.value: outlook_document(each) for side, each in told.items()}
