"""Gives both stand-ins the fields that a mapping names and that neither vendor brings along: custom ones.

Their types follow from the mapping, their options from its tables. What cannot be told from a mapping (lengths,
required fields, rules of validation) is as a vendor's defaults have it; ``syncd sandbox --like`` copies real accounts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sandbox.hubspot.kernel import HubSpotKernel
from sandbox.salesforce.definitions import FieldDefinition, PicklistValue
from sandbox.salesforce.kernel import SalesforceKernel
from syncd.model.mapping import FieldMapping, KindMapping
from syncd.model.remote import REF
from syncd.model.values import FieldType, Side

PROPERTY_TYPES: Final = {
    FieldType.TEXT: ("string", "textarea"),
    FieldType.PHONE: ("string", "phonenumber"),
    FieldType.BOOLEAN: ("bool", "booleancheckbox"),
    FieldType.INTEGER: ("number", "number"),
    FieldType.DECIMAL: ("number", "number"),
    FieldType.MONEY: ("number", "number"),
    FieldType.DATE: ("date", "date"),
    FieldType.DATETIME: ("datetime", "date"),
    FieldType.ENUM: ("enumeration", "select"),
    FieldType.SET: ("enumeration", "checkbox"),
}
"""HubSpot's ``type`` and ``fieldType``; what is not here is a line of text."""
FIELD_TYPES: Final[Mapping[FieldType, Mapping[str, Any]]] = {
    FieldType.TEXT: {"type": "textarea", "length": 32_768},
    FieldType.EMAIL: {"type": "email", "length": 80},
    FieldType.PHONE: {"type": "phone", "length": 40},
    FieldType.URL: {"type": "url", "length": 255},
    FieldType.BOOLEAN: {"type": "boolean", "nillable": False, "defaulted": True, "default": False},
    FieldType.OPT_OUT: {"type": "boolean", "nillable": False, "defaulted": True, "default": False},
    FieldType.INTEGER: {"type": "double", "precision": 18},
    FieldType.DECIMAL: {"type": "double", "precision": 18, "scale": 6},
    FieldType.MONEY: {"type": "currency", "precision": 18, "scale": 2},
    FieldType.DATE: {"type": "date"},
    FieldType.DATETIME: {"type": "datetime"},
    FieldType.ENUM: {"type": "picklist", "length": 255},
    FieldType.SET: {"type": "multipicklist", "length": 4_099},
}
"""Salesforce's definition but for its name; what is not here is a line of text."""


def furnish(kinds: Sequence[KindMapping], hubspot: HubSpotKernel, salesforce: SalesforceKernel) -> None:
    """Adds every mapped field that is not there, keys and origins too."""
    for kind in kinds:
        for mapping in kind.fields:
            for object_name, column in _columns(mapping, Side.MARKETING):
                _add_property(hubspot, object_name, column, mapping)
            for object_name, column in _columns(mapping, Side.CRM):
                _add_field(salesforce, object_name, column, mapping)
        for side in Side:
            extra = [name for name in (kind.key.of(side), kind.origin.of(side)) if name]
            for object_name in kind.objects.of(side):
                for name in extra:
                    _add_plain(hubspot if side is Side.MARKETING else salesforce, object_name, name, kind.key.of(side))


def _columns(mapping: FieldMapping, side: Side) -> Iterator[tuple[str, str]]:
    """The vendor's own fields of a mapped one, by object; associations and pseudo fields are none."""
    for object_name, columns in mapping.slots.of(side).items():
        for column in columns:
            if mapping.type is not FieldType.REFERENCE and not column.startswith(("@", REF)):
                yield object_name, column


def _options(mapping: FieldMapping, side: Side, column: str) -> list[str]:
    """The values that a table knows of one vendor field."""
    columns = next(each for each in mapping.slots.of(side).values() if column in each)
    place = columns.index(column)
    forms = (form[place] for row in mapping.table for form in row.reads.of(side) if len(form) > place)
    return list(dict.fromkeys(str(value) for value in forms if value not in (None, "")))


def _add_property(hubspot: HubSpotKernel, object_name: str, column: str, mapping: FieldMapping) -> None:
    if column in hubspot.portal.store(object_name).definitions:
        return
    options = _options(mapping, Side.MARKETING, column)
    kind, field_type = PROPERTY_TYPES.get(mapping.type, ("string", "text"))
    if kind == "enumeration" and not options:
        kind, field_type = "string", "text"
    definition: dict[str, Any] = {"name": column, "type": kind, "fieldType": field_type}
    if kind == "enumeration":
        definition["options"] = [{"value": value} for value in options]
    hubspot.add_property(object_name, definition)


def _add_field(salesforce: SalesforceKernel, object_name: str, column: str, mapping: FieldMapping) -> None:
    entity = salesforce.org.schema.require(object_name)
    if entity.any_field(column) is not None or "." in column:
        return
    options = _options(mapping, Side.CRM, column)
    form = FIELD_TYPES.get(mapping.type) or {"type": "string", "length": 255}
    if "picklist" in form["type"] and not options:
        form = {"type": "string", "length": 255}
    picklist = tuple(PicklistValue(value=value, label=value) for value in options) if "picklist" in form["type"] else ()
    custom = column.endswith("__c")
    salesforce.add_field(
        object_name, FieldDefinition(name=column, label=column, custom=custom, picklist=picklist, **form)
    )


def _add_plain(kernel: HubSpotKernel | SalesforceKernel, object_name: str, name: str, key: str) -> None:
    """A key field, or one for the origin of a write."""
    if isinstance(kernel, HubSpotKernel):
        if name not in kernel.portal.store(object_name).definitions:
            kernel.add_property(object_name, {"name": name, "hasUniqueValue": name == key})
    elif kernel.org.schema.require(object_name).any_field(name) is None:
        unique = name == key
        kernel.add_field(
            object_name,
            FieldDefinition(
                name=name, type="string", label=name, length=255, custom=True, external_id=unique, unique=unique,
                id_lookup=unique, indexed=unique,
            ),
        )  # fmt: skip
