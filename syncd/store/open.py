"""Opens the store of one connection: driver and file, schema, then the object."""

from __future__ import annotations

from syncd.observe.log import emit
from syncd.ports.system import Chance, Clock
from syncd.store.database import Database
from syncd.store.engine import journal_for, open_engine, sqlite_module
from syncd.store.migrate import ensure_schema
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


def open_database(url: str) -> Database:
    """The database of a store at this url, made or migrated if need be; for what shares it between connections.

    :raises BadUsage, NewerStore, NeedsOperator, RetryLater: as ``open_store``.
    """
    engine = open_engine(url)
    try:
        ensure_schema(engine)
    except BaseException:
        Database(engine).close()
        raise
    sqlite = engine.dialect.name == "sqlite"
    journal = journal_for(sqlite_module().sqlite_version_info).lower() if sqlite else ""
    emit("store.opened", store=engine.dialect.name, version=SCHEMA_VERSION, journal=journal)
    return Database(engine)
