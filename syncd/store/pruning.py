"""Prunes what is older than the rule says, a small step at a time, and leaves the audit's chain verifiable.

* The audit is pruned from its beginning up to an entry of the chain that *closes* it: every row that was begun up to
  there was also ended up to there. So what stays is proven whole, beginnings and endings, from the anchor on: number
  and hash of the last entry that was pruned. A write without an ending keeps itself and everything younger.
* The last entry always stays: the chain goes on from it, and the witness of the store's generation compares it.
* What does not verify is not pruned: it is evidence of something (``audit.unsound``).
* A run stays while it is under way, while a write of it has no ending, while a wish of its name is open; the latest
  stays in any case.

One step is one short transaction, of some five hundred rows; whoever calls decides how many steps there is time for.
What links, bases, conflicts, held changes and the ledger hold is no history and never touched. Dead letters have bounds
of their own, in age and number, which a daemon's worker keeps (``Letters.bound_letters``).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, func, select

from syncd.model.keeping import Keep, Pruned, Step
from syncd.model.run import RunState
from syncd.model.values import Instant
from syncd.observe.log import emit
from syncd.store.anchor import key_of, pruned_of
from syncd.store.chain import verify_up_to
from syncd.store.codec import from_ms, to_ms
from syncd.store.database import Database
from syncd.store.dialects import among, upsert
from syncd.store.generation import Generation
from syncd.store.tables import audit, chain, intent, meta, request, run

STEP: Final = 500
"""Rows of the audit that one step looks at; more only where one closed part of it is larger."""
LARGEST: Final = 64_000
"""Rows that are looked at in search of an entry that closes what is before it."""
RUNS: Final = 500
"""Runs that one step prunes."""
_NEVER: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class _Cut:
    """The last row that goes, and the entry that closes what goes."""

    seq: int
    number: int


class Pruning:
    """Pruning of one connection."""

    def __init__(self, database: Database, connection: str, generation: Generation) -> None:
        self._database = database
        self._connection = connection
        self._generation = generation

    def prune(self, keep: Keep, now: Instant) -> Step:
        """One step; nothing is written where nothing is old enough."""
        rows, more, kept_by = (0, False, None) if keep.audit is None else self._audit(keep.audit, now)
        runs = 0 if keep.runs is None else self._runs(now - keep.runs)
        return Step(rows, runs, more or runs == RUNS, kept_by)

    def pruned(self) -> Pruned | None:
        """What was pruned of the audit so far; ``None`` if nothing was."""
        with self._database.reading("read what was pruned") as tx:
            return pruned_of(tx, self._connection)

    # -- the audit ---------------------------------------------------------------------------------------------------
    def _audit(self, age: timedelta, now: Instant) -> tuple[int, bool, Instant | None]:
        before = to_ms(now - age)
        with self._database.reading("look for old writes") as tx:
            if not self._any_older(tx, before):
                return 0, False, None
            done = pruned_of(tx, self._connection)
            cut = self._closing(tx, before)
        if not isinstance(cut, _Cut):
            return 0, False, cut
        if not self._sound(cut, done):
            return 0, False, None
        with self._database.writing("prune the audit") as tx:
            self._generation.move(tx)  # whoever else prunes or writes waits here
            if pruned_of(tx, self._connection) != done:
                return 0, True, None
            gone = tx.execute(
                delete(audit).where(audit.c.connection == self._connection, audit.c.seq <= cut.seq)
            ).rowcount
            anchor = self._anchored(tx, done, cut.number, gone, age, now)
            more = self._any_older(tx, before)
        emit("audit.pruned", records=gone, entry=cut.number, hash=anchor.hash, upto=anchor.upto.isoformat())
        return gone, more, None

    def _any_older(self, tx: Connection, before: int) -> bool:
        first = tx.execute(
            select(audit.c.at).where(audit.c.connection == self._connection).order_by(audit.c.seq).limit(1)
        ).scalar()
        return first is not None and first < before

    def _closing(self, tx: Connection, before: int) -> _Cut | Instant | None:
        """Where the audit can be cut; or since when something keeps it that has no ending; ``None`` if neither."""
        size = STEP
        while True:
            page = self._page(tx, size)
            count, number = _closed(page, limit=self._last_old(tx, page, before), before=before, whole=len(page) < size)
            if count:
                return _Cut(page[count - 1].seq, number)
            kept_by = next((from_ms(row.at) for row in page if row.at < before and _end(row) == _NEVER), None)
            if kept_by is not None or len(page) < size or size >= LARGEST or page[-1].at >= before:
                return kept_by
            size *= 2

    def _last_old(self, tx: Connection, page: Sequence[Any], before: int) -> int:
        """The last entry that rows of a page name and that may go: old enough, and not the last one of all."""
        of_ours = chain.c.connection == self._connection
        named = max((max(row.lot or 0, row.end_lot or 0) for row in page), default=0)
        newest = tx.execute(select(func.max(chain.c.number)).where(of_ours)).scalar() or 0
        young = select(func.min(chain.c.number)).where(of_ours, chain.c.number <= named, chain.c.at >= before)
        youngest = tx.execute(young).scalar()
        return max(0, min(named, newest - 1, named if youngest is None else youngest - 1))

    def _sound(self, cut: _Cut, done: Pruned | None) -> bool:
        """Whether what is to go is what was written: else it is evidence, and stays."""
        found = verify_up_to(self._database, self._connection, cut.number, seq=cut.seq, anchor=done)
        if not found:
            emit("audit.unsound", reason=f"{len(found.flaws) + found.more} flaws up to entry {cut.number}")
        return bool(found)

    def _page(self, tx: Connection, size: int) -> Sequence[Any]:
        return tx.execute(
            select(audit.c.seq, audit.c.lot, audit.c.end_lot, audit.c.outcome, audit.c.at)
            .where(audit.c.connection == self._connection)
            .order_by(audit.c.seq)
            .limit(size)
        ).fetchall()

    def _anchored(
        self, tx: Connection, done: Pruned | None, number: int, gone: int, age: timedelta, now: Instant
    ) -> Pruned:
        """Moves the anchor to an entry, and takes away those up to it."""
        of_ours = chain.c.connection == self._connection
        entry = tx.execute(select(chain.c.hash, chain.c.at).where(of_ours, chain.c.number == number)).one_or_none()
        rows = gone + (done.rows if done else 0)
        if entry is None:  # only rows from before the chain, or what closes them was the anchor already
            anchor = Pruned(number, done.hash if done else "", done.upto if done else now - age, rows, now, age)
        else:
            anchor = Pruned(number, bytes(entry.hash).hex(), from_ms(entry.at), rows, now, age)
        tx.execute(delete(chain).where(of_ours, chain.c.number <= number))
        told = [anchor.number, anchor.hash, to_ms(anchor.upto), anchor.rows, to_ms(now), round(age.total_seconds())]
        tx.execute(upsert(tx, meta), [{"key": key_of(self._connection), "value": json.dumps(told)}])
        return anchor

    # -- runs --------------------------------------------------------------------------------------------------------
    def _runs(self, before: Instant) -> int:
        of_ours = run.c.connection == self._connection
        old = (
            of_ours,
            run.c.started_at < to_ms(before),
            run.c.state != str(RunState.RUNNING),
            run.c.id.not_in(select(intent.c.run).where(intent.c.connection == self._connection)),
            run.c.id.not_in(
                select(request.c.id).where(request.c.connection == self._connection, request.c.done_at.is_(None))
            ),
        )
        with self._database.reading("look for old runs") as tx:
            latest = tx.execute(
                select(run.c.id).where(of_ours).order_by(run.c.started_at.desc(), run.c.id.desc()).limit(1)
            ).scalar()
            ids = list(tx.execute(select(run.c.id).where(*old, run.c.id != latest).limit(RUNS)).scalars())
        if not ids:
            return 0
        with self._database.writing("prune runs") as tx:
            return tx.execute(delete(run).where(*old, among(tx, run.c.id, ids))).rowcount


def _end(row: Any) -> int:  # noqa: ANN401 - a result row
    """The entry that holds a row's ending; a row that ended before there was a chain ended in none."""
    if row.end_lot is not None:
        return int(row.end_lot)
    return 0 if row.lot is None and row.outcome != "" else _NEVER


def _closed(page: Sequence[Any], *, limit: int, before: int, whole: bool) -> tuple[int, int]:
    """How many rows of a page can go, and the entry that closes them; ``limit`` is the last entry that may go.

    :param whole: whether the page holds all rows there are.
    """
    found = (0, 0)
    furthest = 0
    for count, row in enumerate(page, 1):
        furthest = max(furthest, _end(row))
        if row.at >= before or furthest > limit or (row.lot or 0) > limit:
            break
        if count < len(page):
            ahead = page[count].lot or 0
            last = ahead - 1 if ahead else 0
            following = ahead != (row.lot or 0)
        else:
            last, following = limit, whole
        number = min(last, limit)
        if furthest <= number and (following or (row.lot is None and number == 0)):
            found = (count, number)
    return found
