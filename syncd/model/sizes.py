"""How large a store is, and how large it will be if things go on as they did lately. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from syncd.model.keeping import Keep

LATELY: Final = timedelta(days=30)
"""How far back growth is looked at."""
PRUNED: Final = frozenset({"audit", "run"})
"""Tables that a rule keeps from growing for ever."""


@dataclass(frozen=True, slots=True)
class TableSize:
    """One table: ``rows`` in all, ``lately`` those of the days looked at, ``each`` the bytes of one, indexes too."""

    rows: int
    lately: int
    each: float


@dataclass(frozen=True, slots=True)
class Sizes:
    """A store: ``used`` and ``free`` are bytes within it, ``days`` how long the growth was looked at, from its first
    day on at most; ``tables`` are those that grow.
    """

    used: int
    free: int
    days: float
    tables: Mapping[str, TableSize]

    @property
    def bytes(self) -> int:
        """What it takes on the disk."""
        return self.used + self.free

    def growth(self, table: str) -> float:
        """Bytes a day that a table grew by lately, before anything of it is pruned."""
        return self.tables[table].lately / self.days * self.tables[table].each

    def after(self, days: float, keep: Keep) -> float:
        """Bytes that will be used after so many days, if each grows as it did and the rule prunes."""
        return self.used + sum(self._more(name, days, keep) for name in self.tables)

    def _more(self, name: str, days: float, keep: Keep) -> float:
        age = {"audit": keep.audit, "run": keep.runs}.get(name)
        table = self.tables[name]
        rate = table.lately / self.days
        grown = rate * days
        if age is not None:
            # What is kept at most is what comes in during its age; what is older by then has gone.
            grown = min(grown, max(0.0, rate * age.total_seconds() / 86_400 - table.rows))
        return grown * table.each
