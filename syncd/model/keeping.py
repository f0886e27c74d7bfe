"""How long history is kept, and what was pruned of it by that rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from syncd.model.values import Instant


@dataclass(frozen=True, slots=True)
class Keep:
    """Ages from which writes in the audit, and runs, are pruned; ``None`` keeps them for good."""

    audit: timedelta | None = None
    runs: timedelta | None = None


FOR_GOOD: Final = Keep()


@dataclass(frozen=True, slots=True)
class Pruned:
    """What of a connection's audit was pruned so far, and the anchor from which its chain goes on.

    ``number`` and ``hash`` (hex) are those of the last entry that was pruned, ``upto`` is when that entry was written;
    ``rows`` were pruned in all, the last ones at ``at`` by the rule ``age``.
    """

    number: int
    hash: str
    upto: Instant
    rows: int
    at: Instant
    age: timedelta

    def by_rule(self) -> bool:
        """Whether what was pruned was as old as the rule asks."""
        return self.at - self.upto >= self.age


@dataclass(frozen=True, slots=True)
class Step:
    """One step of pruning: rows that went, whether there is more to go, and, where something without an ending keeps
    all that is younger, since when that was begun.
    """

    audit: int = 0
    runs: int = 0
    more: bool = False
    kept_by: Instant | None = None
