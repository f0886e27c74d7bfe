"""One stream of records for a kind that is only ever added to: everything once, then what changes.

The position moves after a page only if everything of it was dealt with, and of all pages before it: what could not be
is read again by the next cycle, and what was dealt with is known by then. So nothing has to be queued.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from syncd.engine.world import World
from syncd.model.errors import UnusableCursor
from syncd.model.remote import Cursor, Page, RemoteRecord, RemoteRef, Roster, Shape
from syncd.model.run import StoredCursor
from syncd.model.values import Instant, Side
from syncd.observe.log import emit
from syncd.ports.store import Settlement

SCAN_PAGES = 50
"""How many pages of everything there is are read in one cycle, until all were."""

EVERYBODY = timedelta(days=1)
"""How often a list is read from its beginning."""

LOOKED_BACK = timedelta(days=1)
"""How far behind the time of a position that cannot be used its stream is gone on with."""

Deal = Callable[[Sequence[RemoteRecord]], bool]
"""Deals with the records of a page; whether each of them is dealt with."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A stream by its name. ``since`` is from when on it is read, ``None`` for from now on; ``whole`` says that
    everything there is comes first, because of what has not changed for long.
    """

    world: World
    kind: str
    side: Side
    name: str
    shape: Shape
    since: Instant | None = None
    whole: bool = False

    def read(self, deal: Deal) -> None:
        """Hands on page by page, and moves the position behind what was dealt with. Before ``since`` there is nothing
        to read.
        """
        if self.since is not None and self.since > self.world.clock.now():
            return
        rows = [each for each in self.world.store.cursors() if each.kind == self.kind and each.side is self.side]
        known = {each.stream: each.cursor for each in rows}
        try:
            self._read(known, deal)
        except UnusableCursor as why:
            changes, scan = f"changes:{self.name}", f"scan:{self.name}"
            emit("cursor.unusable", kind=self.kind, stream=changes, reason=str(why))
            known.pop(scan, None)
            moved = min((each.moved_at for each in rows if each.stream == changes), default=self.world.clock.now())
            known[changes] = self.world.seen(self.side).start(self.shape, moved - LOOKED_BACK)
            self._move(changes, known[changes])
            self._read(known, deal)

    def _read(self, known: dict[str, Cursor], deal: Deal) -> None:
        changes, scan, scanned = (f"{sort}:{self.name}" for sort in ("changes", "scan", "scanned"))
        connector = self.world.seen(self.side)
        if changes not in known:  # taken before the first page of everything, so that nothing falls between
            known[changes] = connector.start(self.shape, self.since)
            self._move(changes, known[changes])
        if self.whole and scanned not in known:
            pages = connector.scan(self.shape, known.get(scan))
            if self._through(islice(pages, SCAN_PAGES), scan, deal):
                rest = next(pages, None)
                if rest is None:
                    self._move(scanned, known[changes])
        self._through(connector.changes(self.shape, known[changes]), changes, deal)

    def _through(self, pages: Iterator[Page], stream: str, deal: Deal) -> bool:
        settled = True
        for page in pages:
            self.world.keep_lease()
            settled = deal(page.records) and settled
            if settled:
                self._move(stream, page.cursor)
        return settled

    def _move(self, stream: str, cursor: Cursor) -> None:
        moved = StoredCursor(self.kind, self.side, stream, cursor, self.world.clock.now())
        self.world.settle(Settlement(cursors=[moved]))


@dataclass(frozen=True, slots=True)
class ListFeed:
    """Who is in a list of the marketing side: who joined since, and everybody once a day.

    A vendor does not say what its positions in a list are made of, and people who leave it may move them; so what was
    missed by one is found within a day. Whoever is in a list before they are linked is added by that, too.
    """

    world: World
    kind: str
    name: str
    key: str

    def read(self, deal: Callable[[Sequence[RemoteRef]], bool]) -> None:
        """Hands on page by page, and moves the position behind what was dealt with.

        :raises NeedsOperator: if there is no such list, or it may not be read.
        """
        stored = {each.stream: each for each in self.world.store.cursors() if each.kind == self.kind}
        whole, latest = stored.get(f"whole:{self.name}"), stored.get(f"list:{self.name}")
        now = self.world.clock.now()
        anew = whole is None or now - whole.moved_at >= EVERYBODY
        settled = True
        for page in self._pages(None if anew or latest is None else latest.cursor):
            self.world.keep_lease()
            settled = deal(page.refs) and settled
            if settled:
                self._move("list", page.cursor, now)
        if anew and settled:
            self._move("whole", Cursor(""), now)

    def _pages(self, after: Cursor | None) -> Iterator[Roster]:
        """From a position on; from the beginning where it cannot be used."""
        try:
            yield from self.world.connectors.marketing.roster(self.key, after)
        except UnusableCursor as why:
            emit("cursor.unusable", kind=self.kind, stream=f"list:{self.name}", reason=str(why))
            yield from self.world.connectors.marketing.roster(self.key, None)

    def _move(self, sort: str, cursor: Cursor, now: Instant) -> None:
        moved = StoredCursor(self.kind, Side.MARKETING, f"{sort}:{self.name}", cursor, now)
        self.world.settle(Settlement(cursors=[moved]))
