"""A resync: finds what polling cannot see, writes only what differs, goes on after a kill, and can be narrowed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from syncd.engine import resync as engine
from syncd.engine.carry import check_clears
from syncd.engine.resync import Met, asked_for, carry_on, plan_resync, reached_by
from syncd.engine.world import make_ready
from syncd.model.errors import BadUsage, NeedsOperator, RetryLater
from syncd.model.link import FieldChange, Link, Proof
from syncd.model.plan import Decision, KindPlan, Update
from syncd.model.remote import RemoteRef
from syncd.model.resync import Resync
from syncd.model.run import RunState
from syncd.model.values import Lane, Pair, Side
from syncd.operations.resyncing import ask, cancel_resync, estimated
from tests.fakes import START
from tests.scenarios.resyncs import PEOPLE, carried_out, latest, linked_people, unseen, wanted
from tests.scenarios.steps import Steps


@pytest.fixture
def pairs(steps: Steps) -> list[tuple[str, str]]:
    """Linked people in step: ids of contact and lead."""
    return linked_people(steps)


def test_everything_is_compared_and_what_polling_missed_arrives(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """A value that changed without a trace travels; nothing else is written; the run says how many were compared."""
    contact, lead = pairs[3]
    unseen(steps, contact, "Unseen")
    steps.cycle()
    assert steps.sold(lead, "Title") is None
    before = steps.written()
    assert carried_out(steps, wanted(steps, everything=True))
    assert steps.sold(lead, "Title") == "Unseen"
    assert steps.written() - before == 1
    run = latest(steps)
    assert (run.state, run.counts["updated.crm"]) == (RunState.DONE, 1)
    assert run.counts["checked"] >= 2 * PEOPLE
    assert asked_for(steps.both.store) == []
    assert [row for row in steps.both.store.cursors() if row.stream.startswith("resync")] == []
    steps.quiet()


def test_a_resync_of_a_pair_in_step_writes_nothing(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """Neither to the vendors nor a base nor an audit row."""
    before = steps.written()
    assert carried_out(steps, wanted(steps, everything=True))
    assert steps.written() == before
    assert set(latest(steps).counts) == {"checked"}


def test_the_plan_tells_what_would_be_written_and_stores_nothing(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """Twice the same digest; not a cursor, not a request."""
    unseen(steps, pairs[0][0], "Planned")
    cursors, before = steps.both.store.cursors(), steps.written()
    asked = wanted(steps, everything=True)
    first, second = (plan_resync(steps.both.world, asked) for _ in range(2))
    assert first.digest == second.digest
    assert [change.after for action in first.actions() for change in getattr(action, "changes", ())] == ["Planned"]
    assert (steps.both.store.cursors(), steps.written(), steps.both.store.requests()) == (cursors, before, [])


@pytest.mark.parametrize("asked", [{"where": "title != 'Seen'"}, {"since": "2h"}, {"everything": True}])
def test_a_pair_that_both_sides_show_is_planned_once(
    steps: Steps, pairs: list[tuple[str, str]], asked: dict[str, Any]
) -> None:
    """Linked or only about to be; what is in step is counted once as well, and the estimate says pairs."""
    for contact, _ in pairs[1:]:
        unseen(steps, contact, "Planned")
    steps.contact(email="both@example.com", lifecyclestage="subscriber")
    steps.lead(Email="both@example.com")
    understood = wanted(steps, kinds=["person"], **asked)
    (plan,) = plan_resync(steps.both.world, understood).kinds
    links = [decision.link.id for decision in plan.decisions]
    assert len(links) == len(set(links)) == len(pairs)
    assert plan.nothing.get("unchanged", 0) <= 1
    assert estimated(steps.both.world, understood)["records"] == len(pairs)


def test_it_leaves_off_after_any_share_and_goes_on_where_it_was(
    steps: Steps, pairs: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A poll that is due goes first; what was compared is not compared again, whoever goes on."""
    monkeypatch.setattr(engine, "LOT", 1)
    for contact, _ in pairs:
        unseen(steps, contact, "In shares")
    request = ask(steps.both.world, wanted(steps, everything=True, kinds=["person"]))
    turns = 0
    checked = [0]
    while not carry_on(steps.both.world, request, Met(), leave_off=lambda: True):
        turns += 1
        checked.append(reached_by(steps.both.store, request.id).checked)
        assert checked[-1] > checked[-2]
        assert latest(steps).state is RunState.RUNNING
    assert turns >= 2
    assert {steps.sold(lead, "Title") for _, lead in pairs} == {"In shares"}
    assert latest(steps).counts["updated.crm"] == PEOPLE


def test_a_share_that_dies_is_done_again_and_only_that_one(
    steps: Steps, pairs: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends between the writes of a share and its settlement: the next one finds the writes done."""
    contact, lead = pairs[0]
    unseen(steps, contact, "Once")
    request = ask(steps.both.world, wanted(steps, everything=True, kinds=["person"]))

    class Killed(BaseException):
        pass

    real = engine.carry_out

    def dying(*args: object, **kwargs: object) -> None:
        real(*args, **kwargs)  # type: ignore[arg-type]
        raise Killed

    monkeypatch.setattr(engine, "carry_out", dying)
    with pytest.raises(Killed):
        carry_on(steps.both.world, request, Met(), leave_off=lambda: False)
    monkeypatch.setattr(engine, "carry_out", real)
    written = steps.written()
    assert carry_on(steps.both.world, request, Met(), leave_off=lambda: False)
    assert steps.sold(lead, "Title") == "Once"
    assert steps.written() == written


def test_a_cancelled_resync_stops_after_its_share(
    steps: Steps, pairs: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it settled stays, the rest is not compared; its run says so."""
    monkeypatch.setattr(engine, "LOT", 1)
    for contact, _ in pairs:
        unseen(steps, contact, "Half")
    request = ask(steps.both.world, wanted(steps, everything=True, kinds=["person"]))
    assert not carry_on(steps.both.world, request, Met(), leave_off=lambda: True)
    cancel_resync(steps.both.store, request, steps.both.clock.now())
    assert asked_for(steps.both.store) == []
    assert [row for row in steps.both.store.cursors() if row.stream.startswith("resync")] == []
    assert (latest(steps).state, latest(steps).trouble) == (RunState.PARTIAL, "cancelled")
    written = steps.written()
    assert carry_on(steps.both.world, request, Met(), leave_off=lambda: True)  # a worker that had begun with it
    assert steps.written() == written
    assert (latest(steps).state, latest(steps).trouble) == (RunState.PARTIAL, "cancelled")


def test_only_the_fields_named_are_looked_at(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """Another field that differs stays a difference, and a later resync finds it."""
    contact, lead = pairs[1]
    unseen(steps, contact, "Title")
    steps.both.hubspot.portal.store("contacts").records[int(contact)].values["city"] = "Ulm"
    assert carried_out(steps, wanted(steps, everything=True, fields=["city"]))
    assert (steps.sold(lead, "City"), steps.sold(lead, "Title")) == ("Ulm", None)
    assert carried_out(steps, wanted(steps, everything=True))
    assert steps.sold(lead, "Title") == "Title"


def test_only_the_records_named_are_compared(steps: Steps, pairs: list[tuple[str, str]], tmp_path: Path) -> None:
    """By address, by record, by link, and from a file with comments."""
    for contact, _ in pairs:
        unseen(steps, contact, "Named")
    link = steps.both.store.linked("person", Side.CRM, [])  # none asked for, none told
    assert link == {}
    listed = tmp_path / "doubtful.txt"
    listed.write_text(f"# doubted by Ana\ncrm:Lead/{pairs[2][1]}  # her favourite\n\n", encoding="utf-8")
    asked = wanted(steps, records=["p0@example.com", f"marketing:contacts/{pairs[1][0]}"], file=listed)
    assert len(asked.records) == 3
    assert carried_out(steps, asked)
    assert [steps.sold(lead, "Title") for _, lead in pairs] == ["Named"] * 3 + [None] * (PEOPLE - 3)


def test_only_the_records_that_a_filter_holds_for(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """CEL over the shared fields, of whichever side is read."""
    steps.market(pairs[4][0], country="France")
    steps.cycle()
    for contact, _ in pairs:
        unseen(steps, contact, "Filtered")
    assert carried_out(steps, wanted(steps, where="country == 'FR'"))
    assert [steps.sold(lead, "Title") for _, lead in pairs] == [None] * 4 + ["Filtered"] + [None] * (PEOPLE - 5)


def test_a_filter_that_holds_for_nobody_is_no_empty_side(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """All were read and none was wanted: nothing is written, and nothing is wrong."""
    unseen(steps, pairs[0][0], "Filtered")
    assert carried_out(steps, wanted(steps, where="country == 'ZW'"))
    assert latest(steps).counts == {"checked": 2 * PEOPLE}
    assert latest(steps).state is RunState.DONE


def test_only_what_changed_in_a_span_of_time(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """By the vendor's stamps: the one edited then, and not those edited before or after."""
    for number, hours in ((0, 0), (1, 10), (2, 20)):
        steps.both.clock.advance(hours * 3600.0)
        steps.market(pairs[number][0], city=f"City {number}")
        steps.cycle()
    now = steps.both.clock.now()
    for contact, _ in pairs:
        unseen(steps, contact, "In time")
    span = wanted(steps, since="25h", until=(now - timedelta(hours=10)).isoformat(), kinds=["person"])
    assert carried_out(steps, span)
    assert [steps.sold(lead, "Title") for _, lead in pairs[:3]] == [None, "In time", None]


def test_one_side_is_enough_to_find_what_differs(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """Every record of that side is compared with its counterpart."""
    unseen(steps, pairs[5][0], "By the side")
    assert carried_out(steps, wanted(steps, side=Side.CRM))
    assert steps.sold(pairs[5][1], "Title") == "By the side"


def test_a_record_that_left_without_a_trace_is_found(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """Nowhere at the vendor, not even in the bin: the person is forgotten, and nothing is made anew."""
    contact, _ = pairs[6]
    store = steps.both.hubspot.portal.store("contacts")
    store.erase(store.records[int(contact)])
    assert carried_out(steps, wanted(steps, everything=True))
    assert steps.both.store.count_links("person") == PEOPLE - 1
    assert len(steps.live("Lead")) == PEOPLE


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({}, "nothing is asked for"),
        ({"records": ["x"]}, "names no record"),
        ({"records": ["marketing:contacts/abc"]}, "'abc' is no id of the marketing side"),
        ({"records": ["crm:Lead/00Q"]}, "'00Q' is no id of the crm side"),
        ({"records": ["nobody@example.com"]}, "neither side has such a record"),
        ({"records": ["p0@example.com"], "everything": True}, "--all asks for others"),
        ({"until": "2h"}, "--until needs --since"),
        ({"since": "yesterday"}, "is no time"),
        ({"since": "1h", "until": "2h"}, "is not before"),
        ({"since": "2099-01-01"}, "lies in the future"),
        ({"where": "country = 'DE'"}, "--where"),
        ({"where": "shoe_size == '44'"}, "--where"),
        ({"where": "2026-11-25"}, "a condition is true or false"),
        ({"where": "title"}, "a condition is true or false, and title gives text"),
        ({"where": "stage == 'mqll'"}, "'mqll'"),
        ({"everything": True, "kinds": ["deal"]}, "there is no kind 'deal'"),
        ({"everything": True, "fields": ["shoe_size"]}, "there is no field 'shoe_size'"),
        ({"file": Path("/nowhere/list.txt")}, "cannot be read"),
    ],
)
def test_words_that_cannot_be_meant_are_refused(
    steps: Steps,
    pairs: list[tuple[str, str]],
    words: dict[str, object],
    why: str,
) -> None:
    """With what is wrong, and nothing is stored."""
    with pytest.raises(BadUsage, match=why):
        wanted(steps, **words)
    assert steps.both.store.requests() == []


def test_asking_twice_for_the_same_is_asking_once(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """The first request is still waiting: it is the one."""
    first = ask(steps.both.world, wanted(steps, everything=True))
    assert ask(steps.both.world, wanted(steps, everything=True)) == first
    assert ask(steps.both.world, wanted(steps, side=Side.CRM)) != first


# -- what it must not do -----------------------------------------------------------------------------------------------
def test_it_is_no_way_around_the_approval_of_a_first_link(steps: Steps) -> None:
    """Two filled systems that were never linked: refused, with the way to go."""
    steps.contact(email="ann@example.com")
    with pytest.raises(BadUsage, match="never linked yet"):
        wanted(steps, everything=True)


def test_a_side_that_shows_nothing_is_not_believed(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """A right that was lost looks like an empty account: nothing is decided on it, and no link is buried."""
    asked = wanted(steps, everything=True, kinds=["person"])
    store = steps.both.hubspot.portal.store("contacts")
    before, store.live = store.live, []
    with pytest.raises(RetryLater, match="saw no person at all"):
        carried_out(steps, asked)
    store.live = before
    assert steps.both.store.count_links("person") == PEOPLE


def test_a_clear_is_held_up_when_a_vendor_changed_the_schema_meanwhile(
    steps: Steps, pairs: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A vendor that changes a field's type empties it everywhere: not even a resync carries that over."""
    steps.market(pairs[0][0], city="Ulm")
    steps.cycle()
    make_ready(steps.both.world)
    terms = steps.both.world.terms["person"]
    other = replace(terms, fingerprints=terms.fingerprints.replacing(Side.MARKETING, "changed"))
    monkeypatch.setattr("syncd.engine.carry.learn_schema", lambda *_args, **_words: other)
    cleared = KindPlan("person", (_clearing(pairs[0][1]),), {})
    with pytest.raises(RetryLater, match="changed the schema"):
        check_clears(steps.both.world, cleared)
    check_clears(steps.both.world, KindPlan("person", (), {}))


def _clearing(lead: str) -> Decision:
    ref = RemoteRef("Lead", lead)
    link = Link("l", "person", Pair(RemoteRef("contacts", "1"), ref), Proof.KEY, START)
    change = FieldChange("city", "Ulm", None, "clear", Side.MARKETING)
    update = Update(side=Side.CRM, ref=ref, fields={"City": None}, refs={}, changes=(change,), lane=Lane.ORDINARY)
    return Decision("person", link, None, Pair(None, None), (update,))


def test_a_kind_that_was_taken_out_since_is_passed_over(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """The rest is compared, and the resync ends."""
    unseen(steps, pairs[0][0], "Still compared")
    request = ask(steps.both.world, Resync(kinds=("deal", "person")))
    assert carry_on(steps.both.world, request, Met(), leave_off=lambda: False)
    assert steps.sold(pairs[0][1], "Title") == "Still compared"
    assert asked_for(steps.both.store) == []


def test_a_filter_that_does_not_fit_any_more_says_how_to_end_it(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """A person is told, instead of a crash at every turn."""
    request = ask(steps.both.world, Resync(kinds=("person",), where="shoe_size == '44'"))
    with pytest.raises(NeedsOperator, match="syncd resync --cancel"):
        carry_on(steps.both.world, request, Met(), leave_off=lambda: False)
