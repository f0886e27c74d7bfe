"""Derived fields with age, after a changed definition and in doubt: nothing is emptied by accident or written daily."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from syncd.engine.cycle import sync
from syncd.model.errors import BadConfig
from syncd.model.link import Topic
from syncd.model.remote import Shape
from syncd.model.values import SIDES, Pair, Side
from syncd.settings.online import check_schema
from tests.scenarios.derivings import FIELDS, LEADER, base_of, derived_config, edit, fitted, reread
from tests.scenarios.steps import Steps
from tests.worlds import open_both

DAY = 86_400.0


def _as_it_is(_: dict[str, Any]) -> None:
    """The rating with the visit, and nothing else changed."""


@pytest.fixture
def aging(tmp_path: Path) -> Iterator[Steps]:
    """A visit is worth 20 points, half of them after every ten days."""
    made = fitted(derived_config(tmp_path, "grade", "points", decays=_as_it_is))
    yield made
    made.both.store.close()


def full(steps: Steps, days: float = 0) -> dict[str, int]:
    """A full compare after so many days; what it did."""
    steps.both.clock.advance(days * DAY)
    return dict(sync(steps.both.world, full=True).run.counts)


def visited(steps: Steps, **more: str) -> tuple[str, str]:
    """Somebody who came to the website today, whose company has an address: 35 points, a B by a hair."""
    today = steps.both.clock.now().date().isoformat()
    return steps.pair(email="bo@acme-works.com", company="Acme", last_visit=today, **more)


def test_age_alone_writes_when_the_grade_is_another(aging: Steps) -> None:
    """A day later the sum is below B: both are written, once. Later days change the sum alone, and write nothing."""
    contact, lead = visited(aging)
    assert (aging.sold(lead, "Syncd_Grade__c"), aging.sold(lead, "Syncd_Points__c")) == ("B", 35)
    assert full(aging) == {}
    assert full(aging, days=1) == {"updated.marketing": 1, "updated.crm": 1}
    assert (aging.sold(lead, "Syncd_Grade__c"), aging.marketed(contact, "syncd_grade")) == ("C", "C")
    points = aging.sold(lead, "Syncd_Points__c")
    for _ in range(3):
        assert full(aging, days=5) == {}
    assert aging.sold(lead, "Syncd_Points__c") == points


def test_whoever_changes_is_rated_as_of_today(aging: Steps) -> None:
    """Ten days later a phone number comes in: half of the visit is left, and both sides have the sum of that day."""
    contact, lead = visited(aging)
    assert full(aging, days=10) == {"updated.marketing": 1, "updated.crm": 1}
    assert full(aging, days=10) == {}
    aging.market(contact, phone="+4930901820")
    aging.cycle()
    assert (aging.sold(lead, "Syncd_Points__c"), aging.marketed(contact, "syncd_points")) == (27.5, "27.5")
    aging.sell(lead, City="Bonn")  # nothing follows from it
    aging.cycle(after=10 * DAY)
    assert aging.sold(lead, "Syncd_Points__c") == 27.5
    assert full(aging) == {}


def test_an_edit_of_aged_points_is_written_over(aging: Steps) -> None:
    """By the sum that was written last, while nothing else has changed: no day makes two truths of one grade."""
    _, lead = visited(aging)
    full(aging, days=1)
    before = aging.sold(lead, "Syncd_Points__c")
    aging.sell(lead, Syncd_Points__c=99)
    assert aging.cycle(after=8 * DAY).run.counts == {"updated.crm": 1}
    assert aging.sold(lead, "Syncd_Points__c") == before
    assert full(aging) == {}


def test_a_changed_rating_reaches_everybody_with_a_full_compare(tmp_path: Path) -> None:
    """The rules are changed and nobody else: a cycle is quiet, a full compare writes, the next one nothing."""
    config = derived_config(tmp_path, "grade", "points")
    steps = fitted(config)
    contact, lead = steps.pair(**LEADER)
    steps.quiet()

    def change(tree: dict[str, Any]) -> None:
        tree["rules"][0]["points"] = 41

    edit(config / "rating.yaml", change)
    steps = reread(steps, config)
    assert steps.counts() == {}
    assert full(steps) == {"updated.marketing": 1, "updated.crm": 1}
    assert (steps.sold(lead, "Syncd_Points__c"), steps.marketed(contact, "syncd_points")) == (66, "66")
    assert full(steps) == {}
    steps.both.store.close()


def test_other_definitions_with_the_same_outcome_write_nothing(tmp_path: Path) -> None:
    """The first full compare remembers that everybody was looked at, so that the second one is quick again."""
    config = derived_config(tmp_path, "grade")
    steps = fitted(config)
    steps.pair(**LEADER)

    def change(tree: dict[str, Any]) -> None:
        tree["rules"][0]["words"] = "Can say yes."

    edit(config / "rating.yaml", change)
    steps = reread(steps, config)
    before = base_of(steps).agreed["@grade"]
    assert full(steps) == {}
    assert base_of(steps).agreed["@grade"] != before
    assert base_of(steps).agreed["grade"] == "A"
    steps.both.store.close()


def _unguarded(tree: dict[str, Any]) -> None:
    tree["personas"] = [{**tree["personas"][0], "key": "leader", "when": "title.contains('Head')"}]


def _of_leaders(tree: dict[str, Any]) -> None:
    tree["rules"][0]["when"] = "persona == 'leader'"
    del tree["rules"][1]


@pytest.fixture
def unguarded(tmp_path: Path) -> Iterator[Steps]:
    """A persona whose condition has no answer where the title is empty."""
    config = derived_config(tmp_path, "persona", "grade")
    (config / "routing.yaml").unlink()  # it names the other personas
    edit(config / "personas.yaml", _unguarded)
    edit(config / "rating.yaml", _of_leaders)
    edit(config / "schema" / "person.yaml", lambda tree: tree["fields"]["title"].update(clear="both"))
    made = fitted(config)
    yield made
    made.both.store.close()


def test_a_persona_in_doubt_stands(unguarded: Steps) -> None:
    """The title is emptied, and the condition has no answer: they stay who they were, even over an edit."""
    contact, lead = unguarded.pair(**LEADER)
    assert unguarded.sold(lead, "Syncd_Persona__c") == "leader"
    unguarded.market(contact, jobtitle="")
    unguarded.cycle()
    assert unguarded.sold(lead, "Title") is None
    assert (unguarded.sold(lead, "Syncd_Persona__c"), unguarded.marketed(contact, "syncd_persona")) == ("leader",) * 2
    unguarded.sell(lead, Syncd_Persona__c=None)
    unguarded.cycle()
    assert unguarded.sold(lead, "Syncd_Persona__c") == "leader"
    unguarded.quiet()


def test_a_persona_goes_when_every_condition_says_no(unguarded: Steps) -> None:
    """Another title is an answer: both sides are emptied."""
    contact, lead = unguarded.pair(**LEADER)
    unguarded.market(contact, jobtitle="Student")
    unguarded.cycle()
    assert (unguarded.sold(lead, "Syncd_Persona__c"), unguarded.marketed(contact, "syncd_persona")) == (None, None)
    unguarded.quiet()


def test_whoever_never_had_a_persona_keeps_what_people_wrote(unguarded: Steps) -> None:
    """No title, no answer, nothing computed: what stands there by hand is not taken away."""
    contact, lead = unguarded.pair(email="bo@acme-works.com", company="Acme")
    assert unguarded.sold(lead, "Syncd_Grade__c") == "C"
    unguarded.sell(lead, Syncd_Persona__c="leader")
    assert unguarded.counts() == {}
    assert (unguarded.sold(lead, "Syncd_Persona__c"), unguarded.marketed(contact, "syncd_persona")) == ("leader", None)
    unguarded.quiet()


def test_two_records_that_never_agreed_are_not_rated_by_what_differs(tmp_path: Path) -> None:
    """Two countries that nobody has chosen from: no grade rests on either, and it comes with the choice."""
    config = derived_config(tmp_path, "grade")
    edit(config / "schema" / "person.yaml", lambda tree: tree["fields"]["country"].update(policy="hold"))
    steps = fitted(config)
    steps.lead(Email="ann@acme-works.com", Country="France")
    contact = steps.contact(email="ann@acme-works.com", country="Germany", jobtitle="Head of Marketing")
    steps.cycle()
    conflict = next(each for each in steps.conflicts() if each.field == "country")
    assert conflict.topic is Topic.FIELD
    assert steps.marketed(contact, "syncd_grade") is None
    for each in steps.conflicts():
        assert steps.both.store.resolve_conflict(each.id, "marketing")
    steps.cycle()
    assert steps.marketed(contact, "syncd_grade") == "A"
    steps.quiet()
    steps.both.store.close()


def test_fields_that_nobody_made_are_named(tmp_path: Path) -> None:
    """Before `setup` nothing is written, and each lack says what makes it; optional fields are left out."""
    config = derived_config(tmp_path, "grade")
    both = open_both(config=config)
    with pytest.raises(BadConfig) as caught:
        sync(both.world)
    flaws = [str(flaw) for flaw in caught.value.flaws]
    assert len(flaws) == 3
    assert all("let `syncd setup` make it" in flaw for flaw in flaws)
    both.store.close()
    edit(config / "schema" / "person.yaml", lambda tree: tree["fields"]["grade"].update(optional=True))
    steps = Steps(open_both(config=config))
    steps.pair(**LEADER)
    steps.quiet()
    steps.both.store.close()


def test_a_list_that_lacks_a_persona_is_named(tmp_path: Path) -> None:
    """A persona that was declared after the field was made: told with the place where it is added."""
    config = derived_config(tmp_path, "persona")
    steps = fitted(config)
    steps.pair(**LEADER)
    newcomer = {"key": "newcomer", "name": "Noa", "definition": "New.", "when": "title == 'x'", "owner": "Kim"}
    edit(config / "personas.yaml", lambda tree: tree["personas"].append(newcomer))
    told = check_schema(
        next(kind for kind in reread(steps, config).both.world.connection.kinds if kind.kind == "person"),
        Pair(*(steps.both.world.connectors.of(side).schema(shape_of(steps, side)) for side in SIDES)),
    )[1]
    assert [flaw.what for flaw in told] == [
        "contacts.syncd_persona does not allow 'newcomer'",
        "Lead.Syncd_Persona__c does not allow 'newcomer'",
        "Contact.Syncd_Persona__c does not allow 'newcomer'",
    ]
    steps.both.store.close()


def shape_of(steps: Steps, side: Side) -> Shape:
    """What is asked for of people on one side."""
    return steps.both.world.terms["person"].lens.shape(side)


def test_one_side_alone(tmp_path: Path) -> None:
    """A grade that only sales sees: made with the Lead, written after a change, and HubSpot has no such property."""
    config = derived_config(tmp_path, "grade_reasons")
    steps = fitted(config)
    assert "marketing" not in FIELDS["grade_reasons"]
    contact, lead = steps.pair(**LEADER)
    assert str(steps.sold(lead, "Syncd_Grade_Reasons__c")).startswith("A, 65 points")
    steps.market(contact, jobtitle="Buyer")
    assert steps.counts() == {"updated.crm": 1}
    assert str(steps.sold(lead, "Syncd_Grade_Reasons__c")).startswith("C, 25 points")
    steps.quiet()
    steps.both.store.close()
