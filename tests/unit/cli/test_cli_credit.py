"""``syncd report credit`` over ten handoffs that are reckoned by hand: by asset, landing page, persona and company."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from syncd.engine.booking import book_in
from syncd.model.episode import Event
from syncd.model.link import Base, Forgotten, Link, LinkState, Proof
from syncd.model.remote import RemoteRef
from syncd.model.values import Pair
from syncd.operations.report import NONE
from syncd.ports.store import Settlement
from syncd.store import SqlStore
from tests.fakes import START
from tests.unit.cli.conftest import Run
from tests.unit.cli.test_cli_report import LIFECYCLE
from tests.unit.core.ledgers import BOOK, born, contacted, deal, delivered, moved, told

FIGURES = ("opened", "won", "conversion", "days", "amount:EUR", "amount:USD", "offered", "pipeline:EUR")


def handed(person: str, hours: float, **facts: str) -> Iterator[Event]:
    """Somebody whom marketing qualifies, and whom sales can see an hour later."""
    yield from (told(hours, person, **facts), moved("mql", hours, person), delivered(hours + 1, person))


def ten() -> Iterator[Event]:
    """Ten handoffs of ten people, from Monday, 2 March 2026, eight o'clock on; five are won, one is offered.

    1 Ann, and Bob of her company, who joins her: one handoff, two opportunities. 2 Cid, won by the stage alone. 3 Dan
    of Cid's company, after that win. 4 Eve, in dollars. 5 Fay, a no. 6, 7 Gil, a no for the landing page and a win for
    the guide. 8 Hal of Ann's company, after her win. 9 Ida, whom sales found. 10 Jo, whose deal was lost.
    """
    yield from handed("Ann", 0, asset="guide", persona="cto", company="acme")
    yield from (contacted(-48, "Ann"), moved("sql", 4, "Ann"), deal("won", 100, "Ann", deal="1", amount=50_000))
    yield from handed("Bob", 10, asset="webinar", persona="cfo", company="acme")
    yield deal("won", 120, "Bob", deal="2", amount=20_000)
    yield from handed("Cid", 0, asset="guide", persona="cto", company="bolt")
    yield from (contacted(0, "Cid"), moved("customer", 200, "Cid"))
    yield from handed("Dan", 300, asset="/pricing", persona="cfo", company="bolt")
    yield deal("open", 310, "Dan", deal="3", amount=7_000)
    yield from handed("Eve", 2, asset="/pricing", persona="cto")
    yield from (contacted(2, "Eve"), deal("won", 150, "Eve", deal="4", amount=25_000, currency="USD"))
    yield from handed("Fay", 3, persona="cfo", company="core")
    yield moved("disqualified", 30, "Fay", reason="timing")
    yield from handed("Gil", 0, asset="/pricing", persona="cfo")
    yield moved("disqualified", 5, "Gil", reason="timing")
    yield from (told(399, "Gil", asset="guide"), moved("mql", 400, "Gil", cycle=2, start="disqualified"))
    yield deal("won", 450, "Gil", deal="5", amount=30_000)
    yield from handed("Hal", 500, asset="webinar", company="acme")
    yield from (born(8, "Ida"), told(8, "Ida", persona="cto", company="dune"))
    yield deal("won", 90, "Ida", deal="6", amount=8_000)
    yield from handed("Jo", 1, asset="webinar", persona="cfo")
    yield from (deal("open", 50, "Jo", deal="7", amount=9_000), deal("lost", 60, "Jo", deal="7", amount=9_000))


@pytest.fixture
def ledger(folder: Path, store: SqlStore) -> SqlStore:
    """A configuration with a lifecycle, and the ten."""
    (folder / "lifecycle.yaml").write_text(LIFECYCLE, encoding="utf-8")
    settlement = Settlement()
    book_in(settlement, list(ten()), store=store, book=BOOK)
    store.settle(settlement, START)
    return store


def table(run: Run, *words: str) -> dict[str, dict[str, Any]]:
    """The one dimension asked for: the figures of each of its rows, by what stands at its head."""
    sections = run("report", "credit", *words, "--json").json["sections"]
    (asked,) = [each for section in sections for each in section["tables"] if each["key"] == words[1]]
    return {
        row[0]: {cell["key"].removeprefix(f"{words[1]}:{row[0]}:"): cell for cell in row[1:]} for row in asked["rows"]
    }


ASSETS = {
    #           begun, won, conversion, days, EUR, USD, offered, EUR offered
    "guide": [3, 3, 1.0, 7, 100_000, 0, 0, 0],  # 1, 2, 7: days 6 and 8, nobody knows Gil's; 500 + 200 and 300
    "/pricing": [3, 1, 1 / 3, 6, 0, 25_000, 1, 7_000],  # 3, 4, 6: Gil came back by the guide
    NONE: [2, 1, 0.5, None, 8_000, 0, 0, 0],  # 5, 9
    "webinar": [2, 0, 0.0, None, 0, 0, 0, 0],  # 8, 10: Bob's webinar opened nothing
}
PERSONAS = {
    "cto": [4, 4, 1.0, 6, 78_000, 25_000, 0, 0],  # 1, 2, 4, 9: days 6, 8, 6
    "cfo": [5, 1, 0.25, None, 30_000, 0, 1, 7_000],  # 3, 5, 6, 7, 10: four people, Gil twice
    NONE: [1, 0, 0.0, None, 0, 0, 0, 0],  # 8
}
COMPANIES = {
    NONE: [4, 2, 2 / 3, 6, 30_000, 25_000, 0, 0],  # 4, 6, 7, 10: three people
    "acme": [2, 1, 0.5, 6, 70_000, 0, 0, 0],  # 1, 8: both opportunities of one handoff
    "bolt": [2, 1, 0.5, 8, 0, 0, 1, 7_000],  # 2, 3: a win without a deal has no amount
    "dune": [1, 1, 1.0, None, 8_000, 0, 0, 0],  # 9
    "core": [1, 0, 0.0, None, 0, 0, 0, 0],  # 5
}


@pytest.mark.parametrize(("by", "wanted"), [("asset", ASSETS), ("persona", PERSONAS), ("company", COMPANIES)])
@pytest.mark.usefixtures("ledger")
def test_credit_as_reckoned_by_hand(run: Run, by: str, wanted: dict[str, list[float | None]]) -> None:
    """Who and what won most stands first; each figure as on paper; the ten and their five wins are in every table."""
    found = table(run, "--by", by)
    told = {row: [figures[key]["value"] for key in FIGURES] for row, figures in found.items()}
    assert list(told) == list(wanted)
    for row, figures in wanted.items():
        assert told[row] == pytest.approx(figures), row
    totals = {key: sum(row[key]["value"] for row in found.values()) for key in ("opened", "won", "amount:EUR")}
    assert totals == {"opened": 10, "won": 5, "amount:EUR": 108_000}


@pytest.mark.usefixtures("ledger")
def test_a_conversion_counts_people_and_says_of_how_many(run: Run) -> None:
    """Gil, who came twice, is one of four; of few, so marked, with bounds. Two opportunities are one amount."""
    share = table(run, "--by", "persona")["cfo"]["conversion"]
    assert (share["of"], share["small"], share["unit"]) == (4, True, "share")
    assert share["low"] < 0.25 < share["high"]
    amount = table(run, "--by", "company")["acme"]["amount:EUR"]
    assert (amount["of"], amount["unit"]) == (1, "money")


@pytest.mark.usefixtures("ledger")
def test_the_wins_of_two_days_are_those_of_the_period(run: Run) -> None:
    """Ann's and Ida's of the 6th of March: nobody began then, so there is nobody to convert, and Dan's offer stands."""
    found = table(run, "--by", "persona", "--since", "2026-03-06", "--until", "2026-03-07")
    told = {row: [figures.get(key, {}).get("value") for key in FIGURES] for row, figures in found.items()}
    assert told == {"cto": [0, 2, None, 6, 78_000, None, 0, 0], "cfo": [0, 0, None, None, 0, None, 1, 7_000]}


@pytest.mark.usefixtures("ledger")
def test_the_table_that_people_read(run: Run) -> None:
    """Amounts in their currency with hundredths, shares with their bounds, small numbers marked."""
    lines = run("report", "credit", "--by", "company").out.splitlines()
    shown = {cells[0]: cells[1:] for cells in map(_cells, lines[lines.index("By company") :])}
    assert shown["company"] == [
        "begun", "won", "conversion", "days to win, median", "won EUR", "won USD", "offered", "offered EUR",
        "offered USD",
    ]  # fmt: skip
    assert shown["acme"] == [
        "2", "1", "50.0 % of 2 [9.5-90.5]*", "6 (of 1)*", "700.00 (of 1)*", "0.00 (of 0)*", "0", "0.00 (of 0)*",
        "0.00 (of 0)*",
    ]  # fmt: skip
    assert shown["bolt"][4:8] == ["0.00 (of 0)*", "0.00 (of 0)*", "1", "70.00 (of 1)*"]
    assert shown[NONE][4:6] == ["300.00 (of 1)*", "250.00 (of 1)*"]


def linked(store: SqlStore, id: str, kind: str, **values: str) -> Link:
    """Two records that are one, and what both sides agree on."""
    objects = ("companies", "Account") if kind == "company" else ("contacts", "Lead")
    refs = Pair(*(RemoteRef(name, id.ljust(18, "0")) for name in objects))
    made = Link(id, kind, refs, Proof.MATCHED, START)
    store.settle(Settlement(links=[made], bases=[(id, Base(values, Pair({}, {})))]), START)
    return made


def test_people_and_companies_are_named(run: Run, ledger: SqlStore) -> None:
    """As the store remembers them, with the id beside the name; two of one name are told apart; whoever was forgotten,
    or is not linked, is an id. Who looked at whom is noted.
    """
    linked(ledger, "Ann", "person", first_name="Ann", last_name="Moe", email="ann@acme.example")
    linked(ledger, "Hal", "person", first_name="Ann", last_name="Moe", email="hal@acme.example")
    linked(ledger, "Eve", "person", email="eve@example.com")
    linked(ledger, "acme", "company", name="=Acme", domain="acme.example")
    gone = replace(linked(ledger, "Cid", "person", email="cid@example.com"), state=LinkState.FORGOTTEN)
    ledger.settle(Settlement(links=[gone], forgotten=[Forgotten(gone, (), ())]), START)
    found = {each["key"]: each["rows"] for section in told_of(run) for each in section["tables"]}
    ann, hal = ({"name": f"Ann Moe ({each}@acme.example)", "id": each.title()} for each in ("ann", "hal"))
    heads = [row[0] for row in found["person"]]
    assert [row[1]["key"] for row in found["person"] if row[0] == ann] == ["person:Ann:opened"]
    assert all(each in heads for each in (ann, hal, {"name": "eve@example.com", "id": "Eve"}, "Cid", "Gil"))
    assert [row[0] for row in found["company"]] == [NONE, {"name": "=Acme", "id": "acme"}, "bolt", "dune", "core"]
    deeds = run("console", "deeds", "--json").json["deeds"]
    assert [(each["what"], each["about"], each["way"]) for each in deeds] == [("handoffs.read", "Ann Eve Hal", "shell")]
    rows = list(csv.reader(run("report", "credit", "--by", "company", "--csv").out.splitlines()))
    assert rows[0][-1] == "id"
    assert [row[-1] for row in rows if row[1:3] == ["company:acme:won", "'=Acme"]] == ["acme"]
    shown = run("report", "credit", "--by", "company", "--html").out
    assert "=Acme" in shown
    assert ">acme<" not in shown  # nor at its bar
    assert "cid@example.com" not in run("report", "credit").out


def told_of(run: Run) -> list[dict[str, Any]]:
    """The tables of people and companies."""
    sections: list[dict[str, Any]] = run("report", "credit", "--by", "person", "--by", "company", "--json").json[
        "sections"
    ]
    return sections


def _cells(line: str) -> list[str]:
    return re.split(r" {2,}", line.strip())
