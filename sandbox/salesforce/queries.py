"""Query, queryAll and their pages.

At most 2,000 rows a page; ``Sforce-Query-Options: batchSize`` is a hint. A cursor holds the ids of the result for two
days; each page is one call.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.salesforce.aggregating import aggregated
from sandbox.salesforce.definitions import Row
from sandbox.salesforce.errors import plain
from sandbox.salesforce.exchange import ApiCall, Reply
from sandbox.salesforce.limits import MAX_PAGE
from sandbox.salesforce.org import Org
from sandbox.salesforce.selecting import spelled_out, view_of
from sandbox.salesforce.showing import Shown
from sandbox.salesforce.soql import parse
from sandbox.salesforce.soql_eval import Meaning
from sandbox.salesforce.soql_run import run

_BATCH = re.compile(r"batchsize\s*=\s*(\d+)", re.IGNORECASE)
_CURSOR_PREFIX = "01g"


@dataclass(frozen=True, slots=True)
class Cursor:
    """An open result."""

    rows: list[Row]
    table_rows: dict[str, Row]
    view: Callable[[Row], Shown]
    page: int
    expires: datetime


class Queries:
    """Answers queries and keeps their cursors."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._cursors: dict[str, Cursor] = {}

    def query(self, org: Org, call: ApiCall, *, with_deleted: bool) -> Reply:
        """``GET /query?q=`` or ``/queryAll?q=``; ``org`` is the org as the session sees it."""
        text = call.first("q")
        if text is None:
            raise plain("MALFORMED_QUERY", "The parameter q must hold a query")
        query = parse(text)
        operation = "queryAll" if with_deleted else "query"
        if query.aggregates:
            groups = aggregated(org, query, with_deleted=with_deleted)
            body = {"totalSize": len(groups), "done": True, "records": groups}
            return Reply(200, body, operation, records=len(groups))
        query = spelled_out(org, query)
        entity, rows = run(org, query, with_deleted=with_deleted)
        slow = self._org.switches.slow_query_rows
        if slow and len(rows) > slow:
            raise plain("QUERY_TIMEOUT", "Your query request was running for too long.")
        if query.counts:
            return Reply(200, {"totalSize": len(rows), "done": True, "records": []}, operation)
        view = view_of(Meaning(org, entity, text), query, root=call.root, with_deleted=with_deleted)
        page = self._page_size(call)
        if len(rows) <= page:
            shown = [view(row) for row in rows]
            return Reply(200, {"totalSize": len(rows), "done": True, "records": shown}, operation, records=len(rows))
        now = self._org.clock.now()
        self._cursors = {name: cursor for name, cursor in self._cursors.items() if cursor.expires > now}
        name = self._org.ids.take(_CURSOR_PREFIX)
        expires = now + timedelta(seconds=self._org.switches.cursor_seconds)
        self._cursors[name] = Cursor(rows, entity.table.rows, view, page, expires)
        return self._page(call, name, 0, operation)

    def more(self, call: ApiCall, locator: str) -> Reply:
        """``GET /query/{locator}``: a later page."""
        name, _, place = locator.rpartition("-")
        cursor = self._cursors.get(name)
        if cursor is None or not place.isdigit() or cursor.expires <= self._org.clock.now():
            raise plain("INVALID_QUERY_LOCATOR", f"invalid query locator: {locator}")
        return self._page(call, name, int(place), "query.more")

    def _page(self, call: ApiCall, name: str, place: int, operation: str) -> Reply:
        cursor = self._cursors[name]
        rows = cursor.rows[place : place + cursor.page]
        if self._org.switches.cursor_rereads_rows:
            rows = [cursor.table_rows.get(str(row["Id"]), row) for row in rows]
        end = place + len(rows)
        answer: dict[str, object] = {"totalSize": len(cursor.rows), "done": end >= len(cursor.rows)}
        if end < len(cursor.rows):
            answer["nextRecordsUrl"] = f"{call.root}/query/{name}-{end}"
        answer["records"] = [cursor.view(row) for row in rows]
        return Reply(200, answer, operation, records=len(rows))

    def _page_size(self, call: ApiCall) -> int:
        match = _BATCH.search(call.headers.get("sforce-query-options", ""))
        largest = min(MAX_PAGE, self._org.switches.largest_page)
        return min(largest, max(self._org.switches.smallest_page, int(match[1]))) if match else largest
