"""What the refusal of one row means.

Row errors of Collections carry ``statusCode``, those of single requests ``errorCode``; duplicate rules put their
findings under ``duplicateResult`` or, in many versions, ``duplicateResut`` (recorded). All shapes are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from connectors.salesforce.errors import LIMIT_WAIT, MAINTENANCE, MAINTENANCE_WAIT, Complaint
from connectors.salesforce.ids import object_of, to18
from connectors.salesforce.wire import RECORD_TYPE
from syncd.model.remote import RemoteRef
from syncd.model.write import Clash, Deferred, Refused

_ID_IN_TEXT: Final = re.compile(r"\b[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?\b")
_COLUMN: Final = re.compile(r"[Nn]o such column '([A-Za-z0-9_]+)'")
_TAKEN: Final = re.compile(r"duplicate value found: ([A-Za-z0-9_]+) duplicates value")
_LISTED: Final = re.compile(r"\[([A-Za-z0-9_]+(?:, *[A-Za-z0-9_]+)*)\]")
_LATER: Final = {
    "REQUEST_LIMIT_EXCEEDED": LIMIT_WAIT,
    "SERVER_UNAVAILABLE": timedelta(minutes=1),
    "UNKNOWN_EXCEPTION": timedelta(minutes=1),
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": timedelta(0),
    "PROCESSING_HALTED": timedelta(0),
    MAINTENANCE: MAINTENANCE_WAIT,
}
_ADVICE: Final = {
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": "a flow or trigger of the org failed; ask its admin, then retry",
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": "a validation rule of the org says no; change the value or the rule",
    "FIELD_INTEGRITY_EXCEPTION": "the value is not in the org's lists (state, country, owner); map it to a listed one",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": "give the integration user rights on the record referred to",
    "INSUFFICIENT_ACCESS_OR_READONLY": "give the integration user edit rights on this record or object",
    "INVALID_CROSS_REFERENCE_KEY": "the record referred to is not there or cannot be used; correct the reference",
    "INVALID_EMAIL_ADDRESS": "correct the e-mail address on the other side",
    "INVALID_FIELD": "the field does not exist or is hidden from the integration user; grant it or leave it unmapped",
    "INVALID_FIELD_FOR_INSERT_UPDATE": "the field is read-only for the integration user; grant edit or map it one way",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": "add the value to the picklist, and of a dependent one to what the"
    " controlling value allows, or to the mapping's value table",
    "REQUIRED_FIELD_MISSING": "map the field or give it a default in the mapping",
    "STRING_TOO_LONG": "shorten the value or lengthen the field",
}

_RIGHTS: Final = frozenset({"INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE"})
"""What a describe would have told: the field was hidden, closed or removed since the last one."""
_ADVICE_RECORD_TYPE: Final = (
    "activate the record type and assign it to the profile or permission set of syncd's user, or correct record_type in"
    " the mapping"
)


class Trouble(StrEnum):
    """Refusals that need another look before they are a result."""

    LOCKED = "locked"
    LEFT = "left"


_LEFT: Final = frozenset({"ENTITY_IS_DELETED", "CANNOT_UPDATE_CONVERTED_LEAD", "NOT_FOUND"})
_WRONG_ID: Final = frozenset({"INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID", "INVALID_ID_FIELD"})


def read_trouble(complaint: Complaint, object: str) -> Refused | Clash | Deferred | Trouble:
    """A result, or what must be done first. ``object`` is the row's."""
    code = complaint.code
    if code == "UNABLE_TO_LOCK_ROW":
        return Trouble.LOCKED
    if code in _LEFT or (code in _WRONG_ID and not complaint.fields):
        return Trouble.LEFT
    if code in _LATER:
        return Deferred(code, complaint.message, _LATER[code])
    if code == "DUPLICATES_DETECTED":
        return Clash(code, complaint.message, tuple(dict.fromkeys(_matches(complaint.extra, object))))
    if code in ("DUPLICATE_VALUE", "DUPLICATE_EXTERNAL_ID"):
        ids = [to18(id_) for id_ in _ID_IN_TEXT.findall(complaint.message) if object_of(id_) or id_[0].isdigit()]
        refs = tuple(RemoteRef(object_of(id_) or object, id_) for id_ in ids)
        return Clash(code, complaint.message, refs, named_fields(complaint))
    return refusal(complaint)


def refusal(complaint: Complaint) -> Refused:
    """A refusal that stands, with the fields the vendor names in whatever way."""
    advice = _ADVICE.get(complaint.code, "read the vendor's reason, correct the value or the org, then retry")
    if RECORD_TYPE in complaint.fields:
        advice = _ADVICE_RECORD_TYPE
    return Refused(
        complaint.code,
        complaint.message,
        advice,
        named_fields(complaint),
        unforeseen=complaint.code in _RIGHTS,
    )


def named_fields(complaint: Complaint) -> tuple[str, ...]:
    """The fields of an error: listed, or named only in its words."""
    if complaint.fields:
        return complaint.fields
    if column := _COLUMN.search(complaint.message) or _TAKEN.search(complaint.message):
        return (column[1],)
    if complaint.code == "REQUIRED_FIELD_MISSING" and (listed := _LISTED.search(complaint.message)):
        return tuple(name.strip() for name in listed[1].split(","))
    return ()


def _matches(extra: object, object: str) -> Iterator[RemoteRef]:
    """Ids that a duplicate rule found, under either spelling."""
    entry: Mapping[str, Any] = extra if isinstance(extra, Mapping) else {}
    found = entry.get("duplicateResult") or entry.get("duplicateResut")
    results = found.get("matchResults") if isinstance(found, Mapping) else None
    for result in results or ():
        for match in result.get("matchRecords") or ():
            record = match.get("record") or {}
            told = (record.get("attributes") or {}).get("type")
            if record.get("Id"):
                yield RemoteRef(told or object_of(record["Id"]) or object, to18(record["Id"]))
