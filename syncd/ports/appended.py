"""What the store remembers of activities and campaign members: that each was dealt with, and how.

A part of ``ports.store.Store``. Rows are written by ``settle``, and forgotten by a person's being forgotten or by age.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from syncd.model.appended import Appended
from syncd.model.values import Instant


class AppendedStore(Protocol):
    """What was added once and for good, of one connection."""

    def appended(self, kind: str, origins: Sequence[str]) -> Mapping[str, Appended]:
        """What is remembered of these, by origin; those nothing is known of are not in the answer."""
        ...

    def appended_days(self, kind: str, people: Sequence[str]) -> Mapping[tuple[str, int], int]:
        """How many were added for each of these people, by person and day."""
        ...

    def count_appended(self, kind: str, since: Instant) -> int:
        """How many were added since then."""
        ...

    def appended_due(self, kind: str, until: Instant, limit: int, *, begins: Sequence[str]) -> Sequence[Appended]:
        """At most so many that wait or were refused, and whose time has come, the earliest first: of those whose origin
        begins in one of these ways.
        """
        ...

    def forget_appended(self, kind: str, before_day: int) -> int:
        """Forgets those of earlier days than this; how many."""
        ...
