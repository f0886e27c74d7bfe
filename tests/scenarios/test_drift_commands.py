"""``syncd drift accept`` as a command: a daemon carries on what came to differ, or else what the command prints."""

from __future__ import annotations

import pytest

from tests.scenarios.processes import Place, someone, until

pytestmark = pytest.mark.slow


@pytest.fixture
def contact(place: Place) -> str:
    """A linked contact whose title rests, since Salesforce has a number there now, and was set there meanwhile."""
    contact, lead = someone(place)
    assert place.approve().code == 0
    place.salesforce.fault(name="type-change", object="Lead", field="Title")
    assert place.run("sync", "--full").code == 3
    assert place.run("drift", "list").code == 1
    place.salesforce.do("edit", object="Lead", id=lead, fields={"Title": 7})
    assert place.run("sync").code == 1
    return contact


def _title(place: Place, contact: str) -> str:
    return str(
        next(row["properties"]["jobtitle"] for row in place.hubspot.export()["contacts"] if row["id"] == contact)
    )


def test_a_running_daemon_carries_on_what_was_accepted(place: Place, contact: str) -> None:
    """By itself and at once; the command says so."""
    with place.daemon() as daemon:
        daemon.wait_for("run.finished", state="done")
        assert not _title(place, contact).startswith("7")
        said = place.run("drift", "accept", "person.title")
        assert (said.code, "every person is compared by title by the daemon" in said.out) == (0, True), said.err
        daemon.wait_for("run.finished", command="resync", state="done")
        until(lambda: _title(place, contact).startswith("7"), what=daemon.tail)


def test_without_a_daemon_the_command_says_what_carries_it_on(place: Place, contact: str) -> None:
    """The resync that is printed is the one that waits; a cycle carries on with nobody but whom it reads again."""
    said = place.run("drift", "accept", "--all")
    assert said.code == 0, said.err
    assert "resync --all --kind person --fields title" in said.out
    assert place.run("sync").code == 0
    assert len(place.run("resync", "--list", "--json").json["resyncs"]) == 1
    assert place.run("resync", "--all", "--kind", "person", "--fields", "title", "--yes").code == 0
    assert _title(place, contact).startswith("7")
    assert place.run("resync", "--list", "--json").json["resyncs"] == []
