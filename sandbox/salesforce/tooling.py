"""The part of the Tooling API that sets an org up: making custom fields and listing them.

``POST tooling/sobjects/CustomField`` takes ``FullName`` (``Lead.Key__c``) and ``Metadata``, whose keys are those of the
Metadata API's CustomField; what a type must say is refused in that API's words (``Must specify 'length' for a
CustomField of type Text``). A new field carries no field permission (reference): where the org enforces rights, nobody
sees it until a FieldPermissions row says so; a required field takes none and is seen by all. Formulas, lookups,
roll-ups and changes of fields are not modelled.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sandbox.salesforce.definitions import (
    SEEN,
    FieldDefinition,
    ObjectDefinition,
    PicklistValue,
    flag,
    id_field,
    long_text,
    system_fields,
    text,
    typed,
)
from sandbox.salesforce.entity import Entity, Schema
from sandbox.salesforce.errors import Refusal, not_found, plain
from sandbox.salesforce.exchange import ApiCall, Reply
from sandbox.salesforce.org import Org
from sandbox.salesforce.queries import Queries
from sandbox.salesforce.rights import permissions_of

CUSTOM_FIELD = ObjectDefinition(
    name="CustomField", label="Custom Field Definition", plural="Custom Field Definition", prefix="00N", setup=True,
    replicateable=False,
    fields=(
        id_field("Custom Field Definition ID"),
        text("DeveloperName", "Master Label", 80, indexed=True, **SEEN),
        text("TableEnumOrId", "Enum of Field's Entity", 40, indexed=True, **SEEN),
        text("NamespacePrefix", "Namespace Prefix", 15, **SEEN),
        *system_fields(deletable=False),
    ),
)  # fmt: skip
FIELD_DEFINITION = ObjectDefinition(
    name="FieldDefinition", label="Field Definition", plural="Field Definitions", prefix="4fe", setup=True,
    replicateable=False,
    fields=(
        id_field("Field Definition ID"),
        text("DurableId", "Durable ID", 100, indexed=True, **SEEN),
        text("QualifiedApiName", "Qualified API Name", 70, indexed=True, **SEEN),
        text("EntityDefinitionId", "Entity Definition", 40, indexed=True, **SEEN),
        flag("IsFieldHistoryTracked", "Is Field History Tracked", **SEEN),
        *system_fields(deletable=False),
    ),
)  # fmt: skip
"""Fields as they are defined, of which this models the names and whether the history is kept."""
Words = Mapping[str, Any]
_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*__c")
_LENGTHS = {"Text": (1, 255), "LongTextArea": (256, 131_072)}
_KEYED = ("Text", "Number", "Email")
_MAX_DIGITS = 18


class Tooling:
    """The Tooling API of one org, with the ids of its custom fields."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._schema = Schema((CUSTOM_FIELD, FIELD_DEFINITION), switches=org.switches, changed=org.clock.now())
        self._ids: dict[tuple[str, str], str] = {}
        self._definitions: dict[str, str] = {}

    def answer(self, call: ApiCall, rest: tuple[str, ...], *, queries: Queries) -> Reply:
        """Everything below ``tooling/``."""
        held = permissions_of(self._org, call.user_id) if self._org.switches.enforces_rights else None
        match call.method, rest:
            case "GET", ("query",):
                view = copy.copy(self._org)
                hidden = held is not None and self._org.switches.setup_needs_view_setup
                view.schema = self._schema
                if hidden and held is not None and "PermissionsViewSetup" not in held:
                    view.schema = Schema((), switches=self._org.switches, changed=self._org.clock.now())
                self._list()
                return _queried(queries.query(view, call, with_deleted=False))
            case "POST", ("sobjects", name) if name.lower() == "customfield":
                if held is not None and "PermissionsCustomizeApplication" not in held:
                    raise plain("INSUFFICIENT_ACCESS", "insufficient access rights on entity: CustomField", status=403)
                return self._create(call.json_object())
        raise not_found()

    def _list(self) -> None:
        """Brings the rows in line with the fields there are."""
        table = self._schema.entities["CustomField"].table
        for entity in self._org.schema.entities.values():
            for field in entity.fields.values():
                if field.custom and (entity.name, field.name) not in self._ids:
                    table.put(self._row(entity, field))
        definitions = self._schema.entities["FieldDefinition"].table
        for entity in self._org.schema.entities.values():
            for name in entity.fields if not entity.definition.setup else ():
                definitions.put(self._definition(entity, name))

    def _row(self, entity: Entity, field: FieldDefinition) -> dict[str, Any]:
        now, author = self._org.now_stamp(), self._org.admin_user
        new = self._ids[entity.name, field.name] = self._org.ids.take(CUSTOM_FIELD.prefix)
        return {
            "Id": new, "DeveloperName": field.name.removesuffix("__c"), "TableEnumOrId": entity.name,
            "CreatedDate": now, "CreatedById": author, "LastModifiedDate": now, "LastModifiedById": author,
            "SystemModstamp": now,
        }  # fmt: skip

    def _definition(self, entity: Entity, name: str) -> dict[str, Any]:
        """One field as it is defined now; its id is made of the names, as the vendor's durable id is."""
        now, author = self._org.now_stamp(), self._org.admin_user
        key = f"{entity.name}.{name}"
        new = self._definitions.setdefault(key, "")
        if not new:
            new = self._definitions[key] = self._org.ids.take(FIELD_DEFINITION.prefix)
        return {
            "Id": new, "DurableId": key, "QualifiedApiName": name, "EntityDefinitionId": entity.name,
            "IsFieldHistoryTracked": name in entity.tracked,
            "CreatedDate": now, "CreatedById": author, "LastModifiedDate": now, "LastModifiedById": author,
            "SystemModstamp": now,
        }  # fmt: skip

    def _create(self, body: Words) -> Reply:
        full_name, metadata = body.get("FullName"), body.get("Metadata")
        missing = [
            name for name, kind in (("FullName", str), ("Metadata", dict)) if not isinstance(body.get(name), kind)
        ]
        if not isinstance(full_name, str) or not isinstance(metadata, dict):
            missing = ["Metadata"] if isinstance(full_name, str) else ["FullName"]
            raise Refusal("REQUIRED_FIELD_MISSING", f"Required fields are missing: {missing}".replace("'", ""), missing)
        object_name, _, name = full_name.partition(".")
        entity = self._org.schema.find(object_name)
        if entity is None or not entity.definition.writeable or entity.definition.setup:
            raise Refusal("INVALID_CROSS_REFERENCE_KEY", f"In field: FullName - no object named {object_name} found")
        if _NAME.fullmatch(name) is None:
            raise _flaw("Invalid fullName, must end in a custom suffix (for ex. __c)", "FullName")
        if entity.any_field(name) is not None:
            message = f"There is already a field named {name.removesuffix('__c')} on {entity.definition.label}."
            raise Refusal("DUPLICATE_DEVELOPER_NAME", message, ("DeveloperName",))
        field = read_field(name, metadata)
        entity.set_field(field, changed=self._org.clock.now())
        self._list()
        new = self._ids[entity.name, field.name]
        made = {"id": new, "success": True, "errors": [], "warnings": [], "infos": []}
        return Reply(201, made, "tooling.create", records=1, created=[new], written=[new])


def _queried(reply: Reply) -> Reply:
    """The answer to a query in the shape of this API, whose rows live below ``tooling/``."""
    answer: Any = reply.payload
    rows: list[dict[str, Any]] = answer["records"]
    for row in rows:
        address = row["attributes"]
        if "url" in address:
            row["attributes"] = address | {"url": address["url"].replace("/sobjects/", "/tooling/sobjects/", 1)}
    size = len(rows) if rows else answer["totalSize"]
    return replace(
        reply,
        payload={
            "size": size,
            "totalSize": answer["totalSize"],
            "done": answer["done"],
            "queryLocator": answer.get("nextRecordsUrl"),
            "entityTypeName": rows[0]["attributes"]["type"] if rows else CUSTOM_FIELD.name,
            "records": rows,
        },
    )


def read_field(name: str, metadata: Words) -> FieldDefinition:
    """A field from the words of the Metadata API, or the vendor's refusal."""
    kind, label = metadata.get("type"), metadata.get("label")
    make = _MAKERS.get(kind) if isinstance(kind, str) else None
    if not isinstance(kind, str) or make is None:
        raise _flaw(f"{kind} is not a valid value for the enum 'FieldType'", "type")
    if not isinstance(label, str) or not label:
        raise _flaw("Must specify 'label' for a CustomField", "label")
    external, unique = metadata.get("externalId") is True, metadata.get("unique") is True
    if (external or unique) and kind not in _KEYED:
        raise _flaw(
            f"Can not specify '{'externalId' if external else 'unique'}' for a CustomField of type {kind}", "type"
        )
    more: dict[str, Any] = {"custom": True}
    if external or unique:
        more |= {"external_id": external, "unique": unique, "id_lookup": external or unique}
        more["case_sensitive"] = unique and metadata.get("caseSensitive") is True
    if metadata.get("required") is True and kind not in ("Checkbox", "LongTextArea"):
        more |= {"nillable": False, "permissionable": False}
    return make(name, label, metadata, more)


def _flaw(message: str, *fields: str) -> Refusal:
    return Refusal("FIELD_INTEGRITY_EXCEPTION", message, fields)


def _number(metadata: Words, key: str, *, low: int, high: int) -> int:
    value = metadata.get(key)
    kind = metadata["type"]
    if isinstance(value, bool) or not isinstance(value, int):
        raise _flaw(f"Must specify '{key}' for a CustomField of type {kind}", key)
    if not low <= value <= high:
        raise _flaw(f"'{key}' of a CustomField of type {kind} must be between {low} and {high}", key)
    return value


def _text(name: str, label: str, metadata: Words, more: dict[str, Any]) -> FieldDefinition:
    low, high = _LENGTHS["Text"]
    return text(name, label, _number(metadata, "length", low=low, high=high), **more)


def _long_text(name: str, label: str, metadata: Words, more: dict[str, Any]) -> FieldDefinition:
    low, high = _LENGTHS["LongTextArea"]
    _number(metadata, "visibleLines", low=2, high=50)
    return long_text(name, label, _number(metadata, "length", low=low, high=high), **more)


def _checkbox(name: str, label: str, metadata: Words, more: dict[str, Any]) -> FieldDefinition:
    default = metadata.get("defaultValue")
    if str(default).lower() not in ("true", "false"):  # clients send it as a string, too
        raise _flaw("Must specify 'defaultValue' for a CustomField of type Checkbox", "defaultValue")
    return flag(name, label, default=str(default).lower() == "true", **more)


def _double(name: str, label: str, metadata: Words, more: dict[str, Any]) -> FieldDefinition:
    precision = _number(metadata, "precision", low=1, high=_MAX_DIGITS)
    scale = _number(metadata, "scale", low=0, high=precision)
    kind = {"Number": "double", "Currency": "currency", "Percent": "percent"}[metadata["type"]]
    return typed(kind, name, label, precision=precision, scale=scale, **more)


def _picklist(name: str, label: str, metadata: Words, more: dict[str, Any]) -> FieldDefinition:
    chosen = metadata.get("valueSet")
    definition = chosen.get("valueSetDefinition") if isinstance(chosen, dict) else None
    values = definition.get("value") if isinstance(definition, dict) else None
    if not isinstance(chosen, dict) or not isinstance(values, list) or not values:
        raise _flaw(f"Must specify 'valueSet' for a CustomField of type {metadata['type']}", "valueSet")
    entries = []
    for each in values:
        value = each.get("fullName") or each.get("valueName") if isinstance(each, dict) else None
        if not isinstance(value, str):
            raise _flaw("every value of a valueSet needs fullName, default and label", "valueSet")
        entries.append(PicklistValue(value, str(each.get("label", value)), default=each.get("default") is True))
    several = metadata["type"] == "MultiselectPicklist"
    if several:
        _number(metadata, "visibleLines", low=3, high=10)
        more |= {"sortable": False, "groupable": False, "aggregatable": False}
    return FieldDefinition(
        name=name, label=label, type="multipicklist" if several else "picklist", length=4099 if several else 255,
        picklist=tuple(entries), restricted=chosen.get("restricted") is True,
        default=next((entry.value for entry in entries if entry.default), None), **more,
    )  # fmt: skip


def _plain(kind: str, length: int = 0, **fixed: Any) -> Callable[[str, str, Words, dict[str, Any]], FieldDefinition]:
    def make(name: str, label: str, _: Words, more: dict[str, Any]) -> FieldDefinition:
        return typed(kind, name, label, length, **(fixed | more))

    return make


_MAKERS: dict[str, Callable[[str, str, Words, dict[str, Any]], FieldDefinition]] = {
    "Text": _text,
    "TextArea": _plain("textarea", 255, extra_type="plaintextarea"),
    "LongTextArea": _long_text,
    "Checkbox": _checkbox,
    "Number": _double,
    "Currency": _double,
    "Percent": _double,
    "Date": _plain("date"),
    "DateTime": _plain("datetime", groupable=False),
    "Email": _plain("email", 80),
    "Phone": _plain("phone", 40),
    "Url": _plain("url", 255),
    "Picklist": _picklist,
    "MultiselectPicklist": _picklist,
}
