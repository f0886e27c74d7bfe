"""The slow sweep: what polling cannot see is found in a bounded number of cycles, at two calls a share, and counted."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

import pytest

from syncd.engine.cycle import sync
from syncd.engine.reconcile import reconcile
from syncd.engine.running import running
from syncd.engine.world import make_ready
from syncd.model.agreement import Cause, read_agreements
from syncd.model.errors import RetryLater
from syncd.model.link import LinkState
from syncd.model.run import RunState
from syncd.operations.health import agreement
from syncd.ports.memory import AGREEMENT
from tests.scenarios.drifting import retyped
from tests.scenarios.steps import Steps

SHARES = 12
"""More than a sweep of these few records takes: three stretches of two kinds, each with an empty last page."""


def sweep(steps: Steps, *, shares: int = SHARES) -> Counter[str]:
    """So many cycles with a share each; what they did in all."""
    done: Counter[str] = Counter()
    for _ in range(shares):
        steps.both.clock.advance(30.0)
        done.update(sync(steps.both.world, steady=True).run.counts)
    return done


@pytest.fixture
def pair(steps: Steps) -> tuple[str, str]:
    """A linked person in step."""
    both = steps.pair()
    steps.cycle()
    return both


def _unseen(steps: Steps, contact: str, **values: str) -> None:
    steps.both.hubspot.portal.store("contacts").records[int(contact)].values.update(values)


def test_a_value_that_changed_without_a_trace_is_found(steps: Steps, pair: tuple[str, str]) -> None:
    """On either side; and written once."""
    contact, lead = pair
    _unseen(steps, contact, jobtitle="Unseen")
    assert steps.counts() == {}
    assert sweep(steps) == {"updated.crm": 1}
    assert steps.sold(lead, "Title") == "Unseen"
    row = steps.both.salesforce.org.row(lead)
    assert row is not None
    row["City"] = "Ulm"
    assert steps.counts() == {}
    assert sweep(steps) == {"updated.marketing": 1}
    assert steps.marketed(contact, "city") == "Ulm"
    steps.quiet()


def test_a_contact_that_left_without_a_trace_is_found(steps: Steps, pair: tuple[str, str]) -> None:
    """Nowhere, and no stream tells of it: the person is forgotten, and nobody is made anew."""
    contact, _ = pair
    store = steps.both.hubspot.portal.store("contacts")
    store.erase(store.records[int(contact)])
    assert steps.counts() == {}
    assert sweep(steps)["forgotten"] == 1
    (link,) = steps.both.store.links("person")
    assert link.state is LinkState.FORGOTTEN
    assert len(steps.live("Lead")) == 1


def test_an_archived_contact_that_the_bin_does_not_show_any_more(steps: Steps, pair: tuple[str, str]) -> None:
    """Archived: found by its id, and the link becomes a tombstone."""
    contact, _ = pair
    steps.both.hubspot.archive("contacts", contact)
    sweep(steps)
    (link,) = steps.both.store.links("person")
    assert link.state is LinkState.TOMBSTONE


def test_a_lead_that_no_stream_told_of_is_found(steps: Steps, pair: tuple[str, str]) -> None:
    """Committed with a stamp far behind the cursor: matched and linked all the same."""
    before = steps.both.clock.elapsed
    contact = steps.contact(email="late@example.com", lifecyclestage="subscriber")
    steps.cycle()
    steps.both.clock.elapsed = before
    late = steps.lead(Email="late@example.com")
    steps.both.clock.elapsed = before + 90_000.0
    assert "links" not in steps.counts()
    sweep(steps)
    assert steps.marketed(contact, "syncd_crm_id") == late


def test_a_sweep_of_a_pair_in_step_writes_nothing_and_costs_two_calls(steps: Steps, pair: tuple[str, str]) -> None:
    """No write, no base, two calls a share at most; and it tells that all agree."""
    written = steps.written()
    calls = len(steps.both.hubspot.calls) + len(steps.both.salesforce.calls)
    steps.both.clock.advance(30.0)
    sync(steps.both.world)
    alone = len(steps.both.hubspot.calls) + len(steps.both.salesforce.calls) - calls
    for _ in range(SHARES):
        calls = len(steps.both.hubspot.calls) + len(steps.both.salesforce.calls)
        steps.both.clock.advance(30.0)
        sync(steps.both.world, steady=True)
        assert len(steps.both.hubspot.calls) + len(steps.both.salesforce.calls) - calls <= alone + 2
    assert steps.written() == written
    assert agreement(steps.both.store) == {"person": 1.0}


def test_the_agreement_counts_what_was_found_out_of_step(steps: Steps) -> None:
    """Four linked, one changed without a trace, one in a conflict: half of them agree; after the repair three do."""
    contacts = [steps.contact(email=f"p{n}@example.com", company="Acme") for n in range(4)]
    steps.cycle()
    leads = [str(steps.marketed(contact, "syncd_crm_id")) for contact in contacts]
    steps.cycle()
    steps.market(contacts[0], email="a@example.com")
    steps.sell(leads[0], Email="b@example.com")
    steps.cycle()
    assert len(steps.conflicts()) == 1
    _unseen(steps, contacts[1], jobtitle="Unseen")
    sweep(steps)
    assert agreement(steps.both.store)["person"] == 0.5
    sweep(steps)
    assert agreement(steps.both.store)["person"] == 0.75


def test_each_field_that_differs_has_its_cause(steps: Steps) -> None:
    """One is in a conflict, one was refused as too long, one changed without a trace, and a field rests: the sweep says
    of each field in how many records it differs, and why.
    """
    contacts = [steps.contact(email=f"p{n}@example.com", company="Acme") for n in range(4)]
    steps.cycle()
    leads = [str(steps.marketed(contact, "syncd_crm_id")) for contact in contacts]
    steps.cycle()
    steps.market(contacts[0], email="a@example.com")
    steps.sell(leads[0], Email="b@example.com")
    steps.market(contacts[1], jobtitle="Head of " * 20)
    steps.cycle()
    _unseen(steps, contacts[2], city="Unseen")
    retyped(steps, "Phone", "string")
    for _ in range(2):
        steps.both.clock.advance(11 * 60)
        with suppress(RetryLater):  # the cycle that notices it
            sync(steps.both.world)
    sweep(steps)
    noted = steps.both.store.recall(AGREEMENT)
    assert noted is not None
    told = read_agreements(noted[0])["person"]
    assert (told.seen, told.agreeing) == (4, 1)
    assert told.fields() == {
        "city": {Cause.PENDING: 1}, "email": {Cause.CONFLICT: 1}, "phone": {Cause.UNMAPPED: 4},
        "title": {Cause.REFUSED: 1},
    }  # fmt: skip
    named = {each.marketing: each.fields for each in told.records.values()}
    assert named == {
        f"contacts/{contacts[0]}": {"email": Cause.CONFLICT},
        f"contacts/{contacts[1]}": {"title": Cause.REFUSED},
        f"contacts/{contacts[2]}": {"city": Cause.PENDING},
    }
    assert {each.crm for each in told.records.values()} == {f"Lead/{lead}" for lead in leads[:3]}


def test_a_retry_that_was_asked_for_is_carried_out_or_left_to_the_cycle(steps: Steps, pair: tuple[str, str]) -> None:
    """A share never drops a dead letter that it did not try: this one is tried in vain, and told once more."""
    steps.contact(email="dead@example.com", lastname="x" * 100)
    steps.cycle()
    (letter,) = steps.both.store.dead_letters()
    assert steps.both.store.mark_dead_letter(letter.id, True)
    for _ in range(SHARES):
        with running(steps.both.world, command="sync", wait=0.0) as at_work:
            make_ready(steps.both.world)
            reconcile(at_work)
            at_work.end(RunState.DONE)
    (still,) = steps.both.store.dead_letters()
    assert still.retry or still.attempts == letter.attempts + 1
