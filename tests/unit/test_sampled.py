"""What is drawn of many is a part that leaves nobody out for ever, and all of it on demand."""

from __future__ import annotations

import pytest

from tests import sampled


@pytest.mark.parametrize("drawn", range(6))
def test_parts_make_up_the_whole(monkeypatch: pytest.MonkeyPatch, drawn: int) -> None:
    """Three rows beside each other meet every answer once, whatever was drawn."""
    monkeypatch.delenv("HOSTILE", raising=False)
    monkeypatch.setattr(sampled, "_drawn", lambda: drawn)
    items = list(range(23))
    parts = [sampled.share(items, of=3, beside=row) for row in range(3)]
    assert sorted(each for part in parts for each in part) == items
    assert all(len(part) in (7, 8) for part in parts)


def test_effects_of_two_draws_are_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """One draw dies before each effect, the other one after each."""
    monkeypatch.delenv("CRASH_POINTS", raising=False)
    draws = []
    for drawn in (0, 1):
        monkeypatch.setattr(sampled, "_drawn", lambda drawn=drawn: drawn)
        draws.append(list(sampled.effects(10)))
    assert draws == [[1, 3, 5, 7, 9], [2, 4, 6, 8]]


def test_all_is_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """On demand nothing is left out."""
    monkeypatch.setenv("CRASH_POINTS", "all")
    monkeypatch.setenv("HOSTILE", "all")
    assert list(sampled.effects(5)) == [1, 2, 3, 4]
    assert list(sampled.share("abc", of=3, beside=1)) == ["a", "b", "c"]
