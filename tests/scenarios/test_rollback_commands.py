"""``syncd rollback`` as a process: shown first, bound to a digest, carried out by a daemon or alone, also paused."""

from __future__ import annotations

import pytest

from tests.scenarios.processes import Place, someone, until

pytestmark = pytest.mark.slow  # several processes each
Pair = tuple[str, str]


def _title(place: Place, contact: str) -> str:
    rows = place.hubspot.export()["contacts"]
    return next(row["properties"].get("jobtitle", "") for row in rows if row["id"] == contact)


def _sold(place: Place, lead: str) -> str:
    return str(next(row["Title"] for row in place.salesforce.export()["Lead"] if row["Id"] == lead))


@pytest.fixture
def pair(place: Place) -> Pair:
    """A linked person in step, ids of contact and lead, whose title is wrong since the latest run."""
    contact, lead = someone(place)
    assert place.approve().code == 0
    for title in ("Right", "Wrong"):
        _retitle(place, contact, title)
        until(lambda title=title: place.run("sync").code in {0, 1} and _sold(place, lead) == title)  # type: ignore[misc]
    return contact, lead


def _retitle(place: Place, contact: str, title: str) -> None:
    place.hubspot.do("edit", object="contacts", id=contact, properties={"jobtitle": title}, by="userId:1")


def _latest(place: Place) -> str:
    """The latest run that wrote to Salesforce."""
    runs = place.run("runs", "--json").json["runs"]
    return next(str(run["id"]) for run in runs if "updated.crm" in run["counts"])


def test_it_is_shown_bound_to_what_was_shown_and_carried_out(place: Place, pair: Pair) -> None:
    """Without the digest nothing is stored; with an old one neither; the same again finds nothing left to do."""
    contact, lead = pair
    run = _latest(place)
    shown = place.run("rollback", run, "--json")
    assert (shown.code, shown.json["resync"], shown.json["left"]) == (1, None, [])
    digest = shown.json["plan"]["digest"]
    assert place.run("rollback", run, "--approve", "0" * 24).code == 2
    assert place.run("resync", "--list", "--json").json["resyncs"] == []
    told = place.run("rollback", run[:8], "--approve", digest)
    assert told.code == 0, told.err
    assert "what would be taken back" in told.out
    assert "is over: done" in told.out
    assert (_sold(place, lead), _title(place, contact)) == ("Right", "Wrong")
    (conflict,) = place.run("conflicts", "list", "--json").json["conflicts"]
    assert (conflict["topic"], conflict["values"]) == ("undone", {"marketing": "Wrong", "crm": "Right"})
    again = place.run("rollback", run)
    assert again.code == 0
    assert "nothing can be taken back" in again.out
    assert place.run("conflicts", "resolve", conflict["id"], "--take", "crm").code == 0
    assert place.run("sync").code == 0
    assert _title(place, contact) == "Right"


def test_it_works_while_the_connection_is_paused(place: Place, pair: Pair) -> None:
    """That is when somebody needs it; what stays is told with the reason and the record."""
    _, lead = pair
    run = _latest(place)
    assert place.run("pause", "--reason", "wrong list").code == 0
    digest = place.run("rollback", run, "--json").json["plan"]["digest"]
    assert place.run("rollback", run, "--approve", digest).code == 0
    assert _sold(place, lead) == "Right"
    place.salesforce.do("edit", object="Lead", id=lead, fields={"Title": "Typed"})
    told = place.run("rollback", run)
    assert "changed since: what syncd wrote does not stand there any more" in " ".join(told.out.split())
    assert _sold(place, lead) == "Typed"


def test_a_daemon_carries_it_out(place: Place, pair: Pair) -> None:
    """Asked for from another shell, watched to its end."""
    _, lead = pair
    run = _latest(place)
    with place.daemon() as daemon:
        daemon.wait_for("run.finished")
        digest = place.run("rollback", run, "--json").json["plan"]["digest"]
        done = place.run("rollback", run, "--approve", digest, "--watch", "--json")
        assert done.json["done"] is True
        until(lambda: _sold(place, lead) == "Right", what=daemon.tail)
        assert daemon.wait_for("run.finished", command="resync")["state"] == "done"


def test_a_daemon_carries_it_out_while_the_connection_is_paused(place: Place, pair: Pair) -> None:
    """And nothing beside it: what was typed meanwhile stays where it is."""
    contact, lead = pair
    run = _latest(place)
    with place.daemon() as daemon:
        daemon.wait_for("run.finished")
        assert place.run("pause", "--reason", "wrong list").code == 0
        _retitle(place, contact, "Typed meanwhile")
        digest = place.run("rollback", run, "--json").json["plan"]["digest"]
        done = place.run("rollback", run, "--approve", digest, "--watch", "--json")
        assert done.json["done"] is True
        until(lambda: _sold(place, lead) == "Right", what=daemon.tail)
        assert daemon.wait_for("run.finished", command="resync")["state"] == "done"
    assert (_sold(place, lead), _title(place, contact)) == ("Right", "Typed meanwhile")


def test_words_that_name_nothing_are_refused(place: Place, pair: Pair) -> None:
    """Exit 2 and what to do instead."""
    for words, told in (
        ((), "name one run"),
        (("nosuch",), "syncd runs"),
        (("--since", "yesterday"), "is no time"),
        (("--since", "1h", "--field", "nosuch"), "there is no field"),
    ):
        said = place.run("rollback", *words)
        assert said.code == 2
        assert told in said.err
