"""Every list of the API that grows comes page by page, each item once, whatever comes in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.model.link import Base, Link, Proof
from syncd.model.operator import Role
from syncd.model.remote import RemoteRef
from syncd.model.resync import RESYNC, Resync
from syncd.model.run import Request, Run, RunState
from syncd.model.values import Pair
from syncd.operations.definitions import MAPPED, Term, note_definitions
from syncd.ports.store import Settlement
from tests.fakes import START
from tests.unit.console.test_api import letter
from tests.visits import Caller, House, house

C = "/api/v1/connections/main"
TERM = Term(MAPPED, "person.title", "policy")


def person(settlement: Settlement, id: str, *words: str) -> None:
    """Somebody whose name has these words."""
    refs = Pair(RemoteRef("contacts", f"5{id}"), RemoteRef("Lead", f"00Q{id}"))
    settlement.links.append(Link(id, "person", refs, Proof.MATCHED, START))
    settlement.bases.append((id, Base({"email": f"{id}@x.example", "last_name": " ".join(words)}, Pair({}, {}))))


@pytest.fixture
def made(tmp_path: Path) -> Iterator[House]:
    """Five of each; everybody is an Ann, and has further words that begin so."""
    with house(tmp_path) as made:
        settlement = Settlement()
        for number in range(5):
            person(settlement, f"p{number}", "ann", "anna", "annabel", "berg", f"bert{number}")
            code = f"CODE {number}"
            settlement.dead += [letter(f"{number}-{each}", code, minutes=each) for each in range(5 - number)]
        made.store.settle(settlement, START)
        for number in range(5):
            at = START + timedelta(minutes=number)
            wanted = Resync(("person",), records=(f"link:p{number}",))
            made.store.approve(Request(f"w{number}", "main", RESYNC, wanted.written(), "ann", at))
        said = dict(made.desk.configured("main").definitions)
        for number in range(5):
            note_definitions(made.store, START + timedelta(days=number), said | {TERM: f"policy {number}"})
        note_definitions(made.store, START + timedelta(days=5), said)
        yield made


@pytest.fixture
def program(made: House) -> Caller:
    """A program with a token of a viewer."""
    return made.program(Role.VIEWER)


LISTS = {
    "dead-letters/causes": ("code", [f"CODE {number}" for number in range(5)]),
    "resyncs": ("id", [f"w{number}" for number in range(5)]),
    "definitions/changes": ("before", [f"policy {number}" for number in (4, 3, 2, 1, 0)]),
    "records?q=ann": ("link", [f"p{number}" for number in range(5)]),
    "records?q=ann+berg": ("link", [f"p{number}" for number in range(5)]),
    "records?q=p": ("link", [f"p{number}" for number in range(5)]),
}


def pages(program: Caller, path: str) -> Iterator[list[dict[str, str]]]:
    """A list by twos."""
    mark = "&" if "?" in path else "?"
    cursor: str | None = ""
    while cursor is not None:
        page = program.get(f"{C}/{path}{mark}limit=2{f'&cursor={cursor}' if cursor else ''}").json
        yield page["items"]
        cursor = page["next"]


@pytest.mark.parametrize("path", LISTS)
def test_a_list_comes_page_by_page(program: Caller, path: str) -> None:
    """Each item once and in order; the last page has no cursor, and a cursor of nothing is refused."""
    key, expected = LISTS[path]
    found = list(pages(program, path))
    assert [[each[key] for each in page] for page in found] == [expected[:2], expected[2:4], expected[4:]]
    mark = "&" if "?" in path else "?"
    assert program.get(f"{C}/{path}{mark}cursor=nothing").status == 409


def test_what_comes_in_between_moves_no_page(made: House, program: Caller) -> None:
    """A cause gets another record, the configuration is changed once more: the pages behind are what they were."""
    causes, changes = pages(program, "dead-letters/causes"), pages(program, "definitions/changes")
    assert [each["code"] for each in next(causes)] == ["CODE 0", "CODE 1"]
    assert [each["before"] for each in next(changes)] == ["policy 4", "policy 3"]
    made.store.settle(Settlement(dead=[replace(letter("1-9", "CODE 1"), code="CODE 1")]), START)
    note_definitions(made.store, START + timedelta(days=9), {TERM: "policy 9"})
    assert [each["code"] for each in next(causes)] == ["CODE 2", "CODE 3"]
    assert [each["before"] for each in next(changes)] == ["policy 2", "policy 1"]


def test_runs_behind_one_that_was_forgotten_are_not_passed_over(made: House, program: Caller) -> None:
    """The last of a page was idle, and is forgotten an hour after it began: the list does not end there unsaid."""
    for number, counts in enumerate(({"updates": 3}, {}, {"updates": 4})):
        at = START + timedelta(minutes=number)
        made.store.save_run(Run(f"r{number}", "main", "sync", "daemon", at, "d", RunState.DONE, at, counts))
    first = program.get(f"{C}/runs?limit=2").json
    assert ([each["id"] for each in first["items"]], first["next"]) == (["r2", "r1"], "r1")
    assert made.store.forget_idle_runs(START + timedelta(hours=1), long_before=START) == 1
    gone = program.get(f"{C}/runs?limit=2&cursor=r1")
    assert (gone.status, "begin again" in gone.json["detail"]) == (409, True)
    assert made.program(Role.ADMIN).get("/api/v1/deeds?cursor=nothing").status == 409
    assert made.as_role(Role.VIEWER).get("/runs?before=r1").status == 409


def test_a_parameter_that_is_none_is_refused(program: Caller) -> None:
    """A program that misspells the cursor is told, and does not read the first page again and again."""
    refused = program.get(f"{C}/runs?curser=r1")
    assert (refused.status, refused.json["type"]) == (422, "urn:syncd:problem:not-understood")
    assert "'curser'" in refused.json["detail"]
    assert "cursor" in refused.json["detail"]
    assert program.get("/api/v1/me?x=1").status == 422
    assert program.get(f"{C}/runs?limit=1&limit=2").json["detail"] == "limit can be said once"
    assert program.get(f"{C}/reports/handoff?by=grade&by=origin").status != 422
    assert program.get("/api/v1/connections/main/pause?x=1").status == 405
