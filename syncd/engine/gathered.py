"""What one cycle reads of one kind, as values: records met, strays, departures, what waits, and where streams stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from syncd.core.layout import digest
from syncd.engine.wishing import wish_to_look
from syncd.engine.world import World
from syncd.model.hint import Noted
from syncd.model.link import VERSION, Conflict, DeadLetter, Link, Linked, Parked, Remnant
from syncd.model.remote import Gone, Moved, RemoteRecord, RemoteRef
from syncd.model.run import Request, StoredCursor
from syncd.model.values import Pair, Side


@dataclass(slots=True)
class Meeting:
    """One linked record and what was read of it."""

    linked: Linked
    seen: Pair[RemoteRecord | None]


@dataclass(slots=True)
class HeldRecords:
    """Records that the brake holds: ``links``, and those of all that may go now (``due``), links and lone records."""

    links: set[str] = field(default_factory=set)
    due: set[str] = field(default_factory=set)
    due_links: set[str] = field(default_factory=set)
    due_refs: Pair[set[RemoteRef]] = field(default_factory=lambda: Pair(set(), set()))

    def is_due(self, record: str) -> None:
        """What is held of this record may go now, so that it is read."""
        self.due.add(record)
        sort, _, rest = record.partition(":")
        if sort == "link":
            self.due_links.add(rest)
        else:
            object_name, _, id_ = rest.partition("/")
            self.due_refs.of(Side(sort)).add(RemoteRef(object_name, id_))


@dataclass(slots=True)
class Gathered:
    """Everything that was read of one kind in one cycle.

    ``erased`` are records whose people are to be forgotten, with what is known of them; ``forgotten`` addresses of
    people whom this cycle forgets. ``remnants`` and ``unremnant`` is what became of records that remained of forgotten
    people. ``misnamed`` are linked records that a full compare read, whose key names another than their counterpart.
    ``recreate`` are records that stand alone again because a person asked, with the tombstone they stand in.
    ``former`` are links of records that came back after their link had moved on, by those records. ``departed`` are
    records that left, linked or not, with the one that each was merged or converted into (``None``: deleted).
    ``unmade`` are records without a link that the rules want no counterpart for.
    ``left`` are records of the CRM that are left of links that are over, by people who are not forgotten.
    ``survived`` are records that moved and are what is left of a link that is over, ``followed`` such links as they
    are about others now. ``carried`` are wishes that this cycle carries out, ``wishes`` those it leaves to the next.
    ``released`` are assignments of people who are open no more. ``opted`` are opt-outs that a second record of a linked
    person tells, by link and field. ``hinted`` are hints that need no second look. ``passed`` are records that wait for
    the ending of a write and were told without being compared. ``behind`` says that a stream was left before its end,
    so that not all is known yet that people did before this cycle.
    """

    kind: str
    full: bool
    meetings: dict[str, Meeting] = field(default_factory=dict)
    strays: Pair[dict[RemoteRef, RemoteRecord]] = field(default_factory=lambda: Pair({}, {}))
    gone: list[tuple[Linked, Side, Gone]] = field(default_factory=list)
    moved: list[tuple[Linked, Side, Moved]] = field(default_factory=list)
    back: list[tuple[Linked, Side, RemoteRecord]] = field(default_factory=list)
    left: dict[RemoteRef, RemoteRecord] = field(default_factory=dict)
    survived: list[tuple[Linked, Side, Moved]] = field(default_factory=list)
    followed: list[Link] = field(default_factory=list)
    nothing: Counter[str] = field(default_factory=Counter)
    cursors: list[StoredCursor] = field(default_factory=list)
    conflicts: dict[str, list[Conflict]] = field(default_factory=dict)
    again: list[tuple[Side, RemoteRef]] = field(default_factory=list)
    matches: list[Conflict] = field(default_factory=list)
    parked: dict[str, list[Parked]] = field(default_factory=dict)
    dead: dict[RemoteRef, DeadLetter] = field(default_factory=dict)
    carried: list[Request] = field(default_factory=list)
    wishes: list[Request] = field(default_factory=list)
    flying: set[str] = field(default_factory=set)
    held: HeldRecords = field(default_factory=HeldRecords)
    erased: dict[tuple[Side, RemoteRef], Linked | None] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    misnamed: Pair[list[RemoteRecord]] = field(default_factory=lambda: Pair([], []))
    recreate: dict[tuple[Side, RemoteRef], Link] = field(default_factory=dict)
    remnants: list[Remnant] = field(default_factory=list)
    unremnant: list[tuple[Side, RemoteRef]] = field(default_factory=list)
    former: dict[tuple[Side, RemoteRef], Link] = field(default_factory=dict)
    departed: dict[tuple[Side, RemoteRef], RemoteRef | None] = field(default_factory=dict)
    unmade: set[tuple[Side, RemoteRef]] = field(default_factory=set)
    examined: set[str] = field(default_factory=set)
    released: list[str] = field(default_factory=list)
    opted: dict[str, dict[str, RemoteRef]] = field(default_factory=dict)
    hinted: list[Noted] = field(default_factory=list)
    behind: bool = False
    passed: dict[tuple[Side, RemoteRef], RemoteRecord] = field(default_factory=dict)
    records_read: int = 0

    def take_away(self, side: Side, ref: RemoteRef) -> None:
        """A record that was read is not there any more, or not under this id."""
        self.strays.of(side).pop(ref, None)
        if side is Side.CRM:
            self.left.pop(ref, None)


def seen_again(gathered: Gathered, link: str, side: Side, record: RemoteRecord) -> None:
    """A linked record that was found beside another one tells what its meeting may not know yet, or is newer; one
    whose write is waited for, what that may come over. An older state than is known is looked at by id, next time.
    """
    meeting = gathered.meetings.get(link)
    if meeting is None:
        if link in gathered.flying:
            gathered.passed[side, record.ref] = record
        return
    if older(meeting.linked, side, record):
        gathered.again.append((side, record.ref))
        return
    seen = meeting.seen.of(side)
    if seen is None or record.stamp >= seen.stamp:
        gathered.meetings[link] = replace(meeting, seen=meeting.seen.replacing(side, record))


def older(found: Linked, side: Side, record: RemoteRecord) -> bool:
    """A search index may still show a record as it was before what is known of it: that is no edit."""
    known = found.base.confirmed.of(side).get(VERSION) if found.base else None
    return isinstance(known, str) and record.version < known


def look_again(world: World, kind: str, what: str, *, salt: str = "") -> Request:
    """The engine's own wish that a cycle reads one record on both sides, ``what`` as of ``wish_to_look``."""
    return wish_to_look(world.connection.name, kind, what, at=world.clock.now(), salt=salt)


def link_id(world: World, kind: str, side: Side, ref: RemoteRef) -> str:
    """The id of the link that this record asks for; it stays that link's, wherever the link moves."""
    return digest(world.connection.name, kind, side, ref)


def former_links(world: World, kind: str, side: Side, refs: Iterable[RemoteRef]) -> dict[RemoteRef, Link]:
    """Links that were made for these records and stand for others by now, after a merge or a conversion."""
    ids = {link_id(world, kind, side, ref): ref for ref in refs}
    links = world.store.by_link(list(ids)) if ids else {}
    return {ids[id_]: found.link for id_, found in links.items() if found.link.refs.of(side) != ids[id_]}
