"""What an operator wants taken back, and what must stay as it is. Values.

Taking back touches what syncd wrote and nothing else: a value goes back to what stood there before, on the side it was
written to, where it still stands. What somebody changed since is somebody's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from syncd.model.remote import RemoteRef
from syncd.model.values import Canonical, Instant, Pair, Side


@dataclass(frozen=True, slots=True)
class Undo:
    """Which writes are to be taken back: those of a ``run``, or those begun from ``since`` to ``until``."""

    until: Instant
    run: str = ""
    since: Instant | None = None

    def means(self, run: str, at: Instant) -> bool:
        """Whether a write of that run, begun at that time, is meant."""
        if at > self.until:
            return False
        return run == self.run if self.run else self.since is None or at >= self.since

    @property
    def told(self) -> str:
        """The same in words, for the rule of a write and for people."""
        if self.run:
            return f"run {self.run}"
        return f"since {self.since:%Y-%m-%dT%H:%M:%SZ}" if self.since else "everything"

    @staticmethod
    def read(plain: Mapping[str, Any] | None) -> Undo | None:
        """From the plain values of a Request."""
        if not plain:
            return None
        since = plain.get("since")
        return Undo(
            datetime.fromisoformat(plain["until"]),
            plain.get("run", ""),
            None if since is None else datetime.fromisoformat(since),
        )


@dataclass(frozen=True, slots=True)
class Before:
    """What one side held before syncd wrote (``value``), and what was written last of it (``stood``)."""

    value: Canonical
    stood: Canonical


Befores: TypeAlias = Mapping[str, Pair[Before | None]]
"""What of one linked record is to be taken back, by shared field."""


@dataclass(frozen=True, slots=True)
class Left:
    """What is not taken back, and why; ``field`` is empty where it is a whole record."""

    kind: str
    link: str
    side: Side
    ref: RemoteRef | None
    field: str
    reason: str
