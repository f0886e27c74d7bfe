"""Whether the daemon does its work, and what stands in the store, for health checks and metrics. Reaches no vendor."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from syncd.engine.lateness import CLOCKS, overdue
from syncd.engine.resync import asked_for
from syncd.model.agreement import read_agreements
from syncd.model.errors import SyncdError
from syncd.model.held import EXPECT, read_lots
from syncd.model.resync import RESYNC
from syncd.model.run import Turn
from syncd.model.values import Instant, Side
from syncd.operations.calls import outlooks
from syncd.operations.staleness import polled, promised, stale
from syncd.operations.standing import quarantined_since
from syncd.operations.watching import strange
from syncd.ports.memory import AGREEMENT, BRAKE_HELD
from syncd.ports.roster import Roster
from syncd.ports.store import Store
from syncd.ports.system import Clock


@dataclass(frozen=True, slots=True)
class Ready:
    """Whether all is well, and what is not, one sentence each."""

    troubles: tuple[str, ...]

    def __bool__(self) -> bool:
        return not self.troubles


@dataclass(slots=True)
class Health:
    """Looks at one daemon's connections. ``store`` opens the store of a connection by name, ``trouble`` is what keeps
    the daemon itself from working, or nothing; ``sunsets`` tells of a connection when its vendors' APIs end.
    """

    polls: Callable[[], Mapping[str, float]]
    store: Callable[[str], Store]
    roster: Roster
    clock: Clock
    trouble: Callable[[], str]
    sunsets: Callable[[str], Mapping[Side, date]]
    _stores: dict[str, Store] = field(default_factory=dict)

    def ready(self) -> Ready:
        """Whether every connection that is not paused was polled lately; paused ones are as their operator wants."""
        if trouble := self.trouble():
            return Ready((trouble,))
        try:
            return Ready(tuple(self._stale()))
        except SyncdError as why:
            return Ready((str(why),))

    def _stale(self) -> Iterator[str]:
        polls = self.polls()
        now = self.clock.now()
        turns = self.roster.turns(polls.keys(), now)
        for name, poll in polls.items():
            if turns[name].paused is None:
                yield from stale(self._of(name), name, poll=poll, now=now)

    def _of(self, name: str) -> Store:
        store = self._stores.get(name)
        if store is None:
            store = self._stores[name] = self.store(name)
        return store

    # -- for metrics -------------------------------------------------------------------------------------------------
    def readings(self) -> Iterator[tuple[str, tuple[str, ...], float]]:
        """Values of the gauges that stand in the store: name, label values, number."""
        polls, now = self.polls(), self.clock.now()
        yield "syncd_workers", (), float(len(self.roster.workers()))
        for turn in self.roster.turns(polls.keys(), now).values():
            yield from self._about(turn, now)

    def _about(self, turn: Turn, now: Instant) -> Iterator[tuple[str, tuple[str, ...], float]]:
        name, store = turn.connection, self._of(turn.connection)
        counts = store.counts()
        requests, dead = store.requests(), store.dead_letters()
        resyncs = len(asked_for(store))
        waiting = sum(1 for row in requests if row.wish not in (RESYNC, EXPECT))
        retried = sum(1 for row in dead if row.retry)
        if (poll := self.polls().get(name)) is not None:
            yield "syncd_poll_interval_seconds", (name,), promised(store, poll)
        yield "syncd_paused", (name,), float(turn.paused is not None)
        yield "syncd_backlog_records", (name,), float(waiting + retried + counts.get("intents", 0))
        yield "syncd_resyncs_waiting", (name,), float(resyncs)
        yield "syncd_open_intents", (name,), float(counts.get("intents", 0))
        yield "syncd_open_intents_age_seconds", (name,), (now - (store.open_since() or now)).total_seconds()
        yield "syncd_parked_fields", (name,), float(counts.get("parked", 0))
        oldest = min(quarantined_since(store), default=now)
        yield "syncd_quarantine_age_seconds", (name,), (now - oldest).total_seconds()
        yield "syncd_dead_letters_open", (name,), float(len(dead) - retried)
        open_ones = sum(1 for row in store.conflicts() if row.asks)
        yield "syncd_conflicts_open", (name,), float(open_ones)
        held: Counter[tuple[str, str]] = Counter()
        for lot in read_lots(store.recall(BRAKE_HELD)).values():
            held[lot.key[0], lot.key[1]] += len(lot.changes)
        for (kind, measure), number in held.items():
            yield "syncd_held_records", (name, kind, measure), float(number)
        for label, number in counts.items():
            if label.startswith("links."):
                yield "syncd_links", (name, label.removeprefix("links.")), float(number)
        for side, at in polled(store).items():
            if at is not None:
                yield "syncd_polled_age_seconds", (name, str(side)), (now - at).total_seconds()
        late = overdue(store, now)
        for clock in CLOCKS:
            yield "syncd_handoffs_late", (name, clock), float(late[clock])
        troubles = strange(store)
        for side in Side:
            yield "syncd_side_not_itself", (name, str(side)), float(side in troubles)
        for kind, ratio in agreement(store).items():
            yield "syncd_agreement_ratio", (name, kind), ratio
        yield from _exhausted_in(name, store, now)
        for side, ends in self.sunsets(name).items():
            yield "syncd_vendor_sunset_days", (name, str(side)), float((ends - now.date()).days)


def _exhausted_in(name: str, store: Store, now: Instant) -> Iterator[tuple[str, tuple[str, ...], float]]:
    """Seconds until each side's calls are used up, where that is known."""
    for side, told in outlooks(store, now).items():
        if told.known:
            ahead = math.inf if told.at is None else max(0.0, (told.at - now).total_seconds())
            yield "syncd_quota_exhausted_in_seconds", (name, str(side)), ahead


def agreement(store: Store) -> dict[str, float]:
    """By kind, the share of linked records that the last whole sweep found in step, 0 to 1; empty before the first."""
    remembered = store.recall(AGREEMENT)
    told = read_agreements(remembered[0] if remembered else None)
    return {kind: each.share for kind, each in told.items() if each.share is not None}
