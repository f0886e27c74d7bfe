"""The console of a real daemon over both stand-ins: from the first invitation to what a cycle carries out."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from tests.scenarios.processes import Place
from tests.scenarios.test_daemon import MAIL, pair  # noqa: F401 - a fixture
from tests.visits import PASSWORD, Caller

pytestmark = pytest.mark.slow
C = "/api/v1/connections/main"


def until(true: Callable[[], Any], *, within: float = 30.0) -> Any:
    """Waits for something to be so."""
    over = time.monotonic() + within
    while time.monotonic() < over:
        if found := true():
            return found
        time.sleep(0.2)
    raise AssertionError("it never came to be")


def test_an_operator_lives_with_a_daemon(place: Place, pair: tuple[str, str]) -> None:  # noqa: F811 - the fixture
    """Invited at the command line, they look, find, ask why, decide, pause; the daemon does what they ask for."""
    contact, _ = pair
    with place.daemon("--http", "127.0.0.1:0") as daemon:
        browser = Caller(daemon.wait_for("console.started")["port"])
        daemon.wait_for("run.finished", state="done")
        assert browser.get("/").status == 303
        invitation = place.run("console", "invite", "ana").out.split()[0]
        joined = browser.form("/join", {"invitation": invitation, "password": PASSWORD, "again": PASSWORD})
        assert joined.status == 303
        assert "in step" in until(lambda: page if "in step" in (page := browser.get("/").text) else "")
        token = place.run("console", "token", "ana", "--for", "test", "--role", "operator").out.strip()
        program = Caller(browser.port, bearer=token, headers={"Accept": "application/json"})

        (found,) = program.get(f"{C}/records?q={quote(MAIL[:-2])}").json["items"]
        link = found["link"]
        assert found["refs"]["marketing"] == f"contacts/{contact}"
        told = program.get(f"{C}/records/{link}/explanation?field=title").json["record"]
        assert told["fields"]["title"]["next"] == "nothing: both sides agree"
        assert browser.get(f"/people/{link}/explanation").status == 200

        estimate = program.post(f"{C}/resyncs/estimate", {"records": [f"link:{link}"]}).json
        assert (estimate["records"], estimate["calls"]) == (1, {"marketing": 1, "crm": 1})
        asked = program.post(f"{C}/resyncs", {"records": [f"link:{link}"]}).json
        until(lambda: program.get(f"{C}/runs/{asked['id']}").json.get("state") == "done")
        assert program.get(f"{C}/resyncs").json["items"] == []
        assert program.post(f"{C}/resyncs/estimate", {}).status == 422

        assert program.post(f"{C}/pause", {"reason": "test"}).json["changed"]
        assert "paused by ana: test" in browser.get("/").text
        assert "paused by ana" in place.run("status").out
        assert program.post(f"{C}/resyncs", {"records": [f"link:{link}"]}).status == 409
        assert program.post(f"{C}/resume").json["changed"]
        report = program.get(f"{C}/reports/agreement").json
        assert report["report"] == "agreement"
        assert MAIL not in "".join(str(line) for line in daemon.events("console.command"))
        assert PASSWORD not in daemon.tail()
        assert token not in daemon.tail()


def findings(told: Any) -> set[str]:
    """What is found but for the day's calls, of which every look needs some."""
    return {each["what"] for each in told["findings"] if each["topic"] != "quota"}


def test_a_program_is_told_what_the_command_line_tells(place: Place, pair: tuple[str, str]) -> None:  # noqa: F811 - the fixture
    """Accounts, plan, store and history are the same documents; alerts rest and a connection stands still for both."""
    with place.daemon("--http", "127.0.0.1:0") as daemon:
        browser = Caller(daemon.wait_for("console.started")["port"])
        invitation = place.run("console", "invite", "ana").out.split()[0]
        browser.form("/join", {"invitation": invitation, "password": PASSWORD, "again": PASSWORD})
        token = place.run("console", "token", "ana", "--for", "test", "--role", "operator").out.strip()
        program = Caller(browser.port, bearer=token, headers={"Accept": "application/json"})
        daemon.wait_for("run.finished", state="done")
        assert until(lambda: (told := program.post(f"{C}/drain").json)["at_work"] is False and told)["in_flight"] == 0
        assert "ana" in place.run("status").out

        examined = place.run("doctor", "--json").json
        told = program.get(f"{C}/doctor").json
        assert told["unreached"] == []
        assert findings(told) == findings(examined["connections"]["main"])
        assert program.get(f"{C}/plan").json["digest"] == place.run("plan", "--json").json["digest"]
        assert program.get(f"{C}/audit/verification").json == place.run("audit", "verify", "--json").json
        assert program.get(f"{C}/links").json["items"] == place.run("link", "list", "--json").json["links"]
        size = place.run("store", "size", "--json").json
        assert program.get("/api/v1/store/size").json["keep"] == size["keep"]
        assert set(program.get("/api/v1/store/size").json["tables"]) == set(size["tables"])
        shelf = program.get("/api/v1/store/backups").json
        assert shelf == {**place.run("store", "backups", "--json").json, "asked": None, "failed": None}
        refused = program.post("/api/v1/store/backups")
        assert (refused.status, shelf["asked"]) == (403, None), "an admin asks for one"

        assert program.post(f"{C}/maintenance", {"for": "1h", "reason": "test"}).json["who"] == "ana"
        (rests,) = place.run("maintenance", "--json").json["connections"]
        assert (rests["who"], rests["reason"]) == ("ana", "test")
        assert program.post(f"{C}/resume").json["changed"]


def test_nobody_is_served_elsewhere_before_somebody_can_log_in(place: Place) -> None:
    """Also behind a proxy: the first admin is let in on this machine."""
    refused = place.run(
        "run", "--http", "0.0.0.0:0", environ={"SYNCD_CONSOLE__PUBLIC_URL": "https://syncd.example.com"}
    )
    assert refused.code == 2
    assert "syncd console invite" in refused.err
