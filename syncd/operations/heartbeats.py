"""A dead man's switch: addresses that are called after good cycles, by a thread of its own.

An address is called once each of its connections had a good cycle since the last call, and no more often than ``every``
seconds. A cycle is good if it ended, though something is left for the next one; a held or failed one is not. That an
address is not reached is told once until it is again, and touches nothing else.

Daemons that share a store share its connections, and each may hear of some alone: what was not heard here is looked for
in the store.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from syncd.model.errors import NeedsOperator
from syncd.model.values import Instant
from syncd.observe.log import emit
from syncd.ports.beat import Beat
from syncd.ports.store import Store
from syncd.ports.system import Clock

GOOD: Final = frozenset({"done", "partial"})
AGAIN: Final = 30.0
"""Seconds until an address that was not reached is called again, if nothing else makes it be called."""
LOOK: Final = 5.0
"""Seconds between two looks at what other daemons did."""
LATEST: Final = 20
"""Runs of a connection among which a good cycle is looked for."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """One address; ``url`` reads it, which may be another one each time."""

    name: str
    url: Callable[[], str]
    connections: frozenset[str]
    every: float
    private: bool = False


def was_well(store: Store, since: Instant, now: Instant) -> bool:
    """Whether a connection had a good cycle since then, by whichever daemon of its store. One of the future is of a
    clock that was set back.
    """
    ended = (run for run in store.runs(LATEST) if run.command == "sync" and run.state in GOOD)
    return any(run.finished_at is not None and since < run.finished_at <= now for run in ended)


@dataclass(slots=True)
class Heartbeats:
    """``heard`` is given to ``log.listen`` and costs one look; ``tick`` is called about once a second by one thread.

    ``elsewhere`` says whether a connection had a good cycle since an instant, and until now, by another daemon.
    """

    pulses: Callable[[], Sequence[Pulse]]
    beat: Beat
    clock: Clock
    elsewhere: Callable[[str, Instant, Instant], bool]
    _good: dict[str, set[str]] = field(default_factory=dict)
    _next: dict[str, float] = field(default_factory=dict)
    _look: dict[str, float] = field(default_factory=dict)
    _since: dict[str, Instant] = field(default_factory=dict)
    _failed: set[str] = field(default_factory=set)

    def heard(self, event: str, keys: Mapping[str, Any]) -> None:
        """One event."""
        if event == "run.finished" and keys.get("command") == "sync" and keys.get("state") in GOOD:
            connection = str(keys.get("connection"))
            for pulse in self.pulses():
                if connection in pulse.connections:
                    self._good.setdefault(pulse.name, set()).add(connection)

    def tick(self) -> None:
        """Calls what is due."""
        for pulse in self.pulses():
            now = self.clock.monotonic()
            if now >= self._next.get(pulse.name, 0.0) and self._is_well(pulse, now):
                self._call(pulse, now)

    def _is_well(self, pulse: Pulse, now: float) -> bool:
        """Whether each of its connections had a good cycle since the last call, or since this daemon began."""
        good, here = self._good.setdefault(pulse.name, set()), self.clock.now()
        since = self._since[pulse.name] = min(self._since.get(pulse.name, here), here)  # the clock may be set back
        if not pulse.connections <= good and now >= self._look.get(pulse.name, 0.0):
            self._look[pulse.name] = now + LOOK
            good.update(each for each in pulse.connections - good if self.elsewhere(each, since, here))
        return pulse.connections <= good

    def _call(self, pulse: Pulse, began: float) -> None:
        called = self.clock.now()
        try:
            reason = self.beat(pulse.url(), private=pulse.private)
        except NeedsOperator as trouble:
            reason = str(trouble)
        if reason:
            self._next[pulse.name] = began + min(AGAIN, pulse.every)
            if pulse.name not in self._failed:
                self._failed.add(pulse.name)
                emit("heartbeat.failed", target=pulse.name, reason=reason)
            return
        self._good.pop(pulse.name, None)
        self._since[pulse.name] = called
        self._next[pulse.name] = began + pulse.every
        self._failed.discard(pulse.name)
        emit("heartbeat.sent", target=pulse.name, ms=round((self.clock.monotonic() - began) * 1000))
