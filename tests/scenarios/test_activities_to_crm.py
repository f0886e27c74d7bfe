"""What marketing did about a person is logged in Salesforce as completed tasks: each once, and no echo of any."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from sandbox.kernel import Fault, HttpRequest
from syncd.engine.cycle import sync
from syncd.model.errors import SyncdError
from syncd.model.values import stamp
from tests.sampled import effects
from tests.scenarios.signals import engage, engagements, keyed_engagements, keyed_tasks, listening, signalling, tasks
from tests.scenarios.steps import HOUR, Steps
from tests.scenarios.test_campaign_crashes import until_quiet
from tests.scenarios.test_crashes import killed_at
from tests.worlds import Both

TO_CRM = {"sorts": {"call": "call", "meeting": "meeting", "note": "note"}, "per_person": 2}
DECLARED = {"activities": {"to_crm": TO_CRM}}
BOTH_WAYS = {"activities": {"to_crm": {}, "to_marketing": {}}}


@pytest.fixture
def steps(tmp_path: Path) -> Iterator[Steps]:
    """A world in which marketing's calls, meetings and notes are logged for sales."""
    both = signalling(tmp_path, DECLARED)
    keyed_engagements(both)
    keyed_tasks(both)
    yield Steps(both)
    both.store.close()


def test_a_call_of_marketing_becomes_a_completed_task_of_the_lead(steps: Steps) -> None:
    """With subject, day and Lead, once; an edit of the call copies nothing."""
    contact, lead = steps.pair()
    steps.cycle()
    made = engage(steps, "calls", contact, hs_call_title="Nurture call", hs_call_status="COMPLETED")
    assert steps.counts()["added_activity.crm"] == 1
    (task,) = tasks(steps)
    assert (task["WhoId"], task["Subject"], task["Status"], task["TaskSubtype"]) == (
        lead,
        "Nurture call",
        "Completed",
        "Call",
    )
    assert task["Syncd_Marketing_Id__c"] == f"calls/{made}"
    steps.market(made, object_name="calls", hs_call_title="Other words")
    steps.cycle()
    assert len(tasks(steps)) == 1
    steps.quiet()


def test_objects_of_one_id_are_not_taken_for_one_another_and_the_cap_counts_all(steps: Steps) -> None:
    """A call, a note and a meeting of one day: two are logged, whatever their ids."""
    contact, _ = steps.pair()
    steps.cycle()
    engage(steps, "calls", contact, hs_call_title="Call")
    engage(steps, "notes", contact, hs_note_body="<p>Note</p>")
    engage(steps, "meetings", contact, hs_meeting_title="Meeting")
    lines = listening()
    steps.cycle()
    assert len(tasks(steps)) == 2
    assert sum(line["records"] for line in lines("signals.capped")) == 1


def test_a_meeting_that_was_called_off_is_not_logged(steps: Steps) -> None:
    """It waits for its end, and is read again then."""
    contact, _ = steps.pair()
    steps.cycle()
    later = "2099-01-01T00:00:00Z"
    meeting = engage(steps, "meetings", contact, hs_meeting_title="Demo", hs_timestamp=later)
    steps.cycle()
    steps.market(meeting, object_name="meetings", hs_meeting_outcome="CANCELED", hs_timestamp="2020-01-01T00:00:00Z")
    steps.cycle(after=2 * HOUR)
    assert tasks(steps) == []


def test_a_meeting_that_took_place_after_all_is_logged_once(steps: Steps) -> None:
    """Nobody was there at its end, or so it was noted; that is corrected later. In between it is not read again."""
    contact, _ = steps.pair()
    steps.cycle()
    end = stamp(steps.both.clock.now() + timedelta(hours=2))
    meeting = engage(steps, "meetings", contact, hs_meeting_title="Demo", hs_timestamp=end)
    steps.cycle()
    steps.market(meeting, object_name="meetings", hs_meeting_outcome="NO_SHOW")
    steps.cycle(after=2 * HOUR)
    assert tasks(steps) == []
    assert not steps.both.store.appended_due("activity", steps.both.clock.now(), 10, begins=["marketing:"])
    steps.market(meeting, object_name="meetings", hs_meeting_outcome="COMPLETED")
    steps.cycle()
    (task,) = tasks(steps)
    assert task["Subject"] == "Demo"
    steps.market(meeting, object_name="meetings", hs_meeting_title="Demo, seen again")
    steps.cycle()
    assert len(tasks(steps)) == 1
    steps.quiet()


def test_both_directions_at_once_echo_nothing(tmp_path: Path) -> None:
    """Each call stands on both sides once, however many cycles follow."""
    both = signalling(tmp_path, BOTH_WAYS)
    keyed_engagements(both)
    keyed_tasks(both)
    steps = Steps(both)
    contact, lead = steps.pair()
    steps.cycle()
    engage(steps, "calls", contact, hs_call_title="Of marketing")
    call = {"WhoId": lead, "Subject": "Of sales", "Status": "Completed", "TaskSubtype": "Call"}
    both.salesforce.insert("Task", call)
    for _ in range(4):
        steps.cycle()
    assert sorted(str(row["hs_call_title"]) for row, _ in engagements(steps, "calls")) == ["Of marketing", "Of sales"]
    assert sorted(str(task["Subject"]) for task in tasks(steps)) == ["Of marketing", "Of sales"]
    both.store.close()


def test_without_the_field_nothing_is_made_that_could_not_be_found_again(tmp_path: Path) -> None:
    """The admin has not made the field yet: refused and told, never a task without it."""
    both = signalling(tmp_path, DECLARED)
    steps, lines = Steps(both), listening()
    contact, _ = steps.pair()
    steps.cycle()
    engage(steps, "calls", contact, hs_call_title="Call")
    steps.cycle()
    assert tasks(steps) == []
    assert [line["code"] for line in lines("signals.refused")] == ["INVALID_FIELD"]
    both.store.close()


def opened(folder: Path) -> tuple[Both, Steps]:
    """Two calls that are to be logged."""
    both = signalling(folder, DECLARED, store_url=f"sqlite:///{folder}/state.db")
    keyed_engagements(both)
    keyed_tasks(both)
    steps = Steps(both)
    contact, _ = steps.pair()
    steps.cycle()
    for name in ("One", "Two"):
        engage(steps, "calls", contact, hs_call_title=name)
    both.clock.advance(60)
    return both, steps


@pytest.mark.slow
def test_a_kill_at_every_step_ends_with_each_task_once(tmp_path: Path) -> None:
    """One effect after the other kills, until a run is not killed: the end is always the same."""
    for n in effects(60):
        folder = tmp_path / str(n)
        folder.mkdir()
        both, steps = opened(folder)
        killed = killed_at(both, folder, n)
        until_quiet(both, folder)
        assert sorted(str(task["Subject"]) for task in tasks(steps)) == ["One", "Two"], f"killed at effect {n}"
        assert not both.store.open_intents()
        both.store.close()
        if not killed:
            assert n > 5, "the loop must have had something to kill"
            return
    raise AssertionError("no run went through")


@pytest.mark.parametrize("when", ["drop", "after", "before", "late"])
def test_a_lost_answer_is_settled_by_the_field(tmp_path: Path, when: str) -> None:
    """No task is made twice, though nothing at Salesforce would refuse it."""
    both, steps = opened(tmp_path)

    def hit(request: HttpRequest) -> bool:
        return b"Syncd_Marketing_Id__c" in request.body and b"allOrNone" in request.body

    both.salesforce.faults.arm(Fault(name=when, matches=hit, when=when, times=1, seconds=1.0))
    with suppress(SyncdError):
        sync(both.world)
    assert both.salesforce.faults.fired[when] == 1
    until_quiet(both, tmp_path)
    assert sorted(str(task["Subject"]) for task in tasks(steps)) == ["One", "Two"]
    both.store.close()
