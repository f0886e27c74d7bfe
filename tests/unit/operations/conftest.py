"""Workers on a roster in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncd.operations.worker import Daemon
from syncd.store import SqlRoster, open_database
from tests.unit.operations.workers import StoppableClock, daemon_of


@pytest.fixture
def roster() -> Iterator[SqlRoster]:
    """A roster in memory."""
    database = open_database("sqlite://")
    yield SqlRoster(database)
    database.close()


@pytest.fixture
def clock() -> StoppableClock:
    """The worker's clock."""
    return StoppableClock()


@pytest.fixture
def daemon(roster: SqlRoster, clock: StoppableClock) -> Daemon:
    """A worker that has begun, and whose turns meet a lease that somebody else holds."""
    worker = daemon_of(roster, clock)
    worker.begin()
    return worker
