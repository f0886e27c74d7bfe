"""What of all that was heard is news to a target: one entry per state, not one per time it was seen.

A state is an event with the keys that name something; counts, instants and sentences among its keys may change while it
stands. It is told when it begins, once more after ``repeat`` seconds if it is still heard of then, and at once if it
ended in between. Whatever is told twice by two processes, or once more after a crash, is told once here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from syncd.model.notice import Heard, Item, News, Target
from syncd.model.values import Instant

NAMED: Final = 10
"""So many of one kind of event are named in a message; the rest is counted."""
REMEMBERED: Final = 2_000
"""So many states are remembered as told, the latest."""
CHANGING: Final = frozenset(
    [
        "after",
        "at",
        "attempt",
        "attempts",
        "audit_head",
        "bytes",
        "calls",
        "counts",
        "digest",
        "due",
        "epoch",
        "exit",
        "held",
        "jobs",
        "limit",
        "ms",
        "page",
        "quota_left",
        "reason",
        "records",
        "run",
        "cycle",
        "share",
        "since",
        "status",
        "turns",
        "until",
        "used",
        "waited",
    ]
)
"""Keys that say how a state stands, and not which one it is."""
ENDS: Final[Mapping[str, str]] = {
    "brake.released": "brake.held",
    "side.itself_again": "side.not_itself",
    "side.polled_again": "side.stalled",
    "dead_letters.few": "dead_letters.many",
    "service.recovered": "service.troubled",
}
"""Which event ends which state, as far as the keys that both have are the same."""
OCCURRENCES: Final = frozenset(
    {
        *ENDS,
        "brake.answered",
        "conflict.resolved",
        "run.finished",
        "service.started",
        "service.stopped",
        "store.accepted",
        "worker.dead",
    }
)
"""Events after which nothing stands: each is news, however alike they are."""

Told = dict[str, int]
"""States, and when each was told last, in milliseconds."""


def state(event: str, item: Item) -> str:
    """The name of the state that an event tells of: ids and names, readable and without values."""
    return "\t".join((event, *(f"{key}={item[key]}" for key in sorted(item) if key not in CHANGING)))


def together(heard: Iterable[Heard]) -> tuple[Heard, ...]:
    """One entry per kind of event, in the order in which each was first heard; the same state counts once."""
    found: dict[str, tuple[Instant, dict[str, Item], int]] = {}
    for each in sorted(heard, key=lambda one: one.at):
        at, items, more = found.get(each.event, (each.at, {}, 0))
        items |= {state(each.event, item): item for item in each.items}
        found[each.event] = at, items, more + each.more
    return tuple(Heard(event, at, tuple(items.values()), more) for event, (at, items, more) in found.items())


def news(
    heard: Iterable[Heard], target: Target, told: Mapping[str, int], *, now: Instant, repeat: float
) -> tuple[tuple[News, ...], Told]:
    """What a target is told now, and what it was told by then.

    :param told: what it was told before.
    :param repeat: seconds, as in ``Telling``.
    """
    at = _ms(now)
    known = {each: when for each, when in told.items() if not repeat or at - when < repeat * 1000}
    found: list[News] = []
    for each in together(heard):
        _end(each, known)
        if each.event not in target.events:
            continue
        fresh = [(name, item) for item in each.items if (name := state(each.event, item)) not in known]
        if each.event not in OCCURRENCES:
            known |= {name: at for name, _ in fresh}
        if fresh or each.more:
            found.append(News(each.event, tuple(item for _, item in fresh[:NAMED]), len(fresh) + each.more))
    latest = sorted(known.items(), key=lambda entry: entry[1])[-REMEMBERED:]
    return tuple(found), dict(latest)


def _end(heard: Heard, known: Told) -> None:
    """Forgets what an event ended, so that its next beginning is told at once."""
    ended = ENDS.get(heard.event)
    if ended is None:
        return
    for item in heard.items:
        if item.get("held", "0") != "0":  # a part was released; the rest of it is held as before
            continue
        names = {f"{key}={value}" for key, value in item.items() if key not in CHANGING}
        keys = {name.partition("=")[0] for name in names}
        for name in [each for each in known if each.partition("\t")[0] == ended]:
            shared = {part for part in name.split("\t")[1:] if part.partition("=")[0] in keys}
            if shared <= names:
                del known[name]


def _ms(at: datetime) -> int:
    return round((at - datetime.fromtimestamp(0, at.tzinfo)) / timedelta(milliseconds=1))
