"""What the engine emits reaches people: over the real engine, and out of real processes into a real receiver."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator

import pytest

from syncd.observe.log import listen, unlisten
from tests.receivers import FakePost, webhook
from tests.scenarios.brakes import DAY, linked
from tests.scenarios.processes import Place, someone, until
from tests.scenarios.steps import Steps
from tests.unit.operations.tellers import Told
from tests.worlds import open_both


@pytest.fixture
def steps() -> Iterator[Steps]:
    """A world with the brake's own limits."""
    both = open_both(brake={})
    yield Steps(both)
    both.store.close()


def test_a_brake_that_holds_is_told_once_however_long_it_holds(steps: Steps) -> None:
    """One message for the wave, none for the cycles that find it held; nothing of any record is in it."""
    pairs = linked(steps)
    told = Told("", clock=steps.both.clock, post=FakePost(), stores={"main": steps.both.store})
    teller = told.process()
    listen(teller.hearing.heard)
    try:
        for contact, _ in pairs:
            steps.market(contact, jobtitle="Geheimtitel")
        for _ in range(5):
            steps.cycle()
            told.passes(teller, 30)
        (message,) = told.texts()
        assert message.title.endswith("main: brake.held")
        assert "measure=same_value" in message.body
        assert "syncd held show" in message.body
        assert "Geheimtitel" not in message.body
        assert "@" not in message.body
        steps.cycle(after=DAY)
        told.passes(teller, 30)
        assert len(told.texts()) == 1
    finally:
        unlisten(teller.hearing.heard)


def _with_target(place: Place, port: int, events: str) -> None:
    config = place.config / "syncd.yaml" if place.config.is_dir() else place.config
    file = config.parent / "hook_url"
    file.write_text(f"json://127.0.0.1:{port}/geheimpfad")
    file.chmod(0o600)
    config.write_text(
        f"{config.read_text()}\nnotify:\n  targets:\n    hook: {{url_file: hook_url, events: [{events}]}}\n"
    )


@pytest.mark.slow
def test_one_sync_tells_at_its_end_and_the_next_what_was_left(place: Place) -> None:
    """A receiver that is down costs the command a moment and loses nothing."""
    someone(place)
    with webhook() as hook:
        _with_target(place, hook.port, "first_link.preview, run.finished")
        hook.status = 503
        first = place.run("sync", "--json")
        assert first.code == 1
        assert "geheimpfad" not in first.err
        assert '"event":"notify.failed"' in first.err
        waits = place.run("notify", "list", "--json").json["waiting"]
        assert [each["title"] for each in waits] == ["syncd main: first_link.preview, run.finished"]
        hook.status, refused = 200, len(hook.got)
        place.run("sync", "--json")
        titles = [got["title"] for got in hook.got[refused:]]
        assert titles[0] == "syncd main: first_link.preview, run.finished"
        assert "may have come before" in hook.got[refused]["message"]
    assert place.run("notify", "list", "--json").json == {"waiting": []}


@pytest.mark.slow
def test_what_was_heard_just_before_a_kill_is_told_after_the_next_start(place: Place) -> None:
    """A daemon is killed as soon as its line is in the log; the next one tells of both, and ends in time."""
    someone(place)
    with webhook() as hook:
        _with_target(place, hook.port, "service.started")
        with place.daemon() as killed:
            killed.wait_for("service.started")
            killed.stop(signal.SIGKILL)
        assert not hook.got
        with place.daemon() as daemon:
            until(lambda: "".join(got["message"] for got in hook.got).count("- worker=") == 2, what=daemon.tail)
            code, seconds = daemon.stop()
            assert (code, seconds < 10) == (0, True)
    assert all(got["title"].startswith("syncd main: service.started") for got in hook.got)
    assert "geheimpfad" not in json.dumps(daemon.events())


@pytest.mark.slow
def test_a_daemon_takes_targets_with_a_signal(place: Place) -> None:
    """It had none when it began; an address that cannot be read is refused and changes nothing."""
    someone(place)
    assert place.approve().code == 0
    config = place.config / "syncd.yaml" if place.config.is_dir() else place.config
    before = config.read_text()
    with webhook() as hook, place.daemon() as daemon:
        daemon.wait_for("run.finished", state="done")
        _with_target(place, hook.port, "run.finished")
        address = config.parent / "hook_url"
        good = address.read_text()
        address.write_text("jsosn://geheimpfad")
        daemon.process.send_signal(signal.SIGHUP)
        refused = daemon.wait_for("config.refused")["what"]
        assert "notify.targets.hook: this is no address that apprise knows" in refused
        assert "geheimpfad" not in refused
        address.write_text(good)
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda: bool(hook.got), what=daemon.tail)
        assert hook.got[0]["title"].startswith("syncd main: run.finished")
        config.write_text(before)
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("config.loaded", times=3)
        daemon.stop()
