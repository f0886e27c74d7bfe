"""Upkeep over the API that asks both vendors: what a cycle would do, how fit the accounts are, what a held part would
write, sentinels, and forgetting a person; nothing is written but by the next cycle.
"""

from __future__ import annotations

import time

import pytest

from syncd.engine.cycle import sync
from syncd.model.link import LinkState
from syncd.model.operator import Role
from syncd.model.run import Restored
from syncd.operations.doors import form_token
from syncd.operations.planning import planned
from tests.fakes import START
from tests.furnished import held
from tests.scenarios.steps import Steps
from tests.unit.console.test_api import C
from tests.unit.console.test_linking import ada
from tests.visits import Caller, House


@pytest.fixture
def made(furnished_house: tuple[House, Steps]) -> House:
    """The console over them."""
    return furnished_house[0]


@pytest.fixture
def steps(furnished_house: tuple[House, Steps]) -> Steps:
    """What can be done at both vendors."""
    return furnished_house[1]


@pytest.fixture
def viewer(made: House) -> Caller:
    """A program that looks."""
    return made.program(Role.VIEWER)


def whom(made: House, what: str) -> set[str]:
    """Whom somebody read at a place, by id; it is stored a moment after the answer."""
    until = time.monotonic() + 10
    while True:
        found = {id for deed in made.desk.entrance.doors.deeds(99) if deed.what == what for id in deed.about.split()}
        if found or time.monotonic() > until:
            return found
        time.sleep(0.01)


def test_the_plan_is_that_of_the_command_line(made: House, steps: Steps, viewer: Caller) -> None:
    """With whom it shows noted; nothing is written, and asked again it is the same."""
    steps.market(steps.contacts()[0], jobtitle="Countess")
    made.clock.advance(120)
    told = viewer.get(f"{C}/plan").json
    with made.desk.world("main", "test") as world:
        found = planned(world)
    assert (told["digest"], told["kinds"]["person"]["updates"]) == (found.plan.digest, {"marketing": 0, "crm": 1})
    assert [each["fields"] for each in told["samples"]] == [each["fields"] for each in found.document()["samples"]]
    assert whom(made, "plan.read") == set(found.links())
    assert viewer.get(f"{C}/plan").json["digest"] == told["digest"]
    steps.cycle()
    assert viewer.get(f"{C}/plan").json["kinds"]["person"]["updates"] == {"marketing": 0, "crm": 0}


def test_what_would_read_everything_is_refused(made: House, viewer: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first link and after a restore: 409 with what to type on the host."""
    made.store.note_restored(Restored(START, "a test says so"))
    after = viewer.get(f"{C}/plan")
    made.store.note_restored(None)
    assert (after.status, "the store was put back" in after.json["detail"]) == (409, True)
    monkeypatch.setattr(type(made.store), "cursors", lambda _: ())
    before = viewer.get(f"{C}/plan")
    assert (before.status, "syncd plan" in before.json["detail"]) == (409, True)


def test_the_accounts_are_examined(viewer: Caller) -> None:
    """Both are reached, and each finding says what it breaks."""
    told = viewer.get(f"{C}/doctor").json
    assert told["unreached"] == []
    assert told["healthy"] is all(each["severity"] == "notice" for each in told["findings"])
    assert all(each["what"] and each["breaks"] for each in told["findings"])


def test_sentinels_are_looked_at(viewer: Caller) -> None:
    """Of each side one, and none is planted here."""
    told = viewer.get(f"{C}/sentinels").json["items"]
    assert [(each["side"], each["state"], each["record"]) for each in told] == [
        ("marketing", "not planted", None),
        ("crm", "not planted", None),
    ]


def test_a_held_part_shows_what_it_would_write(made: House, steps: Steps, viewer: Caller) -> None:
    """Read from both vendors for this look, and noted; a digest that is none has no values."""
    held(made)
    steps.market(steps.contacts()[0], jobtitle="Countess of Lovelace")
    (part,) = viewer.get(f"{C}/held").json["items"]
    told = viewer.get(f"{C}/held/{part['digest']}/values").json
    assert {"value": "Countess of Lovelace", "records": 1} in told["values"]
    assert "Countess of Lovelace" in [each["after"] for each in told["records"]]
    assert whom(made, "held.values") == {each.id for each in made.store.links_after("person", "", 10)}
    assert viewer.get(f"{C}/held/nothing/values").status == 404


def test_a_person_is_forgotten_by_the_next_cycle(made: House, steps: Steps, viewer: Caller) -> None:
    """By an operator who has proved who they are; of a browser's session that is its password, once more."""
    link = ada(made)
    told = {"record": "ada.lovelace@example.com"}
    assert viewer.post(f"{C}/forget", told).status == 403
    session = made.as_role(Role.OPERATOR, "ana")
    made.clock.advance(301)
    sent = {"Sec-Fetch-Site": "same-origin", "X-Syncd-Form": form_token(session.secret), "Accept": "application/json"}
    refused = session.post(f"{C}/forget", told, **sent)
    assert (refused.status, refused.json["type"]) == (403, "urn:syncd:problem:password-needed")
    assert not made.store.requests()
    program = made.program(Role.OPERATOR)
    nobody = program.post(f"{C}/forget", {"record": "nobody@example.com"})
    assert (nobody.status, "neither side has a record" in nobody.json["detail"]) == (409, True)
    refs = made.store.by_link([link])[link].link.refs
    forgotten = program.post(f"{C}/forget", told).json
    assert forgotten == {"records": [f"marketing:{refs.marketing}", f"crm:{refs.crm}"]}
    assert made.store.by_link([link])[link].link.state is LinkState.LIVE
    sync(steps.both.world)
    assert made.store.by_link([link])[link].link.state is LinkState.FORGOTTEN
    remnants = program.get(f"{C}/remnants").json["items"]
    assert {each["record"] for each in remnants} == {str(refs.marketing), str(refs.crm)}
    found = made.desk.entrance.doors.deeds(50)
    (deed,) = [each for each in found if each.what == "people.forget" and each.status == 200]
    assert deed.about == " ".join([*forgotten["records"], "record=?"])  # no address stays of whoever is forgotten


def test_of_several_nobody_is_forgotten(made: House, steps: Steps) -> None:
    """They are named, and nothing is stored."""
    for number in range(2):
        steps.lead(Email="twin@example.com", FirstName=f"Twin{number}", LastName="Double", Company="Two")
    refused = made.program(Role.OPERATOR).post(f"{C}/forget", {"record": "twin@example.com"})
    assert (refused.status, refused.json["detail"].count("Lead/")) == (409, 2)
    assert not [each for each in made.store.requests() if each.wish == "forget"]


def test_a_record_is_explained_whether_it_is_linked_or_not(made: House, steps: Steps, viewer: Caller) -> None:
    """By address or id; one that nobody may read without an entry, by its own id where there is no link."""
    lonely = steps.lead(Email="lonely@example.com", FirstName="Lone", LastName="Ly", Company="One")
    told = viewer.get(f"{C}/explanation?record=crm:Lead/{lonely}").json
    assert (told["record"]["link"], len(told["hits"])) == (None, 1)
    assert f"crm:Lead/{lonely}" in whom(made, "people.explained")
    (link,) = made.store.links_with("grace.hopper", 1)
    linked = viewer.get(f"{C}/explanation?record=grace.hopper@example.com&field=title").json["record"]
    assert (linked["link"]["id"], list(linked["fields"])) == (link, ["title"])
    assert linked == viewer.get(f"{C}/records/{link}/explanation?field=title").json["record"]


@pytest.mark.parametrize(
    ("words", "status"),
    [("record=nobody@example.com", 404), ("record=link:nobody", 404), ("record=nonsense", 422), ("", 422),
     ("record=grace.hopper@example.com&field=x", 409)],
)  # fmt: skip
def test_what_names_nobody_is_not_explained(viewer: Caller, words: str, status: int) -> None:
    """Said as trouble, in words."""
    assert viewer.get(f"{C}/explanation?{words}").status == status


def test_of_several_none_is_explained(steps: Steps, viewer: Caller) -> None:
    """They are listed, to be named one by one."""
    for number in range(2):
        steps.lead(Email="both@example.com", FirstName=f"Both{number}", LastName="Double", Company="Two")
    told = viewer.get(f"{C}/explanation?record=both@example.com").json
    assert (told["record"], len(told["hits"])) == (None, 2)
