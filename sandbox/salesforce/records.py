"""The record store: one table per object, kept in the orders and indexes that the vendor's own filters rely on.

Promises: rows are never changed in place (a write puts a new dict), so that undoing a transaction is putting the old
one back; id order, modification order and the hash indexes are current after every ``put``. It decides nothing about
what may be written. Late commits: rows put while ``late_until`` is set appear only then, with the stamp they were
written with, as rows of a long transaction do.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.salesforce.definitions import Row, Value

_SLACK = 1000


def index_key(value: Value) -> Value:
    """What a hash index is keyed by: text without regard to case, as the vendor compares it."""
    return value.lower() if isinstance(value, str) else value


class Table:
    """All rows of one object, the deleted ones included."""

    def __init__(self, name: str, *, stamp_field: str, hashed: Sequence[str]) -> None:
        self.name = name
        self.stamp_field = stamp_field
        self.rows: dict[str, Row] = {}
        self.ids: list[str] = []
        self._log: list[tuple[str, str]] = []
        self._indexes: dict[str, dict[Value, tuple[str, ...]]] = {name: {} for name in hashed}

    def add_index(self, name: str) -> None:
        """Starts a hash index over a new field; existing rows hold nothing in it."""
        self._indexes.setdefault(name, {})

    def drop_index(self, name: str) -> None:
        """Ends the hash index of a field that is gone."""
        self._indexes.pop(name, None)

    @property
    def last_stamp(self) -> str:
        """The stamp of the latest change, empty where there never was one."""
        return self._log[-1][0] if self._log else ""

    def has_index(self, name: str) -> bool:
        """Whether ``lookup`` works for this field."""
        return name in self._indexes

    def lookup(self, name: str, value: Value) -> tuple[str, ...]:
        """Ids of the rows that hold this value (text compared without case), deleted ones included."""
        return self._indexes[name].get(index_key(value), ())

    def put(self, row: Row) -> Row | None:
        """Stores a row, new or changed, and returns what was there before."""
        row_id = str(row["Id"])
        old = self.rows.get(row_id)
        self.rows[row_id] = row
        if old is None:
            if not self.ids or self.ids[-1] < row_id:
                self.ids.append(row_id)
            else:
                insort(self.ids, row_id)
        stamp = row[self.stamp_field]
        if old is None or old[self.stamp_field] != stamp:
            self._enter_log(str(stamp), row_id)
        for name, index in self._indexes.items():
            before = old.get(name) if old else None
            after = row.get(name)
            if before != after:
                if before is not None:
                    self._leave_index(index, index_key(before), row_id)
                if after is not None:
                    key = index_key(after)
                    present = index.get(key, ())
                    if row_id not in present:
                        index[key] = (*present, row_id)
        return old

    def drop(self, row_id: str) -> None:
        """Removes a row as if it had never been (a rolled-back create, an emptied recycle bin)."""
        row = self.rows.pop(row_id)
        del self.ids[bisect_left(self.ids, row_id)]
        for name, index in self._indexes.items():
            if row.get(name) is not None:
                self._leave_index(index, index_key(row[name]), row_id)

    def modified(self, low: tuple[str, str] = ("", ""), high: str | None = None) -> Iterator[Row]:
        """Rows by (stamp, id), from ``low`` on and up to the stamp ``high``, stamps in wire form."""
        start = bisect_left(self._log, low)
        end = len(self._log) if high is None else bisect_right(self._log, (high, "~"))
        rows, stamp_field = self.rows, self.stamp_field
        for place in range(start, end):
            stamp, row_id = self._log[place]
            row = rows.get(row_id)
            if row is not None and row[stamp_field] == stamp:
                yield row

    def by_id(self, low: str | None = None, high: str | None = None) -> Iterator[Row]:
        """Rows by id with ``low <= Id <= high``."""
        start = 0 if low is None else bisect_left(self.ids, low)
        end = len(self.ids) if high is None else bisect_right(self.ids, high)
        rows = self.rows
        for place in range(start, end):
            yield rows[self.ids[place]]

    def load(self, rows: Sequence[Row]) -> None:
        """Puts many new rows with rising ids at once."""
        for row in rows:
            row_id = str(row["Id"])
            self.rows[row_id] = row
            self.ids.append(row_id)
            self._log.append((str(row[self.stamp_field]), row_id))
        self.ids.sort()
        self._log.sort()
        for name, index in self._indexes.items():
            for row in rows:
                value = row.get(name)
                if value is not None:
                    key = index_key(value)
                    index[key] = (*index.get(key, ()), str(row["Id"]))

    def _enter_log(self, stamp: str, row_id: str) -> None:
        # Old entries stay and are skipped when read: removing them would move half the list on every write.
        entry = (stamp, row_id)
        if not self._log or self._log[-1] < entry:
            self._log.append(entry)
        else:
            place = bisect_left(self._log, entry)
            if place == len(self._log) or self._log[place] != entry:
                self._log.insert(place, entry)
        if len(self._log) > 2 * len(self.rows) + _SLACK:
            self._log = sorted((str(row[self.stamp_field]), row_id) for row_id, row in self.rows.items())

    @staticmethod
    def _leave_index(index: dict[Value, tuple[str, ...]], key: Value, row_id: str) -> None:
        rest = tuple(other for other in index[key] if other != row_id)
        if rest:
            index[key] = rest
        else:
            del index[key]


@dataclass(frozen=True, slots=True)
class Pending:
    """A row of a transaction that has not committed yet; ``started`` is when the transaction began."""

    due: datetime
    started: datetime
    table: Table
    row: Row


@dataclass(slots=True)
class Store:
    """Puts rows on behalf of a transaction that can still be undone."""

    late_until: datetime | None = None
    pending: list[Pending] = field(default_factory=list)
    _journal: list[tuple[Table, str, Row | None]] = field(default_factory=list)

    def put(self, table: Table, row: Row, *, now: datetime) -> None:
        """Stores a row now, or at the end of the long transaction that is under way."""
        if self.late_until is not None:
            self.pending.append(Pending(due=self.late_until, started=now, table=table, row=row))
            return
        self._journal.append((table, str(row["Id"]), table.put(row)))

    def mark(self) -> int:
        """A point of the present transaction to return to."""
        return len(self._journal)

    def rollback(self, mark: int) -> None:
        """Undoes everything since the mark."""
        while len(self._journal) > mark:
            table, row_id, old = self._journal.pop()
            if old is None:
                table.drop(row_id)
            else:
                table.put(old)

    def commit(self) -> None:
        """Ends the present transaction: nothing before this can be undone."""
        self._journal.clear()

    def settle(self, now: datetime) -> None:
        """Commits the late rows that are due."""
        if not self.pending:
            return
        due = [late for late in self.pending if late.due <= now]
        self.pending = [late for late in self.pending if late.due > now]
        for late in due:
            late.table.put(late.row)

    def uncommitted(self, table: Table, row_id: str) -> Row | None:
        """The newest version of a row inside an open transaction, which locks the row for everybody else."""
        return next(
            (late.row for late in reversed(self.pending) if late.table is table and late.row["Id"] == row_id), None
        )

    def oldest_open(self, table: Table) -> datetime | None:
        """When the oldest open transaction on this table began."""
        return min((late.started for late in self.pending if late.table is table), default=None)
