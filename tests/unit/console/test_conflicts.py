"""Conflicts over the API: decided for all that ask the same, and shown as the rule that would settle them."""

from __future__ import annotations

from dataclasses import replace

from syncd.core.merge import HELD
from syncd.model.operator import Role
from syncd.model.values import Pair
from syncd.ports.store import Settlement
from tests.fakes import START
from tests.unit.console.test_api import C, conflict, console, program  # noqa: F401 - two are fixtures
from tests.visits import Caller, House


def test_conflicts_that_ask_the_same_are_decided_together(console: House, program: Caller) -> None:  # noqa: F811 - the fixtures
    """Those of another reason, and what was decided before, keep what they have."""
    other = replace(conflict("c9"), reason="another one")
    console.store.settle(Settlement(conflicts=[other]), START)
    console.store.resolve_conflict("c3", "marketing")
    told = program.post(f"{C}/conflicts/c1/resolve", {"take": "crm", "alike": True}).json
    assert told == {"id": "c1", "resolution": "crm", "alike": 3}
    decided = {row.id: row.resolution for row in console.store.conflicts()}
    assert decided == {"c0": "crm", "c1": "crm", "c2": "crm", "c3": "marketing", "c4": "crm", "c9": None}


def test_no_choice_clears_an_opt_out(console: House, program: Caller) -> None:  # noqa: F811 - the fixtures
    """Neither by a call nor on the page, nor among those that ask the same; the other side may be taken."""
    out = replace(conflict("o1"), field="opt_out", values=Pair(True, False), base=True)
    console.store.settle(Settlement(conflicts=[out, replace(out, id="o2")]), START)
    for body in ({"take": "crm"}, {"take": "crm", "alike": True}):
        refused = program.post(f"{C}/conflicts/o1/resolve", body)
        assert (refused.status, refused.headers["content-type"]) == (409, "application/problem+json")
        assert "would clear the opt-out of the marketing side" in refused.json["detail"]
        assert "record that in the marketing system by hand" in refused.json["detail"]
    assert [row.resolution for row in console.store.conflicts(["o1", "o2"])] == [None, None]
    browser = console.as_role(Role.OPERATOR)
    assert "never clears an opt-out" in browser.get("/conflicts").text
    assert browser.form("/conflicts/o1/resolve?connection=main", {"take": "crm"}).status == 409
    assert program.post(f"{C}/conflicts/o1/resolve", {"take": "marketing"}).json["resolution"] == "marketing"
    yes = replace(conflict("y1"), field="last_name", values=Pair(True, False))
    console.store.settle(Settlement(conflicts=[yes]), START)
    assert program.post(f"{C}/conflicts/y1/resolve", {"take": "crm"}).status == 200, "no opt-out"


def test_a_conflict_is_made_a_rule_by_whoever_keeps_the_files(console: House) -> None:  # noqa: F811 - the fixtures
    """A viewer reads the lines; of what no line settles there are none."""
    held = replace(conflict("h1"), field="email", reason=HELD)
    console.store.settle(Settlement(conflicts=[held]), START)
    viewer = console.program(Role.VIEWER)
    rules = viewer.get(f"{C}/conflicts/h1/rules").json["items"]
    assert [each["lines"][0].partition("  #")[0] for each in rules] == [
        "policy: crm",
        "policy: marketing",
        "policy: newest",
    ]
    assert {(each["file"], each["place"]) for each in rules} == {("schema/person.yaml", "fields, email")}
    assert viewer.get(f"{C}/conflicts/c1/rules").json["items"] == []
    assert viewer.get(f"{C}/conflicts/none/rules").status == 404
