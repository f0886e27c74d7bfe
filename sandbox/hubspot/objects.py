"""Endpoints of one record: list, read, create, update, archive, merge, privacy deletion."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from sandbox.hubspot import views
from sandbox.hubspot.errors import Problem, invalid_request, invalid_values, not_found
from sandbox.hubspot.exchange import Exchange, objects, properties_of
from sandbox.hubspot.links import PRIMARY, UNLABELLED, Pair
from sandbox.hubspot.merging import merge
from sandbox.hubspot.portal import by_number
from sandbox.hubspot.records import Record, RecordStore
from sandbox.kernel import Answered


def lists(exchange: Exchange, kind: str) -> Answered:
    """``GET /{type}``: pages by record id, stable under change; ``after`` is the id the next page starts with."""
    portal, request, limits = exchange.portal, exchange.request, exchange.portal.limits
    store = portal.store(kind)
    history = request.every("propertiesWithHistory")
    limit = exchange.number("limit", default=10, limit=limits.list_page_with_history if history else limits.list_page)
    limit = min(limit, portal.switches.largest_page)
    after = request.first("after") or "0"
    names = views.wanted(store, request.every("properties"))
    records = list(islice(store.after(by_number(after, what="after"), archived=exchange.flag("archived")), limit + 1))
    associations = request.every("associations")
    body: dict[str, Any] = {
        "results": [
            views.read(portal, store, record, names=names, history=history, associations=associations)
            for record in records[:limit]
        ]
    }
    if len(records) > limit:
        following = str(records[limit].id)
        link = f"https://api.hubapi.com{request.path}?after={following}&limit={limit}"
        body["paging"] = {"next": {"after": following, "link": link}}
    return exchange.answer(200, body, records=len(records[:limit]))


def reads(exchange: Exchange, kind: str, key: str) -> Answered:
    """``GET /{type}/{id}``: by id or unique property; an old id of a merged record finds the record it lives on in."""
    portal, request = exchange.portal, exchange.request
    store = portal.store(kind)
    record = named(exchange, store, key, archived=exchange.flag("archived"))
    body = views.read(
        portal,
        store,
        record,
        names=views.wanted(store, request.every("properties")),
        history=request.every("propertiesWithHistory"),
        associations=request.every("associations"),
    )
    return exchange.answer(200, body, records=1)


def creates(exchange: Exchange, kind: str) -> Answered:
    """``POST /{type}``."""
    portal = exchange.portal
    store = portal.store(kind)
    body = exchange.body()
    properties = properties_of(body)
    changes = store.check(properties, current=None, source=exchange.source, strict=exchange.strict)
    store.check_unique(changes, own=None, claimed={})
    links = wanted_links(exchange, store, body)
    check_new(store, changes, links)
    record = portal.create(store, changes, source=exchange.source)
    put_links(exchange, record, links)
    number = str(record.id)
    return exchange.answer(
        201, views.created(store, record, given=changes), records=1, created=[number], written=[number]
    )


def updates(exchange: Exchange, kind: str, key: str) -> Answered:
    """``PATCH /{type}/{id}``: old ids of merged records work, and ``idProperty=email`` too."""
    portal = exchange.portal
    store = portal.store(kind)
    properties = properties_of(exchange.body())
    record = named(exchange, store, key, archived=False)
    changes = store.check(properties, current=record, source=exchange.source, strict=exchange.strict)
    store.check_unique(changes, own=record.id, claimed={})
    portal.update(store, record, changes, source=exchange.source)
    body = views.updated(store, record, given=known(store, properties))
    return exchange.answer(200, body, records=1, written=[str(record.id)])


def archives(exchange: Exchange, kind: str, key: str) -> Answered:
    """``DELETE /{type}/{id}``: into the recycle bin; a second time does nothing."""
    store = exchange.portal.store(kind)
    record = exchange.portal.record(store, key, archived=None)
    exchange.portal.archive(store, record, source=exchange.source)
    return exchange.answer(204, records=1, written=[str(record.id)])


def merges(exchange: Exchange, kind: str) -> Answered:
    """``POST /{type}/merge``: answers the new record."""
    store = exchange.portal.store(kind)
    body = exchange.body()
    record = merge(
        exchange.portal,
        store,
        primary=by_number(body.get("primaryObjectId"), what="primaryObjectId"),
        other=by_number(body.get("objectIdToMerge"), what="objectIdToMerge"),
        source=exchange.source,
    )
    number = str(record.id)
    answer = views.read(exchange.portal, store, record, names=sorted(record.values))
    return exchange.answer(200, answer, records=1, created=[number], written=[number])


def gdpr_deletes(exchange: Exchange, kind: str) -> Answered:
    """``POST /{type}/gdpr-delete``: permanent, by id or e-mail address."""
    portal = exchange.portal
    store = portal.store(kind)
    body = exchange.body()
    key, name = str(body.get("objectId", "")), body.get("idProperty")
    record = portal.record(store, key, archived=None) if name in (None, "", "hs_object_id") else None
    if record is None:
        record = _holder(store, str(name), key)
    if record is None:
        raise not_found(bare=portal.switches.bare_not_found)
    portal.erase(store, record, source=exchange.source)
    return exchange.answer(204, records=1, written=[str(record.id)])


def named(exchange: Exchange, store: RecordStore, key: str, *, archived: bool) -> Record:
    """The record a path names, by id or by the unique property in ``idProperty``. Raises 400 and 404 refusals."""
    name = exchange.request.first("idProperty")
    if name in (None, "", "hs_object_id"):
        return exchange.portal.record(store, key, archived=archived)
    record = _holder(store, str(name), key)
    if record is None:
        raise not_found(bare=exchange.portal.switches.bare_not_found)
    return record


def known(store: RecordStore, properties: Mapping[str, Any]) -> list[str]:
    """The names of what an update wrote, a silently refused value among them: the answer shows what is held."""
    return [name for name in properties if name in store.definitions]


def wanted_links(exchange: Exchange, store: RecordStore, entry: Mapping[str, Any]) -> list[tuple[Pair, int, set[int]]]:
    """The ``associations`` of a create input, checked. Raises 400 and 404 refusals."""
    found: list[tuple[Pair, int, set[int]]] = []
    for raw in objects(entry.get("associations"), what="associations"):
        kinds = objects(raw.get("types"), what="associations[].types")
        types = {by_number(kind.get("associationTypeId"), what="associationTypeId") for kind in kinds}
        to = raw.get("to")
        number = by_number(to.get("id") if isinstance(to, dict) else None, what="associations[].to.id")
        pair = pair_of(store.kind.name, types)
        exchange.portal.record(exchange.portal.store(pair[1]), number)
        found.append((pair, number, types))
    return found


def check_new(store: RecordStore, changes: Mapping[str, str], links: list[tuple[Pair, int, set[int]]]) -> None:
    """Raises the 400 refusal of a lead without a name or a contact (leads guide)."""
    if store.kind.name != "leads":
        return
    if not changes.get("hs_lead_name"):
        problem = Problem("hs_lead_name", "REQUIRED_PROPERTY_MISSING", "A lead needs hs_lead_name")
        raise invalid_values([problem])
    if not any(pair[1] == "contacts" for pair, _, _ in links):
        raise invalid_request("A lead must be associated with a contact when it is created")


def put_links(exchange: Exchange, record: Record, links: list[tuple[Pair, int, set[int]]]) -> None:
    """Creates checked associations of a new record."""
    for pair, number, types in links:
        exchange.portal.associate(pair, record.id, number, types=types, source=exchange.source)


def pair_of(kind: str, types: set[int]) -> Pair:
    """Which objects type ids associate, starting from ``kind``. Raises a 400 refusal if they do not fit."""
    for pair, number in UNLABELLED.items():
        if pair[0] == kind and types and types <= {number, PRIMARY.get(pair, number)}:
            return pair
    raise invalid_request(f"association type ids {sorted(types)} do not start at {kind}")


def _holder(store: RecordStore, name: str, value: str) -> Record | None:
    if name not in store.unique:
        raise invalid_request(f"Property {name} is not a unique property of {store.kind.name}")
    return store.holder(name, value)
