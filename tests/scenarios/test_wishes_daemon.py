"""What is asked of a running daemon over its API: a counterpart anew is made, and one that was taken back is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from syncd.store.open import open_store
from syncd.system import SystemChance, SystemClock
from tests.scenarios.processes import MAIL, Place, RunningDaemon, until
from tests.scenarios.test_daemon import pair  # noqa: F401 - a fixture
from tests.visits import PASSWORD, Caller

pytestmark = pytest.mark.slow
C = "/api/v1/connections/main"


def program_of(place: Place, daemon: RunningDaemon) -> Caller:
    """An operator's program, let in as anybody is."""
    browser = Caller(daemon.wait_for("console.started")["port"])
    invitation = place.run("console", "invite", "ana").out.split()[0]
    browser.form("/join", {"invitation": invitation, "password": PASSWORD, "again": PASSWORD})
    token = place.run("console", "token", "ana", "--for", "test", "--role", "operator").out.strip()
    return Caller(browser.port, bearer=token, headers={"Accept": "application/json"})


def leads(place: Place) -> list[str]:
    """Ids of the Leads that the person has now."""
    rows = [row for row in place.salesforce.export()["Lead"] if not row["IsDeleted"]]
    return [row["Id"] for row in rows if str(row["Email"]).lower() == MAIL.lower()]


def state_of(place: Place, link: str) -> str:
    """What the store says of a link."""
    return str(place.run("link", "show", f"link:{link}", "--json").json["links"][0]["state"])


@contextmanager
def held_elsewhere(place: Place) -> Iterator[None]:
    """Somebody else works on the connection, so that the daemon's turns wait and what is asked of it does, too."""
    (line,) = [each for each in (place.config / "syncd.yaml").read_text().splitlines() if each.startswith("store:")]
    url, clock = line.split('"')[1], SystemClock()
    store = open_store(url, "main", clock=clock, chance=SystemChance())
    until(lambda: store.lease() is None)
    now = clock.now()
    lease = store.take_lease("somebody", now, now + timedelta(minutes=5))
    assert lease is not None
    try:
        yield
    finally:
        store.release_lease(lease)
        store.close()


def test_a_counterpart_is_made_by_the_daemon_and_one_taken_back_is_not(
    place: Place,
    pair: tuple[str, str],  # noqa: F811 - the fixture
) -> None:
    """The Lead is deleted and asked for anew, over sockets. The first wish is taken back while it waits, and turns come
    and go without it; the second is carried out.
    """
    contact, lead = pair
    with place.daemon("--http", "127.0.0.1:0") as daemon:
        program = program_of(place, daemon)
        daemon.wait_for("run.finished", state="done")
        (found,) = program.get(f"{C}/records?q=marketing:contacts/{contact}").json["items"]
        link = found["link"]
        place.salesforce.do("delete", object="Lead", id=lead)
        until(lambda: state_of(place, link) == "tombstone", what=daemon.tail)

        with held_elsewhere(place):
            asked = program.post(f"{C}/recreate", {"record": f"link:{link}"})
            assert asked.status == 200, asked.text
            (waits,) = program.get(f"{C}/wishes").json["items"]
            assert (waits["id"], waits["who"], waits["link"]) == (asked.json["id"], "ana", link)
            assert place.run("sync", "--list", "--json").json["wishes"][0]["id"] == waits["id"]
            taken = program.post(f"{C}/wishes/{waits['id']}/cancel")
            assert (taken.status, taken.json["at_work"]) == (200, True)
        turns = len(daemon.events("run.finished"))
        assert program.post(f"{C}/resume").status == 200
        daemon.wait_for("run.finished", times=turns + 2)
        assert leads(place) == []

        asked = program.post(f"{C}/recreate", {"record": f"link:{link}"})
        assert asked.status == 200, asked.text
        until(lambda: len(leads(place)) == 1, what=daemon.tail)
        until(lambda: program.get(f"{C}/wishes").json["items"] == [], what=daemon.tail)
        deeds = {(each["command"], each["about"]) for each in daemon.events("console.command")}
        assert {("records.recreate", f"link:{link}"), ("wishes.cancel", f"link:{link}")} <= deeds
