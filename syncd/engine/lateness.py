"""Handoffs whose time runs out: a warning once when 75 % of it is over, a breach once when all of it is.

``escalate`` is called at the end of every live cycle; it remembers until when it has looked, and tells of each clock of
each episode once per step. The first look tells nothing of what was late before: ``syncd report handoff`` lists
everything that is late, at any time, and ``overdue`` counts it. Nobody is taken a person away here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from syncd.model.values import Instant, Side, stamp
from syncd.observe.log import emit
from syncd.ports.memory import LATE, UNHEARD
from syncd.ports.store import Store

CLOCKS = ("touch", "decision", "work")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Late:
    """One clock of one open episode. ``breached`` says that its time is over, else three quarters of it are."""

    episode: str
    person: str
    clock: str
    breached: bool
    due: Instant


def escalate(store: Store, now: Instant) -> tuple[Late, ...]:
    """What has become due or overdue since the last look, told to the log."""
    looked = store.recall(LATE)
    found = () if looked is None or looked[1] >= now else late(store, since=looked[1], now=now)
    tell(found)
    if looked is None or looked[1] < now:
        store.remember(LATE, b"", now)
    return found


def tell_unheard(store: Store, kept: Mapping[Side, Instant], now: Instant) -> None:
    """Tells once, when it begins, that nobody is told to be late, since what sales does is not read for now.

    :param kept: by side until when its calls are kept for other programs; none where what sales does is read.
    """
    noted = store.recall(UNHEARD)
    if bool(kept) == (noted is not None and noted[0] != b""):
        return
    if kept:
        side = max(kept, key=kept.__getitem__)
        emit("handoff.unheard", side=str(side), until=kept[side].isoformat())
    store.remember(UNHEARD, b"yes" if kept else b"", now)


def tell(found: Iterable[Late]) -> None:
    """To the log, and so to the metrics and whoever is notified."""
    for each in found:
        until = stamp(each.due)
        if each.breached:
            emit("handoff.overdue", episode=each.episode, link=each.person, clock=each.clock, until=until)
        else:
            emit("handoff.due", episode=each.episode, link=each.person, clock=each.clock, until=until)


def late(store: Store, *, since: Instant, now: Instant) -> tuple[Late, ...]:
    """What became due or overdue after one instant and up to another, and is undone; a breach alone where both are."""
    found: list[Late] = []
    for row in store.undone(since, now):
        for clock, (warned, due) in zip(CLOCKS, (row.touch, row.decision, row.work), strict=True):
            if due is None or warned is None:
                continue
            if since < due <= now:
                found.append(Late(row.episode, row.person, clock, breached=True, due=due))
            elif since < warned <= now < due:
                found.append(Late(row.episode, row.person, clock, breached=False, due=due))
    return tuple(found)


def overdue(store: Store, now: Instant) -> Counter[str]:
    """How many open handoffs are late now, by clock."""
    found: Counter[str] = Counter()
    for row in store.undone(EPOCH, now):
        for clock, (_, due) in zip(CLOCKS, (row.touch, row.decision, row.work), strict=True):
            found[clock] += due is not None and due <= now
    return found
