"""``syncd drift``: what rests, letting it go on, and what it says to slips."""

from __future__ import annotations

import orjson

from syncd.model.drift import Definition, Drift, Resting, write_drift
from syncd.model.values import Side
from syncd.operations.drift import resting
from syncd.ports.store import DRIFT
from syncd.store import SqlStore
from tests.unit.cli.conftest import AT, Run


def _rest(store: SqlStore) -> None:
    """One field whose list lost an option, and one that does not fit any more."""
    rests = {
        "industry": Resting("person", "industry", Side.CRM, "Lead.Industry", "its list has no 'Banking' any more", AT),
        "title": Resting("person", "title", None, "", "Lead.Title is read-only for syncd", AT),
    }
    known = {
        "industry crm:Lead.Industry": Definition("picklist", ("Banking",)),
        "title crm:Lead.Title": Definition("string"),
    }
    store.remember(DRIFT, write_drift({"person": Drift.of(known, rests, "x")}), AT)


def test_what_rests_waits_for_a_person(run: Run, store: SqlStore) -> None:
    """Listed with what to type, counted by status, and its exit code says so; nothing rests at first."""
    assert (run("drift", "list").code, run("drift", "list").out.strip()) == (0, "no field rests")
    _rest(store)
    said = run("drift", "list")
    assert said.code == 1
    assert "person.industry: crm changed Lead.Industry: its list has no 'Banking' any more" in said.out
    assert "drift accept person.industry" in said.out
    told = run("drift", "list", "--json").json["resting"]
    assert [(row["field"], row["side"], row["place"]) for row in told] == [
        ("industry", "crm", "Lead.Industry"),
        ("title", None, ""),
    ]
    status = run("status", "--json")
    assert status.code == 1
    assert [row["field"] for row in status.json["connections"][0]["resting"]] == ["industry", "title"]
    assert "at rest: person.industry" in run("status").out


def test_a_field_is_let_go_on(run: Run, store: SqlStore) -> None:
    """Its definition is taken as it is from then on; the others stay as they are."""
    _rest(store)
    assert run("drift", "accept", "person.industry").code == 0
    assert [each.field for each in resting(store)] == ["title"]
    kept = orjson.loads(store.recall(DRIFT)[0])["person"]  # type: ignore[index]
    assert kept["defined"].keys() == {"title crm:Lead.Title"}
    assert kept["mapping"] == "x"
    assert run("drift", "accept", "--all").code == 0
    assert [each.field for each in resting(store)] == ["title"], "what does not fit cannot be accepted"


def test_slips_are_refused_with_what_there_is(run: Run, store: SqlStore) -> None:
    """No name, a strange one, one that does not fit."""
    assert "or say --all" in run("drift", "accept").failure["what"]
    assert "no field does" in run("drift", "accept", "person.nobody").failure["what"]
    _rest(store)
    assert "those that do: person.industry" in run("drift", "accept", "person.nobody").failure["what"]
    refused = run("drift", "accept", "person.title")
    assert refused.code == 2
    assert "goes on by itself once it fits again" in refused.failure["what"]
    assert len(resting(store)) == 2
