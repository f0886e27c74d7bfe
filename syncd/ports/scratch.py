"""A place for what is read of both systems while it is matched: kept for one command, on no list, gone with it.

Records are numbered by whoever puts them in. Memory does not grow with what is in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from syncd.model.values import Side


@dataclass(frozen=True, slots=True)
class Kept:
    """One record: its name for people (``contacts/51``), its content, and the tokens it may be recognised by, each with
    the step of matching that looks at it.
    """

    side: Side
    name: str
    content: bytes
    tokens: tuple[tuple[int, bytes], ...]


@dataclass(frozen=True, slots=True)
class Shared:
    """How many groups of records share a token of one step, how many records are in them, and the names of some."""

    groups: int
    records: int
    names: tuple[str, ...]


class Scratch(Protocol):
    """What is kept of one kind."""

    def keep(self, rows: Sequence[Kept]) -> None:
        """Keeps records."""
        ...

    def count(self, side: Side) -> int:
        """The records of a side."""
        ...

    def pair(self, step: int) -> int:
        """Pairs records that are alone on their side with a token of this step, each once; how many pairs it made."""
        ...

    def pairs(self) -> Iterator[tuple[int, str, bytes, str, bytes]]:
        """Every pair: its step, then name and content of the marketing record and of the CRM's."""
        ...

    def alone(self, side: Side) -> Iterator[tuple[str, bytes]]:
        """Name and content of every record of a side that is in no pair."""
        ...

    def doubles(self, side: Side, step: int, limit: int) -> Shared:
        """Records of one side that share a token."""
        ...

    def ambiguous(self, step: int, limit: int) -> Shared:
        """Records in no pair that share a token with records of the other side."""
        ...

    def close(self) -> None:
        """Forgets all of it."""
        ...
