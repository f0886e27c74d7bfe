"""``syncd report``: the program from outside, without credentials and without a network."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from syncd.engine.booking import book_in
from syncd.model.agreement import Agreement, Apart, Cause, write_agreements
from syncd.model.link import Link, Proof
from syncd.model.remote import RemoteRef
from syncd.model.values import Pair
from syncd.ports.memory import AGREEMENT
from syncd.ports.store import Settlement
from syncd.store import SqlStore
from tests.fakes import START
from tests.unit.cli.conftest import Run
from tests.unit.core.ledgers import BOOK, contacted, deal, delivered, moved, told, touched

LIFECYCLE = """\
field: stage
stages:
  mql: {name: Qualified, definition: Marketing asks sales to call.}
  sql: {name: Accepted, definition: Sales has called.}
  disqualified: {name: Disqualified, definition: Not for us., final: true}
  customer: {name: Customer, definition: Bought., final: true}
transitions:
  - {from: new, to: mql, by: [marketing, system]}
  - {from: mql, to: [sql, disqualified], by: sales}
  - {from: sql, to: customer, by: sales}
handoff:
  qualified: mql
  accepted: sql
  rejected: disqualified
  won: customer
  commitments: {reason: 90}
"""
EVENTS = (
    contacted(100),
    told(0, origin="=web", grade="A", owner="ann"),
    moved("mql", 0, by="kim"),
    delivered(1),
    touched(2),
    moved("sql", 3),
    deal("won", 9),
    moved("mql", 1, "Q"),
    delivered(2, "Q"),
    moved("disqualified", 4, "Q", reason="timing"),
)


DIFFER = {Cause.CONFLICT: 60, Cause.PENDING: 120}
"""How many records differ in their address, for each cause."""


def swept(store: SqlStore) -> None:
    """A whole sweep that found so many records apart, of whom the first is linked to others by now."""
    apart = [
        Apart(f"{cause}{n:03}", f"contacts/{cause}{n}", f"Lead/{cause}{n}", {"email": cause})
        for cause, number in DIFFER.items()
        for n in range(number)
    ]
    several = Apart("P", "contacts/1", "Lead/1", {"city": Cause.REFUSED, "email": Cause.CONFLICT})
    counted = Agreement.of(1_000, 819, [several, *apart[:90]]) + Agreement.of(0, 0, apart[90:])
    store.remember(AGREEMENT, write_agreements({"person": counted}), START)


@pytest.fixture
def ledger(folder: Path, store: SqlStore) -> SqlStore:
    """A lifecycle, and two people in the ledger, of whom one is linked."""
    (folder / "lifecycle.yaml").write_text(LIFECYCLE, encoding="utf-8")
    refs = Pair(RemoteRef("contacts", "7"), RemoteRef("Lead", "00Q7"))
    settlement = Settlement(links=[Link("P", "person", refs, Proof.MATCHED, START)])
    book_in(settlement, EVENTS, store=store, book=BOOK)
    store.settle(settlement, START)
    return store


@pytest.mark.parametrize(
    "words",
    [
        ("handoff",),
        ("funnel",),
        ("credit",),
        ("reasons",),
        ("rating",),
        ("agreement",),
        ("review", "--month", "2026-03"),
    ],
)
def test_every_report_in_every_form(ledger: SqlStore, run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    """Tables, JSON, CSV and a page; the page into a file."""
    told_of = run("report", *words)
    assert told_of.code == 0
    assert "UTC" in told_of.out
    found = run("report", *words, "--json").json
    assert found["report"] == words[0]
    rows = list(csv.reader(io.StringIO(run("report", *words, "--csv").out)))
    assert {len(row) for row in rows} == {13}
    file = tmp_path / "page.html"
    assert run("report", *words, "--html", "--out", str(file)).out == f"wrote {file}\n"
    assert file.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_down_to_the_records(ledger: SqlStore, run: Run) -> None:
    """A figure's episodes with the records on both sides; people who are not linked are named as they are."""
    found = run("report", "handoff", "--show", "opened", "--json").json
    assert found["figure"]["value"] == 2
    assert [(row["person"], row["marketing"], row["crm"]) for row in found["records"]] == [
        ("P", "contacts/7", "Lead/00Q7"),
        ("Q", None, None),
    ]
    ids = run("report", "handoff", "--show", "opened", "--ids").out.split()
    assert ids == [row["episode"] for row in found["records"]]
    assert "contacts/7" in run("report", "handoff", "--show", "accepted").out
    assert run("report", "funnel", "--show", "mql>sql", "--ids").out == "P\n"
    assert "{grade:A:acceptance}" in run("report", "handoff", "--ids").out
    assert run("report", "funnel", "--show", "sql:there", "--ids").out == "P\n"
    shown = run("report", "reasons", "--show", "owner:(none):reason:rejected:timing", "--json").json
    assert (shown["figure"]["value"], shown["figure"]["of"], shown["figure"]["small"]) == (1.0, 1, True)
    assert [row["person"] for row in shown["records"]] == ["Q"]


def test_oddities_are_counted_and_named(ledger: SqlStore, run: Run) -> None:
    """Won before the first contact: won, and in no average; nobody's origin: a gap."""
    sections = {each["key"]: each for each in run("report", "funnel", "--json").json["sections"]}
    odd = {each["key"]: each for each in sections["oddities"]["figures"]}
    assert (odd["oddity:won_before_contact"]["value"], odd["oddity:won_before_contact"]["people"]) == (1, ["P"])
    assert odd["oddity:no_origin"]["people"] == ["Q"]
    won = {each["key"]: each for each in sections["won"]["figures"]}
    assert (won["won"]["value"], won["days:median"]["of"], won["days:median"]["value"]) == (1, 0, None)


def test_periods_and_dimensions(ledger: SqlStore, run: Run) -> None:
    """Days in UTC, the last one included."""
    monday = run("report", "credit", "--since", "2026-03-02", "--until", "2026-03-02", "--by", "grade", "--json").json
    assert monday["period"] == {"since": "2026-03-02T00:00:00.000Z", "until": "2026-03-03T00:00:00.000Z", "zone": "UTC"}
    assert [section["key"] for section in monday["sections"]] == ["sum", "by:grade", "oddities"]
    assert monday["sections"][0]["figures"][0]["value"] == 2
    later = run("report", "credit", "--since", "2026-03-03", "--json").json
    assert later["sections"][0]["figures"][0]["value"] == 0


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("handoff", "--json", "--csv"), "one of --json, --csv and --html"),
        (("handoff", "--show", "opned"), "did you mean opened?"),
        (("handoff", "--show", "opened", "--html"), "--show prints a table"),
        (("handoff", "--by", "colour"), "choose among grade"),
        (("reasons", "--by", "person"), "choose among origin"),
        (("handoff", "--since", "yesterday"), "write it as 2026-03-31"),
        (("handoff", "--since", "2026-03-02", "--until", "2026-03-01"), "put the earlier day first"),
        (("review", "--month", "2026-13"), "is no month; write it as 2026-03"),
        (("review", "--month", "March"), "write it as 2026-03"),
        (("credit", "--out", "/nowhere/at/all", "--csv"), "cannot be written"),
    ],
)
def test_what_cannot_be_done_says_why(ledger: SqlStore, run: Run, words: tuple[str, ...], what: str) -> None:
    """Exit 2 and a way out."""
    said = run("report", *words)
    assert (said.code, what in said.failure["what"]) == (2, True), said.failure["what"]


def test_without_a_meaning_nothing_is_reported(folder: Path, run: Run) -> None:
    """No lifecycle, one without its part, and one that is broken: each is told."""
    assert "no lifecycle.yaml" in run("report", "handoff").failure["what"]
    (folder / "lifecycle.yaml").write_text(LIFECYCLE.partition("handoff:")[0], encoding="utf-8")
    assert "no part `handoff`" in run("report", "handoff").failure["what"]
    (folder / "lifecycle.yaml").write_text(LIFECYCLE.replace("won: customer", "won: sql"), encoding="utf-8")
    said = run("report", "handoff")
    assert (said.code, "means accepted already" in said.failure["what"]) == (2, True)


def test_grades_come_in_the_order_of_the_rating(ledger: SqlStore, folder: Path, run: Run) -> None:
    """Whatever letters it has."""
    (folder / "rating.yaml").write_text("grades: [{grade: B, at_least: 1}, {grade: A}]\n", encoding="utf-8")
    assert run("report", "rating").code == 0


def test_agreement_opens_down_to_the_records_that_differ(run: Run, ledger: SqlStore) -> None:
    """By field and cause, with both records and every field they differ in; of very many the first, which is said."""
    swept(ledger)
    told = run("report", "agreement", "--show", "person:email:conflict", "--json").json
    assert (told["figure"]["value"], len(told["records"])) == (61, 61)
    assert told["records"][0] == {
        "link": "P",
        "marketing": "contacts/7",
        "crm": "Lead/00Q7",
        "fields": {"city": "refused", "email": "conflict"},
    }
    assert told["records"][1]["marketing"] == "contacts/conflict0"
    shown = run("report", "agreement", "--show", "person:email:conflict").out
    assert "waits for a person: 61" in shown
    assert "city: refused by a vendor, email: waits for a person" in shown
    assert "and 11 records more" in shown
    assert run("report", "agreement", "--show", "person:city:refused", "--ids").out == "P\n"
    rows = list(csv.reader(run("report", "agreement", "--show", "person:city:refused", "--csv").out.splitlines()))
    assert rows == [
        ["link", "marketing", "crm", "fields"],
        ["P", "contacts/7", "Lead/00Q7", "city: refused, email: conflict"],
    ]
    many = run("report", "agreement", "--show", "person:email:pending", "--json").json
    assert (many["figure"]["value"], len(many["records"])) == (120, 100)
    assert many["figure"]["note"] == "the first 100 of them are known"
    every = run("report", "agreement", "--show", "person:apart", "--json").json
    assert (every["figure"]["value"], len(every["records"])) == (181, 161)
    assert run("report", "agreement", "--show", "person:email:unmapped", "--json").json["records"] == []
