"""Records that nobody can find among the linked ones, because something keeps them from being linked: by their id.

Three things do: a vendor that refuses their counterpart, the brake that holds its making, and a question about which
records are one. The store knows such records by id alone, and by an address only where a question's own words name it;
for anybody else both systems are asked (``seek``), which reads personal data and costs calls. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from syncd.engine.world import World, make_ready
from syncd.model.brake import Measure
from syncd.model.link import Topic
from syncd.model.remote import RemoteRef
from syncd.model.values import Instant, Pair, Side
from syncd.operations.braking import parts
from syncd.operations.explain import Explanation, explain
from syncd.operations.finding import Hit, find_hits
from syncd.operations.searching import LONGEST, named_records
from syncd.ports.store import Store

MOST: Final = 20
"""Records that are told, at most."""
EXPLAINED: Final = 5
"""Hits of which is said what the next cycle does with them, at most: each is read once more for it."""


class Obstacle(StrEnum):
    """What keeps a record from being linked."""

    REFUSED = "refused"
    HELD = "held"
    ASKED = "asked"


@dataclass(frozen=True, slots=True)
class Unlinked:
    """One record without a link. ``id`` names the obstacle: a dead letter, the digest of a held part, a conflict;
    ``side`` is whose record it is, ``code`` the vendor's, empty of other obstacles.
    """

    kind: str
    side: Side
    ref: RemoteRef
    obstacle: Obstacle
    id: str
    reason: str
    code: str = ""

    @property
    def record(self) -> str:
        """As a person names it, and as a reading is noted."""
        return f"{self.side}:{self.ref}"


def unlinked(
    store: Store, text: str, *, objects: Mapping[str, Pair[tuple[str, ...]]], now: Instant
) -> Sequence[Unlinked]:
    """What the text may mean that is not linked; best asked only where nothing linked was found.

    :param objects: by kind, the vendor objects of each side.
    """
    text = text.strip()[:LONGEST]
    named = list(named_records(text, objects))
    address = text.casefold() if "@" in text and not any(letter.isspace() for letter in text) else ""
    if not named and not address:
        return []
    found = [*_refused(store, named), *_held(store, named, now), *_asked(store, named, address)]
    return found[:MOST]


_Named = Sequence[tuple[str, Side, RemoteRef]]


def _refused(store: Store, named: _Named) -> Iterator[Unlinked]:
    for kind, side, ref in named:
        letter = store.letter_from(kind, side.other, ref)
        if letter is not None:
            yield Unlinked(kind, side, ref, Obstacle.REFUSED, letter.id, letter.reason, letter.code)


def _held(store: Store, named: _Named, now: Instant) -> Iterator[Unlinked]:
    wanted = {(kind, f"{side}:{ref}"): (side, ref) for kind, side, ref in named}
    if not wanted:
        return
    for part in parts(store, now):
        kind, measure, *_ = part.lot.key
        if measure == Measure.CREATES:
            for each in part.lot.changes:
                if (known := wanted.get((kind, each.record))) is not None:
                    yield Unlinked(kind, *known, Obstacle.HELD, part.digest, part.lot.cause)


def _asked(store: Store, named: _Named, address: str) -> Iterator[Unlinked]:
    wanted = {(side, ref) for _, side, ref in named}
    for row in store.conflicts():
        if row.topic is not Topic.MATCH:
            continue
        every = bool(address) and address in row.reason.casefold()
        for side, ref in row.refs:
            if every or (side, ref) in wanted:
                yield Unlinked(row.kind, side, ref, Obstacle.ASKED, row.id, row.reason)


@dataclass(frozen=True, slots=True)
class Sought:
    """One thing that both systems were asked for; ``told`` says what the next cycle does with it, ``None`` of further
    hits.
    """

    hit: Hit
    told: Explanation | None

    @property
    def name(self) -> str:
        """What it is noted under: its link, or its records."""
        if self.hit.link is not None:
            return self.hit.link.id
        return " ".join(f"{side}:{ref}" for side in Side if (ref := self.hit.refs.of(side)) is not None)


def seekable(text: str) -> str:
    """What both systems can be asked for: the text, if it is an address or names a record of a side; else empty."""
    text = text.strip()
    named = text.partition(":")[0] in list(Side) and "/" in text
    return text if not any(letter.isspace() for letter in text) and ("@" in text or named) else ""


def seek(world: World, text: str) -> Sequence[Sought]:
    """Looks in both systems for what is not linked, too: by address, or as ``SIDE:OBJECT/ID``.

    :raises BadUsage: if the text is in neither form.
    """
    make_ready(world)
    hits = find_hits(world, text.strip()[:LONGEST])[:MOST]
    return [
        Sought(hit, explain(world, hit) if number < EXPLAINED and hit.link is None else None)
        for number, hit in enumerate(hits)
    ]


def unlinked_document(found: Unlinked) -> dict[str, Any]:
    """One record without a link as plain values with stable keys."""
    return {
        "kind": found.kind,
        "record": found.record,
        "obstacle": found.obstacle.value,
        "id": found.id,
        "code": found.code or None,
        "reason": found.reason,
    }
