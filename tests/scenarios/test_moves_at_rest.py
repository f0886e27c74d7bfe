"""A record of a link that rests is merged or converted: what was said of it holds for the one that it lives on in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.faults.arming import arm
from sandbox.faults.calls import salesforce_write
from syncd.model.link import LinkState, Topic
from syncd.model.remote import RemoteRef
from syncd.model.values import Pair, Side
from tests.scenarios.resyncs import carried_out, wanted
from tests.scenarios.steps import Steps
from tests.scenarios.test_departures import state_of
from tests.scenarios.test_privacy import ask
from tests.scenarios.test_second_opt_outs import opened
from tests.scenarios.test_unlinking import KEY, keys, link_of, part

LATE = 90.0


def test_a_contact_whose_lead_was_deleted_gets_none_by_a_merge(steps: Steps) -> None:
    """Sales deleted the Lead; marketing merges its contact with another: nobody is made anew, however it is told."""
    contact, lead = steps.pair()
    stranger = steps.contact(email="other@example.com", lifecyclestage="subscriber", hs_lead_status="")
    steps.both.salesforce.delete("Lead", lead)
    steps.cycle()
    merged = steps.both.hubspot.merge("contacts", stranger, contact)
    steps.market(merged, lifecyclestage="marketingqualifiedlead", hs_lead_status="NEW")
    assert not steps.counts()
    assert state_of(steps, merged) is LinkState.TOMBSTONE
    steps.market(merged, jobtitle="Head")
    steps.cycle()
    carried_out(steps, wanted(steps, everything=True))
    assert steps.live("Lead") == []
    steps.quiet()


def test_its_lead_out_of_the_bin_is_linked_to_what_the_contact_has_become(steps: Steps) -> None:
    """The tombstone that went along lives again with the record that was deleted."""
    contact, lead = steps.pair(jobtitle="Buyer")
    stranger = steps.contact(email="other@example.com", lifecyclestage="subscriber", hs_lead_status="")
    steps.both.salesforce.delete("Lead", lead)
    steps.cycle()
    merged = steps.both.hubspot.merge("contacts", contact, stranger)
    steps.cycle()
    steps.both.salesforce.undelete("Lead", lead)
    steps.cycle()
    assert state_of(steps, merged) is LinkState.LIVE
    assert keys(steps, merged, lead) == (lead, merged)
    steps.market(merged, jobtitle="Head")
    steps.cycle()
    assert steps.sold(lead, "Title") == "Head"
    steps.quiet()


def test_a_lead_whose_contact_was_archived_gets_none_by_a_conversion(steps: Steps) -> None:
    """Marketing put the contact away; sales converts its Lead: the Contact makes nobody, and stays what was left."""
    contact, lead = steps.pair()
    steps.both.hubspot.archive("contacts", contact)
    steps.cycle()
    made, _, _ = steps.both.salesforce.convert(lead, status="Closed - Converted")
    assert not steps.counts()
    ref = RemoteRef("Contact", made)
    found = steps.both.store.linked("person", Side.CRM, [ref])[ref].link
    assert (found.state, found.gone) == (LinkState.TOMBSTONE, Side.MARKETING)
    steps.sell(made, object_name="Contact", Title="Head")
    steps.cycle()
    assert steps.contacts() == []
    steps.quiet()


def test_merged_into_somebody_who_is_linked_they_stay_so(tmp_path: Path) -> None:
    """The survivor has a counterpart of its own, and that is known in the same cycle: a Lead at its address, entered at
    that very time, is passed over by the rules, and nobody is asked.
    """
    steps = opened(tmp_path)
    contact, other = steps.contact(email="ann@example.com"), steps.contact(email="lee@example.com")
    sales = steps.both.salesforce
    mine, theirs = (
        sales.insert("Contact", {"LastName": "Lee", "Email": f"{name}@example.com"}) for name in ("ann", "lee")
    )
    steps.cycle()
    steps.both.hubspot.archive("contacts", contact)
    steps.cycle()
    sales.merge("Contact", theirs, [mine])
    steps.lead(Email="lee@example.com")
    assert "conflicts" not in steps.counts()
    steps.sell(theirs, object_name="Contact", Title="Head")
    steps.cycle()
    assert steps.marketed(other, "jobtitle") == "Head"
    steps.quiet()
    steps.both.store.close()


@pytest.mark.parametrize("how", ["archived", "forgotten"])
def test_the_tombstone_of_whom_they_were_merged_into_is_theirs(steps: Steps, how: str) -> None:
    """Ann's contact is put away, or she is forgotten, and her Lead is merged into Bob's. Bob's Lead is deleted and is
    back: it is in step with his contact again.
    """
    bob, theirs = steps.pair(email="bob@example.com", jobtitle="Buyer")
    ann, lead = steps.pair(email="ann@example.com")
    if how == "archived":
        steps.both.hubspot.archive("contacts", ann)
    else:
        ask(steps, (Side.MARKETING, RemoteRef("contacts", ann)), (Side.CRM, RemoteRef("Lead", lead)))
    steps.cycle()
    steps.both.salesforce.merge("Lead", theirs, [lead])
    steps.cycle()
    steps.both.salesforce.delete("Lead", theirs)
    steps.cycle()
    steps.both.salesforce.undelete("Lead", theirs)
    steps.cycle()
    assert state_of(steps, bob) is LinkState.LIVE
    steps.market(bob, jobtitle="Head")
    steps.cycle()
    assert steps.sold(theirs, "Title") == "Head"


def test_a_contact_merged_into_somebody_who_is_linked_leaves_them_in_step(steps: Steps) -> None:
    """HubSpot gives the survivor an id of its own."""
    contact, lead = steps.pair()
    other = steps.contact(email="lee@example.com", company="Acme")
    steps.cycle()
    theirs = steps.marketed(other, "syncd_crm_id")
    assert theirs is not None
    steps.both.salesforce.delete("Lead", lead)
    steps.cycle()
    merged = steps.both.hubspot.merge("contacts", other, contact)
    steps.cycle()
    assert state_of(steps, merged) is LinkState.LIVE
    steps.market(merged, jobtitle="Head")
    steps.cycle()
    assert steps.sold(theirs, "Title") == "Head"
    assert [row["Id"] for row in steps.live("Lead")] == [theirs]
    steps.quiet()


@pytest.mark.parametrize("which", ["lead", "contact"])
def test_two_that_were_unlinked_stay_apart_when_one_becomes_another(steps: Steps, which: str) -> None:
    """A person said that they are not one. They share an address still, under whatever id."""
    contact, lead = steps.pair()
    part(steps, contact)
    steps.cycle()
    if which == "lead":
        new, _, _ = steps.both.salesforce.convert(lead, status="Closed - Converted")
        now = contact, RemoteRef("Contact", new)
    else:
        stranger = steps.contact(email="other@example.com", lifecyclestage="subscriber", hs_lead_status="")
        now = steps.both.hubspot.merge("contacts", contact, stranger), RemoteRef("Lead", lead)
    steps.cycle()
    steps.cycle()
    link = link_of(steps, now[0])
    assert link.unlinked
    assert (link.refs.marketing.id, link.refs.crm) == now
    assert not steps.conflicts()
    assert steps.marketed(now[0], "syncd_crm_id") is None
    assert len(steps.contacts()) == 1
    steps.quiet()


def test_what_remains_of_a_forgotten_person_is_nobody_under_another_id_too(steps: Steps) -> None:
    """The person is forgotten; sales converts the Lead that remained and changes its address: no contact is made."""
    contact, lead = steps.pair()
    steps.both.hubspot.gdpr_delete("contacts", contact)
    ask(steps, (Side.MARKETING, RemoteRef("contacts", contact)), (Side.CRM, RemoteRef("Lead", lead)))
    steps.cycle()
    made, _, _ = steps.both.salesforce.convert(lead, status="Closed - Converted")
    steps.cycle()
    steps.sell(made, object_name="Contact", Email="another@example.com", Title="Head")
    steps.cycle()
    assert steps.contacts() == []
    ref = RemoteRef("Contact", made)
    assert steps.both.store.linked("person", Side.CRM, [ref])[ref].link.state is LinkState.FORGOTTEN
    assert [row.ref for row in steps.both.store.remnants()] == [ref]
    steps.quiet()


@pytest.mark.parametrize("comes", [True, False])
def test_merged_while_nobody_knows_whether_its_lead_was_made(steps: Steps, *, comes: bool) -> None:
    """The contact of a create in doubt is merged: one Lead in the end, whether that one is made late or never."""
    steps.pair()
    steps.both.world.connection = replace(steps.both.world.connection, horizon=Pair(600.0, 600.0))
    contact = steps.contact(email="late@example.com", company="Late")
    stranger = steps.contact(email="other@example.com", lifecyclestage="subscriber", hs_lead_status="")
    if comes:
        arm(steps.both.salesforce, "zombie-write", seconds=LATE)
    else:
        arm(steps.both.salesforce, "lost-request", nth=1)
        steps.both.salesforce.faults.armed[-1].matches = salesforce_write
    steps.cycle(after=30)
    assert len(steps.both.store.open_intents()) == 1
    merged = steps.both.hubspot.merge("contacts", contact, stranger)
    for _ in range(3):
        steps.cycle(after=20)
    for _ in range(3):
        steps.cycle(after=600)
    assert not steps.both.store.open_intents()
    made = [row for row in steps.live("Lead") if row["Email"] == "late@example.com"]
    assert [row["Id"] for row in made] == [steps.marketed(merged, "syncd_crm_id")]
    assert made[0]["Syncd_Marketing_Id__c"] == merged
    assert not steps.conflicts()
    steps.quiet()


def test_said_to_be_apart_they_are_so_under_another_id_too(steps: Steps) -> None:
    """A person said that a Lead is not the contact's; it is converted, and the other one deleted: nobody is asked once
    more, and the two are not joined.
    """
    contact = steps.contact(email="team@example.com", lifecyclestage="subscriber", hs_lead_status="")
    one = steps.lead(Email="team@example.com")
    two = steps.lead(Email="team@example.com")
    steps.cycle()
    steps.resolve("apart")
    steps.cycle()
    made, _, _ = steps.both.salesforce.convert(one, status="Closed - Converted")
    steps.both.salesforce.delete("Lead", two)
    for _ in range(2):
        steps.cycle()
    assert steps.marketed(contact, "syncd_crm_id") is None
    assert [each.resolution for each in steps.conflicts()] == ["apart"]
    steps.sell(made, object_name="Contact", Title="Head")
    steps.cycle()
    assert steps.marketed(contact, "jobtitle") is None
    steps.quiet()


@pytest.mark.parametrize("primary", ["mine", "other"])
def test_moved_on_both_sides_between_two_polls_nobody_is_asked(steps: Steps, primary: str) -> None:
    """Marketing merges the contact with a stranger while sales converts its Lead: one link, and no question of its own
    records.
    """
    contact, lead = steps.pair()
    stranger = steps.contact(email="other@example.com", lifecyclestage="subscriber", hs_lead_status="")
    steps.cycle()
    two = (contact, stranger) if primary == "mine" else (stranger, contact)
    merged = steps.both.hubspot.merge("contacts", *two)
    made, _, _ = steps.both.salesforce.convert(lead, status="Closed - Converted")
    assert "stale.crm" not in steps.counts()
    assert Topic.MATCH not in {each.topic for each in steps.conflicts()}
    steps.cycle()
    assert (steps.marketed(merged, "syncd_crm_id"), steps.sold(made, KEY, object_name="Contact")) == (made, merged)
    steps.quiet()
