"""Handoffs whose time runs out: a warning once when 75 % of it is over, a breach once when all of it is.

``escalate`` is called at the end of every live cycle; it remembers until when it has looked and who was late then, and
tells of each clock of each episode once per step. Whoever is heard of when their time is over already (restored from
the recycle bin, linked late) is told as late with the next look. The first look, and one after a first link, tell
nothing of what was late before: ``syncd report handoff`` lists everything that is late, at any time, and ``overdue``
counts it. Nobody is taken a person away here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from syncd.model.episode import Departed, Undone
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


def escalate(store: Store, now: Instant, *, first_link: bool = False) -> tuple[Late, ...]:
    """What has become due or overdue since the last look, told to the log.

    :param first_link: whether people were linked for the first time: what was late before that alarms nobody.
    """
    looked = store.recall(LATE)
    if looked is not None and looked[1] >= now:
        return ()
    rows, found = store.undone(EPOCH, now), tuple[Late, ...]()
    if looked is not None:
        found = _between(rows, looked[1], now)
        if looked[0] and not first_link:
            known = _read(looked[0])
            unheard = [each for each in _over(rows, looked[1]) if (each.person, each.clock) not in known]
            found += _never_told(store, unheard)
    tell(found)
    store.remember(LATE, _text(_over(rows, now)), now)
    return found


def note_late(store: Store) -> None:
    """Notes that whoever was late at the last look is known to be, since it was told, or is not to be."""
    looked = store.recall(LATE)
    if looked is not None:
        store.remember(LATE, _text(_over(store.undone(EPOCH, looked[1]), looked[1])), looked[1])


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
    return _between(store.undone(since, now), since, now)


def overdue(store: Store, now: Instant) -> Counter[str]:
    """How many open handoffs are late now, by clock."""
    found: Counter[str] = Counter()
    for row in store.undone(EPOCH, now):
        for clock, (_, due) in zip(CLOCKS, (row.touch, row.decision, row.work), strict=True):
            found[clock] += due is not None and due <= now
    return found


def _between(rows: Sequence[Undone], since: Instant, now: Instant) -> tuple[Late, ...]:
    found: list[Late] = []
    for row in rows:
        for clock, (warned, due) in zip(CLOCKS, (row.touch, row.decision, row.work), strict=True):
            if due is None or warned is None:
                continue
            if since < due <= now:
                found.append(Late(row.episode, row.person, clock, breached=True, due=due))
            elif since < warned <= now < due:
                found.append(Late(row.episode, row.person, clock, breached=False, due=due))
    return tuple(found)


def _over(rows: Sequence[Undone], at: Instant) -> list[Late]:
    """Everything that is late at an instant."""
    return [each for each in _between(rows, EPOCH, at) if each.breached]


def _never_told(store: Store, unheard: Sequence[Late]) -> tuple[Late, ...]:
    """Without those who were late, and told of, before their record left for a while."""
    people = sorted({each.person for each in unheard})
    left: dict[str, Instant] = {}
    for event in store.ledger_of(people) if people else ():
        if isinstance(event, Departed) and not event.back:
            left[event.person] = max(event.at, left.get(event.person, event.at))
    return tuple(each for each in unheard if each.person not in left or left[each.person] < each.due)


def _text(over: Sequence[Late]) -> bytes:
    """Who is late, as it is remembered: never empty, so that it is told from what nobody has noted."""
    return json.dumps(sorted([each.person, each.clock] for each in over), separators=(",", ":")).encode()


def _read(kept: bytes) -> set[tuple[str, str]]:
    return {(person, clock) for person, clock in json.loads(kept)}
