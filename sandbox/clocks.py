"""A vendor's clock that can be set: ahead, behind, to an instant, faster or slower than the clock it goes by.

Everything a stand-in stamps, the Date of its answers, the life of its tokens and the lag of its search go by this one
clock. It goes backwards only for whoever insists.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.kernel import Clock, SimulatedClock, VendorClock

FASTEST = 100_000.0


class ClockRefused(ValueError):
    """The clock cannot be set like this; the text says why and what would do."""


class SettableClock(VendorClock):
    """A vendor's clock over another one: ``rate`` seconds pass here in one second there. ``offset`` is added to all."""

    def __init__(self, base: Clock, *, offset: float = 0.0) -> None:
        super().__init__(base, offset=offset)
        self.rate = 1.0
        self._since = self._reached = base.now()

    def now(self) -> datetime:
        """What the vendor takes for the present instant."""
        return self._reached + (self._base.now() - self._since) * self.rate + timedelta(seconds=self.offset)

    @property
    def ahead(self) -> float:
        """Seconds by which this clock is ahead of the one it goes by; negative if it is behind."""
        return (self.now() - self._base.now()).total_seconds()

    def set_ahead(self, seconds: float) -> None:
        """Sets the clock this far from the other one, without asking in which direction that moves it."""
        base = self._base.now()
        self._since = base
        self._reached = base + timedelta(seconds=seconds - self.offset)

    def set_rate(self, rate: float) -> None:
        """Goes on from here at another rate; 0 stands still."""
        now = self.now()
        self._since = self._base.now()
        self._reached = now - timedelta(seconds=self.offset)
        self.rate = rate


def shown(clock: Clock) -> dict[str, Any]:
    """How a clock stands: ``at``, and where it goes by another one ``offset`` in seconds and ``rate``."""
    told: dict[str, Any] = {"at": clock.now().isoformat()}
    if isinstance(clock, SettableClock):
        told |= {"offset": clock.ahead, "rate": clock.rate}
    elif isinstance(clock, VendorClock):
        told |= {"offset": clock.offset, "rate": 1.0}
    return told


def set_clock(clock: Clock, words: Mapping[str, Any]) -> dict[str, Any]:
    """Sets a clock as a request says, and tells how it stands. Raises ``ClockRefused``; then nothing has changed.

    ``offset`` (seconds ahead of the clock it goes by) or ``at`` (an ISO 8601 instant with its zone) say where to,
    ``rate`` how fast from there on. A step backwards needs ``force: true``.
    """
    known = {"offset", "at", "rate", "force"}
    if words.keys() - known or not words.keys() & (known - {"force"}) or {"offset", "at"} <= words.keys():
        raise ClockRefused('give {"offset": seconds} or {"at": instant}, {"rate": number} or both, and "force" to step')
    if not isinstance(clock, SettableClock):
        raise ClockRefused("the clock of this stand-in belongs to whoever started it and cannot be set from here")
    rate = _number(words.get("rate", clock.rate), "rate")
    if not 0 <= rate <= FASTEST:
        raise ClockRefused(f"rate is a number from 0 (stands still) to {FASTEST:.0f}, not {rate}")
    step = _step(clock, words)
    if step < 0 and words.get("force") is not True:
        raise ClockRefused(f'this would set the clock {-step:.3f} seconds back; add "force": true if that is meant')
    if "offset" in words or "at" in words:
        clock.set_ahead(clock.ahead + step)
    clock.set_rate(rate)
    return shown(clock)


def restore(clock: Clock, told: Mapping[str, Any]) -> None:
    """Sets a clock as it was when ``shown`` told, or as far ahead as it takes not to be behind that instant."""
    at = datetime.fromisoformat(told["at"])
    if isinstance(clock, SettableClock) and "offset" in told:
        clock.set_ahead(told["offset"])
        clock.set_rate(told["rate"])
    late = (at - clock.now()).total_seconds()
    if late <= 0:
        return
    if isinstance(clock, SettableClock):
        clock.set_ahead(clock.ahead + late)
    elif isinstance(clock, VendorClock):
        clock.offset += late
    elif isinstance(clock, SimulatedClock):
        clock.advance(late)
    else:
        raise ClockRefused(f"the clock is {late:.3f} seconds behind the saved one and cannot be set")


def _step(clock: SettableClock, words: Mapping[str, Any]) -> float:
    """Seconds by which the clock would jump."""
    if "offset" in words:
        return _number(words["offset"], "offset") - clock.ahead
    if "at" not in words:
        return 0.0
    try:
        at = datetime.fromisoformat(str(words["at"]))
    except ValueError:
        raise ClockRefused(f"at is an instant such as 2026-01-01T00:00:00Z, not {words['at']!r}") from None
    if at.tzinfo is None:
        raise ClockRefused(f"at needs a zone, such as Z for UTC: {words['at']!r} has none")
    return (at.astimezone(UTC) - clock.now()).total_seconds()


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ClockRefused(f"{name} is a number, not {value!r}")
    return float(value)
