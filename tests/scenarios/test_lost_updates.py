"""An edit lands between syncd's last look at a record and its write: seen before, found afterwards, brought back.

Length: one window, and each way in which an edit may fall into it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from connectors.hubspot.connector import HubSpotConnector
from sandbox.faults.calls import hubspot_batch_write, salesforce_write
from sandbox.kernel import Fault, HttpRequest, HttpResponse
from syncd.engine.cycle import sync
from syncd.model.link import Topic
from syncd.model.values import Side
from tests.scenarios.steps import HOUR, Fields, Steps
from tests.worlds import open_world

SIDES = ("crm", "marketing")
LOST = "slipped.in@example.org"
SENT = "sent@example.org"

Make = Callable[[Callable[[Fields], None]], Steps]


def _with(confirm: str) -> Callable[[Fields], None]:
    """The e-mail address is guarded in this way; sales wins where both changed it, so that nothing else is held."""
    return lambda fields: fields["email"].update(confirm=confirm, policy="crm")


def _edit(steps: Steps, side: str, ids: tuple[str, str], value: str) -> None:
    """A person on that side types an address."""
    contact, lead = ids
    if side == "crm":
        steps.sell(lead, Email=value)
    else:
        steps.market(contact, email=value)


def _held(steps: Steps, ids: tuple[str, str]) -> tuple[object, object]:
    return steps.marketed(ids[0], "email"), steps.sold(ids[1], "Email")


def _slip_in(
    steps: Steps, side: str, ids: tuple[str, str], values: tuple[str, ...] = (LOST,), *, apart: float = 1.2
) -> None:
    """At the very moment in which that vendor carries syncd's write out, a person there has just edited the record."""
    kernel, matches = {
        "crm": (steps.both.salesforce, salesforce_write),
        "marketing": (steps.both.hubspot, hubspot_batch_write),
    }[side]

    def prepare(request: HttpRequest) -> HttpRequest:
        for value in values:
            steps.both.clock.advance(apart)
            _edit(steps, side, ids, value)
        steps.both.clock.advance(apart)
        return request

    kernel.faults.arm(Fault("slipped in", matches, when="around", prepare=prepare))


def _other(side: str) -> str:
    return "marketing" if side == "crm" else "crm"


@pytest.mark.parametrize("side", SIDES)
def test_without_a_guard_it_is_overwritten(steps_with: Make, side: str) -> None:
    """``confirm: none``: gone from both sides and listed nowhere, as docs/defaults.md says."""
    steps = steps_with(_with("none"))
    ids = steps.pair()
    _edit(steps, _other(side), ids, SENT)
    _slip_in(steps, side, ids)
    assert steps.counts() == {f"updated.{side}": 1}
    assert _held(steps, ids) == (SENT, SENT)
    assert not steps.conflicts()
    steps.quiet()


@pytest.mark.parametrize(("side", "confirm"), [(side, "readback") for side in SIDES] + [("marketing", "precondition")])
def test_what_slipped_in_is_found_and_brought_back(steps_with: Make, side: str, confirm: str) -> None:
    """The history tells of it: a conflict holds the value, its author and time; one word puts it on both sides."""
    steps = steps_with(_with(confirm))
    ids = steps.pair()
    _edit(steps, _other(side), ids, SENT)
    _slip_in(steps, side, ids)
    assert steps.counts() == {f"updated.{side}": 1, "conflicts": 1}
    assert _held(steps, ids) == (SENT, SENT)
    lost = steps.conflict()
    assert (lost.topic, lost.field, lost.base) == (Topic.LOST, "email", "ann@example.com")
    assert (lost.values.marketing, lost.values.crm) == ((SENT, LOST) if side == "crm" else (LOST, SENT))
    assert f"on the {side} side at 20" in lost.reason
    steps.quiet()
    assert steps.conflict() == lost
    steps.resolve(side)
    assert steps.counts() == {"updated.crm": 1, "updated.marketing": 1}
    assert _held(steps, ids) == (LOST, LOST)
    assert not steps.conflicts()
    steps.quiet()


@pytest.mark.parametrize("side", SIDES)
def test_what_is_read_again_for_one_field_counts_for_all(
    steps_with: Make, monkeypatch: pytest.MonkeyPatch, side: str
) -> None:
    """A guarded address brings a name along: an edit of the name that is seen by then is not written over."""
    steps = steps_with(_with("readback"))
    ids = contact, lead = steps.pair()
    _edit(steps, _other(side), ids, SENT)
    renamed = {
        "crm": lambda name: steps.sell(lead, LastName=name),
        "marketing": lambda name: steps.market(contact, lastname=name),
    }
    renamed[_other(side)]("Sent")
    slipping, connector = ["Slipped in"], type(steps.both.world.connectors.of(Side(side)))
    true = connector.write

    def after_an_edit(*positional: Any, **named: Any) -> Any:
        if slipping:
            steps.both.clock.advance(2.0)
            renamed[side](slipping.pop())
        return true(*positional, **named)

    monkeypatch.setattr(connector, "write", after_an_edit)
    assert steps.counts() == {f"stale.{side}": 1}
    steps.cycle()
    assert _held(steps, ids) == (SENT, SENT)
    assert (steps.marketed(contact, "lastname"), steps.sold(lead, "LastName")) == ("Slipped in", "Slipped in")
    steps.quiet()


@pytest.mark.parametrize("side", SIDES)
def test_what_is_left_out_as_it_is_read_again_may_be_an_edit(
    steps_with: Make, monkeypatch: pytest.MonkeyPatch, side: str
) -> None:
    """The answer just before the write leaves the guarded address out, which somebody has just edited: nothing is
    written over it.
    """
    steps = steps_with(_with("readback"))
    ids = steps.pair()
    _edit(steps, _other(side), ids, SENT)
    slipping, connector = [LOST], type(steps.both.world.connectors.of(Side(side)))
    kernel, field = {"crm": (steps.both.salesforce, "Email"), "marketing": (steps.both.hubspot, "email")}[side]
    true = connector.write

    def left_out(_: HttpRequest, answer: HttpResponse) -> HttpResponse:
        return replace(answer, body=re.sub(rb'"%b":"[^"]*",?' % field.encode(), b"", answer.body))

    def after_an_edit(*positional: Any, **named: Any) -> Any:
        if slipping:
            steps.both.clock.advance(2.0)
            _edit(steps, side, ids, slipping.pop())
            kernel.faults.arm(Fault("left out", lambda _: True, when="around", alter=left_out))
        try:
            return true(*positional, **named)
        finally:
            kernel.faults.clear()

    monkeypatch.setattr(connector, "write", after_an_edit)
    assert steps.counts()[f"stale.{side}"] == 1
    steps.cycle()
    steps.cycle()
    assert _held(steps, ids) == ((LOST, LOST) if side == "crm" else (SENT, SENT)), "sales wins where both have changed"
    assert not steps.conflicts()
    steps.quiet()


@pytest.mark.parametrize("side", SIDES)
def test_it_may_be_left_as_it_is(steps_with: Make, side: str) -> None:
    """The other side's value is taken: nothing is written, and nothing is listed any more."""
    steps = steps_with(_with("readback"))
    ids = steps.pair()
    _edit(steps, _other(side), ids, SENT)
    _slip_in(steps, side, ids)
    steps.cycle()
    steps.resolve(_other(side))
    assert not {name for name in steps.counts() if name.startswith("updated")}
    assert _held(steps, ids) == (SENT, SENT)
    assert not steps.conflicts()
    steps.quiet()


@pytest.mark.parametrize("side", SIDES)
def test_a_later_edit_does_not_close_it(steps_with: Make, side: str) -> None:
    """Somebody edits the field again: that travels, and the overwritten value is still there to be had."""
    steps = steps_with(_with("readback"))
    ids = steps.pair()
    _edit(steps, _other(side), ids, SENT)
    _slip_in(steps, side, ids)
    steps.cycle()
    _edit(steps, side, ids, "later@example.org")
    steps.cycle()
    assert _held(steps, ids) == ("later@example.org", "later@example.org")
    assert steps.conflict().topic is Topic.LOST
    steps.resolve(side)
    steps.cycle()
    assert _held(steps, ids) == (LOST, LOST)
    steps.quiet()


@pytest.mark.parametrize("side", SIDES)
def test_typed_again_by_people_it_is_over(steps_with: Make, side: str) -> None:
    """The person types the value once more: it travels, and the conflict is no longer true."""
    steps = steps_with(_with("readback"))
    ids = steps.pair()
    _edit(steps, _other(side), ids, SENT)
    _slip_in(steps, side, ids)
    steps.cycle()
    _edit(steps, side, ids, LOST)
    steps.cycle()
    steps.cycle()
    assert _held(steps, ids) == (LOST, LOST)
    assert not steps.conflicts()
    steps.quiet()


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("slipped", [(SENT,), ("gone@example.org", "ann@example.com")])
def test_nothing_lost_is_nothing_listed(steps_with: Make, side: str, slipped: tuple[str, ...]) -> None:
    """What slipped in is the very value that is written, or was changed back before: no conflict."""
    steps = steps_with(_with("readback"))
    ids = steps.pair()
    _edit(steps, _other(side), ids, SENT)
    _slip_in(steps, side, ids, slipped)
    steps.cycle()
    assert _held(steps, ids) == (SENT, SENT)
    assert not steps.conflicts()
    steps.quiet()


def test_a_process_that_dies_while_it_brings_a_value_back(steps_with: Make) -> None:
    """The second of both writes is never answered: the choice stands until both sides have the value."""
    steps = steps_with(_with("readback"))
    ids = steps.pair()
    _edit(steps, "marketing", ids, SENT)
    _slip_in(steps, "crm", ids)
    steps.cycle()
    steps.resolve("crm")
    steps.both.hubspot.faults.arm(Fault("cut", hubspot_batch_write, when="cut"))
    steps.cycle()
    assert steps.sold(ids[1], "Email") == LOST
    assert [each.resolution for each in steps.both.store.conflicts()] == ["crm"]
    both = steps.both
    for _ in range(3):
        both.clock.advance(HOUR)
        sync(open_world(both.hubspot, both.salesforce, both.clock, both.store, both.settings))
    assert _held(steps, ids) == (LOST, LOST)
    assert not steps.conflicts()
    steps.quiet()


def test_a_field_without_history_is_only_read_before(steps_with: Make) -> None:
    """Salesforce does not track the field: the edit is overwritten, and nothing false is claimed."""
    steps = steps_with(_with("readback"))
    ids = steps.pair()
    steps.both.salesforce.track_fields("Lead", ["Company"])
    _edit(steps, "marketing", ids, SENT)
    _slip_in(steps, "crm", ids)
    assert steps.counts() == {"updated.crm": 1}
    assert not steps.conflicts()
    steps.quiet()


# -- the vendor's own condition ----------------------------------------------------------------------------------------
def test_salesforce_refuses_what_was_changed_meanwhile(steps_with: Make) -> None:
    """``confirm: precondition``: the write is not carried out, the record is decided on again, and sales wins."""
    steps = steps_with(_with("precondition"))
    ids = steps.pair()
    _edit(steps, "marketing", ids, SENT)
    _slip_in(steps, "crm", ids)
    assert steps.counts() == {"stale.crm": 1, "updated.marketing": 1}
    assert _held(steps, ids) == (LOST, LOST)
    assert not steps.conflicts()
    steps.quiet()


@pytest.mark.parametrize("ignored", [False, True])
def test_what_the_condition_lets_through_is_in_the_history(steps_with: Make, ignored: bool) -> None:
    """Within one second the condition sees nothing, and an org may ignore it altogether: the history tells."""
    steps = steps_with(_with("precondition"))
    ids = steps.pair()
    steps.both.salesforce.switches.conditional_writes = not ignored
    _edit(steps, "marketing", ids, SENT)
    steps.both.clock.advance(HOUR)
    steps.sell(ids[1], Rating="Hot")  # so that the record, as it is read, is of this very second
    _slip_in(steps, "crm", ids, apart=1.2 if ignored else 0.0)
    assert steps.cycle(after=0.2).run.counts == {"updated.crm": 1, "conflicts": 1}
    assert (steps.conflict().topic, steps.conflict().values.crm) == (Topic.LOST, LOST)


def test_beyond_so_many_rows_it_is_a_readback(steps_with: Make) -> None:
    """``precondition_rows`` of a cycle are calls of their own; the rest goes as ever."""
    steps = steps_with(_with("precondition"))
    world = steps.both.world
    world.connection = replace(world.connection, precondition_rows=2)
    contacts = [steps.contact(email=f"p{n}@example.com", company="Acme") for n in range(5)]
    steps.cycle()
    for number, contact in enumerate(contacts):
        steps.market(contact, email=f"new{number}@example.com")
    before = len(steps.both.salesforce.calls)
    assert steps.counts() == {"updated.crm": 5}
    sent = [call for call in steps.both.salesforce.calls[before:] if call.method == "PATCH"]
    assert sorted("/composite/" in call.path for call in sent) == [False, False, True]
    steps.quiet()


def test_an_edit_between_the_poll_and_the_question_for_others_counts(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A contact is new and has no title; asked for by its address it has one by then: that was read, and stays."""
    lead = steps.lead(Email="ann@example.com", Title=None)
    steps.cycle()
    contact = steps.contact(email="ann@example.com", company="Acme")
    steps.sell(lead, Title="Buyer")
    real = HubSpotConnector.find

    def late(self: HubSpotConnector, *args: Any) -> Any:
        if steps.marketed(contact, "jobtitle") is None:
            steps.both.clock.advance(1)
            steps.market(contact, jobtitle="Head of Buying")
        return real(self, *args)

    monkeypatch.setattr(HubSpotConnector, "find", late)
    steps.cycle()
    told = [row.changes for link in steps.both.store.links("person") for row in steps.both.store.audit_of(link.id, 9)]
    befores = {change.before for changes in told for change in changes if change.field == "title"}
    assert befores == {"Head of Buying"}, "by policy the CRM wins, and the audit keeps what stood there"
    steps.quiet()


@pytest.mark.parametrize("side", ["crm", "marketing"])
def test_an_edit_after_the_word_to_bring_a_value_back_is_asked_about(
    steps_with: Callable[[Callable[[Fields], None]], Steps], side: str
) -> None:
    """Nobody has decided on what was typed since: it stays, and the question comes again with it."""
    steps = steps_with(_with("readback"))
    ids = steps.pair()
    _edit(steps, _other(side), ids, SENT)
    _slip_in(steps, side, ids)
    steps.cycle()
    (lost,) = steps.conflicts()
    assert lost.topic is Topic.LOST
    steps.resolve(side)
    _edit(steps, _other(side), ids, "third@example.org")
    steps.cycle()
    steps.cycle()
    assert _held(steps, ids) == ("third@example.org", "third@example.org")
    asked = steps.conflict()
    assert (asked.topic, asked.resolution) == (Topic.LOST, None)
    assert set(asked.values) == {*lost.values} - {SENT} | {"third@example.org"}
    steps.quiet()
    steps.resolve(side)
    steps.cycle()
    steps.cycle()
    assert not steps.conflicts()
    assert "third@example.org" not in _held(steps, ids)
    steps.quiet()
