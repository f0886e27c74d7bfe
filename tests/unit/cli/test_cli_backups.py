"""``syncd store backup|backups|verify|restore|size``: sealed, proven, put back whole, and refused where it must be."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from syncd.bootstrap import backups as keeping
from syncd.bootstrap import read_config, read_outline
from syncd.bootstrap.backups import Keeper
from syncd.model.errors import BadConfig
from syncd.model.link import Base, Link, Proof
from syncd.model.remote import RemoteRef
from syncd.model.run import Worker
from syncd.model.values import Instant, Pair
from syncd.observe.log import listen, unlisten
from syncd.ports.store import Settlement
from syncd.store import SqlRoster, SqlStore, open_store
from syncd.store import backup as files
from syncd.system import SystemChance, SystemClock
from tests.unit.cli.conftest import AT, SYNCD, Run
from tests.unit.cli.test_cli_audit import _begin

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def backed(folder: Path) -> Path:
    """A configuration with a folder for backups; the folder's path."""
    (folder / "key").write_text(KEY + "\n", encoding="utf-8")
    (folder / "key").chmod(0o600)
    config = SYNCD.format(folder=folder) + "backup: {folder: copies, key_file: key, keep: 2}\n"
    (folder / "syncd.yaml").write_text(config, encoding="utf-8")
    return folder / "copies"


def linked(store: SqlStore, id: str = "L1", name: str = "Old", since: Instant = AT) -> None:
    """One person, as the store knows them."""
    link = Link(id, "person", Pair(RemoteRef("contacts", id), RemoteRef("Lead", f"00Q{id}")), Proof.MATCHED, since)
    store.settle(Settlement(links=[link], bases=[(id, Base({"city": name}, Pair({}, {})))]), AT)


def made(run: Run) -> str:
    """The file of a backup that is made now."""
    said = run("store", "backup", "--json")
    assert said.code == 0, said.err
    return str(said.json["file"])


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
    backup = files.read_backup(Path(file))
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
    assert not list(backed.parent.glob("*.scratch*"))


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
    assert not list(backed.parent.glob("*.scratch*"))


def test_a_daemon_makes_one_when_it_is_due(
    folder: Path, store: SqlStore, backed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once each interval, across restarts; older ones than the latest two go; what fails is told and tried again."""
    linked(store)
    for name in ("SYNCD_CONNECTIONS__MAIN__MARKETING__ACCESS_TOKEN", "SYNCD_CONNECTIONS__MAIN__CRM__CLIENT_SECRET"):
        monkeypatch.setenv(name, "word")
    settings = (folder / "syncd.yaml").read_text(encoding="utf-8")
    settings = settings.replace("access_token_file: absent/token", "").replace(
        ", client_secret_file: absent/secret", ""
    )
    (folder / "syncd.yaml").write_text(settings, encoding="utf-8")
    loaded = read_config(folder, os.environ)
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


def _trouble(*_: object) -> None:
    raise RuntimeError("ann@example.com")


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


def test_a_server_is_backed_up_by_its_own_tools(folder: Path) -> None:
    """The configuration says so, and not the first night."""
    (folder / "key").write_text(KEY, encoding="utf-8")
    (folder / "key").chmod(0o600)
    config = SYNCD.format(folder=folder) + "backup: {folder: copies, key_file: key}\n"
    (folder / "syncd.yaml").write_text(config, encoding="utf-8")
    with pytest.raises(BadConfig, match="which syncd does not back up"):
        read_outline(folder, {"SYNCD_STORE__URL": "postgresql://u@h/d"})


def test_without_settings_the_commands_say_what_to_configure(run: Run, store: SqlStore) -> None:
    """No traceback, no empty list."""
    assert "backup.folder" in run("store", "backup").failure["what"]
    said = run("store", "backups")
    assert said.code == 1
    assert "no backups are configured" in said.out
    assert run("store", "backups", "--json").json == {"backups": [], "overdue": True}
