"""Whom the account tells of changes as they happen: the seam between records and webhooks.

A ``RecordStore`` holds one ``Watch`` or, as long as nobody subscribes, none; then a change costs one comparison more.
Objects are named by their plural, ids are numbers, ``at`` is epoch milliseconds.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from sandbox.hubspot.history import Source


class Watch(Protocol):
    """Told of everything that happens to the records of the account, after it has happened."""

    def created(self, kind: str, number: int, values: Mapping[str, str], *, at: int, source: Source) -> None:
        """There is a new record with these values; one made by a merge is not told as new."""
        ...

    def changed(self, kind: str, number: int, values: Mapping[str, str], *, at: int, source: Source) -> None:
        """These properties have new values, ``""`` for a cleared one. The stamp is among them."""
        ...

    def archived(self, kind: str, number: int, *, at: int, source: Source) -> None:
        """The record is in the recycle bin."""
        ...

    def restored(self, kind: str, number: int, *, at: int, source: Source) -> None:
        """The record is back from the recycle bin."""
        ...

    def erased(self, kind: str, number: int, *, at: int, source: Source) -> None:
        """The record was deleted for privacy."""
        ...

    def merged(
        self, kind: str, *, primary: int, others: Sequence[int], new: int, moved: int, at: int, source: Source
    ) -> None:
        """``others`` went into ``primary`` and both live on as ``new``; ``moved`` properties came from the others."""
        ...

    def linked(
        self,
        pair: tuple[str, str],
        start: int,
        end: int,
        *,
        before: Collection[int],
        after: Collection[int],
        at: int,
        source: Source,
    ) -> None:
        """The association types from ``start`` to ``end`` were ``before`` and are ``after``."""
        ...
