"""Endpoints of property definitions and their groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.hubspot.definitions import PropertyDefinition, changed_definition, read_definition
from sandbox.hubspot.errors import Refusal, invalid_request
from sandbox.hubspot.exchange import Exchange
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.records import RecordStore
from sandbox.hubspot.stamps import iso
from sandbox.kernel import Answered


def lists(exchange: Exchange, kind: str) -> Answered:
    """``GET /properties/{type}``: all definitions in one page; there are no archived ones."""
    store = exchange.portal.store(kind)
    results = [] if exchange.flag("archived") else [d.wire() for d in store.definitions.values()]
    return exchange.answer(200, {"results": results}, records=len(results))


def reads(exchange: Exchange, kind: str, name: str) -> Answered:
    """``GET /properties/{type}/{name}``."""
    return exchange.answer(200, _named(exchange.portal.store(kind), name).wire(), records=1)


def creates(exchange: Exchange, kind: str) -> Answered:
    """``POST /properties/{type}``."""
    store = exchange.portal.store(kind)
    definition = new_definition(exchange.portal, store, exchange.body())
    store.define(definition)
    return exchange.answer(201, definition.wire(), records=1, created=[definition.name], written=[definition.name])


def updates(exchange: Exchange, kind: str, name: str) -> Answered:
    """``PATCH /properties/{type}/{name}``."""
    store = exchange.portal.store(kind)
    definition = changed_definition(_named(store, name), exchange.body(), at=iso(exchange.portal.now()))
    store.define(definition)
    return exchange.answer(200, definition.wire(), records=1, written=[name])


def archives(exchange: Exchange, kind: str, name: str) -> Answered:
    """``DELETE /properties/{type}/{name}``: custom properties only."""
    store = exchange.portal.store(kind)
    if _named(store, name).hubspot_defined:
        raise invalid_request(f"Property {name} is defined by HubSpot and cannot be deleted")
    store.undefine(name)
    return exchange.answer(204, records=1, written=[name])


def batch_reads(exchange: Exchange, kind: str) -> Answered:
    """``POST /properties/{type}/batch/read``."""
    store = exchange.portal.store(kind)
    names = _names(exchange)
    errors = [_missing(name).row(trace=None) for name in names if name not in store.definitions]
    results = [store.definitions[name].wire() for name in names if name in store.definitions]
    return exchange.batch(200, results, errors=errors)


def batch_creates(exchange: Exchange, kind: str) -> Answered:
    """``POST /properties/{type}/batch/create``: each definition stands alone."""
    store = exchange.portal.store(kind)
    results: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    for entry in exchange.inputs(limit=exchange.portal.limits.batch):
        try:
            definition = new_definition(exchange.portal, store, entry)
        except Refusal as refusal:
            errors.append(refusal.row(trace=None))
            continue
        store.define(definition)
        results.append(definition.wire())
    names = [result["name"] for result in results]
    return exchange.batch(201, results, errors=errors, created=names, written=names)


def batch_archives(exchange: Exchange, kind: str) -> Answered:
    """``POST /properties/{type}/batch/archive``: unknown names and HubSpot's own are skipped."""
    store = exchange.portal.store(kind)
    gone = [n for n in _names(exchange) if n in store.definitions and not store.definitions[n].hubspot_defined]
    for name in gone:
        store.undefine(name)
    return exchange.answer(204, records=len(gone), written=gone)


def lists_groups(exchange: Exchange, kind: str) -> Answered:
    """``GET /properties/{type}/groups``."""
    groups = exchange.portal.groups[exchange.portal.store(kind).kind.name]
    results = [_group(name, label) for name, label in groups.items()]
    return exchange.answer(200, {"results": results}, records=len(results))


def creates_group(exchange: Exchange, kind: str) -> Answered:
    """``POST /properties/{type}/groups``."""
    groups = exchange.portal.groups[exchange.portal.store(kind).kind.name]
    body = exchange.body()
    name, label = body.get("name"), body.get("label")
    if not isinstance(name, str) or not isinstance(label, str):
        raise invalid_request("A property group needs name and label")
    if name in groups:
        raise Refusal(409, f"A property group named '{name}' already exists.", category="OBJECT_ALREADY_EXISTS")
    groups[name] = label
    return exchange.answer(201, _group(name, label), records=1, created=[name], written=[name])


def new_definition(portal: Portal, store: RecordStore, raw: Mapping[str, Any]) -> PropertyDefinition:
    """A custom property from a create body, checked against what the account has. Raises 400 and 409 refusals."""
    definition = read_definition(raw, at=iso(portal.now()))
    if definition.name in store.definitions:
        message = f"A property named '{definition.name}' already exists."
        raise Refusal(409, message, category="OBJECT_ALREADY_EXISTS")
    if definition.group not in portal.groups[store.kind.name]:
        raise invalid_request(f"Property group {definition.group} does not exist")
    limit = portal.limits.unique_properties
    if definition.unique and sum(held.unique for held in store.definitions.values()) >= limit:
        raise invalid_request(f"{store.kind.name} already has {limit} properties with unique values, the limit")
    return definition


def _named(store: RecordStore, name: str) -> PropertyDefinition:
    if name not in store.definitions:
        raise _missing(name)
    return store.definitions[name]


def _missing(name: str) -> Refusal:
    return Refusal(404, f"Property {name} does not exist", category="OBJECT_NOT_FOUND", context={"name": [name]})


def _names(exchange: Exchange) -> list[str]:
    return [str(entry.get("name", "")) for entry in exchange.inputs(limit=exchange.portal.limits.batch)]


def _group(name: str, label: str) -> dict[str, Any]:
    return {"name": name, "label": label, "displayOrder": -1, "archived": False}
