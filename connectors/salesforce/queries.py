"""Queries in as few calls as the vendor counts: up to five in one Composite call, pages one by one.

Promises: a page's address is followed only below our own version and only once (a server that goes in circles is an
error, not an endless loop); a cursor that the vendor dropped is reported as ``LostPlace``, so that the caller can begin
again where it stands. A Composite call counts as one call, at most five of its subrequests may be queries (REST API
guide, "Composite"). An org that refuses Composite gets the queries one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.errors import CallRefused, judge
from connectors.salesforce.soql import Query
from connectors.transport import Again, Answer, Raise, Resend, wrong_shape
from syncd.model.errors import Bug, RetryLater
from syncd.model.values import Instant, Lane

PACK: Final = 5
LONGEST_ADDRESS: Final = 15_000
"""Bytes of an address that we send; the vendor answers 414 beyond 16,384 of address and headers together."""
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """One page of one query. ``next`` is the address of the next page; ``at`` the vendor's time of the answer;
    ``total`` is the number of rows found, -1 where a page does not say.
    """

    rows: list[Row]
    next: str | None
    at: Instant
    total: int


class LostPlace(RetryLater):
    """The vendor no longer knows a page's address (``INVALID_QUERY_LOCATOR``)."""


class Queries:
    """Asks SOQL of one org."""

    def __init__(self, client: SalesforceClient) -> None:
        self._client = client
        self.packs = True

    def first(self, queries: Sequence[Query], lane: Lane) -> list[Result]:
        """The first page of each query, five queries a call."""
        results: list[Result] = []
        for start in range(0, len(queries), PACK):
            pack = queries[start : start + PACK]
            # A query too long for an address travels in the body of a Composite, however few there are.
            in_body = len(pack) > 1 or any(len(query.path) > LONGEST_ADDRESS for query in pack)
            packed = self._packed(pack, lane) if in_body and self.packs else None
            results += packed if packed is not None else [self._alone(query, lane) for query in pack]
        return results

    def following(self, result: Result, lane: Lane) -> Iterator[Result]:
        """The pages after this one. :raises LostPlace: the vendor dropped the cursor; ask the query again."""
        seen: set[str] = set()
        while result.next is not None:
            if result.next in seen:
                raise Bug("query: Salesforce's pages go in a circle; nothing more is read, and the cursor stays")
            seen.add(result.next)
            try:
                answer = self._client.get("query.page", result.next, lane=lane)
            except CallRefused as why:
                if why.code == "INVALID_QUERY_LOCATOR":
                    raise LostPlace(
                        "query: the vendor dropped the pages not read yet; the cursor stays, and the next cycle"
                        " asks for them anew",
                        sent=False,
                    ) from why
                raise
            result = self._result(answer.json(), answer)
            yield result

    def all(self, queries: Sequence[Query], lane: Lane) -> list[list[Row]]:
        """All rows of each query, in order."""
        every: list[list[Row]] = []
        for result in self.first(queries, lane):
            rows = list(result.rows)
            for page in self.following(result, lane):
                rows += page.rows
            every.append(rows)
        return every

    def count(self, queries: Sequence[Query], lane: Lane) -> list[int]:
        """The numbers that these counting queries ask for."""
        return [result.total for result in self.first(queries, lane)]

    def _alone(self, query: Query, lane: Lane) -> Result:
        answer = self._client.get("query", query.path, lane=lane)
        return self._whole(answer.json(), answer, query)

    def _packed(self, pack: Sequence[Query], lane: Lane) -> list[Result] | None:
        """One Composite call, or ``None`` if the org has no Composite."""
        entries = [
            {"method": "GET", "url": self._client.base_path + query.path, "referenceId": f"q{number}"}
            for number, query in enumerate(pack)
        ]
        try:
            answer = self._client.send(
                "composite.query",
                "POST",
                "composite",
                {"allOrNone": False, "compositeRequest": entries},
                lane=lane,
                resend=Resend.SAFE,
            )
        except CallRefused as why:
            if why.status == 404:
                self.packs = False
                return None
            raise
        told = zip(pack, subanswers(answer, len(pack)), strict=True)
        return [self._whole(self._judged(status, body), answer, query) for query, (status, body) in told]

    def _judged(self, status: int, body: object) -> object:
        verdict = judge(status, body, rate=self._client.rate, now=self._client.vendor_now())
        if isinstance(verdict, Raise):
            raise verdict.error
        if isinstance(verdict, Again):
            raise RetryLater(f"composite.query: {verdict.reason}", after=verdict.after)
        return body

    def _whole(self, body: object, answer: Answer, query: Query) -> Result:
        """A first page. Where it is the only one, it has all the rows that it counts (every answer has the count)."""
        result = self._result(body, answer)
        whole = result.total >= 0 if query.counts else result.total == len(result.rows)
        if result.next is None and not whole:
            told = body.get("totalSize") if isinstance(body, dict) else None
            raise wrong_shape("query", f"{len(result.rows)} rows where totalSize says {told!r:.20}")
        return result

    def _result(self, body: object, answer: Answer) -> Result:
        if not isinstance(body, dict):
            raise wrong_shape("query", "no object")
        rows = body.get("records")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise wrong_shape("query", "no list of records")
        done, following, told = body.get("done"), body.get("nextRecordsUrl"), body.get("totalSize")
        total = told if isinstance(told, int) and not isinstance(told, bool) else -1
        if not isinstance(done, bool):
            raise wrong_shape("query", "done is neither true nor false: nobody knows whether there are more rows")
        if done:
            return Result(rows, None, self._client.vendor_now(answer), total)
        if following is None:
            raise wrong_shape("query", "more rows are promised without an address")
        if not str(following).startswith(self._client.base_path + "query"):
            raise wrong_shape("query", "the next page is not below our version's query resource")
        return Result(rows, following, self._client.vendor_now(answer), total)


def subanswers(answer: Answer, count: int) -> list[tuple[int, Any]]:
    """Status and body of each subrequest of a Composite call, in order. :raises Bug: if any is missing."""
    body = answer.json()
    entries = body.get("compositeResponse") if isinstance(body, dict) else None
    if not isinstance(entries, list) or len(entries) != count:
        raise wrong_shape("composite", f"not {count} answers")
    return [
        (int(entry.get("httpStatusCode", 0)), entry.get("body")) if isinstance(entry, dict) else (0, None)
        for entry in entries
    ]
