"""Backups of a daemon: one each interval, whatever the clock does; the age of the latest breaks no metrics."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.bootstrap import backups as keeping
from syncd.bootstrap import read_config
from syncd.bootstrap.backups import Keeper
from syncd.bootstrap.console import shelf_of
from syncd.bootstrap.workshop import Workshop
from syncd.model.errors import BadUsage
from syncd.observe.log import listen, unlisten
from syncd.settings.accounts import Loaded
from syncd.store import SqlStore
from syncd.store.shelf import backups_in
from syncd.system import SystemClock
from tests.unit.cli.conftest import Run
from tests.unit.cli.test_cli_backups import linked, made


@pytest.fixture
def loaded(folder: Path, backed: Path, monkeypatch: pytest.MonkeyPatch) -> Loaded:
    """The configuration with credentials, as a daemon reads it."""
    for name in ("SYNCD_CONNECTIONS__MAIN__MARKETING__ACCESS_TOKEN", "SYNCD_CONNECTIONS__MAIN__CRM__CLIENT_SECRET"):
        monkeypatch.setenv(name, "word")
    settings = (folder / "syncd.yaml").read_text(encoding="utf-8")
    settings = settings.replace("access_token_file: absent/token", "").replace(
        ", client_secret_file: absent/secret", ""
    )
    (folder / "syncd.yaml").write_text(settings, encoding="utf-8")
    return read_config(folder, os.environ)


def test_a_daemon_makes_one_when_it_is_due(
    store: SqlStore, backed: Path, loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once each interval, across restarts; older ones than the latest two go; what fails is told and tried again."""
    linked(store)
    heard: list[tuple[str, object]] = []
    hear = lambda event, keys: heard.append((event, keys.get("reason")))  # noqa: E731 - one line
    passed = timedelta()
    real = SystemClock.now
    monkeypatch.setattr(SystemClock, "now", lambda self: real(self) + passed)
    listen(hear)
    try:
        for hours, expected in ((0, 1), (1, 1), (23, 1), (25, 2), (26, 2), (50, 3)):
            passed = timedelta(hours=hours)
            Keeper(lambda: loaded).look()
            assert sum(1 for event, _ in heard if event == "backup.made") == expected, hours
        assert len(list(backed.iterdir())) == 2
        latest = Keeper(lambda: loaded).latest()
        assert latest is not None
        assert (SystemClock().now() - latest).total_seconds() < 60
        monkeypatch.setattr(keeping, "back_up", _trouble)
        passed = timedelta(hours=90)
        keeper = Keeper(lambda: loaded)
        keeper.look()
        keeper.look()
        assert [reason for event, reason in heard if event == "backup.failed"] == [
            "nobody foresaw this; report it with this line"
        ]
    finally:
        unlisten(hear)


def test_one_from_the_future_neither_counts_nor_pushes_out_others(
    run: Run, store: SqlStore, backed: Path, loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock was years ahead and was set back: still one each interval, and as many good ones as are to be kept."""
    linked(store)
    passed = timedelta(days=3_650)
    real = SystemClock.now
    ticks = 0.0
    monkeypatch.setattr(SystemClock, "now", lambda self: real(self) + passed)
    monkeypatch.setattr(SystemClock, "monotonic", lambda self: ticks)
    ahead = {made(run)}
    passed += timedelta(hours=1)
    ahead.add(made(run))
    passed = timedelta()
    assert run("store", "backups").code == 1, "there is none that counts"
    keeper = Keeper(lambda: loaded)
    good: list[set[str]] = []
    for hours in (0, 1, 23, 25, 26, 51, 77):
        passed, ticks = timedelta(hours=hours), hours * 3_600.0
        keeper.look()
        good.append({str(each) for each in backed.iterdir()} - ahead)
    assert [len(each) for each in good] == [1, 1, 1, 2, 2, 2, 2]
    assert good[3] != good[5] != good[6], "the oldest goes"
    assert ahead <= {str(each) for each in backed.iterdir()}
    assert run("store", "backups").code == 0
    latest = keeper.latest()
    assert latest is not None
    assert abs((SystemClock().now() - latest).total_seconds()) < 60


def test_a_clock_that_is_set_back_hastens_none(
    store: SqlStore, backed: Path, loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What this process made an hour ago is an hour old, whatever the clock says."""
    passed = timedelta()
    real = SystemClock.now
    monkeypatch.setattr(SystemClock, "now", lambda self: real(self) + passed)
    keeper = Keeper(lambda: loaded)
    for days in (0, -1, -2):
        passed = timedelta(days=days)
        keeper.look()
    assert len(list(backed.iterdir())) == 1


def test_the_age_of_the_latest_needs_no_key_and_breaks_no_metrics(
    run: Run, store: SqlStore, backed: Path, loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost key, a file that goes away or is not ours, a folder that cannot be read: what is known is told."""
    file = Path(made(run))
    (backed.parent / "key").unlink()
    (backed / "syncd-gone.backup").symlink_to("pruned")
    (backed / "syncd-folder.backup").mkdir()
    with closing(Workshop(loaded, stop=threading.Event())) as shop:
        shop._keeper = Keeper(lambda: loaded)
        ages = [value for name, _, value in shop._of_the_store() if name == "syncd_backup_age_seconds"]
        assert len(ages) == 1
        assert 0 <= ages[0] < 60
        assert [each.file for each in backups_in(backed)] == [file]
        assert loaded.backup is not None
        monkeypatch.setattr(Path, "iterdir", _forbidden)
        names = {name for name, _, _ in shop._of_the_store()}
        shop._keeper = None
    assert "syncd_store_bytes" in names
    assert "syncd_backup_age_seconds" not in names


def _forbidden(folder: Path) -> list[Path]:
    raise PermissionError(13, "Permission denied", str(folder))


def _trouble(*_: object) -> None:
    raise RuntimeError("ann@example.com")


def test_one_is_made_when_somebody_asks(
    store: SqlStore, backed: Path, loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, though none is due; what fails is told to whoever looks, and asked again it is made."""
    linked(store)
    monkeypatch.setattr(keeping, "LOOK", 0.5)
    passed = timedelta()
    real = SystemClock.now
    monkeypatch.setattr(SystemClock, "now", lambda self: real(self) + passed)
    with closing(Workshop(loaded, stop=threading.Event())) as workshop:
        empty = workshop.ordered(shelf_of(loaded))
        with pytest.raises(BadUsage, match="no backups are configured"):
            workshop.back_up()  # nobody makes any in this process
        workshop.keep_backups()
        until(lambda: len(backups_in(backed)) == 1)
        passed = timedelta(minutes=1)
        workshop.back_up()
        until(lambda: len(backups_in(backed)) == 2)
        until(lambda: workshop.ordered(empty).asked is None)
        with monkeypatch.context() as patched:
            patched.setattr(keeping, "back_up", _trouble)
            workshop.back_up()
            until(lambda: workshop.ordered(empty).failed)
            assert workshop.ordered(empty).asked is None
        passed = timedelta(minutes=2)
        workshop.back_up()
        until(lambda: not workshop.ordered(empty).failed)
        until(lambda: len(backups_in(backed)) == 2 and workshop.ordered(empty).asked is None)


def until(true: Callable[[], object]) -> None:
    """Waits for something to be so."""
    over = time.monotonic() + 30
    while not true():
        assert time.monotonic() < over, "it never came to be"
        time.sleep(0.05)
