"""Endpoints of object schemas: what an object is made of, and which properties its account wants of a new record.

Keys follow the recorded schema of the standard object ``CONTACT``. The list tells of custom objects only, of which
this account has none.
"""

from __future__ import annotations

from typing import Any

from sandbox.hubspot.exchange import Exchange
from sandbox.hubspot.links import PRIMARY, UNLABELLED
from sandbox.hubspot.records import RecordStore
from sandbox.hubspot.standard import OBJECT_TYPES, ObjectType
from sandbox.kernel import Answered

_MADE = "1970-01-01T00:00:00Z"
_TYPES = {kind.name: kind for kind in OBJECT_TYPES}


def lists(exchange: Exchange) -> Answered:
    """``GET /schemas``."""
    return exchange.answer(200, {"results": []})


def reads(exchange: Exchange, kind: str) -> Answered:
    """``GET /schemas/{type}``."""
    store = exchange.portal.store(kind)
    return exchange.answer(200, _schema(_TYPES[store.kind.name], store), records=1)


def _schema(kind: ObjectType, store: RecordStore) -> dict[str, Any]:
    named = list(kind.searchable)
    return {
        "labels": {"singular": kind.label, "plural": kind.name.capitalize()},
        "requiredProperties": sorted(store.required),
        "searchableProperties": named,
        "primaryDisplayProperty": named[0],
        "secondaryDisplayProperties": named[1:4],
        "archived": False,
        "restorable": True,
        "metaType": "HUBSPOT",
        "id": kind.type_id.partition("-")[2],
        "fullyQualifiedName": kind.singular.upper(),
        "createdAt": _MADE,
        "updatedAt": _MADE,
        "objectTypeId": kind.type_id,
        "properties": [definition.wire() for definition in store.definitions.values()],
        "associations": [
            {
                "fromObjectTypeId": kind.type_id,
                "toObjectTypeId": _TYPES[end].type_id,
                "name": f"{kind.singular}_TO_{_TYPES[end].singular}".upper(),
                "cardinality": "ONE_TO_MANY",
                "inverseCardinality": "ONE_TO_MANY",
                "id": str(number),
                "createdAt": None,
                "updatedAt": None,
            }
            for table in (UNLABELLED, PRIMARY)
            for (start, end), number in table.items()
            if start == kind.name
        ],
        "name": kind.singular.upper(),
    }
