"""Recreating on purpose: what was deleted is made again because a person said so, and only then."""

from __future__ import annotations

from typing import Any

import pytest

from syncd.engine.cycle import Ended, plan_only, sync
from syncd.engine.forgetting import wish
from syncd.model.errors import BadUsage
from syncd.model.link import LinkState
from syncd.model.plan import Create
from syncd.model.remote import RemoteRef
from syncd.model.values import Side
from syncd.operations.braking import reject
from syncd.operations.recreating import tombstones
from syncd.operations.wishes import ask_recreate, cycle
from syncd.settings.brake import raised
from tests.scenarios.brakes import DAY, approved, held, only
from tests.scenarios.signals import listening
from tests.scenarios.steps import HOUR, Steps
from tests.scenarios.test_dead_letters import refuse_creates
from tests.worlds import open_both

CONVERTED = "Closed - Converted"


def recreate(steps: Steps, text: str) -> Ended:
    """A cycle that a person gave this record to."""
    steps.both.clock.advance(HOUR)
    return sync(steps.both.world, recreate=tombstones(steps.both.world, [text]))


def test_a_deleted_lead_is_made_again(steps: Steps) -> None:
    """The plan shows it first; a new Lead and a new link are made, the old link and its history stay a tombstone."""
    contact, lead = steps.pair(jobtitle="Buyer")
    ref = RemoteRef("contacts", contact)
    old = steps.both.store.linked("person", Side.MARKETING, [ref])[ref].link
    steps.both.salesforce.delete("Lead", lead)
    steps.cycle()
    steps.market(contact, jobtitle="Head")
    steps.cycle()
    planned = plan_only(steps.both.world, recreate=tombstones(steps.both.world, [f"marketing:contacts/{contact}"]))
    (create,) = [action for action in planned.plan.actions() if isinstance(action, Create)]
    assert (create.side, create.object, create.origin) == (Side.CRM, "Lead", ref)
    assert recreate(steps, "ann@example.com").run.counts == {"created.crm": 1, "keyed.marketing": 1}
    (made,) = steps.live("Lead")
    assert made["Title"] == "Head"
    assert steps.marketed(contact, "syncd_crm_id") == made["Id"]
    new = steps.both.store.linked("person", Side.MARKETING, [ref])[ref].link
    assert (new.state, new.refs.crm.id) == (LinkState.LIVE, made["Id"])
    kept = steps.both.store.by_link([old.id])[old.id].link
    assert (kept.state, kept.refs.crm.id) == (LinkState.TOMBSTONE, lead)
    assert steps.both.store.audit_of(old.id, 9)
    steps.sell(str(made["Id"]), City="Bonn")
    steps.cycle()
    assert steps.marketed(contact, "city") == "Bonn"
    steps.quiet()


def test_an_archived_contact_is_made_again(steps: Steps) -> None:
    """The other way round, though no rule makes contacts by itself."""
    contact, lead = steps.pair(jobtitle="Buyer")
    steps.both.hubspot.archive("contacts", contact)
    steps.cycle()
    assert recreate(steps, f"crm:Lead/{lead}").run.counts["created.marketing"] == 1
    (made,) = steps.contacts()
    assert made != contact
    assert steps.marketed(made, "jobtitle") == "Buyer"
    assert steps.sold(lead, "Syncd_Marketing_Id__c") == made
    steps.quiet()


def test_a_second_deletion_can_be_undone_too(steps: Steps) -> None:
    """Made again, deleted again, made again: each time a link of its own."""
    contact, _ = steps.pair()
    for _ in range(2):
        (row,) = steps.live("Lead")
        steps.both.salesforce.delete("Lead", str(row["Id"]))
        steps.cycle()
        recreate(steps, f"marketing:contacts/{contact}")
        assert len(steps.live("Lead")) == 1
    steps.quiet()


def test_what_came_meanwhile_is_linked_and_not_doubled(steps: Steps) -> None:
    """Somebody made the Lead by hand already: the two are linked, and no third record is made."""
    contact, lead = steps.pair()
    steps.both.salesforce.delete("Lead", lead)
    steps.cycle()
    by_hand = steps.lead(Email="ann@example.com", Status="Open - Not Contacted")
    recreate(steps, f"marketing:contacts/{contact}")
    assert [row["Id"] for row in steps.live("Lead")] == [by_hand]
    assert steps.marketed(contact, "syncd_crm_id") == by_hand


def test_what_is_no_tombstone_is_refused(steps: Steps) -> None:
    """A live link, a record that never had one, an unknown word and a forgotten person: each with its reason."""
    contact, lead = steps.pair()
    alone = steps.contact(email="bob@example.com", lifecyclestage="subscriber")
    steps.cycle()
    for text, why in (
        (f"marketing:contacts/{contact}", "has both of its records"),
        (f"marketing:contacts/{alone}", "never linked"),
        ("nobody@example.com", "neither side"),
        ("nonsense", "names no record"),
    ):
        with pytest.raises(BadUsage, match=why):
            tombstones(steps.both.world, [text])
    asked = wish(steps.both.world, "person", [(Side.CRM, RemoteRef("Lead", lead))], asked=None, salt="")
    steps.both.store.approve(asked)
    steps.cycle()
    with pytest.raises(BadUsage, match="forgotten for privacy"):
        tombstones(steps.both.world, [f"crm:Lead/{lead}"])


def test_nothing_is_left_to_recreate_from(steps: Steps) -> None:
    """Both records are gone: the command says so and writes nothing."""
    contact, lead = steps.pair()
    steps.both.salesforce.delete("Lead", lead)
    steps.cycle()
    steps.both.hubspot.archive("contacts", contact)
    before = steps.written()
    with pytest.raises(BadUsage, match="gone as well"):
        recreate(steps, f"marketing:contacts/{contact}")
    assert steps.written() == before


def test_what_is_held_is_made_once_it_is_approved() -> None:
    """More is made than may be: the Lead that a person asked for waits for the approval, and is then made."""
    both = open_both(brake={**raised(1_000), "creates": {"records": 1, "share": 0.0}})
    steps = Steps(both)
    contact = steps.contact(email="ann@example.com", company="Acme")
    steps.cycle()
    steps.both.salesforce.delete("Lead", str(steps.marketed(contact, "syncd_crm_id")))
    steps.cycle(after=2 * DAY)
    steps.contact(email="bob@example.com", company="Acme")
    assert steps.counts()["created.crm"] == 1
    assert recreate(steps, f"marketing:contacts/{contact}").run.counts == {"held": 1}
    steps.market(contact, jobtitle="Head")
    assert steps.counts() == {}, "nobody has approved it yet"
    approved(steps, only(steps))
    assert steps.counts()["created.crm"] == 1
    assert {lead["Email"] for lead in steps.live("Lead")} == {"ann@example.com", "bob@example.com"}
    assert steps.marketed(contact, "syncd_crm_id") in {lead["Id"] for lead in steps.live("Lead")}
    assert held(steps) == []
    steps.quiet()
    both.store.close()


def test_what_is_held_and_rejected_is_over() -> None:
    """Nobody made the Lead, and nobody will: it leaves the list with the next cycle, and may be asked for once more."""
    both = open_both(brake={**raised(1_000), "creates": {"records": 1, "share": 0.0}})
    steps = Steps(both)
    contact = steps.contact(email="ann@example.com", company="Acme")
    steps.cycle()
    steps.both.salesforce.delete("Lead", str(steps.marketed(contact, "syncd_crm_id")))
    steps.cycle(after=2 * DAY)
    for name in ("bob", "cy"):
        steps.contact(email=f"{name}@example.com", company="Acme")
    assert steps.counts()["held"] == 1
    recreate(steps, f"marketing:contacts/{contact}")
    part = only(steps)
    assert len(part.lot.changes) == 2
    reject(both.store, part.digest, who="ann", reason="a slip", now=both.clock.now())
    steps.cycle()
    assert f"marketing:contacts/{contact}" not in {each.record for each in only(steps).lot.changes}
    assert len(only(steps).lot.changes) == 1, "the new contact would be made into a Lead by itself"
    steps.cycle(after=2 * DAY)
    assert recreate(steps, f"marketing:contacts/{contact}").run.counts["created.crm"] == 1
    assert len(steps.live("Lead")) == 2
    steps.quiet()
    both.store.close()


def test_what_is_refused_is_made_once_it_is_tried_again(steps: Steps) -> None:
    """A rule lets nobody make a Lead: the letter of the one that a person asked for is tried again like any other."""
    contact, lead = steps.pair()
    steps.both.salesforce.delete("Lead", lead)
    steps.cycle()
    refuse_creates(steps)
    assert recreate(steps, f"marketing:contacts/{contact}").run.counts == {"refused.crm": 1, "dead_letters.crm": 1}
    (letter,) = steps.both.store.dead_letters()
    steps.both.salesforce.org.validation_rules.clear()
    steps.market(contact, jobtitle="Head")
    assert steps.counts() == {}, "nobody has asked for it again yet"
    assert steps.both.store.mark_dead_letter(letter.id, True)
    assert steps.counts()["created.crm"] == 1
    (made,) = steps.live("Lead")
    assert steps.marketed(contact, "syncd_crm_id") == made["Id"]
    assert not steps.both.store.dead_letters()
    steps.quiet()


def test_one_that_is_gone_ends_no_other_wish(steps: Steps) -> None:
    """Three were asked for, and two of the contacts are deleted before the daemon's cycle: the third gets its Lead."""
    contacts = [steps.contact(email=f"{name}@example.com", company="Acme") for name in ("ann", "bob", "cy")]
    steps.cycle()
    for contact in contacts:
        steps.both.salesforce.delete("Lead", str(steps.marketed(contact, "syncd_crm_id")))
    steps.cycle()
    for contact in contacts:
        ask_recreate(steps.both.world, f"marketing:contacts/{contact}")
    for contact in contacts[:2]:
        steps.both.hubspot.archive("contacts", contact)
    lines = listening()
    steps.both.clock.advance(60)
    assert cycle(steps.both.world).run.counts["created.crm"] == 1
    (made,) = steps.live("Lead")
    assert steps.marketed(contacts[2], "syncd_crm_id") == made["Id"]
    assert [line["records"] for line in lines("recreate.refused")] == [2]
    assert not steps.both.store.requests()
    steps.quiet()


def test_a_wish_taken_back_until_a_turn_has_the_connection_is_heeded(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever takes it back is told that no turn is at work, and nothing is made."""
    contact, lead = steps.pair()
    steps.both.salesforce.delete("Lead", lead)
    steps.cycle()
    asked = ask_recreate(steps.both.world, f"marketing:contacts/{contact}")
    store, take = steps.both.store, type(steps.both.store).take_lease

    def taken_back(*given: Any) -> Any:
        assert store.lease() is None
        store.cancel(asked.id, steps.both.clock.now())
        return take(*given)

    monkeypatch.setattr(type(store), "take_lease", taken_back)
    steps.both.clock.advance(60)
    cycle(steps.both.world)
    assert steps.live("Lead") == []


def test_what_has_become_another_record_meanwhile_is_not_gone(steps: Steps) -> None:
    """The Lead that is left was converted since the last cycle: its Contact gets the counterpart that was asked for."""
    contact, lead = steps.pair()
    steps.both.hubspot.archive("contacts", contact)
    steps.cycle()
    ask_recreate(steps.both.world, f"crm:Lead/{lead}")
    new, _, _ = steps.both.salesforce.convert(lead, status=CONVERTED)
    ask_recreate(steps.both.world, f"crm:Lead/{lead}")
    steps.both.clock.advance(60)
    assert cycle(steps.both.world).run.counts["created.marketing"] == 1
    (made,) = steps.contacts()
    assert steps.sold(new, "Syncd_Marketing_Id__c", object_name="Contact") == made
    assert not steps.both.store.requests()
    steps.quiet()
    steps.market(made, city="Bonn")
    steps.cycle()
    assert steps.sold(new, "MailingCity", object_name="Contact") == "Bonn"
    steps.quiet()


def test_what_is_somebody_with_a_counterpart_by_now_gets_no_second_one(steps: Steps) -> None:
    """The Lead that is left was converted into somebody's Contact: there is nothing to make, and nothing is gone."""
    contact, lead = steps.pair()
    other = steps.contact(email="bob@example.com", company="Acme")
    steps.cycle()
    theirs, account, _ = steps.both.salesforce.convert(str(steps.marketed(other, "syncd_crm_id")), status=CONVERTED)
    steps.cycle()
    steps.both.hubspot.archive("contacts", contact)
    steps.cycle()
    ask_recreate(steps.both.world, f"crm:Lead/{lead}")
    steps.both.salesforce.convert(lead, status=CONVERTED, contact_id=theirs, account_id=account)
    lines = listening()
    steps.both.clock.advance(60)
    cycle(steps.both.world)
    assert steps.contacts() == [other]
    assert not steps.conflicts()
    assert not list(lines("recreate.refused"))
    assert not steps.both.store.requests()
    steps.quiet()
