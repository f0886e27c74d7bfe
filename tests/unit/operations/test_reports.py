"""Reports over ledgers small enough to count by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from syncd.core.figures import wilson
from syncd.model.agreement import Agreement, Apart, Cause, write_agreements
from syncd.model.episode import Event
from syncd.model.lifecycle import Commitments
from syncd.operations.report import NONE, Period, Report
from syncd.operations.report_agreement import agreement
from syncd.operations.report_credit import credit
from syncd.operations.report_episodes import Episodes
from syncd.operations.report_funnel import funnel
from syncd.operations.report_handoff import handoff
from syncd.operations.report_review import review
from syncd.ports.memory import AGREEMENT
from syncd.store import SqlStore
from tests.fakes import START
from tests.unit.core.ledgers import at, born, contacted, deal, delivered, moved, told, touched
from tests.unit.operations.ledgers import LATER, figure, people, stored, value

ALL = Period()
NOW = at(1_000)
PROMISED = Commitments(volume=3, complete=90, valid=50, touch=60, decision=None, reason=100)


def handed(person: str, hours: float = 0, *more: Event, **facts: str) -> Iterator[Event]:
    """Qualified, and visible to sales an hour later."""
    yield from (moved("mql", hours, person, by="kim"), delivered(hours + 1, person), *more)
    yield told(hours, person, **{"origin": "web", **facts})


def crowd() -> Iterator[Event]:
    """Ten people in March 2026: 4 accepted (2 won), 3 rejected, 1 given back, 1 waiting, 1 born in sales."""
    for name, grade in (("A1", "A"), ("A2", "A"), ("B1", "B"), ("B2", "B")):
        yield from handed(name, 0, touched(2, name), moved("sql", 4, name, by="sid"), grade=grade, owner="ann")
    yield from (contacted(-240, "A1"), deal("open", 48, "A1"), deal("won", 100, "A1", amount=50_000))
    yield from (contacted(500, "A2"), deal("won", 130, "A2", deal="E", amount=25_000, currency="USD"))
    yield deal("open", 60, "B1", deal="F", amount=7_000)
    yield from handed("C1", 1, moved("disqualified", 20, "C1", reason="timing"), grade="C")
    yield from handed("C2", 1, moved("disqualified", 21, "C2", reason="timing"), grade="C")
    yield from handed("C3", 1, moved("disqualified", 22, "C3"), grade="C", complete="no")
    yield from handed("D1", 1, moved("nurture", 30, "D1"), complete="yes", valid="yes")
    yield from (moved("mql", 2, "D2", by="kim"), delivered(2.5, "D2"))
    yield from (born(5, "S1", by="bo"), told(5, "S1", origin="outbound"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """The ten."""
    opened = stored(tmp_path, crowd())
    yield opened
    opened.close()


def test_who_comes_twice_is_told_apart(tmp_path: Path) -> None:
    """However many of the places are theirs."""
    again = (moved("lead", 200, "C1", cycle=2), moved("mql", 300, "C1", by="kim", cycle=2), delivered(301, "C1"))
    store = stored(tmp_path, (*crowd(), *again))
    episodes = Episodes(store, ("state",), ALL)
    store.close()
    assert len(episodes["person"]) == len(set(episodes["person"])) + 1
    for first in episodes.all:
        for last in episodes.all:
            among = range(first, last + 1)
            assert episodes.different(among) == len(set(episodes.persons(among)))


# -- handoff -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def handed_over(store: SqlStore) -> Report:
    """The report of the ten."""
    return handoff(store, ALL, now=NOW, promised=PROMISED)


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("opened", 10),
        ("qualified", 9),
        ("delivered", 9),
        ("undelivered", 0),
        ("born_in_sales", 1),
        ("unasked", 0),
        ("accepted", 4),
        ("rejected", 3),
        ("undecided", 1),
        ("given_back", 1),
        ("acceptance", 4 / 7),
        ("benchmark", 0.44),
        ("system:median", 3_600_000),
        ("touch:median", 14_400_000),
        ("reason:rejected:timing", 2 / 3),
        ("reason:rejected:(none)", 1 / 3),
        ("grade:A:acceptance", 1.0),
        ("grade:C:acceptance", 0.0),
        ("grade:(none):delivered", 2),
        ("origin:web:delivered", 8),
        ("promise:complete", 0.5),
        ("promise:reason", 2 / 3),
        ("touch:breached", 1),
        ("touch:warned", 0),
        ("oddity:won_before_contact", 1),
        ("oddity:no_origin", 1),
    ],
)
def test_handoff_by_hand(handed_over: Report, key: str, wanted: float) -> None:
    """Each figure as counted on paper."""
    assert value(handed_over, key) == pytest.approx(wanted)


def test_each_figure_says_of_how_many_and_marks_the_few(handed_over: Report) -> None:
    """With Wilson's interval, and opened down to those it counts."""
    rate = figure(handed_over, "acceptance")
    assert (rate.of, (rate.low, rate.high), rate.small) == (7, wilson(4, 7), True)
    assert sorted(people(handed_over, "acceptance")) == ["A1", "A2", "B1", "B2"]
    assert sorted(people(handed_over, "rejected")) == ["C1", "C2", "C3"]
    assert people(handed_over, "oddity:won_before_contact") == ["A2"]
    assert not figure(handed_over, "opened").small


def test_promises_stand_side_by_side(handed_over: Report) -> None:
    """Kept, not kept, not promised; a volume is judged by the month alone."""
    table = next(section for section in handed_over.sections if section.key == "commitments").tables[0]
    assert [(row[0], row[3], row[4]) for row in table.rows] == [
        ("marketing", "nothing", "-"),
        ("marketing", "90 %", "no (of fewer than 20)"),
        ("marketing", "50 %", "yes (of fewer than 20)"),
        ("sales", "60 %", "yes (of fewer than 20)"),
        ("sales", "nothing", "-"),
        ("sales", "100 %", "no (of fewer than 20)"),
    ]


@pytest.mark.parametrize(
    ("hours", "warned", "breached", "kept"), [(6.9, 0, 0, 0), (7.0, 1, 0, 0), (9.0, 1, 0, 0), (9.1, 0, 1, 0)]
)
def test_warned_at_three_quarters_and_breached_when_it_is_over(
    tmp_path: Path, hours: float, warned: int, breached: int, kept: int
) -> None:
    """Delivered at nine; eight business hours until five."""
    late = stored(tmp_path, [moved("mql", 0), delivered(0), told(0, origin="x")])
    report = handoff(late, ALL, now=at(hours), promised=Commitments())
    assert (value(report, "touch:warned"), value(report, "touch:breached")) == (warned, breached)
    attained = figure(report, "touch:kept")
    assert (attained.of, len(attained.rows)) == (breached, kept)


def test_a_period_counts_what_happened_in_it(tmp_path: Path) -> None:
    """Delivered on Tuesday counts on Tuesday, whenever it was qualified or decided."""
    kept = stored(tmp_path, [*handed("P", 15.5), moved("sql", 60, "P"), *handed("Q", 60)])
    tuesday = handoff(kept, Period.of(date(2026, 3, 3), date(2026, 3, 3)), now=NOW, promised=Commitments())
    assert (value(tuesday, "qualified"), value(tuesday, "delivered"), value(tuesday, "accepted")) == (0, 1, 1)
    assert people(tuesday, "delivered") == ["P"]


def test_the_rest_of_a_long_table_is_added_up(store: SqlStore) -> None:
    """Nothing falls off the end."""
    report = handoff(store, ALL, now=NOW, by=("grade",), top=2, promised=Commitments())
    (table,) = next(section for section in report.sections if section.key == "by:grade").tables
    assert [row[0] for row in table.rows] == ["C", "(none)", "2 others"]
    assert value(report, "grade:2 others:delivered") == 4


# -- funnel ------------------------------------------------------------------------------------------------------------
STAGES = {key: key for key in ("lead", "mql", "sql", "opportunity", "customer", "disqualified", "nurture")}


def test_funnel_by_hand(store: SqlStore) -> None:
    """Stays, ways, wins and days; the win before the first contact is won and in no average."""
    report = funnel(store, ALL, now=NOW, names=STAGES)
    wanted = {
        "mql:entered": 9,
        "mql:there": 1,
        "mql>sql": 4 / 9,
        "mql>disqualified:count": 3,
        "sql:entered": 5,
        "2026-03:mql": 9,
        "2026-03:begun:won": 0.2,
        "won": 2,
        "won:amount:EUR": 50_000,
        "won:amount:USD": 25_000,
        "days:median": 14,
        "days:sum": 14,
        "days:mean": 14,
        "conversion": 0.2,
    }
    assert {key: value(report, key) for key in wanted} == pytest.approx(wanted)
    assert figure(report, "days:median").of == 1
    assert sorted(people(report, "mql>disqualified:count")) == ["C1", "C2", "C3"]
    assert set(people(report, "won")) == {"A1", "A2"}


def test_what_is_expected_now(store: SqlStore) -> None:
    """Of six ended ones two were won, both among the two that were offered: the one deal that is open counts whole."""
    report = funnel(store, ALL, now=NOW, names=STAGES)
    wins = figure(report, "expected:wins")
    # open: D2 (delivered; 2 of 6), B2 and S1 (accepted; 2 of 2), B1 (offered; 2 of 2)
    assert wins.value == pytest.approx(2 / 6 + 3)
    assert wins.small
    assert (value(report, "expected:amount:EUR"), value(report, "expected:amount:USD")) == (7_000, 0)


def test_a_backtest_knows_only_what_was_known(tmp_path: Path) -> None:
    """Sixty ended in January, thirty of them won; forty began then and were decided in March, half of them won."""
    month = 24 * 31
    events: list[Event] = []
    for number in range(60):
        events += handed(
            f"P{number}", -2 * month, moved("customer" if number % 2 else "disqualified", -month, f"P{number}")
        )
    for number in range(40):
        events += handed(f"Q{number}", -month, moved("customer" if number % 2 else "disqualified", 5, f"Q{number}"))
    report = funnel(stored(tmp_path, events), ALL, now=at(24 * 40), names=STAGES)
    assert value(report, "back:2026-03-01:open") == 40
    assert value(report, "back:2026-03-01:expected") == pytest.approx(20)
    assert (value(report, "back:2026-03-01:won"), value(report, "back:2026-03-01:still")) == (20, 0)
    assert (value(report, "back:held"), figure(report, "back:held").of) == (2, 2)  # February saw the same


# -- credit, agreement -------------------------------------------------------------------------------------------------
def test_credit_by_hand(store: SqlStore) -> None:
    """Both teams' people get the same wins; who has no name for something is a row of its own."""
    report = credit(store, ALL, now=LATER)
    wanted = {
        "origin:web:opened": 8,
        "origin:web:won": 2,
        "origin:web:conversion": 0.25,
        "origin:outbound:won": 0,
        f"origin:{NONE}:opened": 1,
        "sdr:sid:won": 2,
        "bdr:bo:opened": 1,
        "qualified_by:kim:amount:EUR": 50_000,
        "owner:ann:pipeline:EUR": 7_000,
        "born:sales:opened": 1,
        "person:A1:days": 14,
        "all:offered": 1,
    }
    assert {key: value(report, key) for key in wanted} == pytest.approx(wanted)
    assert people(report, "owner:ann:offered") == ["B1"]


def test_the_rest_of_credit_is_added_up(store: SqlStore) -> None:
    """The most wins first."""
    report = credit(store, ALL, by=("person",), top=1, now=LATER)
    assert value(report, "person:A1:won") == 1
    assert (value(report, "person:9 others:opened"), value(report, "person:9 others:won")) == (9, 1)


def test_agreement_is_the_sweeps(store: SqlStore) -> None:
    """What the last whole sweep counted; nothing before the first."""
    assert list(agreement(store).figures()) == []
    store.remember(AGREEMENT, b'{"person": [200, 199]}', START)  # as a version before counted it
    assert value(agreement(store), "person:agreement") == 0.995
    assert not agreement(store).sections[0].tables


def test_agreement_is_told_field_by_field_with_its_causes(store: SqlStore) -> None:
    """Those that differ in most records first; each cause by itself, and the share of the records that agree."""
    apart = {("city", Cause.REFUSED): 1, ("email", Cause.CONFLICT): 2, ("email", Cause.PENDING): 3}
    counted = Agreement.of(199, 194, [Apart("P", "", "", {"city": Cause.REFUSED})]) + Agreement(
        1, 0, {**apart, ("city", Cause.REFUSED): 0}
    )
    store.remember(AGREEMENT, write_agreements({"person": counted}), START)
    report = agreement(store)
    (table,) = report.sections[0].tables
    assert [row[0] for row in table.rows] == ["email", "city"]
    assert (value(report, "person:linked"), value(report, "person:agree")) == (200, 194)
    assert value(report, "person:email:agreement") == 0.975
    told = [value(report, f"person:email:{cause}") for cause in ("pending", "conflict", "refused", "unmapped")]
    assert told == [3, 2, 0, 0]
    assert value(report, "person:city:refused") == 1


# -- the month ---------------------------------------------------------------------------------------------------------
def test_a_review_of_the_ten(store: SqlStore) -> None:
    """Volume judged by the month; reasons with the month before; wins with both names; too few for a proposal."""
    report = review(store, month=(2026, 3), now=NOW, promised=PROMISED, letters="ABCD", qualified="MQL")
    parts = {section.key: section for section in report.sections}
    assert parts["commitments"].tables[0].rows[0][3:] == ("3", "yes")
    assert [row[0] for row in parts["main"].tables[0].rows] == ["(none)", "timing"]
    assert not parts["proposals"].tables
    wins = parts["wins"].tables[0].rows
    assert [(row[0], row[1], row[2], row[3], row[5]) for row in wins] == [
        ("2026-03-06", "A1", "kim (web)", "sid and ann", "EUR"),
        ("2026-03-07", "A2", "kim (web)", "sid and ann", "USD"),
    ]
    assert people(report, next(each.key for each in report.figures() if each.key.startswith("win:"))) == ["A1"]


def test_a_review_proposes_what_figures_ask_for(tmp_path: Path) -> None:
    """A frequent reason, a source that sales refuses, and answers that are late."""
    events: list[Event] = []
    for number in range(40):
        fair, name = number % 2 == 0, f"P{number}"
        end = moved("sql", 400, name) if fair else moved("disqualified", 400, name, reason="not_a_fit")
        events += handed(name, 0, end, origin="fair" if fair else "list")
    report = review(
        stored(tmp_path, events), month=(2026, 3), now=NOW, promised=PROMISED, letters="ABCD", qualified="MQL"
    )
    proposals = next(section for section in report.sections if section.key == "proposals").tables[0].rows
    assert [row[1] for row in proposals] == [
        (
            "20 of 20 that sales rejected or gave back did so for the reason not_a_fit: let the entry criteria of MQL "
            "keep them out."
        ),
        "Sales accepts 0 % of 20 with origin list, and 50 % of all: ask more of them before they are MQL.",
        "0 % of 40 first touches were in time: agree on another time, or on who answers.",
    ]
