"""What the index that people are found by costs: the words of a record's names, noted as its base is stored."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from benchmarks.crowded import linked
from benchmarks.figures import Figure
from benchmarks.measures import processor_seconds
from syncd.core.words import words_of
from syncd.model.link import Base
from syncd.ports.store import Settlement
from syncd.store import SqlStore, open_database
from syncd.store.database import Database
from syncd.store.words import note_words
from syncd.system import SystemChance, SystemClock

STORED: Final = 50_000
MORE: Final = 10_000
LOT: Final = 500
"""Records of one transaction: about what a cycle settles at once."""
ROUNDS: Final = 3


class _TakenBack(Exception):
    """The transaction is not to stay."""


def words() -> Iterator[Figure]:
    """The word index beside 50,000 stored people, per record, in the transaction that stores the base: of somebody new,
    of somebody whose names stay as they are, of somebody who got another last name; and storing a new record in all.
    Processor time, the least of three rounds of 10,000 in transactions of 500.
    """
    whole, fresh, same, renamed = [], [], [], []
    with tempfile.TemporaryDirectory(prefix="syncd-bench-") as folder:
        database = open_database(f"sqlite:///{folder}/state.db")
        store = SqlStore(database.engine, "main", clock=SystemClock(), chance=SystemChance())
        _settle(store, range(STORED))
        for turn in range(ROUNDS):
            numbers = range(STORED + turn * MORE, STORED + (turn + 1) * MORE)
            people = {link.id: base for link, base in map(linked, numbers)}
            fresh.append(_noted(database, people))
            began = processor_seconds()
            _settle(store, numbers)
            whole.append(processor_seconds() - began)
            same.append(_noted(database, people))
            renamed.append(_noted(database, {which: _renamed(base) for which, base in people.items()}))
        database.close()
    mean = sum(len(words_of(linked(number)[1].agreed)) for number in range(STORED, STORED + MORE)) / MORE
    yield Figure("words of one record", mean, "words")
    yield Figure("processor time of the index for a new record", min(fresh) / MORE * 1e6, "us", 50)
    yield Figure("processor time of storing a new record, the index among it", min(whole) / MORE * 1e6, "us")
    yield Figure("processor time of the index where the names stay", min(same) / MORE * 1e6, "us")
    yield Figure("processor time of the index where a name changed", min(renamed) / MORE * 1e6, "us", 50)


def _settle(store: SqlStore, numbers: Iterable[int]) -> None:
    people = list(map(linked, numbers))
    for start in range(0, len(people), LOT):
        lot = people[start : start + LOT]
        links, bases = [link for link, _ in lot], [(link.id, base) for link, base in lot]
        store.settle(Settlement(links=links, bases=bases), datetime.now(UTC))


def _noted(database: Database, people: Mapping[str, Base]) -> float:
    """Processor seconds until their words are noted; what was noted is taken back afterwards."""
    rows, spent = list(people.items()), 0.0
    for start in range(0, len(rows), LOT):
        lot = dict(rows[start : start + LOT])
        try:
            with database.writing("note words") as tx:
                began = processor_seconds()
                note_words(tx, "main", lot)
                spent += processor_seconds() - began
                raise _TakenBack
        except _TakenBack:
            pass
    return spent


def _renamed(base: Base) -> Base:
    return Base({**base.agreed, "last_name": f"{base.agreed['last_name']}x"}, base.confirmed)
