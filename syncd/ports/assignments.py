"""What the store remembers of routing: who was given whom, whose turn it was, and why.

A part of ``ports.store.Store``. An assignment is written by ``begin`` with the write that carries it out, in one
transaction, and ended by ``settle`` with that write: so a turn is taken exactly if its write was, wherever a process
dies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from syncd.model.routing import Assignment
from syncd.model.values import Instant


class AssignmentStore(Protocol):
    """The assignments of one connection."""

    def turns(self) -> tuple[int, Mapping[tuple[str, str], int]]:
        """The number of the last assignment of all, and that of the last one that counts by pool and owner."""
        ...

    def given_since(self, since: Instant) -> Sequence[tuple[str, Instant]]:
        """Owner and time of each assignment that counts, of whoever was given somebody since then."""
        ...

    def live_assignments(self) -> Sequence[Assignment]:
        """The last one of each person, as long as it counts and they are not known to be open no more."""
        ...

    def undone_assignments(self) -> Mapping[str, str]:
        """The last assignment of each person, by their link, if it was not carried out, or gave them to nobody; but for
        those who were to be taken from somebody, since they have an owner, and those who are open no more.
        """
        ...

    def late_assignments(self, since: Instant) -> Sequence[Assignment]:
        """Those since then by which somebody was taken from an owner who was late, and that count; oldest first."""
        ...

    def assignments_of(self, link: str) -> Sequence[Assignment]:
        """Every assignment of one person, newest first."""
        ...
