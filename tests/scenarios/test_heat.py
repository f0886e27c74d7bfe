"""Among those whom a vendor refuses, whoever is worth most is listed first: rated when they were refused, unlinked."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml

from syncd.model.heat import LeadHeat
from syncd.model.link import DeadLetter, Parked
from syncd.model.rating import LETTERS
from syncd.model.values import Lane, Side
from tests.scenarios.steps import Steps, remapped
from tests.worlds import ROOT, Both, open_both

TOO_LONG = "x" * 100
HOT = {"email": "ann@acme.com", "country": "US", "phone": "+1 212 5550100"}
"""A company address, our market, can be called: 32.5 points by ``config/rating.yaml``."""


def agreed(folder: Path) -> Both:
    """The example, in which it is said what a handoff is."""
    return remapped(folder, lambda _: None)


def undeclared(folder: Path, fields: Mapping[str, object]) -> Both:
    """Nothing says what a handoff is; these fields are mapped besides."""
    config = folder / "config"
    shutil.copytree(ROOT / "config", config)
    for name, edit in (
        ("lifecycle", lambda tree: tree.pop("handoff")),
        ("schema/person", lambda tree: tree["fields"].update(fields)),
    ):
        path = config / f"{name}.yaml"
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
        edit(tree)
        path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    return open_both(config=config)


def derived(folder: Path) -> Both:
    """Grade and points stand in fields of one side."""
    both = undeclared(
        folder,
        {
            "grade": {"type": "enum", "derive": "grade", "marketing": "syncd_grade"},
            "points": {"type": "decimal", "derive": "points", "marketing": "syncd_points"},
        },
    )
    grades = [{"label": each, "value": each} for each in LETTERS]
    both.hubspot.add_property(
        "contacts", {"name": "syncd_grade", "type": "enumeration", "fieldType": "select", "options": grades}
    )
    both.hubspot.add_property("contacts", {"name": "syncd_points", "type": "number", "fieldType": "number"})
    return both


def refused(steps: Steps) -> tuple[dict[str, DeadLetter], dict[str, Parked]]:
    """Who cannot be made, and what was left out of them on the way, by contact."""
    letters = {row.origin.id: row for row in steps.both.store.dead_letters()}
    return letters, {row.ref.id: row for row in steps.both.store.parked()}


@pytest.mark.parametrize("world", [agreed, derived])
def test_who_cannot_be_made_is_rated_all_the_same(tmp_path: Path, world: Callable[[Path], Both]) -> None:
    """By the values that were to be written; the field that was refused on the way is as hot as its person."""
    steps = Steps(world(tmp_path))
    cold = steps.contact(email="zoe@gmail.com", lastname=TOO_LONG, lifecyclestage="marketingqualifiedlead")
    steps.cycle(after=60)
    hot = steps.contact(lastname=TOO_LONG, **HOT)
    steps.cycle(after=60)
    letters, parked = refused(steps)
    assert letters[hot].heat.points == 3_250
    assert letters[cold].heat.points == 0
    assert letters[hot].heat.grade < letters[cold].heat.grade  # type: ignore[operator]  # A comes before D
    assert {parked[each].heat for each in (hot, cold)} == {letters[each].heat for each in (hot, cold)}
    store = steps.both.store
    (group,) = store.letter_groups()
    page = store.letters_page(9, cause=(group.kind, group.side, group.code))
    assert [row.origin.id for row in page] == [hot, cold], "not by age"
    (fields,) = store.parked_groups()
    rows = store.parked_page((fields.kind, fields.side, fields.field, fields.code), 9)
    assert [row.ref.id for row in rows] == [hot, cold]
    steps.both.store.close()


def test_a_retry_that_is_refused_again_is_seen_anew(tmp_path: Path) -> None:
    """The first time stays, the last is that of the retry, and the person is as hot as they are by then."""
    steps = Steps(agreed(tmp_path))
    contact = steps.contact(email="ann@gmail.com", lastname=TOO_LONG)
    steps.cycle()
    before = refused(steps)[0][contact]
    assert (before.last, before.heat.points) == (None, 0)
    steps.market(contact, country="US")
    steps.both.store.mark_dead_letter(before.id, True)
    steps.cycle()
    after = refused(steps)[0][contact]
    assert (after.since, after.last, after.heat.points) == (before.since, steps.both.clock.now(), 1_000)
    (group,) = steps.both.store.letter_groups()
    assert (group.first, group.last) == (before.since, after.last)
    steps.both.store.close()


def test_where_nobody_is_rated_the_lane_counts(tmp_path: Path) -> None:
    """Neither is it said what a handoff is, nor does a field show the points."""
    steps = Steps(undeclared(tmp_path, {}))
    contact = steps.contact(email="ann@acme.com", lastname=TOO_LONG, country="US")
    steps.cycle()
    (letter,) = steps.both.store.dead_letters()
    assert (letter.origin.id, letter.side) == (contact, Side.CRM)
    assert letter.heat == LeadHeat(lane=Lane.HANDOFF)
    steps.both.store.close()
