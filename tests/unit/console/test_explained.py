"""Why a person is what they are, by persona, grade and routing, too: a page, and the document of the command line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncd.model.operator import Role
from syncd.model.routing import Assignment, How, Passed, Routed
from syncd.operations.routing import RoutingStory
from tests.browser.sites import HARM
from tests.fakes import START
from tests.furnished import furnished
from tests.unit.console.reading import PLAIN, Found, text_of
from tests.visits import House

C = "/api/v1/connections/main"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Both stand-ins with people in step."""
    with furnished(tmp_path_factory.mktemp("furnished")) as (made, _):
        yield made


def ada(made: House) -> str:
    """The link of somebody."""
    (link,) = made.store.links_with("ada.lovelace", 1)
    return link


def test_persona_and_grade_are_explained_rule_by_rule(made: House) -> None:
    """What is declared in the example, for this person."""
    rating = made.desk.configured("main").profiles().rating
    assert rating is not None
    told = text_of(made.as_role(Role.VIEWER).get(f"/people/{ada(made)}/explanation").text)
    for words in ("Persona and grade", "Persona: ", "Grade: ", "points", *(rule.words for rule in rating.rules)):
        assert words in told, words
    record = made.program(Role.VIEWER).get(f"{C}/records/{ada(made)}/explanation").json["record"]
    assert record["rating"]["grade"] in {grade.grade for grade in rating.grades}
    assert [each["name"] for each in record["rating"]["rules"]] == [rule.name for rule in rating.rules]
    assert {"persona", "routing", "unsettled", "handoffs", "happened"} <= set(record)
    assert f"Grade: {record['rating']['grade']}" in told


def test_of_one_field_no_grade_is_told(made: House) -> None:
    """As at the command line: whoever asks about a title is not told of grades."""
    record = made.program(Role.VIEWER).get(f"{C}/records/{ada(made)}/explanation?field=title").json["record"]
    assert (record["rating"], record["persona"], list(record["fields"])) == (None, None, ["title"])


@pytest.mark.parametrize("harm", ["Ann", *HARM], ids=range(len(HARM) + 1))
def test_routing_is_explained(made: House, harm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who gets and who got them, by which rule, and who was passed over and why; whatever they are called."""
    routed = Routed(How.GIVEN, harm, harm, 1, harm, (Passed(harm, harm, harm),))
    given = Assignment("i1", ada(made), routed, START, "done")
    monkeypatch.setattr("syncd.console.commands.story_of", lambda *_: RoutingStory((given,), routed, harm))
    answer = made.as_role(Role.VIEWER).get(f"/people/{ada(made)}/explanation")
    assert answer.status == 200
    page = answer.text
    found = Found()
    found.feed(page)
    assert (found.run, found.elements - PLAIN) == ([], set())
    if harm == "Ann":
        told = text_of(page)
        assert "next: Ann by the rule Ann out of the pool Ann passed over: Ann Ann" in told
        assert "picked up from the queue by Ann" in told
    record = made.program(Role.VIEWER).get(f"{C}/records/{ada(made)}/explanation").json["record"]
    assert record["routing"]["next"]["passed"] == [{"rule": harm, "owner": harm, "why": harm}]
