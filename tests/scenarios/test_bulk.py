"""Many people at once: they go to Salesforce as a job of Bulk 2.0, and a job that outlives its process does no harm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.salesforce.bulk import Bulk
from sandbox.kernel import Fault
from tests.fakes import FakeClock
from tests.scenarios.steps import Steps
from tests.worlds import open_both, open_world

MANY = 30


class Killed(BaseException):
    """The process is gone; nothing catches this."""


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Steps]:
    """A linked world in which thirty rows are many."""
    monkeypatch.setattr(Bulk, "least", MANY)
    both = open_both(f"sqlite:///{tmp_path}/state.db")
    told = Steps(both)
    told.pair()
    yield told
    both.store.close()


def _qualified(steps: Steps, count: int = MANY) -> list[str]:
    return [steps.contact(email=f"p{number}@example.com", company=f"Firm {number}") for number in range(count)]


def _calls(steps: Steps) -> Counter[str]:
    told = Counter(call.operation for call in steps.both.salesforce.calls)
    steps.both.salesforce.calls.clear()
    return told


def _jobs(steps: Steps) -> list[str]:
    return [job.state for job in steps.both.salesforce.bulk.jobs()]


def test_many_new_people_are_one_job(steps: Steps) -> None:
    """Each made once, with its key, and the next cycles have nothing to do; fewer are no job."""
    people = _qualified(steps)
    _calls(steps)
    assert steps.counts()["created.crm"] == MANY
    calls = _calls(steps)
    assert (calls["bulk.create"], calls["bulk.rows"]) == (1, 1)
    leads = {str(row["Syncd_Marketing_Id__c"]) for row in steps.live("Lead")}
    assert leads > set(people)
    assert len(steps.live("Lead")) == MANY + 1
    steps.quiet()
    for person in people:
        steps.market(person, jobtitle="Head")
    assert steps.counts()["updated.crm"] == MANY
    assert _calls(steps)["bulk.create"] == 1
    for person in people[1:]:
        steps.market(person, jobtitle="Chief")
    assert steps.counts()["updated.crm"] == MANY - 1
    assert _calls(steps)["bulk.create"] == 0
    steps.quiet()


@pytest.mark.parametrize("queue", [1.0, 500.0])
def test_a_process_that_dies_while_a_job_is_queued(steps: Steps, monkeypatch: pytest.MonkeyPatch, queue: float) -> None:
    """Whether the job ran meanwhile or not: nobody is made twice, nobody is lost, and the job runs no more."""
    people = _qualified(steps)
    steps.both.salesforce.switches.bulk_queue_seconds = queue
    with monkeypatch.context() as patched:
        patched.setattr(FakeClock, "sleep", _die)
        with pytest.raises(Killed):
            steps.cycle()
    assert _jobs(steps) == ["UploadComplete"]
    both = steps.both
    both.world = open_world(both.hubspot, both.salesforce, both.clock, both.store, both.settings)
    steps.cycle(after=200.0)
    steps.cycle(after=5.0)
    leads = Counter(str(row["Syncd_Marketing_Id__c"]) for row in steps.live("Lead"))
    assert leads.keys() > set(people)
    assert set(leads.values()) == {1}
    assert set(_jobs(steps)) <= {"JobComplete", "Aborted"}
    steps.quiet()


def test_an_edit_made_while_a_job_was_lost_survives_it(steps: Steps) -> None:
    """The vendor falls silent, sales writes meanwhile, and the old job must not come down on it later."""
    people = _qualified(steps)
    steps.cycle()
    steps.quiet()
    for person in people:
        steps.market(person, jobtitle="From marketing")
    kernel = steps.both.salesforce
    kernel.switches.bulk_queue_seconds = 3_000
    asked = "/jobs/ingest/75"
    kernel.faults.arm(Fault("silent", lambda call: call.method == "GET" and asked in call.path, times=10_000))
    steps.cycle()
    kernel.faults.armed.clear()
    assert "UploadComplete" in _jobs(steps)
    lead = next(str(row["Id"]) for row in steps.live("Lead") if row["Syncd_Marketing_Id__c"] == people[0])
    steps.sell(lead, Title="From sales")
    for _ in range(3):
        steps.cycle(after=600.0)
    assert "UploadComplete" not in _jobs(steps)
    assert "InProgress" not in _jobs(steps)
    assert steps.sold(lead, "Title") == "From sales"
    others = [row for row in steps.live("Lead") if row["Syncd_Marketing_Id__c"] in people[1:]]
    assert {row["Title"] for row in others} == {"From marketing"}
    steps.quiet()


def _die(clock: FakeClock, seconds: float) -> None:
    raise Killed
