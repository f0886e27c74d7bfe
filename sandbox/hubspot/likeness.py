"""Gives an account without records the definitions of another one: properties, groups, required ones, pipelines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.hubspot.definitions import Option, PropertyDefinition
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.records import RecordStore

_ALWAYS = "2020-01-01T00:00:00.000Z"


def apply_to_account(portal: Portal, told: Mapping[str, Any]) -> None:
    """Applies HubSpot's part of a likeness."""
    for kind, content in told["objects"].items():
        store = portal.stores[kind]
        wanted = [definition_of(each) for each in content["properties"]]
        _take_away(portal, store, {each.name for each in wanted})
        held = store.definitions
        store.definitions = {}
        for definition in wanted:
            store.define(definition)
        store.definitions |= {name: each for name, each in held.items() if name not in store.definitions}
        portal.groups[kind] = {
            **{each.group: each.group for each in store.definitions.values()},
            **{str(name): str(label) for name, label in content["groups"].items()},
        }
        store.required = {str(name) for name in content["required"]}
    portal.pipelines |= {kind: list(pipelines) for kind, pipelines in told["pipelines"].items()}


def definition_of(told: Mapping[str, Any]) -> PropertyDefinition:
    """One property from the wire form of its definition, which is not judged: the other account has it."""
    modification = told.get("modificationMetadata") or {}
    options = told.get("options") or ()
    return PropertyDefinition(
        name=str(told["name"]),
        label=str(told.get("label", told["name"])),
        type=str(told["type"]),
        field_type=str(told.get("fieldType", "text")),
        group=str(told.get("groupName", "")),
        description=str(told.get("description") or ""),
        options=tuple(
            Option(
                value=str(each["value"]),
                label=str(each.get("label", each["value"])),
                order=int(each.get("displayOrder", -1)),
                hidden=bool(each.get("hidden")),
            )
            for each in options
        ),
        referenced_object=told.get("referencedObjectType"),
        display_order=int(told.get("displayOrder", -1)),
        calculated=bool(told.get("calculated")),
        external_options=bool(told.get("externalOptions")),
        unique=bool(told.get("hasUniqueValue")),
        hidden=bool(told.get("hidden")),
        form_field=bool(told.get("formField")),
        hubspot_defined=bool(told.get("hubspotDefined")),
        read_only=bool(modification.get("readOnlyValue")),
        archivable=bool(modification.get("archivable", True)),
        created_at=str(told.get("createdAt") or _ALWAYS),
        updated_at=str(told.get("updatedAt") or _ALWAYS),
    )


def _take_away(portal: Portal, store: RecordStore, wanted: set[str]) -> None:
    """Removes what the other account has not, but for what the account fills in by itself, and the unique values."""
    kind = store.kind.name
    gone = {name for name, each in store.definitions.items() if name not in wanted and not each.read_only}
    for name in gone:
        store.undefine(name)
    for name in set(store.unique) - {"email"}:
        del store.unique[name]
    portal.stripped[kind] = portal.stripped.get(kind, frozenset()) | gone
