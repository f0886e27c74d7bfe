"""Ends the link of two records of which a person said that they are not one, and takes the proof of it from both.

The link becomes a tombstone without a side that left: both records are still there, neither is matched, made anew or
written again by itself, and a stranger who looks like one of them is a question. The store knows that first; then the
key fields that name the other one are emptied, or a lost store would take the two for one again, and the key could be
given to nobody else. Only a key that names the former counterpart is emptied, and nothing else is. The wish stays open
until a later cycle has read that both keys are empty, so that a process that dies in between, or a vendor that does not
answer, leaves nothing half done; after so many looks it is told instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from syncd.core.planner import Planner
from syncd.engine.gathered import Gathered
from syncd.engine.world import World
from syncd.model.link import Link, Linked, LinkState
from syncd.model.plan import Action, Decision, Unlink, Update
from syncd.model.remote import RemoteRecord
from syncd.model.run import UNLINK, Request
from syncd.model.values import SIDES, Instant, Lane, Pair
from syncd.observe.log import emit

LOOKS: Final = 5
"""So many cycles try to empty the keys before the operator is told that they stay."""


def wish_to_unlink(connection: str, link: Link, *, who: str, at: Instant, looks: int = 0) -> Request:
    """That the next cycle ends a link; the same wish twice is one."""
    argument = f"{link.kind} {link.id} {looks}"
    return Request(f"{UNLINK}:{link.id}:{looks}", connection, UNLINK, argument, who, at)


class Unlinking:
    """Decides on the links of one kind that a person has ended."""

    def __init__(self, world: World, planner: Planner, gathered: Gathered) -> None:
        self.world = world
        self.planner = planner
        self.gathered = gathered

    def decide(self) -> list[Decision]:
        """One decision a link that is to end, or of which a key stands yet; nothing else is decided on it then."""
        wishes = [request for request in self.gathered.carried if request.wish == UNLINK]
        if not wishes:
            return []
        found = self.world.store.by_link([_link_of(request) for request in wishes])
        moving = {each.link.id for each, *_ in (*self.gathered.gone, *self.gathered.moved, *self.gathered.back)}
        busy = self.gathered.flying | moving
        decisions: list[Decision] = []
        later: list[Link] = []
        for request in wishes:
            linked = found.get(_link_of(request))
            if linked is not None and linked.link.id in busy:  # first it must be known what is to be ended
                self.gathered.carried.remove(request)
                later.append(linked.link)
            elif linked is not None and _asks(request, linked.link):
                decisions.extend(self._decision(request, linked))
        self._leave_for_later([*later, *(decision.link for decision in decisions)])
        return decisions

    def _decision(self, request: Request, linked: Linked) -> Iterable[Decision]:
        link = linked.link
        self.gathered.meetings.pop(link.id, None)
        live = link.state is LinkState.LIVE
        ended = replace(link, state=LinkState.TOMBSTONE, gone=None, keyed=Pair(marketing=False, crm=False))
        records = self._read(link)
        if records.crm is not None:  # what it says is about whoever has its address now
            self.gathered.left[records.crm.ref] = records.crm
        looks = _looks(request)
        updates = self._emptied(link, records)
        if updates and looks >= LOOKS:
            for update in updates:
                emit("link.key_kept", kind=link.kind, side=str(update.side), record=str(update.ref), link=link.id)
            updates = []
        if updates or (looks < LOOKS and self._untold(records)):
            again = wish_to_unlink(self.world.connection.name, link, who=request.who, at=request.at, looks=looks + 1)
            self.gathered.wishes.append(again)
        first: tuple[Action, ...] = (Unlink(link.refs, request.who),) if live else ()
        if not (first or updates):
            return
        closes = tuple(conflict.id for conflict in self.gathered.conflicts.get(link.id, ()))
        frees = tuple((row.side, row.field) for row in self.gathered.parked.get(link.id, ()))
        yield Decision(
            link.kind, ended, linked.base, records, (*first, *updates), closes=closes, frees=frees, lane=Lane.ORDINARY
        )

    def _read(self, link: Link) -> Pair[RemoteRecord | None]:
        """Both records as they are now; what has left needs nothing."""
        found: Pair[RemoteRecord | None] = Pair(None, None)
        for side in SIDES:
            shape = self.planner.lens.shape(side)
            for answer in self.world.connectors.of(side).fetch(shape, [link.refs.of(side)]):
                if isinstance(answer, RemoteRecord) and answer.ref == link.refs.of(side):
                    found = found.replacing(side, answer)
        return found

    def _emptied(self, link: Link, records: Pair[RemoteRecord | None]) -> list[Update]:
        """The writes that empty a key which names the former counterpart."""
        updates: list[Update] = []
        for side in SIDES:
            record, key = records.of(side), self.planner.kind.key.of(side)
            if record is not None and record.fields.get(key) == link.refs.other(side).id:
                updates.append(Update(side, record.ref, {key: None}, {}, (), Lane.ORDINARY))
        return updates

    def _untold(self, records: Pair[RemoteRecord | None]) -> bool:
        """Whether an answer left a key out: nobody knows yet whom it names."""
        both = ((records.of(side), self.planner.kind.key.of(side)) for side in SIDES)
        return any(record is not None and key in record.missing for record, key in both)

    def _leave_for_later(self, links: Iterable[Link]) -> None:
        """What a person joins anew of these records waits for a later cycle, or two writes would meet in one key; while
        the old link still stands, it would be a question again.
        """
        ended = {(side, link.refs.of(side)) for link in links for side in SIDES}
        later = [
            conflict
            for conflict in self.gathered.matches
            if (conflict.resolution or "").startswith("link:") and not ended.isdisjoint(conflict.refs)
        ]
        for conflict in later:
            self.gathered.matches.remove(conflict)
            for side, ref in conflict.refs:
                self.gathered.strays.of(side).pop(ref, None)


def links_to_end(requests: Iterable[Request]) -> frozenset[str]:
    """Links of which some of these wishes say that they end, or have ended."""
    return frozenset(_link_of(request) for request in requests if request.wish == UNLINK)


def _asks(request: Request, link: Link) -> bool:
    """Whether there is something to do: a second look at keys is for who was not joined again since."""
    return link.unlinked or (link.state is LinkState.LIVE and not _looks(request))


def _looks(request: Request) -> int:
    return int(request.argument.rpartition(" ")[2])


def _link_of(request: Request) -> str:
    return request.argument.split(" ")[1]
