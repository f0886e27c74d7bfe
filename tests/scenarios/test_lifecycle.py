"""Moves of stage through whole cycles: who made them decides, and what is not declared travels nowhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from connectors.hubspot.connector import HubSpotConnector
from connectors.salesforce.connector import SalesforceConnector
from sandbox.hubspot.history import Source
from syncd.model.link import Topic
from syncd.model.remote import FieldEvent, RemoteRef
from syncd.model.values import Instant
from tests.scenarios.lifecycles import CLOSED, MQL, NEW, OPPORTUNITY, SQL, WORKING, ann, both_show, journey, world_with
from tests.scenarios.steps import Schema, Steps, relived
from tests.worlds import agreed, open_both

Lived = Callable[..., Steps]


@pytest.fixture
def steps(tmp_path: Path) -> Iterator[Steps]:
    """Two empty stand-ins, and both teams have agreed on who may move whom."""
    both = open_both(config=agreed(tmp_path / "agreed"))
    yield Steps(both)
    both.store.close()


@pytest.fixture
def lived(tmp_path: Path) -> Iterator[Lived]:
    """Makes a world in which the lifecycle says what is given, beside what the example says."""
    opened: list[Steps] = []

    def make(**rules: object) -> Steps:
        def change(tree: Schema) -> None:
            tree.update(rules)

        opened.append(Steps(relived(tmp_path / str(len(opened)), change)))
        return opened[-1]

    yield make
    for each in opened:
        each.both.store.close()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many records each vendor was asked about who changed what; filled as it happens."""
    counted: Counter[str] = Counter()
    for side, connector in (("marketing", HubSpotConnector), ("crm", SalesforceConnector)):
        whole = connector.history

        def counting(
            self: object, refs: Sequence[RemoteRef], fields: Sequence[str], since: Instant,
            *, side: str = side, whole: Callable[..., Sequence[FieldEvent]] = whole,
        ) -> Sequence[FieldEvent]:  # fmt: skip
            counted[side] += len(refs)
            return whole(self, refs, fields, since)

        monkeypatch.setattr(connector, "history", counting)
    return counted


# -- moves that are declared -------------------------------------------------------------------------------------------
def test_qualified_by_marketing_arrives(steps: Steps) -> None:
    """Marketing makes an MQL of somebody whom nobody calls: then the CRM has a Lead, and the first stage has a time."""
    contact = steps.contact(email="ann@acme-works.com", company="Acme", lifecyclestage="lead", hs_lead_status="")
    steps.cycle()
    assert not steps.live("Lead")
    steps.market(contact, by=steps.marketer("Marketing"), **MQL)
    steps.cycle()
    (lead,) = steps.live("Lead")
    assert lead["Status"] == NEW
    assert [each.stage for each in journey(steps).entered] == ["lead", "mql"]  # as HubSpot tells
    steps.quiet()


def test_sales_goes_on_in_either_system(steps: Steps) -> None:
    """Somebody of sales moves a person on in HubSpot, somebody else in Salesforce: both are sales, and both travel."""
    contact, lead = ann(steps)
    steps.market(contact, by=steps.marketer("SDR"), **SQL)
    steps.cycle()
    assert steps.sold(lead, "Status") == WORKING
    steps.sell(lead, by=steps.seller("Account Executive"), Status=CLOSED)
    steps.cycle()
    assert steps.marketed(contact, "hs_lead_status") == "UNQUALIFIED"
    assert not steps.conflicts()
    steps.quiet()


def test_an_sdr_of_marketing_moves_in_salesforce(steps: Steps) -> None:
    """Whoever works for marketing may do in Salesforce what marketing may, and not what sales may."""
    contact, lead = ann(steps)
    steps.sell(lead, Status=CLOSED)
    steps.cycle()
    marketer = steps.seller("Demand Generation")
    steps.sell(lead, by=marketer, Status=NEW)
    steps.cycle()
    assert both_show(steps, contact, lead) == ("marketingqualifiedlead", "NEW", NEW)
    assert journey(steps).cycle == 2
    steps.sell(lead, by=marketer, Status=WORKING)
    steps.cycle()
    assert steps.marketed(contact, "lifecyclestage") == "marketingqualifiedlead"
    assert "made by marketing" in steps.conflict().reason


def test_only_those_whose_stage_changed_are_asked_about(steps: Steps, asked: Counter[str]) -> None:
    """Ten people are edited and one of them is moved: the history of one record of one side is read."""
    pairs = [steps.pair(email=f"p{number}@acme-works.com") for number in range(10)]
    asked.clear()
    for contact, lead in pairs:
        steps.market(contact, city="Bonn")
        steps.sell(lead, Title="Head")
    steps.cycle()
    assert not asked
    for contact, _ in pairs:
        steps.market(contact, city="Berlin")
    steps.sell(pairs[0][1], Status=CLOSED)
    steps.cycle()
    assert asked == {"crm": 1, "marketing": 1}  # who made the move; and, after the write, whether it went over an edit


# -- moves that are not ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("undeclared", ["report", "hold"])
def test_an_undeclared_move_is_listed_and_neither_side_written(
    lived: Lived, asked: Counter[str], undeclared: str
) -> None:
    """Marketing calls somebody an SQL: listed once with both values, the move and its author, and quiet ever after."""
    steps = lived(undeclared=undeclared)
    contact, lead = ann(steps)
    kim = steps.marketer("Marketing")
    steps.market(contact, by=kim, **SQL)
    assert steps.counts() == {"conflicts": 1}
    listed = steps.conflict()
    assert listed.topic is (Topic.MOVE if undeclared == "report" else Topic.FIELD)
    assert (listed.field, listed.base) == ("stage", "mql")
    assert (listed.values.marketing, listed.values.crm) == ("sql", "mql")
    assert "mql -> sql on the marketing side by 0.marketing@example.com" in listed.reason
    assert both_show(steps, contact, lead) == ("salesqualifiedlead", "IN_PROGRESS", NEW)
    asked.clear()
    for _ in range(3):
        assert not steps.counts()
    assert not asked
    assert steps.conflicts() == [listed]
    steps.quiet()
    assert steps.conflicts() == [listed]


def test_an_undeclared_move_is_put_back(lived: Lived) -> None:
    """With `revert` the side that moved is put back, HubSpot backward too, and the other is not written."""
    steps = lived(undeclared="revert")
    contact, lead = ann(steps)
    steps.market(contact, by=steps.marketer("Marketing"), **SQL)
    assert steps.counts() == {"updated.marketing": 1}
    assert both_show(steps, contact, lead) == ("marketingqualifiedlead", "NEW", NEW)
    assert not steps.conflicts()
    assert [each.stage for each in journey(steps).entered] == ["mql"]
    steps.quiet()


def test_what_cannot_be_put_back_is_listed(lived: Lived) -> None:
    """A stage that a side has no form for is not written there: the move stays listed, and nothing is settled."""
    steps = lived(undeclared="revert")
    contact, lead = ann(steps, lifecyclestage="customer", hs_lead_status="")
    steps.sell(lead, Status=CLOSED)
    assert steps.counts() == {"conflicts": 1}
    assert steps.conflict().topic is Topic.MOVE
    assert "cannot be put back" in steps.conflict().reason
    assert steps.marketed(contact, "lifecyclestage") == "customer"
    steps.quiet()


@pytest.mark.parametrize("side", ["marketing", "crm"])
def test_a_person_lets_a_move_through_or_undoes_it(steps: Steps, side: str) -> None:
    """What is listed is settled like any conflict, by the value of one side."""
    contact, lead = ann(steps)
    steps.market(contact, by=steps.marketer("Marketing"), **SQL)
    steps.cycle()
    steps.resolve(side)
    steps.cycle()
    assert steps.sold(lead, "Status") == (WORKING if side == "marketing" else NEW)
    assert steps.marketed(contact, "lifecyclestage") == (
        "salesqualifiedlead" if side == "marketing" else "marketingqualifiedlead"
    )
    assert not steps.conflicts()
    assert journey(steps).entered[-1].stage == ("sql" if side == "marketing" else "mql")
    steps.quiet()


def test_a_move_that_is_declared_later_travels(lived: Lived) -> None:
    """Both teams agree that marketing may do it: what was listed is judged anew, though nobody touched it."""
    steps = lived()
    contact, lead = ann(steps)
    steps.market(contact, by=steps.marketer("Marketing"), **SQL)
    steps.cycle()
    assert steps.conflict().topic is Topic.MOVE
    file = steps.both.settings.directory / "lifecycle.yaml"
    text = file.read_text(encoding="utf-8")
    assert "to: sql\n  by: sales" in text
    file.write_text(text.replace("to: sql\n  by: sales", "to: sql\n  by: [sales, marketing]"), encoding="utf-8")
    steps.both.world = world_with(steps, file.parent)
    steps.cycle()
    assert steps.sold(lead, "Status") == WORKING
    assert not steps.conflicts()
    steps.quiet()


def test_a_move_that_is_undone_where_it_was_made_is_off_the_list(steps: Steps) -> None:
    """Whoever made it takes it back: nothing is written, and nothing waits."""
    contact, _ = ann(steps)
    kim = steps.marketer("Marketing")
    steps.market(contact, by=kim, **SQL)
    steps.cycle()
    steps.market(contact, by=kim, lifecyclestage="", hs_lead_status="")
    steps.market(contact, by=kim, **MQL)
    assert not steps.counts()
    assert not steps.conflicts()
    steps.quiet()


def test_a_stage_that_is_emptied_is_such_a_move(steps: Steps) -> None:
    """Nothing declares that somebody has no stage any more: it is listed as a move, and the other side keeps one."""
    contact, lead = ann(steps)
    steps.market(contact, by=steps.marketer("SDR"), lifecyclestage="", hs_lead_status="")
    assert steps.counts() == {"conflicts": 1}
    assert steps.conflict().topic is Topic.MOVE
    assert "mql -> no stage" in steps.conflict().reason
    assert steps.sold(lead, "Status") == NEW
    steps.quiet()


# -- who it was --------------------------------------------------------------------------------------------------------
def test_somebody_whom_no_team_names_moves_nobody(tmp_path: Path) -> None:
    """A user with a team that `teams.yaml` does not know may make no move, unless `unknown` says for whom it counts."""
    steps = Steps(relived(tmp_path, lambda _: None, teams=lambda tree: tree.pop("unknown")))
    contact, lead = ann(steps)
    steps.market(contact, by=steps.marketer("Facilities"), **SQL)
    assert steps.counts() == {"conflicts": 1}
    assert "made by somebody whom no team names" in steps.conflict().reason
    assert steps.sold(lead, "Status") == NEW
    steps.quiet()


def test_an_author_who_is_not_told_counts_as_the_file_says(tmp_path: Path) -> None:
    """Salesforce tracks no history of the status: the move counts for the team under `unknown`, or for none."""
    for team, travels in (("sales", True), ("marketing", False)):

        def stand_in(tree: Schema, team: str = team) -> None:
            tree["unknown"] = {"crm": team}

        steps = Steps(relived(tmp_path / team, lambda _: None, teams=stand_in))
        steps.both.salesforce.track_fields("Lead", ["Company"])
        contact, lead = ann(steps)
        steps.sell(lead, by=steps.seller("Demand Generation"), Status=WORKING)
        steps.cycle()
        assert (steps.marketed(contact, "lifecyclestage") == "salesqualifiedlead") is travels
        assert len(steps.conflicts()) == (0 if travels else 1)
        if not travels:
            assert "by nobody known" in steps.conflict().reason
        steps.both.store.close()


def test_another_integration_is_automation(steps: Steps) -> None:
    """A user under `automation` is nobody of a team: what it moves is declared for `system`, or for nobody."""
    contact, lead = ann(steps, **SQL)
    org = steps.both.salesforce.org
    robot = steps.seller()
    profiles = org.schema.entities["Profile"].table.by_id()
    other = next(row["Id"] for row in profiles if row["Name"] == "Salesforce Integration")
    steps.both.salesforce.edit("User", robot, {"ProfileId": other})
    steps.sell(lead, by=robot, Status=NEW)
    steps.cycle()
    assert "sql -> mql is declared for sales; it was made by system" in steps.conflict().reason
    assert steps.marketed(contact, "lifecyclestage") == "salesqualifiedlead"


def test_what_a_write_of_ours_sets_off_is_automation(steps: Steps) -> None:
    """A flow of the org makes another stage of the one that syncd writes: it acts as syncd's user and is no team's."""
    contact, _ = ann(steps)
    org = steps.both.salesforce.org

    def closes(before: Mapping[str, object] | None, after: Mapping[str, object]) -> Mapping[str, object]:
        return {"Status": CLOSED} if after["Status"] == WORKING else {}

    org.workflows["Lead"] = [closes]
    steps.market(contact, by=steps.marketer("SDR"), **SQL)
    steps.cycle()
    steps.cycle()
    assert "sql -> disqualified on the crm side by the vendor's automation" in steps.conflict().reason
    assert steps.marketed(contact, "lifecyclestage") == "salesqualifiedlead"
    steps.quiet()


def test_automation_of_the_vendor_is_the_author_system(steps: Steps) -> None:
    """A deal is made: HubSpot moves its contact to opportunity by itself, which is declared for automation alone."""
    contact, lead = ann(steps)
    steps.market(contact, by=steps.marketer("SDR"), **SQL)
    steps.cycle()
    portal = steps.both.hubspot.portal
    store = portal.store("contacts")
    record = store.records[int(contact)]
    portal.update(store, record, dict(OPPORTUNITY), source=Source("DEALS", "7"))
    steps.cycle()
    assert not steps.conflicts()
    assert [each.stage for each in journey(steps).entered] == ["mql", "sql", "opportunity"]
    assert steps.sold(lead, "Status") == WORKING  # only a conversion sets that status
    steps.quiet()
    portal.update(store, record, {"lifecyclestage": "other"}, source=Source("WORKFLOWS", "8"))
    steps.cycle()
    assert "opportunity -> other on the marketing side by the vendor's automation" in steps.conflict().reason


def test_whoever_works_from_a_queue_moves_people_for_its_team(tmp_path: Path) -> None:
    """Nobody names them but the queue that has the Lead, which they pick up with the move; without it, nobody does."""

    def by_queue_alone(teams: Schema) -> None:
        teams["teams"]["sales"]["profiles"] = []
        del teams["unknown"]

    steps = Steps(relived(tmp_path, lambda _: None, teams=by_queue_alone))
    steps.both.salesforce.add_queue("New Leads")
    queue = next(row["Id"] for row in steps.both.salesforce.export()["Group"] if row["Name"] == "New Leads")
    contact, lead = ann(steps)
    nobody = steps.seller("Intern")
    steps.sell(lead, by=nobody, Status=WORKING)
    steps.cycle()
    assert steps.marketed(contact, "lifecyclestage") == MQL["lifecyclestage"]
    assert steps.conflict().topic is Topic.MOVE
    steps.sell(lead, by=nobody, Status=NEW)
    steps.sell(lead, OwnerId=queue)
    steps.both.world.checked.clear()
    steps.cycle()
    steps.cycle()
    assert not steps.conflicts()
    steps.sell(lead, by=nobody, Status=WORKING, OwnerId=nobody)
    steps.cycle()
    assert steps.marketed(contact, "lifecyclestage") == SQL["lifecyclestage"]
    assert not steps.conflicts()
    steps.both.store.close()
