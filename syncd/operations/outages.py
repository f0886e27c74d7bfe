"""Whether a vendor as a whole does not answer, which no single call can tell, and beside which nothing is told that
follows from it.

Heard are the ends of calls: refused by the network or with a 5xx, after all repeats, or answered. A vendor is down once
that has lasted for ``LASTING`` seconds and calls, without one good answer in between; it is up with the next good one.
What one process has found out is remembered in the store: others that work for the connection go by it, and whoever
starts after a crash tells the end. Limits, credentials and refusals of single records are no outage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final

from syncd.model.values import SIDES, Instant, Side, stamp
from syncd.observe.log import emit
from syncd.ports.memory import VENDOR_DOWN
from syncd.ports.store import Store
from syncd.ports.system import Clock

LASTING: Final = 60.0
"""Seconds without a good answer."""
CALLS: Final = 2
"""Calls that failed in them, at least."""
BROKEN: Final = 500
FAILED: Final = "CallFailed"
"""The error of a call whose attempts all failed; a limit that is used up, or a refusal, is another one."""


@dataclass(slots=True)
class _Failing:
    """Since when a vendor answers nothing good, by both clocks, and how many calls failed."""

    since: Instant
    began: float
    calls: int = 0


@dataclass(slots=True)
class Outages:
    """``heard`` is given to ``log.listen``; ``look`` is called every now and then, once for each connection."""

    clock: Clock
    lock: AbstractContextManager[object]
    _failing: dict[tuple[str, Side], _Failing] = field(default_factory=dict)
    _down: set[tuple[str, Side]] = field(default_factory=set)
    _answered: set[tuple[str, Side]] = field(default_factory=set)

    def heard(self, event: str, keys: Mapping[str, Any]) -> None:
        """One event. Nearly all cost a comparison."""
        if event == "api.call":
            if (
                (self._failing or self._down)
                and 0 < int(keys.get("status") or 0) < BROKEN
                and (key := _key(keys)) is not None
            ):
                with self.lock:
                    self._failing.pop(key, None)
                    self._answered.add(key)
        elif event == "api.refused" and keys.get("error") == FAILED:
            status = int(keys.get("status") or 0)
            if (status == 0 or status >= BROKEN) and (key := _key(keys)) is not None:
                with self.lock:
                    known = self._failing.get(key) or _Failing(self.clock.now(), self.clock.monotonic())
                    known.calls += 1
                    self._failing[key] = known

    def look(self, connection: str, store: Store, *, stalls: Callable[[], bool]) -> bool:
        """Tells what has begun or ended since the last look; whether a vendor of this connection is down.

        :param stalls: whether a side would be told of as not read; then what fails is an outage at once.
        :raises SyncdError: if the store is in trouble.
        """
        for side in SIDES:
            self._look(connection, side, store, stalls)
        return any((connection, side) in self._down for side in SIDES)

    def _look(self, connection: str, side: Side, store: Store, stalls: Callable[[], bool]) -> None:
        key, name = (connection, side), VENDOR_DOWN.format(side=side)
        with self.lock:
            failing, answered = self._failing.get(key), key in self._answered
        marked = is_marked(store, name)
        if key not in self._down:
            lasts = failing is not None and failing.calls >= CALLS and self._lasts(failing, stalls)
            if not marked and lasts and failing is not None:
                store.remember(name, b"down", self.clock.now())
                emit("vendor.down", side=str(side), since=stamp(failing.since))
            if marked or lasts:
                self._down.add(key)
                self._answered.discard(key)
        elif failing is None and answered:
            self._down.discard(key)
            if marked:
                store.remember(name, b"", self.clock.now())
                emit("vendor.up", side=str(side))
        elif not marked:  # another process has told the end
            self._down.discard(key)

    def _lasts(self, failing: _Failing, stalls: Callable[[], bool]) -> bool:
        return self.clock.monotonic() - failing.began >= LASTING or stalls()


def is_marked(store: Store, name: str) -> bool:
    """Whether it was told that a state began, by whatever process, and not yet that it is over."""
    told = store.recall(name)
    return told is not None and bool(told[0])


def _key(keys: Mapping[str, Any]) -> tuple[str, Side] | None:
    connection, side = keys.get("connection"), str(keys.get("side"))
    return (str(connection), Side(side)) if connection and side in {str(each) for each in SIDES} else None
