"""Opt-outs travel one way and are never cleared; owners are people, queues or nobody, and sales decides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.salesforce.definitions import FieldDefinition
from syncd.model.errors import BadConfig
from tests.scenarios.steps import Fields, Steps, remapped


# -- opt-out -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("side", ["marketing", "crm"])
def test_an_opt_out_travels_from_either_side(steps: Steps, side: str) -> None:
    """Whoever hears it first, both sides know it after one cycle."""
    contact, lead = steps.pair()
    if side == "marketing":
        steps.both.hubspot.unsubscribe("ann@example.com")
    else:
        steps.sell(lead, HasOptedOutOfEmail=True)
    steps.cycle()
    assert steps.sold(lead, "HasOptedOutOfEmail") is True
    assert steps.marketed(contact, "hs_email_optout") == "true"
    steps.quiet()


@pytest.mark.parametrize("side", ["marketing", "crm"])
def test_renewed_consent_is_held_and_never_written(steps: Steps, side: str) -> None:
    """One side takes an opt-out back: the other keeps it until a person records the consent there too."""
    contact, lead = steps.pair()
    steps.sell(lead, HasOptedOutOfEmail=True)
    steps.cycle()
    if side == "marketing":
        steps.both.hubspot.resubscribe("ann@example.com")
    else:
        steps.sell(lead, HasOptedOutOfEmail=False)
    assert steps.counts() == {"conflicts": 1}
    assert steps.sold(lead, "HasOptedOutOfEmail") is (side == "marketing")
    assert steps.marketed(contact, "hs_email_optout") == ("true" if side == "crm" else "false")
    steps.quiet()
    steps.resolve(side)
    steps.cycle()
    assert steps.sold(lead, "HasOptedOutOfEmail") is (side == "marketing"), "no choice clears an opt-out"
    assert steps.conflicts()
    if side == "marketing":
        steps.sell(lead, HasOptedOutOfEmail=False)
    else:
        steps.both.hubspot.resubscribe("ann@example.com")
    steps.cycle()
    assert not steps.conflicts()
    assert steps.sold(lead, "HasOptedOutOfEmail") is False
    steps.quiet()


def _silent_and_next(tmp_path: Path) -> tuple[Steps, str, dict[str, str]]:
    """Steps in which a Lead that opted out has no address, the Lead, and the contacts by last name."""
    steps = Steps(remapped(tmp_path, lambda schema: schema["create"].update(marketing=[{"object": "contacts"}])))
    silent = steps.lead(LastName="Silent", HasOptedOutOfEmail=True)
    steps.lead(LastName="Next", Email="next@example.com")
    steps.cycle()
    return steps, silent, {steps.marketed(each, "lastname"): each for each in steps.contacts()}


def test_an_opt_out_without_an_address_is_told_and_costs_nobody_else(tmp_path: Path) -> None:
    """A Lead without an address opted out: its contact is made all the same, so is the next one's, and it is listed."""
    steps, _, contacts = _silent_and_next(tmp_path)
    assert contacts.keys() == {"Silent", "Next"}
    (parked,) = steps.both.store.parked()
    assert (parked.field, parked.code) == ("opt_out", "NO_ADDRESS")
    steps.quiet()


@pytest.mark.parametrize("side", ["marketing", "crm"])
def test_an_opt_out_is_written_with_the_address_that_it_waited_for(tmp_path: Path, side: str) -> None:
    """Wherever the address is told, the contact that gets it is out: it is never reachable for a moment."""
    steps, silent, contacts = _silent_and_next(tmp_path)
    contact = contacts["Silent"]
    if side == "crm":
        steps.sell(silent, Email="silent@example.com")
    else:
        steps.market(contact, email="silent@example.com")
    steps.cycle()
    assert steps.marketed(contact, "email") == "silent@example.com"
    assert steps.marketed(contact, "hs_email_optout") == "true"
    assert not steps.both.store.parked()
    steps.quiet()


def test_an_opt_out_waits_for_an_address_that_is_held(steps: Steps) -> None:
    """The contact was emptied of its address, which is held: that the Lead has one does not help, and nobody tries."""
    contact, lead = steps.pair()
    steps.market(contact, email="")
    steps.cycle()
    steps.sell(lead, HasOptedOutOfEmail=True)
    assert steps.counts()["parked.marketing"] == 1
    steps.quiet()
    steps.market(contact, email="ann@example.com")
    steps.cycle()
    assert steps.marketed(contact, "hs_email_optout") == "true"
    assert not steps.both.store.parked()
    steps.quiet()


@pytest.mark.parametrize("side", ["marketing", "crm"])
def test_an_opt_out_stays_with_the_person_when_the_address_changes(steps: Steps, side: str) -> None:
    """HubSpot knows nothing of the new address: that is nobody's consent, and the person is out there, too."""
    contact, lead = steps.pair()
    steps.sell(lead, HasOptedOutOfEmail=True)
    steps.cycle()
    if side == "marketing":
        steps.market(contact, email="ann.lee@example.com")
        assert not steps.marketed(contact, "hs_email_optout"), "the vendor lets it go with the address"
    else:
        steps.sell(lead, Email="ann.lee@example.com")
    steps.cycle()
    assert steps.marketed(contact, "email") == steps.sold(lead, "Email") == "ann.lee@example.com"
    assert steps.marketed(contact, "hs_email_optout") == "true"
    assert steps.sold(lead, "HasOptedOutOfEmail") is True
    steps.quiet()


def test_consent_for_a_new_address_is_renewed_consent(steps: Steps) -> None:
    """Whoever subscribed with the new address has said something: people decide, and syncd writes neither side."""
    contact, lead = steps.pair()
    steps.sell(lead, HasOptedOutOfEmail=True)
    steps.cycle()
    steps.both.hubspot.resubscribe("ann.lee@example.com")
    steps.market(contact, email="ann.lee@example.com")
    assert steps.counts()["conflicts"] == 1
    assert steps.marketed(contact, "hs_email_optout") == "false"
    assert steps.sold(lead, "HasOptedOutOfEmail") is True


def test_an_address_that_syncd_writes_does_not_settle_whether_consent_was_renewed(steps: Steps) -> None:
    """The CRM renews consent and changes the address: the question stays open, and the contact is out meanwhile."""
    contact, lead = steps.pair()
    steps.sell(lead, HasOptedOutOfEmail=True)
    steps.cycle()
    steps.sell(lead, HasOptedOutOfEmail=False, Email="ann.lee@example.com")
    steps.cycle()
    steps.cycle()
    assert steps.sold(lead, "HasOptedOutOfEmail") is False
    assert steps.marketed(contact, "email") == "ann.lee@example.com"
    assert steps.marketed(contact, "hs_email_optout") == "true"
    assert [each.field for each in steps.both.store.conflicts()] == ["opt_out"]


def test_an_opt_out_needs_no_enterprise_scope(steps: Steps) -> None:
    """A token without the batch scope unsubscribes one address a call; the opt-out arrives all the same."""
    tokens = steps.both.hubspot.tokens
    for token, scopes in list(tokens.items()):
        tokens[token] = scopes - {"communication_preferences.statuses.batch.write"}
    contact, lead = steps.pair()
    steps.sell(lead, HasOptedOutOfEmail=True)
    steps.cycle()
    assert steps.marketed(contact, "hs_email_optout") == "true"
    steps.quiet()


# -- owners ------------------------------------------------------------------------------------------------------------
def test_a_queue_owned_lead_survives_cycles(steps: Steps) -> None:
    """A queue has no counterpart among HubSpot's owners: it is told as text, never written back, and stays."""
    contact, lead = steps.pair()
    queue = steps.both.salesforce.add_queue("Inbound West")
    steps.sell(lead, OwnerId=queue)
    steps.cycle()
    assert steps.marketed(contact, "sales_owner_name") == "Inbound West"
    steps.market(contact, jobtitle="Head")
    steps.cycle()
    assert steps.sold(lead, "OwnerId") == queue
    steps.quiet()
    assert steps.sold(lead, "OwnerId") == queue


def test_an_owner_known_on_both_sides_travels_and_flows_one_way(steps: Steps) -> None:
    """Sales gives a lead to somebody whom HubSpot knows; an edit of the owner in HubSpot is written over."""
    ada = steps.both.hubspot.add_owner("ada@sales.example", "Ada", "Byron")
    ben = steps.both.hubspot.add_owner("ben@sales.example", "Ben", "Ito")
    user = steps.both.salesforce.add_user("ada@sales.example", "Ada Byron")
    contact, lead = steps.pair()
    steps.sell(lead, OwnerId=user)
    steps.cycle()
    assert steps.marketed(contact, "hubspot_owner_id") == ada
    assert steps.marketed(contact, "sales_owner_email") == "ada@sales.example"
    steps.market(contact, hubspot_owner_id=ben)
    steps.cycle()
    assert steps.marketed(contact, "hubspot_owner_id") == ada
    assert steps.sold(lead, "OwnerId") == user
    steps.quiet()


def test_an_inactive_owner_keeps_the_lead(steps: Steps) -> None:
    """The owner leaves the company: the lead is still his on both sides, and other fields travel."""
    ada = steps.both.hubspot.add_owner("ada@sales.example", "Ada", "Byron")
    user = steps.both.salesforce.add_user("ada@sales.example", "Ada Byron")
    contact, lead = steps.pair()
    steps.sell(lead, OwnerId=user)
    steps.cycle()
    steps.both.salesforce.deactivate_user(user)
    steps.market(contact, jobtitle="Head")
    steps.cycle()
    assert steps.sold(lead, "Title") == "Head"
    assert steps.sold(lead, "OwnerId") == user
    assert steps.marketed(contact, "hubspot_owner_id") == ada
    steps.quiet()


def test_an_assignment_rule_changes_no_owner(steps: Steps) -> None:
    """An active rule would give every saved Lead to a queue: neither creates nor updates of ours set it off."""
    queue = steps.both.salesforce.add_queue("Rule")
    steps.both.salesforce.org.assignment_rules["Lead"] = lambda _row: queue
    contact, lead = steps.pair()
    owner = steps.sold(lead, "OwnerId")
    assert owner != queue
    steps.market(contact, jobtitle="Head")
    steps.cycle()
    assert steps.sold(lead, "Title") == "Head"
    assert steps.sold(lead, "OwnerId") == owner
    steps.quiet()


# -- subscription by subscription --------------------------------------------------------------------------------------
NEWSLETTER = FieldDefinition(
    name="Newsletter_Opt_Out__c",
    type="boolean",
    nillable=False,
    defaulted=True,
    default=False,
    custom=True,
)


@pytest.fixture
def newsletter(steps_with: Callable[[Callable[[Fields], None]], Steps]) -> Steps:
    """A world that maps one subscription type to a checkbox."""

    def change(fields: Fields) -> None:
        slots = {"marketing": "@subscription/10001", "crm": NEWSLETTER.name}
        fields["newsletter_opt_out"] = {"type": "opt_out", **slots}

    steps = steps_with(change)
    for name in ("Lead", "Contact"):
        steps.both.salesforce.add_field(name, NEWSLETTER)
    return steps


@pytest.mark.parametrize("side", ["marketing", "crm"])
def test_one_subscription_is_left_on_both_sides(newsletter: Steps, side: str) -> None:
    """The opt-out of one subscription travels alone: other subscriptions and the opt-out of everything stay."""
    contact, lead = newsletter.pair()
    if side == "marketing":
        newsletter.both.hubspot.leave_subscription("ann@example.com", 10_001)
    else:
        newsletter.sell(lead, Newsletter_Opt_Out__c=True)
    newsletter.cycle()
    assert newsletter.sold(lead, "Newsletter_Opt_Out__c") is True
    assert newsletter.marketed(contact, "hs_email_optout_10001") == "true"
    assert newsletter.marketed(contact, "hs_email_optout_10002") != "true"
    assert newsletter.marketed(contact, "hs_email_optout") != "true"
    assert newsletter.sold(lead, "HasOptedOutOfEmail") is False
    newsletter.quiet()


def test_a_subscription_is_never_joined_again(newsletter: Steps) -> None:
    """The checkbox is cleared in Salesforce: that is held, and HubSpot keeps the opt-out."""
    contact, lead = newsletter.pair()
    newsletter.sell(lead, Newsletter_Opt_Out__c=True)
    newsletter.cycle()
    newsletter.sell(lead, Newsletter_Opt_Out__c=False)
    assert newsletter.counts() == {"conflicts": 1}
    assert newsletter.marketed(contact, "hs_email_optout_10001") == "true"


def test_leaving_everything_needs_no_second_call(newsletter: Steps) -> None:
    """Out of everything and of one subscription at once: one call, and both stand."""
    contact, lead = newsletter.pair()
    newsletter.sell(lead, Newsletter_Opt_Out__c=True, HasOptedOutOfEmail=True)
    before = len(newsletter.both.hubspot.calls)
    newsletter.cycle()
    asked = [call.operation for call in newsletter.both.hubspot.calls[before:] if "preferences" in call.operation]
    assert asked == ["preferences.batch.unsubscribe"]
    assert newsletter.marketed(contact, "hs_email_optout_10001") == "true"
    newsletter.quiet()


def test_a_token_without_the_batch_scope_leaves_one_by_one(newsletter: Steps) -> None:
    """The batch form belongs to Enterprise accounts: without its scope each address is sent alone."""
    contact, lead = newsletter.pair()
    tokens = newsletter.both.hubspot.tokens
    for token, scopes in list(tokens.items()):
        tokens[token] = scopes - {"communication_preferences.statuses.batch.write"}
    newsletter.sell(lead, Newsletter_Opt_Out__c=True)
    newsletter.cycle()
    assert newsletter.marketed(contact, "hs_email_optout_10001") == "true"
    newsletter.quiet()


def test_an_unknown_subscription_is_refused(steps_with: Callable[[Callable[[Fields], None]], Steps]) -> None:
    """A type that the account does not have stops the run before any write."""

    def change(fields: Fields) -> None:
        fields["opt_out"]["marketing"] = "@subscription/77"

    steps = steps_with(change)
    steps.contact(email="ann@example.com")
    with pytest.raises(BadConfig, match=r"@subscription/77 does not exist"):
        steps.cycle()
