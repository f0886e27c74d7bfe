"""A worker whose jobs, connections and clock are a test's."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from syncd.engine.world import World
from syncd.model.errors import LeaseHeld, Stopping
from syncd.model.run import Worker
from syncd.model.values import Instant
from syncd.operations.worker import Daemon
from syncd.ports.jobs import Perform
from syncd.store import SqlRoster
from tests.fakes import FakeClock


@dataclass
class FakeJobs:
    """Jobs that wait until a test has them done."""

    asked: list[tuple[str, int]] = field(default_factory=list)
    ended: set[tuple[str, int]] = field(default_factory=set)
    taken: list[str] = field(default_factory=list)
    living: list[set[str]] = field(default_factory=list)
    perform: Perform | None = None

    def launch(self, perform: Perform) -> None:
        self.perform = perform

    def enqueue(self, connection: str, number: int) -> bool:
        self.asked.append((connection, number))
        return (connection, number) not in self.ended

    def take_over(self, worker: str) -> int:
        self.taken.append(worker)
        return 1

    def take_back(self, living: Collection[str]) -> int:
        self.living.append(set(living))
        return 0

    def purge(self, before: Instant) -> int:
        return 0

    def close(self) -> None:
        return


@dataclass
class FakeShop:
    """Connections whose worlds cannot be opened: the trouble is what a turn meets."""

    trouble: BaseException
    every: dict[str, float] = field(default_factory=lambda: {"main": 30.0})
    opened: int = 0
    taken_back: bool = False
    tidied: int = 0

    def polls(self) -> Mapping[str, float]:
        return self.every

    @contextmanager
    def world(self, connection: str) -> Iterator[World]:
        self.opened += 1
        raise self.trouble
        yield connection

    def takes_back(self, connection: str) -> bool:
        return self.taken_back

    def tidy(self) -> None:
        self.tidied += 1


class StoppableClock(FakeClock):
    """A clock that is told to stop after so many waits."""

    waits = 10**9

    def stopping(self) -> bool:
        return len(self.slept) >= self.waits

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.stopping():
            raise Stopping


def daemon_of(roster: SqlRoster, clock: FakeClock, *, name: str = "me", alone: bool = True) -> Daemon:
    """A worker that has not begun yet; its turns meet a lease that somebody else holds."""
    return Daemon(
        me=Worker(name, clock.now(), clock.now(), "1"),
        shop=FakeShop(LeaseHeld("somebody else writes")),
        roster=roster,
        jobs=FakeJobs(),
        clock=clock,
        alone=alone,
        surely_gone=lambda name: name.startswith("gone"),
        alive_here=lambda name: name.startswith("alive"),
    )


def jobs_of(daemon: Daemon) -> FakeJobs:
    """Its jobs."""
    assert isinstance(daemon.jobs, FakeJobs)
    return daemon.jobs


def shop_of(daemon: Daemon) -> FakeShop:
    """Its connections."""
    assert isinstance(daemon.shop, FakeShop)
    return daemon.shop


def due_in(daemon: Daemon) -> float:
    """Seconds until its connection's next turn."""
    turn = daemon.roster.turns(["main"], daemon.clock.now())["main"]
    return (turn.due - daemon.clock.now()).total_seconds()
