"""Brings a store to the schema of this code, forward only, when it is opened.

The usual opening reads one row and imports nothing. A migration runs in one transaction that nobody else can enter
(SQLite's write lock, an advisory lock on PostgreSQL): of two processes that open a new store at once, the second finds
it made. A store written by a newer syncd is refused before anything is touched.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect, select, text

from syncd.model.errors import NeedsOperator, NewerStore
from syncd.observe.log import emit
from syncd.store.database import Database
from syncd.store.tables import SCHEMA_VERSION, meta

_LOCK: Final = 7_305_434_001
"""Key of the advisory lock; any number that nobody else in the database uses."""


def ensure_schema(engine: Engine) -> None:
    """Migrates the store if it is older than this code.

    :raises NewerStore: if it is newer (exit 2).
    :raises NeedsOperator: if the database holds tables that are not syncd's.
    """
    database = Database(engine)
    with database.reading("read the schema version") as tx:
        version = _version(tx, database.where)
    if version == SCHEMA_VERSION:
        return
    _refuse_newer(version, database.where)
    with database.writing("migrate the store") as tx:
        if tx.dialect.name == "postgresql":
            tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        version = _version(tx, database.where)
        if version == SCHEMA_VERSION:
            return
        _refuse_newer(version, database.where)
        _upgrade(tx)
    emit("store.migrated", store=engine.dialect.name, version=SCHEMA_VERSION)


def is_empty(engine: Engine) -> bool:
    """Whether nobody has made a store in this database yet.

    :raises NeedsOperator: as ``ensure_schema``.
    """
    database = Database(engine)
    with database.reading("read the schema version") as tx:
        return _version(tx, database.where) == 0


def _version(tx: Connection, where: str) -> int:
    """The schema version; 0 for an empty database."""
    there = set(inspect(tx).get_table_names())
    if not there:
        return 0
    found = tx.execute(select(meta.c.value).where(meta.c.key == "schema")).scalar() if "meta" in there else None
    if found is None or not str(found).isdigit():
        raise NeedsOperator(
            f"{where}: there are tables in this database, and they are not syncd's; give `store` a database (or a "
            "schema) of its own"
        )
    return int(found)


def _refuse_newer(version: int, where: str) -> None:
    if version > SCHEMA_VERSION:
        raise NewerStore(
            f"{where}: written by a newer syncd (schema {version}, this one knows {SCHEMA_VERSION}); install the newer "
            "syncd again, or restore the backup from before the upgrade"
        )


def _upgrade(tx: Connection, to: str = "head") -> None:
    from alembic import command  # noqa: PLC0415 - 0.2 s that only a migration needs
    from alembic.config import Config  # noqa: PLC0415 - the same

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = tx
    command.upgrade(config, to)
