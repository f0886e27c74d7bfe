"""Which calls a fault hits: the kinds of calls of both vendors, told apart by method and path alone.

A Salesforce Composite counts as a write as soon as one subrequest of it writes; a HubSpot POST counts as a read where
its path says so (search, batch read).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from sandbox.kernel import HttpRequest

Matches = Callable[[HttpRequest], bool]

_HUBSPOT_READS = ("/search", "/batch/read", "access-token-info", "/unsubscribe-all/read")
_NESTED_WRITE = re.compile(rb'"method"\s*:\s*"(?:POST|PATCH|PUT|DELETE)"')
_HUBSPOT_CREATE = re.compile(r"/objects/(?:[\d-]+/)?[\w-]+(?:/batch/(?:create|upsert))?$")
_SALESFORCE_CREATE: Mapping[str, re.Pattern[str]] = {
    "POST": re.compile(r"/sobjects(?:(?<!/composite/sobjects)/\w+)?$"),
    "PATCH": re.compile(r"/composite/sobjects/\w+/\w+$|(?<!/composite)/sobjects/\w+/\w+/.+$"),
}
"""Of the paths of rows: an insert, and an upsert by a key of the caller's own."""
_LOGINS = ("/services/oauth2/", "/services/Soap/")


def every_call(request: HttpRequest) -> bool:
    """All calls but those that log in."""
    return not request.path.startswith(_LOGINS)


def hubspot_search(request: HttpRequest) -> bool:
    """``POST .../search``."""
    return request.method == "POST" and request.path.rstrip("/").endswith("/search")


def hubspot_ordinary(request: HttpRequest) -> bool:
    """All calls of HubSpot that the ten-second window counts."""
    return not hubspot_search(request)


def hubspot_read(request: HttpRequest) -> bool:
    """Reads of HubSpot, POSTs that only read included."""
    return request.method == "GET" or request.path.rstrip("/").endswith(_HUBSPOT_READS)


def hubspot_write(request: HttpRequest) -> bool:
    """Writes of HubSpot's records, definitions and associations."""
    return not hubspot_read(request)


def hubspot_rows(request: HttpRequest) -> bool:
    """Reads that answer records: list, search, batch read."""
    return hubspot_read(request) and "/objects/" in request.path and "/associations" not in request.path


def hubspot_listing(request: HttpRequest) -> bool:
    """Reads that answer a page of what there is, not of what was named: list and search."""
    return hubspot_rows(request) and not request.path.rstrip("/").endswith("/batch/read")


def hubspot_batch_write(request: HttpRequest) -> bool:
    """Batches of creates, updates and upserts."""
    return request.path.rstrip("/").endswith(("/batch/create", "/batch/update", "/batch/upsert"))


def creating(request: HttpRequest) -> bool:
    """Calls that may make a record, of either vendor: creates, upserts by a key, a Composite with one of them."""
    path = request.path.rstrip("/")
    if not path.startswith("/services/data"):
        return request.method == "POST" and "/associations" not in path and _HUBSPOT_CREATE.search(path) is not None
    if path.endswith("/composite"):
        return any(_makes_row(str(each.get("method")), str(each.get("url"))) for each in _subrequests(request))
    return _makes_row(request.method, path)


def _makes_row(method: str, path: str) -> bool:
    pattern = _SALESFORCE_CREATE.get(method)
    return pattern is not None and pattern.search(path.partition("?")[0]) is not None


def _subrequests(request: HttpRequest) -> Iterator[Mapping[str, Any]]:
    try:
        told = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        return
    inner = told.get("compositeRequest") if isinstance(told, dict) else None
    if isinstance(inner, list):
        yield from (each for each in inner if isinstance(each, dict))


ONLY: Mapping[str, Matches] = {"creates": creating}
"""What a fault of many calls can be aimed at (its option ``only``), by the word for it."""


def those(matches: Matches, only: str) -> Matches:
    """Of these calls the ones that it is aimed at; all of them, if ``only`` is empty."""
    if not only:
        return matches
    aimed = ONLY[only]
    return lambda request: matches(request) and aimed(request)


def hubspot_create(request: HttpRequest) -> bool:
    """Calls that may create a contact."""
    return request.method == "POST" and request.path.rstrip("/").endswith(
        ("/contacts", "/contacts/batch/create", "/contacts/batch/upsert")
    )


def salesforce_write(request: HttpRequest) -> bool:
    """Writes of rows: single, Collections, bulk ingest, Composite with a writing subrequest."""
    path = request.path.rstrip("/")
    if not path.startswith("/services/data") or request.method == "GET" or "/jobs/query" in path:
        return False
    if path.endswith(("/composite", "/composite/batch")):
        return _NESTED_WRITE.search(request.body) is not None
    return not (request.method == "POST" and "/composite/sobjects/" in path)


def salesforce_read(request: HttpRequest) -> bool:
    """Everything else below ``/services/data``."""
    return request.path.startswith("/services/data") and not salesforce_write(request)


def salesforce_query(request: HttpRequest) -> bool:
    """Queries and their later pages."""
    return request.method == "GET" and ("/query" in request.path or "/queryAll" in request.path)


def salesforce_listing(request: HttpRequest) -> bool:
    """Queries, and Composites of nothing but reads, which carry queries."""
    composite = request.path.rstrip("/").endswith("/composite") and b"/query" in request.body
    return salesforce_query(request) or (composite and not salesforce_write(request))


def salesforce_rows(request: HttpRequest) -> bool:
    """Reads that answer rows: queries, and rows by id."""
    by_id = request.method == "POST" and "/composite/sobjects/" in request.path
    return salesforce_listing(request) or by_id or (request.method == "GET" and "/composite/sobjects/" in request.path)


def salesforce_later_page(request: HttpRequest) -> bool:
    """Later pages of a query."""
    return request.method == "GET" and re.search(r"/query(All)?/", request.path) is not None


def hubspot_later_page(request: HttpRequest) -> bool:
    """Later pages of a list or a search."""
    if hubspot_search(request):
        return re.search(rb'"after"\s*:\s*"?[1-9]', request.body) is not None
    return hubspot_listing(request) and request.first("after") is not None
