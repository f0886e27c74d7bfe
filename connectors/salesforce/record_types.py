"""Record types of an object: which there are, and what their picklists offer.

Describe lists an object's record types without the values each of them offers; those come from the user interface API,
one call per type ("Get Values for All Picklist Fields of a Record Type"), and only for mapped picklists of objects that
have record types at all. A type whose values cannot be read narrows nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.errors import CallRefused
from connectors.salesforce.ids import to18
from connectors.salesforce.soql import name
from connectors.transport import wrong_shape
from syncd.model.errors import NeedsOperator
from syncd.model.remote import RemoteField, RemoteRecordType
from syncd.model.values import Lane
from syncd.observe.log import emit

PICKLISTS: Final = frozenset({"picklist", "multipicklist"})

Barred: TypeAlias = Mapping[str, Mapping[str, frozenset[str]]]
"""Per record type id and picklist field, the values (in one case) that the object lists and the type does not offer."""


def read_types(told: Mapping[str, Any]) -> tuple[RemoteRecordType, ...]:
    """The record types of a describe beside the master, which every object has."""
    return tuple(
        RemoteRecordType(
            id=to18(str(one["recordTypeId"])),
            name=str(one.get("developerName") or ""),
            label=str(one.get("name") or ""),
            usable=one.get("available") is True and one.get("active") is not False,
            default=one.get("defaultRecordTypeMapping") is True,
        )
        for one in told.get("recordTypeInfos") or ()
        if isinstance(one, dict) and one.get("master") is not True
    )


def with_offers(
    client: SalesforceClient, object: str, types: Sequence[RemoteRecordType], fields: Sequence[str], lane: Lane
) -> tuple[RemoteRecordType, ...]:
    """The types with the values that these picklist fields offer for each of them; one call a type.

    Not every licence and not every object has the user interface API: then nothing is known, and a log line says so.
    """
    known: list[RemoteRecordType] = []
    for each in types:
        path = f"ui-api/object-info/{name(object)}/picklist-values/{each.id}"
        try:
            told = client.get("picklists", path, lane=lane).json()
        except (CallRefused, NeedsOperator) as why:
            code = why.code if isinstance(why, CallRefused) else "FORBIDDEN"
            emit("schema.unread", object=object, part="picklist values by record type", code=code)
            return tuple(types)
        known.append(replace(each, offers=_read_offers(told, fields)))
    return tuple(known)


def _read_offers(told: object, fields: Sequence[str]) -> dict[str, tuple[str, ...]]:
    lists = told.get("picklistFieldValues") if isinstance(told, dict) else None
    if not isinstance(lists, dict):
        raise wrong_shape("picklists", "no picklistFieldValues")
    return {field: tuple(str(one["value"]) for one in lists[field]["values"]) for field in fields if field in lists}


def barred(types: Sequence[RemoteRecordType], fields: Mapping[str, RemoteField]) -> Barred:
    """What rows of each type must not hold; a type that narrows nothing is not in the answer."""
    found: dict[str, dict[str, frozenset[str]]] = {}
    for each in types:
        for field, offered in each.offers.items():
            listed = {option.value.casefold() for option in fields[field].options} if field in fields else set()
            if kept_out := listed - {value.casefold() for value in offered}:
                found.setdefault(each.id, {})[field] = frozenset(kept_out)
    return found
