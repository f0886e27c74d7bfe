"""Reads all that one cycle needs to decide on, so that no later stage reads: streams, counterparts, candidates.

Two ways in. ``delta``: both change streams are read to their end *before* anything is decided, so that a record that
only one side told about stands on the other side as it last confirmed; no counterpart is read for it. ``full``: every
record of both sides, pair by pair, in lots, so that memory does not grow with the number of links. Whatever was told
but says what is known already is dropped at once and only counted.

Records with something open (a conflict, a parked field, a wish to be looked at) are read on both sides in every case.
Nothing is stored here: cursors come out as values and are stored when all is settled.

Length: the reading of one cycle, whose steps share what was read so far.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from syncd.core.match import SAID_APART
from syncd.core.planner import EMPTY_BASE, Planner
from syncd.engine import backlog
from syncd.engine.brake import held_of
from syncd.engine.gathered import Gathered, HeldRecords, Meeting, former_links, link_id, look_again, older
from syncd.engine.hinted import LOOKED_THROUGH, take
from syncd.engine.merged import lives_on
from syncd.engine.moves import judged_otherwise
from syncd.engine.references import learn_references
from syncd.engine.remnants import REMNANTS, look_at_remnants
from syncd.engine.sparing import waits
from syncd.engine.veil import Veiled
from syncd.engine.wishing import BESIDE
from syncd.engine.world import World, filled
from syncd.model.errors import NothingLeft, RetryLater, UnusableCursor
from syncd.model.link import QUARANTINED, Base, Conflict, Intent, IntentKind, Linked, LinkState, Parked
from syncd.model.remote import Cursor, Departure, Gone, Moved, Page, RemoteRecord, RemoteRef, Shape
from syncd.model.run import FORGET, LOOK, UNLINK, Request, StoredCursor
from syncd.model.values import MISSING, SIDES, Lane, Pair, Side
from syncd.observe.log import emit

__all__ = ["Gather", "look_again"]

CHANGES_AT_ONCE = 20_000
LOT = 2_000
BIN_KEPT = timedelta(days=60)
"""A record that is nowhere was erased for privacy only if it would still be in the bin otherwise. HubSpot keeps that
for 90 days, so a store that has slept longer than this cannot tell, until a full compare has found what left."""
ASLEEP = "asleep"
ERASED_AT_ONCE = 10
"""Forgetting cannot be undone. More contacts that are nowhere, all found in one cycle, are rather a vendor that does
not show what it has: they become tombstones, which live again with their records."""


class Gather:
    """Reads one kind for one cycle."""

    def __init__(
        self,
        world: World,
        kind: str,
        *,
        full: bool,
        recreate: Sequence[str] = (),
        met: set[int] | None = None,
        steady: bool = False,
        anew: bool = False,
    ) -> None:
        """:param anew: no stream is gone on with, since a stored position cannot be used."""
        self.world = world
        self.kind = kind
        self.planner: Planner = world.planner(kind)
        self.shapes: Pair[Shape] = Pair(*(self.planner.lens.shape(side) for side in SIDES))
        self.rows = {(row.side, row.stream): row for row in world.store.cursors() if row.kind == kind}
        stored = {name: row.cursor for name, row in self.rows.items()}
        self.stored = stored
        self.moved = {name: row.moved_at for name, row in self.rows.items()}
        slept = world.clock.now() - self.moved.get((Side.MARKETING, "changes"), world.clock.now())
        self.asleep = slept > BIN_KEPT or stored.get((Side.MARKETING, ASLEEP)) == "yes"
        self.first = any((side, "changes") not in stored for side in SIDES)
        self.into = Gathered(kind, full=full or self.first or (anew and not steady))
        self.anew = anew
        self.in_flight: list[Intent] = []
        self.survivors: Pair[set[RemoteRef]] = Pair(set(), set())
        self.cut: dict[Side, bool] = dict.fromkeys(Side, False)
        self.met: set[int] = met if met is not None else set()
        """Hashes of the CRM's refs of links whose marketing record was seen: a number each, as they may be millions."""
        self.outdated: set[str] = set()
        """Links of which a stream told an older state than is known: it may hold an edit that our own write, which is
        newer and tells only what it wrote, has hidden."""
        self.recreate = recreate
        self.steady = steady
        compared = filled(world, kind)
        names = () if compared is None else (field.name for field in self.planner.kind.fields)
        self.unsure = frozenset(names) - (compared or frozenset())

    def read(self) -> Gathered:
        """Reads everything; see the module."""
        self._what_waits()
        if self.anew:
            self._begin_anew()
        if self.into.full:
            self._full()
        else:
            self._leave_backlog()
            for side in (Side.CRM, Side.MARKETING):
                self._changes(side)
            if self.world.hinted:
                self._hinted()
        for side in SIDES:
            self._departures(side)
        self._due()
        self._prove()
        self._recreate()
        self._complete()
        look_at_remnants(self.world, self.into, self.shapes, self.moved.get((Side.MARKETING, REMNANTS)))
        self.into.behind = any(self.cut.values())
        if self.asleep:
            self._keep_cursor(Side.MARKETING, ASLEEP, Cursor("" if self.into.full else "yes"))
        return self.into

    # -- a share of a resync -----------------------------------------------------------------------------------------
    def lot(self, side: Side, lot: Page, *, streamed: bool, passed: Sequence[RemoteRecord] = ()) -> Gathered:
        """Records of one side that were just read, each compared with its counterpart.

        :param streamed: whether they are of a change stream, which may show what a cycle has written since as it was.
        :param passed: records that were told as well, and that nobody wants compared.
        """
        self._apart_from_cycles()
        awaited = {intent.ref for intent in self.in_flight if intent.side is side}
        self.into.passed.update({(side, record.ref): record for record in passed if record.ref in awaited})
        self._departed(side, lot.gone, lot.moved)
        linked = self._linked(side, lot.records)
        records = lot.records
        if streamed:
            records = [each for each in records if each.ref not in linked or not older(linked[each.ref], side, each)]
            if left_out := len(lot.records) - len(records):
                self.into.nothing["older than known"] += left_out
        self._pairs(side, records, linked)
        return self._ended()

    def ids(self, lot: Page) -> Gathered:
        """Records of the CRM of which only the ids were read: strays, and who of the other side was not met."""
        self._apart_from_cycles()
        self._departed(Side.CRM, lot.gone, lot.moved)
        self._unpaired([record.ref for record in lot.records])
        return self._ended()

    def strays_of(self, lot: Page) -> Gathered:
        """Records of the CRM of which only the ids were read: those that no live link holds."""
        self._apart_from_cycles()
        self._departed(Side.CRM, lot.gone, lot.moved)
        live = self.world.store.link_ids(self.kind, Side.CRM, [record.ref for record in lot.records])
        self.met = set(map(hash, live))
        self._unpaired([record.ref for record in lot.records])
        return self._ended()

    def present(self, links: Sequence[str]) -> Gathered:
        """Links whose marketing records are looked for by id; of those only that they are there is read."""
        self._apart_from_cycles()
        found = self.world.store.by_link(links).values()
        shape = self.shapes.marketing
        ids_only = replace(shape, objects=dict.fromkeys(shape.objects, ()), refs={})
        self.shapes = self.shapes.replacing(Side.MARKETING, ids_only)
        live = [each.link.refs.marketing for each in found if each.link.state is LinkState.LIVE]
        seen = sum(1 for answer in self._fetch(Side.MARKETING, live) if isinstance(answer, RemoteRecord | Moved))
        self.shapes = self.shapes.replacing(Side.MARKETING, shape)
        if len(live) > ERASED_AT_ONCE:
            self.not_empty(Side.MARKETING, seen)
        return self._ended()

    def named(self, links: Sequence[str], refs: Pair[list[RemoteRef]]) -> Gathered:
        """Links and lone records that somebody named."""
        self._apart_from_cycles()
        self._meet(links)
        for side in SIDES:
            self._take(side, [row for row in self._fetch(side, refs.of(side)) if isinstance(row, RemoteRecord)])
        self._read_sides(self.into.meetings.values(), SIDES)  # linked since it was named; no stream was read here
        return self._ended()

    def as_confirmed(self, links: Sequence[str]) -> Gathered:
        """Links as both sides last confirmed them. Read is only who was never seen with one of the fields."""
        self._apart_from_cycles()
        unseen: list[str] = []
        for link, found in self.world.store.by_link(links).items():
            if found.link.kind == self.kind and found.link.state is LinkState.LIVE and found.base is not None:
                self.into.meetings[link] = Meeting(found, Pair(None, None))
                if any(not self._seen_with_all(found, found.base, side) for side in SIDES):
                    unseen.append(link)
        self._meet(unseen)
        return self._ended()

    def _seen_with_all(self, found: Linked, base: Base, side: Side) -> bool:
        """Whether a side has told each field that is looked at, of those that its record can have."""
        slots = self.planner.slots(side, found.link.refs.of(side).object)
        columns = (column for name in self.world.only for column in slots.get(name, ()))
        return all(column in base.confirmed.of(side) for column in columns)

    def _apart_from_cycles(self) -> None:
        """What waits, but for what only a cycle carries out: wishes, and dead letters to be tried again."""
        self._what_waits()
        self.into.carried = []
        self.into.dead = {ref: letter for ref, letter in self.into.dead.items() if not letter.retry}
        self.into.held = HeldRecords(links=self.into.held.links)

    def _ended(self) -> Gathered:
        self._prove()
        self._complete()
        return self.into

    # -- streams -----------------------------------------------------------------------------------------------------
    def _begin_anew(self) -> None:
        """All streams begin at this moment; what was missed is found by a full compare, in a daemon behind what is
        fresh.
        """
        self.stored.clear()
        self.stored.update(((side, "changes"), self._connector(side).start(self.shapes.of(side))) for side in SIDES)
        if self.steady:
            self.into.wishes.extend(backlog.begin_anew(self.world, self.kind))
            self.cut = dict.fromkeys(Side, True)  # what was missed is not known yet

    def _leave_backlog(self) -> None:
        """After a long gap the streams go on with what is fresh; its edits are not known until they are read."""
        self.cut.update(dict.fromkeys(backlog.untold(self.world, self.kind), True))
        lasts = [self.rows[side, "changes"] for side in SIDES]
        leaves = self.steady and not self.anew and not waits(self.world, Lane.BULK)  # opt-outs may be in the gap
        late = [last for last in lasts if backlog.is_long(self.world, last)] if leaves else []
        if late:
            wish, fresh = backlog.leave(self.world, self.kind, late, self.shapes)
            self.into.wishes.append(wish)
            self.stored.update(((side, "changes"), cursor) for side, cursor in fresh.items())
            self.cut.update(dict.fromkeys(fresh, True))

    def _changes(self, side: Side) -> None:
        cursor = self.stored[side, "changes"]
        seen = 0
        connector = self._connector(side)
        # While a backlog is caught up with, our own writes of it come back here: looking at them twice can wait.
        read = connector.span if self.steady and backlog.catching_up(self.world) else connector.changes
        for page in read(self.shapes.of(side), cursor):
            cursor = page.cursor
            self.world.keep_lease()
            self._tell(side, "changes", page)
            self._take(side, page.records)
            self._departed(side, page.gone, page.moved)
            seen += len(page.records)
            if seen >= CHANGES_AT_ONCE:
                self.cut[side] = True
                break
        self._keep_cursor(side, "changes", cursor)

    def _full(self) -> None:
        """Both sides from end to end: pairs by the marketing scan, strays by both.

        Of the CRM's records only the ids are scanned: most were read as somebody's counterpart already.
        """
        for side in SIDES:
            cursor = self._connector(side).start(self.shapes.of(side))
            self._keep_cursor(side, "changes", cursor)
        seen = 0
        for lot in self._lots(Side.MARKETING, self.shapes.marketing):
            seen += len(lot)
            linked = self._linked(Side.MARKETING, lot)
            self._pairs(Side.MARKETING, lot, linked)
        self.not_empty(Side.MARKETING, seen)
        ids_only = replace(self.shapes.crm, objects=dict.fromkeys(self.shapes.crm.objects, ()), refs={})
        seen = 0
        for lot in self._lots(Side.CRM, ids_only):
            seen += len(lot)
            self._unpaired([record.ref for record in lot])
        self.not_empty(Side.CRM, seen)

    def not_empty(self, side: Side, seen: int) -> None:
        """A side that shows nothing at all, where much is linked, is not itself.

        :raises RetryLater: then; nothing is decided on it.
        """
        if not seen and (linked := self.world.store.count_links(self.kind)):
            raise RetryLater(
                f"{side}: a compare saw no {self.kind} at all, though {linked} are linked; nothing was decided. "
                "Look into that account with the credentials of syncd, at its rights and its sharing, then run again"
            )

    def _doubt_erasures(self) -> None:
        absent = [who for who in self.into.erased if who[0] is Side.MARKETING]
        if len(absent) <= ERASED_AT_ONCE:
            return
        for side, ref in absent:
            found = self.into.erased.pop((side, ref))
            if found is not None and found.link.state is LinkState.LIVE:
                self.into.gone.append((found, side, Gone(ref, Departure.DELETED)))
        emit("privacy.doubted", kind=self.kind, side=str(Side.MARKETING), records=len(absent))

    def _unpaired(self, refs: Sequence[RemoteRef]) -> None:
        """Reads those of the CRM's records that no live link holds: strays, and what stands in a tombstone.

        Also those of the other side that a live link holds and the scan of that side did not show: they left, or the
        scan passed over them, and they are compared as they are by id.
        """
        unmet = [ref for ref in refs if hash(ref) not in self.met]
        if not unmet:
            return
        live = self.world.store.link_ids(self.kind, Side.CRM, unmet)
        lost = [found.link.refs.marketing for found in self.world.store.by_link(list(live.values())).values()]
        shown = [answer for answer in self._fetch(Side.MARKETING, lost) if isinstance(answer, RemoteRecord)]
        if shown:
            left_out = self.world.store.linked(self.kind, Side.MARKETING, [answer.ref for answer in shown])
            self._pairs(Side.MARKETING, shown, dict(left_out))
        read = self._fetch(Side.CRM, [ref for ref in unmet if ref not in live])
        records = [answer for answer in read if isinstance(answer, RemoteRecord)]
        linked = self.world.store.linked(self.kind, Side.CRM, [record.ref for record in records])
        for record in records:
            found = linked.get(record.ref)
            if found is None:
                self.into.strays.crm[record.ref] = record
            elif found.link.state is not LinkState.LIVE:
                self._tombstone(found, Side.CRM, record)

    def _lots(self, side: Side, shape: Shape) -> Iterator[list[RemoteRecord]]:
        lot: list[RemoteRecord] = []
        for page in self._connector(side).scan(shape):
            lot.extend(page.records)
            self.world.keep_lease()
            self._tell(side, "scan", page)
            self._departed(side, page.gone, page.moved)
            if len(lot) >= LOT:
                yield lot
                lot = []
        if lot:
            yield lot

    def _pairs(self, side: Side, lot: Sequence[RemoteRecord], linked: dict[RemoteRef, Linked]) -> None:
        there, from_marketing = side.other, side is Side.MARKETING
        refs = [found.link.refs.of(there) for found in linked.values() if found.link.state is LinkState.LIVE]
        counterparts = {answer.ref: answer for answer in self._fetch(there, refs) if isinstance(answer, RemoteRecord)}
        for record in lot:
            found = linked.get(record.ref)
            if found is None:
                self.into.strays.of(side)[record.ref] = record
                continue
            if found.link.state is not LinkState.LIVE:
                self._tombstone(found, side, record)
                continue
            self.met.add(hash(found.link.refs.crm))
            other = counterparts.get(found.link.refs.of(there))
            if other is None:
                continue  # gone or moved: _fetch noted it
            both = Pair(record, other) if from_marketing else Pair(other, record)
            found = self._as_named(found, both)
            seen: Pair[RemoteRecord | None] = Pair(*both)
            if not self._open(found) and self.planner.unchanged(found, seen):
                self.into.nothing["unchanged"] += 1
                continue
            self.into.meetings[found.link.id] = Meeting(found, seen)

    def _as_named(self, found: Linked, both: Pair[RemoteRecord]) -> Linked:
        """A pair whose keys name each other, or that of which this is not known any more, so that the key is written
        again: somebody emptied it, or typed or copied one that names who is linked, or was. Whoever is a stranger is
        asked about instead, and not made as if nobody shared their identity.
        """
        keyed = found.link.keyed
        for side in SIDES:
            key = both.of(side).fields.get(self.planner.kind.key.of(side), MISSING)
            if key in (MISSING, both.other(side).ref.id):
                continue
            if key:
                self.into.misnamed.of(side).append(both.of(side))
            if not key or self._was_linked(side.other, str(key)):
                keyed = keyed.replacing(side, value=False)
        return found if keyed == found.link.keyed else replace(found, link=replace(found.link, keyed=keyed))

    def _was_linked(self, side: Side, id_: str) -> bool:
        refs = [RemoteRef(name, id_) for name in self.planner.kind.objects.of(side)]
        return bool(self.world.store.linked(self.kind, side, refs))

    def _departures(self, side: Side) -> None:
        """What left, by the vendor's own account of it. Where that does not go back to where it was read last, a
        daemon goes on with the edits that it knows, and everything is compared behind them.

        :raises UnusableCursor: in that case, for a single run: it compares everything at once.
        """
        after = self.stored.get((side, "departures")) or None
        try:
            for page in self._connector(side).departures(self.shapes.of(side), after, 1):
                self._tell(side, "departures", page)
                self._departed(side, page.gone, page.moved)
                if page.cursor != after:
                    self._keep_cursor(side, "departures", page.cursor)
        except UnusableCursor as why:
            if not self.steady:
                raise
            emit("cursor.unusable", kind=self.kind, stream="departures", reason=str(why))
            self._keep_cursor(side, "departures", Cursor(""))
            self.into.wishes.extend(backlog.look_for_departed(self.world, self.kind))

    # -- taking in ---------------------------------------------------------------------------------------------------
    def _take(self, side: Side, records: Sequence[RemoteRecord]) -> None:
        """Records of one page: unchanged ones dropped, linked ones met, the rest strays."""
        if not records:
            return
        linked = self._linked(side, records)
        nobody: Pair[RemoteRecord | None] = Pair(None, None)
        for record in records:
            found = linked.get(record.ref)
            if found is None:
                self.into.strays.of(side)[record.ref] = record
            elif found.link.state is not LinkState.LIVE:
                self._tombstone(found, side, record)
            elif older(found, side, record):
                self.into.nothing["older than known"] += 1
                self.outdated.add(found.link.id)
            elif found.link.id in self.into.meetings:
                meeting = self.into.meetings[found.link.id]
                meeting.seen = meeting.seen.replacing(side, record)
            else:
                seen = nobody.replacing(side, record)
                if not self._open(found) and self.planner.unchanged(found, seen):
                    self.into.nothing["unchanged"] += 1
                else:
                    self.into.meetings[found.link.id] = Meeting(found, seen)

    def _open(self, found: Linked) -> bool:
        """Whether something waits there, which may be over now because a value is back to what it was."""
        link, into = found.link.id, self.into
        return link in into.conflicts or link in into.parked or link in into.held.links

    def _tombstone(self, found: Linked, side: Side, record: RemoteRecord) -> None:
        if found.link.state is LinkState.FORGOTTEN:
            self.into.nothing["forgotten"] += 1
        elif found.link.gone is side:
            self.into.back.append((found, side, record))
        elif self._let_go(side, record.ref):
            self.into.strays.of(side)[record.ref] = record
            self.into.recreate[side, record.ref] = found.link
        else:
            self.into.nothing["tombstone"] += 1
            if side is Side.CRM:
                self.into.left[record.ref] = record

    def _let_go(self, side: Side, ref: RemoteRef) -> bool:
        """Whether a person lets go on what was asked before, then held or refused: to make a counterpart anew."""
        letter = self.into.dead.get(ref)
        refused = letter is not None and letter.retry and letter.side is side.other
        return refused or ref in self.into.held.due_refs.of(side)

    def _linked(self, side: Side, records: Sequence[RemoteRecord]) -> dict[RemoteRef, Linked]:
        self.into.records_read += len(records)
        linked = dict(self.world.store.linked(self.kind, side, [record.ref for record in records]))
        learn_references(self.world, self.planner, side, records)
        return linked

    def _departed(self, side: Side, gone: Sequence[Gone], moved: Sequence[Moved]) -> None:
        refs = [row.ref for row in gone] + [row.old for row in moved]
        if not refs:
            return
        linked = self.world.store.linked(self.kind, side, refs)
        self.into.departed.update({(side, row.ref): None for row in gone})
        self.into.departed.update({(side, row.old): row.new for row in moved})
        for departed in gone:
            found = linked.get(departed.ref)
            if departed.how is Departure.ERASED and not (self.asleep and side is Side.MARKETING):
                if found is None or found.link.state is not LinkState.FORGOTTEN:
                    self.into.erased[side, departed.ref] = found
            elif found is not None and found.link.state is LinkState.LIVE:
                self.into.gone.append((found, side, departed))
            self.into.take_away(side, departed.ref)
        for move in moved:
            found = linked.get(move.old)
            if found is not None and found.link.state is LinkState.LIVE:
                self.into.moved.append((found, side, move))
            elif found is not None and found.link.gone is not side:
                self.into.survived.append((found, side, move))
            self.into.take_away(side, move.old)

    def _prove(self) -> None:
        """Reads by id what is told as there though it is known to have left: a search index may go on showing what was
        merged away (HubSpot does not say that it never does). What came out of a bin is there indeed. Whom a merge made
        is read by id, too: looking for it has told newer values than the search, which a write would go over.
        """
        into = self.into
        for side in SIDES:
            strays = into.strays.of(side)
            former = {} if self.first else former_links(self.world, self.kind, side, strays)
            back = [record.ref for _, each, record in into.back if each is side]
            survivors = {move.new for _, each, move in into.moved if each is side}
            doubtful = [ref for ref in strays if ref in former or ref in survivors or (side, ref) in into.departed]
            there = {each.ref: each for each in self._fetch(side, [*doubtful, *back]) if isinstance(each, RemoteRecord)}
            for ref in doubtful:
                strays.pop(ref, None)
            strays.update((ref, there[ref]) for ref in doubtful if ref in there)
            into.back = [
                (found, each, record if each is not side else there[record.ref])  # as it is told now, not before
                for found, each, record in into.back
                if each is not side or record.ref in there
            ]
            into.former.update(((side, ref), link) for ref, link in former.items() if ref in there)

    # -- what waits --------------------------------------------------------------------------------------------------
    def _what_waits(self) -> None:
        store = self.world.store
        into = self.into
        for conflict in store.conflicts():
            if conflict.kind != self.kind:
                continue
            if conflict.link is None:
                into.matches.append(conflict)
            else:
                into.conflicts.setdefault(conflict.link, []).append(conflict)
        for row in store.parked():
            if row.kind == self.kind:
                into.parked.setdefault(row.link, []).append(row)
        into.dead = {row.origin: row for row in store.dead_letters() if row.kind == self.kind}
        self.world.attempts.update((row.id, row.attempts) for row in into.dead.values())
        into.held = held_of(self.world, self.planner)
        self.in_flight = [intent for intent in store.open_intents() if intent.kind == self.kind]
        into.flying = {intent.link for intent in self.in_flight}
        into.carried = [
            request
            for request in store.requests()
            if request.wish in (LOOK, FORGET, UNLINK) and request.argument.startswith(f"{self.kind} ")
        ]

    def _moved_in_flight(self) -> None:
        """As long as nobody knows whether the counterpart of a record was made, none is made either for what that
        record has become: it is looked at again until that is known.
        """
        into = self.into
        for side in SIDES:
            made_for = [each for each in self.in_flight if each.action is IntentKind.CREATE and each.side is not side]
            origins = [intent.origin for intent in made_for]
            self._fetch(side, origins)
            now = (lives_on(into, side, origin) for origin in origins)
            moved = sorted({ref for ref in now if ref is not None}.difference(origins))
            linked = self.world.store.link_ids(self.kind, side, moved) if moved else {}
            for ref in moved:
                if ref not in linked:
                    into.flying.add(link_id(self.world, self.kind, side, ref))
                    into.again.append((side, ref))

    def _heed_survivors(self) -> None:
        """Reads once more whom an answer about another record has shown: who was merged away is told of by the record
        that they live on in, as it is at that moment, and what was read of it before would be written over it.
        """
        for side in SIDES:
            shown = self.survivors.of(side)
            met = {each.linked.link.refs.of(side): each for each in self.into.meetings.values()} if shown else {}
            again = {ref: met[ref] for ref in sorted(shown) if ref in met and met[ref].seen.of(side) is not None}
            for answer in self._fetch(side, list(again)):
                if isinstance(answer, RemoteRecord) and answer.ref in again:
                    again[answer.ref].seen = again[answer.ref].seen.replacing(side, answer)

    def _due(self) -> None:
        """Reads what somebody asked for: looked-at records, resolved conflicts, dead letters to retry, and parked
        fields whose mapping or vendor schema changed.
        """
        links = set(self.into.held.due_links)
        refs = self.into.held.due_refs.map(set)
        beside = self._wished(links, refs)
        for link, conflicts in self._decided():
            links.add(link)
            for side, ref in (each.refs[0] for each in conflicts if len(each.refs) == 1):  # not linked yet
                refs.of(side).add(ref)
        looked = refs.map(frozenset)
        for conflict in self.into.matches:
            if self._asked_anew(conflict, looked):
                self.into.examined.add(conflict.id)
                for side, ref in conflict.refs:
                    refs.of(side).add(ref)
        for letter in self.into.dead.values():
            if letter.retry:
                refs.of(letter.side.other).add(letter.origin)
        links.update(link for link, rows in self.into.parked.items() if any(self._retry(row) for row in rows))
        known = self.world.store.by_link(list({link for _, link, _ in beside})) if beside else {}
        for request, link, ref in beside:
            if link not in known or known[link].link.state is not LinkState.LIVE:
                continue  # over, and carried out by that: who comes back is looked for anew (engine.second)
            if self.into.full or link in links or link in self.into.meetings:
                refs.crm.add(ref)
            else:
                self.into.carried.remove(request)  # it waits for a cycle that looks at the link
        self._meet(links)
        for side in SIDES:
            unread = sorted(ref for ref in refs.of(side) if ref not in self.into.strays.of(side))
            self._take(side, [answer for answer in self._fetch(side, unread) if isinstance(answer, RemoteRecord)])

    def _wished(self, links: set[str], refs: Pair[set[RemoteRef]]) -> list[tuple[Request, str, RemoteRef]]:
        """Adds what is to be looked at. Returns what is so only beside a link that is looked at, with the link."""
        beside: list[tuple[Request, str, RemoteRef]] = []
        for request in self.into.carried:
            if request.wish != LOOK:
                continue
            sort, _, rest = request.argument.partition(" ")[2].partition(":")
            if sort == "link":
                links.add(rest)
            elif sort == BESIDE:
                link, _, record = rest.partition(" ")
                beside.append((request, link, _ref(record)))
            else:
                refs.of(Side(sort)).add(_ref(rest))
        return beside

    def _hinted(self) -> None:
        """Reads what a webhook told of and is not known yet. Strangers that are nowhere are no departures."""
        waiting = self.world.store.hints(sorted(self.shapes.marketing.objects), LOOKED_THROUGH)
        if not waiting:
            return
        side = Side.MARKETING
        linked = self.world.store.linked(self.kind, side, [each.hint.ref for each in waiting])
        met = (meeting.seen.marketing for meeting in self.into.meetings.values())
        seen = {record.ref: record for record in met if record is not None} | self.into.strays.marketing
        taken = take(waiting, linked, seen, calls=self.world.hinted)
        self._take(side, [answer for answer in self._fetch(side, taken.live) if isinstance(answer, RemoteRecord)])
        if taken.strangers:
            read = self._connector(side).fetch(self.shapes.marketing, taken.strangers)
            self._take(side, [answer for answer in read if isinstance(answer, RemoteRecord)])
        self.into.hinted = taken.done
        emit(
            "hints.taken",
            kind=self.kind,
            records=len(taken.live) + len(taken.strangers),
            known=len(taken.done) - len(taken.live) - len(taken.strangers),
            waiting=len(waiting) - len(taken.done),
        )

    def _decided(self) -> Iterator[tuple[str, Sequence[Conflict]]]:
        """What waits of whom, where a person has decided, or the lifecycle is another one."""
        stages = self.planner.stages if judged_otherwise(self.world, self.planner.kind) else None
        for link, conflicts in self.into.conflicts.items():
            if any(each.resolution or (stages is not None and each.field == stages.name) for each in conflicts):
                yield link, conflicts

    def _recreate(self) -> None:
        """Takes what is left of tombstones that a person named for records that stand alone.

        :raises NothingLeft: if one that is left is gone too, with all of this kind of which that is so.
        """
        named = dict(each.partition(":")[::2] for each in self.recreate)
        gone: dict[str, str] = {}
        for found in self.world.store.by_link(list(named)).values() if named else ():
            if found.link.kind != self.kind or found.link.state is not LinkState.TOMBSTONE:
                continue
            side = Side(named[found.link.id]) if found.link.gone is None else found.link.gone.other
            ref = found.link.refs.of(side)
            record = self._as_it_is_now(side, ref)
            if record is None:
                gone[found.link.id] = f"{side}:{ref}"
            elif record.ref == ref or not self.world.store.link_ids(self.kind, side, [record.ref]):
                self.into.strays.of(side)[record.ref] = record
                link = replace(found.link, refs=found.link.refs.replacing(side, record.ref))
                self.into.recreate[side, record.ref] = link
        if gone:
            raise NothingLeft(
                f"{' and '.join(gone.values())} {'is' if len(gone) == 1 else 'are'} gone as well; there is nothing to "
                f"recreate {'its counterpart' if len(gone) == 1 else 'their counterparts'} from",
                named=[each for each in self.recreate if each.partition(":")[0] in gone],
            )

    def _as_it_is_now(self, side: Side, ref: RemoteRef) -> RemoteRecord | None:
        """A record by its id, or whoever it was merged or converted into since; ``None`` if that is nowhere."""
        answers = self._fetch(side, [ref])
        if any(isinstance(answer, Moved) for answer in answers):
            now = lives_on(self.into, side, ref)
            answers = [] if now is None or now == ref else self._fetch(side, [now])
        return next((answer for answer in answers if isinstance(answer, RemoteRecord)), None)

    def _asked_anew(self, conflict: Conflict, looked: Pair[frozenset[RemoteRef]]) -> bool:
        """Whether a question which records belong together must be asked again: answered, or one of them changed or is
        looked at.
        """
        if conflict.resolution:
            return conflict.reason != SAID_APART
        return self.into.full or any(
            (side, ref) in self.into.departed or ref in self.into.strays.of(side) or ref in looked.of(side)
            for side, ref in conflict.refs
        )

    def _retry(self, row: Parked) -> bool:
        """Whether the mapping or the schema changed since a field was parked; a new value shows in the stream. What is
        in quarantine waits for a person.
        """
        if row.code == QUARANTINED:
            return False
        prefix = row.fingerprint.rpartition("-")[0]
        return prefix not in self.planner.parking.terms(row.side)

    def _meet(self, links: Iterable[str]) -> None:
        """Makes sure that these links are met, with both sides read."""
        wanted = sorted(set(links))
        missing = [link for link in wanted if link not in self.into.meetings]
        for link, found in self.world.store.by_link(missing).items():
            if found.link.kind == self.kind and found.link.state is LinkState.LIVE:
                self.into.meetings[link] = Meeting(found, Pair(None, None))
        self._read_sides([self.into.meetings[link] for link in wanted if link in self.into.meetings], Side)

    def _complete(self) -> None:
        """Reads the sides that must not be presumed: open records, those that a stream told as they once were, and
        those whose stream was cut short. Whoever was merged away is found by that where they are now, with newer values
        than were read of them there: once more.
        """
        into = self.into
        moved = len(into.moved)
        open_ones = [
            meeting
            for link, meeting in into.meetings.items()
            if link in into.conflicts
            or link in into.parked
            or link in into.held.links
            or link in self.outdated
            or self.planner.sight.resolves(meeting.linked, meeting.seen)
            or self._never_told(meeting)
            or self._rested(meeting)
        ]
        self._read_sides(open_ones, Side)
        for side in SIDES:
            if self.cut[side]:
                self._read_sides(into.meetings.values(), (side,))
        self._moved_in_flight()
        if len(into.moved) > moved:
            self._prove()
        self._heed_survivors()
        self._doubt_erasures()

    def _never_told(self, meeting: Meeting) -> bool:
        """Whether the side that was not read has never told some field, as of a pair whose first write was cut off: it
        cannot be presumed to stand as it was confirmed.
        """
        base = meeting.linked.base or EMPTY_BASE
        unread = [side for side in SIDES if meeting.seen.of(side) is None]
        layout = self.planner.layout(meeting.linked.link.refs) if unread else None
        return layout is not None and not all(layout.seen_on(side, base.columns) for side in unread)

    def _rested(self, meeting: Meeting) -> bool:
        """Whether a record tells something else in a field that has rested, and by which not all were compared since:
        the other side may have been edited meanwhile, and its stream has been read past that.
        """
        base = meeting.linked.base
        if not self.unsure or base is None:
            return False
        layout = self.planner.layout(meeting.linked.link.refs)
        return any(
            name in self.unsure and name in base.agreed
            for side in SIDES
            if (record := meeting.seen.of(side)) is not None
            for name in layout.told_otherwise(side, record, base.confirmed.of(side))
        )

    def _read_sides(self, meetings: Iterable[Meeting], sides: Iterable[Side]) -> None:
        all_of_them = list(meetings)
        for side in sides:
            unread = {m.linked.link.refs.of(side): m for m in all_of_them if m.seen.of(side) is None}
            for answer in self._fetch(side, list(unread)):
                if isinstance(answer, RemoteRecord) and answer.ref in unread:
                    meeting = unread[answer.ref]
                    meeting.seen = meeting.seen.replacing(side, answer)

    # -- small things ------------------------------------------------------------------------------------------------
    def _fetch(self, side: Side, refs: Sequence[RemoteRef]) -> list[RemoteRecord | Gone | Moved]:
        """Reads by id; what is gone or moved is noted on the way."""
        if not refs:
            return []
        answers = list(self._connector(side).fetch(self.shapes.of(side), refs))
        self.into.records_read += len(answers)
        records = [answer for answer in answers if isinstance(answer, RemoteRecord)]
        learn_references(self.world, self.planner, side, records)
        if len(records) < len(answers):
            moved = [answer for answer in answers if isinstance(answer, Moved)]
            self.survivors.of(side).update(move.new for move in moved)
            self._departed(side, [answer for answer in answers if isinstance(answer, Gone)], moved)
        return answers

    def _tell(self, side: Side, stream: str, page: Page) -> None:
        records = len(page.records) + len(page.gone) + len(page.moved)
        emit("page.read", kind=self.kind, side=str(side), stream=stream, records=records, reread=page.reread)

    def _connector(self, side: Side) -> Veiled:
        return self.world.seen(side)

    def _keep_cursor(self, side: Side, stream: str, cursor: Cursor) -> None:
        self.into.cursors.append(StoredCursor(self.kind, side, stream, cursor, self.world.clock.now()))


def _ref(told: str) -> RemoteRef:
    object_name, _, id_ = told.partition("/")
    return RemoteRef(object_name, id_)
