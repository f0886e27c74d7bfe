"""``syncd glossary`` beside a store that remembers what words meant before."""

from __future__ import annotations

from pathlib import Path

from syncd.bootstrap import read_config
from syncd.bootstrap.defining import note_in_force
from syncd.store import SqlStore
from tests.unit.cli.conftest import AT, Run
from tests.unit.cli.test_cli_glossary import agreed

__all__ = ["agreed"]
ENVIRON = {
    "SYNCD_CONNECTIONS__MAIN__MARKETING__ACCESS_TOKEN": "x",
    "SYNCD_CONNECTIONS__MAIN__CRM__CLIENT_SECRET": "x",
}


def test_the_store_tells_what_was_said_before(agreed: Path, run: Run, store: SqlStore) -> None:
    """The day and the words, unless files alone are asked for."""
    note_in_force(read_config(agreed, ENVIRON).connection(None), store, AT)
    file = agreed / "lifecycle.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("Sales has called.", "Sales has met them."))
    assert "not in force yet" in run("glossary").out
    note_in_force(read_config(agreed, ENVIRON).connection(None), store, AT)
    told = run("glossary").out
    assert f"Changed {AT:%Y-%m-%d}" in told
    assert "Sales has ~~called.~~ **met them.**" in told
    assert "met them." in run("glossary", "--files-only").out
    assert "~~" not in run("glossary", "--files-only").out


def test_no_store_is_made(agreed: Path, run: Run) -> None:
    """Where there is no store the page is made of the files, and no store is made for it."""
    assert run("glossary").code == 0
    assert not (agreed / "syncd.db").exists()
