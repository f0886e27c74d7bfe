"""The disk fails between two bytes, no file can be made on it any more, SQLite's log is gone or cut.

Each says in a sentence what is the matter. Whatever a vendor was sent stands in the audit, nothing is sent without it,
and once the store is sound again both sides agree on what people wrote.
"""

from __future__ import annotations

import errno
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from syncd.engine.cycle import sync
from syncd.model.errors import NeedsOperator
from syncd.model.run import RunState
from syncd.operations.restoring import accept_restored
from syncd.store.engine import journal_for, sqlite_module
from tests.scenarios.in_step import PEOPLE, agreed, edit, furnish, lines, sound, written
from tests.scenarios.steps import Steps
from tests.scenarios.test_restored_store import Site
from tests.worlds import open_both

pytestmark = pytest.mark.slow

PAGE = 4096
MOST = 400
"""Pages of a log that no cycle needs."""
INODES = 12


# -- F61: the disk -----------------------------------------------------------------------------------------------------
@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """Every write behind so many bytes of a file fails in the system, which SQLite tells as an error of the disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A machine with a store in a file."""
    folder = tmp_path / "state"
    made = Site(Steps(open_both(f"sqlite:///{folder}/state.db")), folder)
    yield made
    made.stop()


@pytest.mark.fault("F61")
def test_an_error_of_the_disk_at_any_write_loses_nothing(site: Site) -> None:
    """The log may have no more than so many pages, from none on, until a cycle needs no more: each time it says what is
    the matter, has sent nothing that is not on record, and the next cycle does what is left.
    """
    steps, people = site.steps, furnish(site.steps)
    failed: list[int] = []
    for pages in range(0, MOST, 3):
        site.stop()
        site.start()  # its log is empty
        edit(steps, people, f"Room {pages}")
        site.both.clock.advance(600)
        before, began = lines(steps), site.both.clock.now()
        try:
            with no_file_beyond(pages * PAGE):
                sync(site.both.world)
        except NeedsOperator as why:
            assert "the disk reports an I/O error; check it" in str(why)
        else:
            break
        failed.append(lines(steps) - before)
        recorded = {row.ref.id for row in site.both.store.audit_since(began) if row.ref is not None}
        assert written(steps, before) <= recorded
        steps.cycle()
        assert agreed(steps, people, f"Room {pages}")
        steps.quiet()
        assert sound(steps)
    assert pages < MOST - 3, "no cycle got through"
    assert 0 in failed, "none failed before the first write"
    assert max(failed) > 0, "none failed between a write and its settlement"
    assert len(steps.live("Lead")) == PEOPLE


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk that holds few files."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size=32m,nr_inodes={INODES}", "tmpfs", str(folder)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("a disk without room for files is a tmpfs, which only root may mount")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.fault("F61")
def test_a_disk_without_room_for_a_file_stops_the_start_and_nothing_else(disk: Path) -> None:
    """A store that is open goes on, its witness stays as it was; one that is opened cannot have its log, says so, and
    writes to nobody. With room again there is no false alarm, and nothing to be done.
    """
    site = Site(Steps(open_both(f"sqlite:///{disk}/state.db")), disk)
    steps, people = site.steps, furnish(site.steps)
    ballast = list(filled(disk))
    edit(steps, people, "While open")
    steps.cycle()
    assert agreed(steps, people, "While open")
    site.stop()
    ballast += filled(disk)
    edit(steps, people, "After a start")
    before = lines(steps)
    with pytest.raises(NeedsOperator, match=r"cannot be opened.*room for one more file"):
        site.start()
    assert lines(steps) == before
    for each in ballast:
        each.unlink()
    site.start()
    assert site.both.store.restored() is None
    steps.cycle()
    assert agreed(steps, people, "After a start")
    steps.quiet()
    assert sound(steps)
    site.stop()


def filled(disk: Path) -> Iterator[Path]:
    """Takes all the files that are left; empty ones, which need no other room."""
    for number in range(INODES):
        file = disk / f"ballast-{number}"
        try:
            file.touch(exist_ok=False)
        except FileExistsError:
            continue
        except OSError as full:
            assert full.errno == errno.ENOSPC
            return
        yield file


# -- F63: SQLite's log -------------------------------------------------------------------------------------------------
@pytest.mark.fault("F63")
@pytest.mark.parametrize("left", [None, 0.0, 0.3, 0.7], ids=["missing", "empty", "a third", "two thirds"])
def test_a_log_that_is_gone_or_cut_is_an_older_store(site: Site, left: float | None) -> None:
    """The machine dies with commits that stand in the log alone, and that is lost or cut: the start says that the store
    is older, writes to nobody, and once a person has accepted it both sides still say what people wrote.
    """
    if journal_for(sqlite_module().sqlite_version_info) != "WAL":
        pytest.skip("this SQLite has no log of its own")
    steps, people = site.steps, furnish(site.steps)
    site.stop()
    site.start()  # all there is by now stands in the file itself
    fresh = steps.contact(email="fresh@example.com", firstname="A", city="Old", company="C")
    edit(steps, people, "In the log")
    steps.cycle()
    steps.quiet()
    assert agreed(steps, people, "In the log")
    died(site, left)
    edit(steps, people[:1], "Since then")
    before, leads = lines(steps), len(steps.live("Lead"))
    for _ in range(2):
        ended = site.run()
        assert ended.run.state is RunState.HELD
        assert ended.needs_approval
    told = site.both.store.restored()
    assert told is not None
    assert "an older copy" in told.why
    assert not written(steps, before)
    assert accept_restored(site.both.store, "ann")
    for _ in range(3):
        site.run(after=3_600.0)
    assert len(steps.live("Lead")) == leads, "the one who was made since is found by their key"
    assert steps.marketed(fresh, "syncd_crm_id")
    assert agreed(steps, people[1:], "In the log", first=1)
    for row in steps.conflicts():  # what differs waits for a person, who knows
        assert site.both.store.resolve_conflict(row.id, "crm")
    site.until_quiet()
    assert agreed(steps, people[:1], "Since then")
    assert sound(steps)


def died(site: Site, left: float | None) -> None:
    """What is on the disk of a machine that was switched off, with so much of the log; a new process starts there."""
    for file in list(site.folder.iterdir()):
        if file.name != "state.db-shm":
            shutil.copy(file, site.folder / f"off-{file.name}")
    log = site.folder / "off-state.db-wal"
    assert log.stat().st_size > 20 * PAGE, "nothing stands in the log alone"
    site.stop()
    if left is None:
        log.unlink()
    else:
        with log.open("r+b") as opened:
            opened.truncate(int(log.stat().st_size * left))
    (site.folder / "state.db-wal").unlink(missing_ok=True)
    for file in site.folder.glob("off-*"):
        file.rename(site.folder / file.name.removeprefix("off-"))
    site.start()
