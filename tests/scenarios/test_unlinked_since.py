"""What becomes of whoever was unlinked: a counterpart on request, a company as a person, and what the brake held."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sandbox.faults.calls import hubspot_batch_write
from sandbox.kernel import Fault
from syncd.engine.cycle import sync
from syncd.model.errors import BadUsage
from syncd.model.link import LinkState
from syncd.model.values import Pair
from syncd.operations.linking import relink, unlink
from syncd.operations.recreating import tombstones
from tests.scenarios.brakes import linked
from tests.scenarios.brakes import only as brake_holds
from tests.scenarios.steps import Steps
from tests.scenarios.test_companies import account, company
from tests.scenarios.test_unlinking import join, keys, link_of, part
from tests.worlds import open_both


def test_whoever_was_taken_for_another_is_given_a_counterpart_on_request(steps: Steps) -> None:
    """Of the two, the one that is named, though they share an address; the other one stays apart."""
    contact, lead = steps.pair(firstname="Ann")
    part(steps, contact)
    steps.cycle()
    world = steps.both.world
    with pytest.raises(BadUsage, match=f"marketing:contacts/{contact} or crm:Lead/{lead}"):
        tombstones(world, [f"link:{link_of(steps, contact).id}"])
    steps.both.clock.advance(3_600)
    ended = sync(world, recreate=tombstones(world, [f"marketing:contacts/{contact}"]))
    assert ended.run.counts["created.crm"] == 1
    link = link_of(steps, contact)
    made = link.refs.crm.id
    assert (link.state, made == lead) == (LinkState.LIVE, False)
    assert keys(steps, contact, made) == (made, contact)
    assert steps.sold(made, "FirstName") == "Ann"
    steps.sell(lead, City="Bonn")
    steps.cycle()
    assert steps.marketed(contact, "city") is None
    assert not steps.conflicts()
    steps.quiet()


def test_a_company_is_unlinked_and_linked_again_as_well(steps: Steps) -> None:
    """Two Accounts of one domain, the wrong one linked: neither its people nor its values are touched."""
    here = company(steps, name="Acme", domain="acme-works.com")
    there = account(steps, Name="Acme", Website="https://acme-works.com")
    steps.cycle()
    (link,) = steps.both.store.links("company")
    unlink(steps.both.store, link.id, connection="main", who="ann", now=steps.both.clock.now())
    steps.cycle()
    assert steps.marketed(here, "syncd_crm_id", object_name="companies") is None
    steps.sell(there, object_name="Account", BillingCity="Bonn")
    steps.quiet()
    assert steps.marketed(here, "city", object_name="companies") is None
    relink(steps.both.world, Pair(f"companies/{here}", f"Account/{there}"), force=False)
    steps.cycle()
    assert steps.marketed(here, "city", object_name="companies") == "Bonn"
    steps.quiet()


def test_what_the_brake_held_of_the_two_is_held_no_more() -> None:
    """A change that was too much at once goes nowhere any more, so nobody is asked to approve it."""
    both = open_both(brake={})
    steps = Steps(both)
    pairs = linked(steps)
    for contact, _ in pairs:
        steps.market(contact, jobtitle="Same")
    steps.cycle()
    before = brake_holds(steps)
    record = before.lot.changes[0].record
    unlink(both.store, record.removeprefix("link:"), connection="main", who="ann", now=both.clock.now())
    steps.cycle()
    after = brake_holds(steps)
    assert {each.record for each in before.lot.changes} - {each.record for each in after.lot.changes} == {record}
    both.store.close()


def test_who_is_joined_anew_while_a_write_is_unanswered_is_joined_in_the_end(steps: Steps) -> None:
    """A Lead is given to another contact, and nobody knows yet whether the last write of its old link was made: the
    word stands until that is known, and is carried out then.
    """
    steps.both.world.connection = replace(steps.both.world.connection, horizon=Pair(600.0, 600.0))
    _, lead = steps.pair()
    contact = steps.contact(email="bob@example.com", lifecyclestage="lead", hs_lead_status="")
    steps.cycle()
    steps.sell(lead, City="Ulm")
    steps.both.hubspot.faults.arm(Fault("unanswered", hubspot_batch_write, when="cut"))
    steps.cycle(after=5)
    assert len(steps.both.store.open_intents()) == 1
    join(steps, contact, lead, force=True)
    steps.cycle(after=5)
    assert len(steps.both.store.open_intents()) == 1
    for _ in range(3):
        steps.cycle()
    link = link_of(steps, contact)
    assert (link.state, link.refs.crm.id) == (LinkState.LIVE, lead)
    assert keys(steps, contact, lead) == (lead, contact)
    assert [each.field for each in steps.conflicts()] == ["email"], "two addresses of one person"


def test_what_the_lead_had_said_is_heard_of_whoever_has_its_address() -> None:
    """It was another one's counterpart when it came to their address and opted out; once it is nobody's, it counts.

    Somebody emptied its key by hand, so that nothing touches it any more.
    """
    both = open_both()
    steps = Steps(both)
    contact, other = (steps.contact(email=f"{name}@example.com", company="Acme") for name in ("ann", "bob"))
    steps.cycle()
    lead, theirs = (str(steps.marketed(each, "syncd_crm_id")) for each in (contact, other))
    steps.sell(lead, Email="bob@example.com")
    steps.cycle()
    steps.sell(lead, HasOptedOutOfEmail=True, Syncd_Marketing_Id__c=None)
    part(steps, contact)
    steps.cycle()
    steps.cycle()
    assert steps.sold(theirs, "HasOptedOutOfEmail") is True
    assert steps.marketed(other, "hs_email_optout") == "true"
    steps.quiet()
    both.store.close()
