"""Each line that is shown as a rule is configuration that loads, and under it the same edits ask nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from syncd.model.link import Topic
from syncd.operations.ruling import Rule, rules_for
from tests.scenarios.lifecycles import SQL, ann
from tests.scenarios.steps import HOUR, Schema, Steps, relived, remapped

Edits = Callable[[Steps], object]


def shown(steps: Steps) -> list[Rule]:
    """The rules for the one conflict that there is."""
    conflict = steps.conflict()
    (kind,) = [each for each in steps.both.world.connection.kinds if each.kind == conflict.kind]
    return rules_for(conflict, kind)


def pasted(rule: Rule, schema: Schema) -> None:
    """Puts its lines where it says."""
    lines = yaml.safe_load("\n".join(rule.lines))
    match rule.place.split(", "):
        case ["fields", name]:
            schema["fields"][name].update(lines)
        case ["at its top level"]:
            schema.update(lines)
        case ["transitions", *_]:
            move = lines[0]
            schema["transitions"] = [*(each for each in schema["transitions"] if not _same(each, move)), move]
        case _:
            raise AssertionError(rule.place)


def _same(known: Schema, move: Schema) -> bool:
    return bool(known["from"] == move["from"] and known["to"] == move["to"])


def clashing_emails(steps: Steps) -> tuple[str, str]:
    """Both sides change an address."""
    pair = steps.pair(email="ann@acme.com")
    steps.market(pair[0], email="ann@one.com")
    steps.sell(pair[1], Email="ann@two.com")
    steps.cycle()
    return pair


def test_a_policy_in_place_of_a_question(tmp_path: Path) -> None:
    """The CRM's value, marketing's, or the newer one, as the words say."""
    steps = Steps(remapped(tmp_path / "before", lambda _: None))
    clashing_emails(steps)
    rules = shown(steps)
    expected = {"policy: crm": "ann@two.com", "policy: marketing": "ann@one.com", "policy: newest": "ann@two.com"}
    assert [rule.lines[0].partition("  #")[0] for rule in rules] == list(expected)
    assert {rule.file for rule in rules} == {"schema/person.yaml"}
    for number, (rule, email) in enumerate(zip(rules, expected.values(), strict=True)):
        after = Steps(remapped(tmp_path / str(number), lambda schema, rule=rule: pasted(rule, schema)))  # type: ignore[misc]
        contact, lead = clashing_emails(after)
        assert after.conflicts() == [], rule.words
        assert (after.marketed(contact, "email"), after.sold(lead, "Email")) == (email, email)
        after.both.store.close()
    steps.both.store.close()


@pytest.mark.parametrize(("side", "ways"), [("marketing", ["to_crm", "both"]), ("crm", ["to_marketing", "both"])])
def test_a_clear_that_travels(tmp_path: Path, side: str, ways: list[str]) -> None:
    """From the side that emptied it, or from both."""

    def emptied(steps: Steps) -> tuple[str, str]:
        pair = steps.pair(email="ann@acme.com", firstname="Ann", city="Bonn")
        if side == "marketing":
            steps.market(pair[0], firstname="")
        else:
            steps.sell(pair[1], FirstName=None)
        steps.cycle()
        return pair

    steps = Steps(remapped(tmp_path / "before", lambda _: None))
    emptied(steps)
    assert steps.conflict().topic is Topic.CLEAR
    rules = shown(steps)
    assert [rule.lines[0] for rule in rules] == [f"clear: {way}  # in place of hold" for way in ways]
    for number, rule in enumerate(rules):
        after = Steps(remapped(tmp_path / str(number), lambda schema, rule=rule: pasted(rule, schema)))  # type: ignore[misc]
        contact, lead = emptied(after)
        assert after.conflicts() == []
        assert (after.marketed(contact, "firstname") or None, after.sold(lead, "FirstName")) == (None, None)
        after.both.store.close()
    steps.both.store.close()


def test_a_move_that_is_declared(tmp_path: Path) -> None:
    """For the teams that may not yet, beside those that may; with it the move travels."""
    steps = Steps(relived(tmp_path / "before", lambda _: None))

    def moved(steps: Steps) -> str:
        contact, lead = ann(steps)
        steps.market(contact, by=steps.marketer("Marketing"), **SQL)
        steps.cycle()
        return lead

    moved(steps)
    assert steps.conflict().topic is Topic.MOVE
    (rule,) = shown(steps)
    assert (rule.file, rule.place) == ("lifecycle.yaml", "transitions, where mql goes to sql already")
    (move,) = yaml.safe_load(rule.lines[0])
    assert (move["from"], move["to"], set(move["by"])) == ("mql", "sql", {"marketing", "sales", "system"})

    def declare(tree: Schema) -> None:
        for each in tree["transitions"]:
            if each["to"] == "sql" and "mql" in each["from"]:
                each["from"] = [start for start in each["from"] if start != "mql"]
        tree["transitions"].append(move)

    after = Steps(relived(tmp_path / "after", declare))
    lead = moved(after)
    assert after.conflicts() == []
    assert after.sold(lead, "Status") == "Working - Contacted"
    for each in (steps, after):
        each.both.store.close()


def test_of_several_records_one_is_meant(tmp_path: Path) -> None:
    """The example asks; with the rule one is chosen."""

    def doubled(steps: Steps) -> None:
        for last in ("One", "Two"):
            steps.lead(Email="ann@acme.com", LastName=last, OwnerId=steps.seller())
            steps.both.clock.advance(HOUR)
        steps.contact(email="ann@acme.com")
        steps.cycle()

    steps = Steps(remapped(tmp_path / "before", lambda _: None))
    doubled(steps)
    assert steps.conflict().topic is Topic.MATCH
    (rule,) = shown(steps)
    assert rule.lines == ("several: { crm: [owned, oldest] }",)
    after = Steps(remapped(tmp_path / "after", lambda schema: pasted(rule, schema)))
    doubled(after)
    assert after.conflicts() == []
    assert after.both.store.count_links("person") == 1
    for each in (steps, after):
        each.both.store.close()


def test_what_no_line_settles_has_no_rule(tmp_path: Path) -> None:
    """A value that cannot be read is no matter of who wins, nor is what was taken back on purpose."""
    steps = Steps(remapped(tmp_path, lambda _: None))
    clashing_emails(steps)
    conflict = steps.conflict()
    (kind,) = [each for each in steps.both.world.connection.kinds if each.kind == "person"]
    assert rules_for(replace(conflict, reason="marketing: this is no address"), kind) == []
    for topic in (Topic.UNDONE, Topic.WAITS, Topic.GONE):
        assert rules_for(replace(conflict, topic=topic), kind) == []
    assert rules_for(replace(conflict, field="gone since"), kind) == []
    (lost,) = rules_for(replace(conflict, topic=Topic.LOST, refs=conflict.refs[1:], field="title"), kind)[:1]
    assert lost.lines[0].startswith("confirm: ")
    steps.both.store.close()
