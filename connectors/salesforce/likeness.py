"""What a stand-in needs in order to look like this org: definitions only, by reads only.

Read are the describes of Lead, Contact, Account and Opportunity, what their record types offer, and the Lead statuses,
which no describe tells whole. No record is read, and no value of one: of each field only the named keys are kept.
Answers: describe and user interface API guides of the vendor, object reference of LeadStatus.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from connectors.salesforce import soql
from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.errors import CallRefused
from connectors.salesforce.queries import Queries
from connectors.salesforce.record_types import PICKLISTS
from connectors.transport import wrong_shape
from syncd.model.errors import NeedsOperator
from syncd.model.values import Lane

OBJECTS: Final = ("Lead", "Contact", "Account", "Opportunity")
STATUS: Final = ("ApiName", "MasterLabel", "SortOrder", "IsDefault", "IsConverted")
_ABILITIES: Final = ("createable", "updateable", "deletable")
_FIELD: Final = (
    "name", "type", "label", "length", "precision", "scale", "digits", "nillable", "createable", "updateable",
    "defaultedOnCreate", "defaultValue", "custom", "externalId", "unique", "idLookup", "caseSensitive",
    "restrictedPicklist", "controllerName", "compoundFieldName", "filterable", "sortable", "groupable", "aggregatable",
    "permissionable",    "referenceTo", "relationshipName", "nameField", "extraTypeInfo",
)  # fmt: skip
_VALUE: Final = ("value", "label", "active", "defaultValue", "validFor")
_TYPE: Final = ("recordTypeId", "developerName", "name", "active", "available", "defaultRecordTypeMapping", "master")


def read_likeness(client: SalesforceClient, *, needed: Collection[str], lane: Lane = Lane.BULK) -> dict[str, Any]:
    """``{objects: {name: {fields, abilities, types, offers}}, statuses: [status] | None, unread: [what]}``.

    ``offers`` maps the id of a record type to what its picklists offer.

    :param needed: objects without which the likeness is of no use; of the others ``unread`` names what was refused.
    :raises NeedsOperator, CallRefused: if the credentials may not describe a needed object.
    """
    objects: dict[str, Any] = {}
    unread: list[str] = []
    for name in OBJECTS:
        told = _answered(client, "describe", f"sobjects/{name}/describe", lane, None if name in needed else unread)
        if told is None:
            continue
        fields = told.get("fields")
        if not isinstance(fields, list) or not all(isinstance(each, dict) and each.get("name") for each in fields):
            raise wrong_shape("describe", f"no fields of {name}, or one without a name")
        types = [_kept(each, _TYPE) for each in told.get("recordTypeInfos") or ()]
        objects[name] = {
            "fields": [_field(each) for each in fields],
            "abilities": _kept(told, _ABILITIES),
            "types": types,
            "offers": {str(each["recordTypeId"]): _offers(client, name, each, lane, unread)
                       for each in types if not each.get("master")},
        }  # fmt: skip
    return {"objects": objects, "statuses": _statuses(client, lane, unread), "unread": unread}


def _answered(
    client: SalesforceClient, operation: str, path: str, lane: Lane, unread: list[str] | None
) -> dict[str, Any] | None:
    """The answer; ``None``, and a word in ``unread``, where it is refused and can be done without."""
    try:
        told = client.get(operation, path, lane=lane).json()
    except (CallRefused, NeedsOperator):
        if unread is None:
            raise
        unread.append(path)
        return None
    if not isinstance(told, dict):
        raise wrong_shape(operation, "no object")
    return told


def _offers(
    client: SalesforceClient, name: str, record_type: Mapping[str, Any], lane: Lane, unread: list[str]
) -> dict[str, list[str]]:
    path = f"ui-api/object-info/{name}/picklist-values/{record_type['recordTypeId']}"
    told = _answered(client, "picklists", path, lane, unread) or {}
    lists = told.get("picklistFieldValues") or {}
    return {field: [str(one["value"]) for one in listed.get("values") or ()] for field, listed in lists.items()}


def _statuses(client: SalesforceClient, lane: Lane, unread: list[str]) -> list[dict[str, Any]] | None:
    try:
        (rows,) = Queries(client).all([soql.select(STATUS, "LeadStatus")], lane)
    except (CallRefused, NeedsOperator):
        unread.append("LeadStatus")
        return None
    return [_kept(row, STATUS) for row in sorted(rows, key=lambda row: int(row.get("SortOrder") or 0))]


def _field(told: Mapping[str, Any]) -> dict[str, Any]:
    kept = _kept(told, _FIELD)
    if told.get("type") in PICKLISTS or told.get("picklistValues"):
        kept["picklistValues"] = [_kept(each, _VALUE) for each in told.get("picklistValues") or ()]
    return kept


def _kept(told: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: told[name] for name in names if name in told}
