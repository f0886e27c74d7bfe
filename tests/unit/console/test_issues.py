"""What is refused, by cause: the affected ones ranked by heat, fields too; paged, and let go as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.console.pages import LISTED
from syncd.model.heat import UNRATED, LeadHeat
from syncd.model.link import QUARANTINED, DeadLetter, Parked
from syncd.model.operator import Role
from syncd.model.remote import RemoteRef
from syncd.model.values import Lane, Side
from syncd.operations.parking import id_of
from syncd.ports.store import Settlement
from tests.fakes import START
from tests.unit.console.reading import text_of
from tests.visits import House, house

C = "/api/v1/connections/main"
CAUSE = {"kind": "person", "side": "crm", "code": "REQUIRED_FIELD_MISSING"}
FIELD = {"kind": "person", "side": "crm", "field": "phone", "code": "TOO_LONG"}
FIELDS = "/issues/fields?kind=person&side=crm&field=phone&code=TOO_LONG"


def letter(number: int, heat: LeadHeat) -> DeadLetter:
    """Somebody whom Salesforce does not take; the higher the number, the later."""
    origin, since = RemoteRef("contacts", f"c{number}"), START + timedelta(minutes=number)
    return DeadLetter(f"d{number}", "person", Side.CRM, origin, "f", CAUSE["code"], "lacks a name", "give one", since,
                      1, heat=heat)  # fmt: skip


def field(number: int, heat: LeadHeat = UNRATED, *, name: str = "phone", code: str = "TOO_LONG") -> Parked:
    """A field of somebody that Salesforce does not take."""
    ref, since = RemoteRef("Lead", f"00Q{number}"), START + timedelta(minutes=number)
    return Parked(f"l{number:03}", "person", Side.CRM, ref, name, "f", code, f"{name} bad", "cut it", since,
                  asks=True, heat=heat)  # fmt: skip


@pytest.fixture
def made(tmp_path: Path) -> Iterator[House]:
    """Some of one cause that were rated, and more fields of one cause than a page shows."""
    with house(tmp_path) as made:
        heats = [UNRATED, LeadHeat("C", 1_250), LeadHeat("A", 9_000), LeadHeat("A", 9_000, Lane.OPT_OUT)]
        fields = [field(n, LeadHeat("B", 100 * n)) for n in range(LISTED + 2)]
        others = [field(1, name="title", code=QUARANTINED), field(2, name="title", code="BAD_VALUE")]
        dead = [letter(n, heat) for n, heat in enumerate(heats)]
        made.store.settle(Settlement(dead=dead, parked=[*fields, *others]), START)
        yield made


def test_records_of_a_cause_are_ranked_by_heat(made: House) -> None:
    """The page says by what, and shows it; the API gives the same order."""
    page = made.as_role(Role.VIEWER).get("/issues/cause?kind=person&side=crm&code=REQUIRED_FIELD_MISSING").text
    assert re.findall(r"<code>contacts/(c\d)</code>", page) == ["c3", "c2", "c1", "c0"]
    told = text_of(page)
    assert "The hottest first" in told
    for words in ("A 90 opt-out", "C 12.5", "not rated"):
        assert words in told
    items = made.program(Role.VIEWER).get(f"{C}/dead-letters?{'&'.join(f'{k}={v}' for k, v in CAUSE.items())}").json
    assert [each["id"] for each in items["items"]] == ["d3", "d2", "d1", "d0"]
    assert items["items"][0]["heat"] == {"grade": "A", "points": 90, "lane": "opt_out"}
    assert items["items"][2]["heat"] == {"grade": "C", "points": 12.5, "lane": "ordinary"}
    assert items["items"][3]["heat"] == {"grade": None, "points": None, "lane": "ordinary"}


def test_last_seen_is_the_last_refusal(made: House) -> None:
    """Also of whoever was refused first long ago and is refused again today."""
    made.clock.advance(7_200)
    now = made.clock.now()
    made.store.settle(Settlement(dead=[replace(letter(0, UNRATED), since=now, attempts=2)]), now)
    program = made.program(Role.VIEWER)
    (group,) = program.get(f"{C}/dead-letters/causes").json["items"]
    assert (group["first"], group["last"]) == (_told(START), _told(now))
    found = {each["id"]: each for each in program.get(f"{C}/dead-letters").json["items"]}
    assert (found["d0"]["since"], found["d0"]["last"]) == (_told(START), _told(now))
    assert found["d1"]["since"] == found["d1"]["last"]


def _told(at: object) -> str:
    return str(at).replace(" ", "T").replace("+00:00", "Z")


def test_fields_are_grouped_by_cause_and_paged(made: House) -> None:
    """The most first; a quarantine is marked; each cause has its records, the hottest first, page by page."""
    viewer = made.as_role(Role.VIEWER)
    listed = viewer.get("/issues").text
    told = text_of(listed)
    assert f"{LISTED + 4} fields of 3 causes" in told
    assert told.index("TOO_LONG") < told.index("BAD_VALUE") < told.index(QUARANTINED)
    assert "phone bad" in told
    assert "quarantined" in told
    assert "Let all go" not in told, "a viewer decides nothing"
    page = viewer.get(FIELDS).text
    first = re.findall(r"<code>marketing:Lead/00Q(\d+)</code>", page)
    assert first == [str(n) for n in range(LISTED + 1, 1, -1)]
    (further,) = re.findall(r'href="([^"]+after=[^"]+)"', page)
    rest = re.findall(r"<code>marketing:Lead/00Q(\d+)</code>", viewer.get(further.replace("&amp;", "&")).text)
    assert rest == ["1", "0"]
    assert viewer.get(FIELDS.replace("phone", "none")).status == 404
    program = made.program(Role.VIEWER)
    causes = program.get(f"{C}/parked/causes").json["items"]
    assert [(each["field"], each["code"], each["records"]) for each in causes] == [
        ("phone", "TOO_LONG", LISTED + 2), ("title", "BAD_VALUE", 1), ("title", QUARANTINED, 1),
    ]  # fmt: skip
    found, cursor = [], ""
    asked = "&".join(f"{name}={value}" for name, value in FIELD.items())
    while cursor is not None:
        answer = program.get(f"{C}/parked/cause?{asked}&limit=20{cursor}").json
        found += [each["link"] for each in answer["items"]]
        cursor = None if answer["next"] is None else f"&cursor={answer['next']}"
    assert found == [f"l{n:03}" for n in range(LISTED + 1, -1, -1)]


def test_fields_of_a_cause_are_let_go_together(made: House) -> None:
    """All of it and nothing else, in the page and over the API; ticked ones alone, too."""
    operator = made.as_role(Role.OPERATOR)
    ticked = id_of(field(0))
    assert operator.form("/issues/parked", {"id": ticked}).status == 303
    assert len(made.store.parked()) == LISTED + 3
    assert operator.form("/issues/parked", {**FIELD, "everything": "yes"}).status == 303
    assert {row.field for row in made.store.parked()} == {"title"}
    assert {row.wish for row in made.store.requests()} == {"look"}
    assert len(made.store.requests()) == LISTED + 2
    cause = {"kind": "person", "side": "crm", "field": "title", "code": QUARANTINED}
    done = made.program(Role.OPERATOR).post(f"{C}/parked/cause/retry", cause)
    assert (done.status, done.json) == (200, {"records": 1})
    assert [row.code for row in made.store.parked()] == ["BAD_VALUE"]
    assert operator.form("/issues/parked", {**FIELD, "side": "none", "everything": "yes"}).status == 400
    assert operator.form("/issues/parked", {}).status == 409
