"""Gives an org without records the definitions of another one: fields, picklists, record types, Lead statuses.

A field of ours that the other org's describe does not tell is removed if it is custom; a standard one is hidden, as it
is there from whoever read the describe.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.salesforce.definitions import FieldDefinition, PicklistValue, RecordType
from sandbox.salesforce.entity import Entity
from sandbox.salesforce.kernel import SalesforceKernel
from sandbox.salesforce.profiles import show_to_full_profiles


def apply_to_org(kernel: SalesforceKernel, told: Mapping[str, Any]) -> None:
    """Applies Salesforce's part of a likeness."""
    if told["statuses"]:
        kernel.set_lead_statuses(told["statuses"])
    for name, content in told["objects"].items():
        entity = kernel.org.schema.entities[name]
        known = set(entity.fields)
        _give_fields(entity, [field_of(each, entity.fields.get(str(each["name"]))) for each in content["fields"]])
        abilities = content["abilities"]
        entity.createable = bool(abilities.get("createable", entity.createable))
        entity.updateable = bool(abilities.get("updateable", entity.updateable))
        entity.deletable = bool(abilities.get("deletable", entity.deletable))
        entity.record_types = {
            each.id: each for each in (_type_of(one, content["offers"]) for one in content["types"]) if each is not None
        }
        entity.changed = kernel.org.clock.now()
        for field in entity.fields.values():
            if field.custom and field.name not in known:
                show_to_full_profiles(kernel.org, entity, field)


def field_of(told: Mapping[str, Any], old: FieldDefinition | None) -> FieldDefinition:
    """One field from its entry in a describe. ``old`` is the stand-in's own, which knows how it is indexed."""
    picklist = tuple(
        PicklistValue(
            value=str(each["value"]),
            label=str(each.get("label") or each["value"]),
            active=each.get("active") is not False,
            default=each.get("defaultValue") is True,
            valid_for=each.get("validFor"),
        )
        for each in told.get("picklistValues") or ()
    )
    default = told.get("defaultValue")
    if default is None:  # the vendor marks the default of a picklist in its list alone
        default = next((each.value for each in picklist if each.default), None)
    return FieldDefinition(
        name=str(told["name"]),
        type=str(told["type"]),
        label=str(told.get("label") or told["name"]),
        length=int(told.get("length") or 0),
        precision=int(told.get("precision") or 0),
        scale=int(told.get("scale") or 0),
        digits=int(told.get("digits") or 0),
        nillable=told.get("nillable") is True,
        createable=told.get("createable") is True,
        updateable=told.get("updateable") is True,
        defaulted=told.get("defaultedOnCreate") is True,
        default=default,
        custom=told.get("custom") is True,
        external_id=told.get("externalId") is True,
        unique=told.get("unique") is True,
        id_lookup=told.get("idLookup") is True,
        case_sensitive=told.get("caseSensitive") is True,
        restricted=told.get("restrictedPicklist") is True,
        picklist=picklist,
        controller=told.get("controllerName"),
        compound=told.get("compoundFieldName"),
        filterable=told.get("filterable") is not False,
        sortable=told.get("sortable") is not False,
        groupable=told.get("groupable") is not False,
        aggregatable=told.get("aggregatable") is not False,
        permissionable=told.get("permissionable") is not False,
        refers_to=tuple(str(each) for each in told.get("referenceTo") or ()),
        relationship=told.get("relationshipName"),
        name_field=told.get("nameField") is True,
        extra_type=told.get("extraTypeInfo"),
        indexed=old.indexed if old is not None else told["type"] == "email",
    )


def _give_fields(entity: Entity, wanted: list[FieldDefinition]) -> None:
    told = {field.name: field for field in wanted}
    others = {name: field for name, field in entity.fields.items() if name not in told}
    removed = {name for name, field in others.items() if field.custom}
    for name in removed:
        entity.table.drop_index(name)
    entity.stripped |= removed
    entity.hidden = {name for name in others if name not in removed}
    entity.protected = set()
    entity.fields = told | {name: others[name] for name in entity.hidden}
    for field in told.values():
        if field.hashed:
            entity.table.add_index(field.name)
    entity.refresh()


def _type_of(told: Mapping[str, Any], offers: Mapping[str, Mapping[str, list[str]]]) -> RecordType | None:
    """A record type beside the master."""
    if told.get("master") is True:
        return None
    key = str(told["recordTypeId"])
    return RecordType(
        id=key,
        developer_name=str(told.get("developerName") or ""),
        label=str(told.get("name") or ""),
        active=told.get("active") is not False,
        available=told.get("available") is True,
        default=told.get("defaultRecordTypeMapping") is True,
        picklists={field: tuple(values) for field, values in offers.get(key, {}).items()},
    )
