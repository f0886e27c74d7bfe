"""The real funnel replayed in virtual time: scripted people on both sides, and a daemon that polls by the hour.

Both vendors are the sandbox's kernels in this process, the daemon's turns are real: engine, connectors, budget, store.
People act at their own second, in the middle of a turn, too, under their own names and through nothing but what people
can do (``sandbox.cast``). Nothing waits.

A poll is left out where the one before it had nothing to see and did nothing, and nobody has done anything since: it
would read the same once more and decide the same. Which handoffs have become late by then is told all the same.
``every`` plays these polls, too; a test compares what comes of both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sandbox.cast import Cast, NoField
from sandbox.desk import LocalDesk
from sandbox.funnel import Script
from sandbox.hubspot.kernel import HubSpotKernel
from sandbox.kernel import VendorClock
from sandbox.names import open_faker
from sandbox.playing import Playing
from sandbox.salesforce.kernel import SalesforceKernel
from syncd.bootstrap import read_config
from syncd.engine.lateness import escalate
from syncd.engine.resync import Met
from syncd.engine.world import World
from syncd.lab.arena import SALESFORCE, Arena, adapted
from syncd.lab.furnishing import furnish
from syncd.lab.lives import Effects, Life, LifeClock
from syncd.lab.virtual import SeededChance, VirtualClock
from syncd.model.errors import BadUsage, Bug
from syncd.model.run import RunState
from syncd.operations.worker import turn
from syncd.ports.store import Store
from syncd.ports.system import Clock
from syncd.settings.accounts import ConnectionSettings
from syncd.store import open_store

NAMES: Final = "pt_BR"
LATENCY: Final = 0.1
"""Seconds that a call takes to its vendor."""
ENVIRONMENT: Final = {
    "MARKETING__ACCESS_TOKEN": "pat-na1-sandbox",  # not a secret
    "CRM__CLIENT_ID": "sandbox-client",
    "CRM__CLIENT_SECRET": "sandbox-secret",  # not a secret
}


class PeopledClock(VirtualClock):
    """A virtual clock on whose way people act: each at the very moment at which they do."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self.playing: Playing | None = None
        self._acting = False
        self._after: Clock | None = None

    def now(self) -> datetime:
        """The simulated instant; once released, the other clock's."""
        return super().now() if self._after is None else self._after.now()

    def release(self, clock: Clock) -> None:
        """All is played: from now on it shows what this clock does."""
        self._after = clock

    def advance(self, seconds: float) -> None:
        """Moves on, from deed to deed. Never back."""
        goal = self.ms + max(0, round(seconds * 1000))
        if self.playing is not None and not self._acting:
            self._acting = True
            try:
                self._act(self.playing, goal)
            finally:
                self._acting = False
        self.ms = goal
        self.moved()

    def _act(self, playing: Playing, goal: int) -> None:
        while (due := playing.next) is not None:
            at = max(self.ms, round((due - self.start).total_seconds() * 1000))
            if at > goal:
                return
            self.ms = at
            playing.act(self.now())


@dataclass(slots=True)
class Played:
    """What was played: ``hours`` polls were due, ``polls`` of them were made, ``busy`` had something to do."""

    script: Script
    playing: Playing
    hours: int = 0
    polls: int = 0
    busy: int = 0
    calls: int = 0


@dataclass(slots=True)
class Replay:
    """A funnel, the vendors it is played at, and the daemon that works meanwhile."""

    arena: Arena
    script: Script
    playing: Playing
    clock: PeopledClock

    def play(
        self,
        *,
        every: bool = False,
        until: datetime | None = None,
        told: Callable[[Played], None] = lambda _played: None,
    ) -> Played:
        """Plays all of it, or until an instant. ``every``: no poll is left out. ``told`` is called after each poll.

        :raises Bug: if the daemon waits for a person before anything has happened.
        """
        played = Played(self.script, self.playing)
        world, _ = self.arena.start()
        met = Met()
        idle, late = False, None
        poll = timedelta(seconds=self.arena.settings.poll)
        due = last = self.clock.now()
        ends = self.script.ends if until is None else until
        while due <= ends:
            played.hours += 1
            if every or not idle or self._moved_by(due):
                # What was left out counts as made: the daemon has not slept.
                world.poll = max(poll, due - last).total_seconds()
                idle = self._turn(world, due, due + poll, met, played)
                last = due
                late = _late_after(world.store, self.clock.now(), ends) if idle else None
                told(played)
            elif late is not None and late <= due:
                self._go_to(due)
                escalate(world.store, self.clock.now())
                late = _late_after(world.store, self.clock.now(), ends)
            due += poll
        return played

    def _go_to(self, at: datetime) -> None:
        self.clock.advance((at - self.clock.now()).total_seconds())

    def _moved_by(self, due: datetime) -> bool:
        """Whether somebody does something until then."""
        following = self.playing.next
        return following is not None and following <= due

    def _turn(self, world: World, at: datetime, due: datetime, met: Met, played: Played) -> bool:
        """One turn of the daemon; whether it had nothing to see and did nothing."""
        done = self.playing.done
        self._go_to(at)
        seen = self.playing.done - done
        began = self.playing.done
        ended = turn(world, began=self.clock.now(), due=due, met=met)
        if ended.needs_approval:
            raise Bug("the replay's first link waits for an approval, though both sides were empty")
        wrote = self._wrote(played)
        played.polls += 1
        busy = bool(ended.run.counts) or wrote > 0
        played.busy += busy
        quiet = ended.run.state is RunState.DONE and not world.store.requests()
        return quiet and not busy and seen == 0 and self.playing.done == began

    def _wrote(self, played: Played) -> int:
        """Calls since the last look that wrote to a vendor; the vendors' logs begin anew."""
        wrote = 0
        for kernel in (self.arena.hubspot, self.arena.salesforce):
            wrote += sum(1 for call in kernel.calls if call.written or call.created)
            played.calls += len(kernel.calls)
            kernel.calls.clear()
        return wrote


def _late_after(store: Store, now: datetime, until: datetime) -> datetime | None:
    """When the next handoff becomes due or overdue, of which a turn tells, if nobody does anything until then."""
    clocks = (clock for row in store.undone(now, until) for clock in (row.touch, row.decision, row.work))
    return min((edge for clock in clocks for edge in clock if edge is not None and edge > now), default=None)


def open_replay(config: Path, script: Script, *, folder: Path, store_url: str = "sqlite://") -> Replay:
    """Both vendors with everybody's accounts and no record yet, and an empty store.

    :param config: the folder of ``config/funnel``, or of one like it.
    :param folder: an empty folder for the configuration as played.
    """
    name = adapted(config, folder / "config", connection=None)
    environ = {f"SYNCD_CONNECTIONS__{name.upper()}__{key}": value for key, value in ENVIRONMENT.items()}
    settings = read_config(folder / "config", environ).connection(name)
    clock = PeopledClock(script.begins)
    hubspot = HubSpotKernel(clock=VendorClock(clock), seed=script.seed)
    salesforce = SalesforceKernel(clock=VendorClock(clock), seed=script.seed, instance_url=SALESFORCE)
    cast = cast_of(script, settings, hubspot, salesforce)
    nobody = Life(Effects(), number=0, trace=lambda _what: None)
    store = open_store(store_url, name, clock=LifeClock(clock, nobody), chance=SeededChance(f"store {script.seed}"))
    playing = Playing(script, cast.play)
    clock.playing = playing
    arena = Arena(hubspot, salesforce, clock, store, settings)
    arena.senses.latencies = (LATENCY,)
    return Replay(arena, script, playing, clock)


def cast_of(script: Script, settings: ConnectionSettings, hubspot: HubSpotKernel, salesforce: SalesforceKernel) -> Cast:
    """The people of a script, with an account each, at stand-ins that get the fields of the configuration.

    :raises BadUsage: if it lacks fields that these people fill.
    """
    furnish(settings.connection.kinds, hubspot, salesforce)
    faker = open_faker(NAMES, seed=script.seed)

    def names() -> tuple[str, str]:
        return faker.first_name(), faker.last_name()

    cast = Cast(LocalDesk(hubspot), LocalDesk(salesforce), script, names=names)
    try:
        cast.hire(names=names)
    except NoField as why:
        raise BadUsage(f"{why} in this configuration, and people are to fill it: begin with config/funnel") from why
    return cast
