"""A record that a vendor will not take: it is told once, waits, and is made when there is a reason to try again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from sandbox.hubspot.validation import Unacceptable
from sandbox.salesforce.definitions import picklist
from syncd.engine.cycle import sync
from syncd.model.values import Side
from tests.scenarios.steps import HOUR, Schema, Steps, parked, remapped

Row = Mapping[str, object]


def test_a_create_that_cannot_do_without_the_refused_field_is_a_dead_letter(steps: Steps) -> None:
    """A last name is too long, and there is no Lead without one: told once, made as soon as the name is mended."""
    contact = steps.contact(email="ann@example.com", lastname="x" * 100)
    steps.cycle()
    (letter,) = steps.both.store.dead_letters()
    assert letter.code == "REQUIRED_FIELD_MISSING"
    assert "LastName" in letter.reason
    assert parked(steps).record == f"marketing:contacts/{contact}", "there is no other record"
    assert steps.live("Lead") == []
    steps.quiet()
    steps.market(contact, lastname="Doe")
    steps.cycle()
    assert not steps.both.store.dead_letters()
    assert not steps.both.store.parked()
    (made,) = steps.live("Lead")
    assert (made["LastName"], made["Syncd_Marketing_Id__c"]) == ("Doe", contact)
    steps.quiet()


def test_who_is_said_to_be_apart_and_cannot_be_made_is_a_dead_letter(tmp_path: Path) -> None:
    """HubSpot knows an address once. A second Lead of it, said to be somebody else, is told once and not sent
    again, not in a full compare either; it gets its contact as soon as it has an address of its own.
    """
    steps = Steps(remapped(tmp_path, lambda schema: schema["create"].update(marketing=[{"object": "contacts"}])))
    contact, _ = steps.pair()
    other = steps.lead(Email="ann@example.com")
    steps.cycle()
    steps.resolve("apart")
    steps.cycle()
    (letter,) = steps.both.store.dead_letters()
    assert (letter.origin.id, contact in letter.reason) == (other, True)
    steps.quiet()
    steps.sell(other, Email="zoe@example.com")
    steps.cycle()
    assert not steps.both.store.dead_letters()
    (made,) = (each for each in steps.contacts() if each != contact)
    assert steps.marketed(made, "syncd_crm_id") == other
    steps.quiet()


def test_a_create_that_meets_a_record_nobody_can_find_is_a_dead_letter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HubSpot refuses an address that a contact has which syncd can neither find nor read: looked for once more, then
    told once and not sent again. When the contact is shown to syncd one day, the two are linked.
    """
    steps = Steps(remapped(tmp_path, lambda schema: schema.update(create={"marketing": [{"object": "contacts"}]})))
    contact = steps.contact(email="ann@example.com")
    steps.cycle()
    connector = steps.both.world.connectors.of(Side.MARKETING)
    monkeypatch.setattr(connector, "find", lambda *_: {})
    monkeypatch.setattr(connector, "fetch", lambda *_: [])
    other = steps.lead(Email="ann@example.com")
    steps.cycle()
    assert {ref.id for _, ref in steps.conflict().refs} == {contact, other}
    steps.cycle()
    (letter,) = steps.both.store.dead_letters()
    assert (letter.origin.id, contact in letter.reason, steps.conflicts()) == (other, True, [])
    assert not steps.counts()
    monkeypatch.undo()
    steps.both.clock.advance(HOUR)
    sync(steps.both.world, full=True)
    assert not steps.both.store.dead_letters()
    assert steps.sold(other, "Syncd_Marketing_Id__c") == contact
    steps.quiet()


def test_a_lead_that_a_vendor_has_no_room_for_is_asked_about_and_then_told(tmp_path: Path) -> None:
    """A Lead whose address is the second one of a contact that has its own Lead: a person is asked who is who, and
    until then nothing is sent. Said to be somebody else it is a dead letter, and not sent in a full compare either.
    """
    steps = Steps(remapped(tmp_path, lambda schema: schema["create"].update(marketing=[{"object": "contacts"}])))
    contact, _ = steps.pair()
    second = steps.contact(email="bob@example.com", lifecyclestage="lead")
    steps.both.hubspot.merge("contacts", contact, second)
    (left,) = steps.contacts()
    other = steps.lead(Email="bob@example.com", HasOptedOutOfEmail=True)
    steps.cycle()
    steps.cycle()
    assert {ref.id for _, ref in steps.conflict().refs} == {left, other}
    steps.quiet()
    steps.resolve("apart")
    steps.cycle()
    steps.cycle()
    (letter,) = steps.both.store.dead_letters()
    assert (letter.origin.id, left in letter.reason) == (other, True)
    steps.quiet()
    steps.sell(other, Email="zoe@example.com")
    steps.cycle()
    assert not steps.both.store.dead_letters()
    (made,) = (each for each in steps.contacts() if each != left)
    assert steps.marketed(made, "syncd_crm_id") == other
    steps.quiet()


def test_a_required_field_that_nobody_maps_is_a_dead_letter_too(steps: Steps) -> None:
    """An admin makes a field required between two looks at the schema: the record waits, nothing is invented."""
    ratings = ("Hot", "Warm", "Cold")
    steps.cycle()
    steps.both.salesforce.add_field("Lead", picklist("Rating", "Rating", ratings, nillable=False))
    contact = steps.contact(email="ann@example.com")
    assert steps.cycle(after=60).run.counts == {"refused.crm": 1, "dead_letters.crm": 1}
    (letter,) = steps.both.store.dead_letters()
    assert letter.code == "REQUIRED_FIELD_MISSING"
    assert "Rating" in letter.reason
    steps.both.salesforce.add_field("Lead", picklist("Rating", "Rating", ratings))
    assert steps.both.store.mark_dead_letter(letter.id, True)
    steps.cycle()
    assert not steps.both.store.dead_letters()
    (made,) = steps.live("Lead")
    assert steps.marketed(contact, "syncd_crm_id") == made["Id"]
    steps.quiet()


def refuse_creates(steps: Steps) -> None:
    """A rule that lets nobody make a Lead."""
    rule = lambda before, _after: "Not today" if before is None else None  # noqa: E731
    steps.both.salesforce.org.validation_rules["Lead"] = [rule]


def test_a_dead_letter_is_made_when_a_person_asks_after_the_mending(steps: Steps) -> None:
    """Not tried again by itself, though the cause is gone: nothing of the record has changed. Asked for, it is made."""
    refuse_creates(steps)
    contact = steps.contact(email="ann@example.com")
    assert steps.counts() == {"refused.crm": 1, "dead_letters.crm": 1}
    (letter,) = steps.both.store.dead_letters()
    steps.both.salesforce.org.validation_rules.clear()
    steps.quiet()
    assert steps.both.store.mark_dead_letter(letter.id, True)
    steps.cycle()
    assert not steps.both.store.dead_letters()
    (made,) = steps.live("Lead")
    assert steps.marketed(contact, "syncd_crm_id") == made["Id"]
    steps.quiet()


def test_a_dead_letter_that_is_tried_in_vain_stays(steps: Steps) -> None:
    """Asked to try again without any mending: one more try, and it still waits."""
    refuse_creates(steps)
    steps.contact(email="ann@example.com")
    steps.cycle()
    (letter,) = steps.both.store.dead_letters()
    assert steps.both.store.mark_dead_letter(letter.id, True)
    assert steps.counts() == {"refused.crm": 1, "dead_letters.crm": 1}
    (again,) = steps.both.store.dead_letters()
    assert again.id == letter.id
    assert not again.retry
    assert steps.live("Lead") == []
    steps.quiet()


def test_a_dead_letter_is_tried_again_when_its_record_changes(steps: Steps) -> None:
    """Another value is another try: the rule only refuses people without a city."""

    def rule(before: Row | None, after: Row) -> str | None:
        return "A city, please" if before is None and not after.get("City") else None

    steps.both.salesforce.org.validation_rules["Lead"] = [rule]
    contact = steps.contact(email="ann@example.com")
    steps.cycle()
    assert len(steps.both.store.dead_letters()) == 1
    steps.quiet()
    steps.market(contact, city="Bonn")
    steps.cycle()
    assert not steps.both.store.dead_letters()
    assert len(steps.live("Lead")) == 1
    steps.quiet()


# -- automation that rewrites ------------------------------------------------------------------------------------------
def test_a_dead_letter_names_the_value_that_was_left_out(steps: Steps) -> None:
    """A last name too long to be taken, and without it no Lead: the letter says so, is retried, and ends in a Lead."""
    contact = steps.contact(email="ann@example.com", lastname="x" * 100)
    steps.cycle()
    (letter,) = steps.both.store.dead_letters()
    assert letter.code == "REQUIRED_FIELD_MISSING"
    assert "last_name was refused before (STRING_TOO_LONG" in letter.reason
    assert not steps.live("Lead")
    steps.market(contact, lastname="Doe")
    steps.cycle()
    assert not steps.both.store.dead_letters()
    assert [row["LastName"] for row in steps.live("Lead")] == ["Doe"]
    steps.quiet()


def test_a_dead_letter_that_is_dropped_is_forgotten_until_its_record_changes(steps: Steps) -> None:
    """Dropping writes nothing; the next edit of the record is tried as if for the first time."""
    contact = steps.contact(email="ann@example.com", lastname="x" * 100)
    steps.cycle()
    (letter,) = steps.both.store.dead_letters()
    steps.both.store.mark_dead_letter(letter.id, False)
    steps.cycle()
    assert not steps.both.store.dead_letters()
    steps.market(contact, city="Bonn")
    steps.cycle()
    (again,) = steps.both.store.dead_letters()
    assert (again.id, again.attempts) == (letter.id, 1)


def test_the_letter_of_a_record_that_is_gone_is_no_more(steps: Steps) -> None:
    """Nobody has to be told that a contact could not be made which somebody has deleted since."""
    contact = steps.contact(email="ann@example.com", lastname="x" * 100)
    steps.cycle()
    assert steps.both.store.dead_letters()
    steps.both.hubspot.archive("contacts", contact)
    steps.cycle()
    assert not steps.both.store.dead_letters()
    steps.quiet()


@pytest.mark.parametrize("full", [False, True], ids=["its change", "a full compare"])
def test_the_letter_of_a_record_that_is_wanted_no_more_is_no_more(steps: Steps, *, full: bool) -> None:
    """A contact that could not be made a Lead became a subscriber, whom no rule makes: nobody need mend anything. Once
    qualified again it is tried, and told, again.
    """
    refuse_creates(steps)
    contact = steps.contact(email="ann@example.com")
    steps.cycle()
    (letter,) = steps.both.store.dead_letters()
    steps.market(contact, lifecyclestage="")
    steps.market(contact, lifecyclestage="subscriber", hs_lead_status="")
    steps.both.clock.advance(HOUR)
    sync(steps.both.world, full=full)
    assert not steps.both.store.dead_letters()
    steps.quiet()
    steps.market(contact, lifecyclestage="marketingqualifiedlead", hs_lead_status="NEW")
    assert steps.counts() == {"refused.crm": 1, "dead_letters.crm": 1}
    assert [each.id for each in steps.both.store.dead_letters()] == [letter.id]


def test_the_letter_stays_while_a_rule_cannot_be_decided(tmp_path: Path) -> None:
    """A rule that has no answer for a contact does not say that nobody is wanted."""

    def ruled(schema: Schema) -> None:
        schema["create"]["crm"] = [{"object": "Lead", "when": "size(city) > 2"}]

    steps = Steps(remapped(tmp_path, ruled))
    refuse_creates(steps)
    contact = steps.contact(email="ann@example.com", city="Bonn")
    steps.cycle()
    (letter,) = steps.both.store.dead_letters()
    steps.market(contact, city="")
    steps.cycle()
    assert steps.both.store.dead_letters() == [letter]
    steps.market(contact, city="Au")
    steps.cycle()
    assert not steps.both.store.dead_letters()


def refuse_a_city(steps: Steps) -> None:
    """A rule that takes no city, and lets nobody make a Lead without one."""

    def rule(before: Row | None, after: Row) -> str | tuple[str, str] | None:
        if after.get("City"):
            return ("no city", "City")
        return "Not today" if before is None else None

    steps.both.salesforce.org.validation_rules["Lead"] = [rule]


@pytest.mark.parametrize("how", ["deleted", "wanted no more"])
def test_what_was_left_out_of_a_record_that_is_never_made_is_listed_no_more(steps: Steps, how: str) -> None:
    """A contact without its city could not be made a Lead either, and is not to be any more."""
    refuse_a_city(steps)
    contact = steps.contact(email="ann@example.com", city="Bonn")
    steps.cycle()
    assert parked(steps).record == f"marketing:contacts/{contact}"
    if how == "deleted":
        steps.both.hubspot.archive("contacts", contact)
    else:
        steps.market(contact, lifecyclestage="")
        steps.market(contact, lifecyclestage="subscriber", hs_lead_status="")
    steps.cycle()
    assert (steps.both.store.dead_letters(), steps.both.store.parked()) == ([], [])
    steps.quiet()


def test_what_was_left_out_stays_while_the_record_is_wanted(steps: Steps) -> None:
    """Another value of another field changes nothing of why the city was refused."""
    refuse_a_city(steps)
    contact = steps.contact(email="ann@example.com", city="Bonn")
    steps.cycle()
    (row,) = steps.both.store.parked()
    steps.both.salesforce.org.validation_rules["Lead"] = [lambda before, _: "Not today" if before is None else None]
    steps.market(contact, jobtitle="Head")
    steps.cycle()
    assert [each.field for each in steps.both.store.parked()] == [row.field]


def test_what_was_left_out_is_listed_no_more_once_there_is_a_counterpart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Lead gets no contact, neither with a city that is refused nor without it, since there is one that nobody can
    find. Once it is found they are one, under the contact's link.
    """
    steps = Steps(remapped(tmp_path, lambda schema: schema["create"].update(marketing=[{"object": "contacts"}])))
    steps.cycle()
    contact = steps.contact(email="ann@example.com", lifecyclestage="subscriber", hs_lead_status="")
    steps.cycle()
    connector = steps.both.world.connectors.of(Side.MARKETING)

    def no_city(_new: str, _old: str | None) -> str:
        raise Unacceptable("INVALID_STRING_LENGTH", "too long")

    monkeypatch.setitem(steps.both.hubspot.portal.stores["contacts"].rules, "city", no_city)
    with monkeypatch.context() as hidden:
        hidden.setattr(connector, "find", lambda *_: {})
        hidden.setattr(connector, "fetch", lambda *_: [])
        lead = steps.lead(Email="ann@example.com", City="Ulm")
        steps.cycle()
        steps.cycle()
    assert parked(steps).record == f"crm:Lead/{lead}"
    steps.sell(lead, City=None)
    steps.cycle()
    assert steps.sold(lead, "Syncd_Marketing_Id__c") == contact
    assert (steps.both.store.dead_letters(), steps.both.store.parked()) == ([], [])
