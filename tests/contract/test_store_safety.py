"""What the store promises when things go wrong: other processes, kills, full disks, damaged and replaced files."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import make_url

from syncd.model.errors import BadUsage, NeedsOperator, RetryLater
from syncd.model.link import Base, Forgotten, Link, LinkState, Proof
from syncd.model.remote import RemoteRef
from syncd.model.run import Request
from syncd.model.values import Pair
from syncd.ports.store import Settlement
from syncd.store import SqlStore, engine, open_store
from syncd.store.database import Database
from syncd.store.engine import open_engine
from syncd.store.lent import lending
from tests.fakes import START, FakeChance, FakeClock

ROOT = Path(__file__).parents[2]
Opening = Callable[..., SqlStore]

FIGHTER = """
import sys, time
from datetime import timedelta
from syncd.store import open_store
from syncd.system import SystemChance, SystemClock
clock = SystemClock()
store = open_store(sys.argv[1], "main", clock=clock, chance=SystemChance())
print("ready", flush=True)
sys.stdin.readline()
now = clock.now()
print("won" if store.take_lease(sys.argv[2], now, now + timedelta(minutes=5)) else "lost")
"""

KILLED = """
import os, signal, sys
from datetime import timedelta
from sqlalchemy import event
from syncd.model.link import AuditRow, FieldChange, Intent, IntentKind
from syncd.model.remote import RemoteRef
from syncd.model.values import Side
from syncd.store import open_store
from tests.fakes import START, FakeChance, FakeClock
store = open_store(sys.argv[1], "main", clock=FakeClock(), chance=FakeChance())
lease = store.take_lease("h1", START, START + timedelta(minutes=5))
ref = RemoteRef("Lead", "00Q1")
intent = Intent("i1", "person", Side.CRM, IntentKind.UPDATE, "L1", "Lead", ref, ref, {}, {}, "r", "c", START)
audit = AuditRow("i1", 1, "L1", "person", Side.CRM, ref, IntentKind.UPDATE, (), "r", START)
if sys.argv[2] == "before":
    event.listen(store.engine, "commit", lambda connection: os.kill(os.getpid(), signal.SIGKILL))
store.begin(lease, [intent], [audit], START)
os.kill(os.getpid(), signal.SIGKILL)
"""


def child(script: str, *arguments: str) -> subprocess.Popen[str]:
    """A process of its own that runs a script beside us."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def one_link(id: str = "L1") -> Settlement:
    """The smallest page."""
    refs = Pair(RemoteRef("contacts", id), RemoteRef("Lead", id))
    return Settlement(links=[Link(id, "person", refs, Proof.KEY, START)])


@pytest.fixture
def file_store(tmp_path: Path, clock: FakeClock) -> SqlStore:
    """A store in a file."""
    return open_store(f"sqlite:///{tmp_path}/state/state.db", "main", clock=clock, chance=FakeChance())


@pytest.mark.slow
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_refused_and_left_alone(tmp_path: Path, make: Callable[[Path], None]) -> None:
    """A pipe, a folder or a device is no store: closing it to others, as a store is, would break the machine."""
    place = tmp_path / "state.db"
    make(place)
    place.chmod(0o755)
    with pytest.raises(NeedsOperator, match="this is no file"):
        engine.open_engine(f"sqlite:///{place}")
    assert stat.S_IMODE(place.stat().st_mode) == 0o755


@pytest.mark.slow
def test_two_processes_fight_for_the_lease(store_url: str) -> None:
    """Four processes open an empty database at once and reach for one lease: one has it, and no opening fails."""
    fighters = [child(FIGHTER, store_url, f"h{n}") for n in range(4)]
    for fighter in fighters:
        assert fighter.stdout is not None
        assert fighter.stdout.readline() == "ready\n"
    endings = sorted(fighter.communicate("go\n", timeout=60)[0].strip() for fighter in fighters)
    assert endings == ["lost", "lost", "lost", "won"]


@pytest.mark.parametrize(("when", "intents"), [("before", 0), ("after", 1)])
def test_a_kill_leaves_all_of_begin_or_nothing(
    store_url: str, open_test_store: Opening, when: str, intents: int
) -> None:
    """Killed before the commit nothing is stored; killed after ``begin`` returned, intent and audit are there."""
    killed = child(KILLED, store_url, when)
    killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    store = open_test_store()
    assert len(store.open_intents()) == intents
    assert len(store.audit_of("L1", 10)) == intents


def test_files_are_for_the_owner_alone(tmp_path: Path, clock: FakeClock) -> None:
    """Folder 0700 and files 0600 even where the umask allows everything; an open file is closed to others."""
    before = os.umask(0)
    try:
        store = open_store(f"sqlite:///{tmp_path}/new/state/state.db", "main", clock=clock, chance=FakeChance())
        store.settle(one_link(), START)
        folder = tmp_path / "new" / "state"
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    finally:
        os.umask(before)
    assert modes["state.db"] == 0o600
    assert set(modes.values()) == {0o600}
    if engine.sqlite_module().sqlite_version_info >= engine.WAL_SAFE:
        assert set(modes) == {"state.db", "state.db-wal", "state.db-shm", "state.db.generation"}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    store.close()
    (folder / "state.db").chmod(0o644)
    open_store(f"sqlite:///{folder}/state.db", "main", clock=clock, chance=FakeChance()).close()
    assert stat.S_IMODE((folder / "state.db").stat().st_mode) == 0o600


def test_pragmas(file_store: SqlStore) -> None:
    """Durable at every commit, deleted content overwritten, foreign keys watched."""
    with file_store.engine.connect() as connection:
        told = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("synchronous", "secure_delete", "foreign_keys", "journal_mode")
        }
    journal = engine.journal_for(engine.sqlite_module().sqlite_version_info).lower()
    assert told == {"synchronous": 2, "secure_delete": 1, "foreign_keys": 1, "journal_mode": journal}
    file_store.close()


@pytest.mark.fault("F64")
def test_an_old_library_gets_the_old_journal(tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before SQLite 3.51.3 a WAL file can be damaged: the journal is DELETE, and the store works all the same."""
    assert engine.journal_for((3, 51, 2)) == "DELETE"
    assert engine.journal_for((3, 51, 3)) == "WAL"
    monkeypatch.setattr(engine, "WAL_SAFE", (99, 0, 0))
    store = open_store(f"sqlite:///{tmp_path}/state.db", "main", clock=clock, chance=FakeChance())
    store.settle(one_link(), START)
    with store.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "delete"
    store.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["state.db", "state.db.generation"]


def test_a_forgotten_person_leaves_no_trace(tmp_path: Path, clock: FakeClock) -> None:
    """After forgetting, no file of the store holds the bytes of the key, of the base or of the address."""
    store = open_store(f"sqlite:///{tmp_path}/state.db", "main", clock=clock, chance=FakeChance())
    with store._database.writing("make a key") as tx:
        key = store._vault.keys_or_new(tx, ["L1"])["L1"]
    page = one_link()
    confirmed = {"email": "ann@canary.example"}
    store.settle(replace(page, bases=[("L1", Base(confirmed, Pair(confirmed, confirmed)))]), START)
    everything = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert key in everything
    assert b"canary" in everything
    gone = replace(page.links[0], state=LinkState.FORGOTTEN)
    store.settle(Settlement(links=[gone], forgotten=[Forgotten(gone, ("ann@canary.example",), ())]), START)
    everything = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert key not in everything
    assert b"canary" not in everything
    store.close()


@pytest.mark.fault("F62")
def test_a_locked_store_is_for_later(file_store: SqlStore, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another writer that does not end: try again, nothing was sent; reading goes on."""
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.05)
    hasty = open_store(file_store.engine.url.render_as_string(), "main", clock=clock, chance=FakeChance())
    with file_store._database.writing("hold the lock"):
        with pytest.raises(RetryLater, match="locked") as caught:
            hasty.settle(one_link(), START)
        assert not caught.value.sent
        if engine.sqlite_module().sqlite_version_info >= engine.WAL_SAFE:
            assert hasty.count_links("person") == 0
    hasty.settle(one_link(), START)
    hasty.close()
    file_store.close()


@pytest.mark.fault("F61")
def test_a_full_disk_stores_nothing(file_store: SqlStore) -> None:
    """A page that does not fit is taken back whole, and the sentence says what to do."""
    with lending(file_store.engine).lent() as connection, connection.begin():
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    many = Settlement(links=[one_link(f"L{n}").links[0] for n in range(2_000)])
    with pytest.raises(NeedsOperator, match="disk is full"):
        file_store.settle(many, START)
    assert file_store.count_links("person") == 0
    file_store.close()


@pytest.mark.fault("F61")
def test_a_store_that_cannot_be_written(file_store: SqlStore) -> None:
    """Read-only: a person has to act."""
    with lending(file_store.engine).lent() as connection, connection.begin():
        connection.exec_driver_sql("PRAGMA query_only = ON")
    with pytest.raises(NeedsOperator, match="cannot be written"):
        file_store.settle(one_link(), START)
    file_store.close()


@pytest.mark.fault("F62")
def test_a_replaced_file_is_noticed(file_store: SqlStore, tmp_path: Path) -> None:
    """A file that was moved away under us takes no more rows: they would vanish with it."""
    file_store.settle(one_link(), START)
    file = tmp_path / "state" / "state.db"
    file.rename(tmp_path / "state" / "old.db")
    with pytest.raises(NeedsOperator, match="moved, deleted or replaced"):
        file_store.settle(one_link("L2"), START)
    file.touch()
    with pytest.raises(NeedsOperator, match="moved, deleted or replaced"):
        file_store.counts()
    file_store.close()


@pytest.mark.fault("F63")
def test_a_damaged_file(tmp_path: Path, clock: FakeClock) -> None:
    """What is no database is left alone and told in a sentence."""
    file = tmp_path / "state.db"
    file.write_bytes(b"this is a letter and no database, " * 100)
    with pytest.raises(NeedsOperator, match="not a SQLite database"):
        open_store(f"sqlite:///{file}", "main", clock=clock, chance=FakeChance())
    assert file.read_bytes().startswith(b"this is a letter")


@pytest.mark.fault("F63")
def test_a_daemon_has_the_file_looked_through(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page of garbage is told with what to do; a file too large for a look at every start is said to be so."""
    file = tmp_path / "state.db"
    store = open_store(f"sqlite:///{file}", "main", clock=clock, chance=FakeChance())
    store.settle(Settlement(wishes=[Request(f"r{n}", "main", "x", "y" * 200, "w", START) for n in range(500)]), START)
    store.close()
    database = Database(open_engine(f"sqlite:///{file}"))
    database.look_through(clock)
    database.close()
    with file.open("r+b") as opened:
        opened.seek(file.stat().st_size // 2)
        opened.write(b"\xa5" * 20_000)
    database = Database(open_engine(f"sqlite:///{file}"))
    with pytest.raises(NeedsOperator, match=r"damaged.*backup"):
        database.look_through(clock)
    monkeypatch.setattr("syncd.store.database.LOOKED_THROUGH", 1_000)
    database.look_through(clock)
    database.close()


def test_a_folder_that_cannot_be_made(tmp_path: Path, clock: FakeClock) -> None:
    """The path and the reason are told."""
    (tmp_path / "file").touch()
    with pytest.raises(NeedsOperator, match="cannot be made"):
        open_store(f"sqlite:///{tmp_path}/file/state.db", "main", clock=clock, chance=FakeChance())


@pytest.mark.parametrize("url", ["mysql://h/d", "nonsense", "sqlite+aiosqlite+x"])
def test_other_urls_are_refused(url: str, clock: FakeClock) -> None:
    """Two sorts of database are known; the sentence names both."""
    with pytest.raises(BadUsage, match="postgresql://"):
        open_store(url, "main", clock=clock, chance=FakeChance())


def test_a_server_that_is_not_there(clock: FakeClock) -> None:
    """No PostgreSQL at that port: try again later, and no password in the text."""
    with pytest.raises(RetryLater, match="cannot be reached") as caught:
        open_store("postgresql://u:s3cret@127.0.0.1:1/d", "main", clock=clock, chance=FakeChance())
    assert "s3cret" not in str(caught.value)


@pytest.mark.postgres
def test_a_database_that_is_not_there(postgres_server: str, clock: FakeClock) -> None:
    """A server that refuses will go on refusing: a person has to act."""
    url = make_url(postgres_server).set(database="nobody_made_it").render_as_string(hide_password=False)
    with pytest.raises(NeedsOperator, match="does not exist"):
        open_store(url, "main", clock=clock, chance=FakeChance())


def test_a_store_in_memory(clock: FakeClock) -> None:
    """``sqlite://`` is a whole store that leaves nothing behind."""
    store = open_store("sqlite://", "main", clock=clock, chance=FakeChance())
    store.settle(one_link(), START)
    assert store.count_links("person") == 1
    store.close()


def test_a_usual_opening_imports_little(file_store: SqlStore, tmp_path: Path) -> None:
    """``syncd status`` opens a made store without Alembic and without the cipher: they cost a third of a second."""
    file_store.close()
    script = (
        "import sys; from syncd.store import open_store; from tests.fakes import FakeChance, FakeClock; "
        "open_store(sys.argv[1], 'main', clock=FakeClock(), chance=FakeChance()).counts(); "
        "print([name for name in ('alembic', 'cryptography', 'psycopg') if name in sys.modules])"
    )
    told = child(script, f"sqlite:///{tmp_path}/state/state.db").communicate(timeout=60)[0]
    assert told == "[]\n"


def test_a_folder_that_another_process_makes_first_is_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between looking for the folder and making it, a second process has made it."""
    folder = tmp_path / "state"
    exists = Path.exists

    def late(path: Path) -> bool:
        if path == folder and not exists(folder):
            folder.mkdir()
            return False
        return exists(path)

    monkeypatch.setattr(Path, "exists", late)
    open_store(f"sqlite:///{folder}/state.db", "main", clock=FakeClock(), chance=FakeChance()).close()
    assert stat.S_IMODE((folder / "state.db").stat().st_mode) == 0o600
