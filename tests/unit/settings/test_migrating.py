"""A configuration of an older version becomes one of this version: shown first, each file whole, none half-way.

There is one version in the world. The step that is walked here comes from a version 0 that never was: a key had another
name, a section stood elsewhere, in the main file, in overlays and in mappings.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from syncd.model.errors import BadConfig, BadUsage, NeedsOperator
from syncd.settings import steps
from syncd.settings.migrating import migration, write
from syncd.settings.sections import CURRENT
from syncd.settings.sheet import Sheet
from syncd.settings.steps import STEPS, Step
from tests.unit.settings.conftest import PERSON, Folder

OLD: Final = """\
# The accounts.
version: 0 # of the format

store:
  # a file, or an address
  url: sqlite:///x.db
  # each day
  backup:
    folder: copies
    key: "0123456789abcdef0123456789abcdef" # not in here, please

connections:
  main:
    interval: 30 # seconds
    marketing: {access_token: pat-secret}
    crm: {login_url: "https://x.my.salesforce.com", client_id: id, client_secret: hush}
"""
NEW: Final = """\
# The accounts.
version: 1 # of the format

store:
  # a file, or an address
  url: sqlite:///x.db

connections:
  main:
    poll: 30 # seconds
    marketing: {access_token: pat-secret}
    crm: {login_url: "https://x.my.salesforce.com", client_id: id, client_secret: hush}
# each day
backup:
  folder: copies
  key: "0123456789abcdef0123456789abcdef" # not in here, please
"""


def _main(sheet: Sheet) -> Sheet:
    renamed = sheet.renamed(("connections", "*", "interval"), "poll")
    return renamed.moved(("store", "backup"), ("backup",))


STEP: Final = Step(
    since=0,
    says="`interval` is called `poll`, `backup` stands by itself, and mappings say `match`",
    edits={"syncd.yaml": _main, "schema/*.yaml": lambda sheet: sheet.renamed(("matching",), "match")},
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """A configuration of version 0, and the step from there."""
    monkeypatch.setattr(steps, "STEPS", (STEP,))
    folder = Folder(tmp_path)
    folder.write("syncd.yaml", OLD)
    folder.write("schema/person.yaml", PERSON.replace("match:", "matching:"))
    folder.write("env/quick.yaml", "connections: {main: {interval: 5}} # sooner\n")
    return folder


def texts(folder: Folder) -> Mapping[str, str]:
    """Every file of it by name, those that are kept, too."""
    files = (each for each in folder.path.rglob("*") if each.is_file())
    return {each.relative_to(folder.path).as_posix(): each.read_bytes().decode() for each in files}


def test_the_steps_lead_to_the_version_of_this_syncd() -> None:
    """One after another, without a gap."""
    assert [each.since for each in STEPS] == list(range(CURRENT - len(STEPS), CURRENT))


def test_nothing_is_written_before_it_is_asked_for(folder: Folder) -> None:
    """What is planned tells every file, the main one last; the files are as they were."""
    before = texts(folder)
    planned = migration(folder.path)
    assert (planned.since, planned.to, planned.steps) == (0, 1, (STEP,))
    assert [each.file.name for each in planned.files] == ["person.yaml", "quick.yaml", "syncd.yaml"]
    assert texts(folder) == before


def test_what_is_written_is_what_was_meant_and_nothing_else(folder: Folder) -> None:
    """Comments, order, quotes; the overlay too; the old files stand beside; the result is a configuration."""
    before = texts(folder)
    kept = write(migration(folder.path))
    after = texts(folder)
    assert after["syncd.yaml"] == NEW
    assert after["schema/person.yaml"] == PERSON
    assert after["env/quick.yaml"] == "connections: {main: {poll: 5}} # sooner\n"
    assert {each.relative_to(folder.path).as_posix() for each in kept} == {f"{name}.version-0" for name in before}
    assert {name: after[f"{name}.version-0"] for name in before} == before
    folder.environ = {"SYNCD_ENV": "quick"}
    assert folder.load().connections["main"].poll == 5


def test_a_second_time_there_is_nothing_to_do(folder: Folder) -> None:
    """And a file that was rewritten already is not touched by the step."""
    write(migration(folder.path))
    after = texts(folder)
    assert not migration(folder.path).files
    folder.change("syncd.yaml", "version: 1", "version: 0")
    (left,) = migration(folder.path).files
    assert left.becomes == after["syncd.yaml"]


def test_an_older_file_is_refused_with_the_command(folder: Folder) -> None:
    """Whatever reads the configuration says so, and nothing else about the file."""
    (flaw,) = folder.flaws()
    assert flaw.startswith("syncd.yaml:2:10: version 0 was written for an older syncd; this one reads version 1")
    assert "config migrate` shows" in flaw


@pytest.mark.parametrize(("name", "said"), [("2", "newer syncd"), ("x", "write one of 1")])
def test_of_another_version_nothing_can_be_made(folder: Folder, name: str, said: str) -> None:
    """One that is newer, or none."""
    folder.change("syncd.yaml", "version: 0", f"version: {name}")
    with pytest.raises(BadConfig, match=said):
        migration(folder.path)


def test_without_a_step_from_there_it_never_was(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is in the world today."""
    monkeypatch.setattr(steps, "STEPS", ())
    with pytest.raises(BadConfig, match="there never was a version 0"):
        migration(folder.path)


def test_the_diff_shows_no_secret(folder: Folder) -> None:
    """Not in the lines that change, and not in those around them."""
    told = "".join(each.diff() for each in migration(folder.path).files)
    assert "-    interval: 30 # seconds\n+    poll: 30 # seconds\n" in told
    assert "+# each day\n+backup:\n+  folder: copies\n+  key: *** # not in here, please\n" in told
    assert not [secret for secret in ("pat-secret", "hush", "0123456789abcdef") if secret in told]


def test_a_file_that_cannot_be_rewritten_stops_all_of_it(folder: Folder) -> None:
    """Before anything is written."""
    folder.change("syncd.yaml", "  backup:\n    folder: copies\n    key:", "  backup: {folder: copies}\n  other:")
    folder.change("syncd.yaml", "store:\n", "backup: {}\nstore:\n")
    before = texts(folder)
    with pytest.raises(BadConfig, match=r"where something else stands; move store\.backup to backup"):
        migration(folder.path)
    assert texts(folder) == before


def test_what_somebody_changed_meanwhile_is_not_written_over(folder: Folder) -> None:
    """Of no file."""
    planned = migration(folder.path)
    folder.change("syncd.yaml", "30 # seconds", "20 # seconds")
    before = texts(folder)
    with pytest.raises(BadUsage, match="somebody changed it meanwhile"):
        write(planned)
    assert texts(folder) == before


def test_an_older_copy_is_never_written_over(folder: Folder) -> None:
    """The next one has a number."""
    kept = folder.write("syncd.yaml.version-0", "precious\n")
    write(migration(folder.path))
    assert kept.read_text() == "precious\n"
    assert texts(folder)["syncd.yaml.version-0.2"] == OLD


def test_rights_and_links_stay(folder: Folder) -> None:
    """A file that is a link elsewhere is exchanged there; who may read it may read the new one, and nobody more."""
    real = folder.path / "shared" / "main.yaml"
    real.parent.mkdir()
    (folder.path / "syncd.yaml").rename(real)
    (folder.path / "syncd.yaml").symlink_to(real)
    real.chmod(0o640)
    write(migration(folder.path))
    assert (folder.path / "syncd.yaml").is_symlink()
    assert real.read_text() == NEW
    assert {each.stat().st_mode & 0o777 for each in real.parent.iterdir()} == {0o640}


@pytest.mark.skipif(os.geteuid() != 0, reason="who is not root makes no file of somebody else")
def test_the_owner_stays(folder: Folder) -> None:
    """An administrator migrates, and the daemon's user goes on reading; the copy is the daemon's, too."""
    main = folder.path / "syncd.yaml"
    os.chown(main, 10001, 10002)
    kept = write(migration(folder.path))
    assert [(each.stat().st_uid, each.stat().st_gid) for each in (main, kept[-1])] == [(10001, 10002)] * 2


class Killed(BaseException):
    """The process ends here."""


def test_killed_anywhere_each_file_is_the_old_or_the_new_one(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """And as long as not all are new, the configuration is refused with the command, which goes on."""
    before = texts(folder)
    write(migration(folder.path))
    after = texts(folder)
    settled = os.fsync
    for at in count(1):
        for name in texts(folder):
            (folder.path / name).unlink()
        for name, text in before.items():
            folder.write(name, text)
        calls = count(1)

        def kill(handle: int, calls: Callable[[], int] = calls.__next__, at: int = at) -> None:
            settled(handle)
            if calls() == at:
                raise Killed

        monkeypatch.setattr(os, "fsync", kill)
        try:
            write(migration(folder.path))
        except Killed:
            ended = False
        else:
            ended = True
        monkeypatch.setattr(os, "fsync", settled)
        found = texts(folder)
        assert all(found[name] in (text, after[name]) for name, text in before.items())
        if found["syncd.yaml"] == before["syncd.yaml"]:
            assert "config migrate" in folder.flaws()[0]
        write(migration(folder.path))
        assert texts(folder) == after
        if ended:
            assert at == 4 * len(before) + 1  # a copy and a file each, and the folder after each
            return


def test_what_cannot_be_written_is_said(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """By name, with what to do; nothing is left lying about."""

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    before = texts(folder)
    with pytest.raises(NeedsOperator, match=r"person\.yaml: cannot be exchanged \(No space left on device\)"):
        write(migration(folder.path))
    assert texts(folder) == before
