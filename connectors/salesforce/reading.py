"""Reading streams: what changed, everything, and what left for good.

Changes are rows of ``queryAll`` by ``SystemModstamp`` (the only stamp that automation moves too). Stamps have whole
seconds and are given before the transaction commits, so two questions are asked in one call: a *fresh* one for what is
newer than the edge (and for the last seconds before it, minus what was read there), and, once per ``overlap``, a
*second look* at what is by now old enough that every transaction has committed. Every row is thereby read at most
twice, and none is lost that commits within ``overlap`` seconds of its stamp. Objects share the call. What takes the
vendor too long is asked for in stretches of time, half as long each time until they are answered.

Scans go by id, which no change can reorder. What left the recycle bin, too, is told by ``departures``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, TypeAlias

from connectors.salesforce import cursor as cursors
from connectors.salesforce import forgotten, roles, soql
from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.cursor import Mark
from connectors.salesforce.errors import LIGHTER, SlowQuery
from connectors.salesforce.lookup import Lookup
from connectors.salesforce.queries import LostPlace, Queries, Result
from connectors.salesforce.roles import ROLE
from connectors.salesforce.wire import INDIVIDUAL, PERSON_ACCOUNT, STAMP, Columns, identify, read_row
from connectors.shapes import Turns
from connectors.transport import wrong_shape
from syncd.model.remote import Cursor, Departure, Gone, Moved, Page, RemoteRecord, Shape
from syncd.model.values import Instant, Lane
from syncd.observe.log import emit

PAGE: Final = 2000
"""Rows a page holds at most ("Query"); also what one page of ours holds where small answers are put together."""
_LONG_QUERY: Final = timedelta(seconds=60)
_SHORTEST: Final = timedelta(seconds=1)
"""No stretch of time is shorter: stamps have whole seconds."""
_TOO_SLOW: Final = (
    "changes: even what changed in {} within a second takes Salesforce too long; the position stays, and the next poll"
    f" asks again. If it stays so, {LIGHTER}"
)
_FEWEST: Final = 125
"""Rows that a page of a scan is made no smaller than."""
_RESTARTS: Final = 2


@dataclass(slots=True)
class _Stream:
    """One question of a change cycle. ``looks`` tells the second look from the fresh one; ``upto`` is the stamp it ends
    with, ``None`` for a fresh one, which has no end.
    """

    object: str
    columns: Columns
    query: soql.Query
    looks: bool
    upto: Instant | None = None
    seen: dict[str, Instant] = field(default_factory=dict)


@dataclass(slots=True)
class _Gathered:
    """Rows of one page of ours."""

    records: list[RemoteRecord] = field(default_factory=list)
    gone: list[Gone] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    rows: int = 0
    reread: int = 0

    def take(self, rows: list[dict[str, Any]], stream: _Stream) -> None:
        """Adds the rows of one answer, and notes in the stream what it saw."""
        for row in rows:
            what = read_row(row, stream.columns)
            self.add([what])
            if isinstance(what, RemoteRecord):
                stream.seen[what.ref.id] = what.stamp
            else:
                ref, at = identify(row, stream.object)
                stream.seen[ref.id] = at
        self.rows += len(rows)
        self.reread += len(rows) if stream.looks else 0

    def add(self, found: Iterable[RemoteRecord | Gone | Moved]) -> None:
        """Adds what rows turned out to be."""
        for what in found:
            if isinstance(what, RemoteRecord):
                self.records.append(what)
            elif isinstance(what, Moved):
                self.moved.append(what)
            else:
                self.gone.append(what)

    def page(self, cursor: Cursor) -> Page:
        """The page, records oldest first."""
        self.records.sort(key=lambda record: record.stamp)
        return Page(self.records, cursor, self.gone, self.moved, self.reread)


_Looks: TypeAlias = Callable[[Mapping[str, Columns], Mapping[str, Mark], Instant], list[_Stream]]
"""Which questions a reading of changes asks."""


class Reader:
    """Streams of one org in one lane."""

    def __init__(self, client: SalesforceClient, queries: Queries, lookup: Lookup, *, lane: Lane) -> None:
        self._client = client
        self._queries = queries
        self._lookup = lookup
        self._lane = lane
        self._overlap = timedelta(seconds=client.account.overlap)

    # -- changes -------------------------------------------------------------------------------------------------

    def start(self, shape: Shape, now: Instant) -> Cursor:
        """The cursor of the vendor's ``now``, an overlap earlier: what commits late is still found."""
        return cursors.write_marks({name: Mark.at(now - self._overlap) for name in shape.objects})

    def changes(self, shape: Shape, since: Cursor) -> Iterator[Page]:
        """Pages of what changed; see the connector Protocol."""
        yield from self._lookup.despite_hidden_fields(lambda: self._changes(shape, since, self._both_looks))

    def span(self, shape: Shape, since: Cursor) -> Iterator[Page]:
        """The same, each record once."""
        yield from self._lookup.despite_hidden_fields(lambda: self._changes(shape, since, self._first_look))

    def _changes(self, shape: Shape, since: Cursor, looks: _Looks) -> Iterator[Page]:
        columns = {name: self._lookup.columns(shape, name, self._lane) for name in shape.objects}
        people = [INDIVIDUAL] if any(each.individual for each in columns.values()) else []
        beside = [ROLE] if roles.are_read(columns.values()) else []
        marks = cursors.read_marks(since, [*columns, *people, *beside])
        # Only now is the vendor's time known for sure: to describe the columns is the first call of a new process.
        cursors.check(marks, self._client.vendor_now())
        upto = (self._client.vendor_now() - self._overlap).replace(microsecond=0)
        streams = looks(columns, marks, upto)
        wishes = [forgotten.query(marks[INDIVIDUAL])] if people else []
        primary = [roles.query(marks[ROLE])] if beside else []
        slow: list[_Stream] = []
        try:
            firsts = self._queries.first([*(stream.query for stream in streams), *wishes, *primary], self._lane)
        except SlowQuery:  # of which of them is not told
            slow, streams = streams, slow
            firsts = self._queries.first([*wishes, *primary], self._lane)
        gathered = _Gathered()
        if beside:
            changed = roles.opportunities(self._whole(firsts.pop()))
            gathered.add(self._lookup.fetch(shape, changed, self._lane) if changed else ())
            marks[ROLE] = Mark.at(max(upto, marks[ROLE].edge))
        if people:
            gathered.gone += forgotten.records(self._whole(firsts.pop()), columns, self._queries, self._lane)
            marks[INDIVIDUAL] = Mark.at(max(upto, marks[INDIVIDUAL].edge))
        long: list[tuple[_Stream, Result]] = []
        for stream, result in zip(streams, firsts, strict=True):
            if result.next is not None:
                long.append((stream, result))
                continue
            if gathered.rows and gathered.rows + len(result.rows) > PAGE:
                yield gathered.page(cursors.write_marks(marks))
                gathered = _Gathered()
            gathered.take(result.rows, stream)
            self._finish(marks, stream, result.at, upto)
        if (long or slow) and (gathered.rows or gathered.gone or gathered.records):
            yield gathered.page(cursors.write_marks(marks))
            gathered = _Gathered()
        for stream, result in long:
            yield from self._long(stream, result, marks, upto)
        for stream in slow:
            yield from self._stretches(stream, marks, upto)
        for name, mark in marks.items():
            if upto - mark.looked >= self._overlap and looks == self._both_looks:
                marks[name] = Mark(mark.edge, mark.floor, mark.recent, upto)
        yield gathered.page(cursors.write_marks(marks))

    def _whole(self, first: Result) -> list[dict[str, Any]]:
        """All rows of an answer, whatever its length."""
        return [*first.rows, *(row for page in self._queries.following(first, self._lane) for row in page.rows)]

    def _first_look(self, described: Mapping[str, Columns], marks: Mapping[str, Mark], upto: Instant) -> list[_Stream]:
        return [stream for stream in self._both_looks(described, marks, upto) if not stream.looks]

    def _both_looks(self, described: Mapping[str, Columns], marks: Mapping[str, Mark], upto: Instant) -> list[_Stream]:
        """The questions of this cycle: the fresh one of every object, and a second look where one is due."""
        streams: list[_Stream] = []
        for name, columns in described.items():
            mark = marks[name]
            fresh = soql.later(STAMP, mark.edge)
            if mark.floor <= mark.edge:
                window = soql.since(STAMP, mark.floor)
                known = [soql.ids_not_in("Id", mark.recent)] if mark.recent else []
                fresh = soql.either(fresh, soql.both(window, *known))
            streams.append(_Stream(name, columns, self._query(columns, fresh), looks=False))
            end = min(upto, mark.edge)
            if upto - mark.looked >= self._overlap and end > mark.looked:
                late = (soql.later(STAMP, mark.looked), soql.until(STAMP, end))
                streams.append(_Stream(name, columns, self._query(columns, *late), looks=True, upto=end))
        return streams

    def _query(self, columns: Columns, *where: soql.Condition) -> soql.Query:
        persons = [soql.equals(PERSON_ACCOUNT, value=False)] if PERSON_ACCOUNT in columns.signs else []
        return soql.select(
            columns.selected,
            columns.object,
            *where,
            *persons,
            order=(STAMP, "Id"),
            all_rows=True,
            through=columns.through,
        )

    def _long(self, stream: _Stream, result: Result, marks: dict[str, Mark], upto: Instant) -> Iterator[Page]:
        """The pages of a question that needs several; a second look of that size is bulk work. Where that waits for the
        reserve the look is made all the same: an opt-out may be among what it finds.
        """
        lane = Lane.BULK if stream.looks and self._client.waits(Lane.BULK) is None else self._lane
        began = result.at
        for restart in range(_RESTARTS + 1):
            try:
                yield self._turn(stream, result, marks, began)
                for following in self._queries.following(result, lane):
                    yield self._turn(stream, following, marks, began)
                break
            except LostPlace:
                if restart == _RESTARTS:
                    raise
                (result,) = self._queries.first([stream.query], lane)
        self._finish(marks, stream, began, upto)

    def _stretches(self, stream: _Stream, marks: dict[str, Mark], upto: Instant) -> Iterator[Page]:
        """The pages of a question that takes the vendor too long, asked for in stretches of time: half as long after
        one that took too long, twice as long after one that did not, so that few more are refused than are answered.

        :raises SlowQuery: if even a second takes too long.
        """
        name = stream.object
        begin = marks[name].looked if stream.looks else marks[name].edge
        end = stream.upto or self._client.vendor_now().replace(microsecond=0)
        span = end - begin
        while begin < end:
            until = min(begin + span, end)
            # A mere range, which an index is good for; late ones of the window behind the edge are the second look's.
            query = self._query(stream.columns, soql.later(STAMP, begin), soql.until(STAMP, until))
            part = _Stream(name, stream.columns, query, looks=stream.looks)
            try:
                (result,) = self._queries.first([part.query], self._lane)
            except SlowQuery as why:
                if span <= _SHORTEST:
                    raise SlowQuery(_TOO_SLOW.format(name), sent=False) from why
                span = max(_SHORTEST, timedelta(seconds=span // timedelta(seconds=2)))
                emit("query.slow", object=name, seconds=round(span.total_seconds()))
                continue
            yield from self._long(part, result, marks, upto if until == end else until)
            if not stream.looks:
                edge = min(until, result.at.replace(microsecond=0) - timedelta(seconds=1))
                marks[name] = cursors.marked(marks[name], {}, edge=edge, over=result.at, looked=marks[name].looked)
            begin, span = until, span * 2

    def _turn(self, stream: _Stream, result: Result, marks: dict[str, Mark], began: Instant) -> Page:
        """One page of a long answer. Its cursor moves up to a stamp that no row of a later page can have."""
        gathered = _Gathered()
        gathered.take(result.rows, stream)
        mark = marks[stream.object]
        # Later pages show the values of the time they are fetched: only stamps well before the query tell the order.
        passed = [at for row in result.rows if (at := identify(row, stream.object)[1]) < began - _LONG_QUERY]
        if passed and not stream.looks:
            before = max(passed) - timedelta(seconds=1)
            marks[stream.object] = cursors.marked(mark, stream.seen, edge=before, over=began, looked=mark.looked)
        return gathered.page(cursors.write_marks(marks))

    def _finish(self, marks: dict[str, Mark], stream: _Stream, at: Instant, upto: Instant) -> None:
        """Moves the mark of one object past an answer that is complete. ``at`` is when the question was asked."""
        mark = marks[stream.object]
        if stream.looks:
            marks[stream.object] = Mark(mark.edge, mark.floor, mark.recent, upto)
        elif stream.seen:
            # The second of the question was not over: whatever is stamped with it, or later, is asked for once more,
            # also a record that was read of an earlier second and is therefore left out of the window behind the edge.
            edge = min(max(stream.seen.values()), at.replace(microsecond=0) - timedelta(seconds=1))
            marks[stream.object] = cursors.marked(mark, stream.seen, edge=edge, over=at, looked=mark.looked)

    # -- scan ----------------------------------------------------------------------------------------------------

    def scan(self, shape: Shape, after: Cursor | None) -> Iterator[Page]:
        """Pages of everything there is, object by object, in the order of ids."""
        yield from self._lookup.despite_hidden_fields(lambda: self._scan(shape, after))

    def _scan(self, shape: Shape, after: Cursor | None) -> Iterator[Page]:
        names = list(shape.objects)
        current, last = cursors.read_scan(after) if after is not None else (names[0], None)
        if current is None:
            yield Page((), cursors.write_scan(None, None))
            return
        todo = names[names.index(current) :] if current in names else names
        for position, name in enumerate(todo):
            following = todo[position + 1] if position + 1 < len(todo) else None
            yield from self._scan_object(shape, name, last if name == current else None, following)

    def _scan_object(self, shape: Shape, name: str, last: str | None, following: str | None) -> Iterator[Page]:
        columns = self._lookup.columns(shape, name, self._lane)
        turns = Turns("scan", last)
        most = PAGE
        while True:
            where = [soql.after_id("Id", last)] if last else []
            where += self._lookup.live_only(columns)
            query = soql.select(columns.selected, name, *where, order=("Id",), limit=most, through=columns.through)
            try:
                (result,) = self._queries.first([query], self._lane)
            except SlowQuery:
                if most <= _FEWEST:
                    raise
                most //= 2
                continue
            # Wide rows come in smaller pages than asked; going on by id needs no address that might expire.
            ended = result.next is None and len(result.rows) < most
            read = [read_row(row, columns) for row in result.rows]
            records = [what for what in read if isinstance(what, RemoteRecord)]
            erased = [what for what in read if isinstance(what, Gone) and what.how is Departure.ERASED]
            last = identify(result.rows[-1], name)[0].id if result.rows else last
            if not ended and turns.to(last) is None:
                raise wrong_shape("scan", f"more rows of {name} are promised, and none is there")
            cursor = cursors.write_scan(following, None) if ended else cursors.write_scan(name, last)
            yield Page(records, cursor, erased)
            if ended:
                return
