"""Who gave a conflict its values, and when: from the stand-ins' own histories, in the page and over the API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from syncd.model.link import Topic
from syncd.model.operator import Role
from syncd.model.values import Instant, Pair, Side
from syncd.operations.authors import UNSURE, UNTOLD
from syncd.ports.store import Settlement
from tests.furnished import furnished
from tests.scenarios.steps import HOUR, Steps
from tests.unit.console.reading import PLAIN, Found, text_of
from tests.visits import House

C = "/api/v1/connections/main"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Steps]]:
    """Both stand-ins with people in step, one of them at odds."""
    with furnished(tmp_path_factory.mktemp("furnished")) as both:
        yield both


def at_odds(house: House, steps: Steps, who: int) -> tuple[str, Pair[str], Pair[Instant]]:
    """A clash about an address that a marketer and a seller have made, a minute apart: its id, who, and when."""
    contact = steps.contacts()[who]
    (lead,) = [row for row in steps.live("Lead") if row["Email"] == steps.marketed(contact, "email")]
    people = Pair(steps.marketer("Demand"), steps.seller("SDR"))
    known = {row.id for row in house.store.conflicts()}
    steps.cycle(after=2 * HOUR)  # a new user is known from when on users were asked for again
    clock = steps.both.clock
    first = clock.now()
    steps.market(contact, by=people.marketing, email=f"m{who}@example.com")
    clock.advance(60)
    second = clock.now()
    steps.sell(str(lead["Id"]), by=people.crm, Email=f"c{who}@example.com")
    steps.cycle(after=120)
    (id_,) = {row.id for row in house.store.conflicts()} - known
    return id_, people, Pair(first, second)


def test_each_side_is_told_with_its_author_and_time(made: tuple[House, Steps]) -> None:
    """By address, not by number; the page and the API say the same."""
    house, steps = made
    id_, _, at = at_odds(house, steps, 0)
    marketing, crm = house.program(Role.VIEWER).get(f"{C}/conflicts/{id_}/authors").json["items"]
    assert [marketing["side"], crm["side"]] == ["marketing", "crm"]
    assert {marketing["whose"], crm["whose"]} == {"person"}
    assert marketing["by"].endswith(".demand@example.com")
    assert crm["by"].endswith(".sdr@example.com")
    for told, moment in ((marketing, at.marketing), (crm, at.crm)):
        assert abs((Instant.fromisoformat(told["at"]) - moment).total_seconds()) <= 1
        assert (told["changed_since"], told["why"]) == (False, "")
    caller = house.as_role(Role.VIEWER)
    assert f'hx-get="/conflicts/{id_}/authors' in caller.get("/conflicts").text
    page = caller.get(f"/conflicts/{id_}/authors")
    assert page.status == 200
    assert f"marketing : m0@example.com by {marketing['by']}" in text_of(page.text)
    assert f"crm : c0@example.com by {crm['by']}" in text_of(page.text)
    part = caller.get(f"/conflicts/{id_}/authors", **{"HX-Request": "true"}).text
    assert crm["by"] in part
    assert "<html" not in part


def test_a_list_of_conflicts_asks_no_vendor(made: tuple[House, Steps]) -> None:
    """Histories are read for whoever asks about one, not for everybody who looks."""
    house, steps = made
    before = len(steps.both.hubspot.calls), len(steps.both.salesforce.calls)
    assert house.as_role(Role.VIEWER).get("/conflicts").status == 200
    assert (len(steps.both.hubspot.calls), len(steps.both.salesforce.calls)) == before


def test_a_side_that_has_moved_on_is_marked(made: tuple[House, Steps]) -> None:
    """Whoever decides between two values learns that one of them stands nowhere any more."""
    house, steps = made
    id_, people, _ = at_odds(house, steps, 1)
    steps.both.clock.advance(60)
    steps.market(steps.contacts()[1], by=people.marketing, email="again@example.com")
    marketing, crm = house.program(Role.VIEWER).get(f"{C}/conflicts/{id_}/authors").json["items"]
    assert (marketing["changed_since"], crm["changed_since"]) == (True, False)
    told = text_of(house.as_role(Role.VIEWER).get(f"/conflicts/{id_}/authors").text)
    assert told.count("It has been changed again since") == 1


def test_what_syncd_wrote_is_told_as_its_own(made: tuple[House, Steps]) -> None:
    """The vendor's history knows it as a program of some name."""
    house, steps = made
    id_, _, _ = at_odds(house, steps, 2)
    (clash,) = house.store.conflicts([id_])
    row, wrote = next(
        (row, change) for row in house.store.audit_of(str(clash.link), 9) for change in row.changes
        if change.field == "phone"
    )  # fmt: skip
    ours = replace(clash, id="ours", field="phone", topic=Topic.UNDONE, values=Pair(None, wrote.after))
    house.store.settle(Settlement(conflicts=[ours]), house.clock.now())
    told = house.program(Role.VIEWER).get(f"{C}/conflicts/ours/authors").json["items"]
    (crm,) = [each for each in told if each["side"] == str(row.side)]
    assert (crm["whose"], crm["by"], Instant.fromisoformat(crm["at"])) == ("syncd", "syncd", row.at)


def test_nobody_is_named_who_is_not_told(made: tuple[House, Steps]) -> None:
    """A field without a history, a value that it does not tell, a conflict about no field, one that is gone."""
    house, steps = made
    id_, _, _ = at_odds(house, steps, 5)
    (clash,) = house.store.conflicts([id_])
    other = replace(clash, id="other", values=Pair("x@example.com", "y@example.com"))
    match = replace(clash, id="match", field=None, topic=Topic.MATCH)
    untracked = replace(clash, id="untracked", field="last_name")
    lone = replace(clash, id="lone", link=None, refs=tuple(each for each in clash.refs if each[0] is Side.CRM))
    house.store.settle(Settlement(conflicts=[other, match, untracked, lone]), house.clock.now())
    program = house.program(Role.VIEWER)
    assert {each["why"] for each in program.get(f"{C}/conflicts/other/authors").json["items"]} == {UNSURE}
    marketing, crm = program.get(f"{C}/conflicts/lone/authors").json["items"]
    assert (marketing["at"], marketing["whose"], crm["whose"]) == (None, "unknown", "person")
    told = program.get(f"{C}/conflicts/untracked/authors").json["items"]
    assert (told[1]["why"], told[1]["at"], told[1]["by"]) == (UNTOLD, None, "")
    assert program.get(f"{C}/conflicts/match/authors").status == 409
    assert program.get(f"{C}/conflicts/none/authors").status == 404
    assert "/conflicts/match/authors" not in house.as_role(Role.VIEWER).get("/conflicts").text


def test_a_hostile_author_is_text(made: tuple[House, Steps], monkeypatch: pytest.MonkeyPatch) -> None:
    """A vendor's user may be called anything."""
    house, steps = made
    id_, _, _ = at_odds(house, steps, 4)
    monkeypatch.setattr("syncd.operations.authors.people_of", lambda _: {})
    monkeypatch.setattr("syncd.operations.authors.author_of", lambda *_: _Named("<img src=x onerror=alert(1)>"))
    found = Found()
    found.feed(house.as_role(Role.VIEWER).get(f"/conflicts/{id_}/authors").text)
    assert (found.run, found.elements - PLAIN) == ([], set())


class _Named(str):
    """An author of this name."""

    __slots__ = ()
    sort = "user"
