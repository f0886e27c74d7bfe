"""The program as people call it: processes, pipes and exit codes, against both stand-ins in a process of their own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from syncd.store import open_store
from syncd.system import SystemClock, holder_name, surely_gone
from tests.fakes import FakeChance, FakeClock
from tests.scenarios.processes import MAIL, READY, ROOT, SYNCD, Place, someone

pytestmark = pytest.mark.slow


def test_from_first_look_to_a_quiet_second_sync(place: Place) -> None:
    """check, plan, a preview that exits 1 and writes nothing, the approval, and a second sync that writes nothing."""
    contact, lead = someone(place)
    before = place.run("status")
    assert (before.code, "there is no store yet" in before.out) == (1, True)
    online = place.run("check", "--online")
    assert online.code == 0, online.out
    plan = place.run("plan", "--json")
    assert plan.code == 1
    figures = plan.json["kinds"]["person"]
    assert (figures["links"], figures["creates"]) == (1, {"marketing": 0, "crm": 1})
    assert plan.json["calls"]["crm"]["share_of_today"] > 0

    preview = place.run("sync")
    assert preview.code == 1
    assert f"sync --approve {plan.json['digest']}" in preview.out
    assert place.salesforce.calls()["written"] == 0
    assert place.run("status").code == 1
    wrong = place.run("sync", "--approve", "0" * 24, "--json")
    assert wrong.code == 1
    assert wrong.json["needs_approval"] is True

    approved = place.run("sync", "--approve", plan.json["digest"], "--json")
    assert approved.code == 0, approved.out
    assert approved.json["run"]["counts"]["created.crm"] == 1
    assert approved.json["calls"]["crm"] > 0
    keys = {row["Id"]: row["Syncd_Marketing_Id__c"] for row in place.salesforce.export()["Lead"]}
    assert keys[lead] == contact

    written = (place.hubspot.calls()["written"], place.salesforce.calls()["written"])
    again = place.run("sync", "--json")
    assert again.code == 0
    assert again.json["run"]["counts"] == {}
    assert (place.hubspot.calls()["written"], place.salesforce.calls()["written"]) == written
    assert [run["state"] for run in place.run("runs", "--json").json["runs"]] == ["done", "done", "held", "held"]
    stands = place.run("status", "--json").json["connections"][0]
    assert stands["links"]["person"] == 2
    assert stands["calls"]["crm"]["used"] > 0
    assert stands["calls"]["crm"]["known"] is False, "a minute is not enough to tell an hour"


def test_a_conflict_from_listing_to_resolution(place: Place) -> None:
    """Both sides change the address: exit 1, both values shown, one taken, carried out by the next sync, exit 0."""
    contact, lead = someone(place)
    assert place.approve().code == 0
    place.hubspot.do("edit", object="contacts", id=contact, properties={"email": f"a{MAIL}"}, by="userId:1")
    place.salesforce.do("edit", object="Lead", id=lead, fields={"Email": f"b{MAIL}"})
    assert place.run("sync").code == 1
    (conflict,) = place.run("conflicts", "list", "--json").json["conflicts"]
    assert conflict["field"] == "email"
    assert conflict["values"] == {"marketing": f"a{MAIL}".lower(), "crm": f"b{MAIL}".lower()}
    explained = place.run("explain", f"crm:Lead/{lead}", "email", "--json")
    assert explained.code == 1
    assert conflict["id"] in explained.json["record"]["fields"]["email"]["next"]
    assert place.run("conflicts", "resolve", conflict["id"][:8], "--take", "crm").code == 0
    assert place.run("sync").code == 0
    emails = {row["id"]: row["properties"]["email"] for row in place.hubspot.export()["contacts"]}
    assert emails[contact].lower() == f"b{MAIL}".lower()


def test_an_export_and_a_complete_plan_are_private_files(place: Place, tmp_path: Path) -> None:
    """Both hold people's values: written for their owner alone, complete, and only where asked."""
    someone(place)
    folder, plan = tmp_path / "export", tmp_path / "plan.json"
    hubspot, salesforce = place.ports
    said = place.run("sandbox", "--export", str(folder), "--hubspot-port", hubspot, "--salesforce-port", salesforce)
    assert said.code == 0
    assert len(json.loads((folder / "hubspot.json").read_bytes())["contacts"]) == 2
    assert len(json.loads((folder / "salesforce.json").read_bytes())["Lead"]) == 1
    plan.write_text("old")
    plan.chmod(0o644)
    assert place.run("plan", "--out", str(plan)).code == 1
    decisions = json.loads(plan.read_bytes())["kinds"]["person"]["decisions"]
    assert {action["do"] for each in decisions for action in each["actions"]} >= {"create", "link"}
    for file in (plan, folder / "hubspot.json"):
        assert file.stat().st_mode & 0o777 == 0o600
    assert place.run("plan", "--out", str(tmp_path / "no" / "plan.json")).code == 2


def test_vendors_that_refuse_or_are_gone(place: Place) -> None:
    """A wrong token and a port where nobody listens: exit 3, one line, nothing written, no secret told."""
    token = {"SYNCD_CONNECTIONS__MAIN__MARKETING__ACCESS_TOKEN": "pat-na1-wrong-one"}
    refused = place.run("sync", environ=token)
    assert refused.code == 3
    assert "pat-na1-wrong-one" not in refused.err + refused.out
    gone = place.run("plan", environ={"SYNCD_CONNECTIONS__MAIN__MARKETING__BASE_URL": "http://127.0.0.1:9"})
    assert gone.code == 3
    assert sum(json.loads(line)["event"] == "command.failed" for line in gone.err.splitlines()) == 1


def test_an_account_of_another_connection_is_exit_2(place: Place) -> None:
    """A portal that one connection is bound to is refused to another one, before any write."""
    someone(place)
    assert place.approve().code == 0
    renamed = (place.config / "syncd.yaml").read_text(encoding="utf-8").replace("  main:", "  other:")
    (place.config / "syncd.yaml").write_text(renamed, encoding="utf-8")
    assert place.run("plan").code == 2


def test_a_lease_held_by_another_worker(place: Place) -> None:
    """While somebody else writes, sync waits as long as told, then exits 3 and names the holder."""
    now = datetime.now(UTC)
    store = open_store(f"sqlite:///{place.config}/syncd.db", "main", clock=FakeClock(now), chance=FakeChance(1))
    try:
        lease = store.take_lease("somebody-else", now, now + timedelta(minutes=5))
        assert lease is not None
        said = place.run("sync", "--wait", "0")
        assert said.code == 3
        assert "somebody-else" in json.loads(said.err.splitlines()[-1])["what"]
        assert place.run("status", "--json").json["connections"][0]["lease"]["holder"] == "somebody-else"
        store.release_lease(lease)
    finally:
        store.close()
    assert place.run("sync", "--wait", "0").code == 0


def test_the_stand_ins_fill_and_export_when_they_stop(tmp_path: Path) -> None:
    """``--people`` fills both sides, Ctrl-C ends in order, and what both hold is exported on the way out."""
    pytest.importorskip("faker")
    folder = tmp_path / "export"
    process = subprocess.Popen(
        [*SYNCD, "sandbox", "--people", "40", "--companies", "8", "--seed", "3", "--export", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    while (line := process.stdout.readline().rstrip("\n")) != READY:
        assert line or process.poll() is None, "the stand-ins ended"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert json.loads((folder / "hubspot.json").read_bytes())["contacts"]
    assert json.loads((folder / "salesforce.json").read_bytes())["Lead"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_command_that_is_told_to_stop_closes_its_run(place: Place, number: signal.Signals, code: int) -> None:
    """A plain kill and Ctrl-C end in a sentence and an exit code of their own; the lease is free, the run told."""
    someone(place)
    events: list[dict[str, Any]] = []
    with subprocess.Popen(
        [*SYNCD, "--config", str(place.config), "sync"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            events.append(json.loads(line))
            if events[-1]["event"] == "run.started":
                process.send_signal(number)
        assert process.wait(timeout=60) == code
    by_name = {row["event"]: row for row in events}
    assert by_name["run.finished"]["state"] == "partial"
    assert by_name["run.failed"]["what"].startswith("interrupted")
    assert by_name["command.failed"]["exit"] == code
    assert "the next run goes on from there" in by_name["command.failed"]["what"]
    run = place.run("runs", "--json").json["runs"][0]
    assert (run["state"], run["trouble"]) == ("partial", "interrupted; what was in flight is settled next time")
    digest = place.run("plan", "--json").json["digest"]
    assert place.run("sync", "--wait", "0", "--approve", digest).code in {0, 1}, "nobody has to wait for the lease"


def test_the_holder_of_the_lease_is_named_in_full(place: Place) -> None:
    """Who else works there is told by user, host and process; the mask for e-mail addresses leaves it alone."""
    name = holder_name("ann")
    assert not surely_gone(name)
    store = open_store(f"sqlite:///{place.config / 'syncd.db'}", "main", clock=SystemClock(), chance=FakeChance(1))
    now = datetime.now(UTC)
    assert store.take_lease(name, now, now + timedelta(minutes=5)) is not None
    store.close()
    said = place.run("sync", "--wait", "0")
    assert said.code == 3
    told = json.loads(said.err.splitlines()[-1])["what"]
    assert f"{name} is writing for it until" in told
    assert name.startswith(f"ann on {socket.gethostname()}:{os.getpid()}:")
