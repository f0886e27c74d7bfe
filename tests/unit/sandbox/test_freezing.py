"""Values as JSON and back: all keep their kind, what is shared stays shared, and code is never written or read."""

from __future__ import annotations

import random
from collections import Counter, deque
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import orjson
import pytest

from sandbox.freezing import Frame, Freezer, Thawer, Unfreezable
from sandbox.hubspot.history import Source
from sandbox.salesforce.limits import DailyCalls


def again(value: Any) -> Any:
    """A value after a way through JSON text."""
    return Thawer(Frame()).thaw(orjson.loads(orjson.dumps(Freezer(Frame()).freeze(value))))


@pytest.mark.parametrize(
    "value",
    [
        None, True, 0, -1, 1 << 80, -(1 << 63), 0.1, float("inf"), "", "ß 🌸", b"\x00\xff",
        datetime(2026, 1, 5, 12, 0, 0, 123_456, tzinfo=UTC), (), (1, ("a", None)), frozenset({1, 2}), {3, 1, 2},
        deque([1, (2, 3)]), Counter("abca"), {"a": {"b": [1, {2: "c"}]}}, {"$again": 0}, {"$": 1}, {1: 2, None: 3}, {},
        {("contacts", 1): {2, 3}}, Source("CRM_UI", "userId:1"),
    ],
)  # fmt: skip
def test_values_keep_their_kind(value: Any) -> None:
    """What comes back is equal and of the same type."""
    back = again(value)
    assert (type(back), back) == (type(value), value)


def test_an_instant_of_another_zone_is_the_same_instant() -> None:
    """Instants come back in UTC."""
    at = datetime(2026, 1, 5, 12, tzinfo=timezone(timedelta(hours=2)))
    assert (again(at), again(at).utcoffset()) == (at, timedelta(0))


def test_what_is_shared_stays_shared() -> None:
    """One list under two names is one list again, as is a seeded chance, which goes on where it stood."""
    shared, chance = [1], random.Random(3)
    chance.random()
    back = again({"one": shared, "two": [shared, chance], "three": chance})
    assert back["one"] is back["two"][0]
    assert back["three"] is back["two"][1]
    assert back["three"].random() == chance.random()


def test_what_is_there_is_filled_in_place() -> None:
    """An object that neighbours hold on to keeps its identity, and so do its containers."""
    saved, present = DailyCalls(10), DailyCalls(5)
    saved.spend(3, now=datetime(2026, 1, 5, tzinfo=UTC))
    minutes = present._minutes
    told = Freezer(Frame()).freeze(saved)
    assert Thawer(Frame()).thaw(told, present) is present
    assert present._minutes is minutes
    assert (present.maximum, list(minutes)) == (10, list(saved._minutes))


@pytest.mark.parametrize("value", [Path("x"), {"a": [lambda: 1]}, {"a": object()}, DailyCalls, orjson.JSONDecodeError])
def test_what_is_no_data_is_refused(value: Any) -> None:
    """Foreign objects, functions and classes are named with the place where they were found."""
    with pytest.raises(Unfreezable, match="cannot be written"):
        Freezer(Frame()).freeze(value, "here")


@pytest.mark.parametrize(
    "told",
    [
        {"$": "os:system"},
        {"$": "server:socket"},
        {"$": "hubspot.history:Source", "kind": "CRM_UI"},
        {"$": "hubspot.history:Source", "kind": "CRM_UI", "id": "1", "more": 2},
        {"$strange": 1},
    ],
)
def test_what_was_not_written_here_is_refused(told: Any) -> None:
    """Classes from elsewhere, lacking and unknown attributes and unknown marks make nothing."""
    with pytest.raises(Unfreezable):
        Thawer(Frame()).thaw(told)
