"""Merging without a Base that can be believed: nothing is taken but what is so whoever changed it."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from syncd.core.doubt import RESTORED, in_doubt, merge_in_doubt
from syncd.core.merge import Agree, Clashing, Keep, Seen, Take, Unite
from syncd.model.link import Conflict, Topic
from syncd.model.mapping import Direction, FieldMapping, Policy, Tie
from syncd.model.remote import RemoteRef
from syncd.model.values import MISSING, FieldType, Pair, Side, Told
from tests.unit.core.laws import NOON, field

VALUES: tuple[Told, ...] = ("a", "b", None, MISSING)


def sides(marketing: Told, crm: Told, *, changed: tuple[bool, bool] = (False, True), trouble: str = "") -> Pair[Seen]:
    """Both sides; ``changed`` is what an older Base says, ``trouble`` that marketing's value cannot be read."""
    return Pair(Seen(marketing, changed[0], trouble or None), Seen(crm, changed[1]))


@pytest.mark.parametrize("policy", list(Policy))
def test_what_differs_both_ways_is_for_a_person(policy: Policy) -> None:
    """Whatever the policy and whatever an older Base says of changes."""
    two_way = field(policy=policy, tie=Tie.CRM)
    flags = tuple(product((False, True), repeat=2))
    for (marketing, crm), changed in product(product(("a", "b", None), repeat=2), flags):
        verdict = merge_in_doubt(two_way, seen=sides(marketing, crm, changed=changed))
        if marketing == crm:
            assert verdict == Agree(crm)
        else:
            assert isinstance(verdict, Clashing)
            assert verdict.reason == RESTORED


def test_what_a_side_does_not_tell_is_held_if_the_other_says_something_new() -> None:
    """It may be told again later, and an older Base must not judge it then."""
    held = Clashing(Topic.FIELD, RESTORED)
    assert merge_in_doubt(field(), seen=sides(MISSING, "b")) == merge_in_doubt(field(), seen=sides("a", "b")) == held
    assert merge_in_doubt(field(), seen=sides(MISSING, "b", changed=(True, False))) == held
    untold = Keep("a side did not tell this field")
    assert merge_in_doubt(field(), seen=sides(MISSING, "b", changed=(False, False))) == untold
    assert merge_in_doubt(field(), seen=sides("a", MISSING, changed=(False, False))) == untold
    assert merge_in_doubt(field(direction=Direction.TO_CRM), seen=sides("a", MISSING)) == untold
    assert merge_in_doubt(field(), seen=sides(MISSING, MISSING, changed=(False, False))) == untold


def test_what_cannot_be_read_stays_in_doubt() -> None:
    """Also once it can be read: the reason says that the store was restored."""
    verdict = merge_in_doubt(field(), seen=sides(MISSING, "b", trouble="no date"))
    assert verdict == Clashing(Topic.FIELD, f"{RESTORED}; marketing: no date")
    one_way = field(direction=Direction.TO_CRM)
    assert merge_in_doubt(one_way, seen=sides(MISSING, "b", trouble="no date")) == Clashing(
        Topic.FIELD, "marketing: no date"
    )


def test_a_conflict_says_that_its_base_is_not_to_be_believed() -> None:
    """By how its reason begins; one of several is enough, and none says nothing."""
    old = Conflict("c", "person", Topic.FIELD, "L", (), "f", Pair("a", "b"), None, f"{RESTORED}; crm: no date", NOON)
    other = replace(old, reason=f"not: {RESTORED}")
    assert in_doubt([other, old])
    assert not in_doubt([other])
    assert not in_doubt([])


def test_what_is_only_written_on_create_is_let_be() -> None:
    """Whatever either side shows."""
    assert merge_in_doubt(field(only_on_create=True), seen=sides("a", "b")) == Keep("only on create")


@pytest.mark.parametrize(
    ("direction", "owner"), [(Direction.TO_CRM, Side.MARKETING), (Direction.TO_MARKETING, Side.CRM)]
)
def test_a_one_way_field_is_its_owners(direction: Direction, owner: Side) -> None:
    """It needs no Base; an owner without a value empties nothing."""
    one_way: FieldMapping = field(direction=direction)
    for marketing, crm in product(VALUES, repeat=2):
        seen = sides(marketing, crm)
        verdict = merge_in_doubt(one_way, seen=seen)
        assert isinstance(verdict, Agree | Keep | Take)
        if isinstance(verdict, Take):
            assert (verdict.side, verdict.value) == (owner, seen.of(owner).value)
            assert verdict.value is not None


def test_an_opt_out_is_set_on_both_sides_and_never_cleared() -> None:
    """As ever: the one thing that is written for certain."""
    opt_out = field(FieldType.OPT_OUT)
    for marketing, crm in product((True, False), repeat=2):
        verdict = merge_in_doubt(opt_out, seen=sides(marketing, crm))
        if marketing == crm:
            assert verdict == Agree(crm)
        else:
            assert isinstance(verdict, Take)
            assert verdict.value is True
    out = RemoteRef("Lead", "00Q")
    rule = f"opted out on {out}, the same person's other record"
    assert merge_in_doubt(opt_out, seen=sides(False, False), second=out) == Unite(True, rule)
    renewed = merge_in_doubt(opt_out, seen=sides(True, False, changed=(False, True)))
    assert isinstance(renewed, Take), "nobody knows that it was agreed on before"
