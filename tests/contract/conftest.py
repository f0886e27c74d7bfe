"""Databases for the contract tests of the store: a SQLite file and a PostgreSQL server, fresh for every test. And every
HubSpot stand-in of the connectors' tests answers under the contracts, where this machine has them.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from syncd.store import SqlStore, open_store
from tests.contracted import judged
from tests.fakes import FakeChance, FakeClock

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def hubspot_keeps_its_contracts() -> Iterator[None]:
    """What leaves the contracts and is not in the table of known differences fails the test."""
    with judged():
        yield


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The url of an empty database of each sort; on PostgreSQL a schema of its own, dropped afterwards."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/state/state.db"
        return
    server = make_url(request.getfixturevalue("postgres_server")).set(drivername="postgresql+psycopg")
    schema = f"syncd_test_{os.getpid()}_{next(_numbers)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    url = server.set(drivername="postgresql").update_query_dict({"options": f"-csearch_path={schema}"})
    yield url.render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


@pytest.fixture
def open_test_store(store_url: str, clock: FakeClock) -> Iterator[Callable[..., SqlStore]]:
    """Opens stores of the test's database; all of them are closed at the end."""
    opened: list[SqlStore] = []

    def opening(connection: str = "main", *, seed: int = 0) -> SqlStore:
        store = open_store(store_url, connection, clock=clock, chance=FakeChance(seed))
        opened.append(store)
        return store

    yield opening
    for store in opened:
        store.close()


@pytest.fixture
def store(open_test_store: Callable[..., SqlStore]) -> SqlStore:
    """The store of connection ``main`` in an empty database."""
    return open_test_store()
