"""A daemon that meets a limit of its machine: no descriptor is left, no memory is left (F69).

It may fail turns and it may die, but it loses no edit, makes nobody twice, and is well again once there is room.
"""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.scenarios.processes import Place, RunningDaemon, someone, until

pytestmark = [pytest.mark.slow, pytest.mark.fault("F69")]


@contextmanager
def limited(process: int, what: int, to: int) -> Iterator[None]:
    """While this lasts, the process has no more than that of something."""
    soft, hard = resource.prlimit(process, what)
    resource.prlimit(process, what, (to, hard))
    try:
        yield
    finally:
        resource.prlimit(process, what, (soft, hard))


def titled(place: Place, lead: str) -> Callable[[str], bool]:
    """Whether Salesforce shows the title by now."""

    def shows(title: str) -> bool:
        return any(row["Id"] == lead and row["Title"] == title for row in place.salesforce.export()["Lead"])

    return shows


def retitle(place: Place, contact: str, title: str) -> None:
    """Somebody in marketing edits the person."""
    place.hubspot.do("edit", object="contacts", id=contact, properties={"jobtitle": title}, by="userId:1")


def ended(daemon: RunningDaemon) -> bool:
    """Whether it died."""
    return daemon.process.poll() is not None


def test_without_descriptors_it_fails_turns_and_goes_on(place: Place) -> None:
    """No socket can be opened: turns fail with a sentence, the process lives, and the edit arrives afterwards."""
    contact, lead = someone(place)
    assert place.approve().code == 0
    shows = titled(place, lead)
    with place.daemon() as daemon:
        daemon.wait_for("run.finished", state="done")
        with limited(daemon.process.pid, resource.RLIMIT_NOFILE, 3):
            place.salesforce.fault(name="reset-before-sending", times=2)  # what is kept open would need no new one
            retitle(place, contact, "Out of descriptors")
            until(
                lambda: "Too many open files on this machine: raise the limit" in daemon.log.read_text(),
                within=60,
                what=daemon.tail,
            )
            assert not shows("Out of descriptors")
        until(lambda: shows("Out of descriptors"), within=60, what=daemon.tail)
        assert daemon.process.poll() is None
    assert len(place.salesforce.export()["Lead"]) == 2


def test_without_memory_nothing_is_lost(place: Place) -> None:
    """What it was doing fails, or all of it dies and is started again as a service is: the edit arrives, once."""
    contact, lead = someone(place)
    assert place.approve().code == 0
    shows = titled(place, lead)
    with place.daemon() as daemon:
        daemon.wait_for("run.finished", state="done")
        used = int(Path(f"/proc/{daemon.process.pid}/statm").read_text(encoding="ascii").split()[0])
        with limited(daemon.process.pid, resource.RLIMIT_AS, used * resource.getpagesize()):
            for number in range(60):
                place.hubspot.do("create", object="contacts", properties={"email": f"m{number}@example.com"})
            retitle(place, contact, "Out of memory")
            until(lambda: shows("Out of memory") or "MemoryError" in daemon.log.read_text() or ended(daemon), within=60)
        until(lambda: ended(daemon) or shows("Out of memory"), within=60, what=daemon.tail)
    with place.daemon() as daemon:
        daemon.wait_for("run.finished", within=60)
        until(lambda: shows("Out of memory"), within=60, what=daemon.tail)
    assert place.run("status", "--json").json["connections"][0]["open_intents"] == 0
