"""Overwritten edits that are listed: what a person chose, what is asked anew, and when it is over."""

from __future__ import annotations

import pytest

from syncd.core.layout import digest
from syncd.core.lost import RESTORED, apart, asked_anew, asked_back, by_person, chosen_of, over, restored_by, side_of
from syncd.core.merge import CHOSEN, Seen, Unite
from syncd.model.link import Conflict, Topic
from syncd.model.mapping import Direction
from syncd.model.remote import RemoteRef
from syncd.model.values import MISSING, Canonical, Pair, Side, Told
from tests.unit.core.laws import NOON, field

CRM, MARKETING = Side.CRM, Side.MARKETING


def conflict(
    resolution: str | None = None,
    *,
    topic: Topic = Topic.FIELD,
    values: Pair[Canonical] = Pair("m", "c"),
    side: Side = MARKETING,
    name: str = "f",
    id: str = "c1",
) -> Conflict:
    """A conflict of one field; of an overwritten edit its side is where it was lost."""
    refs = ((side, RemoteRef("Lead", "1")),)
    return Conflict(id, "person", topic, "L1", refs, name, values, None, "r", NOON, resolution)


def lost(resolution: str | None = None, *, side: Side = MARKETING) -> Conflict:
    """Marketing's ``m`` was lost, and ``c`` went over it."""
    return conflict(resolution, topic=Topic.LOST, side=side)


def seen(marketing: Told, crm: Told) -> Pair[Seen]:
    """What both sides show."""
    return Pair(Seen(marketing, changed=False), Seen(crm, changed=False))


def test_the_conflicts_of_a_field_apart() -> None:
    """Clashes of whatever sort, and overwritten edits; none of another field."""
    clash, gone, other = conflict(), lost(), conflict(name="g")
    cleared = conflict(topic=Topic.CLEAR)
    assert apart([gone, other, clash, cleared], "f") == ([clash, cleared], [gone])


@pytest.mark.parametrize(
    ("resolution", "marketing", "crm", "chosen"),
    [
        (None, "m", "c", None),
        ("crm", "m", "c", "crm"),
        ("marketing", "m", "c", "marketing"),
        # -- the value that is put aside is another one by now: nobody has decided on that
        ("crm", "new", "c", None),
        ("marketing", "m", "new", None),
        # -- the one that was chosen may be another one, and what is not told is none
        ("crm", "m", "new", "crm"),
        ("marketing", "new", "c", "marketing"),
        ("crm", MISSING, "c", "crm"),
        ("marketing", "m", MISSING, "marketing"),
        # -- a choice that is none between two values
        ("apart", "new", "new", "apart"),
    ],
)
def test_what_a_person_chose(resolution: str | None, marketing: Told, crm: Told, chosen: str | None) -> None:
    """As long as what it puts aside is what was put aside; the first one that still holds."""
    shown = seen(marketing, crm)
    assert chosen_of([conflict(resolution)], shown) == chosen
    assert chosen_of([conflict(), conflict(resolution)], shown) == chosen
    assert chosen_of([], shown) is None


@pytest.mark.parametrize(
    ("resolution", "marketing", "crm", "back", "anew", "ends"),
    [
        # -- nobody has said anything: it stays until both sides hold the lost value again
        (None, "c", "c", False, None, False),
        (None, "m", "c", False, None, False),
        (None, "m", "m", False, None, True),
        # -- left as it is
        ("crm", "c", "c", False, None, True),
        ("crm", "new", "c", False, None, True),
        # -- wanted back, and over by itself
        ("marketing", "c", "c", True, None, False),
        ("marketing", "m", "m", True, None, True),
        ("marketing", MISSING, "c", True, None, False),
        # -- somebody has written something else since: the same question, or another one if that was answered
        (None, "new", "c", False, "c1", False),
        (None, "c", "new", False, "c1", False),
        ("marketing", "new", "c", False, digest("c1", "new"), True),
        ("marketing", "c", "new", False, digest("c1", "new"), True),
    ],
)
def test_an_overwritten_edit(
    resolution: str | None, marketing: Told, crm: Told, back: bool, anew: str | None, ends: bool
) -> None:
    """Whether its value is written back, what is asked anew of it, and whether it is over."""
    listed, shown = [lost(resolution)], seen(marketing, crm)
    assert asked_back(field(), listed, shown) == (Unite("m", f"{RESTORED}c1") if back else None)
    assert over(listed, shown) == (["c1"] if ends else [])
    again = asked_anew(listed, shown)
    assert [(each.id, each.values, each.resolution) for each in again] == (
        [] if anew is None else [(anew, Pair("m", "new"), None)]
    )


def test_what_goes_one_way_is_not_written_back() -> None:
    """Nor is what was lost on the other side taken for this one's; of several the first that is wanted counts."""
    shown = seen("c", "c")
    for direction in (Direction.TO_CRM, Direction.TO_MARKETING):
        assert asked_back(field(direction=direction), [lost("marketing")], shown) is None
    assert asked_back(field(), [lost(), lost("crm")], shown) is None
    assert asked_back(field(), [lost("crm", side=CRM)], shown) == Unite("c", f"{RESTORED}c1")
    assert over([lost("marketing", side=CRM)], seen("x", "y")) == ["c1"]
    (again,) = asked_anew([lost(side=CRM)], seen("m", "new"))
    assert again.values == Pair("new", "c"), "in place of what went over it"
    assert side_of(lost(side=CRM)) is CRM


@pytest.mark.parametrize(
    ("rule", "person", "restored"),
    [
        ("changed", False, ""),
        (CHOSEN, True, ""),
        (f"{RESTORED}c7", True, "c7"),
        ("rolled back, run r1", True, ""),
        (f"not {RESTORED}", False, ""),
    ],
)
def test_which_rules_are_a_persons(rule: str, *, person: bool, restored: str) -> None:
    """What a person chose, wanted back or had taken back; of a value that is restored also from which conflict."""
    assert (by_person(rule), restored_by(rule)) == (person, restored)
    assert RESTORED == "restored by a person from conflict "
