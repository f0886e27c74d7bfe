"""Opens the database: which driver, which journal, whose file.

Decides and promises

* SQLite goes through ``pysqlite3``, which bundles a current library, else through the standard library's module. One
  process loads one of the two, never both: two copies of SQLite on one file break each other's locks.
* A library before 3.51.3 can damage a WAL file when a checkpoint meets a reset; there the journal is DELETE, and one
  log line says so.
* ``synchronous=FULL`` in either journal: an intent must survive a power loss, else a write that did happen would be
  unknown. Measured: FULL costs 0.22 ms a commit more than NORMAL (0.23 against 0.02 ms), so 0.2 us a record at 1,000
  intents a transaction, of about 25 us in all.
* The file is made with mode 0600, its folder (if we make it) 0700, whatever the umask; SQLite gives ``-wal``, ``-shm``
  and ``-journal`` the mode of the file. A file that others may read is closed to them. Deleted content is overwritten.
* PostgreSQL goes through psycopg; a ``postgresql://`` url needs no driver name.

Refuses other databases, and a file that was moved or replaced while it was open.
"""

from __future__ import annotations

import importlib
import os
import stat
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import PoolProxiedConnection, QueuePool, StaticPool

from syncd.model.errors import BadUsage, NeedsOperator
from syncd.observe.log import emit

BUSY_SECONDS: Final = 10.0
"""How long a transaction waits for another writer before it is told to come later."""
STATEMENTS: Final = 1024
"""Statements that SQLite's driver keeps prepared for each connection: the 128 it keeps by itself are fewer than a cycle
has, so that many were prepared anew each time.
"""
WAL_SAFE: Final = (3, 51, 3)
"""The first SQLite whose WAL cannot lose pages when a checkpoint meets a reset (sqlite.org, release 3.51.3)."""
BEGIN: Final = "syncd_begin"
"""In a connection's ``info``: how its next transaction begins on SQLite, unless it only reads."""
TO_WRITE: Final = "BEGIN IMMEDIATE"
"""It takes the write lock at its beginning, not in its middle."""
BY_ITSELF: Final = ""
"""It is one statement, and needs no words."""


@cache
def sqlite_module() -> ModuleType:
    """The one SQLite driver of this process."""
    try:
        return importlib.import_module("pysqlite3.dbapi2")
    except ImportError:
        return importlib.import_module("sqlite3.dbapi2")


def journal_for(version: tuple[int, ...]) -> str:
    """The journal mode that is safe with a SQLite library of this version."""
    return "WAL" if version >= WAL_SAFE else "DELETE"


def read_url(url: str) -> URL:
    """The url of a store, checked.

    :raises BadUsage: if it is not a SQLite or PostgreSQL url.
    """
    advice = "give sqlite:///folder/state.db or postgresql://USER@HOST/NAME"
    try:
        read = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise BadUsage(f"store: this is not a database url; {advice}") from error
    backend = read.get_backend_name() if "+" not in read.drivername else read.drivername.partition("+")[0]
    if backend in {"postgresql", "postgres"}:
        return read.set(drivername="postgresql+psycopg")
    if backend == "sqlite":
        return read.set(drivername="sqlite")
    raise BadUsage(f"store: syncd does not know {backend!r} databases; {advice}")


def place(url: URL) -> str:
    """What error texts call the store; never with a password."""
    return f"store {url.render_as_string(hide_password=True).partition('?')[0]}"


def whereabouts(url: URL) -> str:
    """Where a store is, for people: the whole path of its file, else its address without a password."""
    file = file_of(url)
    return str(file) if file else place(url).removeprefix("store ")


def file_of(url: URL) -> Path | None:
    """The file of a SQLite store, whole: a relative one counts from the working directory. None of any other store."""
    in_file = url.drivername == "sqlite" and url.database and url.database != ":memory:"
    return Path(url.database or "").absolute() if in_file else None


def open_engine(url: str) -> Engine:
    """An engine for this url; a SQLite file is made if it is not there, but no table is.

    ``sqlite://`` is a store in memory which ends with the engine.

    :raises BadUsage: if the url is none of ours.
    :raises NeedsOperator: if the file cannot be made.
    """
    read = read_url(url)
    try:
        return _sqlite(read) if read.drivername == "sqlite" else _postgres(read)
    except NoSuchModuleError as error:
        raise BadUsage(
            f"{place(read)}: the driver is not installed; install syncd with all its dependencies"
        ) from error


def open_guest(url: str) -> Engine:
    """An engine for tables that are not ours: those of the job engine. Same drivers, same rights, same journal.

    :raises BadUsage, NeedsOperator: as ``open_engine``.
    """
    read = read_url(url)
    if read.drivername != "sqlite":
        return create_engine(read, pool_size=10, max_overflow=10, pool_pre_ping=True, hide_parameters=True)
    module = sqlite_module()
    file = Path(read.database or "").absolute()
    _make_private(file)
    engine = create_engine(
        read.set(database=str(file)),
        module=module,
        pool_size=5,
        max_overflow=20,
        hide_parameters=True,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )
    journal = journal_for(module.sqlite_version_info)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:  # noqa: ANN401 - the driver's own types
        connection.execute(f"PRAGMA journal_mode = {journal}")
        # A job lost in a power failure is a turn that is taken a little later; what matters is in the store.
        connection.execute("PRAGMA synchronous = NORMAL")

    return engine


def _postgres(url: URL) -> Engine:
    engine = create_engine(
        url,
        pool_size=5,
        max_overflow=5,
        pool_timeout=30,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"connect_timeout": 10, "application_name": "syncd"},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:  # noqa: ANN401 - the driver's own types
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {int(BUSY_SECONDS * 1000)}")
        connection.commit()

    return engine


def _sqlite(url: URL) -> Engine:
    module = sqlite_module()
    file = file_of(url)
    journal = journal_for(module.sqlite_version_info)
    if file:
        url = url.set(database=str(file))
        _make_private(file)
    # A store in memory lives in its only connection, on which `lent` has threads take turns; the connections of a file
    # stay lent while they are open, so that only threads bound their number.
    pool: dict[str, Any] = {"poolclass": QueuePool, "max_overflow": -1} if file else {"poolclass": StaticPool}
    engine = create_engine(
        url,
        module=module,
        hide_parameters=True,
        connect_args={
            "timeout": BUSY_SECONDS,
            "check_same_thread": False,
            "isolation_level": None,
            "cached_statements": STATEMENTS,
        },
        **pool,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:  # noqa: ANN401 - the driver's own types
        if file:
            connection.execute(f"PRAGMA journal_mode = {journal}")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA temp_store = MEMORY")

    def begin(connection: PoolProxiedConnection) -> None:
        how = connection.info.pop(BEGIN, "BEGIN")
        if file and identity != _identity(file):
            connection.invalidate()
            raise NeedsOperator(f"{place(url)}: the file was moved, deleted or replaced while it was open; start again")
        if how:
            driver: Any = connection.driver_connection
            driver.execute(how)

    # The dialect's own hook: a listener for "begin" would make each connection and statement cost half as much again.
    engine.dialect.do_begin = begin  # type: ignore[assignment, method-assign]
    identity = _identity(file) if file else None
    if file and journal != "WAL":
        emit("store.journal", journal=journal.lower(), version=module.sqlite_version, reason="wal_reset_defect")
    return engine


def _identity(file: Path) -> tuple[int, int] | None:
    """Which file a path leads to now."""
    try:
        found = os.stat(file)  # noqa: PTH116 - asked once a transaction; Path.stat costs twice as much
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _make_private(file: Path) -> None:
    """Makes the file and its folder for the owner only, or closes an existing file to others."""
    try:
        if not file.parent.exists():
            file.parent.mkdir(parents=True, mode=0o700, exist_ok=True)  # another process may be quicker
            file.parent.chmod(0o700)
        if not file.exists():
            handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                os.fchmod(handle, 0o600)
            finally:
                os.close(handle)
            return
        found = file.stat().st_mode
        if not stat.S_ISREG(found):  # a device or a folder is not ours to close to others
            raise NeedsOperator(f"store {file}: this is no file; name one, or one that is not there yet")
        if found & 0o077:
            file.chmod(stat.S_IMODE(found) & 0o700)
    except OSError as error:
        raise NeedsOperator(
            f"store {file}: cannot be made for the owner alone ({error.strerror}); check folder, owner and rights"
        ) from error
