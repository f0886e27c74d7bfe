"""Whoever is not linked is found, too: by what keeps them from it, and in both systems on request."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from syncd.model.brake import HeldChange, Lot, Why
from syncd.model.held import write_lots
from syncd.model.link import Conflict, DeadLetter, Topic
from syncd.model.operator import Deed, Role
from syncd.model.remote import RemoteRef
from syncd.model.values import Pair, Side
from syncd.ports.memory import BRAKE_HELD
from syncd.ports.store import Settlement
from tests.fakes import START
from tests.furnished import furnished
from tests.scenarios.steps import Steps
from tests.unit.console.reading import PLAIN, Found, text_of
from tests.visits import House, house

C = "/api/v1/connections/main"
TWINS = ((Side.MARKETING, RemoteRef("contacts", "71")), (Side.CRM, RemoteRef("Lead", "00Q71")),
         (Side.CRM, RemoteRef("Lead", "00Q72")))  # fmt: skip


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[House]:
    """One who is refused, one whose making is held, and one of whom is asked who they are."""
    with house(tmp_path) as made:
        refused = RemoteRef("contacts", "51")
        letter = DeadLetter("d1", "person", Side.CRM, refused, "f", "NO_NAME", "lacks <b>a name", "give", START, 1)
        asked = Conflict("c1", "person", Topic.MATCH, None, TWINS, None, Pair(None, None), None,
                         "two Leads have Ann@example.com", START)  # fmt: skip
        made.store.settle(Settlement(dead=[letter], conflicts=[asked]), START)
        lots = [
            Lot(
                key=("person", measure, "crm", "", ""),
                changes=(HeldChange(f"m{measure}", f"marketing:contacts/{id_}", START),),
                why=Why.HOUR, limit=1, used=0, linked=10, since=START, cause="an import",
            )
            for measure, id_ in (("creates", "61"), ("updates", "62"))
        ]  # fmt: skip
        made.store.remember(BRAKE_HELD, write_lots(lots), START)
        yield made


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("51", [("marketing:contacts/51", "refused", "NO_NAME")]),
        ("contacts/51", [("marketing:contacts/51", "refused", "NO_NAME")]),
        (" marketing:contacts/51 ", [("marketing:contacts/51", "refused", "NO_NAME")]),
        ("crm:Lead/51", []),
        ("61", [("marketing:contacts/61", "held", None)]),
        ("62", []),
        ("crm:Lead/00Q72", [("crm:Lead/00Q72", "asked", None)]),
        (
            "ann@EXAMPLE.com",
            [(f"{side}:{ref}", "asked", None) for side, ref in TWINS],
        ),
        ("example", []),
        ("51 52", []),
        ("", []),
    ],
)  # fmt: skip
def test_what_keeps_somebody_from_being_linked_is_found(
    kept: House, text: str, found: list[tuple[str, str, str | None]]
) -> None:
    """By id in every form, and by an address that a question names; the page leads to where it is decided."""
    items = kept.program(Role.VIEWER).get(f"{C}/unlinked?q={quote(text)}").json["items"]
    assert [(each["record"], each["obstacle"], each["code"]) for each in items] == found
    page = kept.as_role(Role.VIEWER).get(f"/people?q={quote(text)}").text
    for record, *_ in found:
        assert record.partition(":")[2] in text_of(page)
    seen = Found()
    seen.feed(page)
    assert seen.elements <= PLAIN
    places = {"refused": "/issues/cause?connection=main", "held": "/held/", "asked": "/conflicts?connection=main#c-c1"}
    assert {where in page for what, where in places.items() if what in {each[1] for each in found}} <= {True}


def test_a_cause_that_is_named_is_there(kept: House) -> None:
    """The link to it is whole."""
    viewer = kept.as_role(Role.VIEWER)
    page = viewer.get("/people?q=51").text
    (where,) = [
        each.split('"')[0].replace("&amp;", "&") for each in page.split('href="') if each.startswith("/issues/cause")
    ]
    assert "lacks <b>a name" in text_of(viewer.get(where).text)


@pytest.mark.parametrize(
    ("text", "sought"),
    [("ann@x.com", "ann@x.com"), ("crm:Lead/9", "crm:Lead/9"), ("51", "marketing:contacts/51"), ("smith", "")],
)
def test_both_systems_are_offered_for_what_they_can_be_asked_for(kept: House, text: str, sought: str) -> None:
    """An address or a record; where only words were typed, it is said what is needed."""
    page = kept.as_role(Role.OPERATOR).get(f"/people?q={quote(text)}").text
    assert re.findall(r'name="q" value="([^"]*)"><button>', page) == ([sought] if sought else [])
    assert ("both systems can be asked" in page) is not bool(sought)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Steps]]:
    """Both stand-ins with people in step."""
    with furnished(tmp_path_factory.mktemp("furnished")) as both:
        yield both


def noted(made: House, what: str) -> Deed:
    """The entry of a look, which is stored a moment after the answer."""
    until = time.monotonic() + 10
    while not (rows := [each for each in made.desk.entrance.doors.deeds(99) if each.what == what]):
        assert time.monotonic() < until
        time.sleep(0.01)
    return rows[0]


def test_both_systems_are_asked_for_who_is_not_linked(made: tuple[House, Steps]) -> None:
    """What the next cycle does with them is said; the look is noted by the record, and nothing is written."""
    house, steps = made
    lone = steps.contact(email="lone@example.com", lastname="x" * 100)
    steps.cycle(after=120)
    before = steps.written()
    operator = house.as_role(Role.OPERATOR)
    empty = operator.get("/people?q=lone@example.com").text
    assert 'action="/people/both?connection=main"' in empty
    answer = operator.form("/people/both", {"q": "lone@example.com"})
    told = text_of(answer.text)
    assert answer.status == 200
    assert f"contacts/{lone}" in told
    assert "Not linked" in told
    assert "REQUIRED_FIELD_MISSING" in told
    assert steps.written() == before
    entry = noted(house, "people.both")
    assert (entry.about, "lone" in repr(entry)) == (f"marketing:contacts/{lone}", False)
    linked = text_of(operator.form("/people/both", {"q": "ada.lovelace@example.com"}).text)
    assert "Linked" in linked
    assert "Neither system" in text_of(operator.form("/people/both", {"q": "no@example.com"}).text)
    wrong = operator.form("/people/both", {"q": "lone"})
    assert (wrong.status, "names no record" in wrong.text) == (422, True)


def test_a_viewer_does_not_search_the_vendors(made: tuple[House, Steps]) -> None:
    """They are told who can."""
    house, _ = made
    viewer = house.as_role(Role.VIEWER)
    page = viewer.get("/people?q=nobody@example.com").text
    assert "/people/both" not in page
    assert "an operator can look in both systems" in text_of(page)
    assert viewer.form("/people/both", {"q": "nobody@example.com"}).status == 403
