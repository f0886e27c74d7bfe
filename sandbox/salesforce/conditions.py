"""Conditions of a single read or write: which version of a row the caller knows, or wants to change.

``If-Modified-Since`` and ``If-Unmodified-Since`` work for every object, by the date of the last change in whole
seconds; an entity tag, ``If-Match`` and ``If-None-Match``, for Account alone, by all that the row holds (vendor's page
on conditional requests). A read of a version that is known is a 304, a write meant for another version a 412; a delete
knows no conditions.
"""

from __future__ import annotations

import hashlib

import orjson

from sandbox.salesforce.definitions import Row
from sandbox.salesforce.entity import Entity
from sandbox.salesforce.errors import plain
from sandbox.salesforce.exchange import ApiCall
from sandbox.salesforce.org import Org
from sandbox.salesforce.wire_time import http_date, parse_http_date, parse_instant, stamp

TAGGED = "Account"
_ANY = "*"


def version_headers(entity: Entity, row: Row) -> dict[str, str]:
    """What an answer says of the version of a row."""
    changed = parse_instant(str(row.get("LastModifiedDate", row.get("CreatedDate"))))
    headers = {"Last-Modified": http_date(changed)} if changed else {}
    return headers | ({"ETag": f'"{_tag(row)}"'} if entity.name == TAGGED else {})


def is_known(call: ApiCall, entity: Entity, row: Row) -> bool:
    """Whether a reader has this version of the row already; a tag, where one counts, is surer than a date."""
    tags = call.headers.get("if-none-match")
    if tags is not None and entity.name == TAGGED:
        return _names(tags, row)
    changed = parse_instant(str(row.get("LastModifiedDate", row.get("CreatedDate"))))
    since = parse_http_date(call.headers.get("if-modified-since", ""))
    return since is not None and changed is not None and changed <= since


def check_conditions(org: Org, call: ApiCall, entity: Entity, row: Row) -> None:
    """Raises 412 where an update is for another version of the row, and 428 where it must say for which one."""
    switches = org.switches
    tags = {name: call.headers.get(name) for name in ("if-match", "if-none-match")} if entity.name == TAGGED else {}
    date = call.headers.get("if-unmodified-since")
    if switches.requires_conditions and date is None and not any(tags.values()):
        raise plain("PRECONDITION_REQUIRED", "an update must say which version of the row it is for", status=428)
    if not switches.conditional_writes or (call.nested and not switches.composite_conditionals):
        return
    wanted, unwanted = tags.get("if-match"), tags.get("if-none-match")
    if (wanted is not None and not _names(wanted, row)) or (unwanted is not None and _names(unwanted, row)):
        raise plain("PRECONDITION_FAILED", "The row is not of the version that the entity tag names", status=412)
    if date is None or wanted is not None:
        return
    limit = parse_http_date(date)
    if limit is None:
        raise plain("INVALID_HEADER", f"If-Unmodified-Since is not an HTTP date: {date}")
    if str(row["LastModifiedDate"]) > stamp(limit):
        raise plain("PRECONDITION_FAILED", "The row was modified since the date of If-Unmodified-Since", status=412)


def _tag(row: Row) -> str:
    return hashlib.blake2b(orjson.dumps(row, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()


def _names(tags: str, row: Row) -> bool:
    """Whether one of the tags of a header is that of the row."""
    found = [tag.strip().removeprefix("W/").strip('"') for tag in tags.split(",")]
    return _ANY in found or _tag(row) in found
