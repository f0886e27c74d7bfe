"""The probes of a running daemon: reachable beside the console's address, every metric, and nothing of anybody."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest

from syncd.observe.metrics import METRICS
from tests.scenarios.processes import MAIL, Place, someone, until

pytestmark = pytest.mark.slow


def ask(port: int, page: str) -> tuple[int, str]:
    """Status and body."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def title(place: Place, lead: str) -> str:
    """What the CRM has."""
    return next(str(row["Title"]) for row in place.salesforce.export()["Lead"] if row["Id"] == lead)


def test_probes_beside_the_console(place: Place) -> None:
    """Both count the same; the probes name every metric there is, no value, no address and no reason."""
    contact, lead = someone(place)
    assert place.approve().code == 0
    with place.daemon("--http", "127.0.0.1:0", "--probes", "0.0.0.0:0") as daemon:
        port = daemon.wait_for("probes.started")["port"]
        inside = daemon.wait_for("console.started")["port"]
        until(lambda: ask(port, "readyz")[0] == 200)
        place.hubspot.do("edit", object="contacts", id=contact, properties={"jobtitle": "Measured"}, by="userId:1")
        until(lambda: title(place, lead) == "Measured", what=daemon.tail)
        daemon.wait_for("run.finished", counts={"updated.crm": 1})
        done = 'syncd_outcomes_total{connection="main",outcome="updated.crm"} 1.0'
        until(lambda: done in ask(port, "metrics")[1])
        text = ask(port, "metrics")[1]
        assert done in ask(inside, "metrics")[1]
        for name, about in METRICS.items():
            assert f"# TYPE {name} {about.sort}" in text, name
        assert 'syncd_poll_interval_seconds{connection="main"}' in text
        assert 'syncd_delivery_seconds_count{connection="main"} 0.0' in text
        place.hubspot.fault(name="down", times=10_000, status=503)
        until(lambda: ask(port, "readyz")[0] == 503, within=60, what=daemon.tail)
        assert json.loads(ask(port, "readyz")[1]) == {"ready": False}
        assert json.loads(ask(inside, "readyz")[1])["troubles"]
        for canary in ("Measured", MAIL, lead):
            assert canary not in text
        assert ask(port, "healthz")[0] == 200


def test_an_address_that_is_none_is_refused(place: Place) -> None:
    """Before anything is begun."""
    refused = place.run("run", "--probes", "everywhere:9465")
    assert refused.code == 2
    assert "0.0.0.0:9465" in refused.err
