"""Query jobs of Bulk API 2.0: a query that runs once, as a job, and whose rows are fetched as CSV page by page.

The rows are those of the moment at which the job is done. Each page repeats the header; ``Sforce-Locator`` names the
next page and is the text ``null`` on the last. Instants end in ``Z`` here, unlike in a query's JSON. COUNT, OFFSET and
compound addresses are refused. Query jobs use no batches of the daily number.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.salesforce.bulk_csv import write_csv
from sandbox.salesforce.bulk_jobs import (
    ABORTED,
    COMPLETE,
    FAILED,
    OVER,
    QUEUED,
    UPLOADED,
    WORKING,
    Job,
    chosen_format,
    wrong_state,
)
from sandbox.salesforce.definitions import Row, Value
from sandbox.salesforce.errors import Refusal, plain
from sandbox.salesforce.exchange import ApiCall, Reply
from sandbox.salesforce.limits import BulkLimits, DailyCalls
from sandbox.salesforce.org import Org
from sandbox.salesforce.rights import seen_by
from sandbox.salesforce.soql import parse
from sandbox.salesforce.soql_eval import Meaning, Resolved
from sandbox.salesforce.soql_run import entity_of, run
from sandbox.salesforce.soql_tree import Query

OPERATIONS = {"query": False, "queryAll": True}
END = "null"


@dataclass(slots=True, kw_only=True)
class QueryJob(Job):
    """One query job; ``columns`` and ``cells`` are its result."""

    columns: list[str] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list)


class QueryJobs:
    """Makes and drives the query jobs of one org."""

    def __init__(self, org: Org, limits: BulkLimits) -> None:
        self._org = org
        self._limits = limits
        self.jobs = DailyCalls(limits.daily_query_jobs)
        self.result_bytes = DailyCalls(limits.daily_result_bytes)

    def make(self, org: Org, call: ApiCall) -> QueryJob:
        """``POST jobs/query``: reads the query and refuses what it cannot answer."""
        body, now = call.json_object(), self._org.clock.now()
        operation = body.get("operation")
        if operation not in OPERATIONS:
            raise plain("INVALIDJOB", f"operation must be one of {', '.join(OPERATIONS)}")
        if self.jobs.used(now) >= self._limits.daily_query_jobs:
            raise plain("LIMIT_EXCEEDED", f"{self._limits.daily_query_jobs} query jobs were made within 24 hours")
        text = str(body.get("query", ""))
        query = parse(text)
        if query.counts or query.offset:
            raise plain("API_ERROR", "the Bulk API supports neither COUNT nor OFFSET")
        if query.functions or query.group or query.children:
            raise plain("API_ERROR", "the Bulk API supports neither functions, GROUP BY nor child subqueries")
        _columns(org, query)
        self.jobs.spend(1, now=now)
        made = QueryJob(
            id=self._org.ids.take("750"),
            kind="query",
            asked={"operation": operation, "object": entity_of(org, query).name, "query": text} | chosen_format(body),
            user_id=call.user_id,
            created=now,
            version=call.version,
        )
        made.enqueue(now, batches=1)
        return made

    def close(self, job: QueryJob, wish: object) -> None:
        """``PATCH jobs/query/{id}``: a query job can be aborted only."""
        if wish != ABORTED:
            raise plain("INVALIDJOB", f"state can be set to {ABORTED}")
        if job.state in OVER:
            raise wrong_state(job, "aborting")
        job.enter(ABORTED, self._org.clock.now())

    def advance(self, job: QueryJob, now: datetime) -> None:
        """Does what is due."""
        steps = job.steps(now, self._org.switches)
        if job.state not in QUEUED or steps == 0:
            return
        if job.state == UPLOADED:
            job.enter(WORKING, now)
        if steps <= job.batches:
            return
        try:
            self._run(job, now)
        except Refusal as why:
            job.enter(FAILED, now, error=f"{why.code}: {why.message}")

    def _run(self, job: QueryJob, now: datetime) -> None:
        org = seen_by(self._org, job.user_id) if self._org.switches.enforces_rights else self._org
        query = parse(str(job.asked["query"]))
        found = _columns(org, query)
        _, rows = run(org, query, with_deleted=OPERATIONS[str(job.asked["operation"])])
        cells = [[_cell(each, row) for _, each in found] for row in rows]
        size = sum(len(cell) + 3 for line in cells for cell in line)
        if self.result_bytes.used(now) + size > self._limits.daily_result_bytes:
            raise plain("LIMIT_EXCEEDED", "the results of query jobs within 24 hours are too long")
        self.result_bytes.spend(size, now=now)
        job.columns, job.cells, job.processed = [name for name, _ in found], cells, len(cells)
        job.done = job.batches
        job.enter(COMPLETE, now)

    def results(self, job: QueryJob, call: ApiCall) -> Reply:
        """``GET jobs/query/{id}/results?maxRecords=&locator=``."""
        if job.state != COMPLETE:
            raise wrong_state(job, "fetching results")
        asked = call.first("maxRecords")
        if asked is not None and not (asked.isdigit() and int(asked)):
            raise plain("INVALID_QUERY_LOCATOR", f"maxRecords must be a number above 0, not {asked}")
        size = min(int(asked), self._limits.page_rows) if asked is not None else self._limits.page_rows
        start = _place(call.first("locator"), len(job.cells))
        page = job.cells[start : start + size]
        end = start + len(page)
        headers = {
            "Content-Type": "text/csv",
            "Sforce-Locator": END if end >= len(job.cells) else base64.urlsafe_b64encode(str(end).encode()).decode(),
            "Sforce-NumberOfRecords": str(len(page)),
        }
        body = write_csv(job.columns, page, delimiter=job.delimiter, line_ending=job.line_ending)
        return Reply(200, body, "bulk.results", headers, records=len(page))


def _place(locator: str | None, rows: int) -> int:
    if locator is None:
        return 0
    try:
        place = int(base64.urlsafe_b64decode(locator.encode()))
    except (binascii.Error, ValueError) as error:
        raise plain("INVALID_QUERY_LOCATOR", f"invalid query locator: {locator}") from error
    if not 0 < place < rows:
        raise plain("INVALID_QUERY_LOCATOR", f"invalid query locator: {locator}")
    return place


def _columns(org: Org, query: Query) -> list[tuple[str, Resolved]]:
    """Name and meaning of each column."""
    meaning = Meaning(org, entity_of(org, query), query.text)
    found = [meaning.resolve(path) for path in query.paths]
    if any(each.field.type == "address" for each in found):
        raise plain("API_ERROR", "the Bulk API answers no compound fields: ask for the parts of the address")
    return [(".".join([*(str(link.relationship) for link in each.chain), each.field.name]), each) for each in found]


def _cell(column: Resolved, row: Row) -> str:
    value: Value = column.get(row)
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if column.field.type == "datetime":
        return str(value).replace("+0000", "Z")
    return str(value)
