"""What the store remembers of the handoff ledger: events as they were heard, and the episodes they add up to.

A part of ``ports.store.Store``. It is written by ``settle`` alone; reports read it by columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from syncd.model.episode import Event, Undone
from syncd.model.values import Instant


class LedgerStore(Protocol):
    """The handoff ledger of one connection."""

    def ledger_of(self, people: Sequence[str], companies: Sequence[str] = ()) -> Sequence[Event]:
        """Every event of these people, and of whoever shares a company with them, through however many companies."""
        ...

    def episode_ids(self, people: Sequence[str]) -> frozenset[str]:
        """The episodes that these people are in."""
        ...

    def episode_terms(self, people: Sequence[str]) -> Mapping[str, str]:
        """Of the episodes of these people that have ended, by which terms: by episode, as far as any are noted."""
        ...

    def open_owners(self, companies: Sequence[str]) -> Mapping[str, str]:
        """Who owns the open episode of each company, where one is open and owned: who joins it gets the same owner."""
        ...

    def open_people(self) -> Sequence[str]:
        """Everybody of an open episode."""
        ...

    def episode_people(self, ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """The people of episodes, whoever opened one first."""
        ...

    def episode_cycles(self, ids: Sequence[str]) -> Mapping[str, Sequence[tuple[str, int]]]:
        """What episodes are made of: persons, each with the number of their cycle; unknown ids are left out."""
        ...

    def sales_of(self, people: Sequence[str]) -> Sequence[Event]:
        """The moves, deals and facts of these people: all that says what was sold to them, and by whom."""
        ...

    def episode_columns(
        self, names: Sequence[str], *, since: Instant | None = None, until: Instant | None = None
    ) -> Sequence[tuple[Any, ...]]:
        """Some columns of the episodes in which something happened from ``since`` to before ``until``, oldest first.

        For reports over very many: as they are stored, that is instants as milliseconds since 1970, clocks in
        milliseconds, amounts in hundredths, oddities as one text with spaces between them.
        """
        ...

    def member_columns(
        self, names: Sequence[str], *, since: Instant | None = None, until: Instant | None = None
    ) -> Sequence[tuple[Any, ...]]:
        """The same, a row for each person of these episodes: what a ``Member`` has is theirs (``opened_at`` is when
        they came in), all else the episode's. Whoever came first stands first.
        """
        ...

    def ledger_columns(
        self, names: Sequence[str], *, people: bool, since: Instant | None = None, until: Instant | None = None
    ) -> Sequence[Sequence[Any]]:
        """The same column by column: of each person with ``people``, else of each episode."""
        ...

    def undone(self, since: Instant, until: Instant) -> Sequence[Undone]:
        """Who waits with a warning or a breach that lies after one instant and not after another, oldest first."""
        ...

    def stage_moves(self) -> Sequence[tuple[str, int, str]]:
        """Every move of the ledger: person, milliseconds since 1970, stage; by person, then by time."""
        ...
