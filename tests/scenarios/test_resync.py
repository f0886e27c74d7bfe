"""A resync: finds what polling cannot see, writes only what differs, goes on after a kill, and can be narrowed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.bootstrap import read_only_fields
from syncd.engine import resync as engine
from syncd.engine.cycle import plan_only, sync
from syncd.engine.resync import Met, asked_for, carry_on, plan_resync, reached_by
from syncd.engine.world import make_ready
from syncd.model.errors import BadUsage
from syncd.model.resync import Resync
from syncd.model.run import Run, RunState
from syncd.model.values import Side
from syncd.operations.forecast import forecast
from syncd.operations.resyncing import Words, ask, understood
from syncd.settings.loading import load
from tests.scenarios.steps import Steps, configured
from tests.worlds import ROOT, config_environment, open_world

PEOPLE = 7


@pytest.fixture
def pairs(steps: Steps) -> list[tuple[str, str]]:
    """Linked people in step: ids of contact and lead."""
    contacts = [steps.contact(email=f"p{n}@example.com", company="Acme", country="Germany") for n in range(PEOPLE)]
    steps.cycle()
    steps.cycle()
    return [(contact, str(steps.marketed(contact, "syncd_crm_id"))) for contact in contacts]


def unseen(steps: Steps, contact: str, title: str) -> None:
    """HubSpot holds another value, and no stamp, no index and no history tells of it."""
    steps.both.hubspot.portal.store("contacts").records[int(contact)].values["jobtitle"] = title


def latest(steps: Steps) -> Run:
    """The one resync that there was."""
    (run,) = [run for run in steps.both.store.runs(100) if run.command == "resync"]
    return run


def wanted(steps: Steps, **words: object) -> Resync:
    """What these words ask for."""
    make_ready(steps.both.world)
    return understood(steps.both.world, Words(**words))  # type: ignore[arg-type]


def carried_out(steps: Steps, asked: Resync, *, leave_off: Callable[[], bool] = lambda: False) -> bool:
    """Asks for it and carries it out."""
    return carry_on(steps.both.world, ask(steps.both.world, asked), Met(), leave_off=leave_off)


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
    first, second = (plan_resync(steps.both.world, asked).plan for _ in range(2))
    assert first.digest == second.digest
    assert [change.after for action in first.actions() for change in getattr(action, "changes", ())] == ["Planned"]
    assert (steps.both.store.cursors(), steps.written(), steps.both.store.requests()) == (cursors, before, [])


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
    assert steps.both.store.cancel(request.id, steps.both.clock.now())
    assert not steps.both.store.cancel(request.id, steps.both.clock.now())
    written = steps.written()
    assert carry_on(steps.both.world, request, Met(), leave_off=lambda: False)
    assert steps.written() == written
    run = steps.both.store.run(request.id)
    assert run is not None
    assert (run.state, run.trouble) == (RunState.PARTIAL, "cancelled")


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
        ({"records": ["nobody@example.com"]}, "neither side has such a record"),
        ({"records": ["p0@example.com"], "everything": True}, "--all asks for others"),
        ({"until": "2h"}, "--until needs --since"),
        ({"since": "yesterday"}, "is no time"),
        ({"since": "1h", "until": "2h"}, "is not before"),
        ({"where": "country = 'DE'"}, "--where"),
        ({"where": "shoe_size == '44'"}, "--where"),
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


# -- a backlog ---------------------------------------------------------------------------------------------------------
def test_after_a_long_gap_what_is_fresh_goes_first(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """A daemon that comes back delivers a fresh change in its first cycle; the gap follows as a resync, both sides."""
    for contact, _ in pairs[:3]:
        steps.market(contact, jobtitle="In the gap")
    for _, lead in pairs[3:5]:
        steps.sell(lead, City="In the gap")
    steps.both.clock.advance(3600.0)
    steps.market(pairs[5][0], lifecyclestage="salesqualifiedlead", hs_lead_status="IN_PROGRESS")
    steps.both.clock.advance(20.0)
    sync(steps.both.world, steady=True)
    assert steps.sold(pairs[5][1], "Status") == "Working - Contacted"
    assert steps.sold(pairs[0][1], "Title") is None
    waiting = asked_for(steps.both.store)
    assert {(row.who, Resync.read(row.argument).sides) for row in waiting} == {
        ("engine", (Side.MARKETING,)),
        ("engine", (Side.CRM,)),
    }
    for request in waiting:
        assert carry_on(steps.both.world, request, Met(), leave_off=lambda: False)
    assert [steps.sold(lead, "Title") for _, lead in pairs[:3]] == ["In the gap"] * 3
    assert [steps.marketed(contact, "city") for contact, _ in pairs[3:5]] == ["In the gap"] * 2
    steps.quiet()


def test_a_cycle_by_hand_reads_its_gap_itself(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """Nobody would carry a resync out after it."""
    steps.market(pairs[0][0], jobtitle="By hand")
    steps.both.clock.advance(86_400.0)
    sync(steps.both.world)
    assert steps.sold(pairs[0][1], "Title") == "By hand"
    assert asked_for(steps.both.store) == []


def test_a_conflict_in_the_gap_is_held_as_ever(steps: Steps, pairs: list[tuple[str, str]]) -> None:
    """Both sides changed the address while nobody polled: one conflict, nothing written."""
    steps.market(pairs[0][0], email="a@example.com")
    steps.sell(pairs[0][1], Email="b@example.com")
    steps.both.clock.advance(3600.0)
    sync(steps.both.world, steady=True)
    for request in asked_for(steps.both.store):
        carry_on(steps.both.world, request, Met(), leave_off=lambda: False)
    assert steps.conflict().field == "email"
    assert steps.marketed(pairs[0][0], "email") == "a@example.com"
    assert steps.sold(pairs[0][1], "Email") == "b@example.com"


# -- a field that was added --------------------------------------------------------------------------------------------
def test_a_field_that_was_added_is_proposed_to_be_filled(tmp_path: Path) -> None:
    """`plan` names it while no linked record has it; the resync that it proposes fills it, and the proposal is gone."""
    without = configured(tmp_path / "before", lambda fields: fields.pop("title"))
    before = Steps(without)
    contact, lead = before.pair(jobtitle="Head of Data")
    before.cycle()
    both = without
    loaded = load(ROOT / "config", config_environment(), read_only=read_only_fields())
    both.world = open_world(both.hubspot, both.salesforce, both.clock, both.store, loaded.connection(None))
    steps = Steps(both)
    plan = plan_only(both.world).plan
    assert forecast(both.world, plan).unfilled == ("title",)
    assert carried_out(steps, wanted(steps, everything=True, fields=["title"]))
    assert steps.sold(lead, "Title") == "Head of Data"
    assert forecast(both.world, plan_only(both.world).plan).unfilled == ()
    assert contact
