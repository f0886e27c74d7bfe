"""Where a reader stands in HubSpot's change stream.

Search sorts by one property only and its index lags, so a position is more than a stamp. ``edge`` is the highest stamp
settled; ``recent`` holds the records settled just below it, so that a query can leave them out and find what became
visible late; it is complete above ``floor``. Up to ``looked`` late records have been looked for once more.
All stamps are epoch milliseconds of the vendor's clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from syncd.model.errors import UnusableCursor
from syncd.model.remote import Cursor

OVERLAP = 5_000
"""Milliseconds below the edge in which late records are looked for with every query; recorded lags are 0 to 3 s."""
MOST = 100
"""Ids a query leaves out at most; a body of 3,000 characters has no room for many more."""
FUTURE = 3_600_000
"""Milliseconds that a position may be ahead of the vendor: clocks are put back by minutes."""
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Position:
    """An immutable position; ``after`` moves it."""

    edge: int
    floor: int
    looked: int
    recent: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def at(cls, stamp: int) -> Position:
        """The position that has settled everything up to a stamp."""
        return cls(edge=stamp, floor=stamp, looked=stamp)

    def check(self, now: int) -> None:
        """That the vendor's clock has come this far.

        :raises UnusableCursor: if not, by more than a clock may be put back.
        """
        if max(self.edge, self.looked) > now + FUTURE:
            raise UnusableCursor("a stored HubSpot cursor lies in the vendor's future, where nothing would be new")

    @property
    def full(self) -> bool:
        """Whether the records that carry the edge's own stamp were too many to be remembered."""
        return self.floor >= self.edge

    def after(self, seen: Iterable[tuple[str, int]], *, room: int) -> Position:
        """The position once these (id, stamp) are settled too; ``room`` ids fit into the next query."""
        known = dict(self.recent)
        known.update(seen)
        if not known:
            return self
        edge = max(self.edge, *known.values())
        floor = max(self.floor, edge - OVERLAP)
        newest = sorted(((stamp, key) for key, stamp in known.items() if stamp > floor), reverse=True)
        room = min(room, MOST)
        if len(newest) > room:
            floor = newest[room][0]
        return Position(edge, floor, self.looked, {key: stamp for stamp, key in newest if stamp > floor})

    def below(self, stamp: int) -> Position:
        """The position just before a stamp: what carries it will be read again."""
        edge = stamp - 1
        recent = {key: at for key, at in self.recent.items() if at <= edge}
        return Position(min(self.edge, edge), min(self.floor, edge), self.looked, recent)

    def above(self, stamp: int) -> Position:
        """The position once all records of a stamp are settled, though they were too many to be remembered."""
        recent = {key: at for key, at in self.recent.items() if at > stamp}
        return Position(max(self.edge, stamp), max(self.floor, stamp), self.looked, recent)

    def looking(self, looked: int) -> Position:
        """The same position after a second look."""
        return replace(self, looked=max(self.looked, looked))

    def encode(self) -> Cursor:
        """The position as an opaque cursor."""
        return _encode(edge=self.edge, floor=self.floor, looked=self.looked, recent=dict(self.recent))

    @classmethod
    def decode(cls, cursor: Cursor) -> Position:
        """Reads a cursor. :raises UnusableCursor: if it is none of ours."""
        held = _decode(cursor)
        try:
            recent = {str(key): int(stamp) for key, stamp in held["recent"].items()}
            return cls(int(held["edge"]), int(held["floor"]), int(held["looked"]), recent)
        except (KeyError, TypeError, ValueError, AttributeError) as why:
            raise _unknown(cursor) from why


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a list that is read by record id; ``after`` is where the next page begins."""

    after: str | None = None
    done: bool = False

    def encode(self) -> Cursor:
        """The mark as an opaque cursor."""
        return _encode(after=self.after, done=self.done)

    @classmethod
    def decode(cls, cursor: Cursor | None) -> Mark:
        """Reads a cursor; none is the beginning. :raises UnusableCursor: if it is none of ours."""
        if cursor is None:
            return cls()
        held = _decode(cursor)
        if "after" not in held:
            raise _unknown(cursor)
        return cls(None if held["after"] is None else str(held["after"]), bool(held.get("done")))


def _encode(**held: object) -> Cursor:
    return Cursor(orjson.dumps({"v": _VERSION, **held}).decode())


def _decode(cursor: Cursor) -> dict[str, Any]:
    try:
        held = orjson.loads(cursor)
    except orjson.JSONDecodeError as why:
        raise _unknown(cursor) from why
    if not isinstance(held, dict) or held.get("v") != _VERSION:
        raise _unknown(cursor)
    return held


def _unknown(cursor: Cursor) -> UnusableCursor:
    return UnusableCursor(f"a stored HubSpot cursor of {len(cursor)} characters is not readable by this version")
