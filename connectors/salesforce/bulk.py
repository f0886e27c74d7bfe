"""Bulk API 2.0: thousands of rows of one object in one job, which the vendor queues and works off by itself.

A job costs seven calls and its polls, whatever it holds, and waits in a queue: it pays from seven thousand rows on. New
records are upserts by the key field, updates go by id; the results come in another order and are known by that column.
An empty cell leaves a field as it is, ``#N/A`` is said to clear it (vendor's guide, "Bulk API 2.0 ingest"), so a row
that clears, or whose own text is one of both, does not travel in this way.

Promises: a row is called written or refused only as its job told; what the job surely never took up is given back to
be sent otherwise. Nothing is taken up before the job is closed, so trouble before that leaves every row unsent. A job
that outlives its process is remembered, and ended before anything else is sent: it might overwrite what is newer.
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Final

from connectors.salesforce import soql
from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.errors import CallRefused, Complaint
from connectors.salesforce.ids import as_told
from connectors.salesforce.packing import Row
from connectors.shapes import reading
from connectors.transport import Resend, wrong_shape
from syncd.model.errors import Bug, NeedsOperator, RetryLater
from syncd.model.values import Lane, Wire
from syncd.model.write import CreateRecord, UpdateRecord
from syncd.observe.log import emit
from syncd.ports.notes import Notes
from syncd.ports.system import Clock

LONGEST: Final = 180.0
"""Seconds that a closed job is waited for, as whoever becomes a lead meanwhile waits too. Then it is ended, and what it
did not take up is sent in another way."""
SLOW: Final = 3_600.0
"""Seconds for which no job is made once one had to be ended."""
_CHARACTERS: Final = 12_000_000
"""Of one upload: 48 MB at most, as the results repeat every cell and must fit into an answer; the vendor takes more."""
_LONGEST_CELL: Final = 100_000
"""Characters; more than Python's reader of CSV takes a cell to have is 131,072."""
_CLEAR: Final = "#N/A"
_FIRST_WAIT, _LAST_WAIT = 1.0, 10.0
_ENDING: Final = (0.0, 1.0, 2.0, 4.0)
"""Seconds between the looks at a job that was told to end."""
_NOTE: Final = "salesforce bulk job"
_ERROR: Final = re.compile(
    r"(?P<code>[A-Z][A-Z0-9_]+):(?P<message>.*?)(?::(?P<fields>[\w, ]*))?\s*(?:--)?\s*", re.DOTALL
)


class State(StrEnum):
    """Where a job is."""

    OPEN = "Open"
    CLOSED = "UploadComplete"
    WORKING = "InProgress"
    DONE = "JobComplete"
    FAILED = "Failed"
    ABORTED = "Aborted"


ENDED: Final = frozenset({State.DONE, State.FAILED, State.ABORTED})


@dataclass(slots=True)
class Told:
    """What became of the rows of a job. Rows that are in none of these lists: nobody knows."""

    written: list[tuple[Row, str, bool]] = field(default_factory=list)
    """With the id of the record, and whether it was made."""
    refused: list[tuple[Row, Complaint]] = field(default_factory=list)
    unsent: list[Row] = field(default_factory=list)


class Bulk:
    """Jobs of one org."""

    least: ClassVar[int] = 7_000
    """Rows of one object, all to be made or all to be changed, from which a job costs less than Composite."""
    lot: ClassVar[int] = 20_000
    """Rows that are handed over at once when so many wait: what is stored before and after a lot is one transaction."""

    def __init__(self, client: SalesforceClient, notes: Notes, clock: Clock) -> None:
        self._client = client
        self._notes = notes
        self._clock = clock
        self._slow_until = float("-inf")

    def worth(self, rows: Sequence[Row]) -> list[list[Row]]:
        """The rows that are worth jobs, by object and sort; the others are better sent otherwise.

        A write with an expectation is none: between its check and the vendor's deed may lie minutes. Nothing is while
        the queue is known to be slow.
        """
        if self._clock.monotonic() < self._slow_until:
            return []
        groups: defaultdict[tuple[str, type], list[Row]] = defaultdict(list)
        for row in rows:
            if _fits(row):
                groups[row.object, type(row.write)].append(row)
        return [group for group in groups.values() if len(group) >= self.least]

    def look_back(self, lane: Lane) -> None:
        """Ends a job that was left behind, by this process or by any other one of the connection.

        :raises RetryLater: marked as unsent, if nobody can tell whether it has ended.
        """
        noted = self._notes.recall(_NOTE)
        if noted is None or not noted[0]:
            return
        try:
            self._end(noted[0].decode(), lane)
        except RetryLater as why:
            what = f"nothing is written while an earlier bulk job may be at work: {why}"
            raise RetryLater(what, after=why.after, sent=False) from why
        self._notes.remember(_NOTE, b"", self._clock.now())

    def run(self, rows: Sequence[Row], table: bytes, key: str, *, lane: Lane, meanwhile: Callable[[], None]) -> Told:
        """Sends rows of one object and one sort, and waits for what becomes of them.

        :param table: the same as ``tables`` made of them. :param key: the field that new records are known by.
        :param meanwhile: called while the job is waited for.
        :raises RetryLater: with ``sent`` if the job may be at work, without if surely none is.
        :raises Bug: if the org does not take the job, or answers strangely; nothing of it was written.
        """
        try:
            job = self._open(rows[0], key, table, lane)
        except RetryLater as why:
            raise RetryLater(str(why), after=why.after, sent=False) from why
        began = self._clock.monotonic()
        self._notes.remember(_NOTE, job.encode(), self._clock.now())
        emit("bulk.began", job=job, object=rows[0].object, records=len(rows))
        try:
            state = self._waited(job, self._close(job, lane), lane, meanwhile)
            with reading("bulk.results"):
                told = self._read(job, rows, key, lane, ended=state)
        except (RetryLater, Bug, NeedsOperator) as why:
            raise RetryLater(f"bulk job {job}: {why}", sent=True) from why
        self._notes.remember(_NOTE, b"", self._clock.now())
        seconds = self._clock.monotonic() - began
        emit("bulk.ended", job=job, state=str(state), records=len(rows), ms=round(seconds * 1000))
        return told

    # -- one job -------------------------------------------------------------------------------------------------
    def _open(self, row: Row, key: str, table: bytes, lane: Lane) -> str:
        """A job that has all its rows and is not closed: as it is, it never runs."""
        job = self._make(row, key, lane)
        try:
            self._client.table("bulk.upload", f"jobs/ingest/{job}/batches", table, lane=lane)
        except (RetryLater, Bug, NeedsOperator):
            self._drop(job, lane)
            raise
        return job

    def _make(self, row: Row, key: str, lane: Lane) -> str:
        body: dict[str, Any] = {"object": row.object, "contentType": "CSV", "lineEnding": "LF"}
        body["operation"] = "update"
        if isinstance(row.write, CreateRecord):
            body |= {"operation": "upsert", "externalIdFieldName": soql.name(key)}
        answer = self._client.send("bulk.open", "POST", "jobs/ingest", body, lane=lane, resend=Resend.NEVER)
        return _job_of(answer.json())

    def _close(self, job: str, lane: Lane) -> State:
        """Lets a job run. Where the answer is lost, the job itself tells whether it was heard."""
        closed = {"state": State.CLOSED.value}
        try:
            answer = self._client.send(
                "bulk.close", "PATCH", f"jobs/ingest/{job}", closed, lane=lane, resend=Resend.NEVER
            )
        except (RetryLater, CallRefused):
            state = self._state(job, lane)
            return state if state is not State.OPEN else self._end(job, lane)
        return _state_of(answer.json())

    def _waited(self, job: str, state: State, lane: Lane, meanwhile: Callable[[], None]) -> State:
        """The state in which the job ended, by itself or because it was told to.

        :raises RetryLater: if it does not end.
        """
        wait, began = _FIRST_WAIT, self._clock.monotonic()
        while state not in ENDED:
            meanwhile()
            self._clock.sleep(wait)
            wait = min(_LAST_WAIT, wait * 1.5)
            state = self._state(job, lane)
            if state in ENDED or self._clock.monotonic() - began < LONGEST:
                continue
            emit("bulk.slow", job=job, state=str(state))
            self._slow_until = self._clock.monotonic() + SLOW
            return self._end(job, lane)
        return state

    def _state(self, job: str, lane: Lane) -> State:
        return _state_of(self._client.get("bulk.poll", f"jobs/ingest/{job}", lane=lane).json())

    def _end(self, job: str, lane: Lane) -> State:
        """Ends a job that has not ended, and sees that it has; one that is gone has.

        :raises RetryLater: if it goes on all the same.
        """
        aborted = {"state": State.ABORTED.value}
        state = None
        for wait in _ENDING:
            try:
                state = self._state(job, lane)
                if state in ENDED:
                    return state
                self._client.send("bulk.abort", "PATCH", f"jobs/ingest/{job}", aborted, lane=lane, resend=Resend.SAFE)
            except CallRefused as why:
                emit("bulk.left", job=job, code=why.code)
                if why.status == 404:  # kept for seven days
                    return State.ABORTED
            self._clock.sleep(wait)
        where = "Setup > Bulk Data Load Jobs"
        raise RetryLater(f"bulk job {job} is {state} and does not end; look at it in {where}, and abort it there")

    def _drop(self, job: str, lane: Lane) -> None:
        """Ends a job that holds no rows or is not closed, if that can be done: left as it is, it never runs."""
        try:
            self._end(job, lane)
        except (RetryLater, NeedsOperator) as why:
            emit("bulk.left", job=job, code=type(why).__name__)

    # -- what became of the rows ---------------------------------------------------------------------------------
    def _read(self, job: str, rows: Sequence[Row], key: str, lane: Lane, *, ended: State) -> Told:
        told = Told()
        by_name = {_name(row): row for row in rows}
        column = key if isinstance(rows[0].write, CreateRecord) else "Id"
        for line in self._lines(job, "successfulResults", lane):
            row = by_name.pop(_folded(line, column), None)
            if row is not None and line.get("sf__Id"):
                told.written.append((row, as_told(line["sf__Id"]), line.get("sf__Created") == "true"))
        for line in self._lines(job, "failedResults", lane):
            row = by_name.pop(_folded(line, column), None)
            if row is not None:
                told.refused.append((row, read_error(line.get("sf__Error", ""))))
        if by_name and ended is not State.DONE:
            for line in self._lines(job, "unprocessedrecords", lane, marked=False):
                row = by_name.pop(_folded(line, column), None)
                if row is not None:
                    told.unsent.append(row)
        return told

    def _lines(self, job: str, table: str, lane: Lane, *, marked: bool = True) -> Iterator[Mapping[str, str]]:
        """The rows of a table of results.

        :param marked: whether it has columns of the vendor's own.
        :raises RetryLater: if it is no such table: a login page is text, too.
        """
        body = self._client.table("bulk.results", f"jobs/ingest/{job}/{table}", None, lane=lane).body
        if not body.strip():
            return
        reader = csv.DictReader(io.StringIO(body.decode("utf-8"), newline=""), strict=True)
        if marked and "sf__Id" not in (reader.fieldnames or ()):
            raise wrong_shape("bulk.results", f"{table} of job {job} without a column sf__Id")
        try:
            yield from (line for line in reader if None not in line.values())  # a line that is cut short tells nothing
        except csv.Error as why:
            raise wrong_shape("bulk.results", f"{table} of job {job} is no CSV: {why}") from why


def read_error(text: str) -> Complaint:
    """The error of a failed row: ``CODE:message:fields --``, as the vendor's result files have it."""
    found = _ERROR.fullmatch(text)
    if found is None:
        return Complaint("UNKNOWN", text, (), None)
    fields = tuple(name.strip() for name in (found["fields"] or "").split(",") if name.strip())
    return Complaint(found["code"], found["message"], fields, None)


# -- rows as a table -------------------------------------------------------------------------------------------------
def _fits(row: Row) -> bool:
    """Whether a row means in a table what it means elsewhere; no clear surely does, whatever ``#N/A`` is said to do."""
    if row.by_rules or (
        isinstance(row.write, UpdateRecord) and (row.write.expect is not None or None in row.sent.values())
    ):
        return False
    return not any(
        isinstance(value, str) and (not value or value == _CLEAR or len(value) > _LONGEST_CELL)
        for value in row.sent.values()
    )


def tables(rows: Sequence[Row], key: str) -> Iterator[tuple[Sequence[Row], bytes]]:
    """The rows as CSV, in as few uploads as they fit into."""
    first = key if isinstance(rows[0].write, CreateRecord) else "Id"  # a line that is cut short keeps its name whole
    names = list(dict.fromkeys([first, *(name for row in rows for name in row.sent)]))
    part: list[Row] = []
    size = 0
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, names, lineterminator="\n")
    for row in rows:
        if not part:
            table.writeheader()
        size += table.writerow(_cells(row))
        part.append(row)
        if size >= _CHARACTERS:
            yield part, text.getvalue().encode()
            part, size = [], 0
            text.seek(0)
            text.truncate()
    if part:
        yield part, text.getvalue().encode()


def _cells(row: Row) -> dict[str, str]:
    cells = {name: _cell(value) for name, value in row.sent.items()}
    return cells if isinstance(row.write, CreateRecord) else {"Id": as_told(row.write.ref.id), **cells}


def _cell(value: Wire) -> str:
    if value is None:  # of a new record; its fields are empty
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _name(row: Row) -> str:
    """What the row's line is known by in the results."""
    return row.write.key.lower() if isinstance(row.write, CreateRecord) else as_told(row.write.ref.id)


def _folded(line: Mapping[str, str], column: str) -> str:
    """The same of a line. Ids differ by case, keys do not."""
    told = next((value for name, value in line.items() if name and name.lower() == column.lower()), "") or ""
    return told if column == "Id" else told.lower()


def _job_of(body: object) -> str:
    if not isinstance(body, dict) or not isinstance(body.get("id"), str) or not body["id"].isalnum():
        raise wrong_shape("bulk.open", "a job without an id")
    return str(body["id"])


def _state_of(body: object) -> State:
    try:
        return State(body["state"])  # type: ignore[index]
    except (KeyError, TypeError, ValueError) as why:
        raise wrong_shape("bulk.poll", "a job without a state that is known") from why
