"""Writes in batches of 100, each answer read row by row.

A multi-status answer is no error to HTTP, unknown ids of an update are skipped without a word or named as not found,
and a bad row may fail its whole batch: so results are matched by id and by ``objectWriteTraceId`` (our intent), rows
that were skipped or not found are asked for by id, and a refused batch is taken apart until the row at fault stands
alone. Only a batch that surely was not executed is sent again; an unanswered one leaves its rows ``Indeterminate``.

Order of one call: compare with what is there (``expect``), unsubscribe addresses, creates, updates, associations.
Two writes of one record never share a batch, since HubSpot promises no order inside one.

Length: one batch's story from its rows to their results; its steps share those results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Final, TypeVar

from connectors.hubspot.associations import write_refs
from connectors.hubspot.client import HubSpotClient, object_of
from connectors.hubspot.errors import LOCK_PAUSE, SCHEMA_CODES, Fault, Rejected, read_fault
from connectors.hubspot.optout import opt_ins, refuse_opt_in, unsubscribe
from connectors.hubspot.reading import BATCH, Reader
from connectors.hubspot.stages import KEPT, STAGE, Cleared, clear_stages, kept_back, moved_by_others
from connectors.hubspot.wire import Asked, as_wire, id_of, opt_outs, properties_of, same, to_text
from connectors.shapes import reading
from connectors.transport import wrong_shape
from syncd.model.errors import Bug, NeedsOperator, RetryLater, SyncdError
from syncd.model.remote import Gone, Moved, RemoteRecord
from syncd.model.values import Instant, Wire
from syncd.model.write import (
    CreateRecord,
    Deferred,
    Indeterminate,
    Refused,
    Stale,
    UpdateRecord,
    Write,
    WriteResult,
    Written,
)
from syncd.ports.system import Clock

Row = Mapping[str, Any]
W = TypeVar("W", CreateRecord, UpdateRecord)
NOT_FOUND: Final = 404
_NO_ANSWER: Final = "HubSpot answered neither a result nor an error for this row"


@dataclass(slots=True)
class Writer:
    """One call of ``write``; ``results`` fills up by the row's place in the batch."""

    client: HubSpotClient
    reader: Reader
    asked: Asked
    key: str
    clock: Clock
    deadline: Instant
    horizon: timedelta
    results: dict[int, WriteResult] = field(default_factory=dict)
    rows: Mapping[int, Write] = field(default_factory=dict)

    def run(self, batch: Sequence[Write]) -> list[WriteResult]:
        """Results in the order and length of the batch.

        :raises NeedsOperator, Bug, RetryLater: only while nothing of the batch has been sent.
        """
        self.rows = dict(enumerate(batch))
        self.results |= {
            index: refuse_opt_in(names) for index, row in self.rows.items() if (names := opt_ins(row.fields))
        }
        self._step(self._compare)
        self._step(self._unsubscribe)
        self._step(lambda: self._lots(CreateRecord, self._upsert))
        self._step(lambda: self._lots(UpdateRecord, self._update))
        self._step(self._step_back)
        self._step(self._associate)
        return [self.results[index] for index in self.rows]

    def _step(self, act: Callable[[], None]) -> None:
        """Does one step; a failure of the whole call after the first success becomes the rest's result."""
        try:
            act()
        except (RetryLater, NeedsOperator, Bug) as why:
            if not any(_is_in_part(result) for result in self.results.values()):
                raise
            self._end(self._open(), _later(why))

    def _open(self) -> list[int]:
        return [index for index in self.rows if index not in self.results]

    def _end(self, indexes: Iterable[int], result: WriteResult) -> None:
        for index in indexes:
            self.results[index] = result

    # -- before the writes -------------------------------------------------------------------------------------------

    def _compare(self) -> None:
        """Reads conditional rows again: HubSpot has no conditional write, so this is as close as one gets."""
        held: dict[int, UpdateRecord] = {}
        for index in self._open():
            row = self.rows[index]
            if isinstance(row, UpdateRecord) and row.expect is not None:
                held[index] = row
        if not held:
            return
        states = self.reader.fetch(self.asked.bare(), [row.ref.id for row in held.values()])
        stale: list[int] = []
        for (index, row), state in zip(held.items(), states, strict=True):
            if not isinstance(state, RemoteRecord):
                self.results[index] = Stale(state)
            elif _differs(row, state):
                stale.append(index)
        for index, state in zip(stale, self.reader.fetch(self.asked, [held[i].ref.id for i in stale]), strict=True):
            self.results[index] = Stale(state)

    def _unsubscribe(self) -> None:
        rows = {index: self.rows[index] for index in self._open()}
        self.results |= unsubscribe(self.client, self.reader, self.asked, rows, lane=self.reader.lane)

    # -- the writes --------------------------------------------------------------------------------------------------

    def _lots(self, sort: type[Write], send: Callable[[list[int]], None]) -> None:
        """Sends the open rows of one sort, at most 100 a call, several calls at once; never two rows of one record."""
        waiting = [index for index in self._open() if isinstance(self.rows[index], sort)]
        while waiting:
            lots, waiting = self._apart(waiting)
            self.client.abreast([partial(self._in_time, send, lot) for lot in lots])

    def _apart(self, waiting: Sequence[int]) -> tuple[list[list[int]], list[int]]:
        """Lots in which each record is written once, and the rows that must come after them."""
        lots: list[list[int]] = [[]]
        taken: set[tuple[str, str]] = set()
        later: list[int] = []
        for index in waiting:
            row = self.rows[index]
            names = {("key", row.key) if isinstance(row, CreateRecord) else ("id", row.ref.id), ("trace", row.intent)}
            if names & taken:
                later.append(index)
                continue
            taken |= names
            if len(lots[-1]) == BATCH:
                lots.append([])
            lots[-1].append(index)
        return lots, later

    def _in_time(self, send: Callable[[list[int]], None], lot: list[int]) -> None:
        if self.clock.stopping() or self.clock.now() >= self.deadline:
            late = "the time for this cycle's writes is over; the row is sent in the next one"
            self._end(lot, Deferred("DEADLINE", late))
        else:
            send(lot)

    def _upsert(self, lot: list[int]) -> None:
        inputs = {
            index: {
                "id": row.key,
                "idProperty": self.key,
                "properties": {**_properties(row), self.key: row.key},
                "objectWriteTraceId": row.intent,
            }
            for index, row in self._of(lot, CreateRecord)
        }
        self._send(inputs, "batch.upsert", "/batch/upsert")

    def _update(self, lot: list[int]) -> None:
        rows = self._of(lot, UpdateRecord)
        inputs = {
            index: {"id": row.ref.id, "properties": _properties(row), "objectWriteTraceId": row.intent}
            for index, row in rows
            if _properties(row)
        }
        self._send(inputs, "batch.update", "/batch/update")
        bare = {index: row.ref.id for index, row in rows if index not in inputs}
        if bare:  # only an opt-out or an association to write: nothing of the record itself
            states = self.reader.fetch(self.asked.bare(), list(bare.values()))
            for index, state in zip(bare, states, strict=True):
                if isinstance(state, RemoteRecord):
                    self._confirm(index, state.ref.id, state.version, state.fields)
                else:
                    self.results[index] = Stale(state)

    def _step_back(self) -> None:
        """Moves stages backward that HubSpot kept: cleared, then set in a second request, also if nobody knows whether
        they were cleared: then HubSpot keeps them once more.
        """
        updates = {i: row for i, row in self.rows.items() if isinstance(row, UpdateRecord)}
        kept = kept_back(updates, self.results)
        path = self.client.paths.objects(self.asked.kind, "/batch/update")
        for start in range(0, len(kept), BATCH):
            lot = {index: updates[index] for index in kept[start : start + BATCH]}
            try:
                others = moved_by_others(self.reader, self.asked, lot)
                self.results |= others
                lot = {index: row for index, row in lot.items() if index not in others}
                if not lot:
                    continue
                ids = {index: row.ref.id for index, row in lot.items()}
                cleared = clear_stages(self.client, path, ids, lane=self.reader.lane)
            except RetryLater as why:
                for index in lot:  # where a stage alone was kept, the rest of the row is written
                    alone = isinstance(self.results[index], Written)
                    self.results[index] = _later(why, (STAGE,) if alone else ())
                continue
            if cleared is Cleared.NO:
                self._end(lot, KEPT)
                continue
            empty = Indeterminate("its stage was cleared, and may not be set again", self.clock.now() + self.horizon)
            self._end(lot, empty)
            self._update(list(lot))
            self._end([i for i in lot if not isinstance(self.results[i], Written)], empty)
            self._end(kept_back(lot, self.results), empty if cleared is Cleared.PERHAPS else KEPT)

    def _send(self, inputs: Mapping[int, Row], operation: str, tail: str) -> None:
        """One call for these rows, or as many as it takes to find the row that spoils it."""
        if not inputs:
            return
        path = self.client.paths.objects(self.asked.kind, tail)
        try:
            answer = self.client.write(operation, path, {"inputs": list(inputs.values())}, lane=self.reader.lane)
        except Rejected as refusal:
            self._take_apart(inputs, operation, tail, refusal)
            return
        except RetryLater as why:
            self._end(inputs, self._unknown(why) if why.sent else _later(why))
            return
        try:
            with reading(operation):
                body = object_of(answer, operation)
                self._settle(inputs, body["results"])
                self._blame(inputs, list(body.get("errors") or []), operation, tail)
        except SyncdError as why:  # the rows were sent, so what is not told of them is not known
            self._end([index for index in inputs if index not in self.results], self._unknown(why))

    def _take_apart(self, inputs: Mapping[int, Row], operation: str, tail: str, refusal: Rejected) -> None:
        """A 4xx of a batch: HubSpot wrote none of it. Rows are parted by the properties at fault, then by halves."""
        fault = refusal.fault
        guilty = {i: row for i, row in inputs.items() if not row["properties"].keys().isdisjoint(fault.fields)}
        if len(inputs) == 1 or (guilty and fault.code in SCHEMA_CODES):
            self._fail(dict.fromkeys(guilty or inputs, fault), status=refusal.status)
            self._send({i: row for i, row in inputs.items() if i not in (guilty or inputs)}, operation, tail)
            return
        if not 0 < len(guilty) < len(inputs):
            guilty = dict(list(inputs.items())[: len(inputs) // 2])
        self._send(guilty, operation, tail)
        self._send({i: row for i, row in inputs.items() if i not in guilty}, operation, tail)

    def _settle(self, inputs: Mapping[int, Row], results: Sequence[Row]) -> None:
        """Finds the row of each result and reads back what an answer does not tell."""
        by_trace = {str(row["objectWriteTraceId"]): i for i, row in inputs.items()}
        by_name = {str(row["id"]): i for i, row in inputs.items()}
        untold: dict[int, Row] = {}
        given: dict[str, int] = {}
        for result in results:
            held = properties_of(result)
            index = by_trace.get(str(result.get("objectWriteTraceId")))
            if index is None:
                index = by_name.get(str(held.get(self.key) if "idProperty" in _first(inputs) else result.get("id")))
            if index is None:
                continue
            key = id_of(result, self.asked.kind)
            if given.setdefault(key, index) != index:
                raise wrong_shape("batch", f"{self.asked.kind}/{key} is the answer to two rows")
            new = result.get("new") is True
            wanted = [name for name, value in inputs[index]["properties"].items() if value != "" or not new]
            if all(name in held for name in wanted):
                self._confirm(index, key, str(self.asked.stamp_of(result)), held, new=new)
            else:
                untold[index] = result
        if not untold:
            return
        names = sorted({name for index in untold for name in inputs[index]["properties"]})
        told = {
            id_of(row, self.asked.kind): row
            for row in self.reader.batch(self.asked, [str(row["id"]) for row in untold.values()], also=names)
        }
        for index, result in untold.items():
            row = told.get(str(result["id"]), result)
            version = str(self.asked.stamp_of(row))
            self._confirm(index, str(result["id"]), version, properties_of(row), new=result.get("new") is True)

    def _blame(self, inputs: Mapping[int, Row], errors: Sequence[Row], operation: str, tail: str) -> None:
        """Gives each error of a multi-status answer to its row, and asks what became of rows that have neither."""
        by_trace = {str(row["objectWriteTraceId"]): i for i, row in inputs.items()}
        by_name = {str(row["id"]): i for i, row in inputs.items()}
        faults: dict[int, Fault] = {}
        stray: list[Fault] = []
        for error in errors:
            fault = read_fault(error)
            hit = [by_trace[trace] for trace in fault.traces if trace in by_trace]
            hit = hit or [by_name[key] for key in fault.ids if key in by_name]
            faults |= {index: fault for index in hit if index not in self.results and index not in faults}
            if not hit and fault.code != "UNKNOWN":
                stray.append(fault)
        self._fail(faults)
        silent = {index: row for index, row in inputs.items() if index not in self.results}
        if stray and len(silent) == 1:
            self._fail(dict.fromkeys(silent, stray[0]))
        elif stray and silent:  # the answer lists what was written, so these were not: send them apart
            half = dict(list(silent.items())[: len(silent) // 2])
            self._send(half, operation, tail)
            self._send({i: row for i, row in silent.items() if i not in half}, operation, tail)
        elif silent:
            self._ask_about(silent)

    def _ask_about(self, silent: Mapping[int, Row]) -> None:
        """Rows that HubSpot passed over: archived, merged (old ids do not work in batches), or never answered, though
        they may be done.
        """
        creates = {row.key: index for index, row in self._of(silent, CreateRecord)}
        for row in self.reader.batch(self.asked, list(creates), by=self.key) if creates else []:
            held = properties_of(row)
            index = creates.get(str(held.get(self.key)))
            if index is not None:
                self._confirm(index, id_of(row, self.asked.kind), str(self.asked.stamp_of(row)), held)
        self._end([index for index in creates.values() if index not in self.results], self._unknown(None))
        skipped = Deferred("SKIPPED", _NO_ANSWER)
        self._follow({index: skipped for index, _ in self._of(silent, UpdateRecord)}, maybe=True)

    def _fail(self, faults: Mapping[int, Fault], *, status: int = 400) -> None:
        """Gives each of these rows what its fault makes of it. An update whose record HubSpot did not find is no
        refusal: the record may be gone, or merged into another one, since old ids do not work in batches.
        """
        lost: dict[int, WriteResult] = {
            index: Deferred(fault.code, fault.message)
            for index, fault in faults.items()
            if isinstance(self.rows[index], UpdateRecord) and (fault.nowhere or status == NOT_FOUND)
        }
        for index in faults.keys() - lost.keys():
            self.results[index] = faults[index].result(self.asked.kind, status=status)
        try:
            self._follow(lost)
        except RetryLater as why:
            self._end(lost, _later(why))

    def _follow(self, otherwise: Mapping[int, WriteResult], *, maybe: bool = False) -> None:
        """Reads where the records of these updates are now; one that is there as before has the result given.

        :param maybe: whether some may be done, which is told by what stands there.
        """
        updates = self._of(otherwise, UpdateRecord)
        states = self.reader.fetch(self.asked, [row.ref.id for _, row in updates]) if updates else []
        for (index, row), state in zip(updates, states, strict=True):
            if isinstance(state, Gone | Moved):
                self.results[index] = Stale(state)
            elif maybe and _is_done(row, state):
                self._confirm(index, row.ref.id, state.version, state.fields)
            else:
                self.results[index] = otherwise[index]

    # -- after the writes --------------------------------------------------------------------------------------------

    def _associate(self) -> None:
        """Sets associations of what was written; a failed one parks the ref, not the record."""
        wanted: dict[str, dict[int, tuple[str, str]]] = {}
        for index, result in self.results.items():
            if isinstance(result, Written):
                for name, ref in self.rows[index].refs.items():
                    wanted.setdefault(name, {})[index] = (result.ref.id, ref.id)
        for name, pairs in wanted.items():
            kinds = {self.rows[index].refs[name].object for index in pairs}
            for kind in sorted(kinds):
                here = {i: pair for i, pair in pairs.items() if self.rows[i].refs[name].object == kind}
                self._associate_with(kind, name, here)

    def _associate_with(self, kind: str, name: str, pairs: Mapping[int, tuple[str, str]]) -> None:
        advice = f"see whether the {kind} record is still there; the fields of this record were written"
        try:
            unmade = write_refs(self.client, self.asked.kind, kind, list(pairs.values()), lane=self.reader.lane)
        except NeedsOperator as why:
            self._end(pairs, Refused(type(why).__name__, str(why), advice, (name,)))
            return
        except RetryLater as why:
            self._end(pairs, _later(why, (name,)))
            return
        for index, pair in pairs.items():
            if pair in unmade:
                fault = unmade[pair]
                if fault is None:
                    self.results[index] = self._unknown(None)
                elif fault.passing:
                    self.results[index] = Deferred(fault.code, fault.message, LOCK_PAUSE, (name,))
                else:
                    self.results[index] = Refused(fault.code, fault.message, advice, (name,))

    # -- small parts -------------------------------------------------------------------------------------------------

    def _of(self, lot: Iterable[int], sort: type[W]) -> list[tuple[int, W]]:
        return [(index, row) for index in lot if isinstance(row := self.rows[index], sort)]

    def _confirm(self, index: int, key: str, version: str, held: Mapping[str, Wire], *, new: bool = False) -> None:
        """What HubSpot holds now. A value it did not take, like a stage moved backward, stands here as it is."""
        row = self.rows[index]
        confirmed = {
            name: as_wire(held[name]) if name in held else to_text(value) or None for name, value in row.fields.items()
        }
        confirmed.update(dict.fromkeys(opt_outs(row.fields), "true"))
        if isinstance(row, CreateRecord):
            confirmed.setdefault(self.key, row.key)
        self.results[index] = Written(self.asked.ref(key), version, confirmed, created=new)

    def _unknown(self, why: SyncdError | None) -> Indeterminate:
        return Indeterminate(str(why) if why else _NO_ANSWER, self.clock.now() + self.horizon)


def _properties(row: Write) -> dict[str, str]:
    return {name: to_text(value) for name, value in row.fields.items() if not name.startswith("@")}


def _is_done(row: UpdateRecord, state: RemoteRecord) -> bool:
    held = state.fields
    return all(name in held and same(held[name], value) for name, value in _properties(row).items())


def _differs(row: UpdateRecord, state: RemoteRecord) -> bool:
    """Whether an expected value does not stand any more; one that the answer left out may be an edit by now."""
    assert row.expect is not None
    held = state.fields
    return not all(name in held and same(held[name], value) for name, value in row.expect.values.items())


def _later(why: SyncdError, fields: tuple[str, ...] = ()) -> Deferred:
    after = why.after if isinstance(why, RetryLater) and why.after else timedelta(0)
    return Deferred(type(why).__name__, str(why), after, fields)


def _is_in_part(result: WriteResult) -> bool:
    """Whether anything of a row was done, or may be."""
    return isinstance(result, Written | Indeterminate) or (isinstance(result, Deferred) and bool(result.fields))


def _first(inputs: Mapping[int, Row]) -> Row:
    return next(iter(inputs.values()))
