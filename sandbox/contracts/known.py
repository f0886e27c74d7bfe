"""The one table of differences between the contracts and the HubSpot stand-in, each with its reason.

A difference that is not listed fails the tests, and so does one that is listed and cannot be shown any more. ``fault``
says whose it is: ``contract`` (the documents are derived from a client and are wrong or narrower than the vendor) or
``stand-in`` (ours, and tolerated for the reason given).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Key = tuple[Literal["request", "answer"], str, str]


@dataclass(frozen=True, slots=True)
class Known:
    """Why a difference is let through."""

    fault: Literal["contract", "stand-in"]
    reason: str


_OPTIONAL = Known(
    "contract",
    "Required there means that the client's model refuses None, not that HubSpot wants the key: the guide's own bodies "
    "leave it out.",
)
_NUMBERS = Known(
    "contract",
    "Ids in answers about associations are numbers in the guide, although they are text everywhere else; the client's "
    "models say text and take either.",
)

KNOWN: Mapping[Key, Known] = {
    ("request", "PublicObjectSearchRequest", "sorts[]: type"): Known(
        "contract", "The client's model says a list of text; the search page documents objects with propertyName."
    ),
    ("request", "BatchReadInputSimplePublicObjectId", "properties: required"): _OPTIONAL,
    ("request", "BatchReadInputSimplePublicObjectId", "propertiesWithHistory: required"): _OPTIONAL,
    ("request", "BatchReadInputPropertyName", "archived: required"): _OPTIONAL,
    ("request", "SimplePublicObjectInputForCreate", "properties.*: type"): Known(
        "stand-in", "A JSON number is taken for its text, as clients report of HubSpot; no page promises or forbids it."
    ),
    ("answer", "Error", "category: required"): Known(
        "contract",
        "Every field of an error is optional by the error page: the 404 of a single record is only a message, and the "
        "429 of the ten seconds has errorType and policyName instead.",
    ),
    ("answer", "CollectionResponseMultiAssociatedObjectWithLabelForwardPaging", "results[].toObjectId: type"): _NUMBERS,
    ("answer", "BatchResponsePublicAssociationMultiWithLabel", "results[].to[].toObjectId: type"): _NUMBERS,
    ("answer", "BatchResponsePublicAssociationMultiWithLabelWithErrors", "results[].to[].toObjectId: type"): _NUMBERS,
    ("answer", "LabelsBetweenObjectPair", "fromObjectId: type"): _NUMBERS,
    ("answer", "LabelsBetweenObjectPair", "toObjectId: type"): _NUMBERS,
    ("answer", "BatchResponseLabelsBetweenObjectPair", "results[].fromObjectId: type"): _NUMBERS,
    ("answer", "BatchResponseLabelsBetweenObjectPair", "results[].toObjectId: type"): _NUMBERS,
    (
        "answer",
        "POST /crm/v4/associations/{fromObjectType}/{toObjectType}/batch/associate/default",
        "status 207",
    ): Known(
        "stand-in",
        "A pair that cannot be associated has to be told somehow; the client knows a 200 only and makes nothing of it.",
    ),
}
