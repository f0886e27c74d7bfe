"""Whoever is forgotten is forgotten whole, and nobody else with them: earlier links, notes, unanswered writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sandbox.kernel import Fault, HttpRequest
from syncd.engine.cycle import sync
from syncd.engine.forgetting import wish
from syncd.engine.gathered import look_again
from syncd.model.errors import BadUsage
from syncd.model.keeping import Keep
from syncd.model.link import LinkState
from syncd.model.remote import RemoteRef
from syncd.model.values import Pair, Side
from syncd.operations.finding import find_hits
from syncd.operations.privacy import ask_to_forget
from syncd.operations.recreating import tombstones
from syncd.store import SqlStore
from tests.scenarios.signals import keyed_engagements, signalling
from tests.scenarios.steps import HOUR, Steps
from tests.scenarios.test_activities import DECLARED, call
from tests.scenarios.test_privacy import ANN, ask, remains, state_of
from tests.scenarios.test_unlinking import link_of, part

BOB = "bob@example.com"


def patient(steps: Steps) -> None:
    """Both vendors may carry a write out for ten minutes."""
    steps.both.world.connection = replace(steps.both.world.connection, horizon=Pair(600.0, 600.0))


def parted(steps: Steps) -> tuple[str, str]:
    """A contact and a Lead of whom a person said that they are not one; the Lead is Bob's."""
    contact, lead = steps.pair(email=ANN, firstname="Zyxwanda")
    part(steps, contact)
    steps.cycle()
    steps.cycle()
    steps.sell(lead, Email=BOB, LastName="Bob")
    steps.cycle()
    return contact, lead


# -- only who was named ------------------------------------------------------------------------------------------------
def test_of_two_who_are_not_one_only_the_one_that_is_named_is_forgotten(steps: Steps) -> None:
    """The contact goes, with all values of the link that was; the Lead is mailed on, stays known and stays apart."""
    contact, lead = parted(steps)
    ended = link_of(steps, contact).id
    (hit,) = find_hits(steps.both.world, f"marketing:contacts/{contact}")
    assert ask_to_forget(steps.both.world, hit, "") == [f"marketing:contacts/{contact}"]
    assert steps.counts() == {"forgotten": 1, "opted_out.marketing": 1}
    assert steps.sold(lead, "HasOptedOutOfEmail") is False
    assert [record for _, record, _ in remains(steps)] == [contact]
    assert steps.both.store.suppressed([ANN, BOB]) == {ANN}
    assert state_of(steps, contact) is LinkState.FORGOTTEN
    of_the_two = steps.both.store.by_link([ended])[ended]
    assert of_the_two.link.unlinked
    assert of_the_two.base is None
    history = steps.both.store.audit_of(ended, 99)
    assert history
    assert all(row.destroyed for row in history)
    steps.sell(lead, Title="Head")
    steps.market(contact, jobtitle="Buyer")
    steps.quiet()
    assert steps.contacts() == [contact], "nobody is made for the Lead: a person said that it stays apart"


@pytest.mark.parametrize("told", ["erased", "asked by both"])
def test_a_contact_erased_in_hubspot_does_not_take_the_other_along(steps: Steps, told: str) -> None:
    """HubSpot tells of the contact alone. Whoever names both has both forgotten, each by themselves."""
    contact, lead = parted(steps)
    if told == "erased":
        steps.both.hubspot.gdpr_delete("contacts", contact)
        steps.both.store.approve(look_again(steps.both.world, "person", f"marketing:contacts/{contact}"))
    else:
        ask(steps, (Side.MARKETING, RemoteRef("contacts", contact)), (Side.CRM, RemoteRef("Lead", lead)))
    counts = steps.counts()
    assert counts["forgotten"] == (1 if told == "erased" else 2)
    assert state_of(steps, contact) is LinkState.FORGOTTEN
    assert steps.sold(lead, "HasOptedOutOfEmail") is (told != "erased")
    assert steps.both.store.suppressed([ANN, BOB]) == ({ANN} if told == "erased" else {ANN, BOB})
    steps.quiet()


def test_what_keeps_two_apart_outlives_a_wish_that_names_an_older_id(steps: Steps) -> None:
    """The contact was merged since, which its link with Bob's Lead has followed: whoever it is now is forgotten."""
    contact, lead = parted(steps)
    ended = link_of(steps, contact).id
    other = steps.contact(email="wen@example.com", lifecyclestage="lead", hs_lead_status="")
    steps.cycle()
    steps.both.hubspot.merge("contacts", other, contact)
    steps.cycle()
    ask(steps, (Side.MARKETING, RemoteRef("contacts", contact)))
    assert steps.counts()["forgotten"] == 1
    (now,) = steps.contacts()
    assert state_of(steps, now) is LinkState.FORGOTTEN
    found = steps.both.store.by_link([ended])[ended]
    assert found.link.unlinked
    assert found.link.refs.crm.id == lead
    assert found.base is None
    steps.sell(lead, Title="Head")
    steps.quiet()
    assert steps.contacts() == [now]


@pytest.mark.parametrize("told", ["by an operator", "by HubSpot"])
def test_who_was_just_told_apart_is_parted_first(steps: Steps, told: str) -> None:
    """Both wishes wait for the same cycle: the link ends in it, and the next one forgets the contact alone."""
    contact, lead = steps.pair(email=ANN)
    part(steps, contact)
    if told == "by HubSpot":
        steps.both.hubspot.gdpr_delete("contacts", contact)
        steps.both.store.approve(look_again(steps.both.world, "person", f"marketing:contacts/{contact}"))
    else:
        (hit,) = find_hits(steps.both.world, f"marketing:contacts/{contact}")
        assert ask_to_forget(steps.both.world, hit, "") == [f"marketing:contacts/{contact}"]
    assert "forgotten" not in steps.counts()
    assert link_of(steps, contact).unlinked
    assert steps.counts()["forgotten"] == 1
    assert state_of(steps, contact) is LinkState.FORGOTTEN
    assert steps.sold(lead, "HasOptedOutOfEmail") is False
    assert Side.CRM not in [side for side, _, _ in remains(steps)]
    steps.quiet()


def test_two_who_are_not_one_are_not_forgotten_by_what_both_are_found_by(steps: Steps) -> None:
    """By the link, or by an address that both have, nobody can tell which is meant: both are listed."""
    contact, lead = steps.pair(email=ANN)
    part(steps, contact)
    steps.cycle()
    for text in (f"link:{link_of(steps, contact).id}", ANN):
        (hit,) = find_hits(steps.both.world, text)
        with pytest.raises(BadUsage, match=f"marketing:contacts/{contact} or crm:Lead/{lead}"):
            ask_to_forget(steps.both.world, hit, text)
    (hit,) = find_hits(steps.both.world, f"crm:Lead/{lead}")
    assert ask_to_forget(steps.both.world, hit, "") == [f"crm:Lead/{lead}"]


def test_a_contact_that_is_there_again_when_a_wish_of_hubspot_s_is_carried_out_is_not_forgotten(steps: Steps) -> None:
    """It was nowhere while a write of the person's was in flight. One odd answer is one, whenever it was given."""
    contact, lead = steps.pair(email=ANN)
    refs = (Side.MARKETING, RemoteRef("contacts", contact)), (Side.CRM, RemoteRef("Lead", lead))
    steps.both.store.approve(wish(steps.both.world, "person", refs, asked=Side.MARKETING, salt="in flight"))
    assert not steps.counts()
    assert state_of(steps, contact) is LinkState.LIVE
    steps.quiet()


# -- all of them -------------------------------------------------------------------------------------------------------
def test_what_an_earlier_link_of_theirs_holds_goes_too(steps: Steps) -> None:
    """The Lead was deleted, made again, deleted and made again: no link of the three has a value or a readable row."""
    contact, lead = steps.pair(email=ANN, firstname="Zyxwanda")
    ref = RemoteRef("contacts", contact)
    links = [link_of(steps, contact).id]
    for _ in range(2):
        steps.both.salesforce.delete("Lead", lead)
        steps.cycle()
        steps.both.clock.advance(HOUR)
        sync(steps.both.world, recreate=tombstones(steps.both.world, [f"marketing:{ref}"]))
        links.append(link_of(steps, contact).id)
        lead = link_of(steps, contact).refs.crm.id
    bystander = steps.contact(email=BOB)
    steps.cycle()
    assert len(set(links)) == 3
    store = steps.both.store
    assert all(store.by_link(links)[each].base for each in links)
    ask(steps, (Side.MARKETING, ref))
    assert steps.counts()["forgotten"] == 1
    assert [store.by_link(links)[each].base for each in links] == [None] * 3
    assert all(row.destroyed for each in links for row in store.audit_of(each, 99))
    assert store.links_with("zyxwanda", 9) == []
    assert store.by_link([link_of(steps, bystander).id])[link_of(steps, bystander).id].base is not None
    steps.quiet()


def test_edits_seen_while_a_write_was_waited_for_are_not_kept(steps: Steps) -> None:
    """The note of what a person of sales wrote meanwhile goes with the ending of the write, in one transaction."""
    patient(steps)
    _, lead = steps.pair(email=ANN)
    steps.market(link_of_lead(steps, lead), city="Ulm")
    cut = Fault("late", lambda r: r.method in {"POST", "PATCH"} and "Ulm" in str(r.body), "cut", 1)
    steps.both.salesforce.faults.arm(cut)
    steps.cycle(after=5)
    steps.sell(lead, City="Canarytown")
    steps.cycle(after=5)
    assert notes(steps) == [b'{"City":"Canarytown"}']
    steps.cycle(after=2 * HOUR)
    assert not steps.both.store.open_intents()
    assert notes(steps) == []


def test_a_note_that_was_left_behind_goes_with_the_next_who_is_forgotten(steps: Steps) -> None:
    """Versions before this one kept them; what a write is still waited for stays."""
    contact, _ = steps.pair(email=ANN)
    steps.both.store.remember("met:over", b'{"City":"Canarytown"}', steps.both.clock.now())
    steps.both.store.remember("metro", b"another", steps.both.clock.now())
    ask(steps, (Side.MARKETING, RemoteRef("contacts", contact)))
    assert steps.counts()["forgotten"] == 1
    assert notes(steps) == []
    assert steps.both.store.recall("metro") is not None


def notes(steps: Steps) -> list[bytes]:
    """What is remembered of edits that were seen while a write was waited for."""
    assert isinstance(steps.both.store, SqlStore)
    with steps.both.store.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT content FROM memory WHERE name LIKE 'met:%'").fetchall()
    return [bytes(row.content) for row in rows]


def link_of_lead(steps: Steps, lead: str) -> str:
    """The contact of a Lead."""
    ref = RemoteRef("Lead", lead)
    return steps.both.store.linked("person", Side.CRM, [ref])[ref].link.refs.marketing.id


def test_a_lead_that_is_converted_meanwhile_is_forgotten_as_the_contact_it_became(steps: Steps) -> None:
    """Later edits of the Contact, a new address among them, are those of a forgotten person; nobody is made of it."""
    contact, lead = steps.pair(email=ANN)
    ask(steps, (Side.MARKETING, RemoteRef("contacts", contact)))
    became, _, _ = steps.both.salesforce.convert(lead, status="Closed - Converted")
    assert steps.counts()["forgotten"] == 1
    link = link_of(steps, contact)
    assert (link.state, link.refs.crm) == (LinkState.FORGOTTEN, RemoteRef("Contact", became))
    steps.sell(became, object_name="Contact", Email="new@example.com")
    steps.quiet()
    assert steps.contacts() == [contact]


def test_whose_records_both_became_others_is_forgotten_once_the_opt_out_is_sent(steps: Steps) -> None:
    """Merged here, converted there, and Salesforce is read-only: the wish that waits still finds the link."""
    contact, lead = steps.pair(email=ANN)
    other = steps.contact(email="wen@example.com", lifecyclestage="lead", hs_lead_status="")
    steps.cycle()
    link = link_of(steps, contact).id
    ask(steps, (Side.MARKETING, RemoteRef("contacts", contact)))
    became, _, _ = steps.both.salesforce.convert(lead, status="Closed - Converted")
    steps.both.hubspot.merge("contacts", other, contact)
    steps.both.salesforce.begin_maintenance()
    assert "forgotten" not in steps.counts()
    steps.both.salesforce.end_maintenance()
    assert steps.counts()["forgotten"] == 1
    found = steps.both.store.by_link([link])[link]
    assert (found.link.state, found.base) == (LinkState.FORGOTTEN, None)
    assert found.link.refs == Pair(RemoteRef("contacts", steps.contacts()[0]), RemoteRef("Contact", became))
    assert steps.sold(became, "HasOptedOutOfEmail", object_name="Contact") is True
    steps.quiet()


# -- unanswered writes -------------------------------------------------------------------------------------------------
@pytest.fixture
def copying(tmp_path: Path) -> Iterator[Steps]:
    """A world in which calls are copied to HubSpot."""
    both = signalling(tmp_path, DECLARED)
    keyed_engagements(both)
    yield Steps(both)
    both.store.close()


def test_a_person_waits_for_the_ending_of_an_activity_that_nobody_answered(copying: Steps) -> None:
    """Forgotten once that is known; every row of the audit has an ending then, so that it can be pruned."""
    patient(copying)
    contact, lead = copying.pair(email=ANN)
    copying.cycle()
    link = link_of(copying, contact).id
    call(copying, lead)

    def lost(request: HttpRequest) -> bool:
        return request.method == "POST" and "/calls" in request.path and "batch/upsert" in request.path

    copying.both.hubspot.faults.arm(Fault("lost", lost, "drop", 1))
    copying.cycle(after=5)
    assert [intent.link for intent in copying.both.store.open_intents()] == [link]
    ask(copying, (Side.MARKETING, RemoteRef("contacts", contact)))
    assert "forgotten" not in copying.cycle(after=5).run.counts
    assert state_of(copying, contact) is LinkState.LIVE
    assert copying.cycle(after=2 * HOUR).run.counts["forgotten"] == 1
    assert copying.both.store.requests() == []
    assert all(row.outcome for row in copying.both.store.audit_of(link, 99))
    copying.both.clock.advance(500 * 24 * HOUR)
    step = copying.both.store.prune(Keep(audit=timedelta(days=400), runs=None), copying.both.clock.now())
    assert step.audit > 0
    assert step.kept_by is None


def test_what_waits_of_whom_a_forgotten_lead_was_merged_into_goes_on_waiting(steps: Steps) -> None:
    """Bob is asked about two addresses. Ann's Lead is merged into his, and Ann is forgotten: his question stays, and
    his link is found by his Lead as before.
    """
    bob, theirs = steps.pair(email="bob@example.com")
    steps.sell(theirs, HasOptedOutOfEmail=True)
    steps.cycle()
    steps.market(bob, email="bob.one@example.com")
    steps.sell(theirs, Email="bob.two@example.com")
    ann, lead = steps.pair(email="ann@example.com")
    question = next(each for each in steps.conflicts() if each.field == "email")
    steps.both.salesforce.merge("Lead", theirs, [lead])
    ask(steps, (Side.MARKETING, RemoteRef("contacts", ann)))
    steps.cycle()
    assert question.id in {each.id for each in steps.conflicts()}
    steps.both.salesforce.delete("Lead", theirs)
    steps.cycle()
    steps.both.salesforce.undelete("Lead", theirs)
    steps.cycle()
    assert state_of(steps, bob) is LinkState.LIVE
