"""P15 in a simulation: a side that answers nothing is told of, and once all is well nothing is.

A side has answered in a turn if any call of it was answered with what was asked for: that is heard on the wire, and
asks nothing of what syncd noted. One that answered something and was not read to its end may be told of, or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from syncd.lab.arena import Arena
from syncd.lab.violation import Violation
from syncd.model.values import SIDES, Side
from syncd.operations.staleness import promised, stale

INTERVALS: Final = 3
SLACK: Final = 5.0
"""Seconds by which a poll may take longer before it counts."""


@dataclass(slots=True)
class Loudness:
    """What is told while one scenario is played. ``asked`` counts the moments at which somebody had to be told."""

    arena: Arena
    poll: float
    asked: int = 0
    broken: list[Violation] = field(default_factory=list)
    _heard: set[Side] = field(default_factory=set)
    _until: dict[Side, int] = field(default_factory=dict)
    _skew: int = 0

    def heard(self, side: Side) -> None:
        """A side has answered."""
        self._heard.add(side)

    def turned(self, skew: int | None) -> None:
        """A turn is over, however it ended. ``skew`` is by how much the clock of its process is wrong, in milliseconds;
        ``None`` if that process has ended.
        """
        now = self.arena.clock.ms
        jumped = skew is not None and skew != self._skew
        self._skew = self._skew if skew is None else skew
        if jumped or self.arena.begun != self._skew:  # by clocks that differ nobody can tell an age until it is polled
            self._until.clear()
            self._heard.clear()  # it may have been polled before the jump
        for side in SIDES:
            if side in self._heard:
                self._until[side] = now
        self._heard.clear()
        allowed = INTERVALS * promised(self.arena.store, self.poll) + SLACK
        for side in self._until:
            silent = (now - self._until[side]) / 1000
            if silent > allowed:
                self.asked += 1
                if not any(str(side) in each for each in self._told()):
                    what = f"it has answered nothing for {silent:.0f} s, and nobody is told"
                    self.broken.append(Violation("P15", str(side), what))

    def quiet(self) -> Iterator[Violation]:
        """All is well, all clocks are right and a turn has just been taken: nothing may be told."""
        self.asked += 1
        self._skew = 0
        for each in self._told():
            yield Violation("P15", "quiet", f"though all is well it is told: {each}")

    def _told(self) -> list[str]:
        now = self.arena.clock.now() + timedelta(milliseconds=self._skew)
        return list(stale(self.arena.store, self.arena.settings.connection.name, poll=self.poll, now=now))
