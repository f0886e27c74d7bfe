"""Everything a vendor, or something in front of it, may answer instead of the truth: one table for each vendor.

The documented refusals are in the vendors' own words; the rest is what proxies, maintenance pages and broken networks
send. ``CANARY`` stands in every text that a vendor could fill with people's values: it must never reach an error text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from sandbox.kernel import HttpResponse

CANARY = "canary.person@secret.example"
ELSEWHERE = "https://collector.example/steal"
HTML = b"<html><head><title>Sorry</title></head><body>We are down for " + CANARY.encode() + b"</body></html>"


@dataclass(frozen=True, slots=True)
class Hostile:
    """One unexpected answer; ``when`` as in ``sandbox.kernel.Fault``."""

    name: str
    answer: HttpResponse = HttpResponse(503)
    when: str = "before"

    def __str__(self) -> str:
        return self.name


def _raw(name: str, body: bytes, status: int = 200, kind: str = "application/json;charset=utf-8") -> Hostile:
    return Hostile(name, HttpResponse(status, body, {"Content-Type": kind}))


def _json(name: str, status: int, body: object, headers: Mapping[str, str] | None = None) -> Hostile:
    return Hostile(
        name, HttpResponse(status, orjson.dumps(body), {"Content-Type": "application/json"} | dict(headers or {}))
    )


_WHEN = "2026-03-02T09:00:30.000+0000"
_STAMPS = {"lastmodifieddate": _WHEN, "hs_lastmodifieddate": _WHEN}

#: What may come from anywhere: proxies, load balancers, half-dead servers.
ANYWHERE = (
    _raw("html with 200", HTML, kind="text/html"),
    _raw("html that says json", HTML),
    _raw("empty object", b"{}"),
    _raw("empty list", b"[]"),
    _raw("null", b"null"),
    _raw("a number", b"7"),
    _raw("a text", b'"' + CANARY.encode() + b'"'),
    _raw("nothing at all", b""),
    _raw("truncated", b'{"results":[{"id":"1","properties":{"email":"' + CANARY.encode()),
    _raw("not a number", b'{"results":[{"id":NaN}],"records":NaN,"total":NaN}'),
    _raw("duplicate keys", b'{"results":[],"results":{"a":1},"records":[],"records":{"a":1},"done":1}'),
    _raw("bytes that are no text", b'{"results":["\xff\xfe"],"records":["\xff\xfe"]}'),
    _raw("very deep", b"[" * 5_000 + b"]" * 5_000),
    _json("results of numbers", 200, {"results": [1, 2], "records": [1, 2], "done": True, "compositeResponse": [3]}),
    _json("results of empty rows", 200, {"results": [{}], "records": [{}], "done": True, "compositeResponse": [{}]}),
    _json(
        "rows with null parts",
        200,
        {"results": [{"id": None, "properties": None}], "records": [{"Id": None, "attributes": None}], "done": True},
    ),
    _json(
        "rows with lists as values",
        200,
        {
            "results": [{"id": ["1"], "properties": ["email"], "to": 7, "new": "x"}],
            "records": [{"Id": ["1"], "SystemModstamp": {}, "attributes": ["x"]}],
            "done": True,
            "compositeResponse": [{"httpStatusCode": "two hundred", "body": {}}],
        },
    ),
    _json(
        "rows with unreadable stamps",
        200,
        {
            "results": [{"id": "1", "properties": {"lastmodifieddate": "soon", "hs_lastmodifieddate": "soon"}}],
            "records": [{"Id": "00Q000000000001AAA", "SystemModstamp": "soon", "attributes": {"type": "Lead"}}],
            "done": True,
        },
    ),
    _json("wrong paging", 200, {"results": [], "paging": {"next": {"after": {"a": 1}}}, "records": [], "done": "no"}),
    *(
        _json(f"paging is {name}", 200, {"results": [], "paging": paging, "totalSize": 0, "records": [], "done": done})
        for name, paging, done in (
            ("a list", [], 1),
            ("a text", "more", "true"),
            ("a text for the next page", {"next": "more"}, None),
            ("a next page without address", {"next": {}}, False),
            ("a next page with an empty address", {"next": {"after": ""}}, []),
        )
    ),
    _json(
        "a next page for ever",
        200,
        {
            "results": [],
            "paging": {"next": {"after": "7"}},
            "totalSize": 9,
            "records": [],
            "done": False,
            "nextRecordsUrl": "/services/data/v64.0/query/01g-again",
        },
    ),
    _json("fewer rows than counted", 200, {"results": None, "totalSize": 3, "records": [], "done": True}),
    _json("null results", 200, {"results": None, "records": None, "done": True, "compositeResponse": None}),
    _json("an object for the results", 200, {"results": {"id": "1"}, "records": {"Id": "1"}, "fields": {"name": "x"}}),
    *(
        _json(
            f"rows with {name}",
            200,
            {
                "results": [{"id": id_, "name": id_, "properties": _STAMPS, "createdAt": _WHEN, "updatedAt": _WHEN}],
                "totalSize": 1,
                "records": [{"Id": id_, "SystemModstamp": _WHEN, "IsDeleted": False}],
                "done": True,
                "portalId": id_,
                "access_token": id_,
            },
        )
        for name, id_ in (
            ("no id", None),
            ("an empty id", ""),
            ("a list for an id", ["1"]),
            ("an object for an id", {"id": 1}),
            ("a word for an id", "one"),
            ("a yes for an id", True),
            ("a negative id", -1),
            ("a path for an id", "1/../2"),
        )
    ),
    *(
        _json(
            f"rows with {name}",
            200,
            {
                "results": [{"id": "1", "properties": _STAMPS | {"lastmodifieddate": at, "hs_lastmodifieddate": at}}],
                "totalSize": 1,
                "records": [{"Id": "00Q000000000001AAA", "SystemModstamp": at, "IsDeleted": False}],
                "done": True,
                "latestDateCovered": at,
                "deletedRecords": [{"id": "00Q000000000001AAA", "deletedDate": at}],
            },
        )
        for name, at in (
            ("a stamp out of range", "99999999999999999999"),
            ("a stamp of another type", {"at": 1}),
            ("a year out of range", "99999-01-01T00:00:00.000+0000"),
            ("a list for a stamp", [1]),
        )
    ),
    _json(
        "next page elsewhere",
        200,
        {
            "results": [],
            "paging": {"next": {"link": ELSEWHERE, "after": "x"}},
            "records": [],
            "done": False,
            "nextRecordsUrl": ELSEWHERE,
        },
    ),
    *(
        _json(f"503 with {name}", 503, {"message": "no"}, headers)
        for name, headers in (
            (
                "numbers out of range in its headers",
                {
                    "Retry-After": "9" * 30,
                    "Sforce-Limit-Info": f"api-usage={'9' * 30}/{'9' * 30}",
                    "X-HubSpot-RateLimit-Daily": "9" * 30,
                    "X-HubSpot-RateLimit-Daily-Remaining": "1",
                },
            ),
            (
                "words in its headers",
                {
                    "Retry-After": "soon",
                    "Sforce-Limit-Info": "api-usage=many/all",
                    "Date": "yesterday",
                    "X-HubSpot-RateLimit-Daily": "²",
                    "X-HubSpot-RateLimit-Daily-Remaining": "³",
                },
            ),
            ("a time without a zone", {"Date": "Mon, 02 Mar 2026 09:00:00 -0000"}),
        )
    ),
    Hostile("moved elsewhere", HttpResponse(302, b"", {"Location": ELSEWHERE})),
    Hostile("moved for good", HttpResponse(308, b"", {"Location": ELSEWHERE})),
    Hostile("moved nowhere", HttpResponse(301)),
    Hostile("not modified", HttpResponse(304)),
    _raw("401 html", HTML, 401, "text/html"),
    _raw("403 html", HTML, 403, "text/html"),
    _raw("404 html", HTML, 404, "text/html"),
    _raw("408", b"", 408),
    _raw("411", b"", 411),
    _raw("413 html", HTML, 413, "text/html"),
    _raw("414 html", HTML, 414, "text/html"),
    _raw("429 html", HTML, 429, "text/html"),
    _raw("431 html", HTML, 431, "text/html"),
    *(_raw(f"{status} html", HTML, status, "text/html") for status in (500, 502, 503, 504, 521, 524)),
    Hostile("cut before the vendor acts", HttpResponse(0), "cut"),
    Hostile("cut after the vendor acted", when="drop"),
    Hostile("503 after the vendor acted", when="after"),
)


def _hub(name: str, status: int, category: str, headers: Mapping[str, str] | None = None, **more: object) -> Hostile:
    body = {"status": "error", "message": f"no: {CANARY}", "category": category, "correlationId": "c-1", **more}
    return _json(name, status, body, headers)


#: HubSpot's refusals (error handling and usage guidelines pages).
HUBSPOT = (
    _hub("400 validation", 400, "VALIDATION_ERROR"),
    _hub(
        "400 property", 400, "VALIDATION_ERROR",
        errors=[{"message": CANARY, "code": "PROPERTY_DOESNT_EXIST", "context": {"propertyName": ["firstname"]}}],
    ),
    _json("400 text inside", 400, {"status": "error", "message": 'Property values were not valid: [{"isValid":false'}),
    _hub("400 strange errors", 400, "VALIDATION_ERROR", errors={"a": 1}, context=[1], links=7),
    _hub("401", 401, "INVALID_AUTHENTICATION"),
    _hub("401 expired", 401, "EXPIRED_AUTHENTICATION"),
    _hub(
        "403 scopes", 403, "MISSING_SCOPES",
        errors=[{"message": "scopes", "context": {"requiredGranularScopes": ["crm.objects.contacts.read"]}}],
    ),
    _hub("403", 403, "FORBIDDEN"),
    _hub("404", 404, "OBJECT_NOT_FOUND"),
    _json("404 bare", 404, {"message": "resource not found"}),
    _hub("409", 409, "CONFLICT"),
    _hub("414", 414, "URI_TOO_LONG"),
    _hub("415", 415, "UNSUPPORTED_MEDIA_TYPE"),
    _hub("423", 423, "LOCKED"),
    _hub("429 ten seconds", 429, "RATE_LIMITS", errorType="RATE_LIMIT", policyName="TEN_SECONDLY_ROLLING"),
    _hub("429 daily", 429, "RATE_LIMITS", errorType="RATE_LIMIT", policyName="DAILY"),
    _json("429 search", 429, {"status": "error", "message": "You have reached your secondly limit.", "errorType": "RATE_LIMIT"}),  # noqa: E501 - one case a line
    _json("431", 431, {"message": "headers too large"}),
    _json("477", 477, {"message": "migration"}, {"Retry-After": "3600"}),
    _json("477 with a date", 477, {"message": "migration"}, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}),
    _hub("500", 500, "INTERNAL_ERROR"),
    _hub("502", 502, "BAD_GATEWAY"),
    _hub("503", 503, "UNAVAILABLE"),
    _hub("504", 504, "TIMEOUT"),
    _json("207 of errors", 207, {"status": "COMPLETE", "results": [], "numErrors": 1,
          "errors": [{"status": "error", "category": "VALIDATION_ERROR", "message": CANARY, "context": {}}]}),
    _json("207 of nonsense", 207, {"status": "COMPLETE", "results": [7, None], "errors": [None, 7, {"context": 7}]}),
)  # fmt: skip


def _force(status: int, code: str, message: str = f"no: {CANARY}", **more: object) -> Hostile:
    return _json(f"{status} {code}", status, [{"errorCode": code, "message": message, **more}])


#: Salesforce's refusals (REST API guide, status codes and error responses; API exception codes).
SALESFORCE = (
    _force(300, "MULTIPLE_CHOICES"),
    _force(400, "JSON_PARSER_ERROR"),
    _force(400, "INVALID_FIELD", f"No such column 'Title' on entity {CANARY}"),
    _force(400, "MALFORMED_QUERY", f"\nEmail = '{CANARY}'\n^ ERROR at Row:1:Column:9"),
    _force(400, "MALFORMED_ID"),
    _force(400, "REQUIRED_FIELD_MISSING", fields=7),
    _force(400, "QUERY_TIMEOUT"),
    _force(400, "INVALID_QUERY_LOCATOR"),
    _force(400, "UNABLE_TO_LOCK_ROW"),
    _force(400, "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE"),
    _json("400 in the words of oauth", 400, {"error": "invalid_grant", "error_description": "expired"}),
    _json("400 of numbers", 400, [7, None, "x"]),
    _force(401, "INVALID_SESSION_ID"),
    _force(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    _force(403, "API_DISABLED_FOR_ORG"),
    _force(403, "INSUFFICIENT_ACCESS"),
    _force(404, "NOT_FOUND"),
    _force(405, "METHOD_NOT_ALLOWED"),
    _force(409, "CONFLICT"),
    _force(412, "PRECONDITION_FAILED"),
    _force(414, "URI_TOO_LONG"),
    _force(415, "UNSUPPORTED_MEDIA_TYPE"),
    _force(420, "EDGE_LIMIT"),
    _force(429, "TOO_MANY_REQUESTS"),
    _force(431, "REQUEST_HEADER_FIELDS_TOO_LARGE"),
    _force(500, "UNKNOWN_EXCEPTION"),
    _force(502, "BAD_GATEWAY"),
    _force(503, "SERVER_UNAVAILABLE"),
    _force(503, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."),
    _force(504, "GATEWAY_TIMEOUT"),
)
