"""Whose clock runs: who had a person and for how long, and what of sales' time was used by then.

A *tenure* is the time in which one owner has the person. Every stretch of a clock is counted by the calendar of whoever
had the person then, so what is over is over: a later owner neither mends nor breaks what was done or missed before.
Time begins anew for the first touch only where somebody is assigned: picked up from a queue, or given to another owner
since nobody touched them. Each of these is a clock of its own, with an end of its own: when the next one begins, or
with the touch. What is handed from one person of sales to another goes on, since the clock is the person's who waits.

Promises: exact to the microsecond; a day that is used in part by one calendar leaves the same part of the other's day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import Final

from syncd.core.book import WARNED, Book
from syncd.model.episode import HandedOn
from syncd.model.lifecycle import Span
from syncd.model.routing import QUEUE, USER
from syncd.model.values import Instant

_MICROSECOND: Final = timedelta(microseconds=1)
_WHOLE: Final = 1, 1


@dataclass(frozen=True, slots=True)
class Tenure:
    """``owner`` has the person from ``since`` on, ``None`` for nobody known; ``assigned`` says that this begins the
    first-touch time anew, ``picked`` that it was out of a queue.
    """

    since: Instant
    owner: str | None
    assigned: bool = False
    picked: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    """When a warning is due and when the time is over, ``None`` where nobody set a limit, or nothing began; ``owner``
    had the person then, or had them when it was done.
    """

    warned: Instant | None = None
    due: Instant | None = None
    owner: str | None = None


NO_LIMIT: Final = Limit()


@dataclass(frozen=True, slots=True)
class Clocked:
    """What a clock came to. ``judged`` is the first limit that ran out, else the last one; ``runs`` the last one, by
    which whoever has the person now is warned. ``spent`` is business
    time from beginning to end, ``None`` without one of the two. ``assigned`` is when the last clock began, if somebody
    picked the person up then.
    """

    spent: timedelta | None = None
    judged: Limit = NO_LIMIT
    runs: Limit = NO_LIMIT
    assigned: Instant | None = None


def tenures_of(told: Iterable[tuple[Instant, str]], handed_on: Iterable[HandedOn] = ()) -> tuple[Tenure, ...]:
    """Who had a person, oldest first, from the owners that were told, in any order, and from those who were late."""
    given = [(each.at, each.owner.removeprefix(USER), True) for each in handed_on]
    entries = sorted([*((at, owner.removeprefix(USER), False) for at, owner in told), *given])
    found: list[Tenure] = []
    for at, owner, anew in entries:
        before = found[-1].owner if found else None
        same = before is not None and before.casefold() == owner.casefold()
        if same and not anew:
            continue
        picked = before is not None and before.startswith(QUEUE) and not owner.startswith(QUEUE)
        found.append(Tenure(at, owner, assigned=anew or picked, picked=picked))
    return tuple(found)


def clocked(
    book: Book,
    tenures: Sequence[Tenure],
    begin: Instant | None,
    end: Instant | None,
    span: Span | None,
    *,
    restarts: bool,
) -> Clocked:
    """One clock, from a beginning to what ends it, or still running.

    :param restarts: whether an assignment begins it anew.
    """
    if begin is None:
        return Clocked()
    if end is not None and end < begin:  # done in time, whoever has the person later
        early = clocked(book, _until(tenures, begin), begin, None, span, restarts=restarts)
        limit = replace(early.judged, owner=_until(tenures, end)[-1].owner) if tenures else early.judged
        return replace(early, judged=limit, runs=limit)
    mine = _within(tenures, begin, end)
    spent = None if end is None else _spent(book, mine, end)
    starts = [at for at, each in enumerate(mine) if at == 0 or (restarts and each.assigned)]
    last = mine[starts[-1]]
    assigned = last.since if last.picked and restarts else None
    if span is None:
        had = Limit(owner=mine[-1].owner)
        return Clocked(spent, had, had, assigned)
    limits: list[tuple[Limit, bool]] = []
    for start, until in zip(starts, [*starts[1:], None], strict=True):
        stretch = mine[start:until]
        over = end if until is None else mine[until].since
        limits.append(_limit(book, stretch, span, over, last=until is None))
    judged = next((limit for limit, missed in limits if missed), limits[-1][0])
    return Clocked(spent, judged, limits[-1][0], assigned)


def _within(tenures: Sequence[Tenure], begin: Instant, end: Instant | None) -> list[Tenure]:
    """Who had the person from a beginning on, the first one since then; who was told first had them before, too.

    Whoever touches somebody in picking them up has had them.
    """
    had = _until(tenures, begin)
    first = had[-1] if had else None
    found = [Tenure(begin, None if first is None else first.owner)]
    for each in tenures:
        if each is first or each.since <= begin:
            continue
        if end is None or each.since < end or (each.since == end and each.picked):
            found.append(each)
    return found


def _until(tenures: Sequence[Tenure], at: Instant) -> Sequence[Tenure]:
    """Who had the person until then; whoever was told first had them before, too."""
    return [each for each in tenures if each.since <= at] or tenures[:1]


def _spent(book: Book, mine: Sequence[Tenure], end: Instant) -> timedelta:
    until = [*(each.since for each in mine[1:]), end]
    parts = (book.clock(each.owner).between(each.since, min(over, end)) for each, over in zip(mine, until, strict=True))
    return sum(parts, timedelta(0))


def _limit(book: Book, mine: Sequence[Tenure], span: Span, over: Instant | None, *, last: bool) -> tuple[Limit, bool]:
    """The limit of one clock, and whether it ran out before somebody else was assigned. ``over`` is when it ended,
    ``None`` while it runs; the ``last`` one ends with what it waits for.
    """
    warned, _ = _after(book, mine, span, WARNED)
    due, owner = _after(book, mine, span, _WHOLE)
    if over is not None and over <= due:
        owner = next(each.owner for each in reversed(mine) if each.since <= over)
    return Limit(warned, due, owner), not last and over is not None and due < over


def _after(book: Book, mine: Sequence[Tenure], span: Span, share: tuple[int, int]) -> tuple[Instant, str | None]:
    """When such a share of the time is over, and who has the person then."""
    part, whole = share
    clock = book.clock(mine[0].owner)
    length = clock.length(span)
    left = length * part / whole
    for each, following in pairwise(mine):
        available = clock.between(each.since, following.since)
        if left <= available:
            return clock.after(each.since, left), each.owner
        left -= available
        clock = book.clock(following.owner)
        if (other := clock.length(span)) != length:
            whole_of, part_of = other // _MICROSECOND, left // _MICROSECOND
            left, length = _MICROSECOND * (part_of * whole_of // (length // _MICROSECOND)), other
    return clock.after(mine[-1].since, left), mine[-1].owner
