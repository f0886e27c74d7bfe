"""Who read whose personal data, in the pages and over the API: noted by ids, never by an address or a value.

A look is noted once for each session or token, record and place, and again after ten minutes: a page that fetches
itself anew all day is some entries and not thousands. It is told to the log before the answer, and stored beside the
deeds of operators after it: a store that is busy keeps nobody from reading, and one that cannot take the entry is told
of (``reading.unnoted``); the next look tries again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from fastapi import Request

from syncd.console.desk import Desk
from syncd.console.guard import visitor_of
from syncd.model.errors import SyncdError
from syncd.model.link import Conflict
from syncd.model.operator import Deed
from syncd.model.values import Instant
from syncd.observe.log import emit

AGAIN: Final = timedelta(minutes=10)
MOST: Final = 20_000
"""Looks that are remembered; of more the oldest are forgotten, and noted again when they come again."""
_Look = tuple[str, str, str, str]


class Readings:
    """Which looks were noted lately; shared by the threads that answer."""

    def __init__(self) -> None:
        self._noted: dict[_Look, Instant] = {}
        self._guard = threading.Lock()

    def news(self, looks: Iterable[_Look], now: Instant) -> list[_Look]:
        """Those that were not noted lately, which count as noted from now on."""
        with self._guard:
            while self._noted and (len(self._noted) > MOST or next(iter(self._noted.values())) + AGAIN <= now):
                del self._noted[next(iter(self._noted))]
            new = [look for look in dict.fromkeys(looks) if look not in self._noted]
            self._noted.update(dict.fromkeys(new, now))
            return new

    def forget(self, looks: Iterable[_Look]) -> None:
        """They were not noted after all."""
        with self._guard:
            for look in looks:
                self._noted.pop(look, None)


def reads(request: Request, what: str, connection: str, ids: Iterable[str]) -> None:
    """Notes that the answer to this call shows what is known of these records.

    :param what: the place, as the deeds name it.
    :param ids: of links; of what has none, its record.
    """
    visitor, desk = visitor_of(request), _desk(request)
    readings: Readings = request.app.state.readings
    now = desk.clock.now()
    looks = readings.news(((visitor.credential.id, connection, what, id) for id in ids), now)
    if not looks:
        return
    way, about = visitor.credential.sort, " ".join(id for *_, id in looks)
    emit("console.read", connection=connection, who=visitor.name, way=str(way), command=what, about=about)
    deed = Deed(desk.chance.identifier(), now, visitor.name, way, connection, what, about, status=200)

    def store() -> None:
        try:
            desk.entrance.doors.begin_deed(deed)
        except SyncdError as why:
            readings.forget(looks)
            emit("reading.unnoted", connection=connection, who=deed.who, command=what, error=type(why).__name__)

    request.state.afterwards.append(store)


def subjects(conflicts: Iterable[Conflict]) -> list[str]:
    """Whom conflicts are about: links, and the records of those that have none."""
    return [
        who for row in conflicts for who in ([row.link] if row.link else [f"{side}:{ref}" for side, ref in row.refs])
    ]


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk
