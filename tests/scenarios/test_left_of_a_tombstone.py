"""A Lead whose contact was deleted opts out: whoever has its address now has opted out, whenever they came to it."""

from __future__ import annotations

import pytest

from tests.scenarios.steps import Steps
from tests.scenarios.test_second_opt_outs import in_step, out, world
from tests.scenarios.test_two_records import ADDRESS

__all__ = ["world"]
BOB = "bob@example.com"


def linked(steps: Steps, address: str, *, object_name: str = "Contact") -> tuple[str, str]:
    """Somebody of this address in HubSpot and in Salesforce."""
    contact = steps.contact(email=address)
    fields = {"LastName": "Lee", "Email": address, **({"Company": "Acme"} if object_name == "Lead" else {})}
    made = steps.both.salesforce.insert(object_name, fields)
    steps.cycle()
    steps.cycle()
    return contact, made


def departed(steps: Steps) -> str:
    """What is left of Ann, whose contact was deleted: her Lead."""
    contact, lead = linked(steps, ADDRESS, object_name="Lead")
    steps.both.hubspot.archive("contacts", contact)
    steps.cycle()
    return lead


def opts_out(steps: Steps, lead: str) -> None:
    """A salesperson notes it on a Lead."""
    steps.sell(lead, HasOptedOutOfEmail=True)
    steps.cycle()


@pytest.mark.parametrize("first", ["the opt-out", "the other"])
@pytest.mark.parametrize("where", ["marketing", "crm", "marketing, and the CRM elsewhere"])
def test_who_comes_to_its_address_has_opted_out(world: Steps, where: str, first: str) -> None:
    """Bob takes the address on either side, before or after the Lead opts out; as long as it waits for a person, since
    both systems gave him another one, he has, too, and nobody looks at the Lead in every cycle.
    """
    bob, theirs = linked(world, BOB)
    lead = departed(world)
    if first == "the opt-out":
        opts_out(world, lead)
    if where == "crm":
        world.sell(theirs, object_name="Contact", Email=ADDRESS)
    else:
        world.market(bob, email=ADDRESS)
    if where.startswith("marketing,"):
        world.sell(theirs, object_name="Contact", Email="third@example.com")
    world.cycle()
    if first == "the other":
        world.cycle()
        opts_out(world, lead)
    world.cycle()
    assert out(world, bob, lead, theirs) == {"contact", "lead", "made"}
    world.cycle()
    world.cycle()
    assert not [each for each in world.both.store.requests() if each.wish == "look"]
    world.quiet()


def test_who_comes_back_to_its_address_has_opted_out(world: Steps) -> None:
    """Bob's contact is in the bin when the Lead gets his address and opts out."""
    bob, theirs = linked(world, BOB)
    lead = departed(world)
    world.both.hubspot.archive("contacts", bob)
    world.cycle()
    world.sell(lead, Email=BOB)
    opts_out(world, lead)
    world.both.hubspot.restore("contacts", bob)
    for _ in range(3):
        world.cycle()
    assert out(world, bob, lead, theirs) == {"contact", "lead", "made"}
    world.quiet()


@pytest.mark.parametrize("lead_of", ["a tombstone", "nobody"])
def test_in_the_cycle_in_which_they_are_back(world: Steps, lead_of: str) -> None:
    """Bob is on his way out of the bin when the opt-out is told: it is looked at once more when he is linked again.
    The same for a Lead beside Ann's Contact, which has no link of its own.
    """
    bob, theirs = linked(world, BOB)
    if lead_of == "a tombstone":
        lead = departed(world)
    else:
        contact, lead, _ = in_step(world)
        world.both.hubspot.archive("contacts", contact)
        world.cycle()
    world.market(bob, email=ADDRESS)
    world.cycle()
    world.both.hubspot.archive("contacts", bob)
    world.cycle()
    world.both.hubspot.restore("contacts", bob)
    opts_out(world, lead)
    for _ in range(2):
        world.cycle()
    assert out(world, bob, lead, theirs) == {"contact", "lead", "made"}
    world.quiet()


def test_in_the_cycle_in_which_they_are_converted(world: Steps) -> None:
    """Bob is a Lead that gets the address and becomes a Contact when the opt-out is told."""
    bob, theirs = linked(world, BOB, object_name="Lead")
    lead = departed(world)
    world.sell(theirs, Email=ADDRESS)
    made, _, _ = world.both.salesforce.convert(theirs, status="Closed - Converted")
    opts_out(world, lead)
    for _ in range(2):
        world.cycle()
    assert out(world, bob, lead, made) == {"contact", "lead", "made"}
    world.quiet()


def test_whoever_has_another_address_is_not_concerned(world: Steps) -> None:
    """The Lead is alone with its address: nobody is opted out, and nothing is looked at again."""
    bob, theirs = linked(world, BOB)
    lead = departed(world)
    opts_out(world, lead)
    world.cycle()
    assert out(world, bob, lead, theirs) == {"lead"}
    assert not world.both.store.requests()
    world.quiet()


def test_who_is_merged_away_says_what_sales_said_last(world: Steps) -> None:
    """Ann's contact is merged into Bob's, who is known by her address from then on, in the moment in which her Lead
    opts out: nobody touches it any more, and no compare has to find it.
    """
    bob, theirs = linked(world, BOB)
    ann, lead = linked(world, ADDRESS, object_name="Lead")
    world.sell(lead, HasOptedOutOfEmail=True)
    bob = world.both.hubspot.merge("contacts", bob, ann)
    world.cycle()
    world.cycle()
    assert out(world, bob, lead, theirs) == {"contact", "lead", "made"}
    world.quiet()
