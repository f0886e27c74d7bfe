"""Killed between send and answer, every activity is copied once and stands with its contact."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from sandbox.kernel import Fault, HttpRequest
from syncd.engine.cycle import sync
from syncd.model.errors import SyncdError
from tests.sampled import effects
from tests.scenarios.signals import engagements, keyed_engagements, signalling
from tests.scenarios.steps import Steps
from tests.scenarios.test_campaign_crashes import until_quiet
from tests.scenarios.test_crashes import fresh, killed_at
from tests.worlds import Both

DECLARED = {"activities": {"to_marketing": {"sorts": {"call": "call", "task": "note"}, "per_person": 2}}}


def opened(folder: Path) -> tuple[Both, Steps, str]:
    """Two calls and a task with one contact's Lead, and one call beyond the cap of two."""
    both = signalling(folder, DECLARED, store_url=f"sqlite:///{folder}/state.db")
    keyed_engagements(both)
    steps = Steps(both)
    contact, lead = steps.pair()
    steps.cycle()
    for subject, sort in (("One", "Call"), ("Two", "Task"), ("Three", "Call")):
        fields = {"WhoId": lead, "Subject": subject, "Status": "Completed", "TaskSubtype": sort}
        both.salesforce.insert("Task", fields)
        both.clock.advance(1)
    both.clock.advance(60)
    return both, steps, contact


def copied(steps: Steps, contact: str) -> tuple[list[str], list[str]]:
    """Titles of calls and texts of notes, each of which must stand with the contact."""
    calls, notes = engagements(steps, "calls"), engagements(steps, "notes")
    assert all(about == {contact} for _, about in (*calls, *notes))
    return [str(row["hs_call_title"]) for row, _ in calls], [str(row["hs_note_body"]) for row, _ in notes]


@pytest.mark.slow
def test_a_kill_at_every_step_ends_with_each_copy_once(tmp_path: Path) -> None:
    """One effect after the other kills, until a run is not killed: the end is always the same."""
    for n in effects(60):
        folder = tmp_path / str(n)
        folder.mkdir()
        both, steps, contact = opened(folder)
        killed = killed_at(both, folder, n)
        until_quiet(both, folder)
        assert copied(steps, contact) == (["One"], ["Two"]), f"killed at effect {n}"
        assert not both.store.open_intents()
        both.store.close()
        if not killed:
            assert n > 5, "the loop must have had something to kill"
            return
    raise AssertionError("no run went through")


@pytest.mark.parametrize("when", ["drop", "after", "before", "late"])
@pytest.mark.parametrize("tail", ["calls/batch/upsert", "calls/contacts/batch/associate/default"])
def test_a_lost_answer_is_settled_by_the_key(tmp_path: Path, when: str, tail: str) -> None:
    """Of the copy or of its association: nothing is copied twice, and everything stands with the contact in the end."""
    both, steps, contact = opened(tmp_path)

    def hit(request: HttpRequest) -> bool:
        return request.path.endswith(tail)

    both.hubspot.faults.arm(Fault(name=when, matches=hit, when=when, times=1, seconds=1.0))
    with suppress(SyncdError):
        sync(both.world)
    assert both.hubspot.faults.fired[when] == 1
    until_quiet(both, tmp_path)
    assert copied(steps, contact) == (["One"], ["Two"])
    assert not both.store.open_intents()
    both.store.close()


def test_a_lost_store_copies_nothing_again_and_overwrites_nothing(tmp_path: Path) -> None:
    """A new store reads the same tasks again: what HubSpot has by their keys stays as people have edited it."""
    rules = {**DECLARED["activities"]["to_marketing"], "since": "2020-01-01"}
    both = signalling(tmp_path, {"activities": {"to_marketing": rules}}, store_url=f"sqlite:///{tmp_path}/state.db")
    keyed_engagements(both)
    steps = Steps(both)
    contact, lead = steps.pair()
    steps.both.salesforce.insert(
        "Task", {"WhoId": lead, "Subject": "One", "Status": "Completed", "TaskSubtype": "Call"}
    )
    steps.cycle()
    (row,) = both.hubspot.export()["calls"]
    steps.market(row["id"], object_name="calls", hs_call_title="One, as marketing tells it")
    both.store.close()
    for file in tmp_path.glob("state.db*"):
        file.unlink()
    fresh(both, tmp_path, [10**9])
    steps.cycle()
    steps.cycle()
    assert copied(steps, contact) == (["One, as marketing tells it"], [])
    both.store.close()
