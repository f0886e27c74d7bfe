"""What a deal is worth to whom: a win that is none any more is nobody's, and a win is named after who closed it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from syncd.model.episode import State
from syncd.model.lifecycle import Commitments
from syncd.operations.report import Figure, Period, Report
from syncd.operations.report_credit import credit
from syncd.operations.report_funnel import funnel
from syncd.operations.report_review import review
from tests.scenarios.dealing import Deals
from tests.scenarios.test_deal_stages import SQL, buyer, offer, stage, world
from tests.worlds import with_deals

LATER = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
def deals(tmp_path: Path) -> Iterator[Deals]:
    """The example with deals switched on, where robots are automation, in step before anything happens."""
    config = with_deals(tmp_path)
    path = config / "teams.yaml"
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    tree["automation"]["roles"] = ["Robots"]
    path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    steps = world(config)
    steps.cycle()
    yield steps
    steps.both.store.close()


def credited(deals: Deals, *by: str) -> Report:
    """The report of credit."""
    return credit(deals.both.store, Period(), by=by or ("origin",), now=LATER)


def totals(deals: Deals) -> dict[str, Any]:
    """What was won and what is offered, in all, where there is any."""
    wanted = "all:won", "all:amount:USD", "all:offered", "all:pipeline:USD"
    return {each.key: each.value for each in credited(deals).figures() if each.key in wanted and each.value}


def episode(deals: Deals, *names: str) -> tuple[Any, ...]:
    """What the ledger says of the only handoff."""
    (row,) = deals.both.store.episode_columns(names)
    return row


def closes(deals: Deals) -> list[str]:
    """Whom the report names as AE."""
    (table,) = (table for section in credited(deals, "ae").sections for table in section.tables if table.key == "ae")
    return [str(row[0]) for row in table.rows]


@pytest.mark.parametrize("declared", [True, False], ids=["a way back is declared", "the example"])
@pytest.mark.parametrize(
    ("then", "state", "left"),
    [
        ("Negotiation/Review", State.OFFERED, {"all:offered": 1, "all:pipeline:USD": 120050}),
        ("Closed Lost", State.LOST, {}),
    ],
)
def test_a_win_that_is_none_any_more(
    tmp_path: Path, then: str, state: State, left: dict[str, int], *, declared: bool
) -> None:
    """The Opportunity was closed by mistake: nothing is won, whether or not the lifecycle lets the customer go back."""
    config = with_deals(tmp_path)
    if declared:
        path = config / "lifecycle.yaml"
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
        tree["transitions"].append({"from": "customer", "to": ["opportunity", "disqualified"], "by": "system"})
        path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    steps = world(config)
    steps.cycle()
    _, person, account = buyer(steps)
    made = offer(steps, person, account, Amount=1200.5)
    steps.edit_opportunity(made, StageName="Closed Won")
    steps.cycle()
    steps.cycle()
    assert totals(steps) == {"all:won": 1, "all:amount:USD": 120050}
    steps.edit_opportunity(made, StageName=then)
    for _ in range(3):
        steps.cycle()
    assert episode(steps, "state", "won_at") == (state, None)
    assert totals(steps) == left
    steps.both.store.close()


def test_whoever_has_the_deal_closes_it(deals: Deals) -> None:
    """Its owner, also a later one; a user of `automation` closes nothing, whoever owns it by their role."""
    ada = deals.both.salesforce.add_user("ada@example.com", "Ada Moe", role="Account Executive")
    bea = deals.both.salesforce.add_user("bea@example.com", "Bea Loe", role="Account Executive")
    flow = deals.both.salesforce.add_user("flow@example.com", "Flow Bot", role="Robots")
    for who in ("ada", "bea", "flow"):
        deals.both.hubspot.add_owner(f"{who}@example.com", who.title(), "Moe")
    deals.both.clock.advance(900)
    _, person, account = buyer(deals)
    made = offer(deals, person, account, Amount=900, OwnerId=flow)
    deals.cycle()
    assert episode(deals, "state", "ae") == (State.OFFERED, None)
    deals.edit_opportunity(made, OwnerId=ada)
    deals.cycle()
    assert episode(deals, "ae") == ("ada@example.com",)
    deals.edit_opportunity(made, StageName="Closed Won", OwnerId=bea)
    deals.cycle()
    deals.cycle()
    assert episode(deals, "state", "ae") == (State.WON, "bea@example.com")
    assert closes(deals) == ["bea@example.com"]
    deals.quiet()


def month(deals: Deals, of: int, *by: str) -> Report:
    """The report of credit for a month of the year."""
    return credit(deals.both.store, Period.month(2026, of), by=by or ("origin",), now=LATER)


def told(report: Report) -> dict[str, float]:
    """Every figure of all together that is something."""
    return {each.key: each.value for each in report.sections[0].figures if each.value}


def test_each_opportunity_counts_in_the_month_of_its_win(deals: Deals) -> None:
    """Somebody is won once, and what is sold to them later is told in the month in which it was, named after who closed
    it; both months together are what the episode is worth.
    """
    ada = deals.both.salesforce.add_user("ada@example.com", "Ada Moe", role="Account Executive")
    bea = deals.both.salesforce.add_user("bea@example.com", "Bea Loe", role="Account Executive")
    for who in ("ada", "bea"):
        deals.both.hubspot.add_owner(f"{who}@example.com", who.title(), "Moe")
    deals.both.clock.advance(900)
    _, person, account = buyer(deals)
    first = offer(deals, person, account, Amount=900, OwnerId=ada)
    deals.edit_opportunity(first, StageName="Closed Won")
    deals.cycle()
    (won_at,) = episode(deals, "won_at")
    begun = datetime.fromtimestamp(won_at / 1000, UTC).month
    deals.both.clock.advance(40 * 86_400)
    second = offer(deals, person, account, Amount=150.25, OwnerId=bea)
    waiting = told(month(deals, begun))
    deals.edit_opportunity(second, StageName="Closed Won")
    deals.cycle()
    deals.cycle()
    assert episode(deals, "won_at", "amount", "ae") == (won_at, 105025, "ada@example.com")
    assert told(month(deals, begun)) == waiting
    assert (waiting["all:won"], waiting["all:amount:USD"]) == (1, 90000)
    again = month(deals, begun + 1, "ae", "company")
    assert told(again) == {"all:amount:USD": 15025, "all:again": 1, "all:again:USD": 15025}
    (table,) = (table for section in again.sections for table in section.tables if table.key == "ae")
    assert [row[0] for row in table.rows] == ["bea@example.com"]
    assert [each.key for each in again.sections[-1].figures] == ["oddity:sold_again", "oddity:no_origin"]
    pages = (
        funnel(deals.both.store, Period.month(2026, begun + 1), now=LATER, names={}),
        review(
            deals.both.store,
            month=(2026, begun + 1),
            now=LATER,
            promised=Commitments(),
            letters="ABCD",
            qualified="MQL",
        ),
    )
    figures = {each.key: each.value for each in pages[0].figures()}
    keys = "won", "won:amount:USD", "won:again", "won:again:USD"
    assert [figures[key] for key in keys] == [0, 15025, 1, 15025]
    wins = next(section for section in pages[1].sections if section.key == "wins").tables[0].rows
    assert [(str(row[0])[-7:], str(row[3]), row[4].value) for row in wins if isinstance(row[4], Figure)] == [
        (", again", "bea@example.com", 15025)
    ]
    whole = told(credited(deals))
    assert (whole["all:won"], whole["all:amount:USD"], whole["all:again:USD"]) == (1, 105025, 15025)


@pytest.mark.parametrize("by_hand", [False, True], ids=["a lead", "whom marketing moved since"])
def test_a_win_is_of_its_month_whoever_is_its_contact(deals: Deals, *, by_hand: bool) -> None:
    """Sales puts the primary contact right 40 days after the win: the money stays in the month in which it was won, and
    the right one becomes a customer, whatever somebody did with them meanwhile.
    """
    deals.both.clock.advance(900)
    _, person, account = buyer(deals)
    right, right_there = deals.buyer(account, "bob")
    deals.cycle()
    made = offer(deals, person, account, Amount=900)
    deals.edit_opportunity(made, StageName="Closed Won")
    deals.cycle()
    deals.cycle()
    begun = deals.both.clock.now().month
    before = told(month(deals, begun))
    assert before["all:amount:USD"] == 90000
    deals.both.clock.advance(20 * 86_400)
    if by_hand:
        deals.market(right, by=deals.marketer("Marketing"), **SQL)
    deals.cycle()
    deals.both.clock.advance(20 * 86_400)
    deals.role(made, right_there)
    for _ in range(3):
        deals.cycle()
    assert not any(told(month(deals, begun + number)).get("all:amount:USD") for number in (1, 2))
    assert told(month(deals, begun))["all:amount:USD"] == 90000
    assert stage(deals, right) == "customer"
    deals.quiet()
