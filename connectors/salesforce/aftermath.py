"""What is read once a batch was sent: where rows went that are gone, and what the vendor holds of those it wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from connectors.salesforce.errors import Complaint
from connectors.salesforce.ids import as_told, is_id
from connectors.salesforce.lookup import Lookup
from connectors.salesforce.outcome import refusal
from connectors.salesforce.packing import Row
from connectors.salesforce.wire import STAMP
from connectors.shapes import reading
from syncd.model.errors import SyncdError
from syncd.model.remote import Gone, Moved, RemoteRef, Shape
from syncd.model.values import Lane, Wire
from syncd.model.write import CreateRecord, Deferred, Stale, UpdateRecord, WriteResult, Written


def follow(lookup: Lookup, shape: Shape, left: Sequence[tuple[Row, Complaint]], lane: Lane) -> dict[int, WriteResult]:
    """Rows that turned out to be deleted, merged or converted: told with where they went, by place."""
    if not left:
        return {}
    results: dict[int, WriteResult] = {row.place: refusal(complaint) for row, complaint in left}
    updates = [(row, row.write.ref) for row, _ in left if isinstance(row.write, UpdateRecord)]
    try:
        with reading("fetch"):
            fates = lookup.fetch(shape, [ref for _, ref in updates], lane)
            for (row, _), fate in zip(updates, fates, strict=True):
                if isinstance(fate, Gone | Moved):
                    results[row.place] = Stale(fate)
            for row, _ in left:
                if isinstance(row.write, CreateRecord) and shape.key:
                    for holder in lookup.holders(shape, row.object, row.write.key, lane):
                        if isinstance(holder, Moved):
                            results[row.place] = Stale(holder)
    except SyncdError as why:
        for row, complaint in left:
            results[row.place] = Deferred(complaint.code, f"{complaint.message}; and where it went: {why}")
    return results


def read_back(lookup: Lookup, done: Sequence[tuple[Row, str, bool]], lane: Lane) -> dict[int, WriteResult]:
    """Collections and jobs answer ids only: what the vendor holds now is read, else a rewrite would look like an edit.

    :param done: rows with the ids of their records, and whether these were made. :returns: the results by place.
    """
    results: dict[int, WriteResult] = {}
    by_object: dict[str, list[tuple[Row, str, bool]]] = {}
    for each in done:
        by_object.setdefault(each[0].object, []).append(each)
    for name, written in by_object.items():
        fields = dict.fromkeys(("Id", STAMP, *(field for row, _, _ in written for field in row.sent)))
        try:
            with reading("collections.read"):
                held = lookup.rows(name, [id_ for _, id_, _ in written], list(fields), lane)
        except SyncdError:
            # The write is sure. What was sent stands in for what is held; the next read corrects it.
            held = {}
        results |= as_sent(written, held)
    return results


def as_sent(
    done: Sequence[tuple[Row, str, bool]], held: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
) -> dict[int, WriteResult]:
    """The same without asking, from what is ``held`` by the ids of records: where that tells nothing, from what was
    sent.
    """
    results: dict[int, WriteResult] = {}
    for row, id_, created in done:
        told = held.get(id_, {})
        confirmed = {field: _plain(told.get(field, value), value) for field, value in row.sent.items()}
        results[row.place] = Written(RemoteRef(row.object, id_), told.get(STAMP, ""), confirmed, created)
    return results


def _plain(told: object, sent: Wire) -> Wire:
    """What a row read back tells of one field; what was sent, if that is the whole id or no value a field can have."""
    if isinstance(told, str) and isinstance(sent, str) and is_id(told) and sent == as_told(told):
        return sent
    return told if told is None or isinstance(told, str | int | float) else sent
