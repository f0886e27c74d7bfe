"""Change queries over HubSpot's search: one sort rule, 10,000 results, a body of 3,000 characters, a lagging index.

``Sweep`` reads every record whose stamp lies above a position, oldest first, in pages of 200. After each page it asks
anew from where it stands instead of paging by offset: an offset skips a record whenever another one moves to the end
meanwhile. Only while more records share one stamp than a query can leave out, or a page shows none that can be gone on
from, does it page by offset; before the cap of 10,000 it begins again at the last stamp, and a stamp that fills the cap
by itself is paged by record id.

The end is a missing ``paging.next``, never a count or a short page: index and store disagree for a moment after an
archive (recorded). Duplicates are dropped here; it always ends, since every query moves on by at least one record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from connectors.hubspot.cursor import MOST, Position
from connectors.hubspot.reading import Reader
from connectors.hubspot.wire import Asked, id_of, properties_of
from connectors.transport import wrong_shape

ID: Final = "hs_object_id"
PAGE: Final = 200
CAP: Final = 10_000
ALL: Final = 1 << 62
LAST_FEW: Final = 5
"""Records at the end of a page that are not all changed in the moment between index and store."""
BODY: Final = 2_990
"""Characters of a search body; the vendor takes 3,000."""

Filter = Mapping[str, Any]
Row = Mapping[str, Any]
Ask = Callable[[bytes], tuple[list[dict[str, Any]], str | None, int]]
"""Sends one search body; answers its rows, the ``after`` of the next page, and the vendor's time, ours if none was
told.
"""


def body_of(
    *, groups: Sequence[Sequence[Filter]], sort: str, properties: Sequence[str], after: str | None = None
) -> bytes:
    """One search body. Values must be text; dates epoch milliseconds as text, the form that is safe."""
    body: dict[str, Any] = {
        "filterGroups": [{"filters": list(filters)} for filters in groups],
        "sorts": [{"propertyName": sort, "direction": "ASCENDING"}],
        "properties": list(properties),
        "limit": PAGE,
    }
    if after is not None:
        body["after"] = after
    return orjson.dumps(body)


def compare(name: str, operator: str, value: str | int) -> Filter:
    """A filter with one value."""
    return {"propertyName": name, "operator": operator, "value": str(value)}


def among(name: str, operator: str, values: Sequence[str]) -> Filter:
    """``IN`` or ``NOT_IN``; text must be given in lower case."""
    return {"propertyName": name, "operator": operator, "values": list(values)}


def fitting(asked: Asked) -> tuple[str, ...]:
    """The properties a search can carry beside its filters, or the stamp alone if they are too many for one body."""
    spare = BODY - len(body_of(groups=[[]], sort=asked.stamp, properties=asked.properties))
    return asked.properties if spare > 700 else (asked.stamp, "hs_merged_object_ids")


@dataclass(frozen=True, slots=True)
class Step:
    """One page of a sweep: new rows, oldest first, and the position once they are settled."""

    rows: Sequence[Row]
    position: Position


@dataclass(slots=True)
class Sweep:
    """All records above ``position`` and not above ``top``.

    Known once it has begun: ``safe``, up to where the index had caught up when it was asked first, and ``sure``, up to
    where nothing can have been skipped by paging by offset.
    """

    ask: Ask
    asked: Asked
    position: Position
    properties: Sequence[str]
    overlap: int
    top: int | None = None
    safe: int = 0
    sure: int = ALL
    _tied: dict[str, int] = field(default_factory=dict)
    _ahead: dict[str, int] = field(default_factory=dict)
    """Records that were given with a stamp that may be newer than their place, and the position knows nothing of."""

    def __iter__(self) -> Iterator[Step]:
        anchor, offset, begun = self.position, None, False
        while True:
            rows, following, now = self.ask(self._body(anchor, offset))
            keys = [id_of(row, self.asked.kind) for row in rows]
            stamps = {key: self.asked.stamp_of(row) for key, row in zip(keys, rows, strict=True)}
            if not begun:
                self.safe = now - self.overlap
                begun = True
            new = [pair for pair in zip(keys, rows, strict=True) if not self._has_settled(pair[0], stamps)]
            fresh = [row for key, row in new if self._ahead.get(key) != stamps[key]]
            self._ahead |= {key: stamps[key] for key, _ in new}
            if following is None:
                here = self._after(self._ahead)
                self.position = here
                yield Step(fresh, here)
                return
            placed = self._placed(anchor, stamps)
            seen = {key: placed[key] for key, _ in new if key in placed}
            for key in seen:
                del self._ahead[key]
            last = max(placed.values(), default=min(stamps.values(), default=anchor.edge))
            here = self._after(seen)
            if placed and here.full and (seen or self._tied):
                # More records share the last stamp than the next query could leave out: stay just below it.
                self._tied = {key: stamp for key, stamp in (self._tied | placed).items() if stamp == last}
                self.position = here.below(last)
            elif placed:
                self._tied, self.position = {}, here
            yield Step(fresh, self.position)
            if seen and not self._tied:
                anchor, offset = self.position, None
                continue
            self.sure = min(self.sure, anchor.floor)
            if int(following) <= int(offset or 0):
                raise wrong_shape("search", "the next page does not lie behind the page just read")
            offset = following
            if int(offset) + PAGE > CAP:
                if anchor.edge >= last - 1:
                    yield from self._one_stamp(last)
                    anchor, offset = self.position, None
                else:
                    anchor, offset = Position(last - 1, last - 1, anchor.looked), None

    def _placed(self, anchor: Position, stamps: dict[str, int]) -> dict[str, int]:
        """Those of a page's records whose stamp is that of their place in the order.

        Search may find a record by its index and show what the store holds by then (the vendor says nothing of it): one
        that was changed in between has a stamp above its place, and whoever goes on from there skips what lies between.
        Such a stamp is younger than what the index had caught up with. Above that, all are taken for placed: everything
        there is looked for a second time. A page all of whose stamps are as young is gone on from the lowest of its
        last few: one of these stands where it shows, and what lies below it is on this page or was read before.
        """
        bound = self.safe if self.top is None else self.top
        if anchor.edge >= bound:
            return stamps
        placed = {key: stamp for key, stamp in stamps.items() if stamp <= bound}
        if placed or self.top is not None or not stamps:
            return placed
        lowest = min(list(stamps.values())[-LAST_FEW:])
        return {key: stamp for key, stamp in stamps.items() if stamp <= lowest}

    def _after(self, seen: Mapping[str, int]) -> Position:
        here = self.position.after(seen.items(), room=self._room())
        return here.above(max(self._tied.values())) if self._tied else here

    def _has_settled(self, key: str, stamps: Mapping[str, int]) -> bool:
        return self._tied.get(key) == stamps[key] or self.position.recent.get(key) == stamps[key]

    def _one_stamp(self, stamp: int) -> Iterator[Step]:
        """All records of one stamp, by id; ends with the position above it."""
        below, last_id = self.position, ""
        while True:
            filters = [compare(self.asked.stamp, "EQ", stamp)]
            if last_id:
                filters.append(compare(ID, "GT", last_id))
            rows, following, _ = self.ask(body_of(groups=[filters], sort=ID, properties=self.properties))
            keys = [id_of(row, self.asked.kind) for row in rows]
            fresh = [row for key, row in zip(keys, rows, strict=True) if key not in self._tied]
            top = max(map(int, keys), default=0)
            if rows and top <= int(last_id or 0):
                raise wrong_shape("search", "the same page again")
            last_id = str(top) if rows else last_id
            if following is None or not rows:
                self.position = Position(stamp, stamp, below.looked)
                self._tied = {}
                yield Step(fresh, self.position)
                return
            yield Step(fresh, below)

    def _body(self, anchor: Position, offset: str | None) -> bytes:
        name = self.asked.stamp
        upper = [] if self.top is None else [compare(name, "LTE", self.top)]
        groups = [[compare(name, "GT", anchor.edge), *upper]]
        if anchor.floor < anchor.edge:
            late = [compare(name, "GT", anchor.floor), compare(name, "LTE", anchor.edge)]
            if anchor.recent:
                late.append(among(ID, "NOT_IN", list(anchor.recent)))
            groups.append(late)
        return body_of(groups=groups, sort=name, properties=self.properties, after=offset)

    def _room(self) -> int:
        """How many ids the next query can leave out."""
        full = Position(9_999_999_999_999, 9_999_999_990_000, 0, {"9": 0})
        spare = BODY - len(self._body(full, str(CAP)))
        return max(0, min(MOST, spare // 17))  # an id of up to 14 digits, quotes and comma


def hydrated(asked: Asked, rows: Sequence[Row], reader: Reader) -> Sequence[Row]:
    """Rows of a search that could not name all properties: it told which records, the store tells their values."""
    if not rows or fitting(asked) == asked.properties or set(asked.properties) <= properties_of(rows[0]).keys():
        return rows
    return reader.live(asked, [id_of(row, asked.kind) for row in rows])
