"""What waits by lane, and when calls run out: over the API and on the page that people look at first."""

from __future__ import annotations

from datetime import timedelta

from syncd.core.pace import Count, written
from syncd.model.operator import Role
from syncd.model.resync import Resync
from syncd.model.run import Request
from syncd.model.values import SIDES, Side
from syncd.ports.memory import CALLS
from tests.fakes import START
from tests.unit.console.reading import text_of
from tests.unit.console.test_api import C, console, program  # noqa: F401 - two are fixtures
from tests.visits import Caller, House


def test_when_calls_run_out_is_told(console: House, program: Caller) -> None:  # noqa: F811 - the fixtures
    """By side, of all connections and of one, and in words where people look first."""
    counts = [Count(START - timedelta(hours=1), 20_000, 100_000), Count(START, 60_000, 100_000)]
    console.store.remember(CALLS.format(side=Side.CRM), written(counts), START)
    (summary,) = program.get("/api/v1/connections").json["items"]
    told = program.get(C).json["calls"]
    assert summary["calls"] == told
    assert told["crm"]["exhausted_at"] == (START + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    assert (told["marketing"]["known"], told["marketing"]["used"]) == (False, None)
    page = text_of(console.as_role(Role.VIEWER, "vic").get("/").text)
    assert "at this pace all 100,000 are used up at 10:00 UTC" in page


def test_what_is_kept_for_other_programs_is_told(console: House, program: Caller) -> None:  # noqa: F811 - the fixtures
    """How far each lane goes and which one waits, over the API and on the page; nothing where nothing is kept."""
    count = Count(START, 85_000, 100_000, reserve=10)
    console.store.remember(CALLS.format(side=Side.CRM), written([count]), START)
    told = program.get(C).json["calls"]
    assert told["crm"]["reserve"] == 10
    assert told["crm"]["lanes"] == {
        "opt_out": {"up_to": 100, "waits": False},
        "handoff": {"up_to": 100, "waits": False},
        "ordinary": {"up_to": 90, "waits": False},
        "bulk": {"up_to": 80, "waits": True},
    }
    assert told["marketing"]["reserve"] == 0
    page = text_of(console.as_role(Role.VIEWER, "vic").get("/").text)
    assert page.count("are kept for other programs") == 1
    assert "10 % are kept for other programs: bulk waits from 80 % used, ordinary stops from 90 % used" in page


def test_what_waits_is_told_by_lane(console: House, program: Caller) -> None:  # noqa: F811 - the fixtures
    """A wish, a resync, decided conflicts and letters that are tried again; since when, where that is written down."""
    console.store.approve(Request("l", "main", "look", "person link:ada", "engine", START))
    console.store.approve(
        Request("r", "main", "resync", Resync(kinds=("person",), sides=SIDES).written(), "ana", START)
    )
    console.store.resolve_conflict("c1", "crm")
    console.store.mark_dead_letter("d1", True)
    lanes = program.get(C).json["lanes"]
    at = START.isoformat().replace("+00:00", "Z")
    assert lanes == {
        "opt_out": {"waiting": 0, "since": None},
        "handoff": {"waiting": 0, "since": None},
        "ordinary": {"waiting": 3, "since": at},
        "bulk": {"waiting": 4, "since": at},
    }
    (summary,) = program.get("/api/v1/connections").json["items"]
    assert summary["lanes"] == lanes
    page = text_of(console.as_role(Role.VIEWER, "vic").get("/").text)
    assert "Carried out by itself" in page
    assert "bulk 4" in page
