"""What syncd remembers: one implementation of the store and of the budget, on SQLite and PostgreSQL."""

from __future__ import annotations

from syncd.store.budget import SqlBudget
from syncd.store.open import open_store
from syncd.store.store import SqlStore

__all__ = ["SqlBudget", "SqlStore", "open_store"]
