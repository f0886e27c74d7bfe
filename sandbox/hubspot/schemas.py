"""Endpoints of object schemas: what an object is made of, and which properties its account wants of a new record.

Keys follow the recorded schema of the standard object ``CONTACT``. The list tells of custom objects only.
"""

from __future__ import annotations

from typing import Any

from sandbox.hubspot.exchange import Exchange
from sandbox.hubspot.links import PRIMARY, UNLABELLED
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.records import RecordStore
from sandbox.kernel import Answered

_MADE = "1970-01-01T00:00:00Z"
CUSTOM = "2-"


def lists(exchange: Exchange) -> Answered:
    """``GET /schemas``."""
    stores = [store for store in exchange.portal.stores.values() if store.kind.type_id.startswith(CUSTOM)]
    results = [_schema(exchange.portal, store) for store in stores]
    return exchange.answer(200, {"results": results}, records=len(results))


def reads(exchange: Exchange, kind: str) -> Answered:
    """``GET /schemas/{type}``."""
    store = exchange.portal.store(kind)
    return exchange.answer(200, _schema(exchange.portal, store), records=1)


def _schema(portal: Portal, store: RecordStore) -> dict[str, Any]:
    kind = store.kind
    custom = kind.type_id.startswith(CUSTOM)
    named = list(kind.searchable)
    return {
        "labels": {"singular": kind.label, "plural": kind.name.capitalize()},
        "requiredProperties": sorted(store.required),
        "searchableProperties": named,
        "primaryDisplayProperty": named[0],
        "secondaryDisplayProperties": named[1:4],
        "archived": False,
        "restorable": True,
        "metaType": "PORTAL_SPECIFIC" if custom else "HUBSPOT",
        "id": kind.type_id.partition("-")[2],
        "fullyQualifiedName": kind.singular if custom else kind.singular.upper(),
        "createdAt": _MADE,
        "updatedAt": _MADE,
        "objectTypeId": kind.type_id,
        "properties": [definition.wire() for definition in store.definitions.values()],
        "associations": [
            {
                "fromObjectTypeId": kind.type_id,
                "toObjectTypeId": portal.stores[end].kind.type_id,
                "name": f"{kind.singular}_TO_{portal.stores[end].kind.singular}".upper(),
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
        "name": kind.name if custom else kind.singular.upper(),
    }
