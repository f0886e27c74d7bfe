"""Associations as refs: read up to 1,000 records a call, the primary one first, and made primary when written.

Only asked for when the shape wants refs. ``toObjectId`` is a number here while ids are text everywhere else; records
without associations are left out or listed as errors, both mean none (associations guide).

A pair counts as written only where the answer names it, or where it is found afterwards: HubSpot may leave one out, or
name it in an error in words that nobody foresaw. One pair may fail its whole batch, which is taken apart then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple, TypeAlias

from connectors.hubspot.client import HubSpotClient, object_of, results_of, rows_of
from connectors.hubspot.errors import Fault, Rejected, read_fault
from connectors.hubspot.wire import chunks, id_of
from connectors.shapes import Turns
from syncd.model.errors import Bug, RetryLater, SyncdError
from syncd.model.remote import RemoteRef
from syncd.model.values import Lane

Joined: TypeAlias = tuple[str, str]
"""The ids of two records that are to be associated."""
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
_SIDES: Final = ("from", "to")
_NOT_MADE: Final = Fault("", "NOT_ASSOCIATED", "HubSpot told nothing of this association, and it is not there")


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
    client: HubSpotClient, start: str, end: str, pairs: Sequence[Joined], *, lane: Lane
) -> Mapping[Joined, Fault | None]:
    """Associates pairs of ids and answers those that are not known to be associated now: why they are not, or ``None``
    where nobody knows. The same pair twice is harmless.

    :raises RetryLater, NeedsOperator: a call did not work; whatever was associated by then stays so.
    """
    writing = _Writing(client, start, end, lane)
    unique = list(dict.fromkeys(pairs))
    for begin in range(0, len(unique), CREATE):
        writing.send(unique[begin : begin + CREATE])
    writing.look()
    return writing.unmade


@dataclass(slots=True)
class _Writing:
    """Pairs on their way. ``silent`` are those that an answer told nothing of, with what it said of nobody."""

    client: HubSpotClient
    start: str
    end: str
    lane: Lane
    unmade: dict[Joined, Fault | None] = field(default_factory=dict)
    silent: dict[Joined, Fault] = field(default_factory=dict)

    def send(self, lot: Sequence[Joined]) -> None:
        """One call for these pairs, or as many as it takes to find the pair that spoils it."""
        primary = PRIMARY.get((self.start, self.end))
        tail = "/batch/associate/default" if primary is None else "/batch/create"
        types = {} if primary is None else {
            "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": primary}]
        }  # fmt: skip
        inputs = [{"from": {"id": one}, "to": {"id": other}, **types} for one, other in lot]
        path = self.client.paths.associations(self.start, self.end, tail)
        try:
            answer = self.client.associate("associations.write", path, {"inputs": inputs}, lane=self.lane)
        except Rejected as refusal:
            if len(lot) == 1 or not (refusal.status == 400 or refusal.fault.nowhere):  # else it is no pair's fault
                self.unmade |= dict.fromkeys(lot, refusal.fault)
                return
            half = len(lot) // 2
            self.send(lot[:half])
            self.send(lot[half:])
            return
        try:
            body = object_of(answer, "associations.write")
        except (Bug, RetryLater):
            body = {}  # sent they were, so what became of them is looked at
        self._hear(lot, body)

    def _hear(self, lot: Sequence[Joined], body: Mapping[str, Any]) -> None:
        """What an answer tells of each pair."""
        stray = _NOT_MADE
        for error in _objects(body.get("errors")):
            fault = replace(read_fault(error), code=_NOT_MADE.code)
            named = _named(lot, error.get("context"))
            self.unmade |= {pair: fault for pair in named if pair not in self.unmade}
            if not named:
                stray = fault
        asked = set(lot)
        told = {_joined(row, asked) for row in _objects(body.get("results"))}
        self.silent |= {pair: stray for pair in lot if pair not in told and pair not in self.unmade}

    def look(self) -> None:
        """Looks whether the pairs that no answer told of are there all the same."""
        if not self.silent:
            return
        try:
            held = read_refs(self.client, self.start, self.end, [one for one, _ in self.silent], lane=self.lane)
        except SyncdError:
            self.unmade |= dict.fromkeys(self.silent)
            return
        alone = (self.start, self.end) in PRIMARY
        for (one, other), why in self.silent.items():
            refs = held[one].refs[:1] if alone else held[one].refs
            if other not in {ref.id for ref in refs} or (alone and not held[one].ranked):
                self.unmade[one, other] = why


def _joined(row: Mapping[str, Any], asked: set[Joined]) -> Joined | None:
    """The pair that a result names: ``fromObjectId`` where types were given, else ``from`` and ``to``. Of the latter
    there is one for each direction without a word of which, so that of two pairs which mirror each other none is known.
    """
    if "fromObjectId" in row:
        return str(row["fromObjectId"]), str(row.get("toObjectId"))
    one, other = (str(end["id"]) if isinstance(end := row.get(side), dict) and "id" in end else "" for side in _SIDES)
    return None if one != other and {(one, other), (other, one)} <= asked else (one, other)


def _named(lot: Sequence[Joined], context: object) -> list[Joined]:
    """The pairs that the context of an error names, by one of their ids or by both."""
    told = context if isinstance(context, dict) else {}
    ones, others = (_texts(told.get(name)) for name in ("fromObjectId", "toObjectId"))
    if not ones and not others:
        return []
    return [pair for pair in lot if (not ones or pair[0] in ones) and (not others or pair[1] in others)]


def _texts(value: object) -> set[str]:
    return {str(each) for each in value} if isinstance(value, list) else set() if value is None else {str(value)}


def _objects(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


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
