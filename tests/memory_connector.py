"""A connector over a dict: the smallest thing that keeps every promise of ``syncd.ports.connector.Connector``.

A reading of the Protocol in a page, and a fake for tests that want outcomes no vendor's stand-in gives at will. Changes
are counted, not timed: a cursor is the number of the last change read. ``force`` makes coming writes end as told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice

from syncd.model.errors import Bug
from syncd.model.remote import (
    AccountIdentity,
    Capabilities,
    Cursor,
    Departure,
    FieldEvent,
    Gone,
    Health,
    MatchKey,
    Moved,
    Page,
    Quota,
    RemoteField,
    RemoteRecord,
    RemoteRef,
    RemoteSchema,
    RemoteUser,
    Roster,
    Shape,
    Succession,
    UserSort,
)
from syncd.model.values import Instant, Lane, Side, Wire
from syncd.model.write import Clash, CreateRecord, Deferred, Refused, Stale, UpdateRecord, Write, WriteResult, Written
from syncd.ports.connector import nothing
from syncd.ports.fitting import Fitting
from syncd.ports.system import Clock

PAGE = 2


@dataclass
class Held:
    """One record: its values, the number of its last change, and how it ended, if it did."""

    ref: RemoteRef
    values: dict[str, Wire]
    change: int
    stamp: Instant
    refs: dict[str, tuple[RemoteRef, ...]] = field(default_factory=dict)
    end: Gone | Moved | None = None


@dataclass
class Shelf:
    """What the connectors of all lanes share: fields by object, records, the counter of changes, forced outcomes."""

    clock: Clock
    fields: Mapping[str, frozenset[str]]
    side: Side
    held: dict[RemoteRef, Held] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    forced: list[WriteResult] = field(default_factory=list)
    events: list[FieldEvent] = field(default_factory=list)
    change: int = 0
    calls: int = 0
    waiting: dict[Lane, Instant] = field(default_factory=dict)

    # -- people ------------------------------------------------------------------------------------------------------
    def create(self, object: str, values: Mapping[str, Wire]) -> RemoteRef:
        """Somebody makes a record."""
        ref = RemoteRef(object, str(1_000 + len(self.held)))
        self.held[ref] = Held(ref, {}, 0, self.clock.now())
        self.edit(ref, values)
        return ref

    def edit(self, ref: RemoteRef, values: Mapping[str, Wire], *, author: str = "person") -> None:
        """Somebody changes a record; e-mail addresses are stored in lower case."""
        held = self.held[ref]
        for name, value in values.items():
            kept = value.lower() if name == "email" and isinstance(value, str) else value
            held.values[name] = kept
            self.events.append(FieldEvent(ref, name, kept, self.clock.now(), author))
        self._touch(held)

    def archive(self, ref: RemoteRef) -> None:
        """Somebody puts a record into the bin."""
        self._end(ref, Gone(ref, Departure.ARCHIVED, self.clock.now()))

    def merge(self, winner: RemoteRef, loser: RemoteRef) -> RemoteRef:
        """Somebody merges two records; returns the one that lives on."""
        self._end(loser, Moved(loser, winner, Succession.MERGED, self.clock.now()))
        self._touch(self.held[winner])
        return winner

    def force(self, *results: WriteResult) -> None:
        """The next rows written end so, whatever they are, and nothing is stored."""
        self.forced.extend(results)

    def holders(self, object: str, name: str, value: Wire) -> list[Held]:
        """Live records of an object that hold a value."""
        return [
            held
            for held in self.held.values()
            if held.end is None and held.ref.object == object and held.values.get(name) == value
        ]

    def _end(self, ref: RemoteRef, end: Gone | Moved) -> None:
        self.held[ref].end = end
        self._touch(self.held[ref])

    def _touch(self, held: Held) -> None:
        self.change += 1
        held.change, held.stamp = self.change, self.clock.now()


class MemoryConnector:
    """One account in memory."""

    def __init__(self, shelf: Shelf, *, lane: Lane = Lane.ORDINARY) -> None:
        self.shelf = shelf
        self.lane = lane

    @property
    def side(self) -> Side:
        """The role this account plays."""
        return self.shelf.side

    @property
    def capabilities(self) -> Capabilities:
        """Lots of two, so that every list has pages."""
        return Capabilities(PAGE, PAGE, PAGE, PAGE, timedelta(milliseconds=1), history=True, confirms=True)

    def for_lane(self, lane: Lane) -> MemoryConnector:
        """The same account in another lane."""
        return MemoryConnector(self.shelf, lane=lane)

    def check(self) -> Health:
        """Always well."""
        return Health(self.identity())

    def identity(self) -> AccountIdentity:
        """The one account there is."""
        self.shelf.calls += 1
        return AccountIdentity("memory", "1")

    def schema(self, shape: Shape) -> RemoteSchema:
        """Lines of text; the key is unique."""
        self.shelf.calls += 1
        told = {
            name: {
                each: RemoteField(each, "string", each, writable=True, unique=each == shape.key)
                for each in sorted((self.shelf.fields[name] | {shape.key}) - self.shelf.hidden)
            }
            for name in shape.objects
        }
        return RemoteSchema(told, repr(told))

    def remember(self, schema: RemoteSchema) -> None:
        """Nothing to remember."""

    def users(self) -> Sequence[RemoteUser]:
        """One."""
        self.shelf.calls += 1
        return [RemoteUser("1", UserSort.USER, "One", "one@example.com", active=True)]

    def start(self, shape: Shape, at: Instant | None = None) -> Cursor:
        """The number of the last change."""
        return Cursor(str(self.shelf.change))

    def changes(self, shape: Shape, since: Cursor) -> Iterator[Page]:
        """Records by the number of their last change."""
        news = sorted((held for held in self._of(shape) if held.change > int(since)), key=lambda held: held.change)
        yield from self._pages(shape, news, since, lambda held: held.change)

    def span(self, shape: Shape, since: Cursor) -> Iterator[Page]:
        """The same: nothing is ever late here."""
        yield from self.changes(shape, since)

    def scan(self, shape: Shape, after: Cursor | None = None, *, pages: int | None = None) -> Iterator[Page]:
        """Records by id."""
        rest = sorted(
            (held for held in self._of(shape) if held.end is None and int(held.ref.id) > int(after or 0)),
            key=lambda held: int(held.ref.id),
        )
        yield from islice(self._pages(shape, rest, after or Cursor("0"), lambda held: int(held.ref.id)), pages)

    def departures(self, shape: Shape, after: Cursor | None, pages: int) -> Iterator[Page]:
        """Nothing: ``changes`` shows all."""
        yield Page((), after or Cursor("0"))

    def fetch(self, shape: Shape, refs: Sequence[RemoteRef]) -> Sequence[RemoteRecord | Gone | Moved]:
        """By id."""
        self.shelf.calls += 1
        return [self._state(shape, ref) for ref in refs]

    def find(self, shape: Shape, key: MatchKey, values: Sequence[str]) -> Mapping[str, Sequence[RemoteRecord]]:
        """By any of the key's fields, in any case."""
        self.shelf.calls += 1
        return {
            value: [
                self._record(shape, held)
                for held in self._of(shape)
                if held.end is None
                and value.lower()
                in {str(held.values.get(name) or "").lower() for name in key.fields.get(held.ref.object, ())}
            ]
            for value in values
        }

    def keyed(self, shape: Shape, object: str, keys: Sequence[str]) -> Mapping[str, Sequence[RemoteRecord]]:
        """By the key field."""
        self.shelf.calls += 1
        return {key: [self._record(shape, held) for held in self.shelf.holders(object, shape.key, key)] for key in keys}

    def roster(self, key: str, after: Cursor | None = None) -> Iterator[Roster]:
        """See the Protocol: everybody is in every list."""
        yield Roster(tuple(sorted(self._shelf.records)), Cursor(f"{key}{after or ''}"))

    def history(self, refs: Sequence[RemoteRef], fields: Sequence[str], since: Instant) -> Sequence[FieldEvent]:
        """Every change there was."""
        self.shelf.calls += 1
        return [
            event for event in self.shelf.events if event.ref in refs and event.field in fields and event.at >= since
        ]

    def quieten(self) -> None:
        """Nothing goes on here."""

    def billed(self, refs: Sequence[RemoteRef]) -> Sequence[RemoteRef]:
        """Nobody pays here."""
        return ()

    def write(
        self,
        shape: Shape,
        batch: Sequence[Write],
        deadline: Instant,
        meanwhile: Callable[[], None] = nothing,
    ) -> Sequence[WriteResult]:
        """Row by row."""
        self.shelf.calls += 1
        if self.shelf.clock.now() >= deadline:
            return [Deferred("DEADLINE", "too late") for _ in batch]
        return [self._write(shape, row) for row in batch]

    def quota(self) -> Quota:
        """Calls so far."""
        return Quota(self.shelf.calls, None, self.shelf.calls)

    def waits(self, lane: Lane) -> Instant | None:
        """Nobody shares what this has, unless a test says so."""
        return self.shelf.waiting.get(lane)

    def fitting(self) -> Fitting:
        """Nobody gives or takes rights here."""
        raise NotImplementedError

    def close(self) -> None:
        """Nothing is open."""

    # -- inside ------------------------------------------------------------------------------------------------------
    def _of(self, shape: Shape) -> list[Held]:
        return [held for held in self.shelf.held.values() if held.ref.object in shape.objects]

    def _pages(self, shape: Shape, rows: Sequence[Held], start: Cursor, place: object) -> Iterator[Page]:
        assert callable(place)
        if not rows:
            self.shelf.calls += 1
            yield Page((), start)
        for first in range(0, len(rows), PAGE):
            self.shelf.calls += 1
            lot = rows[first : first + PAGE]
            yield Page(
                records=[self._record(shape, held) for held in lot if held.end is None],
                cursor=Cursor(str(place(lot[-1]))),
                gone=[held.end for held in lot if isinstance(held.end, Gone)],
                moved=[held.end for held in lot if isinstance(held.end, Moved)],
            )

    def _record(self, shape: Shape, held: Held) -> RemoteRecord:
        wanted = {*shape.objects[held.ref.object], shape.key}
        seen = wanted & (self.shelf.fields[held.ref.object] | {shape.key}) - self.shelf.hidden
        return RemoteRecord(
            ref=held.ref,
            version=str(held.change),
            stamp=held.stamp,
            fields={name: held.values.get(name) for name in seen},
            refs={name: held.refs.get(name, ()) for name in shape.refs},
            missing=frozenset(wanted - seen),
        )

    def _state(self, shape: Shape, ref: RemoteRef) -> RemoteRecord | Gone | Moved:
        held = self.shelf.held.get(ref)
        if held is None:
            return Gone(ref, Departure.INVISIBLE)
        return held.end or self._record(shape, held)

    def _write(self, shape: Shape, row: Write) -> WriteResult:
        if self.shelf.forced:
            return self.shelf.forced.pop(0)
        if isinstance(row, UpdateRecord):
            state = self._state(shape, row.ref)
            if not isinstance(state, RemoteRecord):
                return Stale(state)
            if row.expect and any(state.fields.get(name) != wire for name, wire in row.expect.values.items()):
                return Stale(state)
        name = row.object if isinstance(row, CreateRecord) else row.ref.object
        unknown = tuple(sorted(set(row.fields) - self.shelf.fields[name] - {shape.key}))
        if unknown:
            return Refused("UNKNOWN_FIELD", "there is no such field", "take it out of the mapping", unknown)
        made = self.shelf.holders(
            name, shape.key, row.key if isinstance(row, CreateRecord) else row.fields.get(shape.key)
        )
        if isinstance(row, CreateRecord):
            ref = made[0].ref if made else self.shelf.create(name, {shape.key: row.key})
        else:
            others = tuple(held.ref for held in made if held.ref != row.ref) if row.fields.get(shape.key) else ()
            if others:
                return Clash("DUPLICATE", "another record has this key", others)
            ref = row.ref
        self.shelf.edit(ref, row.fields, author="syncd")
        held = self.shelf.held[ref]
        held.refs.update({role: (target,) for role, target in row.refs.items()})
        confirmed = {each: held.values.get(each) for each in row.fields}
        return Written(ref, str(held.change), confirmed, created=isinstance(row, CreateRecord) and not made)


def open_memory(clock: Clock, fields: Mapping[str, Sequence[str]], *, side: Side = Side.MARKETING) -> MemoryConnector:
    """An empty account with these fields. :raises Bug: without any object."""
    if not fields:
        raise Bug("an account in memory needs objects with fields; give at least one")
    return MemoryConnector(Shelf(clock, {name: frozenset(names) for name, names in fields.items()}, side))
