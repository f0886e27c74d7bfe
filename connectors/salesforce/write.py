"""Writing a batch: what is sent, in how many calls, and what became of every row.

Promises: results in the order and length of the batch; a row is called refused, stale or deferred only if the vendor
surely did not write it. A call without an answer makes its rows ``Indeterminate`` until the horizon is over, and
nothing more of the batch is sent then. A thousand rows cost one call, and reading them back (Collections answer ids
only) one per 2,000 rows and object. Rows with ``expect`` are read again just before. A value that a row's record type
does not offer is refused here (``offers``). Refuses to send after the deadline.

Length: one batch's story from what is sent to what became of each row, whose steps share the rows and the results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from connectors.salesforce import soql
from connectors.salesforce.aftermath import as_sent, follow, read_back
from connectors.salesforce.bulk import Bulk, tables
from connectors.salesforce.client import BY_RULES, SalesforceClient
from connectors.salesforce.errors import CallRefused, Complaint, complaints, judge
from connectors.salesforce.ids import as_told
from connectors.salesforce.lookup import Lookup
from connectors.salesforce.offers import Offers
from connectors.salesforce.outcome import Trouble, named_fields, read_trouble, refusal
from connectors.salesforce.packing import PACK, Chunk, Row, chunks, composite, make_row, rounds
from connectors.salesforce.queries import subanswers
from connectors.salesforce.roles import Primary, give
from connectors.shapes import reading
from connectors.transport import Accept, Again, Resend
from syncd.model.errors import Bug, NeedsOperator, RetryLater, SyncdError
from syncd.model.remote import RemoteRecord, Shape
from syncd.model.values import Instant, Lane
from syncd.model.write import (
    Clash,
    CreateRecord,
    Deferred,
    Indeterminate,
    Refused,
    Stale,
    UpdateRecord,
    Write,
    WriteResult,
)
from syncd.observe.log import emit
from syncd.ports.system import Chance, Clock

_CHANGED: Final = 412
"""The status of a conditional write of a row that was changed meanwhile."""
_LOCK_RETRIES: Final = 3
_MOST_HALVINGS: Final = 16
"""Requests of a batch that are cut in two at most, in search of a row that spoils them; each costs two calls."""
_SPOILT: Final = "another row of its request spoils it, and is not found yet; the search goes on in the next run"


class Writer:
    """Writes of one org."""

    def __init__(
        self,
        client: SalesforceClient,
        lookup: Lookup,
        offers: Offers,
        *,
        clock: Clock,
        chance: Chance,
        horizon: float,
        bulk: Bulk | None = None,
    ) -> None:
        """:param horizon: seconds in which an unanswered write may still execute.

        :param bulk: for thousands of rows at once.
        """
        self.client = client
        self.lookup = lookup
        self.offers = offers
        self.clock = clock
        self.chance = chance
        self.horizon = timedelta(seconds=horizon)
        self.bulk = bulk
        self._packs = True

    def write(
        self, shape: Shape, batch: Sequence[Write], deadline: Instant, lane: Lane, meanwhile: Callable[[], None]
    ) -> list[WriteResult]:
        """See the connector Protocol. An error is raised only while nothing of the batch was sent."""
        on_its_way = _Batch(self, shape, batch, deadline, lane, meanwhile)
        try:
            return on_its_way.run()
        except SyncdError as why:
            if not on_its_way.sent:
                raise
            return on_its_way.cut_short(why)

    # -- one call ------------------------------------------------------------------------------------------------

    def send(self, pack: Sequence[Chunk], lane: Lane) -> list[tuple[int, Any]]:
        """Status and body for each chunk. A whole call that the vendor calls wrong is the status of its only chunk."""
        if len(pack) == 1:
            (chunk,) = pack
            more = BY_RULES if chunk.by_rules else {}
            try:
                answer = self.client.send(
                    "collections.write", chunk.method, chunk.path, chunk.body, lane=lane, resend=Resend.NEVER, more=more
                )
            except CallRefused as why:
                return [(why.status, [_entry(why.complaint)])]
            return [(answer.status, answer.json())]
        body = composite(pack, self.client.base_path, self.client.write_headers)
        answer = self.client.send("composite.write", "POST", "composite", body, lane=lane, resend=Resend.NEVER)
        return subanswers(answer, len(pack))

    def packs(self, rows: Sequence[Row], key: str) -> list[list[Chunk]]:
        """The rows call by call: five chunks each, or one in an org that refuses Composite.

        Rows with a value that Composite would read as a reference go in calls of their own, and so do those for which
        assignment rules are to run.
        """
        plain = chunks([row for row in rows if not (row.quotes_reference or row.by_rules)], key)
        size = PACK if self._packs else 1
        packs = [list(plain[start : start + size]) for start in range(0, len(plain), size)]
        quoting = chunks([row for row in rows if row.quotes_reference and not row.by_rules], key)
        return packs + [[chunk] for chunk in (*quoting, *chunks([row for row in rows if row.by_rules], key))]

    def doubt_composite(self, why: CallRefused) -> None:
        """An org that says it has no Composite is not asked again; a single chunk is never refused in this way."""
        self._packs = self._packs and why.status != 404


class _Batch:
    """One batch on its way; ``results`` fills up until no place is empty. ``sent``: some of it may be done."""

    def __init__(
        self,
        writer: Writer,
        shape: Shape,
        batch: Sequence[Write],
        deadline: Instant,
        lane: Lane,
        meanwhile: Callable[[], None],
    ) -> None:
        self._writer = writer
        self._meanwhile = meanwhile
        self._shape = shape
        self._batch = batch
        self._deadline = deadline
        self._lane = lane
        self._results: dict[int, WriteResult] = {}
        self._done: list[tuple[Row, str, bool]] = []
        self._written: set[str] = set()
        self._locked: list[Row] = []
        self._left: list[tuple[Row, Complaint]] = []
        self._stopped: Deferred | None = None
        self.sent = False
        self._halvings = 0
        self._seen: dict[int, Instant] = {}
        self._changed: list[Row] = []

    def run(self) -> list[WriteResult]:
        """Everything in its order."""
        if self._writer.bulk is not None:
            self._writer.bulk.look_back(self._lane)
        rows = self._offered(self._expected(self._rows()))
        bare = [row for row in rows if not row.sent]  # only a role is to be changed
        self._done += [(row, as_told(row.write.ref.id), False) for row in bare if isinstance(row.write, UpdateRecord)]
        for whole in rounds([row for row in rows if row.sent]):
            part = [row for row in whole if row.place not in self._seen]
            for row in whole:
                if row.place in self._seen:
                    self._send_alone(row)
            bulk = self._writer.bulk if self._shape.key else None  # a job finds what it made by the key alone
            jobs = [] if bulk is None else bulk.worth(part)
            many = {row.place for job in jobs for row in job}
            self._send_all([row for row in part if row.place not in many])
            for job in jobs:
                self._send_job(job)
        for attempt in range(1, _LOCK_RETRIES + 1):
            if not self._locked or self._stopped:
                break
            again, self._locked = self._locked, []
            self._writer.clock.sleep(self._writer.chance.uniform(0.5, 2.0) * attempt)
            self._send_all(again)
        for row in self._locked:
            self._results[row.place] = Deferred(
                "UNABLE_TO_LOCK_ROW", "the row, or one it hangs on, stays locked by somebody else", timedelta(minutes=1)
            )
        lookup = self._writer.lookup
        refs = [row.write.ref for row in self._changed if isinstance(row.write, UpdateRecord)]
        for row, current in zip(
            self._changed, lookup.fetch(self._shape, refs, self._lane) if refs else (), strict=True
        ):
            self._results[row.place] = Stale(current)
        self._results |= follow(lookup, self._shape, self._left, self._lane)
        self._results |= read_back(lookup, self._done, self._lane)
        self._give_roles()
        return [self._results[place] for place in range(len(self._batch))]

    def cut_short(self, why: SyncdError) -> list[WriteResult]:
        """What is known where something else than a write broke off, as a pause does when this process is to stop:
        nothing more is sent or read, and nothing of what was done is called undone. Whatever is still open was not
        written, or, where it waits for a role alone, only in part.
        """
        after = why.after if isinstance(why, RetryLater) and why.after else timedelta(0)
        later = Deferred(type(why).__name__, str(why), after)
        in_part = {row.place: replace(later, fields=tuple(row.roles)) for row, *_ in self._done if row.roles}
        told = as_sent(self._done) | in_part | self._results
        return [told.get(place, later) for place in range(len(self._batch))]

    def _rows(self) -> list[Row]:
        rows: list[Row] = []
        for place, write in enumerate(self._batch):
            given = self._writer.offers.given(write, self._lane)
            if isinstance(given, Refused):
                self._results[place] = given
                continue
            try:
                rows.append(make_row(place, write, self._shape, given))
            except ValueError as why:
                self._results[place] = Refused("MALFORMED_ID", str(why), "correct the id or the mapping of references")
        return rows

    def _offered(self, rows: list[Row]) -> list[Row]:
        """The rows that hold only what their record types offer; of the others the fields at fault are told."""
        self._results |= self._writer.offers.refused(rows, self._lane)
        return [row for row in rows if row.place not in self._results]

    def _expected(self, rows: list[Row]) -> list[Row]:
        """The rows whose expected values still stand; the others are stale, with what is there now."""
        asked = [row for row in rows if isinstance(row.write, UpdateRecord) and row.write.expect is not None]
        refs = [row.write.ref for row in asked if isinstance(row.write, UpdateRecord)]
        if not refs:
            return rows
        for row, current in zip(asked, self._writer.lookup.fetch(self._shape, refs, self._lane), strict=True):
            if not isinstance(current, RemoteRecord) or not _still_stands(row.write, current):
                self._results[row.place] = Stale(current)
            elif _is_conditional(row.write):
                self._seen[row.place] = current.stamp
        return [row for row in rows if row.place not in self._results]

    # -- sending -------------------------------------------------------------------------------------------------

    def _send_all(self, rows: Sequence[Row]) -> None:
        for pack in self._writer.packs(rows, self._shape.key):
            self._send_pack(pack)

    def _send_alone(self, row: Row) -> None:
        """One update that the vendor carries out only if the row was not changed since it was read: "Conditional
        Requests". The check is weak, by whole seconds: what it lets through is for the history to tell.
        """
        write = row.write
        assert isinstance(write, UpdateRecord)
        if self._is_over([row]):
            return
        self._meanwhile()
        path = f"sobjects/{soql.name(row.object)}/{as_told(write.ref.id)}"
        try:
            self._writer.client.change("single.write", path, row.sent, since=self._seen[row.place], lane=self._lane)
        except RetryLater as why:
            self._give_up([row], why)
        except CallRefused as why:
            self.sent = True
            if why.status == _CHANGED:
                self._changed.append(row)
            else:
                self._put_trouble(row, why.complaint)
        except NeedsOperator as why:
            if not self.sent:
                raise
            self._stop(why, None)
            self._put([row], self._stopped)
        except Bug as why:
            self.sent = True
            self._put([row], self._unknown(str(why)))
        else:
            self.sent = True
            self._take(row, as_told(write.ref.id), created=False)

    def _send_job(self, rows: Sequence[Row]) -> None:
        """Rows of one object and one sort by Bulk 2.0.

        What was not taken up goes as ever, and so does what a duplicate rule held, which tells of whom only there.
        """
        bulk, key = self._writer.bulk, self._shape.key
        assert bulk is not None
        for part, table in tables(rows, key):
            if self._is_over(part):
                continue
            try:
                told = bulk.run(part, table, key, lane=self._lane, meanwhile=self._meanwhile)
            except RetryLater as why:
                self._give_up(part, why)
                continue
            except NeedsOperator as why:
                if not self.sent:
                    raise
                self._stop(why, None)
                self._put(part, self._stopped)
                continue
            except Bug as why:  # no job was closed, so none of it was written
                code = why.code if isinstance(why, CallRefused) else type(why).__name__
                emit("bulk.refused", code=code, records=len(part))
                self._send_all(part)
                continue
            self.sent = True
            again = list(told.unsent)
            for row, id_, created in told.written:
                self._take(row, id_, created=created)
            for row, complaint in told.refused:
                if complaint.code == "DUPLICATES_DETECTED":
                    again.append(row)
                else:
                    self._put_trouble(row, complaint)
            again_places = {row.place for row in again}
            silent = [row for row in self._unjudged(part) if row.place not in again_places]
            self._put(silent, self._unknown("the job tells nothing of this row"))
            self._send_all(again)

    def _give_roles(self) -> None:
        """Primary contacts of what was written; one that is refused parks the reference, not the row."""
        rows = [row for row, *_ in self._done if row.roles]
        if not rows or self._is_over(rows):
            return
        writer = self._writer
        wanted = [
            Primary(row.place, name, id_, contact) for row, id_, _ in self._done for name, contact in row.roles.items()
        ]
        until = writer.clock.now() + writer.horizon
        self._results |= give(writer.client, writer.lookup.queries, wanted, until=until, lane=self._lane)

    def _is_over(self, rows: Sequence[Row]) -> bool:
        """Whether nothing more is sent: these rows are put off then."""
        clock = self._writer.clock
        if self._stopped is None and (clock.stopping() or clock.now() >= self._deadline):
            self._stopped = Deferred("DEADLINE", "there was no time left to send this row; the next run does")
        if self._stopped is not None:
            self._put(rows, self._stopped)
        return self._stopped is not None

    def _send_pack(self, pack: Sequence[Chunk]) -> None:
        rows = [row for chunk in pack for row in chunk.rows]
        if self._is_over(rows):
            return
        try:
            answers = self._writer.send(pack, self._lane)
        except RetryLater as why:
            self._give_up(rows, why)
            return
        except CallRefused as why:
            self._writer.doubt_composite(why)
            for chunk in pack:
                self._send_pack([chunk])
            return
        except NeedsOperator as why:
            if not self.sent:
                raise
            self._stop(why, None)
            self._put(rows, self._stopped)
            return
        except Bug as why:
            self.sent = True
            self._put(rows, self._unknown(str(why)))
            return
        self.sent = True
        for chunk, (status, body) in zip(pack, answers, strict=True):
            try:
                with reading("collections.write"):
                    self._judge(chunk, status, body)
            except Bug as why:
                self._put(self._unjudged(chunk.rows), self._unknown(str(why)))

    def _unjudged(self, rows: Sequence[Row]) -> list[Row]:
        """Those of these rows that nothing is known of."""
        known = {row.place for row, *_ in self._done} | {row.place for row in self._locked}
        known |= {row.place for row, _ in self._left} | self._results.keys()
        return [row for row in rows if row.place not in known]

    def _give_up(self, rows: Sequence[Row], why: RetryLater) -> None:
        """A call did not work: these rows may be written or surely are not, and nothing more is sent."""
        self._stop(why, why.after)
        self.sent = self.sent or why.sent
        self._put(rows, self._unknown(str(why)) if why.sent else self._stopped)

    def _stop(self, why: SyncdError, after: timedelta | None) -> None:
        self._stopped = Deferred("NOT_SENT", f"an earlier call failed: {why}", after or timedelta(0))

    def _unknown(self, reason: str) -> Indeterminate:
        return Indeterminate(reason, self._writer.clock.now() + self._writer.horizon)

    def _put(self, rows: Iterable[Row], result: WriteResult | None) -> None:
        assert result is not None
        for row in rows:
            self._results[row.place] = result

    # -- judging -------------------------------------------------------------------------------------------------

    def _judge(self, chunk: Chunk, status: int, body: object) -> None:
        """What became of one chunk."""
        client = self._writer.client
        verdict = judge(status, body, rate=client.rate, now=self._writer.clock.now()) if status else Again("no status")
        if isinstance(verdict, Accept):
            self._judge_rows(chunk, body)
        elif isinstance(verdict, Again):
            self._put(
                chunk.rows,
                self._unknown(verdict.reason)
                if verdict.executed
                else Deferred(_code(body), verdict.reason, verdict.after or timedelta(minutes=1)),
            )
        elif isinstance(verdict.error, RetryLater):
            self._put(chunk.rows, Deferred(_code(body), str(verdict.error), verdict.error.after or timedelta(0)))
        elif isinstance(verdict.error, NeedsOperator):
            self._put(chunk.rows, Deferred(_code(body), str(verdict.error)))
        else:
            self._whole_chunk_refused(chunk, next(iter(complaints(body)), Complaint("UNKNOWN", "", (), None)))

    def _whole_chunk_refused(self, chunk: Chunk, complaint: Complaint) -> None:
        """One bad field or value fails all rows of a request, whatever ``allOrNone`` says; nothing was written.

        Where the vendor names the field, the rows without it go again; where it does not, halving finds the row. When
        all halvings are spent, what is left waits for the next run: none of it is known to be at fault, and each run
        refuses a few that are.
        """
        fields = set(named_fields(complaint))
        if complaint.code.startswith("INVALID_FIELD") and fields:
            guilty = [row for row in chunk.rows if fields & row.sent.keys()]
            self._put(guilty or chunk.rows, refusal(complaint))
            innocent = [row for row in chunk.rows if not fields & row.sent.keys()] if guilty else []
            self._send_all(innocent)
        elif len(chunk.rows) == 1:
            self._put_trouble(chunk.rows[0], complaint)
        elif self._halvings >= _MOST_HALVINGS:
            self._put(chunk.rows, Deferred(complaint.code, _SPOILT))
        else:
            self._halvings += 1
            half = (len(chunk.rows) + 1) // 2
            for part in chunks(chunk.rows, self._shape.key, size=half):
                self._send_pack([part])

    def _judge_rows(self, chunk: Chunk, body: object) -> None:
        if not isinstance(body, list) or len(body) != len(chunk.rows) or not all(isinstance(r, dict) for r in body):
            told = f"there is not one answer for each of {len(chunk.rows):,}; nobody knows which"
            self._put(chunk.rows, self._unknown(told))
            return
        for row, told in zip(chunk.rows, body, strict=True):
            id_ = _id_of(told)
            if told.get("success") is False and (found := complaints(told.get("errors"))):
                self._put_trouble(row, found[0])
            elif told.get("success") is not True:
                self._put([row], self._unknown("the answer says neither that the row was written nor why not"))
            elif id_ is None:
                self._put([row], self._unknown("the answer's row is not the row that was sent"))
            else:
                self._take(row, id_, created=told.get("created") is not False)

    def _take(self, row: Row, id_: str, *, created: bool) -> None:
        """A row that the vendor says it wrote, if what it says can be."""
        write = row.write
        if isinstance(write, UpdateRecord) and id_ != as_told(write.ref.id):
            self._put([row], self._unknown("the answer's row is not the row that was sent"))
        elif isinstance(write, CreateRecord) and id_ in self._written:
            self._put([row], self._unknown("the answer gives one record for two rows"))
        else:
            self._done.append((row, id_, created and isinstance(write, CreateRecord)))
            self._written.add(id_)

    def _put_trouble(self, row: Row, complaint: Complaint) -> None:
        trouble = read_trouble(complaint, row.object)
        if trouble == Trouble.LOCKED:
            self._locked.append(row)
        elif trouble == Trouble.LEFT:
            self._left.append((row, complaint))
        elif isinstance(trouble, Refused | Clash):  # a lookup is known to the mapping by what it refers to
            named = tuple(row.lookups.get(name, name) for name in trouble.fields)
            self._results[row.place] = replace(trouble, fields=named)
        else:
            self._results[row.place] = trouble


def _is_conditional(write: Write) -> bool:
    return isinstance(write, UpdateRecord) and write.expect is not None and write.expect.conditional


def _still_stands(write: Write, current: RemoteRecord) -> bool:
    assert isinstance(write, UpdateRecord)
    assert write.expect is not None
    told = current.fields
    return all(name in told and told[name] == value for name, value in write.expect.values.items())


def _code(body: object) -> str:
    return next((one.code for one in complaints(body)), "UNKNOWN")


def _entry(complaint: Complaint) -> dict[str, Any]:
    if isinstance(complaint.extra, dict):
        return complaint.extra
    return {"errorCode": complaint.code, "message": complaint.message, "fields": list(complaint.fields)}


def _id_of(told: dict[str, Any]) -> str | None:
    """The id of a row's answer, if it is one."""
    try:
        return as_told(told["id"])
    except (KeyError, TypeError, ValueError):
        return None
