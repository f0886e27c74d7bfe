"""How records look in answers: which properties, in which order, with history and associations.

Undefined properties that were asked for are left out silently; defined but empty ones are ``null``. Id and stamps come
with every answer of a read. Names are sorted, as recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sandbox.hubspot.portal import Portal
from sandbox.hubspot.records import Record, RecordStore
from sandbox.hubspot.stamps import iso


def wanted(store: RecordStore, asked: Sequence[str]) -> tuple[str, ...]:
    """Names of the properties of an answer when ``asked`` were requested."""
    if not asked:
        return store.kind.defaults
    names = {name for name in asked if name in store.definitions}
    return tuple(sorted(names | {"createdate", "hs_object_id", store.kind.stamp}))


def found(store: RecordStore, values: dict[str, str], names: Iterable[str]) -> dict[str, Any]:
    """A live record with these values."""
    get = values.get
    return {
        "id": values["hs_object_id"],
        "properties": {name: get(name) for name in names},
        "createdAt": values["createdate"],
        "updatedAt": values[store.kind.stamp],
        "archived": False,
    }


def read(
    portal: Portal,
    store: RecordStore,
    record: Record,
    *,
    names: Iterable[str],
    history: Sequence[str] = (),
    associations: Sequence[str] = (),
) -> dict[str, Any]:
    """One record as reads answer it."""
    body = found(store, record.values, names)
    if record.archived is not None:
        body["archived"] = True
        body["archivedAt"] = iso(record.archived)
    if history:
        body["propertiesWithHistory"] = {
            name: [change.wire() for change in _ordered(portal, record, name)]
            for name in sorted(set(history))
            if name in store.definitions
        }
    if associations:
        body["associations"] = _associations(portal, store, record, associations)
    return body


def created(store: RecordStore, record: Record, *, given: Iterable[str]) -> dict[str, Any]:
    """A record just created: given and derived values, but not empty ones (recorded)."""
    derived = ("hs_all_contact_vids", "hs_email_domain", "hs_is_contact", "hs_is_unworked", "hs_pipeline", "website")
    names = {"createdate", "hs_object_id", store.kind.stamp, *given, *derived}
    return found(store, record.values, sorted(name for name in names if name in record.values))


def updated(store: RecordStore, record: Record, *, given: Iterable[str]) -> dict[str, Any]:
    """A record just updated: the written values and a few more, ``""`` where one was cleared (recorded)."""
    given = set(given)
    names = given | {store.kind.stamp}
    if store.kind.name == "contacts":
        names |= {"hs_email_domain"} if "email" in given else set()
    else:
        names |= {"createdate", "hs_object_id"}
    body = found(store, record.values, sorted(names))
    properties = body["properties"]
    body["properties"] = {name: "" if value is None else value for name, value in properties.items()}
    return body


def _ordered(portal: Portal, record: Record, name: str) -> Iterable[Any]:
    past = record.past(name)
    return reversed(past) if portal.switches.history_newest_first else past


def _associations(portal: Portal, store: RecordStore, record: Record, asked: Sequence[str]) -> dict[str, Any]:
    associations: dict[str, Any] = {}
    for name in asked:
        other = portal.store(name)
        pair = portal.pair(store.kind.name, other.kind.name)
        results = []
        for number, types in sorted(portal.links.of(pair, record.id).items()):
            if other.records[number].archived is not None:
                continue
            plain = f"{store.kind.singular}_to_{other.kind.singular}"
            results += [{"id": str(number), "type": plain}] if len(types) > 1 else []
            results.append({"id": str(number), "type": f"{plain}_unlabeled"})
        if results:
            associations[other.kind.name] = {"results": results}
    return associations
