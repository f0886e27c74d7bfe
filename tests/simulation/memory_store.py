"""What is remembered between rounds, in a few dictionaries: as much of a store as reading, deciding, settling ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from syncd.model.link import Conflict, Linked, LinkState, Parked
from syncd.model.remote import RemoteRef
from syncd.model.run import Request, StoredCursor
from syncd.model.values import Instant, Side
from syncd.ports.store import Settlement


@dataclass
class MemoryStore:
    """What is remembered, as far as reading and deciding ask for it."""

    links: dict[str, Linked] = field(default_factory=dict)
    waiting: dict[str, Conflict] = field(default_factory=dict)
    refused: dict[tuple[str, Side, str], Parked] = field(default_factory=dict)
    places: dict[tuple[str, Side, str], StoredCursor] = field(default_factory=dict)
    wishes: dict[str, Request] = field(default_factory=dict)
    notes: dict[str, tuple[bytes, Instant]] = field(default_factory=dict)

    def settle(self, settlement: Settlement) -> None:
        """What settling changes, in the order of the real one."""
        for link in settlement.links:
            before = self.links.get(link.id)
            self.links[link.id] = Linked(link, before.base if before else None)
        for id_, base in settlement.bases:
            self.links[id_] = Linked(self.links[id_].link, base)
        for closed in settlement.unconflict:
            self.waiting.pop(closed, None)
        self.waiting.update((row.id, row) for row in settlement.conflicts)
        for key in settlement.unpark:
            self.refused.pop(key, None)
        self.refused.update(((row.link, row.side, row.field), row) for row in settlement.parked)
        for done in settlement.requests_done:
            self.wishes.pop(done, None)
        self.wishes.update((row.id, row) for row in settlement.wishes)
        self.places.update(((row.kind, row.side, row.stream), row) for row in settlement.cursors)

    def linked(self, kind: str, side: Side, refs: Sequence[RemoteRef]) -> Mapping[RemoteRef, Linked]:
        found: dict[RemoteRef, Linked] = {}
        for each in sorted(self.links.values(), key=lambda row: row.link.state is LinkState.LIVE):
            if each.link.kind == kind and each.link.refs.of(side) in refs:
                found[each.link.refs.of(side)] = each
        return found

    def by_link(self, ids: Sequence[str]) -> Mapping[str, Linked]:
        return {id_: self.links[id_] for id_ in ids if id_ in self.links}

    def link_ids(self, kind: str, side: Side, refs: Sequence[RemoteRef]) -> Mapping[RemoteRef, str]:
        found = self.linked(kind, side, refs)
        return {ref: each.link.id for ref, each in found.items() if each.link.state is LinkState.LIVE}

    def count_links(self, kind: str) -> int:
        return sum(1 for each in self.links.values() if each.link.kind == kind and each.link.state is LinkState.LIVE)

    def cursors(self) -> Sequence[StoredCursor]:
        return list(self.places.values())

    def conflicts(self) -> Sequence[Conflict]:
        return list(self.waiting.values())

    def parked(self) -> Sequence[Parked]:
        return list(self.refused.values())

    def requests(self) -> Sequence[Request]:
        return list(self.wishes.values())

    def _none(self, *_asked: object) -> Sequence[object]:
        return ()

    dead_letters = open_intents = remnants = _none

    def open_since(self) -> Instant | None:
        return None

    def recall(self, name: str) -> tuple[bytes, Instant] | None:
        return self.notes.get(name)

    def remember(self, name: str, content: bytes, now: Instant) -> None:
        self.notes[name] = content, now

    def suppressed(self, _addresses: Sequence[str]) -> frozenset[str]:
        return frozenset()
