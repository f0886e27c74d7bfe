"""A vendor's admin changes what a mapped field is: it rests, nothing is cleared, the rest goes on, a person decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from sandbox.salesforce.definitions import PicklistValue
from syncd.engine.cycle import sync
from syncd.model.errors import BadConfig, RetryLater
from syncd.operations.drift import let_go_on, resting
from tests.scenarios.steps import HOUR, Steps
from tests.worlds import open_both


@pytest.fixture
def steps() -> Iterator[Steps]:
    """A world with one pair that has a title."""
    both = open_both()
    told = Steps(both)
    told.pair(jobtitle="Head of Sales", phone="+49 30 1234567")
    yield told
    both.store.close()


def _retyped(steps: Steps, name: str, type_: str) -> None:
    """An admin changes the type of a field; what does not fit it is gone in every record."""
    org = steps.both.salesforce.org
    for object_name in ("Lead", "Contact"):
        entity = org.schema.entities[object_name]
        field = entity.field(name)
        assert field is not None
        entity.set_field(replace(field, type=type_), changed=org.clock.now())
        for row in list(entity.table.by_id()):
            org.store.put(entity.table, {**row, name: None, "SystemModstamp": org.clock.now()}, now=org.clock.now())
    org.store.commit()


def _only_lead(steps: Steps) -> str:
    (lead,) = steps.live("Lead")
    return str(lead["Id"])


def test_a_type_that_empties_a_field_clears_nothing(steps: Steps) -> None:
    """Neither at once nor in any later cycle, full ones too; the other fields travel."""
    _retyped(steps, "Title", "phone")
    steps.both.clock.advance(60)
    with pytest.raises(RetryLater, match="changed the schema"):
        sync(steps.both.world, full=True)
    (contact,) = steps.contacts()
    steps.market(contact, phone="+49 30 7654321")
    for full in (False, True, False):
        steps.both.clock.advance(HOUR)
        sync(steps.both.world, full=full)
    assert steps.marketed(contact, "jobtitle") == "Head of Sales"
    assert steps.sold(_only_lead(steps), "Phone") == "+49307654321"
    (rest,) = resting(steps.both.store)
    assert (rest.kind, rest.field, rest.change) == ("person", "title", "its type was string and is phone")


def test_a_person_lets_it_go_on(steps: Steps) -> None:
    """Once the values are back, or are to be as they are: then it is merged like any change."""
    _retyped(steps, "Title", "phone")
    for _ in range(2):
        steps.both.clock.advance(timedelta(minutes=11).total_seconds())
        sync(steps.both.world)
    steps.sell(_only_lead(steps), Title="Head of everything")
    steps.cycle()
    (contact,) = steps.contacts()
    assert steps.marketed(contact, "jobtitle") == "Head of Sales"
    now = steps.both.clock.now()
    assert [each.field for each in let_go_on(steps.both.store, {("person", "title")}, now)] == ["title"]
    steps.cycle()
    sync(steps.both.world, full=True)
    assert steps.marketed(contact, "jobtitle") == "Head of everything"
    assert not resting(steps.both.store)
    steps.quiet()


def test_a_list_that_loses_an_option_rests(steps: Steps) -> None:
    """One that gains some does not."""
    org = steps.both.salesforce.org
    entity = org.schema.entities["Lead"]
    source = entity.field("Industry")
    assert source is not None
    entity.set_field(replace(source, picklist=(*source.picklist, PicklistValue("Mills"))), changed=org.clock.now())
    steps.cycle()
    assert not resting(steps.both.store)
    entity.set_field(replace(source, picklist=source.picklist[1:]), changed=org.clock.now())
    steps.cycle()
    (rest,) = resting(steps.both.store)
    assert (rest.kind, rest.field, rest.place) == ("person", "industry", "Lead.Industry")
    assert "'Mills'" in rest.change
    assert repr(source.picklist[0].value) in rest.change


def test_a_new_record_is_made_without_what_rests(steps: Steps) -> None:
    """Its value may mean something else by now; it follows once a person has let the field go on."""
    _retyped(steps, "Title", "phone")
    steps.both.clock.advance(HOUR)
    sync(steps.both.world)
    contact = steps.contact(email="new@example.com", company="New", jobtitle="Chief")
    steps.cycle()
    lead = str(steps.marketed(contact, "syncd_crm_id"))
    assert steps.sold(lead, "Title") is None
    assert steps.sold(lead, "LastName") == "Doe"
    let_go_on(steps.both.store, {("person", "title")}, steps.both.clock.now())
    steps.cycle()
    sync(steps.both.world, full=True)
    assert steps.sold(lead, "Title") == "Chief"


@pytest.mark.parametrize("change", ["hide_field", "protect_field"])
def test_a_field_that_is_closed_rests_until_it_is_open_again(steps: Steps, change: str) -> None:
    """Everything else goes on meanwhile, nothing is cleared, and the field goes on by itself."""
    (contact,) = steps.contacts()
    lead = _only_lead(steps)
    for object_name in ("Lead", "Contact"):
        getattr(steps.both.salesforce, change)(object_name, "Title")
    steps.cycle()
    steps.market(contact, jobtitle="Head", city="Bonn")
    steps.cycle()
    assert steps.sold(lead, "City") == "Bonn"
    (rest,) = resting(steps.both.store)
    assert (rest.field, rest.place) == ("title", "")
    assert "Title" in rest.change
    assert steps.sold(lead, "Title") == "Head of Sales"
    for object_name in ("Lead", "Contact"):
        steps.both.salesforce.show_field(object_name, "Title")
    steps.cycle()
    assert not resting(steps.both.store)
    sync(steps.both.world, full=True)
    assert steps.sold(lead, "Title") == "Head"
    steps.quiet()


def test_a_field_that_a_rule_asks_for_is_no_matter_for_resting(steps: Steps) -> None:
    """Who is to be made, and who is who, must not be decided without it."""
    steps.both.hubspot.remove_property("contacts", "hs_lead_status")
    with pytest.raises(BadConfig, match="hs_lead_status does not exist"):
        steps.cycle()


def test_a_mapping_that_never_fitted_is_refused(steps: Steps) -> None:
    """Somebody has just written it: the flaw is shown and not worked around."""
    steps.both.salesforce.hide_field("Lead", "Title")
    kinds = tuple(replace(kind, hash="new") for kind in steps.both.world.connection.kinds)
    steps.both.world.connection = replace(steps.both.world.connection, kinds=kinds)
    with pytest.raises(BadConfig, match=r"Lead\.Title does not exist"):
        steps.cycle()
