"""The configuration in pages: the mapping, the glossary, what changed word by word, and what vendors changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.model.drift import Drift, Resting, write_drift
from syncd.model.operator import Role
from syncd.model.run import Worker
from syncd.model.values import Side
from syncd.operations.definitions import MAPPED, Term, note_definitions
from syncd.operations.drift import resting
from syncd.ports.memory import DRIFT
from tests.browser.sites import HARM
from tests.fakes import START
from tests.furnished import furnished
from tests.scenarios.drifting import retyped
from tests.unit.console.reading import PLAIN, Found, text_of
from tests.visits import Caller, House, house

C = "/api/v1/connections/main"
PAGES = ("/config", "/config/glossary", "/config/changes", "/config/drift")


@pytest.fixture
def made(tmp_path: Path) -> Iterator[House]:
    """A console over an empty store, with the example configuration."""
    with house(tmp_path) as made:
        yield made


@pytest.fixture
def viewer(made: House) -> Caller:
    """Whoever only looks."""
    return made.as_role(Role.VIEWER)


def test_the_mapping_is_read_as_a_page(viewer: Caller) -> None:
    """Where each field stands on both sides, which way it flows, who wins, what its values are called."""
    told = text_of(viewer.get("/config").text)
    for words in (
        "first_name string firstname FirstName both ways the newer one; of two at once Salesforce",
        "company_name string company Lead Company both ways Salesforce (not given) for a new record in Salesforce",
        "owner owner hubspot_owner_id OwnerId to HubSpot -",
        "equal email (email)",
        "Lead where stage in ['mql', 'sql', 'opportunity', 'customer']",
        "marketingqualifiedlead + NEW",
    ):
        assert words in told, words


def test_the_glossary_is_that_of_the_command_line(made: House, viewer: Caller) -> None:
    """Each stage with its words; every section of the page that `syncd glossary` makes."""
    page = made.desk.configured("main").glossary(())
    assert page is not None
    told = text_of(viewer.get("/config/glossary").text)
    for section in page.sections:
        assert section.title in told
        for card in section.cards:
            assert card.name in told
    assert "Sales has spoken to them, and they have a need, a budget or a date." in told


def test_without_an_agreement_there_is_no_glossary(made: House, viewer: Caller) -> None:
    """And that is said."""
    known = made.desk.configured("main")
    made.desk.configured = lambda _: replace(known, glossary=lambda _: None)
    assert "Nobody has agreed on anything yet" in text_of(viewer.get("/config/glossary").text)


def test_what_changed_with_the_last_start_is_told_apart(made: House, viewer: Caller) -> None:
    """Word by word, of the mapping, too; what changed before stands below, and what nobody works with yet above."""
    current = dict(made.desk.configured("main").definitions)
    policy = Term(MAPPED, "person.title", "both changed it")
    name = Term("stage", "mql", "name")
    assert current[policy] == "crm"
    note_definitions(made.store, START - timedelta(days=9), {**current, policy: "marketing", name: "Hot lead"})
    assert "not yet" in text_of(viewer.get("/config/changes").text)
    note_definitions(made.store, START - timedelta(days=5), {**current, policy: "marketing"})
    note_definitions(made.store, START, current)
    assert "no daemon is at work" in text_of(viewer.get("/config/changes").text)
    made.desk.roster.beat(Worker("daemon@test", START - timedelta(minutes=1), START, "1"))
    lately, earlier = viewer.get("/config/changes").text.split('id="earlier"')
    assert "<del>marketing</del> <ins>crm</ins>" in lately
    assert "field person.title both changed it" in text_of(lately)
    assert "Hot" not in lately
    assert "<del>Hot</del>" in earlier
    rows = made.program(Role.VIEWER).get(f"{C}/definitions/changes").json["items"]
    assert [(each["sort"], each["before"], each["after"]) for each in rows] == [
        ("field", "marketing", "crm"),
        ("stage", "Hot lead", current[name]),
    ]


def rest(name: str, place: str, change: str) -> Resting:
    """A field that rests."""
    return Resting("person", name, Side.CRM, place, change, START)


def test_what_vendors_changed_is_listed(made: House, viewer: Caller) -> None:
    """To be let go on by an operator, but for what waits for its vendor."""
    kept = Drift.of({}, {"title": rest("title", "Lead Title", "its type was string and is phone")}, "h")
    made.store.remember(DRIFT, write_drift({"person": kept}), START)
    page = viewer.get("/config/drift").text
    assert "its type was string and is phone" in page
    assert "/config/drift/accept" not in page
    assert 'value="person.title"' in made.as_role(Role.OPERATOR).get("/config/drift").text
    (row,) = made.program(Role.VIEWER).get(f"{C}/drift").json["items"]
    assert (row["kind"], row["field"], row["side"], row["place"]) == ("person", "title", "crm", "Lead Title")
    refused = made.as_role(Role.OPERATOR).form("/config/drift/accept?connection=main")
    assert (refused.status, "name the fields" in refused.text) == (409, True)
    program = made.program(Role.OPERATOR)
    assert program.post(f"{C}/drift/accept", {"fields": ["person.phone"]}).status == 409
    assert program.post(f"{C}/drift/accept", {"fields": []}).status == 422


def test_a_field_that_rests_is_let_go_on(tmp_path: Path) -> None:
    """Both vendors are asked what it is now; all records are compared by it once more."""
    with furnished(tmp_path) as (made, steps):
        retyped(steps, "Title", "phone")
        for _ in range(2):
            steps.cycle(after=660)
        (found,) = resting(made.store)
        operator = made.as_role(Role.OPERATOR)
        done = operator.form("/config/drift/accept?connection=main", {"field": found.name})
        assert done.headers["location"] == "/config/drift?connection=main&done=accepted"
        assert resting(made.store) == ()
        assert [each.wish for each in made.store.requests()] == ["resync"]


@pytest.mark.parametrize("harm", HARM, ids=range(len(HARM)))
def test_what_others_wrote_is_text_here(made: House, harm: str) -> None:
    """A vendor's words of a schema, a definition of before."""
    kept = Drift.of({}, {"title": rest("title", harm[:200], harm)}, "h")
    made.store.remember(DRIFT, write_drift({"person": kept}), START)
    current = made.desk.configured("main").definitions
    note_definitions(made.store, START, {**current, Term("stage", harm[:80], "name"): harm})
    caller = made.as_role(Role.OPERATOR)
    for path in PAGES:
        answer = caller.get(path)
        found = Found()
        found.feed(answer.text)
        assert (answer.status, found.run) == (200, []), path
        assert found.elements <= PLAIN, f"{path}: {found.elements - PLAIN}"
