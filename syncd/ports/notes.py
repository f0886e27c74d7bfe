"""What must be known after a restart and belongs to no record: a few bytes under a name."""

from __future__ import annotations

from typing import Protocol

from syncd.model.values import Instant


class Notes(Protocol):
    """Keeps notes of one connection; the store does."""

    def recall(self, name: str) -> tuple[bytes, Instant] | None:
        """What was noted under this name, and when."""
        ...

    def remember(self, name: str, content: bytes, now: Instant) -> None:
        """Notes bytes under a name, replacing what was there."""
        ...
