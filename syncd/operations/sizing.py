"""How large the store is and will be, and how old its backups are, as plain values with stable keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from syncd.model.backup import Backup, latest_by
from syncd.model.keeping import Keep
from syncd.model.sizes import Sizes
from syncd.model.values import Instant

AHEAD: Final = (30, 90, 365)
"""Days that are looked ahead."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The backups that are there, the latest first, and the seconds after which another one is due; ``None`` where none
    are made. ``asked`` is since when a person waits for one, ``failed`` why the latest that this process tried did.
    """

    backups: Sequence[Backup]
    every: float | None
    asked: Instant | None = None
    failed: str = ""

    def overdue(self, now: Instant) -> bool:
        """Whether the latest is older than twice the time between two, or there is none."""
        latest = latest_by(now, self.backups)
        return latest is None or self.every is None or (now - latest.made).total_seconds() > 2 * self.every


def size_document(found: Sizes, keep: Keep) -> dict[str, Any]:
    """A store's size, what of it grows, and its size ahead, by the rules of what is kept."""
    ages = {"audit": keep.audit, "runs": keep.runs}
    return {
        "used": found.used,
        "free": found.free,
        "days": found.days,
        "tables": {
            name: {
                "rows": each.rows,
                "lately": each.lately,
                "bytes_each": round(each.each),
                "bytes_a_day": round(found.growth(name)),
            }
            for name, each in found.tables.items()
        },
        "ahead": [{"days": days, "bytes": round(found.after(days, keep))} for days in AHEAD],
        "keep": {name: None if age is None else age.days for name, age in ages.items()},
    }


def ordered_document(shelf: Shelf) -> dict[str, Any]:
    """What becomes of a backup that a person asked the daemon for."""
    return {"asked": shelf.asked, "failed": shelf.failed or None}


def backup_document(backup: Backup) -> dict[str, Any]:
    """One backup."""
    return {"file": str(backup.file), "made": backup.made, "schema": backup.schema, "bytes": backup.size}
