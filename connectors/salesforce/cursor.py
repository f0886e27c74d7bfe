"""Cursors: opaque outside this connector, versioned JSON inside.

A change cursor holds a ``Mark`` per object. ``edge`` is the newest stamp read; ``floor`` the stamp from which rows are
asked for again; ``recent`` the ids (and stamps) above the floor that were read when their second was over, so that
asking again does not read them again; ``looked`` the stamp up to which rows were asked for at least ``overlap`` after
it. Refuses a cursor of another version or kind: a position that is misread would lose changes without a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import orjson

from syncd.model.errors import UnusableCursor
from syncd.model.remote import Cursor
from syncd.model.values import Instant, instant, stamp

_VERSION: Final = 1
WINDOW: Final = timedelta(seconds=5)
"""Transactions of a few seconds are the rule: rows this much before the edge are asked for in every cycle."""
FUTURE: Final = timedelta(hours=1)
"""How far a position may be ahead of the vendor: clocks are put back by minutes."""
MOST_RECENT: Final = 200
"""Ids a query can exclude and still fit into a URL."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Where one object's change stream stands."""

    edge: Instant
    floor: Instant
    recent: Mapping[str, Instant]
    looked: Instant

    @classmethod
    def at(cls, moment: Instant) -> Mark:
        """The mark that reads everything stamped at this instant or later."""
        second = moment.replace(microsecond=0)
        return cls(second, second, {}, second)


def marked(before: Mark, seen: Mapping[str, Instant], *, edge: Instant, over: Instant, looked: Instant) -> Mark:
    """The mark after all rows up to ``edge`` were read.

    :param seen: ids and stamps of the rows read since ``before``. :param over: rows of this second or later may change
        within it once more (stamps have a resolution of one second), so they are not excluded.
    """
    edge = max(edge, before.edge)
    floor = max(edge - WINDOW, before.floor)
    known = {**before.recent, **seen}
    near = {id_: at for id_, at in known.items() if floor <= at < over and at <= edge}
    if len(near) > MOST_RECENT:
        # A mass change: whole seconds are given up from below until the rest fits; the second look covers them.
        for second in sorted(set(near.values())):
            floor = second + timedelta(seconds=1)
            near = {id_: at for id_, at in near.items() if at >= floor}
            if len(near) <= MOST_RECENT:
                break
    return Mark(edge, floor, near, looked)


def write_marks(marks: Mapping[str, Mark]) -> Cursor:
    """The change cursor of these marks."""
    return _write(
        "changes",
        {
            name: {
                "edge": stamp(mark.edge),
                "floor": stamp(mark.floor),
                "recent": {id_: round((mark.edge - at).total_seconds()) for id_, at in sorted(mark.recent.items())},
                "looked": stamp(mark.looked),
            }
            for name, mark in marks.items()
        },
    )


def read_marks(cursor: Cursor, objects: Iterable[str]) -> dict[str, Mark]:
    """A mark for each object; one that the cursor does not know starts where the oldest known one looked last.

    :raises UnusableCursor: if it is no change cursor of this connector.
    """
    held = _read("changes", cursor)
    try:
        marks = {name: _mark(one) for name, one in held.items()}
        oldest = min(mark.looked for mark in marks.values())
    except (AttributeError, KeyError, TypeError, ValueError) as why:
        raise _unreadable("changes") from why
    return {name: marks.get(name) or Mark.at(oldest) for name in objects}


def _mark(held: Mapping[str, Any]) -> Mark:
    edge = instant(held["edge"])
    recent = {str(id_): edge - timedelta(seconds=int(age)) for id_, age in held["recent"].items()}
    return Mark(edge, instant(held["floor"]), recent, instant(held["looked"]))


def check(marks: Mapping[str, Mark], now: Instant) -> None:
    """That the vendor's clock has come as far as these marks.

    :raises UnusableCursor: if not, by more than a clock may be put back.
    """
    if any(max(mark.edge, mark.floor, mark.looked) > now + FUTURE for mark in marks.values()):
        raise UnusableCursor("a stored Salesforce cursor lies in the vendor's future, where nothing would be new")


def write_scan(object: str | None, after: str | None) -> Cursor:
    """The scan cursor: this object, behind this id; no object means that the scan is complete."""
    return _write("scan", {"object": object, "after": after})


def read_scan(cursor: Cursor) -> tuple[str | None, str | None]:
    """Object and id of a scan cursor. :raises UnusableCursor: if it is none."""
    held = _read("scan", cursor)
    if not {"object", "after"} <= held.keys():
        raise _unreadable("scan")
    return held["object"], held["after"]


def write_sweep(swept: Mapping[str, Instant]) -> Cursor:
    """The departures cursor: until when each object's log of deletions was read."""
    return _write("departures", {name: stamp(at) for name, at in swept.items()})


def read_sweep(cursor: Cursor | None) -> dict[str, Instant]:
    """What a departures cursor holds; nothing for none. :raises UnusableCursor: if it is no such cursor."""
    if cursor is None:
        return {}
    try:
        return {name: instant(at) for name, at in _read("departures", cursor).items()}
    except (TypeError, ValueError) as why:
        raise _unreadable("departures") from why


def _write(kind: str, held: Mapping[str, Any]) -> Cursor:
    return Cursor(orjson.dumps({"v": _VERSION, kind: held}).decode())


def _read(kind: str, cursor: Cursor) -> dict[str, Any]:
    try:
        read = orjson.loads(cursor)
    except orjson.JSONDecodeError as why:
        raise _unreadable(kind) from why
    held = read.get(kind) if isinstance(read, dict) and read.get("v") == _VERSION else None
    if not isinstance(held, dict):
        raise _unreadable(kind)
    return held


def _unreadable(kind: str) -> UnusableCursor:
    return UnusableCursor(f"the stored Salesforce {kind} cursor cannot be read by this version of syncd")
