"""Upgrades from the store of every earlier version, with work in flight: killed at any statement, done again, and back.

An older store is made by the migrations up to its version; then every table of it gets rows as a daemon leaves them
that was stopped in the middle: an intent that was sent, its audit row without an ending, an open wish, a run under way,
a lease.
"""

from __future__ import annotations

import os
import shutil
from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, MetaData, Table, event, make_url, select

from syncd.model.errors import NewerStore
from syncd.model.link import LinkState
from syncd.model.run import RunState
from syncd.ports.store import Settlement
from syncd.store import migrate, open_store
from syncd.store.codec import to_ms
from syncd.store.database import Database
from syncd.store.engine import open_engine
from syncd.store.migrate import ensure_schema
from syncd.store.tables import SCHEMA_VERSION, metadata
from tests.fakes import START, FakeChance, FakeClock

UPGRADE: Final = migrate._upgrade
"""The migrations themselves; other tests play their result back (``tests.schemas``)."""
NOW: Final = to_ms(START)
KNOWN: Final[dict[str, Any]] = {
    "connection": "main", "kind": "person", "side": "crm", "state": "running", "action": "update", "object": "Lead",
    "id": "i1", "intent": "i1", "link": "L1", "ref_object": "Lead", "ref_id": "00Q1", "origin_object": "contacts",
    "origin_id": "1", "marketing_object": "contacts", "marketing_id": "1", "crm_object": "Lead", "crm_id": "00Q1",
    "fields": "{}", "agreed": "{}", "counts": "{}", "changes": "[]", "held": '["a","b","c"]', "refs": "[]",
    "proof": "matched", "topic": "field", "grave": "", "outcome": "", "run": "r1", "wish": "look", "argument": "",
    "content": "{}", "names": '["email"]', "base": '[["ann@example.com"],[],[]]', "holder": "daemon on gone:1:1",
    "passed": "[]", "oddities": "", "status": "done", "vendor": "salesforce", "account": "00D1", "opted_out": "yes",
    "epoch": 7, "until": NOW, "keyed": 3, "agreed_set": 1, "marketing_set": 2, "crm_set": 2, "attempt": 1, "rows": 1,
    "finished_at": None, "done_at": None, "gone": None, "resolution": None, "paused": None, "lot": None,
    "end_lot": None, "field": "email", "command": "sync",
}  # fmt: skip
"""What the columns of one row hold, by name; anything else gets a word or a number."""
ROWS: Final[dict[str, list[dict[str, Any]]]] = {
    "meta": [],
    "alembic_version": [],
    "field_set": [{"id": 1, "names": '["email"]'}, {"id": 2, "names": "[]"}],
    "run": [{"id": "r1", "state": "running"}, {"id": "r0", "state": "done", "counts": '{"created.crm":1}'}],
    "audit": [
        {"seq": 1, "intent": "i0", "outcome": "done", "finished_at": NOW},
        {"seq": 2, "intent": "i1"},
    ],
    "link": [{"id": "L1"}],
    "conflict": [{"id": "c1"}],
    "request": [{"id": "q1"}],
}


def older(url: str, version: int) -> None:
    """A store of that version with work in flight, and closed."""
    database = Database(open_engine(url))
    with database.writing("make an older store") as tx:
        UPGRADE(tx, f"{version:04d}")
        there = MetaData()
        there.reflect(tx)
        for table in there.sorted_tables:
            for given in ROWS.get(table.name, [{}]):
                tx.execute(table.insert(), [{**_row(table), **given}])
    database.close()


def _row(table: Table) -> dict[str, Any]:
    return {column.name: _value(column) for column in table.columns}


def _value(column: Any) -> Any:
    if column.name in KNOWN and not (KNOWN[column.name] is None and not column.nullable):
        value = KNOWN[column.name]
        if isinstance(value, str) == (not isinstance(column.type, BigInteger | Integer | Boolean | LargeBinary)):
            return value
    if column.nullable:
        return None
    if isinstance(column.type, LargeBinary):
        return b"bytes of an older version"
    if isinstance(column.type, Boolean):
        return False
    if isinstance(column.type, BigInteger | Integer):
        return NOW if isinstance(column.type, BigInteger) or column.name.endswith("at") else 1
    return f"a {column.name}"


def content(url: str) -> dict[str, Any]:
    """Everything that is in a store: the tables with their columns, and the rows."""
    database = Database(open_engine(url))
    try:
        with database.reading("read everything") as tx:
            there = MetaData()
            there.reflect(tx)
            return {
                table.name: (
                    sorted(column.name for column in table.columns),
                    sorted(map(repr, tx.execute(select(table)).fetchall())),
                )
                for table in there.sorted_tables
            }
    finally:
        database.close()


def upgraded(url: str, *, killed_at: int | None = None) -> int:
    """Opens the store with this version in a process of its own, which is killed before that statement, or at the
    commit (0). Returns how many statements there were, -1 if it was killed.
    """
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            statements = 0
            engine = open_engine(url)

            def count(*_: object) -> None:
                nonlocal statements
                statements += 1
                if statements == killed_at:
                    os._exit(9)

            event.listen(engine, "before_cursor_execute", count)
            if killed_at == 0:
                event.listen(engine, "commit", lambda connection: connection.info.get("done") or _at_commit(connection))
            migrate._upgrade = UPGRADE
            ensure_schema(engine)
            os.write(theirs, str(statements).encode())
            os._exit(0)
        except BaseException as trouble:  # noqa: BLE001 - told to the parent
            os.write(theirs, f"-2 {trouble!r}".encode())
        finally:
            os._exit(1)
    os.close(theirs)
    with os.fdopen(ours) as told:
        said = told.read()
    _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) == 9:
        return -1
    assert not said.startswith("-2"), said
    return int(said)


def _at_commit(connection: Any) -> None:
    """The first commit only reads the version; the second would be that of the migration."""
    if connection.engine.dialect.name == "sqlite" and not connection.connection.driver_connection.in_transaction:
        return
    changed = connection.exec_driver_sql("SELECT value FROM meta WHERE key = 'schema'").scalar()
    if str(changed) == str(SCHEMA_VERSION):
        os._exit(9)


def carries_on(url: str) -> None:
    """The store of this version knows all that was in flight, and ends it."""
    clock = FakeClock(START)
    store = open_store(url, "main", clock=clock, chance=FakeChance(3))
    try:
        (intent,) = store.open_intents()
        assert (intent.id, intent.link, intent.run) == ("i1", "L1", "r1")
        (linked,) = store.by_link(["L1"]).values()
        assert linked.link.state is LinkState.LIVE
        assert linked.base.agreed == {"email": "ann@example.com"}
        assert [each.id for each in store.requests()] == ["q1"]
        assert [each.id for each in store.conflicts()] == ["c1"]
        assert {each.id: each.state for each in store.runs(5)} == {"r1": RunState.RUNNING, "r0": RunState.DONE}
        lease = store.take_lease("h2", START + timedelta(minutes=1), START + timedelta(minutes=6))
        assert lease is not None
        assert lease.epoch == 8, "the epoch never goes back"
        store.settle(Settlement(endings={"i1": "done"}), START + timedelta(minutes=1), lease)
        assert not store.open_intents()
        with store.engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT intent, outcome FROM audit ORDER BY seq").fetchall()
        assert [tuple(row) for row in rows] == [("i0", "done"), ("i1", "done")]
        assert store.verify_audit().before == 2 or store.verify_audit().rows == 2
    finally:
        store.close()


VERSIONS: Final = range(1, SCHEMA_VERSION)


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_what_was_in_flight_is_carried_on(store_url: str, version: int) -> None:
    """From the store of each version; the tables are those of the code."""
    older(store_url, version)
    assert upgraded(store_url) > 0
    tables = content(store_url)
    assert tables.keys() - {"alembic_version"} == metadata.tables.keys()
    for name, table in metadata.tables.items():
        assert tables[name][0] == sorted(column.name for column in table.columns), name
    carries_on(store_url)
    assert upgraded(store_url) > 0, "opened once more, it is only looked at"


@pytest.mark.slow
@pytest.mark.parametrize("version", [1, SCHEMA_VERSION - 1])
def test_killed_in_the_middle_it_is_the_store_of_before(store_url: str, version: int) -> None:
    """Before any statement, and at the commit: nothing of it is there, and the next opening does it all."""
    older(store_url, version)
    before = content(store_url)
    twin = _twin(store_url)
    statements = _statements(store_url, version, twin)
    points = range(1, statements + 1) if twin else {2, statements // 2, statements}
    for at in (0, *points):
        assert upgraded(store_url, killed_at=at) == -1, at
        assert content(store_url) == before, at
    upgraded(store_url)
    carries_on(store_url)


def _twin(url: str) -> str:
    """A copy of a SQLite store, to count the statements on; none of a server's."""
    file = make_url(url).database or ""
    if not url.startswith("sqlite"):
        return ""
    shutil.copy(file, f"{file}.twin")
    return f"{url}.twin"


def _statements(url: str, version: int, twin: str) -> int:
    """How many statements an upgrade takes; on a server, what they are known to be at least."""
    return upgraded(twin) if twin else 2 * (SCHEMA_VERSION - version)


def test_back_by_the_backup(tmp_path: Any) -> None:
    """The upgraded store is refused by who knows less; the backup of before is whole, and can be upgraded again."""
    url = f"sqlite:///{tmp_path}/state.db"
    older(url, SCHEMA_VERSION - 1)
    shutil.copy(tmp_path / "state.db", tmp_path / "backup.db")
    before = content(url)
    upgraded(url)
    carries_on(url)
    shutil.copy(tmp_path / "backup.db", tmp_path / "state.db")
    for rest in tmp_path.glob("state.db-*"):
        rest.unlink()
    assert content(url) == before
    upgraded(url)
    carries_on(url)


def test_a_store_of_a_newer_version_is_refused_untouched(store_url: str) -> None:
    """Whoever forgets to put the backup back is told, and nothing is written."""
    engine = open_engine(store_url)
    ensure_schema(engine)
    database = Database(engine)
    with database.writing("be newer") as tx:
        tx.exec_driver_sql(f"UPDATE meta SET value = '{SCHEMA_VERSION + 1}' WHERE key = 'schema'")
    before = content(store_url)
    with pytest.raises(NewerStore, match="restore the backup from before the upgrade"):
        ensure_schema(engine)
    database.close()
    assert content(store_url) == before
