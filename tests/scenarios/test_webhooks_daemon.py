"""A daemon that listens to webhooks, and the stand-in that calls it as the vendor would over a proxy that ended TLS."""

from __future__ import annotations

import signal
import urllib.error
import urllib.request

import pytest

from tests.scenarios.processes import CANARY, Place, RunningDaemon, someone, until

pytestmark = pytest.mark.slow
TARGET = "https://hooks.example.com/webhooks/main"
SECRET = "sandbox-client-secret"  # not a secret


def expecting(place: Place, *, secret: str = SECRET) -> None:
    """The configuration has webhooks from now on."""
    file = place.config / "hook_secret"
    file.write_text(secret)
    file.chmod(0o600)
    settings = place.config / "syncd.yaml"
    text = settings.read_text()
    line = next(each for each in text.splitlines() if each.strip().startswith("base_url:"))
    indent = line[: len(line) - len(line.lstrip())]
    hook = f"{indent}webhooks: {{url: {TARGET}, client_secret_file: hook_secret}}"
    settings.write_text(text.replace(line, f"{line}\n{hook}"))


def subscribed(place: Place, port: int) -> None:
    """The account's app calls the daemon."""
    place.hubspot.switch(webhook_settings_cached=0.0)
    place.hubspot.do("add_app", target_url=TARGET, reached_at=f"http://127.0.0.1:{port}")
    for event, property in (("contact.propertyChange", "jobtitle"), ("contact.deletion", None)):
        made = place.hubspot.do("add_webhook", event=event, property=property)
        place.hubspot.do("activate_webhook", id=made)


def title(place: Place, lead: str) -> str:
    """What the CRM has."""
    return next(str(row["Title"]) for row in place.salesforce.export()["Lead"] if row["Id"] == lead)


def refused(daemon: RunningDaemon) -> set[str]:
    """Why calls were refused so far."""
    return {str(event["reason"]) for event in daemon.events("webhooks.refused")}


def test_f70_a_change_is_carried_before_the_search_shows_it(place: Place) -> None:
    """From the vendor's call to the other side; forged calls change nothing; no value is in the log; a new secret holds
    without a restart; the daemon ends in time.
    """
    contact, lead = someone(place)
    assert place.approve().code == 0
    expecting(place)
    place.hubspot.switch(index_lag=(600.0, 600.0))
    with place.daemon("--webhooks", "127.0.0.1:0") as daemon:
        port = daemon.wait_for("webhooks.started")["port"]
        daemon.wait_for("run.finished", state="done")
        subscribed(place, port)
        place.hubspot.do("edit", object="contacts", id=contact, properties={"jobtitle": f"{CANARY} 2"}, by="userId:1")
        until(lambda: title(place, lead) == f"{CANARY} 2", what=daemon.tail)
        forged = urllib.request.Request(
            f"http://127.0.0.1:{port}/webhooks/main", data=b"[]", headers={"X-HubSpot-Signature-v3": "x"}, method="POST"
        )
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(forged, timeout=10)
        until(lambda: refused(daemon) == {"unsigned"}, what=daemon.tail)
        (place.config / "hook_secret").write_text("another")
        place.hubspot.do("edit", object="contacts", id=contact, properties={"jobtitle": f"{CANARY} 3"}, by="userId:1")
        until(lambda: "forged" in refused(daemon), what=daemon.tail)
        assert title(place, lead) == f"{CANARY} 2"
        code, seconds = daemon.stop(signal.SIGTERM)
        assert (code, seconds < 10) == (0, True)


def test_f70_what_no_webhook_told_the_poll_carries(place: Place) -> None:
    """The listener is there and nobody calls it."""
    contact, lead = someone(place)
    assert place.approve().code == 0
    expecting(place)
    with place.daemon("--webhooks", "127.0.0.1:0") as daemon:
        daemon.wait_for("webhooks.started")
        daemon.wait_for("run.finished", state="done")
        place.hubspot.do("edit", object="contacts", id=contact, properties={"jobtitle": f"{CANARY} 2"}, by="userId:1")
        until(lambda: title(place, lead) == f"{CANARY} 2", what=daemon.tail)


def test_a_listener_that_nobody_expects_is_refused(place: Place) -> None:
    """Before anything is begun; and so is an address that is none."""
    said = place.run("run", "--webhooks", "127.0.0.1:0")
    assert said.code == 2
    assert "marketing.webhooks" in said.err
    assert place.run("run", "--webhooks", "localhost:1").code == 2
