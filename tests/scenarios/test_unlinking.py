"""People say that two records are not one, or that two others are: it is carried out, remembered and not undone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sandbox.faults.arming import arm
from syncd.engine.cycle import plan_only, sync
from syncd.model.errors import BadUsage
from syncd.model.link import Link, LinkState, Proof
from syncd.model.remote import RemoteRef
from syncd.model.values import Pair, Side
from syncd.operations.explain import explain
from syncd.operations.finding import find_hits
from syncd.operations.linking import Said, relink, stands, unlink, unlinked
from tests.scenarios.resyncs import carried_out, wanted
from tests.scenarios.steps import Steps

KEY = "Syncd_Marketing_Id__c"


def link_of(steps: Steps, contact: str) -> Link:
    """The link that a contact has, live or ended."""
    ref = RemoteRef("contacts", contact)
    return steps.both.store.linked("person", Side.MARKETING, [ref])[ref].link


def part(steps: Steps, contact: str) -> Said:
    """A person says that a contact and its counterpart are not one."""
    world = steps.both.world
    link = link_of(steps, contact)
    return unlink(world.store, link.id, connection="main", who="ann", now=world.clock.now())


def join(steps: Steps, contact: str, lead: str, *, force: bool = False) -> Said:
    """A person says that a contact and a Lead are one."""
    return relink(steps.both.world, Pair(f"contacts/{contact}", f"crm:Lead/{lead}"), force=force)


def keys(steps: Steps, contact: str, lead: str) -> tuple[object, object]:
    """What the key fields of both name."""
    return steps.marketed(contact, "syncd_crm_id"), steps.sold(lead, KEY)


# -- unlink ------------------------------------------------------------------------------------------------------------
def test_the_two_are_not_one_any_more_and_nothing_of_them_changes(steps: Steps) -> None:
    """The link ends, both keys are emptied, values stay; what one side edits from then on does not travel."""
    contact, lead = steps.pair(jobtitle="Buyer")
    assert part(steps, contact).what == "unlink"
    assert steps.counts() == {"keyed.crm": 1, "keyed.marketing": 1}
    assert link_of(steps, contact).unlinked
    assert keys(steps, contact, lead) == (None, None)
    assert steps.sold(lead, "Title") == steps.marketed(contact, "jobtitle") == "Buyer"
    steps.market(contact, jobtitle="Head")
    steps.sell(lead, City="Bonn")
    assert not steps.counts()
    assert steps.sold(lead, "Title") == "Buyer"
    assert steps.marketed(contact, "city") is None
    steps.quiet()


def test_a_key_that_was_left_out_is_not_taken_for_empty(steps: Steps) -> None:
    """An answer without it does not tell whom it names: it is looked at again, and emptied once it is told."""
    contact, lead = steps.pair()
    steps.cycle()
    part(steps, contact)
    arm(steps.both.hubspot, "field-missing", field="syncd_crm_id", times=3)
    for _ in range(5):
        steps.cycle()
    assert keys(steps, contact, lead) == (None, None)
    assert not steps.both.store.requests()


def test_they_are_not_joined_again_by_themselves(steps: Steps) -> None:
    """They share an address, are edited, and compared by poll, by resync and from end to end: nobody is joined or made.

    Somebody types the key in again, too: it proves nothing against a person's word.
    """
    contact, lead = steps.pair()
    part(steps, contact)
    steps.cycle()
    steps.market(contact, firstname="Ann")
    steps.sell(lead, FirstName="Ann", **{KEY: contact})
    steps.cycle()
    request = wanted(steps, everything=True)
    carried_out(steps, request)
    steps.both.clock.advance(3_600)
    sync(steps.both.world, full=True)
    assert link_of(steps, contact).unlinked
    assert steps.contacts() == [contact]
    assert [row["Id"] for row in steps.live("Lead")] == [lead]
    assert not steps.conflicts()
    assert not steps.both.store.parked()


def test_a_stranger_who_looks_like_one_of_them_is_a_question(steps: Steps) -> None:
    """A Lead with the contact's address is neither joined nor doubled until a person says whose it is."""
    contact, lead = steps.pair()
    part(steps, contact)
    steps.cycle()
    steps.sell(lead, Email="bob@example.com")
    right = steps.lead(Email="ann@example.com")
    assert steps.counts() == {"conflicts": 1}
    steps.resolve(f"link:marketing:contacts/{contact}=crm:Lead/{right}")
    steps.cycle()
    link = link_of(steps, contact)
    assert (link.state, link.refs.crm.id) == (LinkState.LIVE, right)
    steps.sell(lead, Email="ann@example.com")
    steps.cycle()
    assert steps.contacts() == [contact], "the Lead that was unlinked stays apart"
    assert not steps.conflicts(), "and nobody is asked about it again"
    steps.quiet()


def test_what_waited_of_the_two_waits_no_longer(steps: Steps) -> None:
    """A conflict between them is nobody's question once they are not one."""
    contact, lead = steps.pair()
    steps.market(contact, email="ann@new.example")
    steps.sell(lead, Email="ann@sales.example")
    steps.cycle()
    assert steps.conflicts()
    part(steps, contact)
    steps.cycle()
    assert not steps.conflicts()
    steps.quiet()


def test_asked_twice_it_is_done_once_and_taken_back_it_is_not_done(steps: Steps) -> None:
    """The same word again changes nothing; joined again before a cycle came, the link never ended."""
    contact, lead = steps.pair()
    part(steps, contact)
    part(steps, contact)
    assert len(steps.both.store.requests()) == 1
    world = steps.both.world
    assert [each.asked for each in stands(world.store, [link_of(steps, contact)])] == ["unlink"]
    assert join(steps, contact, lead).what == "relink"
    assert not steps.counts()
    assert link_of(steps, contact).state is LinkState.LIVE
    part(steps, contact)
    steps.cycle()
    assert part(steps, contact).what == "nothing"
    assert [each.id for each in unlinked(world.store)] == [link_of(steps, contact).id]


def test_a_plan_shows_it_and_does_nothing(steps: Steps) -> None:
    """``syncd plan`` and ``explain`` say what is to come, and afterwards why nothing happens."""
    contact, lead = steps.pair()
    part(steps, contact)
    written = steps.written()
    assert [type(each).__name__ for each in plan_only(steps.both.world).plan.actions()] == [
        "Unlink",
        "Update",
        "Update",
    ]
    assert steps.written() == written
    steps.cycle()
    (hit,) = find_hits(steps.both.world, f"crm:Lead/{lead}")
    assert "a person has unlinked the two" in explain(steps.both.world, hit).next[-1]


def test_a_lead_that_is_converted_meanwhile_is_unlinked_as_what_it_is(steps: Steps) -> None:
    """The wish is about the link: it waits until the link has followed, and ends it then."""
    contact, lead = steps.pair()
    part(steps, contact)
    converted, _, _ = steps.both.salesforce.convert(lead, status="Closed - Converted")
    steps.cycle()
    steps.cycle()
    link = link_of(steps, contact)
    assert link.unlinked
    assert link.refs.crm == RemoteRef("Contact", converted)
    assert steps.marketed(contact, "syncd_crm_id") is None
    assert steps.contacts() == [contact]


# -- relink ------------------------------------------------------------------------------------------------------------
def test_joined_again_they_keep_their_link_and_fill_each_other_up(steps: Steps) -> None:
    """The same two: the old link lives again with its history; values meet as at first, and nothing is emptied."""
    contact, lead = steps.pair(jobtitle="Buyer")
    before = link_of(steps, contact)
    part(steps, contact)
    steps.cycle()
    steps.market(contact, jobtitle="", city="Bonn")
    steps.cycle()
    join(steps, contact, lead)
    steps.cycle()
    link = link_of(steps, contact)
    assert (link.id, link.state, link.proof) == (before.id, LinkState.LIVE, Proof.MANUAL)
    assert keys(steps, contact, lead) == (lead, contact)
    assert steps.sold(lead, "City") == "Bonn"
    assert steps.sold(lead, "Title") == steps.marketed(contact, "jobtitle") == "Buyer"
    steps.market(contact, jobtitle="Head")
    steps.cycle()
    assert steps.sold(lead, "Title") == "Head"
    steps.quiet()


def test_two_who_share_nothing_are_joined(steps: Steps) -> None:
    """No key, no address: a person's word alone; and neither the next polls nor a full compare part them."""
    contact = steps.contact(email="ann@example.com", city="Bonn", lifecyclestage="lead", hs_lead_status="")
    lead = steps.lead(Email="ann.lee@private.example", Title="Head")
    steps.cycle()
    assert join(steps, contact, lead).ends == ()
    steps.cycle()
    assert link_of(steps, contact).state is LinkState.LIVE
    assert keys(steps, contact, lead) == (lead, contact)
    assert (steps.sold(lead, "City"), steps.marketed(contact, "jobtitle")) == ("Bonn", "Head")
    (question,) = steps.conflicts()
    assert question.field == "email", "two addresses are asked about and none is overwritten"
    for _ in range(2):
        steps.both.clock.advance(3_600)
        sync(steps.both.world, full=True)
    assert link_of(steps, contact).state is LinkState.LIVE


def test_who_is_linked_elsewhere_is_taken_only_with_force(steps: Steps) -> None:
    """Refused with the names of both, and the way; with it the former counterpart stays alone, without a key."""
    other, lead = steps.pair()
    contact = steps.contact(email="bob@example.com", lifecyclestage="lead", hs_lead_status="")
    steps.cycle()
    with pytest.raises(BadUsage, match=f"crm:Lead/{lead} is linked with marketing:contacts/{other}.*--force"):
        join(steps, contact, lead)
    assert not steps.conflicts()
    said = join(steps, contact, lead, force=True)
    assert said.ends == (link_of(steps, other).id,)
    steps.cycle()
    steps.cycle()
    link = link_of(steps, contact)
    assert (link.state, link.refs.crm.id) == (LinkState.LIVE, lead)
    assert keys(steps, contact, lead) == (lead, contact)
    assert link_of(steps, other).unlinked
    assert steps.marketed(other, "syncd_crm_id") is None
    steps.market(other, city="Ulm")
    steps.cycle()
    assert len(steps.live("Lead")) == 1, "the former counterpart is given no other one by itself"


def test_both_may_be_taken_from_others_at_once(steps: Steps) -> None:
    """Two pairs that were taken for each other: one is joined with --force, then the other, and each has its own."""
    ann, anns = steps.pair()
    bob, bobs = steps.contact(email="bob@example.com", company="B"), ""
    steps.cycle()
    bobs = str(steps.marketed(bob, "syncd_crm_id"))
    join(steps, ann, bobs, force=True)
    steps.cycle()
    steps.cycle()
    join(steps, bob, anns)
    steps.cycle()
    assert keys(steps, ann, bobs) == (bobs, ann)
    assert keys(steps, bob, anns) == (anns, bob)
    assert {link.id for link in steps.both.store.links("person") if link.state is LinkState.LIVE} == {
        link_of(steps, ann).id,
        link_of(steps, bob).id,
    }


def test_said_to_be_apart_before_a_later_word_counts(steps: Steps) -> None:
    """Two candidates were set apart as a conflict; relink joins one of them after all."""
    contact = steps.contact(email="ann@example.com", lifecyclestage="lead", hs_lead_status="")
    one, two = (steps.lead(Email="ann@example.com", FirstName=name) for name in ("A", "B"))
    steps.cycle()
    steps.resolve("apart")
    steps.cycle()
    live = {link.refs.crm.id: link for link in steps.both.store.links("person") if link.state is LinkState.LIVE}
    join(steps, contact, one, force=bool(live))
    steps.cycle()
    steps.cycle()
    link = link_of(steps, contact)
    assert (link.state, link.refs.crm.id) == (LinkState.LIVE, one)
    assert two != one


BAD: list[tuple[Callable[[str, str], tuple[str, str]], str]] = [
    (lambda contact, lead: (f"crm:Lead/{lead}", f"marketing:contacts/{contact}"), "write the marketing record first"),
    (lambda contact, lead: ("ann@example.com", f"Lead/{lead}"), "names no marketing record"),
    (lambda contact, lead: (f"people/{contact}", f"Lead/{lead}"), "no kind has the marketing object 'people'"),
    (lambda contact, lead: (f"contacts/{contact}", "Account/001000000000001AAA"), "of one kind"),
    (lambda contact, lead: ("contacts/99999999", f"Lead/{lead}"), "marketing:contacts/99999999 is not there"),
    (lambda contact, lead: (f"contacts/{contact}", "Lead/00Q0000000000ZZAAA"), "is not there"),
]


@pytest.mark.parametrize(("words", "told"), BAD)
def test_what_cannot_be_joined_is_refused_with_a_reason(
    steps: Steps, words: Callable[[str, str], tuple[str, str]], told: str
) -> None:
    """Wrong order, no record, no such object, two kinds, nobody there: nothing is stored."""
    contact, lead = steps.pair()
    with pytest.raises(BadUsage, match=told):
        relink(steps.both.world, Pair(*words(contact, lead)), force=True)
    assert not steps.both.store.requests()
    assert not steps.conflicts()


def test_whoever_left_or_was_forgotten_is_nobody_to_unlink(steps: Steps) -> None:
    """A tombstone by itself, and a link that is none."""
    contact, lead = steps.pair()
    steps.both.salesforce.delete("Lead", lead)
    steps.cycle()
    with pytest.raises(BadUsage, match=r"its crm record Lead/.* left"):
        part(steps, contact)
    with pytest.raises(BadUsage, match="there is no link nothing"):
        unlink(steps.both.store, "nothing", connection="main", who="ann", now=steps.both.clock.now())
