"""``syncd run`` as a process: changes flow both ways, signals are heeded, a kill loses nothing, trouble passes."""

from __future__ import annotations

import signal
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.scenarios.processes import MAIL, Place, someone, until

pytestmark = pytest.mark.slow

SLOW = 30.0
"""Seconds a vendor takes to answer that takes too long."""


def _title(place: Place, contact: str) -> str:
    return next(
        row["properties"].get("jobtitle", "") for row in place.hubspot.export()["contacts"] if row["id"] == contact
    )


def _lead(place: Place, lead: str) -> dict[str, str]:
    return next(row for row in place.salesforce.export()["Lead"] if row["Id"] == lead)


def _retitle(place: Place, contact: str, title: str) -> None:
    place.hubspot.do("edit", object="contacts", id=contact, properties={"jobtitle": title}, by="userId:1")


@pytest.fixture
def pair(place: Place) -> tuple[str, str]:
    """A linked person: ids of contact and lead."""
    both = someone(place)
    assert place.approve().code == 0
    return both


@pytest.mark.fault("F60")
def test_changes_flow_both_ways_and_sigterm_ends_it_cleanly(place: Place, pair: tuple[str, str]) -> None:
    """A daemon polls by itself; told to stop it leaves the roster, gives the lease back and exits with 0."""
    contact, lead = pair
    with place.daemon() as daemon:
        daemon.wait_for("run.finished", state="done")
        _retitle(place, contact, "Head of Everything")
        until(lambda: _lead(place, lead)["Title"] == "Head of Everything", what=daemon.tail)
        place.salesforce.do("edit", object="Lead", id=lead, fields={"Title": "Head of Nothing"})
        until(lambda: _title(place, contact) == "Head of Nothing", what=daemon.tail)
        code, seconds = daemon.stop()
        assert (code, seconds < 10) == (0, True)
        assert daemon.wait_for("service.stopped")["turns"] == 0
    stands = place.run("status", "--json").json["connections"][0]
    assert stands["lease"] is None
    assert stands["workers"] == []


def test_a_first_link_waits_for_its_approval_and_then_goes_on_at_once(place: Place) -> None:
    """The daemon writes nothing unapproved and does not read everything again and again; the approval wakes it."""
    contact, lead = someone(place)
    with place.daemon() as daemon:
        digest = daemon.wait_for("first_link.preview")["digest"]
        time.sleep(3)
        assert len(daemon.events("first_link.preview")) == 1
        assert place.salesforce.calls()["written"] == 0
        assert place.run("sync", "--approve", digest).code == 0
        _retitle(place, contact, "Approved")
        until(lambda: _lead(place, lead)["Title"] == "Approved", what=daemon.tail)


def test_an_answer_that_does_not_come_is_left_open_and_settled_at_the_next_start(
    place: Place, pair: tuple[str, str]
) -> None:
    """SIGTERM in the middle of a write: ten seconds at most, and the write happens once."""
    contact, lead = pair
    with place.daemon() as daemon:
        daemon.wait_for("run.finished", state="done")
        place.salesforce.fault(name="late", when="after", method="PATCH", times=1, delay=SLOW)
        _retitle(place, contact, "Late")
        until(lambda: place.run("status", "--json").json["connections"][0]["open_intents"] > 0, what=daemon.tail)
        code, seconds = daemon.stop()
        assert (code, seconds < 10.5) == (0, True), seconds
        assert daemon.wait_for("service.stopped")["turns"] == 1
    written = place.salesforce.calls()["written"]
    place.salesforce.clear_faults()
    with place.daemon() as daemon:
        until(lambda: place.run("status", "--json").json["connections"][0]["open_intents"] == 0, what=daemon.tail)
        until(lambda: _lead(place, lead)["Title"] == "Late", what=daemon.tail)
    assert place.salesforce.calls()["written"] - written <= 1


@pytest.mark.fault("F59")
def test_a_kill_is_recovered_from_without_a_hand(place: Place, pair: tuple[str, str]) -> None:
    """Kill -9: the next start buries the dead worker, takes its turn up and waits for nobody's lease."""
    contact, lead = pair
    with place.daemon() as daemon:
        daemon.wait_for("run.finished", state="done")
        daemon.stop(signal.SIGKILL)
    _retitle(place, contact, "After the kill")
    with place.daemon() as daemon:
        until(lambda: _lead(place, lead)["Title"] == "After the kill", within=15, what=daemon.tail)
        daemon.wait_for("worker.dead")


@pytest.mark.fault("F66")
def test_two_daemons_on_one_sqlite_store(place: Place, pair: tuple[str, str]) -> None:
    """The second is refused with exit 3 and the name of the first; the first goes on."""
    with place.daemon() as first:
        first.wait_for("run.finished", state="done")
        second = place.run("run")
        assert second.code == 3
        assert f":{first.process.pid}:" in second.err
        assert "a SQLite store bears one daemon" in second.err
        runs = len(first.events("run.finished"))
        first.wait_for("run.finished", times=runs + 2)


@pytest.mark.fault("F60")
def test_sighup_takes_a_good_configuration_and_keeps_the_old_one_of_a_bad(place: Place, pair: tuple[str, str]) -> None:
    """A field taken out of the mapping travels no longer; a broken file changes nothing and is told."""
    contact, lead = pair
    mapping = place.config / "schema" / "person.yaml"
    before = mapping.read_text()
    with place.daemon() as daemon:
        daemon.wait_for("run.finished", state="done")
        mapping.write_text(before.replace("fields:", "feilds:", 1))
        daemon.process.send_signal(signal.SIGHUP)
        refused = daemon.wait_for("config.refused")
        assert "person.yaml" in refused["what"]
        _retitle(place, contact, "Old mapping")
        until(lambda: _lead(place, lead)["Title"] == "Old mapping", what=daemon.tail)

        mapping.write_text(before)
        settings = place.config / "syncd.yaml"
        settings.write_text(settings.read_text().replace("  main:\n", "  main:\n    mode: shadow\n"))
        loaded = len(daemon.events("config.loaded"))
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("config.loaded", times=loaded + 1)
        daemon.wait_for("run.started", mode="shadow")
        _retitle(place, contact, "Never seen")
        runs = len(daemon.events("run.finished"))
        daemon.wait_for("run.finished", times=runs + 2)
        assert _lead(place, lead)["Title"] == "Old mapping"


def test_a_revoked_token_is_told_and_a_new_one_is_used_without_a_restart(place: Place, pair: tuple[str, str]) -> None:
    """The secret's file is read again; nothing is lost meanwhile."""
    contact, lead = pair
    token = place.config / "token"
    token.write_text("pat-na1-sandbox")
    token.chmod(0o600)
    settings = place.config / "syncd.yaml"
    settings.write_text(settings.read_text().replace('access_token: "pat-na1-sandbox"', "access_token_file: token"))
    with place.daemon() as daemon:
        daemon.wait_for("run.finished", state="done")
        place.hubspot.do("issue_token", token="pat-na1-sandbox-new")
        place.hubspot.do("revoke_token", token="pat-na1-sandbox")
        failed = daemon.wait_for("turn.failed", error="Unauthorized")
        assert "token" in failed["what"]
        _retitle(place, contact, "While locked out")
        token.write_text("pat-na1-sandbox-new")
        until(lambda: _lead(place, lead)["Title"] == "While locked out", what=daemon.tail)


@pytest.mark.fault("F62")
def test_a_locked_store_stops_writes_and_heals(place: Place, pair: tuple[str, str]) -> None:
    """A store that cannot be written: no write at a vendor without its audit row; it goes on once it can."""
    contact, lead = pair
    store = next(place.config.glob("syncd.db"))
    with place.daemon() as daemon:
        daemon.wait_for("run.finished", state="done")
        blocked = _hold_the_lock(store)
        try:
            _retitle(place, contact, "Locked")
            daemon.wait_for("service.troubled", within=40)
            assert _lead(place, lead)["Title"] != "Locked"
        finally:
            blocked.close()
        until(lambda: _lead(place, lead)["Title"] == "Locked", what=daemon.tail)
        daemon.wait_for("service.recovered")


def _hold_the_lock(store: Path) -> object:
    from pysqlite3 import dbapi2

    connection = dbapi2.connect(str(store), isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    return connection


# -- resyncs asked for from another shell ----------------------------------------------------------------------------
def test_a_resync_from_another_shell_is_carried_out_by_the_daemon(place: Place, pair: tuple[str, str]) -> None:
    """Shown as a plan, refused without a yes, carried out and watched to its end."""
    contact, lead = pair
    with place.daemon() as daemon:
        daemon.wait_for("run.finished", state="done")
        unasked = place.run("resync", f"marketing:contacts/{contact}", "--json")
        assert (unasked.code, place.run("resync", "--list", "--json").json["resyncs"]) == (1, [])
        assert (unasked.json["resync"], unasked.json["done"]) == (None, False)
        assert unasked.json["plan"]["digest"]
        place.hubspot.do("edit", object="contacts", id=contact, properties={"city": "Ulm"}, by="userId:1")
        done = place.run("resync", "--all", "--yes", "--watch", "--json")
        assert done.code == 0, done.err
        assert done.json["done"] is True
        assert done.json["plan"]["digest"]
        assert daemon.wait_for("run.finished", command="resync")["state"] == "done"
        until(lambda: _lead(place, lead)["City"] == "Ulm", what=daemon.tail)


def test_a_resync_survives_a_kill_and_goes_on_by_itself(place: Place, pair: tuple[str, str]) -> None:
    """Kill -9 in the middle of a share: the next start carries the resync out to its end."""
    with place.daemon() as daemon:
        daemon.wait_for("run.finished", state="done")
        place.hubspot.switch(latency=1.0)
        place.salesforce.switch(latency=1.0)
        asked = place.run("resync", "--all", "--yes", "--json")
        assert (asked.code, asked.json["done"]) == (0, False)
        daemon.wait_for("run.started", command="resync")
        daemon.stop(signal.SIGKILL)
    place.hubspot.switch(latency=0.0)
    place.salesforce.switch(latency=0.0)
    (waiting,) = place.run("resync", "--list", "--json").json["resyncs"]
    assert waiting["id"] == asked.json["resync"]["id"]
    with place.daemon() as daemon:
        daemon.wait_for("run.finished", command="resync", state="done")
    assert place.run("resync", "--list", "--json").json["resyncs"] == []


def test_without_a_daemon_the_command_carries_the_resync_out(place: Place, pair: tuple[str, str]) -> None:
    """And a paused connection refuses it, as it refuses a sync."""
    contact, lead = pair
    _retitle(place, contact, "By hand")
    done = place.run("resync", f"crm:Lead/{lead}", "--yes")
    assert done.code == 0, done.err
    assert _lead(place, lead)["Title"] == "By hand"
    assert place.run("pause", "--reason", "moving house").code == 0
    refused = place.run("resync", "--all", "--yes")
    assert (refused.code, place.run("sync").code) == (3, 3)
    assert "moving house" in refused.err
    assert place.run("status", "--json").json["connections"][0]["paused"]["reason"] == "moving house"
    assert place.run("resume").code == 0
    assert place.run("sync").code == 0


def test_a_paused_connection_stands_still_and_catches_up(place: Place, pair: tuple[str, str]) -> None:
    """What is changed meanwhile arrives after `resume`, at once."""
    contact, lead = pair
    with place.daemon() as daemon:
        daemon.wait_for("run.finished", state="done")
        assert place.run("pause").code == 0
        runs = len(daemon.events("run.started"))
        _retitle(place, contact, "While paused")
        time.sleep(3)
        assert len(daemon.events("run.started")) <= runs + 1  # one may have been under way
        assert _lead(place, lead)["Title"] != "While paused"
        assert place.run("resume").code == 0
        until(lambda: _lead(place, lead)["Title"] == "While paused", within=10, what=daemon.tail)


# -- seen from outside -------------------------------------------------------------------------------------------------
def _get(port: int, page: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def test_health_readiness_and_metrics_over_http(place: Place, pair: tuple[str, str]) -> None:
    """Ready once polled, not ready while a vendor cannot be reached, ready again; metrics count what happened."""
    contact, lead = pair
    with place.daemon("--http", "127.0.0.1:0") as daemon:
        port = daemon.wait_for("console.started")["port"]
        until(lambda: _get(port, "readyz")[0] == 200)
        _retitle(place, contact, "Measured")
        until(lambda: _lead(place, lead)["Title"] == "Measured", what=daemon.tail)
        daemon.wait_for("run.finished", counts={"updated.crm": 1})
        text = _get(port, "metrics")[1]
        assert 'syncd_outcomes_total{connection="main",outcome="updated.crm"} 1.0' in text
        assert 'syncd_links{connection="main",kind="person"} 2.0' in text
        assert 'syncd_vendor_sunset_days{connection="main",side="marketing"}' in text
        assert "Measured" not in text
        assert MAIL not in text

        place.hubspot.fault(name="down", times=10_000, status=503)
        until(lambda: _get(port, "readyz")[0] == 503, within=60, what=daemon.tail)
        assert "main: marketing was last polled" in _get(port, "readyz")[1]
        stale = place.run("status", "--json", environ={"SYNCD_CONNECTIONS__MAIN__POLL": "1"})
        assert stale.code == 3
        assert any("marketing was last polled" in text for text in stale.json["connections"][0]["stale"])
        assert _get(port, "healthz")[0] == 200
        place.hubspot.clear_faults()
        until(lambda: _get(port, "readyz")[0] == 200, within=60, what=daemon.tail)


def test_an_address_that_is_not_loopback_is_refused(place: Place) -> None:
    """Before anything is begun."""
    refused = place.run("run", "--http", "0.0.0.0:9464")
    assert refused.code == 2
    assert "127.0.0.1:PORT" in refused.err
