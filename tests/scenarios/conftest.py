"""Worlds for scenarios: two empty stand-ins over the example configuration, or over a changed copy of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from tests.sampled import is_played
from tests.scenarios.processes import Place, open_place
from tests.scenarios.steps import Fields, Steps, configured
from tests.worlds import open_both

BELOW = f"{Path(__file__).parent}{os.sep}"
"""How the paths of these tests begin."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each plays a whole world: of every third file the first that is not slow is for a quick look, after each change
    of the sources of others; the rest go ``beyond``.
    """
    seen: set[Path] = set()
    for item in items:
        if str(item.path).startswith(BELOW) and not item.get_closest_marker("slow"):
            if item.path in seen or not is_played(item.path.stem, of=3):
                item.add_marker("beyond")
            seen.add(item.path)


@pytest.fixture
def steps() -> Iterator[Steps]:
    """Two empty stand-ins and the example configuration."""
    both = open_both()
    yield Steps(both)
    both.store.close()


@pytest.fixture
def steps_with(tmp_path: Path) -> Iterator[Callable[[Callable[[Fields], None]], Steps]]:
    """Makes a world over a changed configuration."""
    opened: list[Steps] = []

    def make(change: Callable[[Fields], None]) -> Steps:
        opened.append(Steps(configured(tmp_path, change)))
        return opened[-1]

    yield make
    for each in opened:
        each.both.store.close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Both stand-ins in a process of their own, empty."""
    with open_place(tmp_path) as opened:
        yield opened


@pytest.fixture
def database(postgres_server: str) -> Iterator[str]:
    """The url of a database of its own."""
    name = f"syncd_scenarios_{os.getpid()}"
    server = make_url(postgres_server).set(drivername="postgresql+psycopg")
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield server.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()
