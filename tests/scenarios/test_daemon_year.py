"""A daemon over a year's chores: drained for an upgrade, backed up while it works, a token that is exchanged."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.processes import Place, answered, someone, until
from tests.scenarios.test_daemon import _lead, _retitle

pytestmark = pytest.mark.slow

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def pair(place: Place) -> tuple[str, str]:
    """A linked person: ids of contact and lead."""
    both = someone(place)
    assert place.approve().code == 0
    return both


def test_drained_it_stands_still_until_it_is_started_again(place: Place, pair: tuple[str, str]) -> None:
    """Exit 0 once nothing is in flight; edits wait; `sync` refuses; a new start, or `resume`, goes on."""
    contact, lead = pair
    with place.daemon() as daemon:
        daemon.wait_for("run.finished", state="done")
        said = place.run("drain", "--json")
        assert said.code == 0, said.err
        assert said.json == {"connections": [{"connection": "main", "in_flight": 0}]}
        turns = len(daemon.events("run.started"))
        _retitle(place, contact, "Waiting")
        assert "drained" in place.run("sync").err
        until(lambda: place.run("status", "--json").json["connections"][0]["workers"] != [])
        assert len(daemon.events("run.started")) == turns
        assert _lead(place, lead)["Title"] != "Waiting"
    with place.daemon() as daemon:
        until(lambda: _lead(place, lead)["Title"] == "Waiting", what=daemon.tail)
        assert place.run("drain").code == 0
        assert place.run("resume").code == 0
        _retitle(place, contact, "Resumed")
        until(lambda: _lead(place, lead)["Title"] == "Resumed", what=daemon.tail)


def test_it_is_backed_up_while_it_works(place: Place, pair: tuple[str, str], tmp_path: Path) -> None:
    """By itself, at its first start; metrics tell its age and the store's size; the backup can be put back."""
    backups = {"SYNCD_BACKUP__FOLDER": str(tmp_path / "copies"), "SYNCD_BACKUP__KEY": KEY}
    with place.daemon("--http", "127.0.0.1:0", environ=backups) as daemon:
        made = daemon.wait_for("backup.made")
        port = daemon.wait_for("console.started")["port"]
        text = answered(port, "metrics")[1]
        assert "syncd_backup_age_seconds " in text
        assert 'syncd_store_bytes{part="used"}' in text
        file = tmp_path / "copies" / made["backup"]
        assert "stop it first" in place.run("store", "restore", str(file), environ=backups).err
        assert daemon.stop()[0] == 0
    listed = place.run("store", "backups", "--json", environ=backups)
    assert [each["file"] for each in listed.json["backups"]] == [str(file)]
    assert place.run("store", "restore", str(file), environ=backups).code == 0
    assert place.run("status", "--json").json["connections"][0]["restored"]["compared"] is None
