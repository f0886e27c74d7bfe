"""What a store answers to people who look for something: by a word, by a cause, page by page. One connection's part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

from syncd.model.link import DeadLetter, LetterGroup, Parked, ParkedGroup
from syncd.model.remote import RemoteRef
from syncd.model.values import Instant, Side

Cause: TypeAlias = tuple[str, Side, str]
"""What dead letters have in common: their kind, the side that refuses them, and its code."""

ParkedCause: TypeAlias = tuple[str, Side, str, str]
"""What parked fields have in common: their kind, the side that refuses them, the field, and the side's code."""


class LookingStore(Protocol):
    """Part of ``Store``."""

    def links_with(self, prefix: str, limit: int) -> Sequence[str]:
        """Ids of at most so many links whose base has a name or address with a word that begins so, in the order of
        those words. The prefix is folded as ``core.words`` folds.
        """
        ...

    def letter_groups(self) -> Sequence[LetterGroup]:
        """All dead letters by what a side says of a kind; the most first."""
        ...

    def letters_page(self, limit: int, *, after: str | None = None, cause: Cause | None = None) -> Sequence[DeadLetter]:
        """At most so many dead letters: of one cause the hottest first, of all the oldest; those behind the one of an
        id.
        """
        ...

    def parked_groups(self) -> Sequence[ParkedGroup]:
        """All parked fields by what a side says of a field of a kind; the most first."""
        ...

    def parked_page(self, cause: ParkedCause, limit: int | None, *, after: str | None = None) -> Sequence[Parked]:
        """At most so many parked fields of one cause, all without a limit, the hottest first; those behind the one of a
        link.
        """
        ...

    def letter_from(self, kind: str, side: Side, origin: RemoteRef) -> DeadLetter | None:
        """The dead letter of what a record wants to be written on a side, if there is one."""
        ...

    def retry_letters(self, cause: Cause) -> int:
        """Asks for another try of all dead letters of one cause; how many were not asked for before."""
        ...

    def drop_letters(self, cause: Cause) -> int:
        """Drops all dead letters of one cause; how many there were."""
        ...

    def bound_letters(self, before: Instant, most: int) -> int:
        """Drops dead letters since before this, and of more than so many the oldest; how many. Those that are to be
        tried again stay.
        """
        ...

    def open_since(self) -> Instant | None:
        """When the oldest write whose ending is not known was stored; ``None`` if there is none."""
        ...
