"""Where there is no store: what looks is refused, what reads the vendors does without, and only what writes makes one.

A slip of ``store.url``, or of the folder that a relative one counts from, must not look like a connection in which all
is well.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from syncd.bootstrap import open_world, read_config
from syncd.observe.log import listen, unlisten
from tests.unit.cli.conftest import Run

ELSEWHERE = 'version: 1\nstore: {{url: "sqlite:///var/syncd.db"}}\n{rest}'
LOOKS = (
    ("runs",),
    ("conflicts", "list"),
    ("conflicts", "resolve", "c1", "--take", "crm"),
    ("dead-letters", "list"),
    ("parked", "list"),
    ("held", "list"),
    ("drift", "list"),
    ("link", "list"),
    ("privacy",),
    ("audit", "verify"),
    ("export", "out"),
    ("report", "agreement"),
    ("notify", "list"),
    ("console", "list"),
    ("console", "deeds"),
    ("store", "size"),
    ("store", "mark-restored"),
    ("maintenance", "--for", "2h"),
    ("pause",),
    ("resume",),
    ("explain", "link:L1", "--offline"),
)


@pytest.fixture
def lost(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Somebody in another folder than the daemon's, with a relative store.url; where it leads to from there."""
    text = (folder / "syncd.yaml").read_text(encoding="utf-8")
    rest = "connections:" + text.partition("connections:")[2]
    (folder / "syncd.yaml").write_text(ELSEWHERE.format(rest=rest), encoding="utf-8")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path / "elsewhere" / "var" / "syncd.db"


@pytest.mark.parametrize("words", LOOKS, ids=" ".join)
def test_nothing_is_asked_of_a_store_that_is_not_there(run: Run, lost: Path, words: tuple[str, ...]) -> None:
    """Whoever asks what is remembered is told where nothing is, with exit 2; not that all is well. Nothing is made."""
    said = run(*words)
    assert said.code == 2
    assert f"there is no store at {lost}" in said.failure["what"]
    assert not list(lost.parent.parent.iterdir())


def test_status_before_the_first_sync(run: Run, lost: Path) -> None:
    """It says so, and where the store will be; a person is waited for, and nothing is made."""
    said = run("status")
    assert said.code == 1
    assert "never synced" in said.out
    assert f"there is no store yet at {lost}" in said.out
    assert "nothing waits" not in said.out
    told = run("status", "--json").json
    assert told["store"] == {"place": str(lost), "there": False}
    assert told["connections"][0]["last_run"] is None
    assert not list(lost.parent.parent.iterdir())


def test_an_empty_file_is_no_store(run: Run, lost: Path) -> None:
    """As an interrupted copy leaves it: it holds nothing that could be asked for."""
    lost.parent.mkdir()
    lost.touch()
    assert run("runs").code == 2
    assert run("status").code == 1


def test_check_tells_where_the_store_is(run: Run, lost: Path) -> None:
    """With its whole path, and whether it is there; a look that makes nothing either."""
    told = run("check", "--json").json
    assert told["store"] == {"place": str(lost), "there": False}
    assert not lost.parent.exists()


SECRETS = {
    "SYNCD_CONNECTIONS__MAIN__MARKETING__ACCESS_TOKEN": "pat-na1-none",
    "SYNCD_CONNECTIONS__MAIN__CRM__CLIENT_SECRET": "none",
}


def test_a_look_at_the_vendors_does_without(folder: Path, lost: Path) -> None:
    """`plan`, `doctor` and `setup` come before anything is remembered: they say so, and make none."""
    told: list[object] = []

    def heard(event: str, keys: Mapping[str, Any]) -> None:
        if event == "store.absent":
            told.append(keys["place"])

    listen(heard)
    with open_world(read_config(folder, SECRETS), None, who="ann", read_only=True) as world:
        assert world.store.runs(1) == []
    assert not lost.parent.exists()
    unlisten(heard)
    assert told == [str(lost)]


@pytest.mark.usefixtures("lost")
def test_a_sync_makes_it(folder: Path, lost: Path) -> None:
    """A world that writes is where a store begins; from then on it is found."""
    with open_world(read_config(folder, SECRETS), None, who="ann"):
        assert lost.is_file()
    with open_world(read_config(folder, SECRETS), None, who="ann", read_only=True) as world:
        assert world.store.cursors() == []


def test_a_wish_is_never_kept_in_memory(run: Run, lost: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A resync would be stored, and lost with the process: it is refused before either vendor is asked."""
    for name, secret in SECRETS.items():
        monkeypatch.setenv(name, secret)
    said = run("resync", "--all", "--yes")
    assert said.code == 2
    assert f"there is no store at {lost}" in said.failure["what"]
