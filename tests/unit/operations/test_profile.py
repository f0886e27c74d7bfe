"""Which values persona and grade of an explained record are computed from, and over both stand-ins what is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from syncd.engine.cycle import sync
from syncd.engine.world import make_ready
from syncd.model.mapping import FieldMapping
from syncd.model.values import MISSING, FieldType, Pair
from syncd.operations.explain import FieldStory, Told, explain
from syncd.operations.finding import find_hits
from syncd.operations.rating import ProfileStory, Unsettled, profile_of, settled
from syncd.settings.profiles import profiles_of
from tests.worlds import Both, open_both

MAPPING = FieldMapping("title", FieldType.STRING, Pair({}, {}))
LOST = Told({}, MISSING, "Contact has no such field")
BAD = Told({"x": "?"}, MISSING, "is no number")


def told(value: Any) -> Told:
    """A value that a side tells."""
    return Told({"x": value}, value)


@pytest.mark.parametrize(
    ("marketing", "crm", "base", "after", "expected"),
    [
        # both agree; only one record; the other side has no such field, or what it has cannot be read
        (told("CEO"), told("CEO"), "CTO", MISSING, "CEO"),
        (told("CEO"), None, MISSING, MISSING, "CEO"),
        (told("CEO"), LOST, MISSING, MISSING, "CEO"),
        (BAD, told("CEO"), MISSING, MISSING, "CEO"),
        (told(None), told(None), "CTO", MISSING, None),
        # the next cycle writes it
        (told("CEO"), told("CTO"), "CTO", "CEO", "CEO"),
        (told("CEO"), told(None), "CEO", None, None),
        # both differ and nothing is done about it: as last agreed
        (told("CEO"), told("CTO"), "Boss", MISSING, "Boss"),
        (told("CEO"), told("CTO"), None, MISSING, None),
        (BAD, LOST, "Boss", MISSING, "Boss"),
        # nobody knows
        (told("CEO"), told("CTO"), MISSING, MISSING, Unsettled("differs between both sides and was never agreed")),
        (BAD, LOST, MISSING, MISSING, Unsettled("cannot be told: is no number; Contact has no such field")),
    ],
)
def test_the_value_that_counts(marketing: Told | None, crm: Told | None, base: Any, after: Any, expected: Any) -> None:
    """The table: marketing / crm / base / written next / what counts."""
    story = FieldStory(MAPPING, Pair(marketing, crm), base, Pair({}, {}), "", after)
    assert settled(story) == expected


@pytest.fixture
def both() -> Iterator[Both]:
    """Two empty stand-ins and a world over the example configuration."""
    opened = open_both()
    yield opened
    opened.store.close()


def profiled(both: Both, text: str) -> ProfileStory | None:
    """Persona and grade of the only record that the text means."""
    make_ready(both.world)
    (hit,) = find_hits(both.world, text)
    return profile_of(explain(both.world, hit), profiles_of(both.settings), both.clock.now())


def linked(both: Both) -> None:
    """One cycle, approved."""
    both.clock.advance(3600)
    ended = sync(both.world)
    assert ended.plan is not None
    if ended.needs_approval:
        sync(both.world, approve=ended.plan.digest)
    both.clock.advance(3600)


def test_persona_and_grade_follow_what_will_be(both: Both) -> None:
    """Sales corrects the title: the persona is that of the title which the next cycle brings to marketing."""
    contact = both.hubspot.create(
        "contacts",
        {"email": "ann@example.com", "lastname": "Lee", "jobtitle": "Student",
         "lifecyclestage": "marketingqualifiedlead"},
        by="userId:1",
    )  # fmt: skip
    linked(both)
    before = profiled(both, f"marketing:contacts/{contact}")
    assert before is not None
    assert before.profile.persona is not None
    assert before.profile.persona.key is None
    assert before.profile.rated is not None
    assert (before.profile.rated.grade, before.profile.rated.total) == ("C", 1_500)
    made = both.salesforce.export()["Lead"][0]["Id"]
    both.salesforce.edit("Lead", made, {"Title": "Director of Marketing", "Country": "Germany"})
    both.clock.advance(3600)
    after = profiled(both, f"crm:Lead/{made}")
    assert after is not None
    assert after.profile.persona is not None
    assert after.profile.persona.key == "marketing_leader"
    assert after.profile.rated is not None
    assert (after.profile.rated.grade, after.profile.rated.total) == ("A", 6_500)
    assert after.unsettled == {}


def test_a_clash_that_was_never_agreed_is_left_open(both: Both) -> None:
    """Both sides have a country of their own and nothing is written: the rule that reads it has no answer."""
    contact = both.hubspot.create("contacts", {"email": "ann@example.com", "country": "Germany"}, by="userId:1")
    both.clock.advance(3600)
    make_ready(both.world)
    (hit,) = find_hits(both.world, f"marketing:contacts/{contact}")
    whole = explain(both.world, hit)
    clash = tuple(
        replace(story, now=Pair(told("Germany"), told("France")), base=MISSING, after=MISSING)
        if story.mapping.name == "country"
        else story
        for story in whole.fields
    )
    found = profile_of(replace(whole, fields=clash), profiles_of(both.settings), both.clock.now())
    assert found is not None
    assert found.unsettled == {"country": "differs between both sides and was never agreed"}
    assert found.profile.rated is not None
    rules = {rule.name: part for rule, part in zip(found.profiles.rating.rules, found.profile.rated.parts, strict=True)}  # type: ignore[union-attr]
    assert rules["our market"].doubt == "country differs between both sides and was never agreed"
    assert rules["company address"].points == 1_500


def test_companies_and_records_that_are_gone_have_none(both: Both) -> None:
    """No person, no persona."""
    company = both.hubspot.create("companies", {"name": "Acme", "domain": "acme.example"}, by="userId:1")
    both.clock.advance(3600)
    assert profiled(both, f"marketing:companies/{company}") is None
