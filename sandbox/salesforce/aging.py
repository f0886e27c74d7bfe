"""What a query no longer answers because it is old: archived tasks, and histories past their keeping.

A completed task whose due date is long past is archived: only queryAll has it, with ``IsArchived``. How long either
takes is uncertain, so both are switches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from sandbox.salesforce.definitions import Row
from sandbox.salesforce.entity import Entity
from sandbox.salesforce.org import Org
from sandbox.salesforce.wire_time import stamp


def not_too_old(org: Org, entity: Entity, rows: Iterable[Row], *, with_deleted: bool) -> Iterable[Row]:
    """The rows of a query without those that are too old for it."""
    now, switches = org.clock.now(), org.switches
    if entity.definition.history_of is not None and switches.history_days:
        first = stamp(now - timedelta(days=switches.history_days))
        return (row for row in rows if str(row["CreatedDate"]) >= first)
    if entity.name == "Task" and switches.task_archive_days:
        last = (now - timedelta(days=switches.task_archive_days)).date().isoformat()
        marked = _archived(entity, rows, last)
        return marked if with_deleted else (row for row in marked if not row.get("IsArchived"))
    return rows


def _archived(entity: Entity, rows: Iterable[Row], last: str) -> Iterator[Row]:
    """Marks the tasks that are due by now; archiving moves no stamp."""
    for row in rows:
        due = row.get("ActivityDate")
        if due is not None and str(due) < last and row.get("Status") == "Completed" and not row.get("IsArchived"):
            archived: Row = row | {"IsArchived": True}
            entity.table.put(archived)
            yield archived
        else:
            yield row
