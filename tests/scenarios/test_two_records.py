"""Somebody who is a Lead and a Contact at once is one person with two CRM records, one of them the primary."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.model.link import LinkState, Proof, Topic
from syncd.model.remote import RemoteRef
from syncd.model.values import Side
from syncd.operations.deciding import Choice, resolution
from tests.scenarios.steps import Schema, Steps, remapped

ADDRESS = "ann@example.com"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Steps]:
    """Contacts go before Leads."""

    def change(schema: Schema) -> None:
        schema["several"] = {"crm": [{"object": "Contact"}]}

    steps = Steps(remapped(tmp_path, change))
    yield steps
    steps.both.store.close()


def both_records(steps: Steps) -> tuple[str, str]:
    """A Lead and a Contact of one address that a salesperson made."""
    lead = steps.lead(Email=ADDRESS, LastName="Lee", Title="By the Lead")
    made = steps.both.salesforce.insert("Contact", {"LastName": "Lee", "Email": ADDRESS, "Title": "By the Contact"})
    return lead, made


def linked_to(steps: Steps, contact: str) -> RemoteRef | None:
    """The CRM record of a HubSpot contact, while their link lives."""
    ref = RemoteRef("contacts", contact)
    found = steps.both.store.linked("person", Side.MARKETING, [ref]).get(ref)
    return found.link.refs.crm if found is not None and found.link.state is LinkState.LIVE else None


@pytest.fixture
def person(world: Steps) -> tuple[str, str, str]:
    """The HubSpot contact, the Lead and the Contact of one person, in step."""
    lead, made = both_records(world)
    contact = world.contact(email=ADDRESS, jobtitle="By marketing")
    world.cycle()
    return contact, lead, made


def test_the_contact_is_the_primary_and_nothing_doubles(world: Steps, person: tuple[str, str, str]) -> None:
    """One link, by the rule; no third record anywhere; the Lead is neither written nor asked about."""
    contact, lead, made = person
    assert linked_to(world, contact) == RemoteRef("Contact", made)
    assert [link.proof for link in world.both.store.links("person")] == [Proof.CHOSEN]
    assert world.sold(lead, "Title") == "By the Lead"
    assert world.marketed(contact, "jobtitle") == "By the Contact"
    assert (len(world.live("Lead")), len(world.live("Contact")), len(world.contacts())) == (1, 1, 1)
    assert world.conflicts() == []
    world.quiet()


def test_edits_flow_with_the_primary_alone(world: Steps, person: tuple[str, str, str]) -> None:
    """What is typed onto the Lead stays there; the other two speak to each other."""
    contact, lead, made = person
    world.sell(lead, Title="Typed onto the Lead")
    world.market(contact, phone="+493012345")
    world.cycle()
    assert world.sold(made, "Phone", object_name="Contact")
    assert world.sold(lead, "Phone") is None
    assert world.marketed(contact, "jobtitle") == "By the Contact"
    world.sell(made, object_name="Contact", Title="Typed onto the Contact")
    world.cycle()
    assert world.marketed(contact, "jobtitle") == "Typed onto the Contact"
    assert world.sold(lead, "Title") == "Typed onto the Lead"
    assert world.conflicts() == []
    world.quiet()


def test_the_lead_is_converted_into_the_contact(world: Steps, person: tuple[str, str, str]) -> None:
    """Both are one by then; the link stays where it is and nobody is made."""
    contact, lead, made = person
    account = world.both.salesforce.insert("Account", {"Name": "Acme"})
    world.sell(made, object_name="Contact", AccountId=account)
    world.both.salesforce.convert(lead, status="Closed - Converted", account_id=account, contact_id=made)
    world.cycle()
    assert linked_to(world, contact) == RemoteRef("Contact", made)
    assert (len(world.live("Contact")), len(world.contacts())) == (1, 1)
    assert world.conflicts() == []
    world.quiet()


def test_the_primary_is_deleted(world: Steps, person: tuple[str, str, str]) -> None:
    """Nobody is made anew and nobody deleted; the Lead becomes the counterpart only when a person says so."""
    contact, lead, made = person
    world.both.salesforce.delete("Contact", made)
    world.cycle()
    assert linked_to(world, contact) is None
    assert (len(world.live("Lead")), len(world.live("Contact")), len(world.contacts())) == (1, 0, 1)
    assert world.sold(lead, "Title") == "By the Lead"
    world.quiet()


@pytest.mark.parametrize("moved", ["the Lead", "the contact"])
def test_whom_a_person_named_lives_on_in_another(steps: Steps, moved: str) -> None:
    """A person says that the contact is the Lead; before the next cycle one of the two becomes another record. The word
    is about whom it has become, and nobody is asked about that again.
    """
    lead, made = both_records(steps)
    contact = steps.contact(email=ADDRESS)
    steps.cycle()
    steps.resolve(resolution(steps.conflict(), Choice(link=(f"contacts/{contact}", f"Lead/{lead}"))))
    ref = RemoteRef("Lead", lead)
    if moved == "the Lead":
        steps.sell(lead, Email="moved@example.com")
        ref = RemoteRef("Contact", steps.both.salesforce.convert(lead, status="Closed - Converted")[0])
    else:
        stranger = steps.contact(email="other@example.com", lifecyclestage="subscriber", hs_lead_status="")
        contact = steps.both.hubspot.merge("contacts", stranger, contact)
    steps.cycle()
    assert linked_to(steps, contact) == ref
    steps.cycle()
    for question in (each for each in steps.conflicts() if each.topic is Topic.MATCH):
        assert (Side.CRM, RemoteRef("Contact", made)) in question.refs, "the other one is still to be told apart"
    assert (len(steps.contacts()), len(steps.live("Contact"))) == (1, 2 if moved == "the Lead" else 1)


def test_without_the_rule_a_person_is_asked(steps: Steps) -> None:
    """Nothing is written to any of the three before; whom they name is linked, the other kept apart by a word."""
    lead, made = both_records(steps)
    contact = steps.contact(email=ADDRESS, jobtitle="By marketing")
    steps.cycle()
    held = steps.conflict()
    assert held.topic is Topic.MATCH
    assert {ref.id for _, ref in held.refs} == {contact, lead, made}
    assert (steps.sold(lead, "Title"), steps.marketed(contact, "jobtitle")) == ("By the Lead", "By marketing")
    steps.quiet()
    steps.resolve(resolution(held, Choice(link=(f"contacts/{contact}", f"Contact/{made}"))))
    steps.cycle()
    assert linked_to(steps, contact) == RemoteRef("Contact", made)
    assert steps.sold(lead, "Title") == "By the Lead"
    steps.cycle()
    assert "linked already" in steps.conflict().reason
    steps.resolve(resolution(steps.conflict(), Choice(apart=True)))
    steps.cycle()
    assert steps.conflict().resolution == "apart", "remembered, and not asked again"
    assert linked_to(steps, contact) == RemoteRef("Contact", made)
    assert (len(steps.live("Lead")), len(steps.live("Contact")), len(steps.contacts())) == (1, 1, 1)
    steps.quiet()
