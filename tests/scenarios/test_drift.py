"""A vendor's admin changes what a mapped field is: it rests, nothing is cleared, the rest goes on, a person decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sandbox.kernel import Fault
from sandbox.salesforce.definitions import PicklistValue
from syncd.engine import resync as engine
from syncd.engine.cycle import sync
from syncd.engine.resync import Met, asked_for, carry_on
from syncd.engine.world import make_ready
from syncd.model.errors import BadConfig, RetryLater
from syncd.model.mapping import FieldMapping, Policy
from syncd.operations import accepting
from syncd.operations.drift import let_go_on, resting
from syncd.operations.resyncing import Words, ask, understood
from tests.scenarios.drifting import accept_title, at_rest, carried_out, mapped_without, only_lead, retyped, waiting
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


def test_a_type_that_empties_a_field_clears_nothing(steps: Steps) -> None:
    """Neither at once nor in any later cycle, full ones too; the other fields travel."""
    retyped(steps, "Title", "phone")
    steps.both.clock.advance(60)
    with pytest.raises(RetryLater, match="changed the schema"):
        sync(steps.both.world, full=True)
    (contact,) = steps.contacts()
    steps.market(contact, phone="+49 30 7654321")
    for full in (False, True, False):
        steps.both.clock.advance(HOUR)
        sync(steps.both.world, full=full)
    assert steps.marketed(contact, "jobtitle") == "Head of Sales"
    assert steps.sold(only_lead(steps), "Phone") == "+49307654321"
    (rest,) = resting(steps.both.store)
    assert (rest.kind, rest.field, rest.change) == ("person", "title", "its type was string and is phone")


def test_a_person_lets_it_go_on(steps: Steps) -> None:
    """Once the values are back, or are to be as they are: what differs is found by a resync of this field alone."""
    retyped(steps, "Title", "phone")
    for _ in range(2):
        steps.both.clock.advance(timedelta(minutes=11).total_seconds())
        sync(steps.both.world)
    steps.sell(only_lead(steps), Title="Head of everything")
    steps.cycle()
    (contact,) = steps.contacts()
    assert steps.marketed(contact, "jobtitle") == "Head of Sales"
    accepted = accept_title(steps)
    assert [each.field for each in accepted.ended] == ["title"]
    assert not resting(steps.both.store)
    steps.cycle()
    assert steps.marketed(contact, "jobtitle") == "Head of Sales", "a cycle reads only what changes"
    by_hand = understood(steps.both.world, Words(kinds=["person"], fields=["title"], everything=True))
    assert ask(steps.both.world, by_hand) == waiting(steps) == accepted.resyncs[0]
    carried_out(steps)
    assert steps.marketed(contact, "jobtitle") == "Head of everything"
    steps.quiet()


def test_an_edit_during_the_rest_is_not_overwritten_after_it(steps: Steps) -> None:
    """Marketing edits while the field rests, sales before the resync has come round: by then both edits are known, the
    rule of the field decides between them, and the audit keeps the one that gave way.
    """
    at_rest(steps)
    (contact,) = steps.contacts()
    steps.market(contact, jobtitle="Typed meanwhile")
    steps.cycle()
    steps.cycle()
    accept_title(steps)
    steps.sell(only_lead(steps), Title="Typed since")
    steps.cycle()
    (link,) = steps.both.store.links("person")
    told = [each for row in steps.both.store.audit_of(link.id, 1) for each in row.changes if each.field == "title"]
    assert [(each.before, each.after) for each in told] == [("Typed meanwhile", "Typed since")]


def test_a_field_accepted_twice_is_compared_once(steps: Steps) -> None:
    """It rests again before the resync was carried out: the one that waits is enough."""
    at_rest(steps)
    first = accept_title(steps)
    retyped(steps, "Title", "email")
    steps.cycle()
    second = accept_title(steps)
    assert second.ended
    assert first.resyncs == second.resyncs == asked_for(steps.both.store)


def test_what_was_compared_at_rest_is_compared_anew(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    """A resync of the field that has begun may have passed records by."""
    monkeypatch.setattr(engine, "LOT", 1)
    steps.contact(email="second@example.com", company="Second")
    steps.cycle()
    at_rest(steps)
    first, *_ = steps.contacts()
    steps.sell(str(steps.marketed(first, "syncd_crm_id")), Title="Head of everything")
    steps.cycle()
    asked = ask(
        steps.both.world, understood(steps.both.world, Words(kinds=["person"], fields=["title"], everything=True))
    )
    assert not carry_on(steps.both.world, asked, Met(), leave_off=lambda: True)
    accept_title(steps)
    assert waiting(steps).id != asked.id
    carried_out(steps)
    assert steps.marketed(first, "jobtitle") == "Head of everything"


def test_a_command_that_dies_leaves_nothing_accepted_that_nobody_compares(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed right after the rest has ended: the resync was stored before."""
    at_rest(steps)

    class Killed(BaseException):
        pass

    def dying(*words: Any) -> None:
        let_go_on(*words)
        raise Killed

    monkeypatch.setattr(accepting, "let_go_on", dying)
    with pytest.raises(Killed):
        accept_title(steps)
    assert not resting(steps.both.store)
    assert waiting(steps).argument


def test_what_the_vendor_has_now_is_accepted(steps: Steps) -> None:
    """Changed once more since the schema was last read: that is what was accepted, and it does not rest again."""
    at_rest(steps)
    retyped(steps, "Title", "email")
    accept_title(steps)
    steps.cycle()
    assert not resting(steps.both.store)
    retyped(steps, "Title", "phone")
    steps.cycle()
    (rest,) = resting(steps.both.store)
    assert rest.change == "its type was email and is phone"


@pytest.mark.parametrize("vendor", ["hubspot", "salesforce"])
def test_nothing_is_accepted_while_a_vendor_cannot_be_reached(steps: Steps, vendor: str) -> None:
    """However young the schema is that is remembered."""
    at_rest(steps)
    getattr(steps.both, vendor).faults.arm(Fault("down", lambda _: True, times=1_000))
    with pytest.raises(RetryLater, match="nothing was accepted"):
        accept_title(steps)
    assert [each.field for each in resting(steps.both.store)] == ["title"]
    assert not asked_for(steps.both.store)


def test_a_field_that_does_not_fit_is_not_accepted(steps: Steps) -> None:
    """It was hidden since it rests: it rests on, and can be accepted once it is back."""
    at_rest(steps)
    for object_name in ("Lead", "Contact"):
        steps.both.salesforce.hide_field(object_name, "Title")
    accepted = accept_title(steps)
    assert ([each.field for each in accepted.unfit], accepted.ended, accepted.resyncs) == (["title"], [], [])
    assert resting(steps.both.store)[0].place == "Lead.Title"
    assert not asked_for(steps.both.store)
    for object_name in ("Lead", "Contact"):
        steps.both.salesforce.show_field(object_name, "Title")
    assert accept_title(steps).ended


def test_before_the_first_link_nothing_is_to_be_compared() -> None:
    """That compares everything."""
    both = open_both()
    steps = Steps(both)
    make_ready(both.world)
    retyped(steps, "Title", "phone")
    both.clock.advance(HOUR)
    make_ready(both.world)
    accepted = accept_title(steps)
    assert [each.field for each in accepted.ended] == ["title"]
    assert not accepted.resyncs
    assert not asked_for(both.store)
    both.store.close()


def test_a_field_that_left_the_mapping_rests_no_longer(steps: Steps) -> None:
    """But what was done to it is not forgotten: mapped again, it rests again, and nothing is cleared."""
    at_rest(steps)
    mapped = steps.both.world.connection
    mapped_without(steps, "title")
    steps.cycle()
    assert not resting(steps.both.store)
    assert not accept_title(steps).ended
    steps.both.world.connection = mapped
    steps.cycle()
    sync(steps.both.world, full=True)
    (rest,) = resting(steps.both.store)
    assert (rest.field, rest.change) == ("title", "its type was string and is phone")
    (contact,) = steps.contacts()
    assert steps.marketed(contact, "jobtitle") == "Head of Sales"


def test_a_kind_that_left_the_mapping_has_nothing_at_rest(steps: Steps) -> None:
    """Nobody looks at its fields any more."""
    at_rest(steps)
    kinds = tuple(kind for kind in steps.both.world.connection.kinds if kind.kind != "person")
    steps.both.world.connection = replace(steps.both.world.connection, kinds=kinds)
    make_ready(steps.both.world)
    assert not resting(steps.both.store)


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
    retyped(steps, "Title", "phone")
    steps.both.clock.advance(HOUR)
    sync(steps.both.world)
    contact = steps.contact(email="new@example.com", company="New", jobtitle="Chief")
    steps.cycle()
    lead = str(steps.marketed(contact, "syncd_crm_id"))
    assert steps.sold(lead, "Title") is None
    assert steps.sold(lead, "LastName") == "Doe"
    accept_title(steps)
    carried_out(steps)
    assert steps.sold(lead, "Title") == "Chief"


@pytest.mark.parametrize("change", ["hide_field", "protect_field"])
def test_a_field_that_is_closed_rests_until_it_is_open_again(steps: Steps, change: str) -> None:
    """Everything else goes on meanwhile, nothing is cleared, and the field goes on by itself."""
    (contact,) = steps.contacts()
    lead = only_lead(steps)
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


def remapped(steps: Steps, change: Callable[[FieldMapping], FieldMapping]) -> None:
    """Another mapping is in force from now on."""
    kinds = tuple(
        replace(kind, hash="new", fields=tuple(map(change, kind.fields))) for kind in steps.both.world.connection.kinds
    )
    steps.both.world.connection = replace(steps.both.world.connection, kinds=kinds)


def test_a_field_that_never_fitted_as_it_is_mapped_is_refused(steps: Steps) -> None:
    """Somebody has just mapped it so: the flaw is shown and not worked around."""
    steps.cycle()
    steps.both.salesforce.hide_field("Lead", "Title")
    remapped(steps, lambda each: replace(each, only_on_create=True) if each.name == "title" else each)
    with pytest.raises(BadConfig, match=r"Lead\.Title does not exist"):
        steps.cycle()


@pytest.mark.fault("F67")
@pytest.mark.parametrize("when", ["before", "after"])
def test_another_mapping_is_no_reason_to_stop_for_what_a_vendor_changed(steps: Steps, when: str) -> None:
    """Who wins is changed in the mapping while a field is hidden at the vendor: it rests, the others go on."""
    contact, lead = steps.pair(email="r@example.com")
    steps.cycle()
    steps.both.salesforce.hide_field("Lead", "Title")
    steps.both.clock.advance(900.0)
    if when == "after":
        steps.cycle()
    remapped(steps, lambda each: replace(each, policy=Policy.MARKETING) if each.policy is Policy.CRM else each)
    steps.market(contact, jobtitle="Unseen", city="Ulm")
    steps.cycle()
    assert {rest.field for rest in resting(steps.both.store)} == {"title"}
    assert steps.sold(lead, "City") == "Ulm"
