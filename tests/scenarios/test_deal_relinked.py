"""Deals and people whose contact or company is found to be another one: they are of whoever that is by now."""

from __future__ import annotations

from pathlib import Path

from syncd.model.episode import DealState
from syncd.model.remote import RemoteRef
from syncd.model.values import Pair, Side
from syncd.operations.linking import relink, unlink
from tests.scenarios.dealing import Deals
from tests.scenarios.test_deal_stages import SQL, buyer, offer, stage, told, world
from tests.worlds import with_deals


def link_of(deals: Deals, ref: RemoteRef) -> str:
    """The link that a record of HubSpot has."""
    kind = "person" if ref.object == "contacts" else "company"
    return deals.both.store.linked(kind, Side.MARKETING, [ref])[ref].link.id


def crossed(deals: Deals, kinds: Pair[str], records: list[tuple[str, str]]) -> None:
    """People say of some records that they were taken for one another, and of which each is."""
    store, now = deals.both.store, deals.both.clock.now()
    for here, _ in records:
        unlink(store, link_of(deals, RemoteRef(kinds.marketing, here)), connection="main", who="pat", now=now)
    deals.cycle()
    deals.cycle()
    for here, there in records:
        relink(deals.both.world, Pair(f"{kinds.marketing}/{here}", f"crm:{kinds.crm}/{there}"), force=True)
    deals.cycle()


def test_a_win_is_of_whom_its_contact_is_linked_to_by_now(tmp_path: Path) -> None:
    """Ann's contact was taken for Bob's and Bob's for Ann's, which people mend while a deal is open: nobody touches the
    deal, so its win is the first that is heard of it, and makes a customer of Bob alone.
    """
    deals = world(with_deals(tmp_path))
    deals.cycle()
    ann, ann_there, account = buyer(deals)
    bob, bob_there = deals.buyer(account, "bob")
    deals.cycle()
    deals.market(bob, **SQL)
    deals.cycle()
    opportunity = offer(deals, ann_there, account)
    deals.cycle()
    crossed(deals, Pair("contacts", "Contact"), [(ann, bob_there), (bob, ann_there)])
    deals.edit_opportunity(opportunity, StageName="Closed Won")
    deals.cycle()
    deals.cycle()
    (deal,), person = deals.deals(), link_of(deals, RemoteRef("contacts", bob))
    assert deals.of_deal(deal, "contacts") == [ann, bob]
    assert (stage(deals, ann), stage(deals, bob)) == ("opportunity", "customer")
    assert [each.state for each in told(deals) if each.person == person] == [DealState.WON]
    deals.quiet()
    deals.both.store.close()


def test_somebody_is_of_the_company_that_their_account_is_linked_to_by_now(tmp_path: Path) -> None:
    """Two companies were taken for one another: with the next change of a Contact its contact is of the right one."""
    deals = world(with_deals(tmp_path))
    acme, acme_there = deals.firm()
    apex, apex_there = deals.firm("Apex")
    ann, ann_there = deals.buyer(acme_there)
    deals.cycle()
    deals.cycle()
    assert companies(deals, ann) == [acme]
    crossed(deals, Pair("companies", "Account"), [(acme, apex_there), (apex, acme_there)])
    deals.sell(ann_there, object_name="Contact", Title="Head")
    deals.cycle()
    assert apex in companies(deals, ann)
    assert deals.sold(ann_there, "AccountId", object_name="Contact") == acme_there
    deals.quiet()
    deals.both.store.close()


def companies(deals: Deals, contact: str) -> list[str]:
    """The companies of a contact."""
    row = next(row for row in deals.both.hubspot.export()["contacts"] if row["id"] == contact)
    return [each["id"] for each in row["associations"].get("companies", [])]
