"""What a stand-in needs in order to look like this portal: definitions only, by reads only.

Read are the properties of contacts, companies and deals, their groups, what the account requires of new records, and
the pipelines of deals. No record is read, and no value of one: of each definition only the named keys are kept, so that
ids of people (``createdUserId``) and the options of owner properties stay where they are. Answers: properties, schemas
and pipelines guides of the vendor.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from connectors.hubspot.client import HubSpotClient, rows_of
from connectors.hubspot.describing import required_of
from connectors.hubspot.errors import Rejected
from connectors.transport import CallFailed, Unauthorized
from syncd.model.errors import NeedsOperator
from syncd.model.values import Lane

KINDS: Final = ("contacts", "companies", "deals")
_PROPERTY: Final = (
    "name", "label", "type", "fieldType", "groupName", "description", "displayOrder", "calculated", "externalOptions",
    "hasUniqueValue", "hidden", "formField", "hubspotDefined", "referencedObjectType", "createdAt", "updatedAt",
)  # fmt: skip
_OPTION: Final = ("value", "label", "displayOrder", "hidden")
_WRITABILITY: Final = ("archivable", "readOnlyDefinition", "readOnlyValue")
_PIPELINE: Final = ("id", "label", "displayOrder", "createdAt", "updatedAt", "archived")
_STAGE: Final = (*_PIPELINE, "metadata", "writePermissions")


def read_likeness(client: HubSpotClient, *, needed: Collection[str], lane: Lane = Lane.BULK) -> dict[str, Any]:
    """``{objects: {kind: {properties, groups, required}}, pipelines: {kind: [pipeline]}, unread: [what]}``.

    :param needed: objects without which the likeness is of no use; of the others ``unread`` names what was refused.
    :raises NeedsOperator: if the credentials may not read a needed object's properties.
    """
    objects: dict[str, Any] = {}
    unread: list[str] = []
    pipelines: dict[str, Any] = {}
    for kind in KINDS:
        told = _rows(client, "properties", client.paths.properties(kind), lane, None if kind in needed else unread)
        if told is None:
            continue
        groups = _rows(client, "property.groups", f"{client.paths.properties(kind)}/groups", lane, unread) or []
        objects[kind] = {
            "properties": [_property(each) for each in told],
            "groups": {str(each["name"]): str(each.get("label") or each["name"]) for each in groups},
            "required": _required(client, kind, lane, unread),
        }
    told = _rows(client, "pipelines", client.paths.pipelines("deals"), lane, unread)
    if told is not None:
        pipelines["deals"] = [_pipeline(each) for each in told]
    return {"objects": objects, "pipelines": pipelines, "unread": unread}


def _rows(
    client: HubSpotClient, operation: str, path: str, lane: Lane, unread: list[str] | None
) -> list[dict[str, Any]] | None:
    """All rows; ``None``, and a word in ``unread``, where they are refused and can be done without."""
    try:
        return rows_of(client.get(operation, path, lane=lane), operation)
    except Unauthorized:
        raise
    except (Rejected, NeedsOperator, CallFailed):
        if unread is None:
            raise
        unread.append(path)
        return None


def _required(client: HubSpotClient, kind: str, lane: Lane, unread: list[str]) -> list[str]:
    told = required_of(client, kind, lane=lane)
    if told is None:
        unread.append(client.paths.schema(kind))
    return sorted(told or ())


def _property(told: Mapping[str, Any]) -> dict[str, Any]:
    external = bool(told.get("externalOptions"))  # options from elsewhere are people, teams or accounts
    modification = told.get("modificationMetadata") or {}
    return {
        **_kept(told, _PROPERTY),
        "options": [] if external else [_kept(each, _OPTION) for each in told.get("options") or ()],
        "modificationMetadata": _kept(modification, _WRITABILITY),
    }


def _pipeline(told: Mapping[str, Any]) -> dict[str, Any]:
    return _kept(told, _PIPELINE) | {"stages": [_kept(each, _STAGE) for each in told.get("stages") or ()]}


def _kept(told: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: told[name] for name in names if name in told}
