"""Opens the store of one connection: driver and file, schema, then the object.

Two ways in. ``open_store`` and ``open_database`` make what is not there: for whoever is about to write. ``find_store``
and ``find_database`` make nothing, neither a folder nor a table: for whoever asks what is remembered, since a new and
empty store would answer a slip of the path, or of the folder somebody is in, with "all is well".
"""

from __future__ import annotations

from syncd.model.errors import NoStore
from syncd.observe.log import emit
from syncd.ports.system import Chance, Clock
from syncd.store.database import Database
from syncd.store.engine import file_of, journal_for, open_engine, read_url, sqlite_module, whereabouts
from syncd.store.migrate import ensure_schema, is_empty
from syncd.store.store import SqlStore
from syncd.store.tables import SCHEMA_VERSION


def open_store(url: str, connection: str, *, clock: Clock, chance: Chance) -> SqlStore:
    """The store at this url for one connection; it is made, or migrated, if need be.

    :param url: ``sqlite:///folder/state.db``, ``postgresql://user@host/database``, or ``sqlite://`` for a store in
        memory that ends with the object.
    :param connection: the connection's name in ``syncd.yaml``.
    :raises BadUsage: if the url is none of these.
    :raises NewerStore: if a newer syncd wrote it.
    :raises NeedsOperator, RetryLater: if it cannot be opened, or not now.
    """
    return SqlStore(open_database(url).engine, connection, clock=clock, chance=chance)


def find_store(url: str, connection: str, *, clock: Clock, chance: Chance) -> SqlStore:
    """The store that is at this url already, for one connection; an older one is migrated.

    :raises NoStore: if there is none. :raises BadUsage, NewerStore, NeedsOperator, RetryLater: as ``open_store``.
    """
    return SqlStore(find_database(url).engine, connection, clock=clock, chance=chance)


def open_database(url: str) -> Database:
    """The database of a store at this url, made or migrated if need be; for what shares it between connections.

    :raises BadUsage, NewerStore, NeedsOperator, RetryLater: as ``open_store``.
    """
    database = Database(open_engine(url))
    try:
        ensure_schema(database.engine)
    except BaseException:
        database.close()
        raise
    return _told(database)


def find_database(url: str) -> Database:
    """The same of a store that is there already.

    :raises NoStore: if there is none. :raises BadUsage, NewerStore, NeedsOperator, RetryLater: as ``open_store``.
    """
    if not may_be_there(url):
        raise _none_at(url)
    database = Database(open_engine(url))
    try:
        if is_empty(database.engine):
            raise _none_at(url)
        ensure_schema(database.engine)
    except BaseException:
        database.close()
        raise
    return _told(database)


def may_be_there(url: str) -> bool:
    """Whether there can be a store at this url, as far as can be told without opening it: its file is there, or it is
    kept in none. One in memory is never there before somebody makes it.

    :raises BadUsage: as ``open_store``.
    """
    read = read_url(url)
    file = file_of(read)
    if file is None:
        return read.drivername != "sqlite"
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # whoever opens it says what is in the way
        return True
    return True


def place_of(url: str) -> str:
    """Where the store of this url is, in words for people. :raises BadUsage: as ``open_store``."""
    return whereabouts(read_url(url))


def _none_at(url: str) -> NoStore:
    return NoStore(
        f"there is no store at {place_of(url)}; mind `store.url` and, where that is a relative path, the folder you "
        "are in. Before the first sync there is none: `syncd sync` or `syncd run` makes it"
    )


def _told(database: Database) -> Database:
    sqlite = database.engine.dialect.name == "sqlite"
    journal = journal_for(sqlite_module().sqlite_version_info).lower() if sqlite else ""
    emit("store.opened", store=database.engine.dialect.name, version=SCHEMA_VERSION, journal=journal)
    return database
