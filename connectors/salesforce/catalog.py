"""What the org's objects look like: describe, picklists, record types, converted Lead statuses, the fingerprint.

Promises that a field which is hidden or deleted is simply not there (the vendor leaves it out of describe), so that
readers ask only for what can be read and list the rest as missing. One describe per object is kept; ``forget`` drops
it when the vendor says that a field is unknown after all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import orjson

from connectors.salesforce import soql
from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.errors import CallRefused
from connectors.salesforce.queries import Queries
from connectors.salesforce.record_types import PICKLISTS, Barred, barred, read_types, with_offers
from connectors.salesforce.wire import INDIVIDUAL_ID, PERSON_ACCOUNT
from connectors.transport import wrong_shape
from syncd.model.errors import NeedsOperator, RetryLater
from syncd.model.remote import RemoteField, RemoteOption, RemoteRecordType, RemoteSchema, Shape
from syncd.model.values import Lane
from syncd.observe.log import emit

PEOPLE: Final = frozenset({"Lead", "Contact"})
"""Objects that may point to an Individual."""


class Catalog:
    """Descriptions of one org's objects."""

    def __init__(self, client: SalesforceClient, queries: Queries) -> None:
        self._client = client
        self._queries = queries
        self._known: dict[str, Mapping[str, RemoteField]] = {}
        self._types: dict[str, tuple[RemoteRecordType, ...]] = {}
        self._barred: dict[str, Barred] = {}

    def of(self, object: str, lane: Lane) -> Mapping[str, RemoteField]:
        """The fields of one object, described at first need; an object that is hidden or unknown has no fields."""
        if object not in self._known:
            self._known[object] = self._describe(object, lane)
        return self._known[object]

    def sees(self, object: str, field: str, lane: Lane) -> bool:
        """Whether the credentials can read this field."""
        return field in self.of(object, lane)

    def record_types(self, object: str, lane: Lane) -> tuple[RemoteRecordType, ...]:
        """The record types of one object beside the master; none for most objects of most orgs."""
        self.of(object, lane)
        return self._types.get(object, ())

    def barred(self, object: str, lane: Lane) -> Barred:
        """What rows of each record type of one object must not hold, as ``schema`` told; without it, nothing."""
        types = self._types.get(object)
        if not types:
            return {}
        if object not in self._barred:
            self._barred[object] = barred(types, self.of(object, lane))
        return self._barred[object]

    def forget(self) -> None:
        """Everything is described anew at next need; what record types offer stands until ``schema`` asks again."""
        self._known.clear()
        self._barred.clear()

    def remember(self, schema: RemoteSchema) -> None:
        """Takes an earlier answer of ``schema`` for what ``of`` would ask."""
        self._known.update(schema.objects)
        self._types.update(schema.record_types)
        self._barred.clear()

    def schema(self, shape: Shape, lane: Lane) -> RemoteSchema:
        """All visible fields of the shape's objects, now; the fingerprint covers the shape's own fields and the types.

        Converted Lead statuses are marked: only a conversion may set one (object reference, LeadStatus). Calls: one
        per object, one for the statuses, one per record type of an object with mapped picklists, one to count person
        accounts where the org has them.
        """
        for name in shape.objects:  # those of other kinds stand
            self._known.pop(name, None)
            self._types.pop(name, None)
            self._barred.pop(name, None)
        objects = {name: dict(self.of(name, lane)) for name in shape.objects}
        self._need_individuals(objects)
        if "Status" in objects.get("Lead", {}):
            query = soql.select(("ApiName", "MasterLabel", "IsConverted"), "LeadStatus")
            (rows,) = self._queries.all([query], lane)
            if not all(isinstance(row.get("IsConverted"), bool) for row in rows):
                raise wrong_shape("query", "a LeadStatus without IsConverted")
            converted = {row.get("ApiName") or row.get("MasterLabel") for row in rows if row["IsConverted"]}
            status = objects["Lead"]["Status"]
            options = tuple(replace(option, converted=option.value in converted) for option in status.options)
            objects["Lead"]["Status"] = replace(status, options=options)
        for name, fields in objects.items():
            listed = [each for each in asked_fields(shape, name) if each in fields and fields[each].type in PICKLISTS]
            if listed and self._types.get(name):
                self._types[name] = with_offers(self._client, name, self._types[name], listed, lane)
        types = {name: self._types[name] for name in objects if self._types.get(name)}
        return RemoteSchema(objects, _fingerprint(shape, objects, types), types, self._person_accounts(objects, lane))

    def _person_accounts(self, objects: Mapping[str, Mapping[str, RemoteField]], lane: Lane) -> dict[str, int]:
        """How many records of each object belong to person accounts; a count that takes too long is left out."""
        names = [name for name, fields in objects.items() if PERSON_ACCOUNT in fields]
        queries = [soql.count(name, soql.equals(PERSON_ACCOUNT, value=True)) for name in names]
        try:
            return dict(zip(names, self._queries.count(queries, lane), strict=True))
        except (CallRefused, RetryLater) as why:
            code = why.code if isinstance(why, CallRefused) else type(why).__name__
            emit("schema.unread", object=", ".join(names), part="number of person accounts", code=code)
            return {}

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
        fields = told.get("fields") if isinstance(told, dict) else None
        if not isinstance(fields, list) or not fields:
            raise wrong_shape("describe", f"no fields of {object}")
        if not all(isinstance(field, dict) and isinstance(field.get("name"), str) for field in fields):
            raise wrong_shape("describe", f"a field of {object} without a name")
        offers = {each.id: each.offers for each in self._types.get(object, ())}
        self._types[object] = tuple(replace(each, offers=offers.get(each.id, {})) for each in read_types(told))
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
        depends=_dependence(told),
    )


def _dependence(told: Mapping[str, Any]) -> str:
    """What a dependent list hangs on: a refused value deserves another try once an admin lets it go together."""
    control = told.get("controllerName")
    if not control:
        return ""
    allowed = [(one.get("value"), one.get("validFor")) for one in told.get("picklistValues") or ()]
    return f"{control}/{hashlib.blake2b(orjson.dumps(allowed), digest_size=8).hexdigest()}"


def _fingerprint(
    shape: Shape,
    objects: Mapping[str, Mapping[str, RemoteField]],
    types: Mapping[str, tuple[RemoteRecordType, ...]],
) -> str:
    shown: list[object] = [
        (name, [objects[name].get(field) for field in sorted(asked_fields(shape, name))]) for name in sorted(objects)
    ]
    shown += sorted(types.items())
    return hashlib.blake2b(orjson.dumps(shown), digest_size=16).hexdigest()
