"""What a running daemon tells people when a vendor is down, during maintenance, and as long as all is well."""

from __future__ import annotations

import pytest

from tests.receivers import Webhook, pulse, webhook
from tests.scenarios.processes import Place, someone, until

pytestmark = pytest.mark.slow


def told_to(place: Place, hook: int, heart: int) -> None:
    """A target and a heartbeat on loopback."""
    for name, url in (
        ("hook_url", f"json://127.0.0.1:{hook}/geheimpfad"),
        ("beat_url", f"http://127.0.0.1:{heart}/geheim"),
    ):
        file = place.config / name
        file.write_text(url)
        file.chmod(0o600)
    settings = place.config / "syncd.yaml"
    settings.write_text(
        f"{settings.read_text()}\nnotify:\n  targets:\n    hook: {{url_file: hook_url}}\n"
        "  heartbeats:\n    nurse: {url_file: beat_url, every: 1}\n"
    )


def titles(hook: Webhook) -> list[str]:
    """What arrived."""
    return [str(got["title"]).removeprefix("syncd main: ") for got in hook.got]


def test_an_outage_is_told_once_with_its_end_and_the_heart_stands_still(place: Place) -> None:
    """Both vendors' sides are not read meanwhile, cycles fail: nobody is told of that. No address is in the log."""
    someone(place)
    assert place.approve().code == 0
    with webhook() as hook, pulse() as heart:
        told_to(place, hook.port, heart.port)
        with place.daemon() as daemon:
            until(lambda: len(heart.got) >= 2, what=daemon.tail)
            assert heart.got[0][0] == "/geheim"
            place.hubspot.fault(name="down", times=100_000, status=503)
            daemon.wait_for("turn.failed", within=60)
            beats = len(heart.got)
            until(lambda: bool(hook.got), within=120, what=daemon.tail)
            assert len(heart.got) <= beats + 1
            place.hubspot.clear_faults()
            until(lambda: len(hook.got) == 2, within=120, what=daemon.tail)
            until(lambda: len(heart.got) >= beats + 2, what=daemon.tail)
            heart.status = 500
            daemon.wait_for("heartbeat.failed", target="nurse")
            finished = len(daemon.events("run.finished"))
            until(lambda: len(daemon.events("run.finished")) > finished + 1, what=daemon.tail)
            code, seconds = daemon.stop()
            assert (code, seconds < 10) == (0, True)
            log = daemon.log.read_text()
    assert titles(hook) == ["vendor.down", "vendor.up"]
    assert "side=marketing" in hook.got[0]["message"]
    assert hook.got[1]["type"] == "success"
    assert not daemon.events("side.stalled")
    assert "geheim" not in log


def test_maintenance_rests_alerts_and_tells_at_its_end_what_still_is_wrong(place: Place) -> None:
    """Begun and ended by a command beside the daemon, which goes on: its cycles are told of by its log alone."""
    someone(place)
    assert place.approve().code == 0
    with webhook() as hook, pulse() as heart:
        told_to(place, hook.port, heart.port)
        with place.daemon() as daemon:
            daemon.wait_for("run.finished", state="done")
            assert place.run("maintenance", "--for", "1h", "--reason", "new network").code == 0
            place.hubspot.fault(name="down", times=100_000, status=503)
            daemon.wait_for("vendor.down", within=120)
            assert not hook.got
            assert place.run("maintenance", "--end").code == 0
            until(lambda: bool(hook.got), within=90, what=daemon.tail)
            assert titles(hook) == ["maintenance is over, 1 still wrong"]
            assert "new network" in hook.got[0]["message"]
            assert "vendor.down" in hook.got[0]["message"]
            place.hubspot.clear_faults()
            until(lambda: len(hook.got) == 2, within=120, what=daemon.tail)
            assert titles(hook)[1] == "vendor.up"
