"""Backups of a PostgreSQL store by the commands and by a daemon, as of any other store."""

from __future__ import annotations

import os
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from syncd.bootstrap import read_config
from syncd.bootstrap.backups import Keeper
from syncd.bootstrap.workshop import Workshop
from syncd.cli.main import main
from syncd.store import SqlStore
from syncd.store.shelf import backups_in
from tests.contract.test_postgres_backup import KEY, linked, store, tools  # noqa: F401 - two are fixtures
from tests.unit.cli.conftest import PERSON, SYNCD, Run, Said

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.parametrize("store_url", ["postgres"], indirect=True),
]


@pytest.fixture
def call(store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Calls the program with a configuration of this store."""
    for name, content in (("syncd.yaml", SYNCD.format(folder=tmp_path)), ("schema/person.yaml", PERSON), ("key", KEY)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    (tmp_path / "key").chmod(0o600)
    monkeypatch.setenv("SYNCD_STORE__URL", store_url)
    monkeypatch.setenv("SYNCD_BACKUP__FOLDER", str(tmp_path / "copies"))
    monkeypatch.setenv("SYNCD_BACKUP__KEY_FILE", str(tmp_path / "key"))

    def call(*words: str) -> Said:
        capsys.readouterr()
        code = main(["--config", str(tmp_path), *words])
        told = capsys.readouterr()
        return Said(code, told.out, told.err)

    return call


def test_the_commands_are_the_same(store: SqlStore, call: Run) -> None:  # noqa: F811 - the fixture's value
    """Made, listed, verified, put back; and then nothing goes on before it was compared."""
    made = call("store", "backup", "--json")
    assert made.code == 0, made.err
    assert made.json["rows"]["link"] == 1
    assert [each["file"] for each in call("store", "backups", "--json").json["backups"]] == [made.json["file"]]
    assert call("store", "verify", made.json["file"]).code == 0
    linked(store, "L1", "Newtown")
    store.close()
    time.sleep(1.1)  # the store that was there is kept under the second in which it is replaced
    told = call("store", "restore", made.json["file"])
    assert told.code == 0, told.err
    assert "the store that was there: " in told.out
    assert len(call("store", "backups", "--json").json["backups"]) == 2
    assert call("status", "--json").json["connections"][0]["restored"] is not None


def test_a_daemon_makes_them(
    store: SqlStore,  # noqa: F811 - the fixture's value
    call: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One is due at the start, as `syncd run` begins; a second worker that keeps the same folder makes none."""
    for name in ("MARKETING__ACCESS_TOKEN", "CRM__CLIENT_SECRET"):
        monkeypatch.setenv(f"SYNCD_CONNECTIONS__MAIN__{name}", "word")
    loaded = read_config(tmp_path, os.environ)
    with closing(Workshop(loaded, stop=threading.Event())) as shop:
        shop.keep_backups()
        until = time.monotonic() + 60
        while not backups_in(tmp_path / "copies"):
            assert time.monotonic() < until, "the daemon made no backup"
            time.sleep(0.2)
        ages = [value for name, _, value in shop._of_the_store() if name == "syncd_backup_age_seconds"]
    assert len(ages) == 1
    Keeper(lambda: loaded).look()
    assert len(backups_in(tmp_path / "copies")) == 1
