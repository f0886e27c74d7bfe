"""Leaves word of how many writes of a long cycle are still to be sent, lane by lane, for whoever looks meanwhile.

A cycle of few writes is over before anybody looks, and leaves nothing. The word holds as long as its run is under way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

import orjson

from syncd.engine.world import World
from syncd.model.values import Lane
from syncd.ports.memory import PENDING

MANY: Final = 2_000
"""Writes of a cycle, from which on it leaves word: some ten seconds and more."""
EVERY: Final = 5.0
"""Seconds between two words."""


class Pending:
    """What one kind of one run has still to send."""

    def __init__(self, world: World, kind: str, run: str) -> None:
        self._world = world
        self._kind = kind
        self._run = run
        self._left: Counter[Lane] = Counter()
        self._told = float("-inf")
        self._many = False

    def now(self, lanes: Iterable[Lane]) -> None:
        """These are to be sent, and no others."""
        self._left = Counter(lanes)
        self._many = self._many or self._left.total() >= MANY
        self._tell()

    def sent(self, lanes: Iterable[Lane]) -> None:
        """These are settled."""
        self._left.subtract(lanes)
        self._tell()

    def over(self) -> None:
        """Nothing is left, whatever was said before."""
        if self._many:
            self._world.store.remember(PENDING, b"", self._world.clock.now())

    def _tell(self) -> None:
        if not self._many or self._world.clock.monotonic() - self._told < EVERY:
            return
        self._told = self._world.clock.monotonic()
        left = {lane.value: number for lane, number in self._left.items() if number > 0}
        told = {"run": self._run, "kind": self._kind, "left": left}
        self._world.store.remember(PENDING, orjson.dumps(told), self._world.clock.now())
