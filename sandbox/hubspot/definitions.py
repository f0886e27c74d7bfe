"""Property definitions: what a property is, how it is written on the wire, and how a new one is read from the wire.

A definition is a frozen value; the tables of standard properties are in ``standard``. Keys of the wire form are those
of recorded schemas: writability is ``modificationMetadata.readOnlyValue``, nested.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sandbox.hubspot.errors import Refusal, invalid_request

#: Internal names: lower case letters, digits and underscores, beginning with a letter (vendor's properties guide).
_NAME = re.compile(r"[a-z][a-z0-9_]*")

#: Field types of what HubSpot works out by itself, so that nobody writes it.
CALCULATED = ("calculation_equation", "calculation_read_time", "calculation_rollup", "calculation_score")

#: Which ``fieldType`` goes with which ``type`` (vendor's properties guide).
FIELD_TYPES: Mapping[str, frozenset[str]] = {
    "string": frozenset(("text", "textarea", "html", "phonenumber", "file", *CALCULATED)),
    "number": frozenset(("number", *CALCULATED)),
    "bool": frozenset(("booleancheckbox", *CALCULATED)),
    "enumeration": frozenset(("select", "radio", "checkbox", "booleancheckbox", *CALCULATED)),
    "date": frozenset(("date",)),
    "datetime": frozenset(("date",)),
    "phone_number": frozenset(("phonenumber",)),
    "object_coordinates": frozenset(("text",)),
    "json": frozenset(("text",)),
}

#: What a definition holds beside its options, and of which type; null is as good as nothing.
_TYPES: Mapping[str, type] = {
    **dict.fromkeys(("name", "label", "type", "fieldType", "groupName"), str),
    **dict.fromkeys(("description", "referencedObjectType", "calculationFormula"), str),
    **dict.fromkeys(("hidden", "formField", "hasUniqueValue", "externalOptions"), bool),
    "displayOrder": int,
}
#: What every option must hold (the contracts).
_OPTION: Mapping[str, type] = {"value": str, "label": str, "hidden": bool}


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of an enumeration; ``value`` is what records hold."""

    value: str
    label: str
    order: int = -1
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyDefinition:
    """One property of one object."""

    name: str
    label: str
    type: str = "string"
    field_type: str = "text"
    group: str = "contactinformation"
    description: str = ""
    options: tuple[Option, ...] = ()
    referenced_object: str | None = None
    display_order: int = -1
    calculated: bool = False
    external_options: bool = False
    unique: bool = False
    hidden: bool = False
    form_field: bool = True
    hubspot_defined: bool = True
    read_only: bool = False
    archivable: bool = True
    created_at: str = "2020-01-01T00:00:00.000Z"
    updated_at: str = "2020-01-01T00:00:00.000Z"

    @property
    def multiple(self) -> bool:
        """Holds several options, ``a;b`` on the wire."""
        return self.type == "enumeration" and self.field_type == "checkbox"

    def wire(self) -> dict[str, Any]:
        """The definition as the properties API answers it."""
        body: dict[str, Any] = {
            "updatedAt": self.updated_at,
            "createdAt": self.created_at,
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "description": self.description,
            "groupName": self.group,
            "options": [
                {"label": o.label, "value": o.value, "displayOrder": o.order, "hidden": o.hidden} for o in self.options
            ],
            "displayOrder": self.display_order,
            "calculated": self.calculated,
            "externalOptions": self.external_options,
            "archived": False,
            "hasUniqueValue": self.unique,
            "hidden": self.hidden,
            "modificationMetadata": {
                "archivable": self.archivable,
                "readOnlyDefinition": self.hubspot_defined,
                "readOnlyValue": self.read_only,
            },
            "formField": self.form_field,
        }
        if self.hubspot_defined:
            body["hubspotDefined"] = True
        if self.type == "enumeration":
            body["modificationMetadata"]["readOnlyOptions"] = self.hubspot_defined and self.name != "hs_lead_status"
        if self.referenced_object is not None:
            body["referencedObjectType"] = self.referenced_object
        return body


def read_options(raw: Any) -> tuple[Option, ...]:
    """Options from the wire form, in the order given. Raises a 400 ``Refusal`` for a bad shape or a repeated value."""
    if not isinstance(raw, list):
        raise invalid_request("options must be a list of objects with value, label and hidden")
    options: list[Option] = []
    for position, entry in enumerate(raw):
        held = entry if isinstance(entry, dict) else {}
        missing = [key for key, kind in _OPTION.items() if not isinstance(held.get(key), kind)]
        if missing:
            raise invalid_request(
                f"Invalid input JSON: options[{position}]: some required fields were not set: {missing}"
            )
        order = held.get("displayOrder")
        options.append(
            Option(
                value=held["value"],
                label=held["label"],
                order=order if isinstance(order, int) and order >= 0 else position,
                hidden=held["hidden"],
            )
        )
    if len({o.value for o in options}) != len(options):
        raise invalid_request("option values of one property must differ")
    return tuple(options)


def read_definition(raw: Mapping[str, Any], *, at: str) -> PropertyDefinition:
    """A new custom property from a create body. ``at`` is its creation stamp. Raises a 400 ``Refusal``."""
    missing = [key for key in ("name", "label", "type", "fieldType", "groupName") if not isinstance(raw.get(key), str)]
    if missing:
        raise invalid_request(f"Invalid input JSON: some required fields were not set: {missing}")
    _check_types(raw)
    name, kind, field_type = raw["name"], raw["type"], raw["fieldType"]
    if _NAME.fullmatch(name) is None:
        raise invalid_request(
            f"Property name {name!r} must start with a letter and hold only lower case letters, digits and underscores"
        )
    _check_fit(name, kind, field_type)
    options = read_options(raw.get("options") or [])
    if kind == "bool" and not options:
        options = (Option("true", "Yes", 0), Option("false", "No", 1))
    worked_out = field_type in CALCULATED
    if kind == "enumeration" and not options and not raw.get("externalOptions") and not worked_out:
        raise invalid_request(f"Property {name!r}: type 'enumeration' needs options")
    unique = bool(raw.get("hasUniqueValue", False))
    if unique and kind not in ("string", "number"):
        raise invalid_request(f"Property {name!r}: hasUniqueValue needs type string or number, not {kind!r}")
    return PropertyDefinition(
        name=name,
        label=raw["label"],
        type=kind,
        field_type=field_type,
        group=raw["groupName"],
        description=str(raw.get("description") or ""),
        options=options,
        referenced_object=raw.get("referencedObjectType"),
        external_options=bool(raw.get("externalOptions", False)),
        display_order=-1 if raw.get("displayOrder") is None else raw["displayOrder"],
        unique=unique,
        calculated=worked_out,
        read_only=worked_out,
        hidden=bool(raw.get("hidden", False)),
        form_field=bool(raw.get("formField", False)),
        hubspot_defined=False,
        created_at=at,
        updated_at=at,
    )


def changed_definition(old: PropertyDefinition, raw: Mapping[str, Any], *, at: str) -> PropertyDefinition:
    """``old`` with the changes of a PATCH body. HubSpot's own definitions take only new options."""
    if old.hubspot_defined and set(raw) - {"options"}:
        raise Refusal(400, f"Property {old.name!r} is read only: only its options can be changed")
    _check_types(raw)
    raw = {key: value for key, value in raw.items() if value is not None}
    _check_fit(old.name, raw.get("type", old.type), raw.get("fieldType", old.field_type))
    options = read_options(raw["options"]) if "options" in raw else old.options
    return replace(
        old,
        label=raw.get("label", old.label),
        description=raw.get("description", old.description),
        group=raw.get("groupName", old.group),
        field_type=raw.get("fieldType", old.field_type),
        hidden=raw.get("hidden", old.hidden),
        options=options,
        updated_at=at,
    )


def _check_fit(name: str, kind: str, field_type: str) -> None:
    """Raises a 400 ``Refusal`` for a type that there is not, or that cannot be edited so."""
    if field_type not in FIELD_TYPES.get(kind, ()):
        raise invalid_request(f"Property {name!r}: type {kind!r} cannot have fieldType {field_type!r}")


def _check_types(raw: Mapping[str, Any]) -> None:
    """Raises a 400 ``Refusal`` if something of a definition is of another type than it must be."""
    for key, kind in _TYPES.items():
        value = raw.get(key)
        if value is not None and type(value) is not kind:  # a boolean is an int as well
            raise invalid_request(f"Invalid input JSON: {key} must be of type {kind.__name__}, not {value!r}")
