"""The shared budget of API calls: one row per account and limit, charged in one statement.

The rule is the generic cell rate algorithm. A row holds the instant at which all calls charged so far will have
drained at the limit's rate; a charge moves that instant on, and is refused if it would be further away than the burst
allows. Integer microseconds, rounded so that the rate is never exceeded.

* **Bound.** In any window of t seconds all workers together make at most ``burst + calls / seconds * t`` calls.
* **Lots.** A busy worker charges up to ten calls at once and spends them without the database. A lot is good only for
  the time in which it drains, and lots are taken out of a burst that is smaller by one lot: the bound stays exact.
  Lots grow (1, 2, 4 ... 10) while a worker uses half of what the limit allows, and fall back to 1, so that a worker
  that calls now and then wastes nothing.
* **Lanes.** Bulk never takes the last 20 % of the burst, ordinary work not the last 5 %: they are there for opt-outs
  and handoffs at any moment. Of a day's limit the shares are those of the reserve (``core.reserve``).
* **Reserve.** Other programs spend the same day's calls. A lane also waits once the vendor's count of all of them is
  past its share: what an answer told is remembered in the process, so this costs a call nothing. The count is good for
  a quarter of an hour; after that one call goes, and its answer tells how it stands.
* **Clocks.** A row further in the future than a full burst can only come from a clock that was set back; it counts as
  a full burst, so nobody waits for the old time to come round.

Refuses a call that costs more than the whole burst (``Bug``): it could never be granted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, Engine, bindparam, case, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from syncd.core.pace import Count, due, read, with_count, written
from syncd.core.reserve import shares, waiting
from syncd.model.errors import Bug
from syncd.model.values import Instant, Lane, Side
from syncd.ports.budget import Grant, Granted, Rate, WaitUntil
from syncd.ports.memory import CALLS
from syncd.ports.system import Clock
from syncd.store.codec import from_ms, from_us, to_ms, to_us
from syncd.store.cursors import Cursors
from syncd.store.database import Database
from syncd.store.dialects import insert_new, only, run, upsert
from syncd.store.tables import day
from syncd.store.tables import rate as t

LARGEST_LOT: Final = 10
_SHARE: Final = {Lane.OPT_OUT: 100, Lane.HANDOFF: 100, Lane.ORDINARY: 95, Lane.BULK: 80}
"""Percent of the burst that a lane may fill."""
LOOK_AGAIN: Final = timedelta(minutes=15)
"""How long a count of the vendor's is good for a lane that waits: calls come back at any time (Salesforce counts
rolling hours) or at a midnight that no answer tells (HubSpot)."""
_REPORT_EVERY: Final = timedelta(seconds=10)
"""How often the vendor's count of the day is written, at most: every answer brings one."""


@dataclass(slots=True)
class _Lot:
    """Calls charged and not yet made, with the instants (microseconds) since and until which they are good.

    Threads share a lot without a lock: ``deque.pop`` is atomic, and ``held`` is only ever replaced as a whole, so that
    calls never meet the instants of another lot.
    """

    held: tuple[int, int, deque[None]] = field(default_factory=lambda: (0, 0, deque()))
    size: int = 1


class SqlBudget:
    """``ports.budget.Budget`` for one account: the account of one side of one connection."""

    def __init__(self, engine: Engine, connection: str, side: Side, clock: Clock, *, reserve: int = 0) -> None:
        """:param reserve: percent of the day's calls that are kept for other programs of the account."""
        self._database = Database(engine)
        self._connection = connection
        self._side = side
        self._clock = clock
        self._reserve = reserve
        self._waiting: Mapping[Lane, Instant] = {}
        self._lots: dict[tuple[str, Lane], _Lot] = {}
        self._reported_at: Instant | None = None
        self._kept: Count | None = None

    def acquire(self, rate: Rate, lane: Lane, cost: int = 1) -> Grant:
        """Charges ``cost`` calls to a limit, or says when they can be had.

        :raises Bug: if the cost is more than the burst, or the rate makes no sense.
        """
        if not 1 <= cost <= rate.burst or rate.calls < 1 or rate.seconds <= 0:
            raise Bug(
                f"limit {rate.name}: {cost:,} at once can never be granted of {rate.told} with a "
                f"burst of {rate.burst:,}; split the call or correct the limit"
            )
        if self._waiting and rate.daily and (kept := self.waits(lane)) is not None:
            return WaitUntil(kept, kept=True)
        now = to_us(self._clock.now())
        lot = self._lots.setdefault((rate.name, lane), _Lot())
        largest = min(LARGEST_LOT, rate.burst // 10) if cost == 1 else 1
        since, until, calls = lot.held
        if cost == 1 and now < until:
            try:
                calls.pop()
                return Granted()
            except IndexError:  # used up in time
                pass
        used = until - since - len(calls) * _drain_time(rate)
        lot.size = min(lot.size * 2, largest) if 2 * used >= now - since else 1
        return self._charge(rate, lane, cost, now=now, lot=lot, wanted=max(cost, lot.size if largest > 1 else 1))

    def penalize(self, rate: Rate, until: Instant) -> None:
        """Nobody calls before ``until``. Lots of other workers end by themselves within the time they drain in."""
        for (name, _), lot in self._lots.items():
            if name == rate.name:
                lot.held = (0, 0, deque())
        blocked = to_us(until)
        with self._database.writing("store a spent limit") as tx:
            tx.execute(insert_new(tx, t), [self._fresh(rate)])
            tx.execute(update(t).where(*self._row(rate), t.c.blocked_until < blocked).values(blocked_until=blocked))

    def report(self, *, used: int | None, limit: int | None) -> None:
        """Keeps what the vendor said of the day's calls; written at most every ten seconds."""
        now = self._clock.now()
        if used is not None and limit is not None:
            self._waiting = dict.fromkeys(waiting(self._reserve, used=used, limit=limit), now + LOOK_AGAIN)
        if (used is None and limit is None) or (self._reported_at and now < self._reported_at + _REPORT_EVERY):
            return
        self._reported_at = now
        row = {
            "connection": self._connection,
            "side": str(self._side),
            "used": used,
            "allowed": limit,
            "at": to_ms(now),
        }
        self._database.once("store the day's calls", upsert(self._database.engine, day), row)
        if used is not None and limit is not None and due(self._kept, count := Count(now, used, limit, self._reserve)):
            self._keep(count)

    def waits(self, lane: Lane) -> Instant | None:
        """Until when a lane has to wait by the vendor's last count; ``None`` if it need not, or that count is old."""
        until = self._waiting.get(lane)
        return until if until is not None and self._clock.now() < until else None

    def _keep(self, count: Count) -> None:
        """Keeps one of many counts, for whoever wants to know the pace."""
        name = CALLS.format(side=self._side)
        memory = Cursors(self._database, self._connection)
        remembered = memory.recall(name)
        known = read(remembered[0]) if remembered else []
        self._kept = known[-1] if known else None  # perhaps by another worker, a moment ago
        if due(self._kept, count):
            memory.remember(name, written(with_count(known, count)), count.at)
            self._kept = count

    def reported(self) -> tuple[int | None, int | None, Instant] | None:
        """Used, limit and when, as any worker last heard it; ``None`` if nobody did."""
        with self._database.reading("read the day's calls") as tx:
            row = tx.execute(
                select(day.c.used, day.c.allowed, day.c.at).where(
                    day.c.connection == self._connection, day.c.side == str(self._side)
                )
            ).one_or_none()
        return None if row is None else (row.used, row.allowed, from_ms(row.at))

    def _charge(self, rate: Rate, lane: Lane, cost: int, *, now: int, lot: _Lot, wanted: int) -> Grant:
        one = _drain_time(rate)
        reserve = min(LARGEST_LOT, rate.burst // 10)
        usable = (rate.burst - (reserve if reserve > 1 else 0)) * one
        share = (shares(self._reserve) if rate.daily else _SHARE)[lane]
        bound = {
            "now": now,
            "full": rate.burst * one,
            "room": max(usable * share // 100, cost * one),
            "some": cost * one,
            "many": wanted * one,
            "cost": cost,
            "wanted": wanted,
            "c": self._connection,
            "s": str(self._side),
            "n": rate.name,
        }
        granted = only(self._database.once("charge a limit", _charging(), bound))
        if granted is None:  # refused, or the first call of this limit
            with self._database.writing("charge a limit") as tx:
                run(tx, insert_new(tx, t), self._fresh(rate))
                granted = only(run(tx, _charging(), bound))
                if granted is None:
                    return _wait(self._standing(tx, rate), bound)
        if cost == 1:
            lot.held = (now, now + granted * one, deque([None] * (granted - 1)))
        return Granted()

    def _standing(self, tx: Connection, rate: Rate) -> tuple[int, int]:
        """Until when a limit is full and blocked (microseconds)."""
        row = tx.execute(select(t.c.full_until, t.c.blocked_until).where(*self._row(rate))).one()
        return row.full_until, row.blocked_until

    def _row(self, rate: Rate) -> tuple[Any, ...]:
        return t.c.connection == self._connection, t.c.side == str(self._side), t.c.name == rate.name

    def _fresh(self, rate: Rate) -> dict[str, Any]:
        return {
            "connection": self._connection,
            "side": str(self._side),
            "name": rate.name,
            "full_until": 0,
            "blocked_until": 0,
            "lot": 0,
        }


def _drain_time(rate: Rate) -> int:
    """Microseconds in which one call drains; rounded up."""
    return -(-int(rate.seconds * 1_000_000) // rate.calls)


def _wait(standing: tuple[int, int], bound: dict[str, Any]) -> WaitUntil:
    """When a call that was refused can be had."""
    full_until, blocked_until = standing
    level = min(max(full_until - bound["now"], 0), bound["full"])
    drained = bound["now"] + max(level + bound["some"] - bound["room"], 0)
    # At least a millisecond, the clock's own step: the same instant again would be the same answer.
    return WaitUntil(from_us(max(drained, blocked_until, bound["now"] + 1000)))


@cache
def _charging() -> ReturningUpdate[Any]:
    """``UPDATE .. RETURNING`` that charges ``many`` if they fit, else ``some`` if they fit, else nothing."""
    now, full, room = (bindparam(name, type_=BigInteger) for name in ("now", "full", "room"))
    level = case((t.c.full_until <= now, 0), (t.c.full_until - now > full, full), else_=t.c.full_until - now)
    fits = level + bindparam("many") <= room
    return (
        update(t)
        .where(
            t.c.connection == bindparam("c"),
            t.c.side == bindparam("s"),
            t.c.name == bindparam("n"),
            t.c.blocked_until <= now,
            level + bindparam("some") <= room,
        )
        .values(
            full_until=now + level + case((fits, bindparam("many")), else_=bindparam("some")),
            lot=case((fits, bindparam("wanted")), else_=bindparam("cost")),
        )
        .returning(t.c.lot)
    )
