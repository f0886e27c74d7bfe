"""A field goes on while a whole resync is under way, which has passed some records without it."""

from __future__ import annotations

import pytest

from syncd.engine import resync
from syncd.engine.resync import Met, asked_for, carry_on
from syncd.engine.world import filled
from syncd.model.remote import Cursor
from syncd.model.resync import Reached
from syncd.operations.accepting import accept
from syncd.operations.resyncing import ask
from tests.scenarios.drifting import retyped
from tests.scenarios.resyncs import linked_people, wanted
from tests.scenarios.steps import Steps


def test_what_was_edited_while_it_rested_is_not_taken_for_compared(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sales edits a title that rests, after the resync has passed that record; then the field goes on, and marketing
    edits it as well: the edit of sales is not written over as if it were known.
    """
    monkeypatch.setattr(resync, "LOT", 2)
    people = linked_people(steps)
    for contact, _ in people:
        steps.market(contact, jobtitle="Buyer")
    steps.cycle()
    retyped(steps, "Title", "phone")
    for _ in range(2):
        steps.cycle()
    world = steps.both.world
    whole, met = ask(world, wanted(steps, everything=True)), Met()
    assert not carry_on(world, whole, met, leave_off=lambda: True)
    contact, lead = people[0]
    steps.sell(lead, Title="+123")
    steps.cycle()
    accept(world, {("person", "title")})
    steps.cycle(after=60.0)
    assert carry_on(world, whole, met, leave_off=lambda: False)
    assert "title" not in (filled(world, "person") or ())
    steps.market(contact, jobtitle="Chief")
    steps.cycle(after=60.0)
    assert (steps.marketed(contact, "jobtitle"), steps.sold(lead, "Title")) == ("+123", "+123")
    (narrow,) = asked_for(steps.both.store)
    assert carry_on(world, narrow, Met(), leave_off=lambda: False)
    assert "title" in (filled(world, "person") or ())


def test_a_position_from_before_tells_no_fields() -> None:
    """Stored by an older version: what was compared until then is not known, so nothing is noted for it."""
    before = Reached.read(Cursor("[1, null, 7]"))
    assert before.looking_at({"person": frozenset({"title"})}).looked == {"person": frozenset()}
    began = Reached().looking_at({"person": frozenset({"title", "city"})})
    assert Reached.read(began.next_step().written()).looking_at({"person": frozenset({"title", "phone"})}).looked == {
        "person": frozenset({"title"})
    }
