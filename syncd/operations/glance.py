"""A connection at a glance: one word, one sentence, and the figures somebody looks at first. From the store alone.

The word is the worst that is true: ``troubled`` (a side is not itself, or the store was restored), ``late`` (a side was
not read for three intervals), ``waits`` (a person must decide), ``paused``, ``idle`` (no daemon, or never polled),
``busy`` (a run is under way), ``good``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from syncd.core.pace import Outlook
from syncd.model.errors import SyncdError
from syncd.model.run import Run, RunState, Turn, Worker
from syncd.model.values import SIDES, Instant, Lane, Side
from syncd.operations.calls import outlooks, outlooks_document
from syncd.operations.health import agreement
from syncd.operations.lanes import LaneWaits, lanes, lanes_document
from syncd.operations.staleness import polled, stale
from syncd.operations.standing import Waits, what_waits
from syncd.ports.store import Store

RUNS: Final = 40
DEAD: Final = 30.0
"""Seconds without a sign of life after which no daemon is at work."""
Quota = tuple[int | None, int | None, Instant]
"""Calls used today, calls allowed, and when the vendor said so."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What is seen first. ``waits`` are numbers by what waits for a person, those that are none left out; ``backlog``
    is what the next cycles carry out, ``lanes`` the same by lane with what is left of resyncs and long runs; ``calls``
    says when those of the day are used up; ``runs`` the latest, oldest first.
    """

    connection: str
    mode: str
    at: Instant
    state: str
    words: str
    links: Mapping[str, int]
    polled: Mapping[Side, Instant | None]
    agreement: Mapping[str, float]
    waits: Mapping[str, int]
    backlog: int
    quota: Mapping[Side, Quota | None]
    calls: Mapping[Side, Outlook]
    lanes: Mapping[Lane, LaneWaits]
    runs: Sequence[Run]
    paused: str = ""
    more: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Present:
    """What is not in the store of a connection: its mode and poll, its turn, who works, what vendors said of calls."""

    mode: str
    poll: float
    turn: Turn
    workers: Sequence[Worker]
    quota: Mapping[Side, Quota | None]


def glance(store: Store, connection: str, present: Present, *, links: Mapping[str, int], now: Instant) -> Glance:
    """One connection.

    :param links: live links by kind; to count a million takes a moment, so whoever asks may have counted before.
    """
    waits = what_waits(store, now)
    runs = list(reversed(store.runs(RUNS)))
    at = polled(store)
    alive = any((now - each.beat).total_seconds() < DEAD for each in present.workers)
    late = list(stale(store, connection, poll=present.poll, now=now)) if any(at.values()) else []
    state, words, more = _judged(present, waits, runs, late, alive=alive)
    asked = store.requests()
    return Glance(
        connection=connection,
        mode=present.mode,
        at=now,
        state=state,
        words=words,
        links=links,
        polled=at,
        agreement=agreement(store),
        waits=_numbers(waits),
        backlog=len(asked) + waits.retrying,
        quota=present.quota,
        calls=outlooks(store, now),
        lanes=lanes(store, links, said=waits.said, retrying=waits.retrying),
        runs=runs,
        paused=present.turn.paused.who if present.turn.paused else "",
        more=more,
    )


def _judged(
    present: Present, waits: Waits, runs: Sequence[Run], late: Sequence[str], *, alive: bool
) -> tuple[str, str, tuple[str, ...]]:
    if waits.strange:
        return "troubled", next(iter(waits.strange.values())), tuple(waits.strange.values())[1:]
    if waits.restored is not None:
        return "troubled", f"the store is an older copy: {waits.restored.why}", ()
    if present.turn.paused is not None:
        why = f": {present.turn.paused.reason}" if present.turn.paused.reason else ""
        return "paused", f"paused by {present.turn.paused.who}{why}", ()
    latest = runs[-1] if runs else None
    if latest is None:
        return "idle", "never polled yet", ()
    if late:
        if latest.state is RunState.FAILED and latest.trouble:
            return "late", latest.trouble, tuple(late)
        return "late", late[0].partition("; ")[0], tuple(late[1:])
    if waits.approval:
        return "waits", "the first link waits for approval: `syncd plan`, then `syncd sync`", ()
    if waits:
        numbers = sum(_numbers(waits).values())
        return "waits", f"{numbers:,} {'thing waits' if numbers == 1 else 'things wait'} for a person", ()
    if not alive:
        return "idle", "no daemon is at work", ()
    if latest.state is RunState.RUNNING:
        return "busy", "a cycle is under way", ()
    return "good", "in step", ()


def _numbers(waits: Waits) -> dict[str, int]:
    told = {
        "conflicts": waits.conflicts,
        "dead_letters": waits.dead_letters,
        "held": sum(1 for part in waits.held if part.asks),
        "quarantined": waits.quarantined,
        "resting": len(waits.resting),
        "remnants": waits.remnants,
        "approval": int(waits.approval),
    }
    return {name: number for name, number in told.items() if number}


def glance_document(told: Glance) -> dict[str, Any]:
    """The same as plain values with stable keys."""
    return {
        "connection": told.connection,
        "mode": told.mode,
        "state": told.state,
        "words": told.words,
        "links": dict(told.links),
        "polled": {side.value: told.polled.get(side) for side in SIDES},
        "agreement": dict(told.agreement),
        "waits": dict(told.waits),
        "backlog": told.backlog,
        "quota": {side.value: _quota(told.quota.get(side)) for side in SIDES},
        "calls": outlooks_document(told.calls),
        "lanes": lanes_document(told.lanes),
    }


def _quota(given: Quota | None) -> dict[str, int | None]:
    return {"used": given[0] if given else None, "allowed": given[1] if given else None}


def troubled(connection: str, why: SyncdError, *, mode: str, now: Instant) -> Glance:
    """A connection whose store cannot be read now."""
    none: Mapping[Any, Any] = {}
    return Glance(connection, mode, now, "troubled", str(why), none, none, none, none, 0, none, none, none, ())
