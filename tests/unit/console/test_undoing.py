"""Taking a run back over HTTP: shown first, bound to what was shown, carried out by a daemon; pages and API."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from syncd.engine.resync import Met
from syncd.model.link import Topic
from syncd.model.operator import Role
from syncd.model.run import Pause
from syncd.operations.doors import form_token
from syncd.operations.rollback import waiting_rollbacks
from syncd.operations.worker import take_back
from tests.scenarios.steps import Steps
from tests.unit.console.reading import text_of
from tests.visits import Caller, House

C = "/api/v1/connections/main"


@pytest.fixture
def made(furnished_house: tuple[House, Steps]) -> House:
    """The console over them."""
    return furnished_house[0]


@pytest.fixture
def steps(furnished_house: tuple[House, Steps]) -> Steps:
    """What can be done at both vendors, where everybody's title has just been changed in HubSpot."""
    steps = furnished_house[1]
    for each in steps.contacts():
        steps.market(each, jobtitle=f"Wrong {steps.both.clock.now():%H%M%S}")
    steps.cycle()
    return steps


@pytest.fixture
def operator(made: House) -> Caller:
    """A browser without a script."""
    return made.as_role(Role.OPERATOR, "ana")


def latest_write(made: House) -> str:
    """The latest run that wrote to Salesforce."""
    return next(run.id for run in made.store.runs(100) if "updated.crm" in run.counts)


def test_a_run_is_taken_back(made: House, steps: Steps, operator: Caller) -> None:
    """Shown first, value by value, with what stays and a digest; asked for by that digest, carried out by a daemon."""
    run = latest_write(made)
    assert f'href="/runs/{run}?connection=main"' in operator.get("/runs").text
    assert "Take it back" in operator.get(f"/runs/{run}").text
    page = operator.get(f"/runs/{run}/undo").text
    shown = text_of(page)
    for words in ("person records in crm", "title", "Wrong", "Zoë Ångström", "Goes back to", "Digest"):
        assert words in shown
    (digest,) = re.findall(r'name="digest" value="(\w+)"', page)
    (seen,) = re.findall(r"(\d+) person records in crm", shown)
    other = text_of(operator.get(f"/runs/{run}/undo?field=phone").text)
    assert "Nothing can be taken back" in other
    refused = operator.form(f"/runs/{run}/undo?connection=main", {"digest": "0" * 24})
    assert (refused.status, f"is {digest} by now" in text_of(refused.text)) == (409, True)
    assert not waiting_rollbacks(made.store)
    assert operator.form(f"/runs/{run}/undo?connection=main", {"digest": digest}).status == 303
    assert "Rollback of run" in text_of(operator.get(f"/runs/{run}").text)
    assert "Rollback of run" in text_of(operator.get("/runs").text)
    before = {str(row["Id"]): row["Title"] for row in steps.live("Lead")}
    take_back(steps.both.world, due=steps.both.clock.now() + timedelta(hours=1), met=Met())
    after = {str(row["Id"]): row["Title"] for row in steps.live("Lead")}
    assert sum(before[id] != after[id] for id in before) == int(seen)
    assert not waiting_rollbacks(made.store)
    rows = made.store.conflicts()
    assert [row.topic for row in rows if row.field == "title"] == [Topic.UNDONE] * int(seen)
    assert 'value="crm">Take this one' in operator.get("/conflicts").text
    for row in rows:
        made.store.resolve_conflict(row.id, "marketing")
    steps.cycle()


def test_taking_back_asks_for_the_password(made: House, steps: Steps, operator: Caller) -> None:
    """Of a session that is not fresh; a run that is not there is not found."""
    run = latest_write(made)
    made.clock.advance(301)
    assert 'type="password"' in operator.get(f"/runs/{run}/undo").text
    refused = operator.form(f"/runs/{run}/undo", {"digest": "x"})
    assert (refused.status, "password is needed" in refused.text) == (409, True)
    assert not waiting_rollbacks(steps.both.store)
    assert [operator.get(f"/runs/nothing{path}").status for path in ("", "/undo")] == [404, 404]


def test_a_program_takes_back_what_it_was_shown(made: House, steps: Steps) -> None:
    """Looking stores nothing; another digest is refused; it works while paused; asked twice it is one rollback."""
    program, run = made.program(Role.OPERATOR), latest_write(made)
    wrong = {row["Title"] for row in steps.live("Lead")}
    assert program.post(f"{C}/rollbacks/plan", {}).status == 422
    assert program.post(f"{C}/rollbacks/plan", {"run": "nothing"}).status == 409
    assert program.post(f"{C}/rollbacks/plan", {"run": run, "fields": ["nothing"]}).status == 422
    shown = program.post(f"{C}/rollbacks/plan", {"run": run}).json
    assert shown["plan"]["kinds"]["person"]["updates"]["crm"] == len(steps.contacts())
    assert shown["left"] == []
    assert not waiting_rollbacks(made.store)
    now = made.clock.now()
    made.desk.roster.pause("main", Pause("ana", now), now)
    body = {"run": run, "digest": shown["plan"]["digest"]}
    assert program.post(f"{C}/rollbacks", {**body, "digest": "0" * 24}).status == 409
    asked = [program.post(f"{C}/rollbacks", body) for _ in range(2)]
    assert [each.status for each in asked] == [200, 200]
    assert len({each.json["id"] for each in asked}) == 1
    assert asked[0].json["asked"]["undo"]["run"] == run
    take_back(steps.both.world, due=now + timedelta(hours=1), met=Met())
    made.desk.roster.pause("main", None, now)
    again = program.post(f"{C}/rollbacks/plan", {"run": run}).json
    assert again["plan"]["kinds"]["person"]["updates"]["crm"] == 0
    assert wrong.isdisjoint(row["Title"] for row in steps.live("Lead"))


def test_a_session_of_the_api_proves_itself(made: House, operator: Caller) -> None:
    """As it does to approve what the brake holds."""
    made.clock.advance(301)
    told = {"X-Syncd-Form": form_token(operator.secret), "Sec-Fetch-Site": "same-origin"}
    refused = operator.post(f"{C}/rollbacks", {"run": "r", "digest": "d"}, **told)
    assert (refused.status, refused.json["type"]) == (403, "urn:syncd:problem:password-needed")
