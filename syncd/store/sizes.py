"""How large the tables are that grow, and how quickly: for one question of a person, not for every cycle.

SQLite does not tell how large a table is. So a sample of its latest rows is copied into a database in memory with the
same indexes, and that is measured: some 10 ms a table. PostgreSQL tells. All connections of the store count.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import Column, Connection, MetaData, Table, create_engine, func, select, text

from syncd.model.sizes import LATELY, Sizes, TableSize
from syncd.model.values import Instant
from syncd.store.codec import from_ms, to_ms
from syncd.store.database import Database
from syncd.store.engine import sqlite_module
from syncd.store.tables import appended, audit, chain, ledger_event, link, run, search_word

GROWING: Final[tuple[tuple[Table, Column[int] | None], ...]] = (
    (link, link.c.since),
    (search_word, None),
    (audit, audit.c.at),
    (chain, chain.c.at),
    (run, run.c.started_at),
    (ledger_event, ledger_event.c.at),
    (appended, appended.c.at),
)
"""Tables that grow with people and edits, and when a row of each came; words come with links."""
SAMPLE: Final = 2_000


def store_bytes(database: Database) -> tuple[int, int]:
    """Bytes that are used and that are free within the store."""
    with database.reading("ask for the size") as tx:
        if tx.dialect.name != "sqlite":
            tables = text("SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class WHERE relkind = 'r' "
                          "AND relnamespace = current_schema()::regnamespace")  # fmt: skip
            return int(tx.execute(tables).scalar_one()), 0
        page, pages, free = (
            int(tx.exec_driver_sql(f"PRAGMA {name}").scalar_one())
            for name in ("page_size", "page_count", "freelist_count")
        )
        return page * (pages - free), page * free


def sizes(database: Database, now: Instant, lately: timedelta = LATELY) -> Sizes:
    """The store as it is, and what came lately; growth of a young store is looked at from its first row on."""
    used, free = store_bytes(database)
    tables: dict[str, TableSize] = {}
    with database.reading("look how the store grows") as tx:
        began = tx.execute(select(func.min(link.c.since))).scalar()
        since = max(now - lately, from_ms(began)) if began is not None else now - lately
        share = 0.0
        for table, came in GROWING:
            rows = tx.execute(select(func.count()).select_from(table)).scalar_one()
            if came is None:
                fresh = round(rows * share)
            else:
                fresh = tx.execute(select(func.count()).select_from(table).where(came >= to_ms(since))).scalar_one()
                share = fresh / rows if table is link and rows else share
            tables[table.name] = TableSize(rows, fresh, _each(tx, table, rows))
    return Sizes(used, free, max((now - since).total_seconds() / 86_400, 1.0), tables)


def _each(tx: Connection, table: Table, rows: int) -> float:
    """Bytes of one row with its indexes."""
    if rows == 0:
        return 0.0
    if tx.dialect.name != "sqlite":
        found = tx.execute(text("SELECT pg_total_relation_size(to_regclass(:name))"), {"name": table.name})
        return float(found.scalar_one()) / rows
    sample = tx.execute(select(table).limit(SAMPLE).offset(max(0, rows - SAMPLE))).mappings().fetchall()
    aside = create_engine("sqlite://", module=sqlite_module())
    try:
        with aside.begin() as here:
            here.exec_driver_sql("PRAGMA foreign_keys = OFF")
            copy = table.to_metadata(_alone(table))
            copy.create(here)
            before = here.exec_driver_sql("PRAGMA page_count").scalar_one()
            here.execute(copy.insert(), [dict(row) for row in sample])
            after = here.exec_driver_sql("PRAGMA page_count").scalar_one()
            page = here.exec_driver_sql("PRAGMA page_size").scalar_one()
    finally:
        aside.dispose()
    return float(page * max(1, after - before)) / len(sample)


def _alone(table: Table) -> MetaData:
    """A catalogue in which the tables that this one refers to are known."""
    catalogue = MetaData()
    for key in table.foreign_keys:
        if key.column.table.name not in catalogue.tables:
            key.column.table.to_metadata(catalogue)
    return catalogue
