"""What of all that was heard is news to a target: one entry per state, not one per time it was seen.

A state is an event with the keys that name something; counts, instants and sentences among its keys may change while it
stands. It is told when it begins, once more after ``repeat`` seconds if it is still heard of then, at once if it ended
in between, and when it is over, to whoever was told of it. Whatever is told twice by two processes, or once more after
a crash, is told once here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
    "store.accepted": "store.restored",
    "config.loaded": "config.refused",
    "vendor.up": "vendor.down",
}
"""Which event ends which state, as far as the keys that both have are the same."""
_ENDED: Final = frozenset(ENDS.values())
LASTS: Final = timedelta(days=30)
"""After so long nobody takes a state whose end was not heard for one that lasts."""
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
SYMPTOMS: Final = frozenset({"run.failed", "turn.failed"})
"""What follows from a vendor's outage in every cycle: whoever was told of that is not told of these while it lasts."""
OUTAGE: Final = "vendor.down"

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
    again = {each for each, when in told.items() if repeat and at - when >= repeat * 1000}
    known = {each: when for each, when in told.items() if each not in again or _may_stand(each, at - when)}
    found: list[News] = []
    for each in together(heard):
        over = _end(each, known)
        if each.event not in target.events:
            if over:
                found.append(News(each.event, tuple(item for item, _ in over[:NAMED]), len(over), _names(over)))
            continue
        if each.event in SYMPTOMS and any(name.partition("\t")[0] == OUTAGE for name in known):
            continue
        names = [(state(each.event, item), item) for item in each.items]
        fresh = [(name, item) for name, item in names if name not in known or name in again]
        if each.event not in OCCURRENCES:
            known |= {name: at for name, _ in fresh}
            again.difference_update(name for name, _ in fresh)
        if fresh or each.more:
            named = tuple(item for _, item in fresh[:NAMED])
            found.append(News(each.event, named, len(fresh) + each.more, _names(over)))
    latest = sorted(known.items(), key=lambda entry: entry[1])[-REMEMBERED:]
    return tuple(found), dict(latest)


def _end(heard: Heard, known: Told) -> list[tuple[Item, list[str]]]:
    """Forgets what an event ended, so that its next beginning is told at once; the items that ended something."""
    over: list[tuple[Item, list[str]]] = []
    for item in heard.items if heard.event in ENDS else ():
        names = ended_by(heard.event, item, known)
        for name in names:
            del known[name]
        if names:
            over.append((item, names))
    return over


def _names(over: Iterable[tuple[Item, list[str]]]) -> tuple[str, ...]:
    return tuple(name for _, names in over for name in names)


def ended_by(event: str, item: Item, names: Iterable[str]) -> list[str]:
    """Which of these states are over by an event."""
    if item.get("held", "0") != "0":  # a part was released; the rest of it is held as before
        return []
    ended = ENDS[event]
    parts = {f"{key}={value}" for key, value in item.items() if key not in CHANGING}
    keys = {part.partition("=")[0] for part in parts}
    found: list[str] = []
    for name in names:
        if name.partition("\t")[0] == ended:
            shared = {part for part in name.split("\t")[1:] if part.partition("=")[0] in keys}
            if shared <= parts:
                found.append(name)
    return found


def has_end(event: str) -> bool:
    """Whether the end of the state that an event tells of would be heard."""
    return event in _ENDED


def is_page(each: News, pages: frozenset[str]) -> bool:
    """Whether it waits for nothing: a page, or that one is over."""
    return each.event in pages or ENDS.get(each.event) in pages


def apart(found: Iterable[News]) -> Iterator[tuple[str, News]]:
    """Each state by itself, with the name that its beginning and its end share; what is only counted has none."""
    for each in found:
        for item in each.named:
            ended = ended_by(each.event, item, each.ended) if each.event in ENDS else []
            for name in ended or [state(each.event, item)]:
                yield name, News(each.event, (item,), 1, tuple(ended))
        if each.count > len(each.named):
            yield "", News(each.event, (), each.count - len(each.named))


def _may_stand(name: str, ms: int) -> bool:
    """Whether a state that was told of so long ago may last: its end would have been heard."""
    return name.partition("\t")[0] in _ENDED and ms < LASTS / timedelta(milliseconds=1)


def standing(told: Iterable[str]) -> tuple[str, ...]:
    """The states among these whose end would have been heard, so that they stand still."""
    return tuple(sorted(name for name in told if name.partition("\t")[0] in _ENDED))


def _ms(at: datetime) -> int:
    return round((at - datetime.fromtimestamp(0, at.tzinfo)) / timedelta(milliseconds=1))
