"""Where the overview leads whoever is waited for: each thing to a page that says what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from syncd.engine.cycle import sync
from syncd.engine.world import World
from syncd.model.link import OptedOut, Remnant
from syncd.model.operator import Role
from syncd.model.remote import RemoteRef
from syncd.model.run import Run, RunState
from syncd.model.values import Side
from syncd.operations.forecast import forecast, forecast_document
from syncd.ports.store import Settlement
from tests.fakes import START
from tests.furnished import furnished, reconfigured
from tests.scenarios.steps import Steps
from tests.unit.console.reading import PLAIN, Found, text_of
from tests.visits import House, house
from tests.worlds import open_both

FIRST = "/api/v1/connections/main/first-link"


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[tuple[House, Steps]]:
    """Two filled systems that were looked at once, and nobody has approved what would be linked."""
    both = open_both(f"sqlite:///{tmp_path}/state.db")
    steps = Steps(both)
    for name in ("ann", "bob", "cem"):
        steps.contact(email=f"{name}@example.com", firstname=name, company="Acme")
    for name in ("ann", "bob"):
        steps.lead(Email=f"{name}@example.com", FirstName=name)

    @contextmanager
    def world(_: str, who: str) -> Iterator[World]:
        yield replace(both.world, who=who)

    with house(tmp_path, world=world, clock=both.clock) as made:
        yield made, steps
    both.store.close()


def test_a_first_link_is_told_with_its_figures_and_its_command(filled: tuple[House, Steps]) -> None:
    """Those that the plan has, of the last look at it; what is to be typed names this connection and this digest."""
    made, steps = filled
    viewer, program = made.as_role(Role.VIEWER), made.program(Role.VIEWER)
    assert "No first link waits" in text_of(viewer.get("/first-link").text)
    assert program.get(FIRST).status == 404
    steps.both.clock.advance(120)
    ended = sync(steps.both.world)
    assert ended.needs_approval
    assert ended.plan is not None
    told = program.get(FIRST).json
    (person,) = [each for each in forecast_document(forecast(steps.both.world, ended.plan))["kinds"].items()
                 if each[0] == "person"]  # fmt: skip
    assert told["digest"] == ended.plan.digest
    assert told["kinds"]["person"] == {"link": 2, "create.crm": 1, **_updates(told)}
    assert (person[1]["links"], person[1]["creates"]["crm"]) == (2, 1)
    assert told["calls"] == {side.value: ended.plan.cost.calls.of(side) for side in Side}
    assert told["approve"] == f"syncd --connection main sync --approve {ended.plan.digest}"
    overview = viewer.get("/").text
    assert re.search(r'href="/first-link\?connection=main">1 first link to approve', overview)
    page = text_of(viewer.get("/first-link?connection=main").text)
    assert told["approve"] in page
    assert "person 2 0 1" in page


def _updates(told: dict[str, dict[str, dict[str, int]]]) -> dict[str, int]:
    return {what: number for what, number in told["kinds"]["person"].items() if what.startswith("update.")}


def test_a_first_link_that_was_approved_is_told_no_more(filled: tuple[House, Steps]) -> None:
    """Its figures are another plan's from then on; without figures the digest is told all the same."""
    made, steps = filled
    steps.cycle(after=120)
    program = made.program(Role.VIEWER)
    assert program.get(FIRST).status == 404
    now = steps.both.clock.now()
    made.store.save_run(Run("z9", "main", "sync", "daemon", now, digest="abc", state=RunState.HELD))
    steps.both.clock.advance(60)
    told = program.get(FIRST).json
    assert (told["digest"], told["kinds"], told["seconds"]) == ("abc", {}, None)
    assert "not kept" in text_of(made.as_role(Role.VIEWER).get("/first-link").text)


def test_records_to_delete_and_fields_at_rest_have_their_places(tmp_path: Path) -> None:
    """Each line of what waits leads where it can be seen."""
    with furnished(tmp_path) as (made, _):
        reconfigured(made)
        gone = [Remnant("person", Side.CRM, RemoteRef("Lead", f"00Q{n}"), each, START)
                for n, each in enumerate(OptedOut)]  # fmt: skip
        made.store.settle(Settlement(remnants=gone), START)
        viewer = made.as_role(Role.VIEWER)
        overview = viewer.get("/").text
        places = dict(re.findall(r'<li><a href="([^"?]+)\?connection=main">([^<]+)</a>', overview))
        assert places["/remnants"] == "3 records of forgotten people to delete"
        assert places["/config/drift"] == "1 field at rest"
        for path in places:
            assert viewer.get(f"{path}?connection=main").status == 200
        page = viewer.get("/remnants").text
        found = Found()
        found.feed(page)
        assert (found.run, found.elements - PLAIN) == ([], set())
        assert all(f"Lead/00Q{n}" in page for n in range(3))
        assert "NO: the vendor refused it" in page
