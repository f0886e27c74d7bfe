"""What the org's objects look like: describe, the picklists with the converted Lead statuses, the fingerprint.

Promises that a field which is hidden or deleted is simply not there (the vendor leaves it out of describe), so that
readers ask only for what can be read and list the rest as missing. One describe per object is kept; ``forget`` drops
it when the vendor says that a field is unknown after all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import orjson

from connectors.salesforce import soql
from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.errors import CallRefused
from connectors.salesforce.wire import INDIVIDUAL_ID
from connectors.transport import wrong_shape
from syncd.model.errors import NeedsOperator
from syncd.model.remote import RemoteField, RemoteOption, RemoteSchema, Shape
from syncd.model.values import Lane

PEOPLE: Final = frozenset({"Lead", "Contact"})
"""Objects that may point to an Individual."""
Asker = Callable[[Sequence[soql.Query], Lane], list[list[dict[str, Any]]]]
"""All rows of each query."""


class Catalog:
    """Descriptions of one org's objects."""

    def __init__(self, client: SalesforceClient, ask: Asker) -> None:
        self._client = client
        self._ask = ask
        self._known: dict[str, Mapping[str, RemoteField]] = {}

    def of(self, object: str, lane: Lane) -> Mapping[str, RemoteField]:
        """The fields of one object, described at first need; an object that is hidden or unknown has no fields."""
        if object not in self._known:
            self._known[object] = self._describe(object, lane)
        return self._known[object]

    def sees(self, object: str, field: str, lane: Lane) -> bool:
        """Whether the credentials can read this field."""
        return field in self.of(object, lane)

    def forget(self) -> None:
        """Everything is described anew at next need."""
        self._known.clear()

    def remember(self, schema: RemoteSchema) -> None:
        """Takes an earlier answer of ``schema`` for what ``of`` would ask."""
        self._known.update(schema.objects)

    def schema(self, shape: Shape, lane: Lane) -> RemoteSchema:
        """All visible fields of the shape's objects, now; the fingerprint covers the shape's own fields.

        Converted Lead statuses are marked: only a conversion may set one (object reference, LeadStatus).
        """
        self.forget()
        objects = {name: dict(self.of(name, lane)) for name in shape.objects}
        self._need_individuals(objects)
        if "Status" in objects.get("Lead", {}):
            query = soql.select(("ApiName", "MasterLabel", "IsConverted"), "LeadStatus")
            (rows,) = self._ask([query], lane)
            converted = {row.get("ApiName") or row.get("MasterLabel") for row in rows if row.get("IsConverted") is True}
            status = objects["Lead"]["Status"]
            options = tuple(replace(option, converted=option.value in converted) for option in status.options)
            objects["Lead"]["Status"] = replace(status, options=options)
        return RemoteSchema(objects, _fingerprint(shape, objects))

    def _need_individuals(self, objects: Mapping[str, Mapping[str, RemoteField]]) -> None:
        """Wishes to be forgotten must not go unheard because a field is hidden."""
        deaf = sorted(name for name in PEOPLE & objects.keys() if INDIVIDUAL_ID not in objects[name])
        if self._client.account.individuals and deaf:
            raise NeedsOperator(
                f"crm.privacy.individual is set, but {deaf[0]}.{INDIVIDUAL_ID} does not exist or is hidden from syncd;"
                " switch on Data Protection and Privacy in Salesforce Setup and let syncd's user read Individuals, or"
                " unset the key"
            )

    def _describe(self, object: str, lane: Lane) -> Mapping[str, RemoteField]:
        try:
            answer = self._client.get("describe", f"sobjects/{soql.name(object)}/describe", lane=lane)
        except CallRefused as why:
            if why.status == 404:
                return {}
            raise
        told = answer.json()
        if not isinstance(told, dict) or not isinstance(told.get("fields"), list):
            raise wrong_shape("describe", f"no fields of {object}")
        fields = [field for field in told["fields"] if isinstance(field, dict) and isinstance(field.get("name"), str)]
        return {field["name"]: _field(field) for field in fields}


def asked_fields(shape: Shape, object: str) -> tuple[str, ...]:
    """All vendor fields a shape asks of one object: its own, the key, the lookups."""
    lookups = (fields[object] for fields in shape.refs.values() if object in fields)
    asked = dict.fromkeys((*shape.objects.get(object, ()), shape.key, *lookups))
    return tuple(name for name in asked if name and not name.startswith("@"))


def _field(told: Mapping[str, Any]) -> RemoteField:
    """Required on create is ``!nillable && !defaultedOnCreate && createable`` (recorded: a Lead's Company)."""
    createable, updateable = told.get("createable") is True, told.get("updateable") is True
    optional = told.get("nillable") is True or told.get("defaultedOnCreate") is True
    return RemoteField(
        name=told["name"],
        type=str(told.get("type", "")),
        label=str(told.get("label", "")),
        writable=createable or updateable,
        required=createable and not optional,
        unique=told.get("unique") is True,
        length=int(told.get("length") or 0),
        restricted=told.get("restrictedPicklist") is True,
        options=tuple(
            RemoteOption(
                str(one["value"]), str(one.get("label") or one["value"]), active=one.get("active") is not False
            )
            for one in told.get("picklistValues") or ()
            if isinstance(one, dict) and one.get("value") is not None
        ),
        points=tuple(told.get("referenceTo") or ()),
    )


def _fingerprint(shape: Shape, objects: Mapping[str, Mapping[str, RemoteField]]) -> str:
    shown = [
        (name, [objects[name].get(field) for field in sorted(asked_fields(shape, name))]) for name in sorted(objects)
    ]
    return hashlib.blake2b(orjson.dumps(shown), digest_size=16).hexdigest()
