"""Associations as refs: read up to 1,000 records a call, the primary one first, and made primary when written.

Only asked for when the shape wants refs. ``toObjectId`` is a number here while ids are text everywhere else; records
without associations are left out or listed as errors, both mean none (associations guide).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from connectors.hubspot.client import HubSpotClient, object_of, results_of, rows_of
from connectors.hubspot.wire import chunks, id_of
from connectors.shapes import Turns
from syncd.model.remote import RemoteRef
from syncd.model.values import Lane

READ: Final = 1_000
CREATE: Final = 2_000
PRIMARY: Final[Mapping[tuple[str, str], int]] = {
    ("contacts", "companies"): 1,
    ("companies", "contacts"): 2,
    ("deals", "companies"): 5,
    ("companies", "deals"): 6,
}
"""Type ids of primary associations; setting one also makes the unlabelled one, and the old primary gives way. Between
other objects there is none: all contacts of a deal are alike."""


class Ends(NamedTuple):
    """What one record is associated with. ``ranked``: the first one is the primary one, or the only one."""

    refs: tuple[RemoteRef, ...]
    ranked: bool


def read_refs(client: HubSpotClient, start: str, end: str, ids: Sequence[str], *, lane: Lane) -> dict[str, Ends]:
    """The associated records of each id, the primary one first where there is one."""
    found = dict.fromkeys(ids, Ends((), ranked=True))
    primary = PRIMARY.get((start, end))
    for lot in chunks(list(found), READ):
        path = client.paths.associations(start, end, "/batch/read")
        answer = client.associate("associations.read", path, {"inputs": [{"id": key} for key in lot]}, lane=lane)
        for row in rows_of(answer, "associations.read"):
            key = id_of(row.get("from", {}), start)
            ends = list(row.get("to") or [])
            ends += _more(client, row, start, key, end, lane=lane)
            found[key] = _refs(ends, end, primary=primary)
    return found


def write_refs(
    client: HubSpotClient, start: str, end: str, pairs: Sequence[tuple[str, str]], *, lane: Lane
) -> dict[tuple[str, str], str]:
    """Associates pairs of ids and answers, for those that failed, why. The same pair twice is harmless."""
    failed: dict[tuple[str, str], str] = {}
    primary = PRIMARY.get((start, end))
    tail = "/batch/associate/default" if primary is None else "/batch/create"
    types = {} if primary is None else {
        "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": primary}]
    }  # fmt: skip
    unique = list(dict.fromkeys(pairs))
    for begin in range(0, len(unique), CREATE):
        lot = unique[begin : begin + CREATE]
        inputs = [{"from": {"id": one}, "to": {"id": other}, **types} for one, other in lot]
        path = client.paths.associations(start, end, tail)
        body = object_of(client.associate("associations.write", path, {"inputs": inputs}, lane=lane), "associations")
        for error in body.get("errors") or []:
            context = error.get("context") or {}
            ones, others = context.get("fromObjectId") or [], context.get("toObjectId") or []
            named = [pair for pair in lot if pair[0] in ones or pair[1] in others] or lot
            for pair in named:
                if not ones or not others or (pair[0] in ones and pair[1] in others):
                    failed[pair] = str(error.get("message") or error.get("category") or "no reason given")
    return failed


def _more(
    client: HubSpotClient, row: Mapping[str, Any], start: str, key: str, end: str, *, lane: Lane
) -> list[Mapping[str, Any]]:
    """What one row of a batch read has beyond its first page."""
    found: list[Mapping[str, Any]] = []
    following = ((row.get("paging") or {}).get("next") or {}).get("after")
    turns = Turns("associations.list", following)
    while following is not None:
        path = client.paths.associations_of(start, key, end)
        answer = client.associate("associations.list", f"{path}?limit=500&after={following}", None, lane=lane)
        rows, after = results_of(answer, "associations.list")
        following = turns.to(after)
        found += rows
    return found


def _refs(ends: Sequence[Mapping[str, Any]], kind: str, *, primary: int | None) -> Ends:
    def secondary(end: Mapping[str, Any]) -> bool:
        return not any(kind.get("typeId") == primary for kind in end.get("associationTypes") or [])

    ordered = sorted(ends, key=secondary) if primary is not None else list(ends)
    refs = tuple(dict.fromkeys(RemoteRef(kind, id_of(end, kind, "toObjectId")) for end in ordered))
    return Ends(refs, ranked=len(refs) < 2 or (primary is not None and not secondary(ordered[0])))
