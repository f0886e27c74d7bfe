"""A store with a ledger in it, and short ways to ask a report for a figure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from syncd.core.book import Book
from syncd.engine.booking import book_in
from syncd.model.episode import Event
from syncd.operations.report import Figure, Report
from syncd.ports.store import Settlement
from syncd.store import SqlStore, open_store
from tests.fakes import START, FakeChance, FakeClock
from tests.unit.core.ledgers import BOOK

LATER = datetime(2030, 1, 1, tzinfo=UTC)
"""When everything has happened that these tests tell of."""


def stored(folder: Path, events: Iterable[Event], book: Book = BOOK) -> SqlStore:
    """A store that has heard these events."""
    store = open_store(f"sqlite:///{folder}/state.db", "main", clock=FakeClock(), chance=FakeChance(0))
    settlement = Settlement()
    book_in(settlement, list(events), store=store, book=book)
    store.settle(settlement, START)
    return store


def figure(report: Report, key: str) -> Figure:
    """The figure with a key; it must be there once."""
    (found,) = [each for each in report.figures() if each.key == key]
    return found


def value(report: Report, key: str) -> float | None:
    """What it is."""
    return figure(report, key).value


def people(report: Report, key: str) -> list[str]:
    """Who opened the episodes, or the people, that a figure counts."""
    return [row if isinstance(row, str) else report.people[row] for row in figure(report, key).rows]
