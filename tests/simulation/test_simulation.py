"""The simulation itself: a seed is one scenario for ever, a play follows from it alone, and what is broken is caught.

``regressions/`` holds scenarios that broke a promise once, or came near to it, as ``syncd simulate`` wrote them; each
is played again here, those named ``two-way-...`` with people made in HubSpot, too. To add one: put the file there, and
say in its ``note`` what it showed.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest
from rich.console import Console
from typer.testing import CliRunner

from connectors.hubspot.connector import HubSpotConnector
from syncd.cli.main import app
from syncd.lab import simulate, simulating
from syncd.lab.arena import PAGED, Arena
from syncd.lab.founding import found
from syncd.lab.scenario import Happening, Scenario, expand
from syncd.lab.shrinking import shrunk
from syncd.lab.simulate import Order, run
from syncd.lab.simulating import played
from syncd.lab.swarm import Arming
from syncd.lab.violation import Violation
from syncd.model.errors import BadUsage
from syncd.model.remote import Shape
from syncd.model.write import UpdateRecord, Write, WriteResult
from tests.simulation.crash_story import CONFIG, HAPPENINGS, WORLD, two_way

REGRESSIONS: Final = sorted((Path(__file__).parent / "regressions").glob("*.json"))
TWO_WAY: Final = "two-way-"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def arena() -> Arena:
    """One founded world; it is only played in forks."""
    return found(CONFIG, variant=WORLD)


@pytest.fixture
def founded(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every play begins in that world, without founding it anew."""
    monkeypatch.setattr(simulating, "found", lambda _config, *, variant, connection: arena)


# -- scenarios ---------------------------------------------------------------------------------------------------------
def test_a_seed_is_one_scenario_which_survives_its_file() -> None:
    """Expanding twice gives the same, another seed gives another, and JSON keeps all of it."""
    for number in range(30):
        scenario = expand(f"any {number}")
        assert scenario == expand(f"any {number}")
        assert scenario != replace(expand(f"any {number + 1}"), seed=scenario.seed)
        assert Scenario.from_json(scenario.to_json()) == scenario
        tokens = [each.token for each in scenario.happenings if each.token]
        assert len(set(tokens)) == len(tokens)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", expand("x").to_json().replace(b'"version": 1', b'"version": 9')]
)
def test_what_is_no_scenario_is_refused(content: bytes) -> None:
    """A file of something else, or of a version to come, says so instead of playing anything."""
    with pytest.raises(BadUsage):
        Scenario.from_json(content)


def test_one_seed_in_twenty_meets_an_outage() -> None:
    """One fault alone, which hits every call it can: dozens in a row, or until the vendors are made to behave."""
    alone = [only for each in range(1_000) if len(armed := expand(f"outage {each}").armed) == 1 for only in armed]
    lasting = [each.words for each in alone if each.words.get("probability") == 1.0]
    assert 15 <= len(lasting) <= 80
    endless = [words for words in lasting if "times" not in words]
    assert 0 < len(endless) < len(lasting)
    assert all(words["times"] >= 20 for words in lasting if words not in endless)


def test_a_play_follows_from_its_scenario_alone() -> None:
    """Two interpreters that order their sets differently leave the same trace of the same seed; every run of the
    simulation holds its own against that, too.
    """
    seeds = [next(seed for number in range(200) if expand(seed := f"pure {number}").world == WORLD)]
    told = [
        subprocess.Popen(
            [sys.executable, "-m", "syncd.lab.simulating", str(CONFIG), "", "1", *seeds],
            env=os.environ | {"PYTHONHASHSEED": str(salt)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for salt in (1, 77)
    ]
    one, other = (sorted(each.communicate()[0].split("\n")) for each in told)
    assert [each.returncode for each in told] == [0, 0]
    assert one == other
    assert sum(len(line) > len("pure 1 ") + 20 for line in one) == len(seeds)


def test_what_needs_a_second_page_or_a_new_contact_is_met() -> None:
    """In the worlds of small pages an edit shifts pages, a cursor expires, and a contact appears while it is made."""
    faults = (("hubspot", "page-drift"), ("salesforce", "cursor-expired"), ("hubspot", "contact-exists"))
    deeds = tuple(
        Happening(
            1_000 + 20_000 * number, "crm", ("create", "edit")[number % 2], 977 * number, f"zqab{number}x{number}z"
        )
        for number in range(6)
    )
    deeds += (Happening(90_000, "operator", "full", 1, ""),)
    armed = tuple(Arming(0, vendor, name, {"seed": "1", "times": 2}) for vendor, name in faults)
    (each,) = played([Scenario("paged", PAGED + 1, 2, deeds, armed, poll=15.0)], config=CONFIG, workers=1)
    assert each.violations == []
    assert all(each.result["fired"].get(name) for _, name in faults), each.result["fired"]


# -- what is broken is caught ------------------------------------------------------------------------------------------
NAMES: Final = tuple(
    Happening(4_000 + number, "crm", "edit", 97 + (number + 5) % 10, f"zqab{number:x}x{number}z") for number in range(4)
)
"""Last names of four people, typed in the CRM within one poll."""
STORY: Final = Scenario("broken on purpose", WORLD, 1, (*NAMES, *HAPPENINGS[:8]), (), kills=(40,), poll=15.0)


@pytest.fixture
def mixed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connector that writes the names of the last person of a batch onto all of it."""
    real = HubSpotConnector.write

    def write(
        self: HubSpotConnector, shape: Shape, batch: Sequence[Write], deadline: datetime, *more: Any
    ) -> Sequence[WriteResult]:
        updates = [each for each in batch if isinstance(each, UpdateRecord)]
        names = {name: wire for each in updates for name, wire in each.fields.items() if name == "lastname"}
        mixed = [replace(each, fields={**each.fields, **names}) if each in updates else each for each in batch]
        return real(self, shape, mixed, deadline, *more)

    monkeypatch.setattr(HubSpotConnector, "write", write)


@pytest.mark.usefixtures("founded", "mixed_up")
def test_what_is_broken_is_caught_shrunk_kept_and_played_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What one person is called is written onto another: the run ends with 1 and leaves a much smaller scenario in a
    file; ``syncd simulate --replay`` of that file ends with 1, too, until the code is right again.
    """
    monkeypatch.setattr(simulate, "expand", lambda _seed: STORY)
    monkeypatch.setattr(simulate, "differing", lambda *_, **__: [])
    monkeypatch.setattr(simulate, "shrunk", functools.partial(shrunk, tries=18))
    with (tmp_path / "told").open("w") as told:
        assert run(Order(CONFIG, count=1, keep=tmp_path, workers=1), console=Console(file=told)) == 1
    (kept,) = tmp_path.glob("*.json")
    small = Scenario.from_json(kept.read_bytes())
    assert small.kills == ()
    assert len(small.happenings) <= 4 < len(STORY.happenings)
    assert small.note.startswith("P5 ")
    command = ["--config", str(CONFIG), "simulate", "--replay", str(kept)]
    again = CliRunner().invoke(app, command)
    assert (again.exit_code, "P5 " in again.output) == (1, True), again.output[-500:]
    monkeypatch.undo()
    assert CliRunner().invoke(app, command).exit_code == 0


@pytest.mark.usefixtures("founded")
def test_a_simulation_that_crashes_is_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the simulation's own, or a process that ends without a word, is a verdict on that seed."""
    monkeypatch.setattr(simulating, "play", lambda _arena, _scenario: 1 / 0)
    (each,) = played([STORY], config=CONFIG, workers=1)
    assert [violation.promise for violation in each.violations] == ["crash"]
    monkeypatch.setattr(simulating, "play", lambda _arena, _scenario: os._exit(9))
    (each,) = played([STORY], config=CONFIG, workers=1)
    assert [violation.promise for violation in each.violations] == ["P15"]


def test_shrinking_keeps_what_is_needed_and_nothing_else() -> None:
    """Whatever a failure does not need is gone: kills, faults, happenings, time."""
    whole = replace(expand("long"), kills=(3, 9), failing=(4,))
    needed = {whole.happenings[5], whole.happenings[11]}

    def fails(candidate: Scenario) -> bool:
        return needed <= set(candidate.happenings) and 9 in candidate.kills

    small = shrunk(whole, fails)
    assert (set(small.happenings), small.kills, small.armed, small.failing) == (needed, (9,), (), ())
    assert shrunk(whole, lambda _: False) == whole
    tried: list[Scenario] = []
    shrunk(whole, lambda candidate: bool(tried.append(candidate)), tries=7)
    assert len(tried) == 7


# -- what was broken once ----------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Sequence[Violation]]:
    """All regressions, played together, so that each world is founded once."""
    told: dict[str, Sequence[Violation]] = {}
    configs = {False: CONFIG, True: two_way(tmp_path_factory.mktemp("two-way") / "config")}
    for both, config in configs.items():
        files = [file for file in REGRESSIONS if file.stem.startswith(TWO_WAY) is both]
        scenarios = [replace(Scenario.from_json(file.read_bytes()), seed=file.stem) for file in files]
        told |= {each.seed: each.violations for each in played(scenarios, config=config, workers=os.cpu_count() or 1)}
    return told


@pytest.mark.xdist_group("regressions")  # they are played once, all together
@pytest.mark.parametrize("file", REGRESSIONS, ids=lambda file: file.stem)
def test_what_was_broken_once_holds(file: Path, replayed: Mapping[str, Sequence[Violation]]) -> None:
    """Each scenario that is kept says what it showed, and breaks nothing now."""
    assert len(json.loads(file.read_bytes())["note"]) > 20
    assert replayed[file.stem] == []
