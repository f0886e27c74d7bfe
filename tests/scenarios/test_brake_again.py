"""What comes again: a change that was approved and carried out before, and a write that is tried more than once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from sandbox.faults.arming import arm
from sandbox.kernel import Fault, HttpResponse
from syncd.operations.braking import Part, Stands
from syncd.settings.brake import raised
from tests.scenarios.brakes import approved, held, linked, only, titles
from tests.scenarios.steps import Steps
from tests.worlds import open_both

FEW = 12


@pytest.fixture
def steps() -> Iterator[Steps]:
    """A world in which two records may get one value."""
    both = open_both(brake={**raised(1_000), "same_value": {"records": 2, "share": 0.0}})
    yield Steps(both)
    both.store.close()


def of_titles(steps: Steps) -> Part:
    """What is held of titles."""
    (part,) = (each for each in held(steps) if each.lot.key[3] == "title")
    return part


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside another lot"])
def test_what_was_approved_and_carried_out_is_not_approved_again(steps: Steps, *, beside: bool) -> None:
    """The same script runs twice within a day, and its first run was put right meanwhile: the second run is asked of a
    person like the first one.
    """
    pairs = linked(steps, FEW)
    for contact, _ in pairs:
        steps.market(contact, jobtitle="Same", **({"city": "Berlin"} if beside else {}))
    steps.cycle()
    approved(steps, of_titles(steps))
    steps.cycle()
    assert titles(steps) == FEW
    for number, (contact, _) in enumerate(pairs):
        steps.market(contact, jobtitle=f"Own {number}")
    steps.cycle()
    for contact, _ in pairs:
        steps.market(contact, jobtitle="Same")
    for _ in range(3):
        steps.cycle()
        assert of_titles(steps).stands is Stands.WAITS
    assert sum(1 for lead in steps.live("Lead") if lead["Title"] == "Same") == 0, "two flowed within the day before"
    approved(steps, of_titles(steps))
    steps.cycle()
    assert {lead["Title"] for lead in steps.live("Lead")} == {"Same"}


def test_an_approval_counts_by_whatever_clock_it_is_given(steps: Steps) -> None:
    """What is held was seen by a clock that goes ahead of the one of the person who approves it."""
    pairs = linked(steps, FEW)
    for contact, _ in pairs:
        steps.market(contact, jobtitle="Same")
    steps.cycle()
    steps.both.clock.start -= timedelta(minutes=10)
    assert approved(steps, only(steps)).stands is Stands.APPROVED
    steps.cycle()
    assert titles(steps) == FEW


def test_an_approved_write_that_is_put_off_stays_approved(steps: Steps) -> None:
    """One of the rows fails within the vendor: it is written in the next cycle, and nobody is asked again."""
    for contact, _ in linked(steps, FEW):
        steps.market(contact, jobtitle="Same")
    steps.cycle()
    approved(steps, only(steps))
    arm(steps.both.salesforce, "partial-batch")
    assert steps.counts()["deferred.crm"] == 1
    assert only(steps).stands is Stands.APPROVED
    assert dict(steps.counts()) == {"updated.crm": 1}
    assert (titles(steps), held(steps)) == (FEW, [])
    steps.quiet()


def test_what_is_tried_again_counts_once() -> None:
    """A record that is locked through a night fills no window, or the next edits of that field would be held for it."""
    both = open_both(brake={**raised(1_000), "updates": {"records": 4, "share": 0.0}})
    steps = Steps(both)
    pairs = linked(steps, FEW)
    steps.market(pairs[0][0], jobtitle="Locked")
    arm(steps.both.salesforce, "row-lock", times=1_000)
    for _ in range(8):
        assert dict(steps.counts()) == {"deferred.crm": 1}
    steps.both.salesforce.faults.clear()
    for number, (contact, _) in enumerate(pairs[1:4]):
        steps.market(contact, jobtitle=f"Own {number}")
    assert dict(steps.counts()) == {"updated.crm": 4}
    steps.market(pairs[4][0], jobtitle="One more")
    assert dict(steps.counts()) == {"held": 1}, "what was written at last is counted"
    both.store.close()


def test_what_is_written_and_waits_for_its_company_counts() -> None:
    """HubSpot takes the titles, and is busy when their contacts are to be put into another company: the titles are
    written all the same, and count.
    """
    both = open_both(brake={**raised(1_000), "updates": {"records": 2, "share": 0.0}})
    steps = Steps(both)
    both.hubspot.create("companies", {"name": "Acme", "domain": "acme-works.com"})
    account = both.salesforce.insert("Account", {"Name": "Acme", "Website": "acme-works.com"})
    mates = [both.salesforce.convert(lead, status="Closed - Converted")[0] for _, lead in linked(steps, 3)]
    steps.cycle()
    busy = HttpResponse(423, b'{"message":"locked"}', {"Content-Type": "application/json"})
    both.hubspot.faults.arm(Fault("busy", lambda asked: _associates(asked.path), times=1_000, answer=busy))
    for number, mate in enumerate(mates[:2]):
        steps.sell(mate, object_name="Contact", Title=f"Own {number}", AccountId=account)
    assert steps.counts()["deferred.marketing"] == 2
    assert {steps.marketed(contact, "jobtitle") for contact in steps.contacts()} >= {"Own 0", "Own 1"}
    both.hubspot.faults.clear()
    steps.sell(mates[2], object_name="Contact", Title="Own 2")
    assert steps.counts()["held"] == 1
    both.store.close()


def _associates(path: str) -> bool:
    return "/associations/" in path and not path.endswith("/batch/read")
