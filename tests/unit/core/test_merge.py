"""The three-way merge: as tables for people to read, and as laws over any values."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.core.merge import KEEP, Agree, Clashing, Keep, NeedsTimes, Seen, Take, Unite, Verdict, merge
from syncd.model.mapping import Clear, Direction, FieldMapping, Policy, Tie
from syncd.model.values import MISSING, FieldType, Instant, Pair, Side, Told
from tests.unit.core.laws import BAD, NOON, check_laws, field, merged, mirrored, outline, seen


def told(verdict: Verdict) -> str:
    """A verdict in the words of the tables below."""
    match verdict:
        case Take(side, value):
            return f"{side}:{value}"
        case Agree(value):
            return f"agree:{value}"
        case Unite(value):
            return "unite:" + "+".join(value)
        case Clashing(topic, _):
            return f"hold {topic}"
        case NeedsTimes():
            return "times?"
        case Keep(reason):
            return "keep" if not reason else f"keep: {reason}"


UNTOLD = "keep: a side did not tell this field"
NO_VALUE = "keep: the owning side has no value"
BOTH = field()
CRM = field(policy=Policy.CRM)
MARKETING = field(policy=Policy.MARKETING)
NEWEST = field(policy=Policy.NEWEST, tie=Tie.CRM)
TO_CRM = field(direction=Direction.TO_CRM)
TO_MARKETING = field(direction=Direction.TO_MARKETING)

TABLE = [
    # agreed   marketing crm       rules           what comes of it
    # -- nobody changed, or both did alike
    ("a", "a", "a", BOTH, "keep"),
    ("a", "b", "b", BOTH, "agree:b"),
    ("a", None, None, BOTH, "agree:None"),
    (None, None, None, BOTH, "keep"),
    (MISSING, "a", "a", BOTH, "agree:a"),
    (MISSING, None, None, BOTH, "agree:None"),
    # -- one side changed: its value travels, whatever the policy for two changes
    ("a", "b", "a", BOTH, "marketing:b"),
    ("a", "a", "b", BOTH, "crm:b"),
    ("a", "b", "a", CRM, "marketing:b"),
    ("a", "a", "b", MARKETING, "crm:b"),
    ("a", "b", "a", NEWEST, "marketing:b"),
    (None, "a", None, BOTH, "marketing:a"),
    (None, None, "a", BOTH, "crm:a"),
    # -- both changed: the policy
    ("a", "b", "c", CRM, "crm:c"),
    ("a", "b", "c", MARKETING, "marketing:b"),
    ("a", "b", "c", NEWEST, "times?"),
    ("a", "b", "c", BOTH, "hold field"),
    (None, "b", "c", CRM, "crm:c"),
    # -- the first link: a value fills an empty side, two values are two changes
    (MISSING, "a", None, BOTH, "marketing:a"),
    (MISSING, None, "a", BOTH, "crm:a"),
    (MISSING, "a", None, CRM, "marketing:a"),
    (MISSING, None, "a", MARKETING, "crm:a"),
    (MISSING, "a", "b", BOTH, "hold field"),
    (MISSING, "a", "b", CRM, "crm:b"),
    (MISSING, "a", "b", MARKETING, "marketing:a"),
    (MISSING, "a", "b", NEWEST, "times?"),
    # -- clears: held, or travelling the way the field says
    ("a", None, "a", BOTH, "hold clear"),
    ("a", "a", None, BOTH, "hold clear"),
    ("a", None, "a", field(clear=Clear.BOTH), "marketing:None"),
    ("a", "a", None, field(clear=Clear.BOTH), "crm:None"),
    ("a", None, "a", field(clear=Clear.TO_CRM), "marketing:None"),
    ("a", "a", None, field(clear=Clear.TO_CRM), "hold clear"),
    ("a", "a", None, field(clear=Clear.TO_MARKETING), "crm:None"),
    ("a", None, "a", field(clear=Clear.TO_MARKETING), "hold clear"),
    # -- a clear against a change: the policy first, then the clear rule
    ("a", None, "b", CRM, "crm:b"),
    ("a", "b", None, CRM, "hold clear"),
    ("a", "b", None, field(policy=Policy.CRM, clear=Clear.BOTH), "crm:None"),
    ("a", None, "b", MARKETING, "hold clear"),
    ("a", None, "b", BOTH, "hold field"),
    # -- a field that is not told is never a clear, and nothing is written over it
    ("a", MISSING, "b", BOTH, UNTOLD),
    ("a", "b", MISSING, CRM, UNTOLD),
    ("a", MISSING, MISSING, BOTH, "keep"),
    (MISSING, "a", MISSING, BOTH, UNTOLD),
    ("a", MISSING, "a", field(clear=Clear.BOTH), "keep"),
    ("a", "b", MISSING, TO_CRM, UNTOLD),
    # -- a value that cannot be read is held, and not written over
    ("a", BAD, "a", BOTH, "hold field"),
    ("a", "a", BAD, BOTH, "hold field"),
    ("a", BAD, "b", CRM, "hold field"),
    ("a", BAD, BAD, BOTH, "hold field"),
    (MISSING, BAD, "a", BOTH, "hold field"),
    ("a", BAD, "a", TO_CRM, "hold field"),
    ("a", "a", BAD, TO_CRM, "keep: an unreadable value on the side that is only written to"),
    ("a", "b", BAD, TO_CRM, "hold field"),
    ("a", BAD, BAD, TO_CRM, "hold field"),
    ("a", BAD, "a", TO_MARKETING, "keep: an unreadable value on the side that is only written to"),
    # -- one way: the owner's value goes over any edit, an empty owner wipes nothing
    ("a", "b", "a", TO_CRM, "marketing:b"),
    ("a", "a", "b", TO_CRM, "marketing:a"),
    ("a", "b", "c", TO_CRM, "marketing:b"),
    ("a", "a", "b", TO_MARKETING, "crm:b"),
    ("a", "b", "a", TO_MARKETING, "crm:a"),
    ("a", "b", "c", TO_MARKETING, "crm:c"),
    (MISSING, "a", "b", TO_CRM, "marketing:a"),
    (MISSING, None, "b", TO_CRM, NO_VALUE),
    (MISSING, None, "b", field(direction=Direction.TO_CRM, clear=Clear.BOTH), NO_VALUE),
    (None, None, "b", TO_CRM, NO_VALUE),
    ("a", None, "a", TO_CRM, "hold clear"),
    ("a", None, "a", field(direction=Direction.TO_CRM, clear=Clear.TO_CRM), "marketing:None"),
    ("a", None, "a", field(direction=Direction.TO_CRM, clear=Clear.TO_MARKETING), "hold clear"),
    # -- sets: what either side added
    (("x",), ("x", "y"), ("x", "z"), field(FieldType.SET, policy=Policy.UNION), "unite:x+y+z"),
    (("x",), ("x", "y"), None, field(FieldType.SET, policy=Policy.UNION), "unite:x+y"),
    (("x",), ("x", "y"), ("x",), field(FieldType.SET, policy=Policy.UNION), "marketing:('x', 'y')"),
    (("x", "y"), ("x",), ("x", "y"), field(FieldType.SET, policy=Policy.UNION), "marketing:('x',)"),
    (MISSING, ("x",), ("y",), field(FieldType.SET, policy=Policy.UNION), "unite:x+y"),
    # -- only written on create: never merged
    ("a", "b", "c", field(only_on_create=True, policy=Policy.CRM), "keep: only on create"),
]


@pytest.mark.parametrize(("agreed", "marketing", "crm", "rules", "expected"), TABLE)
def test_the_table(agreed: Told, marketing: Told, crm: Told, rules: FieldMapping, expected: str) -> None:
    """Each row of the table above."""
    assert told(merged(rules, agreed, marketing, crm)) == expected


OPT_OUT = field(FieldType.OPT_OUT)
OPT_OUT_TABLE = [
    # agreed   marketing crm      rules     what comes of it
    (False, True, False, OPT_OUT, "marketing:True"),
    (False, False, True, OPT_OUT, "crm:True"),
    (False, True, None, OPT_OUT, "marketing:True"),
    (False, True, True, OPT_OUT, "agree:True"),
    (True, True, True, OPT_OUT, "keep"),
    (False, False, False, OPT_OUT, "keep"),
    (MISSING, True, False, OPT_OUT, "marketing:True"),
    (MISSING, None, True, OPT_OUT, "crm:True"),
    (MISSING, False, None, OPT_OUT, "agree:False"),
    # -- renewed consent: held while one side still says no, never cleared by us, over when both say yes
    (True, False, True, OPT_OUT, "hold field"),
    (True, True, None, OPT_OUT, "hold field"),
    (True, False, False, OPT_OUT, "agree:False"),
    # -- untold or unreadable is no consent, and an opt-out is written over what cannot be read
    (True, MISSING, True, OPT_OUT, UNTOLD),
    (False, True, MISSING, OPT_OUT, UNTOLD),
    (MISSING, MISSING, False, OPT_OUT, "keep"),
    (False, True, BAD, OPT_OUT, "marketing:True"),
    (False, BAD, True, OPT_OUT, "crm:True"),
    # -- one way
    (False, False, True, field(FieldType.OPT_OUT, direction=Direction.TO_CRM), "keep: one way"),
    (False, True, False, field(FieldType.OPT_OUT, direction=Direction.TO_CRM), "marketing:True"),
]


@pytest.mark.parametrize(("agreed", "marketing", "crm", "rules", "expected"), OPT_OUT_TABLE)
def test_the_opt_out_table(agreed: Told, marketing: Told, crm: Told, rules: FieldMapping, expected: str) -> None:
    """An opt-out is set by us, never cleared."""
    assert told(merged(rules, agreed, marketing, crm)) == expected


@pytest.mark.parametrize("agreed", [MISSING, None, False, True])
@pytest.mark.parametrize("direction", list(Direction))
def test_no_merge_ever_clears_an_opt_out(agreed: Told, direction: Direction) -> None:
    """Whatever was agreed and whatever the sides say, the only value that is written is ``True``."""
    for marketing, crm, policy, clear in product(
        [MISSING, None, False, True, BAD], [MISSING, None, False, True, BAD], Policy, Clear
    ):
        rules = field(FieldType.OPT_OUT, direction=direction, policy=policy, clear=clear)
        verdict = merged(rules, agreed, marketing, crm)
        assert not isinstance(verdict, Take) or verdict.value is True
        assert not isinstance(verdict, Unite | NeedsTimes)


@pytest.mark.parametrize(
    ("later", "tie", "expected"),
    [
        (timedelta(seconds=1), Tie.CRM, "marketing:b"),
        (timedelta(seconds=-1), Tie.MARKETING, "crm:c"),
        (timedelta(0), Tie.CRM, "crm:c"),
        (timedelta(0), Tie.MARKETING, "marketing:b"),
        (timedelta(0), Tie.HOLD, "hold field"),
        (timedelta(0), None, "hold field"),
    ],
)
def test_newest_goes_by_times_and_then_by_its_tie_rule(later: timedelta, tie: Tie | None, expected: str) -> None:
    """The later change wins; two of the same moment are the tie rule's, and held without one."""
    rules = field(policy=Policy.NEWEST, tie=tie)
    assert told(merged(rules, "a", "b", "c", Pair(NOON + later, NOON))) == expected


def test_the_rule_names_where_the_times_are_from() -> None:
    """The audit can say whether a history or only a record's stamp decided."""
    verdict = merge(
        NEWEST, agreed="a", seen=Pair(seen("a", "b"), seen("a", "c")), times=Pair(NOON, NOON), timed_by="record stamp"
    )
    assert isinstance(verdict, Take)
    assert "record stamp" in verdict.rule
    assert "tie" in verdict.rule


def test_a_touched_record_is_no_change() -> None:
    """A side that stands where it last stood has not changed, though it differs from the other one: a parked write."""
    stood = Pair(Seen("a", changed=False), Seen("b", changed=False))
    assert merge(CRM, agreed="a", seen=stood) is KEEP


def test_two_values_that_nobody_changed_and_nobody_agreed_on_are_a_matter_of_policy() -> None:
    """Neither side is preferred for standing first."""
    stood = Pair(Seen("a", changed=False), Seen("b", changed=False))
    assert told(merge(CRM, agreed=MISSING, seen=stood)) == "crm:b"
    assert told(merge(MARKETING, agreed=MISSING, seen=stood)) == "marketing:a"
    assert told(merge(BOTH, agreed=MISSING, seen=stood)) == "hold field"


# -- laws: for any values; test_kernel.py has them for every triple of words -------------------------------------------
told_values = st.one_of(
    st.just(MISSING),
    st.none(),
    st.sampled_from(["a", "b", "ä", "\U0001f600"]),
    st.lists(st.sampled_from("xyz"), unique=True).map(lambda members: tuple(sorted(members))),
)
shown = st.one_of(
    st.builds(Seen, told_values, changed=st.booleans()),
    st.builds(Seen, st.just(MISSING), changed=st.booleans(), trouble=st.just(BAD)),
)
some_rules = st.builds(
    field,
    st.sampled_from([FieldType.STRING, FieldType.SET, FieldType.EMAIL]),
    policy=st.sampled_from(list(Policy)),
    direction=st.sampled_from(list(Direction)),
    clear=st.sampled_from(list(Clear)),
    tie=st.sampled_from([None, *Tie]),
)
moments = st.integers(0, 2).map(lambda seconds: NOON + timedelta(seconds=seconds))


@settings(max_examples=400)
@given(rules=some_rules, agreed=told_values, marketing=shown, crm=shown, one=moments, two=moments)
def test_the_laws_hold_for_any_values(
    rules: FieldMapping, agreed: Told, marketing: Seen, crm: Seen, one: Instant, two: Instant
) -> None:
    """Symmetry, no invented value, no write of equals, directions and clears, for any mix of values and flags."""
    if rules.policy is Policy.UNION and rules.direction is not Direction.BOTH:
        return  # union has no meaning one way, and the settings refuse it
    check_laws(rules, mirrored(rules), agreed=agreed, sides=Pair(marketing, crm), times=Pair(one, two))


@settings(max_examples=200)
@given(base=st.sampled_from("abc"), new=st.sampled_from("abc"), side=st.sampled_from(list(Side)), rules=some_rules)
def test_one_side_s_change_is_the_answer(base: str, new: str, side: Side, rules: FieldMapping) -> None:
    """merge(b, b, x) = x on a two-way field, under every policy."""
    both_ways = replace(rules, direction=Direction.BOTH)
    values = Pair(base, base).replacing(side, new)
    verdict = merged(both_ways, base, values.marketing, values.crm)
    assert outline(verdict) == (("Keep",) if new == base else ("take", side, new))


@pytest.mark.parametrize(
    ("agreed", "tells", "comes_of_it"),
    [(MISSING, "a", "agree:a"), ("a", "a", "keep"), ("a", "b", "agree:b"), ("a", None, "agree:None"),
     ("a", MISSING, "keep"), (MISSING, MISSING, "keep"), (MISSING, None, "agree:None")],
)  # fmt: skip
@pytest.mark.parametrize("alone", Side)
def test_what_one_record_alone_has_a_place_for(alone: Side, agreed: Told, tells: Told, comes_of_it: str) -> None:
    """There is nothing to merge: what it tells is agreed on, emptied or not, and nothing is ever written or held."""
    nothing = Seen(agreed, changed=False)
    shown = Pair(nothing, nothing).replacing(alone, Seen(tells, changed=tells is not MISSING and tells != agreed))
    for rules in (BOTH, CRM, NEWEST, TO_CRM, TO_MARKETING):
        assert told(merge(rules, agreed=agreed, seen=shown, alone=alone)) == comes_of_it
