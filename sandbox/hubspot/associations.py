"""Endpoints of associations, version 4 shapes: one pair of records, and batches of them.

Posting types gives a pair exactly these types and the unlabelled one, so labels that are not repeated are lost. In
batch reads ``toObjectId`` is a number, although ids are text everywhere else (associations guide).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.hubspot.errors import Refusal, invalid_request
from sandbox.hubspot.exchange import Exchange
from sandbox.hubspot.links import MIRROR, PRIMARY, UNLABELLED, Pair
from sandbox.hubspot.portal import Portal, by_number
from sandbox.kernel import Answered


def lists(exchange: Exchange, start: str, key: str, end: str) -> Answered:
    """``GET /objects/{a}/{id}/associations/{b}``."""
    portal = exchange.portal
    pair = portal.pair(start, end)
    record = portal.record(portal.stores[pair[0]], key)
    limit = exchange.number("limit", default=500, limit=500)
    after = by_number(exchange.request.first("after") or "0", what="after")
    rows = [row for row in _rows(portal, pair, record.id) if row["toObjectId"] >= after]
    body: dict[str, Any] = {"results": rows[:limit]}
    if len(rows) > limit:
        body["paging"] = {"next": {"after": str(rows[limit]["toObjectId"])}}
    return exchange.answer(200, body, records=len(rows[:limit]))


def puts_default(exchange: Exchange, start: str, key: str, end: str, other: str) -> Answered:
    """``PUT /objects/{a}/{id}/associations/default/{b}/{id}``: the unlabelled association."""
    pair = exchange.portal.pair(start, end)
    written = _put_default(exchange, pair, key, other)
    return exchange.batch(200, _default_rows(pair, key, other), written=written)


def puts(exchange: Exchange, start: str, key: str, end: str, other: str) -> Answered:
    """``PUT /objects/{a}/{id}/associations/{b}/{id}`` with a list of types."""
    pair = exchange.portal.pair(start, end)
    labels = _put(exchange, pair, key, other, exchange.json())
    return exchange.answer(201, labels, records=1, written=[key, other])


def removes(exchange: Exchange, start: str, key: str, end: str, other: str) -> Answered:
    """``DELETE /objects/{a}/{id}/associations/{b}/{id}``: all types of the pair."""
    pair = exchange.portal.pair(start, end)
    exchange.portal.separate(pair, by_number(key, what="id"), by_number(other, what="id"), source=exchange.source)
    return exchange.answer(204, records=1, written=[key, other])


def batch_reads(exchange: Exchange, start: str, end: str) -> Answered:
    """``POST /associations/{a}/{b}/batch/read``."""
    portal = exchange.portal
    pair = portal.pair(start, end)
    results: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    for entry in exchange.inputs(limit=portal.limits.associations_read):
        key = str(entry.get("id", ""))
        rows = _rows(portal, pair, by_number(key, what="inputs[].id"))
        if rows:
            results.append({"from": {"id": key}, "to": rows})
        elif portal.switches.missing_associations_are_errors:
            refusal = Refusal(
                404,
                f"No {pair[1]} are associated with {pair[0]} {key}.",
                category="OBJECT_NOT_FOUND",
                context={"fromObjectId": [key]},
                extra={"subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND"},
            )
            errors.append(refusal.row(trace=None))
    return exchange.batch(200, results, errors=errors)


def batch_creates(exchange: Exchange, start: str, end: str) -> Answered:
    """``POST /associations/{a}/{b}/batch/create``: types per pair of records."""
    pair = exchange.portal.pair(start, end)
    results: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    written: list[str] = []
    for entry in exchange.inputs(limit=exchange.portal.limits.associations_create):
        key, other = _ends(entry)
        try:
            results.append(_put(exchange, pair, key, other, entry.get("types")))
        except Refusal as refusal:
            errors.append(refusal.row(trace=None) | {"context": {"fromObjectId": [key], "toObjectId": [other]}})
        else:
            written += [key, other]
    return exchange.batch(201, results, errors=errors, written=written)


def batch_associates(exchange: Exchange, start: str, end: str) -> Answered:
    """``POST /associations/{a}/{b}/batch/associate/default``."""
    pair = exchange.portal.pair(start, end)
    results: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    written: list[str] = []
    for entry in exchange.inputs(limit=exchange.portal.limits.associations_create):
        key, other = _ends(entry)
        try:
            written += _put_default(exchange, pair, key, other)
        except Refusal as refusal:
            errors.append(refusal.row(trace=None) | {"context": {"fromObjectId": [key], "toObjectId": [other]}})
        else:
            results += _default_rows(pair, key, other)
    return exchange.batch(200, results, errors=errors, written=written)


def batch_archives(exchange: Exchange, start: str, end: str) -> Answered:
    """``POST /associations/{a}/{b}/batch/archive``: ``to`` is a list here."""
    pair = exchange.portal.pair(start, end)
    written: list[str] = []
    for entry in exchange.inputs(limit=exchange.portal.limits.associations_create):
        key = _id_of(entry, "from")
        raw = entry.get("to")
        for end_entry in raw if isinstance(raw, list) else [raw]:
            other = _id_of({"to": end_entry}, "to")
            exchange.portal.separate(pair, int(key), int(other), source=exchange.source)
            written += [key, other]
    return exchange.answer(204, records=len(written) // 2, written=written)


def batch_archives_labels(exchange: Exchange, start: str, end: str) -> Answered:
    """``POST /associations/{a}/{b}/batch/labels/archive``: takes single types away.

    What is left without a label stays associated; taking the unlabelled type away ends the association.
    """
    pair = exchange.portal.pair(start, end)
    written: list[str] = []
    for entry in exchange.inputs(limit=exchange.portal.limits.associations_create):
        key, other = _ends(entry)
        gone = _types(pair, entry.get("types"))
        held = exchange.portal.links.of(pair, int(key)).get(int(other))
        if held is None:
            continue
        if UNLABELLED[pair] in gone:
            exchange.portal.separate(pair, int(key), int(other), source=exchange.source)
        elif held & gone:
            exchange.portal.relabel(pair, int(key), int(other), types=held - gone, source=exchange.source)
        written += [key, other]
    return exchange.answer(204, records=len(written) // 2, written=written)


def lists_labels(exchange: Exchange, start: str, end: str) -> Answered:
    """``GET /associations/{a}/{b}/labels``: the types there are between two objects."""
    pair = exchange.portal.pair(start, end)
    numbers = [UNLABELLED[pair], *([PRIMARY[pair]] if pair in PRIMARY else [])]
    rows = [_type_row(pair, number) for number in numbers]
    return exchange.answer(200, {"results": rows}, records=len(rows))


def _rows(portal: Portal, pair: Pair, number: int) -> list[dict[str, Any]]:
    others = portal.stores[pair[1]].records
    return [
        {"toObjectId": other, "associationTypes": [_type_row(pair, kind) for kind in sorted(types)]}
        for other, types in sorted(portal.links.of(pair, number).items())
        if others[other].archived is None
    ]


def _type_row(pair: Pair, number: int) -> dict[str, Any]:
    label = "Primary" if number == PRIMARY.get(pair) else None
    return {"category": "HUBSPOT_DEFINED", "typeId": number, "label": label}


def _put(exchange: Exchange, pair: Pair, key: str, other: str, raw: Any) -> dict[str, Any]:
    portal = exchange.portal
    start, end = (portal.record(portal.stores[pair[0]], key), portal.record(portal.stores[pair[1]], other))
    types = _types(pair, raw)
    portal.associate(pair, start.id, end.id, types=types, source=exchange.source)
    return {
        "fromObjectTypeId": portal.stores[pair[0]].kind.type_id,
        "fromObjectId": start.id,
        "toObjectTypeId": portal.stores[pair[1]].kind.type_id,
        "toObjectId": end.id,
        "labels": ["Primary"] if PRIMARY.get(pair) in types else [],
    }


def _types(pair: Pair, raw: Any) -> set[int]:
    """The type ids that a body names, all of which this pair of objects has. Raises a 400 refusal."""
    allowed = {UNLABELLED[pair], PRIMARY.get(pair, UNLABELLED[pair])}
    if not isinstance(raw, list) or not raw or not all(isinstance(entry, dict) for entry in raw):
        raise invalid_request("types must be a list of objects with associationCategory and associationTypeId")
    types = {by_number(entry.get("associationTypeId"), what="associationTypeId") for entry in raw}
    if not types <= allowed:
        raise invalid_request(
            f"association type ids {sorted(types - allowed)} do not exist from {pair[0]} to {pair[1]}"
        )
    return types


def _put_default(exchange: Exchange, pair: Pair, key: str, other: str) -> list[str]:
    portal = exchange.portal
    start, end = (portal.record(portal.stores[pair[0]], key), portal.record(portal.stores[pair[1]], other))
    # The unlabelled association is added to what is there: a primary one stays.
    held = portal.links.of(pair, start.id).get(end.id, set())
    portal.associate(pair, start.id, end.id, types=held | {UNLABELLED[pair]}, source=exchange.source)
    return [str(start.id), str(end.id)]


def _default_rows(pair: Pair, key: str, other: str) -> list[dict[str, Any]]:
    forward = UNLABELLED[pair]
    return [
        {
            "from": {"id": start},
            "to": {"id": end},
            "associationSpec": {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": number},
        }
        for start, end, number in ((key, other, forward), (other, key, MIRROR[forward]))
    ]


def _ends(entry: Mapping[str, Any]) -> tuple[str, str]:
    return _id_of(entry, "from"), _id_of(entry, "to")


def _id_of(entry: Mapping[str, Any], side: str) -> str:
    end = entry.get(side)
    if not isinstance(end, dict):
        raise invalid_request(f"inputs[].{side} must be an object with an id")
    return str(by_number(end.get("id"), what=f"inputs[].{side}.id"))
