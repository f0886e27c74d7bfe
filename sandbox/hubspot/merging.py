"""Merging two records: since 2025-01 both old ids of contacts and companies give way to a new one.

Records of other objects go on under the primary's id. The primary's values win, the other fills gaps; additional e-mail
addresses, old ids and associations are united. Both old ids go on resolving to the new record, and the ids of earlier
merges with them. Refuses to merge a record with itself, one that is not there, and beyond 250 identities (414).
"""

from __future__ import annotations

from sandbox.hubspot.errors import Refusal, invalid_request
from sandbox.hubspot.history import Change, Source
from sandbox.hubspot.links import OWNED_BY_COMPANY, PRIMARY
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.records import Record, RecordStore

#: Objects whose merged records get a new id.
ANEW = ("contacts", "companies")


def merge(portal: Portal, store: RecordStore, *, primary: int, other: int, source: Source) -> Record:
    """Merges ``other`` into ``primary`` and returns what they have become. Raises 400, 404 or 414 refusals."""
    if not store.kind.merges:
        raise invalid_request(f"Records of {store.kind.name} cannot be merged")
    first, second = portal.record(store, primary), portal.record(store, other)
    if first.id == second.id:
        raise invalid_request(f"Record {primary} cannot be merged with itself")
    old_ids = [*_ids(first), *_ids(second)]
    if len(old_ids) > portal.limits.merges:
        raise Refusal(414, f"A record cannot have more than {portal.limits.merges} merged identities")
    at = max(portal.now(), first.updated + 1, second.updated + 1)
    anew = store.kind.name in ANEW
    number = store.take_id() if anew else first.id
    marker = Source("MERGE_CONTACTS" if store.kind.name == "contacts" else "MERGE_OBJECTS", source.id)
    merged = ";".join(old for old in old_ids if old != str(number))
    values = {**second.values, **first.values, "hs_merged_object_ids": merged}
    if store.kind.name == "contacts":
        values |= _contact_values(first, second, number=number, old_ids=old_ids, at=at)
    elif store.kind.name == "companies":
        values |= _company_values(first, second)
    for record in (first, second):
        store.erase(record, shown=portal.switches.merged_losers_in_search and record.id != number)
    created = min(first.created, second.created)
    survivor = store.add(number, values, at=created, updated=at - 1, source=first.origin)
    survivor.born = first.born
    survivor.history = _history(first, second, values, at=at, marker=marker)
    _unite_links(portal, store, survivor, first, second, source=source)
    for old, new in list(store.moved.items()):
        if new in (first.id, second.id):
            store.moved[old] = survivor.id
    store.moved |= {old: survivor.id for old in (first.id, second.id) if old != survivor.id}
    if store.watch is not None:
        told = {name: value for name, value in second.values.items() if name not in first.values}
        told = {name: value for name, value in told.items() if values.get(name) == value}
        store.watch.merged(store.kind.name, primary=first.id, others=[second.id], new=survivor.id, moved=len(told),
                           at=at, source=source)  # fmt: skip
        store.watch.changed(store.kind.name, survivor.id, told, at=at, source=marker)
    if store.kind.name == "contacts":
        portal.touch("contacts", survivor.id, source=source)
    else:
        store.change(survivor, {}, source=source)
    return survivor


def _ids(record: Record) -> list[str]:
    earlier = [part for part in record.values.get("hs_merged_object_ids", "").split(";") if part]
    return [*earlier, str(record.id)]


def _contact_values(first: Record, second: Record, *, number: int, old_ids: list[str], at: int) -> dict[str, str]:
    addresses: list[str] = []
    for record in (first, second):
        own = record.values.get("email")
        addresses += [own] if own else []
        addresses += [part for part in record.values.get("hs_additional_emails", "").split(";") if part]
    addresses = list(dict.fromkeys(addresses))
    moments = [part for r in (first, second) for part in r.values.get("hs_calculated_merged_vids", "").split(";")]
    known = {part.partition(":")[0] for part in moments}
    moments += [f"{old}:{at}" for old in old_ids if old not in known]
    values = {
        "hs_all_contact_vids": ";".join([str(number), *old_ids]),
        "hs_calculated_merged_vids": ";".join(part for part in moments if part),
    }
    if addresses:
        values["email"] = addresses[0]
        values["hs_additional_emails"] = ";".join(addresses[1:])
    return {name: value for name, value in values.items() if value}


def _company_values(first: Record, second: Record) -> dict[str, str]:
    domains: list[str] = []
    for record in (first, second):
        domains += [part for part in (record.values.get("domain"),) if part]
        domains += [part for part in record.values.get("hs_additional_domains", "").split(";") if part]
    extra = list(dict.fromkeys(domains))[1:]
    return {"hs_additional_domains": ";".join(extra)} if extra else {}


def _history(
    first: Record, second: Record, values: dict[str, str], *, at: int, marker: Source
) -> dict[str, list[Change]]:
    """The primary's history, with one more entry for every value that the merge brought in."""
    history: dict[str, list[Change]] = {}
    for name in {*first.values, *first.history, *second.values}:
        past = first.past(name)
        if values.get(name) != first.values.get(name):
            past = [*past, Change(values.get(name, ""), at, marker)]
        if past:
            history[name] = past
    return history


def _unite_links(
    portal: Portal, store: RecordStore, survivor: Record, first: Record, second: Record, *, source: Source
) -> None:
    kind = store.kind.name
    for record in (first, second):
        for other_kind, other, types in list(portal.links.all_of(kind, record.id)):
            pair = (kind, other_kind)
            portal.links.drop(pair, record.id, other)
            # The primary's company stays primary; that of the other record becomes an ordinary one.
            taken = kind in OWNED_BY_COMPANY and portal.links.primary(kind, survivor.id) is not None
            kept = types - {PRIMARY[pair]} if taken and pair in PRIMARY else types
            held = set(portal.links.of(pair, survivor.id).get(other, ()))
            portal.links.put(pair, survivor.id, other, types=held | kept)
            portal.touch(other_kind, other, source=source)
