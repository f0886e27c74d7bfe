"""``syncd store backup|backups|verify|restore|size``: sealed, proven, put back whole, and refused where it must be."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from syncd.bootstrap import read_outline
from syncd.model.errors import BadConfig
from syncd.model.link import Base, Link, Proof
from syncd.model.remote import RemoteRef
from syncd.model.run import Worker
from syncd.model.values import Instant, Pair
from syncd.ports.store import Settlement
from syncd.store import SqlRoster, SqlStore, open_store
from syncd.store import backup as files
from syncd.store.engine import sqlite_module
from syncd.store.shelf import read_backup
from syncd.system import SystemChance, SystemClock
from tests.unit.cli.conftest import AT, KEY, SYNCD, Run
from tests.unit.cli.test_cli_audit import _begin

pytestmark = pytest.mark.beyond


def linked(store: SqlStore, id: str = "L1", name: str = "Old", since: Instant = AT) -> None:
    """One person, as the store knows them."""
    link = Link(id, "person", Pair(RemoteRef("contacts", id), RemoteRef("Lead", f"00Q{id}")), Proof.MATCHED, since)
    store.settle(Settlement(links=[link], bases=[(id, Base({"city": name}, Pair({}, {})))]), AT)


def made(run: Run) -> str:
    """The file of a backup that is made now."""
    said = run("store", "backup", "--json")
    assert said.code == 0, said.err
    return str(said.json["file"])


def left(folder: Path) -> list[str]:
    """What a backup left beside the store; its lock is no matter."""
    return [each.name for each in folder.glob("*.scratch*") if not each.name.endswith(".lock")]


def test_a_backup_is_sealed_proven_and_put_back(run: Run, store: SqlStore, backed: Path) -> None:
    """What is put back is the store of then; what was there is kept; nothing goes on before it was compared."""
    _begin(store, "a", "b")
    linked(store)
    file = Path(made(run))
    assert file.parent == backed
    assert file.stat().st_mode & 0o777 == 0o600
    assert backed.stat().st_mode & 0o777 == 0o700
    assert b"SQLite format" not in file.read_bytes()
    assert [each.name for each in backed.iterdir()] == [file.name], "no scratch file is left"
    said = run("store", "verify", str(file), "--json")
    assert said.code == 0
    assert said.json["rows"]["link"] == 1
    assert said.json["rows"]["audit"] == 2
    linked(store, "L2")
    linked(store, name="New")
    store.close()
    said = run("store", "restore", str(file), "--json")
    assert said.code == 0, said.err
    aside = Path(said.json["aside"])
    again = open_store(f"sqlite:///{backed.parent}/syncd.db", "main", clock=SystemClock(), chance=SystemChance())
    kept = open_store(f"sqlite:///{aside}", "main", clock=SystemClock(), chance=SystemChance())
    try:
        assert again.count_links("person") == 1
        assert again.by_link(["L1"])["L1"].base.agreed == {"city": "Old"}
        restored = again.restored()
        assert restored is not None
        assert "put back the backup of" in restored.why
        assert restored.compared is None
        assert kept.count_links("person") == 2
        assert kept.by_link(["L1"])["L1"].base.agreed == {"city": "New"}
    finally:
        again.close()
        kept.close()
    assert run("status", "--json").json["connections"][0]["restored"]["compared"] is None


def test_it_is_one_state_of_a_store_at_work(run: Run, store: SqlStore, backed: Path) -> None:
    """What another process writes into the log meanwhile, and has not moved into the file, is in it."""
    linked(store)
    assert (backed.parent / "syncd.db-wal").stat().st_size
    file = made(run)
    assert run("store", "verify", file, "--json").json["rows"]["link"] == 1
    linked(store, "L2")
    assert store.count_links("person") == 2, "whoever works on the store goes on"


def test_the_list_says_when_there_is_none_for_long(run: Run, store: SqlStore, backed: Path) -> None:
    """Exit 1 without one, and with an old one."""
    said = run("store", "backups")
    assert said.code == 1
    assert "there is no backup" in said.out
    file = made(run)
    assert run("store", "backups", "--json").json == {
        "backups": [
            {"bytes": Path(file).stat().st_size, "file": file, "made": _made(file), "schema": files.SCHEMA_VERSION}
        ],
        "overdue": False,
    }
    (backed / "syncd-x.backup").write_bytes(b"nonsense")
    (backed / "notes.txt").write_text("mine", encoding="utf-8")
    assert run("store", "backups").code == 0
    settings = (backed.parent / "syncd.yaml").read_text(encoding="utf-8")
    (backed.parent / "syncd.yaml").write_text(settings.replace("keep: 2", "keep: 2, every: 300"), encoding="utf-8")
    clock = SystemClock()
    real = SystemClock.now
    try:
        SystemClock.now = lambda self: real(self) + timedelta(seconds=601)  # type: ignore[method-assign]
        assert (clock.now() - real(clock)).total_seconds() > 600
        assert run("store", "backups").code == 1
    finally:
        SystemClock.now = real  # type: ignore[method-assign]


def _made(file: str) -> str:
    backup = read_backup(Path(file))
    assert backup is not None
    return backup.made.isoformat()


def test_what_does_not_come_out_again_is_no_backup(
    run: Run, store: SqlStore, backed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that keeps other bytes than it was given is noticed before the file gets its name."""
    linked(store)
    sealing = files.seal

    def spoilt(plain: Path, sealed: Path, **how: object) -> str:
        told = sealing(plain, sealed, **how)  # type: ignore[arg-type]
        with sealed.open("r+b") as out:
            out.seek(-1, os.SEEK_END)
            out.write(b"\x00")
        return told

    monkeypatch.setattr(files, "seal", spoilt)
    assert run("store", "backup").code == 2
    assert not list(backed.iterdir())
    assert not left(backed.parent)


@pytest.mark.parametrize("spoil", ["flip", "cut", "other key", "no file", "no backup"])
def test_what_cannot_be_opened_replaces_nothing(run: Run, store: SqlStore, backed: Path, spoil: str) -> None:
    """The store stays as it is, and a sentence says why."""
    linked(store)
    file = Path(made(run))
    whole = file.read_bytes()
    match spoil:
        case "flip":
            file.write_bytes(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
        case "cut":
            file.write_bytes(whole[: len(whole) // 2])
        case "other key":
            (backed.parent / "key").write_text(KEY[::-1], encoding="utf-8")
        case "no file":
            file.unlink()
        case "no backup":
            file.write_bytes(b"hello")
    before = (backed.parent / "syncd.db").stat().st_ino
    for command in ("verify", "restore"):
        said = run("store", command, str(file))
        assert said.code == 2
        assert str(file) in said.failure["what"]
    assert (backed.parent / "syncd.db").stat().st_ino == before
    assert store.count_links("person") == 1


def test_an_altered_audit_in_it_is_told(run: Run, store: SqlStore, backed: Path) -> None:
    """A backup is what the store was; whether that was what was written, verifying says."""
    _begin(store, "a")
    linked(store)
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE audit SET run = 'x'"))
    store.take_lease("h", SystemClock().now(), SystemClock().now() + timedelta(minutes=5))
    said = run("store", "verify", made(run))
    assert said.code == 1
    assert "main: entry 1 " in said.out


def test_nothing_is_put_back_under_a_daemon_or_over_what_cannot_be_read(
    run: Run, store: SqlStore, backed: Path
) -> None:
    """A daemon at work is refused; a damaged store needs a word more, and is kept."""
    linked(store)
    file = made(run)
    now = SystemClock().now()
    roster = SqlRoster(store._database)
    roster.beat(Worker("daemon on elsewhere:1:1", now, now, "1"))
    assert "stop it first" in run("store", "restore", file).failure["what"]
    roster.dismiss("daemon on elsewhere:1:1")
    store.close()
    damaged = backed.parent / "syncd.db"
    damaged.write_bytes(b"no database" * 1_000)
    assert "cannot be told" in run("store", "restore", file).failure["what"]
    said = run("store", "restore", file, "--force", "--json")
    assert said.code == 0, said.err
    assert Path(said.json["aside"]).read_bytes() == b"no database" * 1_000
    assert run("status", "--json").json["connections"][0]["links"] == {"person": 1}


def test_nothing_is_put_back_under_a_command_that_writes(run: Run, store: SqlStore, backed: Path) -> None:
    """Whoever holds a lease of any connection is named; with a word more it counts as gone."""
    linked(store)
    file = made(run)
    now = SystemClock().now()
    lease = store.take_lease("sync on elsewhere:1:1", now, now + timedelta(minutes=5))
    assert lease is not None
    assert "sync on elsewhere:1:1 writes for main" in run("store", "restore", file).failure["what"]
    assert store.restored() is None, "the store is the one that was there"
    store.close()
    assert run("store", "restore", file, "--force").code == 0


def test_a_lease_that_ran_out_or_was_given_back_is_no_hindrance(run: Run, store: SqlStore, backed: Path) -> None:
    """Only who still may write is waited for."""
    file = made(run)
    now = SystemClock().now()
    store.take_lease("sync on elsewhere:1:1", now - timedelta(minutes=5), now - timedelta(minutes=1))
    store.close()
    assert run("store", "restore", file).code == 0


def test_two_do_not_share_one_scratch_file(run: Run, store: SqlStore, backed: Path) -> None:
    """While one is made, another is told to come later and harms nothing; a kill leaves no lock behind."""
    linked(store)
    file = made(run)
    with files._scratch(backed.parent / "syncd.db") as plain:
        plain.write_bytes(b"a copy under way")
        for command in (("backup",), ("verify", file), ("restore", file)):
            said = run("store", *command)
            assert said.code == 3
            assert "another backup of it is being made" in said.failure["what"]
        assert plain.read_bytes() == b"a copy under way"
    assert (backed.parent / "syncd.db.scratch.lock").exists()
    assert run("store", "verify", file).code == 0


def test_a_lost_store_is_put_back(run: Run, store: SqlStore, backed: Path) -> None:
    """The disk is new, the backup is there."""
    linked(store)
    file = made(run)
    store.close()
    for each in backed.parent.glob("syncd.db*"):
        each.unlink()
    said = run("store", "restore", file, "--json")
    assert said.code == 0, said.err
    assert said.json["aside"] is None
    assert run("status", "--json").json["connections"][0]["restored"] is not None


class Died(BaseException):
    """The process was killed here."""


@pytest.mark.parametrize("where", ["unseal", "mark", "link", "exchange"])
def test_killed_while_it_is_put_back(
    run: Run, store: SqlStore, backed: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """It changed nothing: the store of before is whole; the next call goes through and leaves nothing behind."""
    linked(store)
    file = made(run)
    linked(store, "L2")
    store.close()

    def die(*_: object, **__: object) -> None:
        raise Died

    with monkeypatch.context() as patch:
        match where:
            case "unseal":
                patch.setattr(files, "look_at", die)
            case "mark":
                patch.setattr(files.Backups, "_exchange", die)
            case "link":
                patch.setattr(os, "link", die)
            case "exchange":
                patch.setattr(Path, "replace", die)
        with pytest.raises(Died):
            run("store", "restore", file)
    again = open_store(f"sqlite:///{backed.parent}/syncd.db", "main", clock=SystemClock(), chance=SystemChance())
    assert again.count_links("person") == 2
    again.close()
    assert run("store", "restore", file).code == 0
    assert not left(backed.parent)


@pytest.mark.parametrize("where", ["link", "exchange"])
def test_a_kill_loses_nothing_that_stood_in_the_log(
    run: Run, store: SqlStore, backed: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """The store of before ended without moving its log into its file: it is whole, whenever the kill comes."""
    linked(store)
    file = made(run)
    linked(store, "L2")
    assert (backed.parent / "syncd.db-wal").stat().st_size, "what is at stake"

    def die(*_: object, **__: object) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(*((os, "link", die) if where == "link" else (Path, "replace", die)))
        with pytest.raises(Died):
            run("store", "restore", file)
    with closing(sqlite_module().connect(backed.parent / "syncd.db")) as there:
        assert there.execute("SELECT count(*) FROM link").fetchone() == (2,)


@pytest.mark.parametrize(
    ("backup", "flaw"),
    [
        ("{folder: copies}", "no key is given"),
        ("{folder: copies, key_file: key}", "shorter than 32 characters"),
        ("{folder: copies, key_file: absent}", "does not exist"),
        ("{folder: copies, key_file: key, keep: 0}", "backup.keep"),
    ],
)
def test_what_is_wrong_with_the_settings_is_told(folder: Path, backup: str, flaw: str) -> None:
    """With the place, before anything is made."""
    (folder / "key").write_text("short", encoding="utf-8")
    (folder / "key").chmod(0o600)
    (folder / "syncd.yaml").write_text(SYNCD.format(folder=folder) + f"backup: {backup}\n", encoding="utf-8")
    with pytest.raises(BadConfig, match=flaw):
        read_outline(folder, {})


def test_without_settings_the_commands_say_what_to_configure(run: Run, store: SqlStore) -> None:
    """No traceback, no empty list."""
    assert "backup.folder" in run("store", "backup").failure["what"]
    said = run("store", "backups")
    assert said.code == 1
    assert "no backups are configured" in said.out
    assert run("store", "backups", "--json").json == {"backups": [], "overdue": True}
