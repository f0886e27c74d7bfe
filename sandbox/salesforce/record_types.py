"""Record types: which one a new row has, which values its picklists may hold, and what the UI API says of them.

An object has none until an admin adds one; its rows then have a ``RecordTypeId``, null for the master type. A row that
names no type gets the default of the profile. The API refuses a type that is unknown, inactive or not assigned to the
integration user (INVALID_CROSS_REFERENCE_KEY), and a value that the row's type does not offer only where the picklist
is restricted: an unrestricted one takes any text. Shape of the answer: UI API guide, "Get Values for All Picklist
Fields of a Record Type".
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from sandbox.salesforce.definitions import (
    MASTER_TYPE,
    RECORD_TYPE,
    FieldDefinition,
    PicklistValue,
    RecordType,
    Row,
    reference,
)
from sandbox.salesforce.dependent import controlling, places
from sandbox.salesforce.entity import Entity
from sandbox.salesforce.errors import Refusal, not_found
from sandbox.salesforce.ids import long_id
from sandbox.salesforce.org import Author

_PICKLISTS = frozenset({"picklist", "multipicklist"})


def add_record_type(entity: Entity, record_type: RecordType, *, changed: datetime) -> None:
    """Adds a type or replaces it; the first one gives the object its field. Only one is the default."""
    if record_type.default and any(each.default for each in entity.record_types.values() if each.id != record_type.id):
        raise ValueError(f"{entity.name} has a default record type already")
    if RECORD_TYPE not in entity.fields:
        entity.set_field(
            reference(RECORD_TYPE, "Record Type ID", ("RecordType",), "RecordType", permissionable=False),
            changed=changed,
        )
    entity.record_types[record_type.id] = record_type
    entity.changed = changed


def choose_record_type(entity: Entity, row: Row) -> None:
    """Gives a new row that names no type the default one, if it is not the master."""
    if entity.record_types and row.get(RECORD_TYPE) is None:
        row[RECORD_TYPE] = next((each.id for each in entity.record_types.values() if each.default), None)


def check_record_type(entity: Entity, old: Row | None, row: Row, *, author: Author) -> None:
    """Refuses a type that this author may not give, and changed values that the row's type does not offer."""
    if not entity.record_types:
        return
    given = row.get(RECORD_TYPE)
    if given == MASTER_TYPE:
        given = row[RECORD_TYPE] = None
    record_type = entity.record_types.get(str(given)) if given is not None else None
    if given is not None and (old is None or old.get(RECORD_TYPE) != given):
        usable = record_type is not None and record_type.active and (record_type.available or author.human)
        if not usable:
            message = f"Record Type ID: this ID value isn't valid for the user: {given}"
            raise Refusal("INVALID_CROSS_REFERENCE_KEY", message, (RECORD_TYPE,))
    if record_type is None:
        return
    for name in record_type.picklists:
        field, value = entity.fields[name], row.get(name)
        if not field.restricted or value is None or (old is not None and old.get(name) == value):
            continue
        offered = {entry.value for entry in _offered(field, record_type)}
        if any(part not in offered for part in str(value).split(";")):
            raise Refusal(
                "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                f"{field.label}: bad value for restricted picklist field: {value}",
                (name,),
            )


def picklist_values(entity: Entity, record_type_id: str, *, root: str) -> dict[str, object]:
    """``/ui-api/object-info/X/picklist-values/{recordTypeId}``: the values of every picklist for one type."""
    known = entity.record_types.get(long_id(record_type_id) or "")
    if known is None and long_id(record_type_id) != MASTER_TYPE:
        raise not_found()
    base = f"{root}/ui-api/object-info/{entity.name}/picklist-values/{record_type_id}"
    told = {
        field.name: _field_values(entity, field, known, url=f"{base}/{field.name}")
        for field in entity.visible_fields()
        if field.type in _PICKLISTS
    }
    return {"eTag": _tag(told), "picklistFieldValues": told}


def _offered(field: FieldDefinition, record_type: RecordType | None) -> list[PicklistValue]:
    chosen = record_type.picklists.get(field.name) if record_type is not None else None
    return [entry for entry in field.picklist if entry.active and (chosen is None or entry.value in chosen)]


def _field_values(
    entity: Entity, field: FieldDefinition, record_type: RecordType | None, *, url: str
) -> dict[str, object]:
    entries: list[dict[str, object]] = [
        {
            "attributes": None,
            "label": entry.label or entry.value,
            "validFor": places(entry.valid_for or ""),
            "value": entry.value,
        }
        for entry in _offered(field, record_type)
    ]
    control = entity.fields.get(field.controller or "")
    values = {value: place for place, value in enumerate(controlling(control))} if control is not None else {}
    return {"controllerValues": values, "defaultValue": None, "eTag": _tag(entries), "url": url, "values": entries}


def _tag(content: object) -> str:
    return hashlib.blake2b(repr(content).encode(), digest_size=16).hexdigest()
