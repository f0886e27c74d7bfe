"""What is remembered of the times in which the ledger was kept by looking only: when that was, and of whom it heard.

The ledger's events bear no mark of it: they say what the vendors say, whoever writes. Which of them were heard by
looking is told by these times. Records are kept beside them, since people have no link as long as nothing is written.
Read by reports, which open no connector.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from syncd.model.values import Instant, Pair, instant, stamp
from syncd.ports.memory import SHADOW, SHADOW_PEOPLE
from syncd.ports.store import Store


@dataclass(frozen=True, slots=True)
class Shadowed:
    """One time in which the ledger was kept by looking; ``ended`` is ``None`` while it is, ``looked`` the last look."""

    begun: Instant
    looked: Instant | None = None
    ended: Instant | None = None


def shadowed(store: Store) -> tuple[Shadowed, ...]:
    """All such times of this connection, oldest first."""
    remembered = store.recall(SHADOW)
    rows = () if remembered is None else orjson.loads(remembered[0])
    return tuple(Shadowed(instant(begun), *(each and instant(each) for each in rest)) for begun, *rest in rows)


def note_shadowed(store: Store, times: Sequence[Shadowed], now: Instant) -> None:
    """Remembers these in place of those before."""
    rows = [[None if at is None else stamp(at) for at in (each.begun, each.looked, each.ended)] for each in times]
    store.remember(SHADOW, orjson.dumps(rows), now)


def people_seen(store: Store) -> Mapping[str, Pair[str | None]]:
    """The records of the people whom the ledger heard of by looking, by the ids that their links get."""
    remembered = store.recall(SHADOW_PEOPLE)
    rows = {} if remembered is None else orjson.loads(remembered[0])
    return {person: Pair(*refs) for person, refs in rows.items()}


def note_people(store: Store, seen: Mapping[str, Pair[str | None]], now: Instant) -> None:
    """Remembers the records of more people, or others of some."""
    before = people_seen(store)
    if any(before.get(person) != refs for person, refs in seen.items()):
        rows = {person: list(refs) for person, refs in {**before, **seen}.items()}
        store.remember(SHADOW_PEOPLE, orjson.dumps(rows), now)
