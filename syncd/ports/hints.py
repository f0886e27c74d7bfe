"""Hints that wait to be looked at, and whoever knows the vendor's way of telling them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from syncd.model.hint import Called, Doubt, Hint, Noted, Told
from syncd.model.values import Instant


class HintStore(Protocol):
    """Part of ``Store``: at most ``model.hint.MOST`` rows, one for each record."""

    def note_hints(self, hints: Sequence[Hint], now: Instant) -> int:
        """Keeps hints, one for each record, and forgets ``STALE`` ones. How many were too many and are dropped."""
        ...

    def hints(self, objects: Sequence[str], limit: int) -> Sequence[Noted]:
        """At most so many about these objects, those first that wait longest."""
        ...

    def hints_waiting(self) -> tuple[int, Instant | None]:
        """How many wait, and since when the oldest does."""
        ...


class Caller(Protocol):
    """What a connector knows of its vendor's webhooks. Reaches nobody."""

    def early(self, called: Called, now: Instant) -> Doubt | None:
        """What can be doubted before the body is read."""
        ...

    def doubt(self, called: Called, secret: str, now: Instant) -> Doubt | None:
        """Why a call is not believed; ``None`` if it is the vendor's own. Compares in constant time."""
        ...

    def signed(self, called: Called) -> bytes:
        """What the vendor signed of a call that is not doubted: whatever else is in it, anybody can have put there."""
        ...

    def read(self, body: bytes) -> Sequence[Told] | None:
        """The hints of a body, without anything else of it; ``None`` if it is none of the vendor's."""
        ...
