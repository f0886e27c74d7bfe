"""Reads that do not go through search: by id, by a unique property, and lists by record id.

These show what the store holds, not what the index has caught up with. A batch read answers fewer rows than it was
asked for, in no promised order, and never says why: what is missing is asked for again as archived, then one by one,
because only a single read tells of a merge (its answer has another id).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from connectors.hubspot.associations import read_refs
from connectors.hubspot.client import HubSpotClient, Partial, object_of, results_of, rows_of
from connectors.hubspot.errors import SCHEMA_CODES, Rejected
from connectors.hubspot.wire import (
    CONTACTS,
    Asked,
    aliases_of,
    chunks,
    id_of,
    instant_of,
    properties_of,
    read_stamp,
)
from connectors.shapes import Turns
from connectors.transport import wrong_shape
from syncd.model.remote import Departure, Gone, Moved, RemoteRecord, RemoteRef, Shape, Succession
from syncd.model.values import Lane

BATCH: Final = 100
PAGE: Final = 100
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads of one account, charged to one lane."""

    client: HubSpotClient
    lane: Lane

    def batch(
        self,
        asked: Asked,
        keys: Sequence[str],
        *,
        by: str | None = None,
        archived: str = "false",
        also: Sequence[str] = (),
    ) -> list[dict[str, Any]]:
        """Rows of a batch read, 100 keys a call; the order is the vendor's and unknown keys are left out.

        :param by: the unique property that holds the keys; record ids if none. :param also: more properties.
        """
        properties = list(dict.fromkeys((*asked.properties, *also)))
        path = self.client.paths.objects(asked.kind, "/batch/read")
        query = {"archived": archived} if archived != "false" else None

        def read(lot: Sequence[str]) -> list[dict[str, Any]]:
            body: dict[str, Any] = {"inputs": [{"id": key} for key in lot], "properties": properties}
            if by is not None:
                body["idProperty"] = by
            try:
                answer = self.client.ask("batch.read", path, body, lane=self.lane, query=query)
            except Rejected as refusal:
                if refusal.status == 404:  # not one of the keys is known
                    return []
                raise
            return rows_of(answer, "batch.read")

        lots = chunks(list(dict.fromkeys(keys)), BATCH)
        return [row for rows in self.client.abreast([partial(read, lot) for lot in lots]) for row in rows]

    def forgiving(self, asked: Asked, keys: Sequence[str], *, by: str, also: Sequence[str]) -> list[dict[str, Any]]:
        """As ``batch``, but a key that HubSpot does not even parse (a malformed address) is only unknown."""
        if not keys:
            return []
        try:
            return self.batch(asked, keys, by=by, also=also)
        except Rejected as refusal:
            if (
                refusal.status != 400
                or refusal.fault.category != "VALIDATION_ERROR"
                or refusal.fault.code in SCHEMA_CODES
            ):
                raise  # not the keys' fault
            if len(keys) == 1:
                return []
        except Partial as part:
            known = _without(keys, part)
            return self.forgiving(asked, known, by=by, also=also)
        half = len(keys) // 2
        return [
            *self.forgiving(asked, keys[:half], by=by, also=also),
            *self.forgiving(asked, keys[half:], by=by, also=also),
        ]

    def fetch(self, asked: Asked, ids: Sequence[str]) -> list[RemoteRecord | Gone | Moved]:
        """What has become of each id, in the order asked."""
        wanted = list(dict.fromkeys(ids))
        rows = self.batch(asked, wanted)
        found: dict[str, Row] = {}
        ends: dict[str, Gone | Moved] = {}
        for row in rows:
            found[id_of(row, asked.kind)] = row
            for moved in asked.successions(row):
                ends.setdefault(moved.old.id, moved)
        ends = {key: end for key, end in ends.items() if key in wanted and key not in found}
        lost = [key for key in wanted if key not in found and key not in ends]
        for row in self.batch(asked, lost, archived="true") if lost else []:
            ends[id_of(row, asked.kind)] = archived(asked, row)
        for key in lost:
            if key not in ends:
                single = self.one(asked, key)
                if isinstance(single, Gone | Moved):
                    ends[key] = single
                else:
                    found[key] = single
        nowhere = {key for key, end in ends.items() if isinstance(end, Gone) and end.how is Departure.ERASED}
        ends |= self._binned_with_another(asked, nowhere)
        records = {
            record.ref.id: record for record in self.records(asked, [found[key] for key in wanted if key in found])
        }
        return [records[key] if key in records else ends[key] for key in ids]

    def _binned_with_another(self, asked: Asked, nowhere: Collection[str]) -> dict[str, Gone]:
        """Which of these ids are in the bin within another record: what was merged is no more found by its old id once
        the survivor is deleted, and was not erased. Looks through the bin, which an erased contact is worth.
        """
        found: dict[str, Gone] = {}
        turns, after = Turns("list", None), None
        while nowhere - found.keys():
            rows, following = self.page(asked, after=after, archived="true", properties=asked.merged)
            for row in rows:
                found.update((gone.ref.id, gone) for gone in departed(asked, row) if gone.ref.id in nowhere)
            after = turns.to(following)
            if following is None:
                break
        return found

    def live(self, asked: Asked, keys: Sequence[str]) -> list[Row]:
        """The rows of these ids, in the order asked. One that was archived or merged since is passed over; one that the
        answer only leaves out is read alone.
        """
        held: dict[str, Row] = {id_of(row, asked.kind): row for row in self.batch(asked, keys)}
        for key in keys:
            if key not in held and not isinstance(single := self.one(asked, key), Gone | Moved):
                held[key] = single
        return [held[key] for key in keys if key in held]

    def one(self, asked: Asked, key: str) -> dict[str, Any] | Gone | Moved:
        """One record by a single read, which alone follows merges."""
        path = self.client.paths.record(asked.kind, key)
        try:
            answer = self.client.get("read", path, lane=self.lane, query={"properties": asked.properties})
        except Rejected as refusal:
            if refusal.status != 404:
                raise
            # Archived contacts stay in the bin for 90 days; only a privacy deletion leaves it out.
            how = Departure.ERASED if asked.kind == CONTACTS else Departure.DELETED
            return Gone(asked.ref(key), how)
        row = object_of(answer, "read")
        new = id_of(row, asked.kind)
        if new != key:
            return Moved(asked.ref(key), asked.ref(new), Succession.MERGED)
        return row

    def page(
        self, asked: Asked, *, after: str | None, properties: Sequence[str], archived: str = "false"
    ) -> tuple[list[dict[str, Any]], str | None]:
        """One page of the list endpoint, in id order, which no change disturbs and no cap ends.

        :param properties: at least one: asked for none, HubSpot tells names and addresses.
        """
        query: dict[str, str | Sequence[str]] = {"limit": str(PAGE), "properties": properties}
        if archived != "false":
            query["archived"] = archived
        if after is not None:
            query["after"] = after
        answer = self.client.get("list", self.client.paths.objects(asked.kind), lane=self.lane, query=query)
        return results_of(answer, "list")

    def records(self, asked: Asked, rows: Iterable[Row]) -> list[RemoteRecord]:
        """Rows as records, with their refs where the shape wants any."""
        records = [asked.record(row) for row in rows]
        if not asked.refs or not records:
            return records
        ids = [record.ref.id for record in records]
        ends = {name: read_refs(self.client, asked.kind, end, ids, lane=self.lane) for name, end in asked.refs.items()}
        return [
            RemoteRecord(
                ref=record.ref,
                version=record.version,
                stamp=record.stamp,
                fields=record.fields,
                refs={name: found[record.ref.id].refs for name, found in ends.items()},
                missing=record.missing,
                aliases=record.aliases,
                unranked=frozenset(name for name, found in ends.items() if not found[record.ref.id].ranked),
            )
            for record in records
        ]


def _without(keys: Sequence[str], part: Partial) -> list[str]:
    """The keys of which an answer in part does not say that they are malformed.

    :raises Partial: if it lacks something for any other reason, or does not say of which keys.
    """
    malformed: set[str] = set()
    for fault in part.faults:
        named = {key.lower() for key in fault.ids} & set(keys)
        if fault.category != "VALIDATION_ERROR" or fault.code in SCHEMA_CODES or not named:
            raise part
        malformed |= named
    return [key for key in keys if key not in malformed]


def archived(asked: Asked, row: Row) -> Gone:
    """A row of the recycle bin; it stays there for 90 days. :raises Bug: if the row is not said to be archived: where
    it does not say whether it is, the time when it was tells it.
    """
    key = id_of(row, asked.kind)
    at = read_stamp(row.get("archivedAt"))
    told = row.get("archived")
    if (at is not None if told is None else told) is not True:
        raise wrong_shape("list", f"{asked.kind}/{key} among the archived records is not archived")
    return Gone(asked.ref(key), Departure.ARCHIVED, None if at is None else instant_of(at))


def departed(asked: Asked, row: Row) -> list[Gone]:
    """A row of the recycle bin, and every record that had been merged into it."""
    gone = archived(asked, row)
    return [gone, *(replace(gone, ref=each.old) for each in asked.successions(row))]


def marketing_contacts(reader: Reader, refs: Sequence[RemoteRef]) -> list[RemoteRef]:
    """Which of these contacts are marketing contacts. :raises Bug: if one is not in the answer."""
    status = "hs_marketable_status"
    asked = Asked.of(Shape(kind="billing", objects={CONTACTS: (status,)}, key=status))
    wanted = [ref.id for ref in refs if ref.object == CONTACTS]
    rows = {id_of(row, CONTACTS): row for row in (reader.batch(asked, wanted) if wanted else ())}
    if not rows.keys() >= set(wanted):
        raise wrong_shape("billed", "new contacts are not in the answer")
    return [asked.ref(key) for key, row in rows.items() if properties_of(row).get(status) == "true"]


def addresses_of(asked: Asked, row: Row) -> set[str]:
    """All addresses a contact is known by, in lower case; the secondary ones resolve in batch reads too.

    :raises Bug: if the row does not tell the address that was asked for.
    """
    held = properties_of(row)
    if "email" not in held:
        raise wrong_shape("find", f"{asked.kind}/{id_of(row, asked.kind)} without the email asked for")
    first = str(held["email"] or "").strip().lower()
    return {address for address in (first, *aliases_of(held)) if address}
