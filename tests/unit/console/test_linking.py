"""Unlinking and relinking from the console: on the page of a person after a tick, and over the API, each deed once."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from syncd.engine.cycle import sync
from syncd.model.link import LinkState
from syncd.model.operator import Role
from tests.furnished import furnished
from tests.scenarios.steps import Steps
from tests.unit.console.reading import text_of
from tests.visits import House

C = "/api/v1/connections/main"


@pytest.fixture
def furnished_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Steps]]:
    """Both stand-ins with people in step."""
    with furnished(tmp_path_factory.mktemp("furnished")) as (made, steps):
        yield made, steps


def ada(made: House) -> str:
    """The link of somebody."""
    (link,) = made.store.links_with("ada.lovelace", 1)
    return link


def state(made: House) -> LinkState:
    """How her link stands."""
    return made.store.by_link([ada(made)])[ada(made)].link.state


def test_a_person_is_unlinked_after_a_tick_and_linked_again(furnished_house: tuple[House, Steps]) -> None:
    """Without the tick nothing is stored; the page says what is to come, what is, and how to go back."""
    made, steps = furnished_house
    operator, path = made.as_role(Role.OPERATOR, "ana"), f"/people/{ada(made)}"
    assert operator.form(f"{path}/unlink?connection=main").status == 409
    assert not made.store.requests()
    assert operator.form(f"{path}/unlink?connection=main", {"sure": "on"}).status == 303
    assert "The next cycle ends this link" in text_of(operator.get(path).text)
    sync(steps.both.world)
    assert state(made) is LinkState.TOMBSTONE
    page = operator.get(path).text
    assert "Somebody said that these two are not one" in text_of(page)
    named = dict(re.findall(r'name="(marketing|crm)" value="([^"]+)"', page))
    assert operator.form(f"{path}/relink?connection=main", named).status == 409
    assert operator.form(f"{path}/relink?connection=main", {**named, "sure": "on"}).status == 303
    assert "The next cycle links these two again" in text_of(operator.get(path).text)
    sync(steps.both.world)
    assert state(made) is LinkState.LIVE
    deeds = [(each.who, each.what, each.status) for each in made.desk.entrance.doors.deeds(10)]
    assert ("ana", "links.unlink", 200) in deeds
    assert ("ana", "links.relink", 200) in deeds


def test_a_viewer_is_shown_no_way_to_unlink(furnished_house: tuple[House, Steps]) -> None:
    """And over the API they are turned away."""
    made, _ = furnished_house
    assert "Are these two one?" not in made.as_role(Role.VIEWER, "vic").get(f"/people/{ada(made)}").text
    assert made.program(Role.VIEWER).post(f"{C}/records/{ada(made)}/unlink").status == 403
    assert made.program(Role.VIEWER).post(f"{C}/links", {"marketing": "contacts/1", "crm": "Lead/1"}).status == 403
    assert not made.store.requests()


def test_the_api_unlinks_once_and_says_what_cannot_be_linked(furnished_house: tuple[House, Steps]) -> None:
    """The same key twice is one deed; trouble is a problem with the way out; nothing is stored then."""
    made, steps = furnished_house
    program, link = made.program(Role.OPERATOR), ada(made)
    told = program.post(f"{C}/records/{link}/unlink", **{"Idempotency-Key": "once"})
    again = program.post(f"{C}/records/{link}/unlink", **{"Idempotency-Key": "once"})
    assert (told.status, told.json["what"], told.json["ends"]) == (200, "unlink", [link])
    assert again.json == told.json
    assert again.headers["idempotency-replayed"] == "true"
    sync(steps.both.world)
    record = program.get(f"{C}/records/{link}").json
    assert (record["state"], record["asked"]) == ("unlinked", None)
    assert program.post(f"{C}/records/{link}/unlink").json["what"] == "nothing"
    assert program.post(f"{C}/records/nobody/unlink").status == 404
    refused = program.post(f"{C}/links", {"marketing": told.json["marketing"], "crm": "Lead/00Q0000000000ZZAAA"})
    assert refused.status in (409, 422)
    assert "is not there" in refused.json["detail"]
    joined = program.post(f"{C}/links", {"marketing": told.json["marketing"], "crm": told.json["crm"]})
    assert joined.json["what"] == "relink"
    assert program.get(f"{C}/records/{link}").json["asked"] == "relink"
