"""PostgreSQL whose address leads to a standby: one that only reads, or one that took over without the last commits.

Each is told in a sentence, nothing is written meanwhile, and afterwards both sides agree on what people wrote.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest
from sqlalchemy import URL, Engine, create_engine, make_url, text

from syncd.engine.cycle import Ended, sync
from syncd.model.errors import NeedsOperator, RetryLater
from syncd.model.run import RunState
from syncd.operations.restoring import accept_restored
from tests.scenarios.in_step import PEOPLE, agreed, edit, furnish, lines, sound, written
from tests.scenarios.steps import Steps
from tests.worlds import open_both

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

CONNECTIONS = 5


@dataclass
class Server:
    """A database on a PostgreSQL server, and what its administrator does with it."""

    url: URL
    admin: Engine

    def does(self, *statements: str) -> None:
        """Carries them out from outside of the database, whose connections break."""
        name = self.url.database
        with self.admin.connect() as connection:
            for statement in (f"ALTER DATABASE {name} ALLOW_CONNECTIONS false", *statements):
                connection.execute(text(statement.format(name=name)))
                cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
                connection.execute(text(cut), {"name": name})
            connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))


@pytest.fixture
def server(database: str, postgres_server: str) -> Iterator[Server]:
    """A server of which one database is ours."""
    admin = create_engine(make_url(postgres_server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    made = Server(make_url(database), admin)
    yield made
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {made.url.database}_standby WITH (FORCE)"))
    admin.dispose()


@pytest.mark.fault("F65")
def test_a_read_only_replica_stops_writes_and_says_where_to_go(server: Server, database: str) -> None:
    """The address leads to a standby: reading works, nothing is sent to anybody, and the primary goes on by itself."""
    steps = Steps(open_both(database))
    people = furnish(steps)
    server.does("ALTER DATABASE {name} SET default_transaction_read_only = on")
    edit(steps, people, "Meanwhile")
    before = lines(steps)
    for _ in range(2):
        steps.both.clock.advance(600)
        with pytest.raises(NeedsOperator, match=r"read-only \(a standby\?\); point `store` at the primary"):
            after_reconnecting(steps)
    assert steps.both.store.count_links("person") == PEOPLE
    assert not written(steps, before)
    server.does("ALTER DATABASE {name} RESET default_transaction_read_only")
    with suppress(RetryLater):
        steps.both.store.counts()
    steps.cycle()
    assert agreed(steps, people, "Meanwhile")
    steps.quiet()
    assert sound(steps)
    steps.both.store.close()


@pytest.mark.fault("F65")
def test_a_failover_that_lost_the_last_commits_writes_nothing_before_it_compared(server: Server, database: str) -> None:
    """A standby that lacks the last cycles takes over under a process: it notices, holds everything and makes nobody
    twice; once a person has accepted it both sides say what people wrote.
    """
    steps = Steps(open_both(database))
    people = furnish(steps)
    server.does("CREATE DATABASE {name}_standby TEMPLATE {name}")
    fresh = steps.contact(email="fresh@example.com", firstname="A", city="Old", company="C")
    edit(steps, people, "Lost with the primary")
    after_reconnecting(steps)
    steps.cycle()
    assert agreed(steps, people, "Lost with the primary")
    server.does("ALTER DATABASE {name} RENAME TO {name}_dead", "ALTER DATABASE {name}_standby RENAME TO {name}",
                "DROP DATABASE {name}_dead WITH (FORCE)")  # fmt: skip
    before, leads = lines(steps), len(steps.live("Lead"))
    steps.both.clock.advance(600)
    assert after_reconnecting(steps).run.state is RunState.HELD
    steps.both.clock.advance(600)
    assert sync(steps.both.world).needs_approval
    told = steps.both.store.restored()
    assert told is not None
    assert "an older copy" in told.why
    assert not written(steps, before)
    assert accept_restored(steps.both.store, "ann")
    for _ in range(3):
        steps.cycle()
    assert not steps.conflicts(), "what was synced stands on both sides already"
    assert agreed(steps, people, "Lost with the primary")
    assert len(steps.live("Lead")) == leads
    assert steps.marketed(fresh, "syncd_crm_id")
    steps.quiet()
    assert sound(steps)
    steps.both.store.close()


def after_reconnecting(steps: Steps) -> Ended:
    """A cycle after connections broke: the first ones of the pool are found broken, which costs a try."""
    for _ in range(CONNECTIONS):
        try:
            return sync(steps.both.world)
        except RetryLater:
            continue
    raise AssertionError("the server is not reached any more")
