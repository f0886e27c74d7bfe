"""Whoever is forgotten stands in nothing that somebody typed, either: conditions of resyncs, answers of the API."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from sqlalchemy import text

from syncd.engine.resync import Met, asked_for, carry_on
from syncd.model.operator import Deed, Sort
from syncd.model.remote import RemoteRef
from syncd.model.run import Request
from syncd.model.values import Side
from syncd.operations.resyncing import Words, cancel_resync, resync_document, understood
from syncd.operations.resyncing import ask as ask_resync
from syncd.store import SqlDoors
from syncd.store.database import Database
from tests.scenarios.steps import Steps
from tests.scenarios.test_privacy import ANN, ask
from tests.worlds import open_both

BOB = "bob@example.com"


@pytest.fixture
def steps(tmp_path: Path) -> Iterator[Steps]:
    """A world whose store is a file."""
    both = open_both(f"sqlite:///{tmp_path}/state.db")
    yield Steps(both)
    both.store.close()


def resync(steps: Steps, where: str) -> Request:
    """Asks for what fits a condition."""
    world = steps.both.world
    return ask_resync(world, understood(world, Words(where=where)))


def carried(steps: Steps, request: Request) -> None:
    """A resync goes on until it is over."""
    assert carry_on(steps.both.world, request, Met(), leave_off=lambda: False)


def typed(steps: Steps) -> str:
    """All that is kept of wishes and answers, in small letters."""
    with steps.both.store.engine.connect() as reading:
        rows = reading.execute(text("SELECT argument FROM request UNION ALL SELECT COALESCE(answer, '') FROM deed"))
        return "\n".join(told for (told,) in rows).lower()


def test_a_condition_goes_when_its_resync_is_over(steps: Steps) -> None:
    """Carried out or taken back; nobody needs to be forgotten for that."""
    steps.pair(email=ANN)
    back = resync(steps, f"email == '{ANN}'")
    assert ANN in typed(steps)
    cancel_resync(steps.both.store, back, steps.both.world.clock.now())
    assert ANN not in typed(steps)
    carried(steps, resync(steps, f"email != '{ANN}'"))
    assert ANN not in typed(steps)
    assert len(steps.both.store.runs(9)) > 1


def test_who_is_forgotten_is_taken_out_of_what_waits(steps: Steps, tmp_path: Path) -> None:
    """What was asked about others is done; of an older store, in which conditions were kept, nothing is left either."""
    _, lead = steps.pair(email=ANN)
    bob, other = steps.pair(email=BOB)
    old = resync(steps, f"email == '{ANN}'")
    cancel_resync(steps.both.store, old, steps.both.world.clock.now())
    with steps.both.store.engine.begin() as writing:
        writing.execute(text("UPDATE request SET argument = :a WHERE id = :i"), {"a": old.argument, "i": old.id})
    waits = resync(steps, f"email in ['{ANN}', '{BOB}', 'jo{ANN}'] || title == '{ANN.upper()}'")
    ask(steps, (Side.CRM, RemoteRef("Lead", lead)))
    steps.cycle()
    assert typed(steps).replace(f"jo{ANN}", "").count(ANN) == 0
    assert f"jo{ANN}" in typed(steps), "somebody else"
    steps.sell(other, Title="Head")
    (still,) = asked_for(steps.both.store)
    assert still.id == waits.id
    carried(steps, still)
    assert steps.marketed(bob, "jobtitle") == "Head"
    steps.both.store.close()
    sqlite3.connect(tmp_path / "state.db").execute("VACUUM").close()
    assert ANN.encode() not in b"".join(each.read_bytes() for each in tmp_path.iterdir()).lower()


def test_who_is_forgotten_is_taken_out_of_answers(steps: Steps) -> None:
    """A program that calls again with its key gets the rest of the first answer, and the chain of commands verifies."""
    _, lead = steps.pair(email=ANN)
    waits = resync(steps, f"email == '{ANN}'")
    doors = SqlDoors(Database(steps.both.store.engine))
    deed = Deed("d1", steps.both.clock.now(), "kim", Sort.TOKEN, "main", "resyncs.ask", waits.id, "key", b"asked")
    doors.begin_deed(deed)
    told = orjson.dumps(resync_document(steps.both.store, waits)).decode()
    doors.end_deed(replace(deed, status=200, answer=told))
    assert typed(steps).count(ANN) == 2
    ask(steps, (Side.CRM, RemoteRef("Lead", lead)))
    steps.cycle()
    assert ANN not in typed(steps)
    again = doors.begin_deed(replace(deed, id="d2"))
    assert again is not None
    assert orjson.loads(again.answer or "")["id"] == waits.id
    found = steps.both.store.verify_audit()
    assert (found.flaws, found.commands) == ([], 1)
