"""Answers of a vendor in trouble: of the servers behind the API in its own words, of the edge before it as a page.

500 and 503 have the usual body (error code page of the REST guide); 420 and 502 come from the routing in front, which
knows nothing of JSON.
"""

from __future__ import annotations

from sandbox.salesforce.errors import plain
from sandbox.salesforce.exchange import Reply

_SAID = {
    500: ("UNKNOWN_EXCEPTION", "An unexpected error occurred. Please include this ErrorId if you contact support"),
    503: ("SERVER_UNAVAILABLE", "Server is currently not available or is too busy"),
}
_PAGES = {420: "Instance is being routed elsewhere", 502: "Bad Gateway"}
STATUSES = frozenset(_SAID) | frozenset(_PAGES)


def outage(status: int) -> Reply:
    """The answer of this status, which costs no call.

    :raises ValueError: for a status that the vendor's outages do not have.
    """
    if status in _SAID:
        code, message = _SAID[status]
        return Reply(status, plain(code, message).body(), "outage", cost=0)
    if status not in _PAGES:
        raise ValueError(f"an outage answers one of {', '.join(map(str, sorted(STATUSES)))}, not {status}")
    page = f"<html><head><title>{status}</title></head><body><h1>{_PAGES[status]}</h1></body></html>"
    return Reply(status, page.encode(), "outage", {"Content-Type": "text/html"}, cost=0)
