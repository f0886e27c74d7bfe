"""Reports in pages and over the API: the figures of the command line, each open down to the people whom it counts."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from syncd.console.handoff import TITLES
from syncd.model.agreement import Agreement, Apart, Cause, write_agreements
from syncd.model.link import Base, Link, Proof
from syncd.model.operator import Role
from syncd.model.remote import RemoteRef
from syncd.model.values import Pair
from syncd.operations.report import Bar, Chart, Figure, Period, Report, Section, Table
from syncd.operations.reporting import DIMENSIONS, Question
from syncd.ports.memory import AGREEMENT
from syncd.ports.store import Settlement
from tests.browser.sites import HARM
from tests.fakes import START
from tests.furnished import furnished, handed_over
from tests.unit.console.reading import PLAIN, Found, text_of
from tests.visits import Caller, House, house

C = "/api/v1/connections/main"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A console with a ledger behind it."""
    with furnished(tmp_path_factory.mktemp("furnished")) as (made, _):
        handed_over(made)
        yield made


@pytest.fixture
def viewer(made: House) -> Caller:
    """Whoever only looks."""
    return made.as_role(Role.VIEWER)


def test_the_handoff_is_told_with_acceptance_beside_the_outside_mark(viewer: Caller) -> None:
    """Delivered, accepted and rejected, service levels and breaches, reasons; 44 % is labelled as what it is."""
    told = text_of(viewer.get("/handoff").text)
    for words in (
        "acceptance rate 63.6 % of 22",
        "44 % (Gartner)",
        "an outside mark, and no goal",
        "touched within the time agreed",
        "decision overdue, still open",
        "Why it came to nothing",
        "timing",
    ):
        assert words in told, words


def test_a_figure_opens_down_to_the_people(made: House, viewer: Caller) -> None:
    """Those who are linked by name and with their page; the figure says how many there are."""
    page = viewer.get("/handoff?connection=main").text
    (address,) = re.findall(r'<dt>rejected</dt><dd><a href="([^"]+)">', re.sub(r"\s*\n\s*", "", page))
    people = viewer.get(unescape(address)).text
    assert "rejected: 8" in text_of(people)
    assert "8 people" in text_of(people)
    (linked,) = [each.id for each in made.store.links_after("person", "", 10) if f"/people/{each.id}?" in people][:1]
    assert viewer.get(f"/people/{linked}").status == 200
    assert "gone03" in text_of(people)


def test_many_people_come_page_by_page(viewer: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once."""
    monkeypatch.setattr("syncd.console.handoff.PEOPLE", 10)
    found: list[str] = []
    address = "/handoff/people?connection=main&report=handoff&key=delivered"
    while address:
        page = viewer.get(address).text
        found += re.findall(r'<th scope="row">(.*?)</th>', page)
        address = unescape("".join(re.findall(r'class="button" href="([^"]+)"', page)))
    assert len(found) == len(set(found)) == 26


@pytest.mark.parametrize("report", list(TITLES))
def test_every_report_has_a_page(viewer: Caller, report: str) -> None:
    """With what it can be told apart by, and what is wrong with the words in place of a report."""
    month = "&month=2026-02" if report == "review" else ""
    answer = viewer.get(f"/handoff?report={report}{month}")
    assert answer.status == 200
    assert 'role="alert"' not in answer.text
    for each in DIMENSIONS[report]:
        assert f'value="{each}"' in answer.text


def test_what_is_typed_somewhere_is_shown_as_code(viewer: Caller) -> None:
    """A command in a sentence of a report, and in one that says what is wrong."""
    page = viewer.get("/handoff?report=handoff").text
    assert "<code>syncd report reasons</code> tells it by" in page
    assert "`" not in page
    assert "`" not in viewer.get("/handoff?by=height").text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("since=2026-03-02&until=2026-03-01", "is before since"),
        ("since=yesterday", "a day is written as"),
        ("by=height", "nothing to count handoff by"),
        ("report=review", "a month, as 2026-03"),
        ("report=review&month=May", "is no month"),
    ],
)
def test_words_that_cannot_be_meant_are_told(viewer: Caller, words: str, told: str) -> None:
    """On the page, with its form to mend them."""
    answer = viewer.get(f"/handoff?{words}")
    assert (answer.status, told in text_of(answer.text)) == (200, True)


def test_without_an_agreement_that_is_told(tmp_path: Path) -> None:
    """Nobody has said what the stages mean: no report, and what to do."""
    with house(tmp_path) as made:
        assert "no report handoff" in text_of(made.as_role(Role.VIEWER).get("/handoff").text)


def test_whoever_is_named_was_read(tmp_path: Path) -> None:
    """People stand by name in the report, on the page and over the API, with the id for a program, which is noted."""
    with furnished(tmp_path) as (made, _):
        handed_over(made)
        kurt = next(
            {"name": each["name"], "id": each["link"]}
            for each in made.program(Role.VIEWER).get(f"{C}/records?q=kurt").json["items"]
        )
        asked = made.program(Role.VIEWER).get(f"{C}/reports/credit?by=person").json
        (rows,) = [table["rows"] for section in asked["sections"] for table in section["tables"]]
        assert kurt in [row[0] for row in rows]
        assert kurt["name"] in text_of(made.as_role(Role.VIEWER).get("/handoff?report=credit&by=person").text)
        wanted = [("handoffs.read", way) for way in ("session", "token")]
        until = time.monotonic() + 10
        noted: list[tuple[str, str]] = []
        while sorted(noted) != wanted and time.monotonic() < until:
            looks = [each for each in made.desk.entrance.doors.deeds(99) if each.what == "handoffs.read"]
            noted = [(each.what, each.way.value) for each in looks if kurt["id"] in each.about]
        assert sorted(noted) == wanted


def test_the_agreement_opens_down_to_the_records_that_differ(made: House) -> None:
    """On a page with name and cause, and over the API page by page."""
    person = made.store.links_after("person", "", 1)[0]
    apart = [Apart(person.id, "contacts/1", "Lead/1", {"email": Cause.CONFLICT})]
    apart += [Apart(f"l{n}", f"contacts/x{n}", f"Lead/x{n}", {}) for n in range(3)]
    made.store.remember(AGREEMENT, write_agreements({"person": Agreement.of(9, 5, apart)}), START)
    page = made.as_role(Role.VIEWER).get("/handoff/people?report=agreement&key=person:apart").text
    told = text_of(page)
    for words in ("person: differ: 4", str(person.refs.crm), "email: waits for a person", "something between records"):
        assert words in told, words
    assert f"/people/{person.id}?" in page
    path = f"{C}/reports/agreement/records?key=person:apart&limit=3"
    first = made.program(Role.VIEWER).get(path).json
    assert (first["figure"]["value"], first["next"]) == (4, 3)
    assert first["items"][0] == {
        "link": person.id,
        "marketing": str(person.refs.marketing),
        "crm": str(person.refs.crm),
        "fields": {"email": "conflict"},
    }
    assert [each["link"] for each in made.program(Role.VIEWER).get(f"{path}&after=3").json["items"]] == ["l2"]
    made.store.remember(AGREEMENT, b"{}", START)


def test_a_program_gets_the_same(made: House) -> None:
    """By what it is told apart, of one month, and the records behind a figure page by page."""
    program = made.program(Role.VIEWER)
    told = program.get(f"{C}/reports/handoff?by=persona&by=grade").json
    assert [each["key"] for each in told["sections"] if each["key"].startswith("by:")] == ["by:persona", "by:grade"]
    assert program.get(f"{C}/reports/review?month=2026-02").json["report"] == "review"
    assert program.get(f"{C}/reports/reasons").json["report"] == "reasons"
    for words in ("handoff?by=height", "funnel?by=grade", "review", "handoff?month=2026-02", "review?month=2026-13"):
        assert program.get(f"{C}/reports/{words}").status == 422, words
    assert program.get(f"{C}/reports/handoff?since=never").status == 422
    records: list[str] = []
    after: int | None = 0
    while after is not None:
        page = program.get(f"{C}/reports/handoff/records?key=rejected&limit=4&after={after}").json
        assert page["figure"]["value"] == 8
        records += [each["person"] for each in page["items"]]
        after = page["next"]
    assert len(records) == len(set(records)) == 8
    linked = [each.id for each in made.store.links_after("person", "", 10)]
    known = [
        each for each in program.get(f"{C}/reports/handoff/records?key=rejected").json["items"] if each["marketing"]
    ]
    assert known
    assert {each["person"] for each in known} <= set(linked)
    assert program.get(f"{C}/reports/handoff/records?key=rejekted").status == 422


@pytest.mark.parametrize("harm", HARM, ids=range(len(HARM)))
def test_what_people_wrote_is_text_in_reports(harm: str, tmp_path: Path) -> None:
    """A source, an owner, a name behind a figure."""

    def report(_: str, asked: Question) -> Report:
        figure = Figure(harm, harm, 1.0, rows=["l1"], note=harm)
        table = Table("t", harm, (harm, "n"), ((harm, figure),))
        chart = Chart(harm, (Bar(harm, 0.5, harm, 0.4, 0.6, small=True),), 1.0, (0.44, harm))
        return Report(asked.name, "R", Period(), (Section("s", harm, (harm,), (figure,), (table,), (chart,)),))

    with house(tmp_path, report=report) as made:
        link = Link("l1", "person", Pair(RemoteRef("contacts", "1"), RemoteRef("Lead", "2")), Proof.MATCHED, START)
        base = Base({"first_name": harm, "email": harm[:50]}, Pair({}, {}))
        made.store.settle(Settlement(links=[link], bases=[("l1", base)]), START)
        viewer = made.as_role(Role.VIEWER)
        page = viewer.get("/handoff").text
        (address, *_) = re.findall(r'href="(/handoff/people[^"]+)"', page)
        for text in (page, viewer.get(unescape(address)).text):
            found = Found()
            found.feed(text)
            assert found.elements <= PLAIN, found.elements - PLAIN
            assert found.run == []
