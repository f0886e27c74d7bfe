"""E-mail addresses change, move and change places: links hold by id, nobody is made again, both sides agree."""

from __future__ import annotations

import pytest

from tests.scenarios.steps import Steps


@pytest.fixture
def pairs(steps: Steps) -> tuple[tuple[str, str], tuple[str, str]]:
    """Contact and Lead of Ann and of Bob."""
    ann = steps.pair(email="ann@example.com", firstname="Ann")
    bob = steps.pair(email="bob@example.com", firstname="Bob", company="Other")
    return ann, bob


def _addresses(steps: Steps, *pairs: tuple[str, str]) -> list[tuple[str | None, object]]:
    return [(steps.marketed(contact, "email"), steps.sold(lead, "Email")) for contact, lead in pairs]


def _nobody_new(steps: Steps) -> None:
    assert len(steps.live("Lead")) == len(steps.contacts()) == 2


def test_an_address_that_changes_travels(steps: Steps, pairs: tuple[tuple[str, str], tuple[str, str]]) -> None:
    """Either way, on the same link."""
    ann, bob = pairs
    steps.market(ann[0], email="ann@new.example")
    steps.sell(bob[1], Email="bob@new.example")
    steps.cycle()
    assert _addresses(steps, ann, bob) == [("ann@new.example",) * 2, ("bob@new.example",) * 2]
    _nobody_new(steps)
    steps.quiet()


def test_an_address_that_moves_to_somebody_else(steps: Steps, pairs: tuple[tuple[str, str], tuple[str, str]]) -> None:
    """Ann gives hers up, Bob takes it over, between two cycles: two changes of two links."""
    ann, bob = pairs
    steps.sell(ann[1], Email="ann@private.example")
    steps.sell(bob[1], Email="ann@example.com")
    for _ in range(3):
        steps.cycle()
    assert _addresses(steps, ann, bob) == [("ann@private.example",) * 2, ("ann@example.com",) * 2]
    _nobody_new(steps)
    steps.quiet()


def test_addresses_that_change_places_in_the_crm(steps: Steps, pairs: tuple[tuple[str, str], tuple[str, str]]) -> None:
    """HubSpot refuses either, since the other still holds it: that field waits for a person, the rest goes on."""
    ann, bob = pairs
    steps.sell(ann[1], Email="bob@example.com", Phone="+49 30 1111111")
    steps.sell(bob[1], Email="ann@example.com")
    for _ in range(3):
        steps.cycle()
    parked = steps.both.store.parked()
    assert {(row.field, row.code) for row in parked} == {("email", "CONFLICT")}
    assert {row.ref.id for row in parked if row.ref} == {ann[0], bob[0]}
    assert _addresses(steps, ann, bob) == [
        ("ann@example.com", "bob@example.com"),
        ("bob@example.com", "ann@example.com"),
    ]
    assert steps.marketed(ann[0], "phone") == "+49301111111"
    _nobody_new(steps)
    steps.market(ann[0], email="swap@example.com")
    steps.market(bob[0], email="ann@example.com")
    steps.market(ann[0], email="bob@example.com")
    steps.cycle()
    assert _addresses(steps, ann, bob) == [("bob@example.com",) * 2, ("ann@example.com",) * 2]
    steps.cycle()
    assert not steps.both.store.parked()
    assert not steps.conflicts()
    steps.quiet()


def test_addresses_that_change_places_in_marketing(
    steps: Steps, pairs: tuple[tuple[str, str], tuple[str, str]]
) -> None:
    """There it takes a third address for a moment; the CRM holds any."""
    ann, bob = pairs
    steps.market(ann[0], email="swap@example.com")
    steps.market(bob[0], email="ann@example.com")
    steps.market(ann[0], email="bob@example.com")
    steps.cycle()
    assert _addresses(steps, ann, bob) == [("bob@example.com",) * 2, ("ann@example.com",) * 2]
    _nobody_new(steps)
    steps.quiet()


def test_a_question_is_over_once_the_address_is_shared_no_longer(steps: Steps) -> None:
    """A newcomer takes over Ann's address and Ann gets another; between the two writes both share it, and a person is
    asked. As soon as Ann's Lead has the new one nobody is asked any more, and the newcomer gets a Lead.
    """
    contact, lead = steps.pair(email="ann@example.com", firstname="Ann")
    steps.market(contact, email="ann@new.example")
    steps.contact(email="ann@example.com", firstname="Newcomer", company="New")
    for _ in range(4):
        steps.cycle(after=60)
    assert steps.sold(lead, "Email") == "ann@new.example"
    assert not steps.conflicts()
    assert len(steps.live("Lead")) == 2
    steps.quiet()
