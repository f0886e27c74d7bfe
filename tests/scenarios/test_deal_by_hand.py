"""A deal is heard of after somebody has moved its person by hand: who was later counts, by the vendors' own times."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from sandbox.faults.arming import arm
from sandbox.hubspot.history import Source
from sandbox.salesforce.definitions import picklist
from syncd.model.episode import DealState, Moved, State
from tests.scenarios.dealing import Deals
from tests.scenarios.steps import Schema
from tests.scenarios.stories import CONTACT_STAGE, CONVERTED, CRM
from tests.scenarios.test_deal_stages import SQL, buyer, stage, states, world
from tests.worlds import with_deals

NO = {"hs_lead_status": "UNQUALIFIED"}
MQL = {"lifecyclestage": "marketingqualifiedlead", "hs_lead_status": "NEW"}


@pytest.fixture
def deals(tmp_path: Path) -> Iterator[Deals]:
    """The example with deals switched on, in step before anything happens."""
    steps = world(with_deals(tmp_path))
    steps.cycle()
    yield steps
    steps.both.store.close()


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[Deals]:
    """The same where Contacts have a stage of their own, with a history."""
    config = with_deals(tmp_path)
    path = config / "schema" / "person.yaml"
    schema: Schema = yaml.safe_load(path.read_text(encoding="utf-8"))
    schema["fields"]["stage"]["crm"] = {"Lead": "Status", "Contact": CONTACT_STAGE}
    path.write_text(yaml.safe_dump(schema, sort_keys=False), encoding="utf-8")
    steps = world(config)
    words = [*CRM.values(), CONVERTED, "Customer"]
    steps.both.salesforce.add_field("Contact", picklist(CONTACT_STAGE, "Stage", words, custom=True))
    steps.both.salesforce.track_fields("Contact", [CONTACT_STAGE])
    steps.cycle()
    yield steps
    steps.both.store.close()


def opened(deals: Deals, person: str, account: str, **fields: object) -> str:
    """An Opportunity whose primary contact somebody is, of which syncd has not heard, and a minute later."""
    made = deals.opportunity(AccountId=account, **fields)
    deals.role(made, person)
    deals.both.clock.advance(60)
    return made


def settled(deals: Deals) -> None:
    """Two cycles: the one that sees a deal, and the one that makes what it calls for."""
    deals.cycle()
    deals.cycle()


def stays(deals: Deals, contact: str) -> None:
    """Somebody stands where sales' no has put them, nothing is asked, and there is nothing left to do."""
    assert (stage(deals, contact), deals.marketed(contact, "hs_lead_status")) == ("salesqualifiedlead", "UNQUALIFIED")
    assert not deals.conflicts()
    deals.quiet()


def last_told(deals: Deals) -> str:
    """Where the ledger's last move has led."""
    people = [link.id for link in deals.both.store.links("person")]
    moves = [event for event in deals.both.store.ledger_of(people) if isinstance(event, Moved)]
    return max(moves, key=lambda move: (move.cycle, move.at)).stage


def episodes(deals: Deals) -> list[tuple[object, ...]]:
    """How each handoff stands, and what it is worth."""
    return list(deals.both.store.episode_columns(("state", "amount")))


def test_a_later_move_in_hubspot_stays(deals: Deals) -> None:
    """There is an offer, and a minute later somebody in HubSpot says no; the ledger has both, in this order."""
    contact, person, account = buyer(deals)
    opened(deals, person, account)
    deals.market(contact, **NO)
    settled(deals)
    stays(deals, contact)
    assert states(deals) == [DealState.OPEN]
    assert last_told(deals) == "disqualified"
    assert [state for state, _ in episodes(deals)] == [State.LOST]


def test_a_later_move_in_salesforce_stays(staged: Deals) -> None:
    """The same where sales says no on the Contact."""
    contact, person, account = buyer(staged)
    opened(staged, person, account)
    staged.sell(person, object_name="Contact", **{CONTACT_STAGE: CRM["disqualified"]})
    settled(staged)
    stays(staged, contact)
    assert staged.sold(person, CONTACT_STAGE, object_name="Contact") == CRM["disqualified"]


def test_a_move_whose_write_is_found_out_later_stays(staged: Deals) -> None:
    """HubSpot has carried out the write that carries sales' no, and did not answer: the deal is settled before it."""
    contact, person, account = buyer(staged)
    opened(staged, person, account)
    staged.sell(person, object_name="Contact", **{CONTACT_STAGE: CRM["disqualified"]})
    arm(staged.both.hubspot, "ghost-write", times=1)
    staged.cycle()
    staged.both.hubspot.faults.clear()
    settled(staged)
    stays(staged, contact)


def test_a_later_deal_moves_them(deals: Deals) -> None:
    """No, and a minute later an offer: it is a new one."""
    contact, person, account = buyer(deals)
    deals.market(contact, **NO)
    deals.both.clock.advance(60)
    opened(deals, person, account)
    settled(deals)
    assert stage(deals, contact) == "opportunity"
    assert last_told(deals) == "opportunity"
    deals.quiet()


def test_the_next_thing_that_happens_to_the_deal_moves_them(deals: Deals) -> None:
    """Whoever was left where a person has put them is a customer once the deal is won."""
    contact, person, account = buyer(deals)
    made = opened(deals, person, account)
    deals.market(contact, **MQL)
    settled(deals)
    assert stage(deals, contact) == "marketingqualifiedlead"
    deals.edit_opportunity(made, StageName="Closed Won")
    settled(deals)
    assert stage(deals, contact) == "customer"
    deals.quiet()


def test_a_move_that_no_vendor_dates_loses_no_win(staged: Deals) -> None:
    """Salesforce keeps no history of the Contact's stage: whether that was before the win or after it, nobody knows."""
    staged.both.salesforce.track_fields("Contact", [])
    contact, person, account = buyer(staged)
    opened(staged, person, account, StageName="Closed Won")
    staged.sell(person, object_name="Contact", **{CONTACT_STAGE: CRM["mql"]})
    settled(staged)
    assert stage(staged, contact) == "customer"
    assert last_told(staged) == "customer"
    staged.quiet()


def test_a_later_workflow_loses_no_win(deals: Deals) -> None:
    """What automation does a minute after a win is nobody's judgement of it."""
    contact, person, account = buyer(deals)
    opened(deals, person, account, StageName="Closed Won")
    portal = deals.both.hubspot.portal
    store = portal.store("contacts")
    moved = {"lifecyclestage": "opportunity", "hs_lead_status": "OPEN_DEAL"}
    portal.update(store, store.records[int(contact)], moved, source=Source("WORKFLOWS", "9"))
    settled(deals)
    assert stage(deals, contact) == "customer"
    assert last_told(deals) == "customer"
    deals.quiet()


def test_a_win_is_one_wherever_its_person_stands(deals: Deals) -> None:
    """Somebody has said no after the win: they stay there, and the handoff is won, with its amount."""
    contact, person, account = buyer(deals)
    opened(deals, person, account, StageName="Closed Won", Amount=900)
    deals.market(contact, **NO)
    settled(deals)
    stays(deals, contact)
    assert states(deals) == [DealState.WON]
    assert episodes(deals) == [(State.WON, 90000)]


def test_a_win_that_was_none_is_as_late_as_its_loss(deals: Deals) -> None:
    """Of two deals the won one turns out to be lost after somebody has moved her: the older open one decides since."""
    contact, person, account = buyer(deals)
    opened(deals, person, account, Name="Old")
    deals.cycle()
    won = opened(deals, person, account, Name="New", StageName="Closed Won")
    settled(deals)
    deals.market(contact, lifecyclestage="evangelist", hs_lead_status="")
    deals.cycle()
    deals.edit_opportunity(won, StageName="Closed Lost", Loss_Reason__c="Price")
    settled(deals)
    assert "opportunity" in deals.conflict().reason, "called for, and listed, as the example lets nobody go back"


def test_whoever_is_linked_has_been_moved_by_nobody(deals: Deals) -> None:
    """She came into HubSpot a minute after she had bought, and both sides did not know one another."""
    _, account = deals.firm()
    deals.cycle()
    person = deals.both.salesforce.insert(
        "Contact", {"LastName": "Doe", "Email": "ann@acme-works.com", "AccountId": account}
    )
    opened(deals, person, account, StageName="Closed Won")
    contact = deals.both.hubspot.create("contacts", {"email": "ann@acme-works.com", "lastname": "Doe", **SQL})
    settled(deals)
    assert stage(deals, contact) == "customer"
    deals.quiet()
