"""The mass-change brake: what is too much at once is held before its first write, and goes on only by approval."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from syncd.core.guard import Guard
from syncd.engine.brake import Brake, would_hold
from syncd.engine.cycle import plan_only, sync
from syncd.model.brake import Limits, Lot
from syncd.model.errors import BadUsage
from syncd.model.plan import Decision
from syncd.operations.braking import Stands, approve, reject
from syncd.operations.showing_held import shown
from syncd.operations.standing import what_waits
from tests.scenarios.brakes import DAY, PEOPLE, approved, calls, held, linked, only, titles
from tests.scenarios.resyncs import carried_out, wanted
from tests.scenarios.steps import Fields, Steps, configured
from tests.worlds import open_both, open_world


@pytest.fixture
def steps() -> Iterator[Steps]:
    """A world with the brake's own limits."""
    both = open_both(brake={})
    yield Steps(both)
    both.store.close()


@pytest.fixture
def pairs(steps: Steps) -> list[tuple[str, str]]:
    """People in step: ids of contact and lead. The first link was approved, whatever the limits are."""
    return linked(steps)


def test_one_value_in_many_records(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """Fifty of three hundred flow; the rest is held, listed and told, costs no call, and arrives once approved."""
    before = calls(steps)
    steps.counts()
    idle = calls(steps) - before
    for contact, _ in pairs:
        steps.market(contact, jobtitle="Same")
    counts = steps.counts()
    assert (counts["updated.crm"], counts["held"], titles(steps)) == (50, PEOPLE - 50, 50)
    part = only(steps)
    assert (part.stands, len(part.lot.changes), part.lot.limit) == (Stands.WAITS, PEOPLE - 50, 50)
    assert "within 0 s" in part.lot.cause
    assert what_waits(steps.both.store, steps.both.clock.now()).braked
    steps.counts()  # in which HubSpot's search is looked through once more, after so many edits at once
    before = calls(steps)
    steps.counts()
    assert calls(steps) - before <= idle, "nobody reads held records just to hold them again"
    assert steps.cycle(after=3 * DAY).run.counts == {}
    assert titles(steps) == 50, "what is held goes on by approval alone"
    seen, values = shown(steps.both.world, part.lot)
    assert (values, seen[0].before, seen[0].after) == ({"Same": 200}, None, "Same")
    assert would_hold(steps.both.world, plan_only(steps.both.world, full=True).plan).total() == PEOPLE - 50
    assert approved(steps, part).stands is Stands.APPROVED
    assert steps.counts()["updated.crm"] == PEOPLE - 50
    assert (titles(steps), held(steps)) == (PEOPLE, [])
    steps.quiet()


def test_a_script_clears_a_field(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Twenty-five records are emptied on the other side, not three hundred."""
    steps = clearing(tmp_path_factory)
    pairs = linked(steps, jobtitle="Lead Engineer")
    assert titles(steps) == PEOPLE
    for contact, _ in pairs:
        steps.market(contact, jobtitle="")
    assert steps.counts()["updated.crm"] == 25
    assert titles(steps) == PEOPLE - 25
    for _ in range(3):
        steps.cycle(after=DAY)
    assert titles(steps) == PEOPLE - 25
    part = only(steps)
    assert part.lot.people == 2, "three hundred are more than ten times what is allowed"
    assert approved(steps, part).stands is Stands.SECOND
    steps.cycle()
    assert titles(steps) == PEOPLE - 25
    with pytest.raises(BadUsage, match="another person"):
        approved(steps, part)
    assert approved(steps, part, who="bob").stands is Stands.APPROVED
    steps.cycle()
    assert titles(steps) == 0
    steps.quiet()


def clearing(folders: pytest.TempPathFactory) -> Steps:
    """A world in which emptying a title travels."""

    def change(fields: Fields) -> None:
        fields["title"]["clear"] = "both"

    made = configured(folders.mktemp("clearing"), change)
    made.world.connection = replace(made.world.connection, brake=Limits())
    return Steps(made)


def test_values_that_are_put_right_leave_the_list(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """Whoever undoes the accident at its origin needs no approval, and nothing is written for it."""
    for contact, _ in pairs:
        steps.market(contact, jobtitle="Same")
    steps.cycle()
    held_links = {each.record for each in only(steps).lot.changes}
    before = steps.written()
    for contact, _ in pairs:
        steps.market(contact, jobtitle="")
    steps.cycle()
    assert len(held_links) == PEOPLE - 50
    assert held(steps) == []
    assert steps.written() == before, "the fifty that flowed are a question (a clear), the others nothing at all"


@pytest.mark.parametrize("crashing", [False, True], ids=["one process", "a new process each time"])
def test_a_drip(steps: Steps, pairs: list[tuple[str, str]], *, crashing: bool) -> None:
    """Twenty records a cycle are held as three hundred at once are, by one process as by a crash loop of many."""
    both = steps.both
    for start in range(0, PEOPLE, 20):
        for contact, _ in pairs[start : start + 20]:
            steps.market(contact, jobtitle="Same")
        if crashing:
            both.world = open_world(both.hubspot, both.salesforce, both.clock, both.store, both.settings)
        steps.cycle(after=600)
    assert titles(steps) == 50
    assert len(only(steps).lot.changes) == PEOPLE - 50


def test_two_workers_share_the_count(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """Each knows what the other has charged."""
    both = steps.both
    other = open_world(both.hubspot, both.salesforce, both.clock, both.store, both.settings)
    for start in range(0, 120, 20):
        for contact, _ in pairs[start : start + 20]:
            steps.market(contact, jobtitle="Same")
        steps.cycle(after=600)
        both.world, other = other, both.world
    assert titles(steps) == 50


def test_an_approval_is_for_what_was_shown(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """A wrong or an old digest is refused; what is held later has a digest of its own; a day later it is too late."""
    for contact, _ in pairs[:100]:
        steps.market(contact, jobtitle="Same")
    steps.cycle()
    first = only(steps)
    for contact, _ in pairs[100:150]:
        steps.market(contact, jobtitle="Same")
    steps.cycle()
    grown = only(steps)
    assert grown.digest != first.digest
    for digest in (first.digest, "0" * 24, ""):
        with pytest.raises(BadUsage, match="nothing is held under"):
            approve(steps.both.store, digest, who="ann", reason="meant", now=steps.both.clock.now())
    approved(steps, grown)
    for contact, _ in pairs[150:200]:
        steps.market(contact, jobtitle="Same")
    steps.cycle()
    assert titles(steps) == 150
    late = only(steps)
    assert len(late.lot.changes) == 50
    approved(steps, late)
    steps.both.clock.advance(DAY + 1)
    assert only(steps).stands is Stands.WAITS
    steps.cycle()
    assert titles(steps) == 150


def test_another_value_is_another_change(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """What was approved is a value in a record; whoever changes it afterwards did not get that approved."""
    for contact, _ in pairs:
        steps.market(contact, jobtitle="Same")
    steps.cycle()
    approved(steps, only(steps))
    for contact, _ in pairs:
        steps.market(contact, jobtitle="Other")
    steps.cycle()
    assert sum(1 for lead in steps.live("Lead") if lead["Title"] == "Other") == 50


def test_rejected_is_not_written_and_not_lost(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """It stays listed, nobody waits for it, other fields of the same records flow, and it may be approved after all."""
    for contact, _ in pairs:
        steps.market(contact, jobtitle="Same")
    steps.cycle()
    part = only(steps)
    reject(steps.both.store, part.digest, who="ann", reason="a script", now=steps.both.clock.now())
    assert not what_waits(steps.both.store, steps.both.clock.now()).braked
    steps.cycle(after=DAY)
    held_contacts = [contact for contact, lead in pairs if not steps.sold(lead, "Title")]
    assert len(held_contacts) == PEOPLE - 50
    steps.market(held_contacts[0], city="Berlin")
    assert steps.counts()["updated.crm"] == 1
    assert carried_out(steps, wanted(steps, everything=True))
    assert titles(steps) == 50, "a resync obeys the same brake"
    after = only(steps)
    assert (after.stands, after.digest) == (Stands.REJECTED, part.digest)
    approved(steps, after)
    steps.cycle()
    assert titles(steps) == PEOPLE
    steps.quiet()


def test_a_resync_and_a_full_compare_obey(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """Whatever finds the difference, the same count stands."""
    for contact, _ in pairs:
        steps.market(contact, jobtitle="Same")
    assert carried_out(steps, wanted(steps, everything=True))
    assert titles(steps) == 50
    steps.both.clock.advance(3600)
    sync(steps.both.world, full=True)
    assert titles(steps) == 50
    assert len(only(steps).lot.changes) == PEOPLE - 50


def test_without_the_brake_all_of_it_is_written(
    steps: Steps, pairs: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the other tests see is the brake's work."""
    same: Callable[[Guard, list[Decision]], list[Decision]] = lambda _self, decisions: list(decisions)  # noqa: E731
    monkeypatch.setattr(Guard, "sift", same)
    for contact, _ in pairs:
        steps.market(contact, jobtitle="Same")
    steps.cycle()
    assert titles(steps) == PEOPLE
    assert held(steps) == []


def test_a_kill_while_held_loses_nothing(
    steps: Steps, pairs: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the writes and the end of the share, the next process holds the same."""
    for contact, _ in pairs:
        steps.market(contact, jobtitle="Same")

    def killed(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Brake, "ended", killed)
        with pytest.raises(KeyboardInterrupt):
            steps.cycle()
    both = steps.both
    both.world = open_world(both.hubspot, both.salesforce, both.clock, both.store, both.settings)
    steps.cycle()
    assert titles(steps) == 50
    lot: Lot = only(steps).lot
    assert len(lot.changes) == PEOPLE - 50


def test_what_was_newer_stays_so_while_it_is_held(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """People who are on both sides are found to be one, and the newer name is taken. Some of these are held, while the
    key is written to all: by that the other side's records are the newer ones, and by that alone.
    """
    assert len(pairs) == PEOPLE
    leads = [steps.lead(Email=f"both{n}@example.com", LastName=f"Older {n}") for n in range(60)]
    steps.both.clock.advance(60)
    contacts = [steps.contact(email=f"both{n}@example.com", lastname="Newer") for n in range(60)]
    steps.cycle()
    assert [steps.sold(lead, "LastName") for lead in leads].count("Newer") == 50
    steps.both.clock.advance(DAY)
    sync(steps.both.world, full=True)
    assert {steps.marketed(contact, "lastname") for contact in contacts} == {"Newer"}
    for part in held(steps):
        assert approved(steps, part).stands is Stands.APPROVED
    steps.cycle()
    assert {steps.sold(lead, "LastName") for lead in leads} == {"Newer"}
    steps.quiet()
