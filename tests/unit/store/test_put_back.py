"""What a backup takes the place of is set aside, and whatever was set aside before stays as it is."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from syncd.store import open_store
from syncd.store.backup import Backups
from tests.fakes import FakeChance, FakeClock

KEY = "x" * 40


@pytest.fixture
def backups(tmp_path: Path, clock: FakeClock) -> Backups:
    """Of a store in a folder, on a clock that stands still."""
    folder = tmp_path / "backups"
    folder.mkdir(mode=0o700)
    return Backups(f"sqlite:///{tmp_path}/state.db", folder, KEY, clock=clock, chance=FakeChance())


def note(store: Path, text: str) -> None:
    """Work that a store holds."""
    with closing(open_store(f"sqlite:///{store}", "main", clock=FakeClock(), chance=FakeChance())) as opened:
        opened.remember("mark", text.encode(), FakeClock().now())


def noted(store: Path) -> str:
    """What a store holds."""
    with closing(open_store(f"sqlite:///{store}", "main", clock=FakeClock(), chance=FakeChance())) as opened:
        told = opened.recall("mark")
    return "" if told is None else told[0].decode()


def test_putting_back_twice_within_a_second_loses_no_store(backups: Backups) -> None:
    """As where somebody took the wrong backup first: the store of today is there still, and each under its own name."""
    note(backups.store, "early")
    file = backups.make().backup.file
    note(backups.store, "today")
    _, first = backups.put_back(file, "ann")
    note(backups.store, "wrong")
    _, second = backups.put_back(file, "ann")
    assert first is not None
    assert second is not None
    assert second.name == f"{first.name}-2"
    assert [noted(each) for each in (first, second, backups.store)] == ["today", "wrong", "early"]


def test_a_name_that_a_log_has_is_taken(backups: Backups) -> None:
    """A log beside another store would be read as its own."""
    note(backups.store, "early")
    file = backups.make().backup.file
    note(backups.store, "today")
    _, first = backups.put_back(file, "ann")
    assert first is not None
    log = first.with_name(f"{first.name}-2-wal")
    log.write_bytes(b"of somebody else")
    _, second = backups.put_back(file, "ann")
    assert second is not None
    assert second.name == f"{first.name}-3"
    assert log.read_bytes() == b"of somebody else"
