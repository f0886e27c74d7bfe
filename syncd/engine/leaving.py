"""Records that left, became others or are back: their links end, follow them, or live again.

Decided before everything else of a cycle, since it says which links stand. Of two linked records that were merged one
link stays: one whose other record is still there before one whose other record was deleted. Where that leaves two
records of one person apart, a person is asked (``engine.merged``), or the link that ended at the merge lives again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from syncd.core.planner import Known, Planner, restored
from syncd.engine.converted import kept_of
from syncd.engine.gathered import Gathered, look_again
from syncd.engine.merged import APART, LEFT, heirs, lives_on, merged_there_too, there_again, two_left
from syncd.engine.references import learn_references
from syncd.engine.tombstones import follow_what_is_left
from syncd.engine.world import World
from syncd.model.link import Link, Linked, LinkState
from syncd.model.plan import Action, Decision, Detach, Relink
from syncd.model.remote import Moved, RemoteRecord, RemoteRef, Succession
from syncd.model.values import SIDES, Instant, Pair, Side

Decide = Callable[[Linked, Pair[RemoteRecord | None], Known, tuple[Action, ...]], None]
"""Decides on a link by both of its records; with actions that come before whatever follows from them."""


class Leaving:
    """What becomes of links in one cycle. ``arrived`` are records that links came to stand for, ``left`` those of the
    CRM whose contact leaves. What is decided at once is put to ``decisions``.
    """

    def __init__(
        self,
        world: World,
        planner: Planner,
        gathered: Gathered,
        *,
        decisions: list[Decision],
        decide: Decide,
        register: Callable[[Link], None],
    ) -> None:
        self.world = world
        self.planner = planner
        self.gathered = gathered
        self.decisions = decisions
        self.arrived: dict[tuple[Side, RemoteRef], Link] = {}
        self.left: list[RemoteRef] = []
        self.done = {decision.link.id for decision in decisions}
        self.over: set[str] = set()
        """Links that end in this cycle."""
        self._deleted = {(found.link.id, side): (found, gone) for found, side, gone in gathered.gone}
        self._decide = decide
        self._register = register

    def decide(self) -> None:
        """Deletions become tombstones; merges and conversions move the link; what came back is taken up again."""
        done = self.done
        moves: dict[str, dict[Side, Moved]] = {}
        moved = [row for row in self.gathered.moved if row[2].new != row[2].old]
        for found, side, move in moved:
            moves.setdefault(found.link.id, {}).setdefault(side, move)
        for found, _, _ in sorted(moved, key=self._who_stays):
            if found.link.id not in done:
                done.add(found.link.id)
                self._move(found, moves[found.link.id])
        for found, side, departed in self.gathered.gone:
            if found.link.id in done:
                continue
            if left := self._heirs(found.link, side):
                self._give_way(found, side)
                self._inherit(left, side, found.link)
                continue
            done.add(found.link.id)
            self.gathered.meetings.pop(found.link.id, None)
            self._detach(found, side, Detach(side, departed.ref, departed.how), ())
        for found, side, record in self.gathered.back:
            if found.link.id in done or (side, record.ref) in self.arrived:  # out of the bin, and merged into since
                continue
            done.add(found.link.id)
            self._take_up(found, side, record)
        for side, ref, link in follow_what_is_left(self.gathered, self._taken, but=done):
            self.arrived[side, ref] = link
        self.decisions.extend(merged_there_too(self.world, self.gathered, but=done))

    def _who_stays(self, row: tuple[Linked, Side, Moved]) -> tuple[bool, bool, Instant, str]:
        """Of several links that move to one record the first stays: one whose other record is still there, then the one
        that the record's own key names, as the values of a merge's primary win, else the oldest.
        """
        found, side, move = row
        record = self.gathered.strays.of(side).get(move.new)
        named = record.fields.get(self.planner.lens.shape(side).key) if record is not None else None
        mate = found.link.refs.of(side.other)
        deleted = (found.link.id, side.other) in self._deleted
        return deleted, named != mate.id, found.link.since, found.link.id

    def _move(self, found: Linked, moves: Mapping[Side, Moved]) -> None:
        """Follows what became of one record of a link, or of both."""
        link = found.link
        given: list[tuple[Link, Side]] = []
        self.gathered.meetings.pop(link.id, None)
        for side, move in moves.items():
            survivor = self._holder(link.kind, side, move.new)
            if survivor is None or survivor.id == link.id:
                continue
            deleted = self._deleted.get((link.id, side.other))
            lone = self._deleted.get((survivor.id, side.other)) if survivor.id not in self.done else None
            if deleted is not None:  # out of the bin, it is asked about what it was merged with
                self._detach(found, side.other, Detach(side.other, deleted[1].ref, deleted[1].how), ())
            elif lone is not None:
                self._give_way(lone[0], side.other)
                given.append((survivor, side.other))
                continue
            else:
                more = two_left(self.world, self.gathered, link, side, survivor)
                left = self._as_left(found, side.other)
                self._detach(left, side, Detach(side, move.old, move.how), more)
            return
        waiting = self.gathered.conflicts.get(link.id, ())  # what a person was asked is decided by no move
        self._follow(found, link, moves, Pair(None, None), Known(conflicts=waiting))
        for before, side in given:
            self._inherit(self._heirs(before, side), side, before)

    def _take_up(self, found: Linked, side: Side, record: RemoteRecord) -> None:
        """A record is back, and what is left of its link may have become another one meanwhile."""
        other, link = side.other, found.link
        mate = lives_on(self.gathered, other, link.refs.of(other)) or link.refs.of(other)
        now = self._holder(link.kind, other, mate)
        if now is not None and now.id in self.over:  # nobody's, once that is stored
            self.gathered.again.append((side, record.ref))
            return
        if now is not None and now.id != link.id:  # another's record was merged into it, or it into another's
            more = two_left(self.world, self.gathered, link, other, now)
            self._detach(found, other, Detach(other, link.refs.of(other), Succession.MERGED), more)
            self.arrived[side, record.ref] = replace(link, gone=other)
            return
        told = [move for each, where, move in self.gathered.survived if each.link.id == link.id and where is other]
        moves = {other: replace(told[0], new=mate)} if told and mate != link.refs.of(other) else {}
        back, relink = restored(link, side, record.ref)
        at_hand: Pair[RemoteRecord | None] = Pair(None, None)
        self._follow(found, back, moves, at_hand.replacing(side, record), Known(), relink)
        self.decisions.extend(there_again(self.gathered, back, found.base, APART))

    def _follow(
        self,
        found: Linked,
        link: Link,
        moves: Mapping[Side, Moved],
        at_hand: Pair[RemoteRecord | None],
        known: Known,
        *before: Relink,
    ) -> None:
        """Decides on a link by the records it is about now; whatever else is decided in this cycle knows that."""
        for side, move in moves.items():
            link = replace(link, refs=link.refs.replacing(side, move.new), keyed=Pair(marketing=False, crm=False))
            at_hand = at_hand.replacing(side, self.gathered.strays.of(side).pop(move.new, None))
        self._register(link)
        self.arrived.update({(side, link.refs.of(side)): link for side in SIDES})
        both, base = self._both(link, at_hand), found.base
        for side, move in moves.items():
            base = kept_of(self.world, self.planner, Linked(found.link, base), side, move, both.of(side))
        relinks = (Relink(side, move.old, move.new, move.how) for side, move in moves.items())
        self._decide_moved(Linked(link, base), both, known, (*before, *relinks))

    def _give_way(self, found: Linked, side: Side) -> None:
        """A link whose record of a side was deleted leaves the other one to whoever was merged into that: they are one
        person by now, so no brake holds it as if somebody were lost.
        """
        self.done.add(found.link.id)
        self.gathered.meetings.pop(found.link.id, None)
        self._detach(found, side, Detach(side, found.link.refs.of(side), Succession.MERGED), ())

    def _heirs(self, link: Link, side: Side) -> list[Linked]:
        """Who inherits of a link whose record of a side is gone; nobody whose own one is somebody else's by now."""
        left: list[Linked] = []
        for found in heirs(self.world, self.gathered, link, side):
            own = found.link.refs.of(side)
            holder = self._holder(link.kind, side, lives_on(self.gathered, side, own) or own)
            if holder is None or holder.id == found.link.id:
                left.append(found)
        return left

    def _inherit(self, left: Sequence[Linked], side: Side, before: Link) -> None:
        """Those who were merged into a record that has lost its own counterpart: the first has it, as if it had stayed
        at the merge; of the others a person is asked anew.
        """
        other = side.other
        now = lives_on(self.gathered, other, before.refs.of(other)) or before.refs.of(other)
        for found in left:
            self.done.add(found.link.id)
            link = replace(found.link, state=LinkState.LIVE, gone=None)
            move = Moved(found.link.refs.of(other), now, Succession.MERGED)
            survivor = self._holder(link.kind, other, now)
            if survivor is not None and survivor.id != before.id:
                holds = two_left(self.world, self.gathered, found.link, other, survivor)
                nobody: Pair[RemoteRecord | None] = Pair(None, None)
                self.decisions.append(Decision(link.kind, found.link, found.base, nobody, holds))
                continue
            self._follow(found, link, {other: move}, Pair(None, None), Known())
            self.decisions.extend(there_again(self.gathered, link, found.base, LEFT))

    def _as_left(self, found: Linked, side: Side) -> Linked:
        """A link that is over about the record that is left of it, which moved in the same cycle: it is no stray."""
        now = lives_on(self.gathered, side, found.link.refs.of(side))
        if now in (None, found.link.refs.of(side)) or self._holder(found.link.kind, side, now) is not None:
            return found
        link = replace(found.link, refs=found.link.refs.replacing(side, now), keyed=Pair(marketing=False, crm=False))
        self.gathered.strays.of(side).pop(now, None)
        self.arrived[side, now] = replace(link, state=LinkState.TOMBSTONE, gone=side.other)
        return replace(found, link=link)

    def _decide_moved(
        self, linked: Linked, both: Pair[RemoteRecord | None], known: Known, before: tuple[Action, ...]
    ) -> None:
        """What is to happen with a link that was moved; of whose two records one is elsewhere, or nowhere, only that:
        nothing is written to whoever is left until it is known what became of the other one. Nor as long as a write to
        either is waited for: it may still come, over whatever is written now.
        """
        waited_for = linked.link.id in self.gathered.flying
        if all(both) and not waited_for:
            self._decide(linked, both, known, before)
            return
        nobody: Pair[RemoteRecord | None] = Pair(None, None)
        if not waited_for:  # else it is looked at when that is settled
            self.gathered.wishes.append(look_again(self.world, linked.link.kind, f"link:{linked.link.id}"))
        self.decisions.append(Decision(linked.link.kind, linked.link, linked.base, nobody, before))

    def _holder(self, kind: str, side: Side, ref: RemoteRef) -> Link | None:
        """The live link that has a record. One that moved there earlier in this cycle is not in the store yet."""
        if (arrived := self.arrived.get((side, ref))) is not None and arrived.state is LinkState.LIVE:
            return arrived
        stored = self.world.store.linked(kind, side, [ref]).get(ref)
        return stored.link if stored is not None and stored.link.state is LinkState.LIVE else None

    def _taken(self, kind: str, side: Side, ref: RemoteRef) -> Link | None:
        """The same, or a link that is over and has come to be about that record in this cycle."""
        return self.arrived.get((side, ref)) or self._holder(kind, side, ref)

    def _detach(self, found: Linked, side: Side, detach: Detach, more: tuple[Action, ...]) -> None:
        tombstone = replace(found.link, state=LinkState.TOMBSTONE, gone=side)
        self.over.add(tombstone.id)
        if side is Side.MARKETING:
            self.left.append(found.link.refs.crm)
        nobody: Pair[RemoteRecord | None] = Pair(None, None)
        closes = tuple(conflict.id for conflict in self.gathered.conflicts.get(found.link.id, ()))
        frees = tuple((row.side, row.field) for row in self.gathered.parked.get(found.link.id, ()))
        self.decisions.append(
            Decision(found.link.kind, tombstone, found.base, nobody, (detach, *more), closes=closes, frees=frees)
        )

    def _both(self, link: Link, at_hand: Pair[RemoteRecord | None]) -> Pair[RemoteRecord | None]:
        """Both records of a link that was moved, read by id where they are not at hand; none for one that left, too."""
        for each in SIDES:
            if at_hand.of(each) is None:
                shape = self.planner.lens.shape(each)
                for answer in self.world.connectors.of(each).fetch(shape, [link.refs.of(each)]):
                    if isinstance(answer, RemoteRecord):
                        learn_references(self.world, self.planner, each, [answer])
                        at_hand = at_hand.replacing(each, answer)
        return at_hand
