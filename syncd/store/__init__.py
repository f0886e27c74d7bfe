"""What syncd remembers: one implementation of the store and of the budget, on SQLite and PostgreSQL."""

from __future__ import annotations

from syncd.store.budget import SqlBudget
from syncd.store.doors import SqlDoors
from syncd.store.engine import open_guest
from syncd.store.faults import typed
from syncd.store.open import find_database, find_store, may_be_there, open_database, open_store, place_of
from syncd.store.roster import SqlRoster
from syncd.store.sizes import sizes, store_bytes
from syncd.store.store import SqlStore

__all__ = [
    "SqlBudget",
    "SqlDoors",
    "SqlRoster",
    "SqlStore",
    "find_database",
    "find_store",
    "may_be_there",
    "open_database",
    "open_guest",
    "open_store",
    "place_of",
    "sizes",
    "store_bytes",
    "typed",
]
