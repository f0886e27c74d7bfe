"""Unlinking and relinking where processes die, vendors do not answer, and the store is lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from sandbox.kernel import Fault, HttpRequest
from syncd.engine.unlinking import LOOKS
from syncd.model.link import LinkState
from syncd.model.remote import RemoteRef
from syncd.model.values import Pair, Side
from syncd.observe.log import listen, unlisten
from syncd.operations.linking import relink, unlink
from tests.sampled import effects
from tests.scenarios.steps import Steps
from tests.scenarios.test_crashes import fresh, killed_at, until_quiet
from tests.worlds import Both, open_both


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    """Stand-ins over a store in a file, so that a process can end and another go on."""
    opened = open_both(f"sqlite:///{tmp_path}/state.db")
    yield opened
    opened.store.close()


def linked(both: Both) -> tuple[str, str]:
    """A contact and its Lead, linked and in step."""
    return Steps(both).pair()


def ended(both: Both, contact: str) -> None:
    """A person says that the contact and its Lead are not one."""
    ref = RemoteRef("contacts", contact)
    link = both.store.linked("person", Side.MARKETING, [ref])[ref].link
    unlink(both.store, link.id, connection="main", who="ann", now=both.clock.now())


def stands(both: Both, contact: str, lead: str) -> tuple[bool, object, object]:
    """Whether the two are one, and what their keys name."""
    ref, steps = RemoteRef("contacts", contact), Steps(both)
    link = both.store.linked("person", Side.MARKETING, [ref])[ref].link
    one = link.state is LinkState.LIVE and link.refs.crm.id == lead
    return one, steps.marketed(contact, "syncd_crm_id"), steps.sold(lead, "Syncd_Marketing_Id__c")


@pytest.mark.slow
def test_killed_at_every_step_of_an_unlinking_it_ends_unlinked_without_keys(tmp_path: Path) -> None:
    """Before or after the store knew, between both vendors, before the wish was settled: the end is the same."""
    for n in effects(60):
        folder = tmp_path / str(n)
        folder.mkdir()
        both = open_both(f"sqlite:///{folder}/state.db")
        contact, lead = linked(both)
        ended(both, contact)
        killed = killed_at(both, folder, n, after=60)
        until_quiet(both, folder)
        assert stands(both, contact, lead) == (False, None, None), f"killed at effect {n}"
        assert not both.store.requests()
        both.store.close()
        if not killed:
            assert n > 5, "the loop must have had something to kill"
            return
    raise AssertionError("no run went through")


@pytest.mark.slow
def test_killed_at_every_step_of_a_relinking_it_ends_linked_with_keys(tmp_path: Path) -> None:
    """The Lead is taken from somebody else, by force; killed in the cycle that ends it and in the one that joins."""
    for n in effects(60):
        folder = tmp_path / str(n)
        folder.mkdir()
        both = open_both(f"sqlite:///{folder}/state.db")
        other, lead = linked(both)
        contact = Steps(both).contact(email="bob@example.com", lifecyclestage="lead", hs_lead_status="")
        Steps(both).cycle()
        relink(both.world, Pair(f"contacts/{contact}", f"Lead/{lead}"), force=True)
        fresh(both, folder, [10**9])
        killed = killed_at(both, folder, n, after=60) | killed_at(both, folder, n, after=60)
        until_quiet(both, folder)
        assert stands(both, contact, lead) == (True, lead, contact), f"killed at effect {n}"
        assert stands(both, other, lead)[:2] == (False, None)
        assert [row["Id"] for row in Steps(both).live("Lead")] == [lead]
        both.store.close()
        if not killed:
            assert n > 5, "the loop must have had something to kill"
            return
    raise AssertionError("no run went through")


@pytest.mark.parametrize("when", ["drop", "after", "cut"])
def test_a_lost_answer_to_an_emptied_key_is_settled_by_reading(both: Both, tmp_path: Path, when: str) -> None:
    """Carried out or not, and never answered: the key is empty in the end, and nobody is joined meanwhile."""
    contact, lead = linked(both)
    ended(both, contact)

    def hit(request: HttpRequest) -> bool:
        return request.method in {"POST", "PATCH"} and "Lead" in request.path + str(request.body)

    fault = Fault(name=when, matches=hit, when=when, times=1)
    both.salesforce.faults.arm(fault)
    Steps(both).cycle()
    until_quiet(both, tmp_path)
    assert stands(both, contact, lead) == (False, None, None)
    assert fault.fired


def test_a_key_that_a_vendor_keeps_is_told_and_asked_for_no_more(
    both: Both,
) -> None:
    """A rule of the org refuses every edit of the Lead: tried a few times, then told with the record, then left."""
    contact, lead = linked(both)
    both.salesforce.org.validation_rules.setdefault("Lead", []).append(lambda before, after: "This Lead is closed")
    ended(both, contact)
    kept: list[object] = []

    def hear(event: str, keys: Mapping[str, object]) -> None:
        if event == "link.key_kept":
            kept.append(keys["record"])

    listen(hear)
    counts = [dict(Steps(both).counts()) for _ in range(LOOKS + 3)]
    unlisten(hear)
    assert kept == [f"Lead/{lead}"]
    assert counts[0] == {"keyed.marketing": 1, "refused.crm": 1}
    assert sum(each.get("refused.crm", 0) for each in counts) == LOOKS
    assert stands(both, contact, lead) == (False, None, contact)
    assert not both.store.requests()
    Steps(both).quiet()
