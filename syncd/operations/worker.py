"""A daemon's worker: sees whose turn it is, has that turn carried out, and takes over what dead workers left.

Promises

* One turn of one connection is one durable job with an id of its own, so that several workers never take it twice; the
  lease still decides who writes.
* A turn that ended in trouble is followed by the next one at the usual time: what was mended is found by itself.
* A worker without a sign of life for ``DEAD`` seconds, as *this* worker's own clock measures, is dead: its lease is
  given back and its jobs go to whoever is free. Clocks of different hosts are never compared.
* Times only ever shorten a wait: a clock that was set back does not put off a turn.

It knows nothing of the job engine, the store or the vendors but their Protocols.

Length: what a tick sees to and what a turn does are read together.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final, Protocol

from syncd.engine.cycle import Ended
from syncd.engine.resync import Met, asked_for, carry_on
from syncd.engine.sparing import interval, waits
from syncd.engine.world import World
from syncd.model.errors import LeaseHeld, NeedsOperator, RetryLater, Stopping, SyncdError
from syncd.model.run import Request, Turn, Worker
from syncd.model.values import Instant, Lane
from syncd.observe.log import bound, emit
from syncd.operations.rollback import waiting_rollbacks
from syncd.operations.wishes import cycle
from syncd.ports.jobs import Jobs
from syncd.ports.roster import Roster
from syncd.ports.system import Clock

TICK: Final = 1.0
"""Seconds between two looks at whose turn it is, at most."""
HURRY: Final = 0.1
"""Seconds until the end of a turn is noticed that is to be followed at once, since it outlasted the interval."""
BEAT: Final = 5.0
"""Seconds between two signs of life."""
DEAD: Final = 30.0
"""Seconds without one after which a worker is dead."""
ASK_AGAIN: Final = 15.0
"""Seconds until a turn that was asked for, and did not end, is looked after."""
TIDY: Final = 600.0
"""Seconds between two rounds of forgetting ended jobs, and what is old at the doors."""
KEPT: Final = timedelta(hours=1)
"""How long ended jobs and idle runs are kept."""
REMEMBERED: Final = timedelta(days=30)
"""How long runs that failed without a change are kept, and wishes that were carried out."""
LETTERS_KEPT: Final = timedelta(days=180)
"""How long a dead letter waits for a person. One that is dropped is written anew if its record still cannot be."""
MOST_LETTERS: Final = 100_000
"""Dead letters of a connection that are kept; of more the oldest are dropped."""
BUSY: Final = 5.0
"""Seconds until a connection that somebody else writes for is tried again, at most."""
UNAPPROVED: Final = 900.0
"""Seconds until a first link that nobody approved is previewed again: it reads everything. Approving hastens it."""
SHADOWED: Final = 10.0
"""How many times the length of a cycle in shadow mode its pause is at least: it remembers no position."""


class Shop(Protocol):
    """What the composition root hands to a worker: the connections as configured now, and their worlds."""

    def polls(self) -> Mapping[str, float]:
        """Seconds between two cycles, by connection."""
        ...

    def world(self, connection: str) -> AbstractContextManager[World]:
        """A world for one turn."""
        ...

    def takes_back(self, connection: str) -> bool:
        """Whether a rollback waits; it is carried out while a connection is paused, too."""
        ...

    def tidy(self) -> None:
        """Forgets what ran out or is old at the doors, though nobody logs in: programs alone use many a console."""
        ...


@dataclass(slots=True)
class _Sighting:
    """A sign of life of another worker, and when we saw it first by our own clock."""

    beat: Instant
    seen: float


@dataclass(slots=True)
class Daemon:
    """One worker of a store; ``tick`` is called about once a second from one thread, ``perform`` from many.

    ``alone`` says that the store bears one worker only (SQLite). ``surely_gone`` and ``alive_here`` judge names of
    processes on this host. ``trouble`` is what kept the last tick from its work,
    ``hurried`` that a turn ended whose next one is due already.
    """

    me: Worker
    shop: Shop
    roster: Roster
    jobs: Jobs
    clock: Clock
    alone: bool
    surely_gone: Callable[[str], bool]
    alive_here: Callable[[str], bool]
    working: set[str] = field(default_factory=set)
    met: Met = field(default_factory=Met)
    trouble: str = ""
    hurried: bool = False
    _beaten: float = float("-inf")
    _tidied: float = float("-inf")
    _sightings: dict[str, _Sighting] = field(default_factory=dict)
    _planned: dict[str, tuple[int, Instant, float]] = field(default_factory=dict)
    _asked: dict[str, tuple[int, float]] = field(default_factory=dict)

    # -- begin and end -----------------------------------------------------------------------------------------------
    def begin(self) -> None:
        """Puts this worker on the roster and begins to work.

        :raises NeedsOperator: if another daemon works on a store that bears only one.
        """
        others = [other for other in self.roster.workers() if other.id != self.me.id]
        dead = [other for other in others if self.surely_gone(other.id) or (self.alone and self._is_silent(other))]
        if self.alone and len(dead) < len(others):
            self._refuse_beside(next(other for other in others if other not in dead))
        self._beat()
        self._end_drains()
        self.jobs.launch(self.perform)
        for other in dead:  # only now: what they had begun goes back into the engine's queue
            self._bury(other)

    def _end_drains(self) -> None:
        """What stood still for this start goes on; what a person paused stays paused."""
        now = self.clock.now()
        for turn in self.roster.turns(self.shop.polls().keys(), now).values():
            if turn.paused is not None and turn.paused.drained:
                self.roster.pause(turn.connection, None, now)

    def end(self) -> None:
        """Takes this worker off the roster; whatever it still holds is free for others."""
        self.roster.dismiss(self.me.id)

    def _is_silent(self, other: Worker) -> bool:
        silent = abs((self.clock.now() - other.beat).total_seconds())
        return silent > DEAD and not self.alive_here(other.id)

    def _refuse_beside(self, other: Worker) -> None:
        silent = abs((self.clock.now() - other.beat).total_seconds())
        raise NeedsOperator(
            f"{other.id} works on this store, last seen {silent:.0f} s ago, and a SQLite store bears one daemon; stop "
            f"that one first (if it was killed on another host, wait {DEAD:.0f} s), or move the store to PostgreSQL"
        )

    # -- once a second -----------------------------------------------------------------------------------------------
    def tick(self) -> float:
        """Gives a sign of life, looks after the dead, and has due turns taken. Returns seconds until the next one.

        :raises SyncdError: if the store is in trouble; the next tick tries again.
        """
        now = self.clock.monotonic()
        if now - self._beaten >= BEAT:
            self._beat()
            self._look_after_the_dead()
        if now - self._tidied >= TIDY:
            self._tidied = now
            self.jobs.purge(self.clock.now() - KEPT)
            self.shop.tidy()
        polls = self.shop.polls()
        soonest = TICK
        for turn in self.roster.turns(polls.keys(), self.clock.now()).values():
            if turn.paused is None or self._takes_back(turn):
                ahead = self._ahead(turn, polls[turn.connection])
                if ahead <= 0:
                    self._ask(turn)
                else:
                    soonest = min(soonest, ahead)
        return soonest

    def rest(self, seconds: float) -> None:
        """Waits until the next tick, which is at once when a turn ends whose next one is due.

        :raises Stopping: when this process is told to stop.
        """
        over = self.clock.monotonic() + seconds
        while not self.hurried and (left := over - self.clock.monotonic()) > 0:
            self.clock.sleep(min(left, HURRY) if self.working else left)
        self.hurried = False

    def _beat(self) -> None:
        self.roster.beat(replace(self.me, beat=self.clock.now()))
        self._beaten = self.clock.monotonic()

    def _ahead(self, turn: Turn, poll: float) -> float:
        """Seconds until a turn, by the clock that says less of the two: the wall's, or ours since we saw it planned.

        What seems further ahead than any plan was planned before the clock was set back.
        """
        ahead = (turn.due - self.clock.now()).total_seconds()
        if ahead > max(poll, UNAPPROVED) * SHADOWED:
            return 0.0
        planned = self._planned.get(turn.connection)
        if planned is None or planned[:2] != (turn.number, turn.due):
            planned = self._planned[turn.connection] = (turn.number, turn.due, self.clock.monotonic() + ahead)
        return min(ahead, planned[2] - self.clock.monotonic())

    def _ask(self, turn: Turn) -> None:
        number, when = self._asked.get(turn.connection, (0, 0.0))
        if number == turn.number and self.clock.monotonic() - when < ASK_AGAIN:
            return
        if number == turn.number and not self.alone:  # it was asked for, and nobody has begun it or come to its end
            living = {self.me.id, *(worker.id for worker in self.roster.workers())}
            if jobs := self.jobs.take_back(living):
                emit("turn.stray", jobs=jobs)
        waits = self.jobs.enqueue(turn.connection, turn.number)
        self._asked[turn.connection] = turn.number, self.clock.monotonic()
        if not waits:
            # Its job is over, but could not say so: the store was in trouble just then.
            self.roster.end_turn(turn, self.clock.now())

    def _look_after_the_dead(self) -> None:
        now = self.clock.monotonic()
        others = [other for other in self.roster.workers() if other.id != self.me.id]
        self._sightings = {other.id: self._sightings[other.id] for other in others if other.id in self._sightings}
        for other in others:
            sighting = self._sightings.get(other.id)
            if sighting is None or sighting.beat != other.beat:
                sighting = self._sightings[other.id] = _Sighting(other.beat, now)
            if now - sighting.seen > DEAD or self.surely_gone(other.id):
                self._bury(other)

    def _bury(self, dead: Worker) -> None:
        if self.roster.take_over(dead, self.clock.now()):
            jobs = self.jobs.take_over(dead.id) if dead.id != self.me.id and not self.alone else 0
            self.roster.dismiss(dead.id)
            emit("worker.dead", worker=dead.id, jobs=jobs)

    # -- a turn ------------------------------------------------------------------------------------------------------
    def perform(self, connection: str, number: int) -> None:
        """One turn of one connection. What goes wrong is told and costs this turn only."""
        self.working.add(connection)
        try:
            with bound(connection=connection):
                self._perform(connection, number)
        finally:
            self.working.discard(connection)

    def _perform(self, connection: str, number: int) -> None:
        poll = self.shop.polls().get(connection)
        began = self.clock.now()
        turn = self.roster.turns([connection], began)[connection]
        if poll is None or turn.number != number or self.clock.stopping():
            return
        due = began + timedelta(seconds=poll)
        try:
            if turn.paused is None:
                due = self._take(connection, began, due)
            elif self._takes_back(turn):
                with self.shop.world(connection) as world:
                    take_back(world, due=due, met=self.met)
        except Stopping:
            due = began
        except LeaseHeld as held:
            due = self.clock.now() + timedelta(seconds=min(poll, BUSY))
            emit("turn.busy", what=str(held))
        except SyncdError as trouble:
            emit("turn.failed", error=type(trouble).__name__, what=str(trouble), due=due.isoformat())
        except Exception as trouble:  # noqa: BLE001 - a turn that fails in an unforeseen way must not end the daemon
            frames = traceback.extract_tb(trouble.__traceback__)
            places = [f"{'/'.join(each.filename.split('/')[-2:])}:{each.lineno}" for each in frames[-20:]]
            emit("turn.crashed", error=type(trouble).__name__, trace=places, due=due.isoformat())
        now = self.clock.now()
        self.roster.end_turn(turn, max(due, now))
        self.hurried = self.hurried or due <= now

    def _takes_back(self, turn: Turn) -> bool:
        """Whether a paused connection has something to take back. Of a drained one nothing is begun: somebody copies or
        moves its store.
        """
        drained = turn.paused is not None and turn.paused.drained
        return not drained and self.shop.takes_back(turn.connection)

    def _take(self, connection: str, began: Instant, due: Instant) -> Instant:
        """Polls, decides and writes; returns when the next turn is due: later than usual while the day's calls are kept
        for others, also for what may then not be begun at all.
        """
        with self.shop.world(connection) as world:
            try:
                ended = turn(world, began=began, due=due, met=self.met)
            except RetryLater as trouble:
                rarely = began + timedelta(seconds=interval(world))
                if rarely <= due:
                    raise
                emit("turn.failed", error=type(trouble).__name__, what=str(trouble), due=rarely.isoformat())
                return rarely
            if ended.needs_approval:
                return began + timedelta(seconds=UNAPPROVED)
            due = max(due, began + timedelta(seconds=interval(world)))
            if world.connection.mode == "shadow":
                return max(due, self.clock.now() + SHADOWED * (self.clock.now() - began))
            return due


def prune(world: World, due: Instant) -> int:
    """Prunes what is older than the rule says, step by step, until the next turn is due; one step in any case. Returns
    how many rows went. A store that was put back is evidence until it is accepted.
    """
    if world.store.restored() is not None:
        return 0
    gone = 0
    while True:
        step = world.store.prune(world.keep, world.clock.now())
        gone += step.audit + step.runs
        if not step.more or world.clock.stopping() or world.clock.now() >= due:
            return gone


def turn(world: World, *, began: Instant, due: Instant, met: Met) -> Ended:
    """What one turn does: a cycle, pruning, then resyncs that were asked for, until the next turn is due;
    one share of them at least, so that none waits for ever.
    """
    ended = cycle(world)
    world.store.forget_idle_runs(began - KEPT, long_before=began - REMEMBERED)
    prune(world, due)
    if dropped := world.store.bound_letters(began - LETTERS_KEPT, MOST_LETTERS):
        emit("dead_letters.dropped", records=dropped)
    if ended.needs_approval or world.connection.mode == "shadow":
        return ended
    _carry(world, asked_for(world.store), due=due, met=met)
    return ended


def take_back(world: World, *, due: Instant, met: Met) -> None:
    """What the turn of a paused connection does: what is to be taken back, and nothing that would carry on what was
    wrong.
    """
    _carry(world, waiting_rollbacks(world.store), due=due, met=met)


def _carry(world: World, requests: Sequence[Request], *, due: Instant, met: Met) -> None:
    for request in requests:
        if waits(world, Lane.BULK):
            break
        if not carry_on(world, request, met, leave_off=lambda: _leaves_off(world, due)) or world.clock.now() >= due:
            break


def _leaves_off(world: World, due: Instant) -> bool:
    """Whether the next turn is due, or bulk waits: until the vendor's count, which every poll hears, lets it go on."""
    return world.clock.now() >= due or bool(waits(world, Lane.BULK))
