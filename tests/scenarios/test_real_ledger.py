"""The real funnel in the ledger: the report's figures are those that two CSV files give by themselves.

The data is not part of the project; the test is skipped where it is not beside it.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median

import pytest

from syncd.core.book import Book
from syncd.core.ledger import episodes_of
from syncd.model.episode import Contacted, Event, Moved, Told
from syncd.model.lifecycle import NEW, HandoffRules
from syncd.operations.report import NONE, Period
from syncd.operations.report_credit import credit
from syncd.operations.report_funnel import funnel
from syncd.ports.store import Settlement
from syncd.store import open_store
from tests.fakes import START, FakeChance, FakeClock
from tests.shared import HERE, SHARED
from tests.unit.operations.ledgers import people, value

LATER = datetime(2030, 1, 1, tzinfo=UTC)
"""When everything has happened that these tests tell of."""

OLIST = SHARED / "data" / "olist"
RULES = HandoffRules(("mql",), ("sql",), ("disqualified",), ("customer",))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not HERE, reason=f"no shared material: the Olist data set is not at {OLIST}"),
]


def rows(name: str) -> list[dict[str, str]]:
    """One of the files."""
    with (OLIST / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def events(leads: list[dict[str, str]], deals: list[dict[str, str]]) -> Iterator[Event]:
    """What both files say, as it would be heard."""
    for row in leads:
        met = datetime.fromisoformat(row["first_contact_date"]).replace(tzinfo=UTC)
        facts = {"asset": row["landing_page_id"], "origin": row["origin"]}
        yield Contacted(row["mql_id"], met)
        yield Moved(row["mql_id"], met, 1, "mql", NEW, "marketing")
        yield Told(row["mql_id"], met, tuple((name, told) for name, told in sorted(facts.items()) if told))
    for row in deals:
        won = datetime.fromisoformat(row["won_date"]).replace(tzinfo=UTC)
        yield Moved(row["mql_id"], won, 1, "customer", "mql", "sales")
        yield Told(row["mql_id"], won, (("ae", row["sr_id"]), ("sdr", row["sdr_id"])))


def test_the_report_says_what_the_files_say(tmp_path: Path) -> None:
    """Wins, conversion by origin, days, who cannot be and who has no origin; plainly counted beside it."""
    leads, deals = rows("marketing_qualified_leads.csv"), rows("closed_deals.csv")
    store = open_store(f"sqlite:///{tmp_path}/state.db", "main", clock=FakeClock(), chance=FakeChance(0))
    heard = list(events(leads, deals))
    store.settle(Settlement(events=heard, episodes=list(episodes_of(heard, Book(RULES)))), START)
    met = {row["mql_id"]: date.fromisoformat(row["first_contact_date"]) for row in leads}
    won = {row["mql_id"]: date.fromisoformat(row["won_date"][:10]) for row in deals}
    days = {key: (day - met[key]).days for key, day in won.items()}
    possible = [each for each in days.values() if each >= 0]
    report = credit(store, Period(), by=("origin", "sdr", "ae"), top=0, now=LATER)
    assert value(report, "all:won") == len(won) == 842
    by_origin = Counter(row["origin"] or NONE for row in leads)
    won_by_origin = Counter(row["origin"] or NONE for row in leads if row["mql_id"] in won)
    assert {origin: value(report, f"origin:{origin}:opened") for origin in by_origin} == by_origin
    assert {origin: value(report, f"origin:{origin}:won") for origin in won_by_origin} == won_by_origin
    for origin, count in by_origin.items():
        assert value(report, f"origin:{origin}:conversion") == won_by_origin[origin] / count
    assert by_origin["unknown"] > 0
    for name, column in (("sdr", "sdr_id"), ("ae", "sr_id")):
        for who, count in Counter(row[column] for row in deals).items():
            assert value(report, f"{name}:{who}:won") == count
    assert set(people(report, "oddity:won_before_contact")) == {key for key, each in days.items() if each < 0}
    assert set(people(report, "oddity:no_origin")) == {row["mql_id"] for row in leads if not row["origin"]}
    report = funnel(store, Period(), now=START, names={"mql": "MQL", "customer": "Customer"})
    assert value(report, "won") == 842
    assert value(report, "days:sum") == sum(possible)
    assert value(report, "days:median") == median(possible)
    assert value(report, "days:mean") == sum(possible) / len(possible)
    store.close()
