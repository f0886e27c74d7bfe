"""Backups in the making: what a killed one leaves is swept by the next, and none that somebody writes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from syncd.model.errors import RetryLater
from syncd.store import SqlStore
from syncd.store.parts import claimed
from tests.unit.cli.conftest import Run
from tests.unit.cli.test_cli_backups import linked, made


def test_what_a_kill_left_in_the_folder_is_swept_by_the_next(run: Run, store: SqlStore, backed: Path) -> None:
    """Another process is killed while it seals: its part is deleted; one that is being written stays, and what is not
    ours.
    """
    linked(store)
    script = """
import os, sys
from pathlib import Path
from syncd.store import backup
from syncd.system import SystemChance, SystemClock
def killed(plain, sealed, **how):
    sealed.write_bytes(b"half of it")
    os._exit(9)
backup.seal = killed
url, folder = sys.argv[1:]
backup.Backups(url, Path(folder), "k" * 32, clock=SystemClock(), chance=SystemChance()).make()
"""
    ended = subprocess.run(
        [sys.executable, "-c", script, f"sqlite:///{backed.parent}/syncd.db", str(backed)], check=False
    )
    (stale,) = backed.glob("*.part")
    assert (ended.returncode, stale.read_bytes()) == (9, b"half of it")
    written, foreign = backed / "syncd-20260101T000000Z.part", backed / "syncd-notes.part"
    foreign.touch()
    with claimed(written):
        made(run)
        assert {each.name for each in backed.glob("*.part")} == {written.name, foreign.name}
    assert [each.name for each in backed.glob("*.part")] == [foreign.name]


def test_two_stores_that_back_up_within_one_second_do_not_share_a_file(backed: Path) -> None:
    """They may have one folder: the second is told to come later, and what the first writes stays."""
    backed.mkdir(exist_ok=True)
    part = backed / "syncd-20260101T000000Z.part"
    with claimed(part):
        part.write_bytes(b"under way")
        with pytest.raises(RetryLater, match="another backup"), claimed(part):
            pass
        assert part.read_bytes() == b"under way"
