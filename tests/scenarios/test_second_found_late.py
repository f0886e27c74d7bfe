"""A second record that had opted out before it was one: found when somebody comes to its address, or comes back."""

from __future__ import annotations

from urllib.parse import unquote_plus

import pytest

from sandbox.kernel import Fault, HttpRequest
from tests.scenarios.steps import Steps
from tests.scenarios.test_second_opt_outs import in_step, out, person, world
from tests.scenarios.test_two_records import ADDRESS

__all__ = ["person", "world"]
ELSEWHERE = "elsewhere@example.com"


@pytest.mark.parametrize("where", ["marketing", "crm"])
def test_who_comes_to_an_address_that_has_opted_out_has_opted_out(world: Steps, where: str) -> None:
    """Two systems know somebody by one address, and a Lead by the other one has opted out: it counts from the moment
    either of them takes that address.
    """
    contact = world.contact(email=ADDRESS)
    made = world.both.salesforce.insert("Contact", {"LastName": "Lee", "Email": ADDRESS})
    lead = world.lead(Email=ELSEWHERE, HasOptedOutOfEmail=True)
    world.cycle()
    world.cycle()
    assert out(world, contact, lead, made) == {"lead"}
    if where == "marketing":
        world.market(contact, email=ELSEWHERE)
    else:
        world.sell(made, object_name="Contact", Email=ELSEWHERE)
    world.cycle()
    world.cycle()
    assert out(world, contact, lead, made) == {"contact", "lead", "made"}
    world.cycle()
    world.quiet()


def test_who_comes_out_of_the_bin_has_opted_out_as_the_second_record_has_meanwhile(world: Steps) -> None:
    """The contact is put away, its Lead opts out, and it comes back."""
    contact, lead, made = in_step(world)
    world.both.hubspot.archive("contacts", contact)
    world.cycle()
    world.sell(lead, HasOptedOutOfEmail=True)
    world.cycle()
    world.both.hubspot.restore("contacts", contact)
    for _ in range(3):
        world.cycle()
    assert out(world, contact, lead, made) == {"contact", "lead", "made"}
    world.quiet()


def test_whom_the_vendor_refuses_to_opt_out_is_not_looked_for_in_every_cycle(world: Steps) -> None:
    """As long as the address waits for a person, too, the Lead at it is read once and then left."""
    contact = world.contact(email=ADDRESS)
    made = world.both.salesforce.insert("Contact", {"LastName": "Lee", "Email": ADDRESS})
    world.cycle()
    world.cycle()
    world.lead(Email=ELSEWHERE, HasOptedOutOfEmail=True)
    world.market(contact, email=ELSEWHERE)
    world.sell(made, object_name="Contact", Email="third@example.com")
    for _ in range(4):
        world.cycle()
    assert not [each for each in world.both.store.requests() if each.wish == "look"]


def test_what_is_left_of_a_tombstone_is_not_looked_for_in_every_cycle(world: Steps) -> None:
    """Bob's contact is deleted and his Lead, which has opted out, stays. Another Lead comes to that address, and Ann's
    pair does, where it waits for a person; as long as all of that waits, nothing is read for it.
    """
    contact = world.contact(email=ADDRESS)
    made = world.both.salesforce.insert("Contact", {"LastName": "Lee", "Email": ADDRESS})
    bob = world.contact(email=ELSEWHERE)
    lead = world.lead(Email=ELSEWHERE, HasOptedOutOfEmail=True)
    world.cycle()
    world.cycle()
    world.both.hubspot.archive("contacts", bob)
    world.cycle()
    world.lead(Email=ELSEWHERE)
    world.market(contact, email=ELSEWHERE)
    world.sell(made, object_name="Contact", Email="third@example.com")
    world.cycle()
    world.sell(lead, LastName="Moe")
    for _ in range(4):
        world.cycle()
    assert not [each for each in world.both.store.requests() if each.wish == "look"]


def test_what_the_search_shows_of_others_counts(steps: Steps) -> None:
    """Ann's Lead gets Bob's address, so his Lead is found at it; it was edited in that very moment, and marketing has
    changed the same field: what sales typed last stays.
    """
    steps.pair(jobtitle="Buyer")
    bob = steps.contact(email="bob@example.com", company="Acme", jobtitle="Buyer")
    steps.cycle()
    ann, lead = (row["Id"] for row in sorted(steps.live("Lead"), key=lambda row: str(row["Email"])))
    steps.sell(str(ann), Email="bob@example.com")
    steps.market(bob, jobtitle="Head")
    searched: list[str] = []

    def edit(request: HttpRequest) -> HttpRequest:
        searched.append(request.path)
        steps.both.clock.advance(1.2)
        steps.sell(str(lead), Title="Boss")
        steps.both.clock.advance(1.2)
        return request

    def by_address(request: HttpRequest) -> bool:
        told = unquote_plus(f"{request.query} {request.body!r}")
        return "'bob@example.com'" in told and "FROM Lead" in told

    steps.both.salesforce.faults.arm(Fault("edited", by_address, when="around", prepare=edit))
    steps.cycle()
    steps.cycle()
    assert searched
    assert (steps.marketed(bob, "jobtitle"), steps.sold(str(lead), "Title")) == ("Boss", "Boss")
