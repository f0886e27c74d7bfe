"""What a verdict says: the rule that the audit keeps, the reason that a person reads; and what comes of a choice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from syncd.core.merge import Agree, Clashing, Seen, Take, Unite, Verdict, choose, merge
from syncd.model.link import Topic
from syncd.model.mapping import Clear, Direction, FieldMapping, Policy, Tie
from syncd.model.values import MISSING, FieldType, Pair, Side, Told
from tests.unit.core.laws import BAD, NOON, field, merged, seen

BOTH, CRM, MARKETING = field(), field(policy=Policy.CRM), field(policy=Policy.MARKETING)
NEWEST = field(policy=Policy.NEWEST, tie=Tie.CRM)
TO_CRM, TO_MARKETING = field(direction=Direction.TO_CRM), field(direction=Direction.TO_MARKETING)
OPT_OUT = field(FieldType.OPT_OUT)
SETS = field(FieldType.SET, policy=Policy.UNION)
RENEWED = (
    "opted out, then consent was renewed on the crm side: people record that on the marketing side, syncd never clears "
    "an opt-out"
)
WORDS = [
    # agreed  marketing crm    rules      the rule as the audit names it, or the reason as a question gives it
    (MISSING, "a", None, BOTH, "fill"),
    ("a", "b", "a", BOTH, "changed"),
    ("a", "b", "c", CRM, "policy crm"),
    ("a", "b", "c", MARKETING, "policy marketing"),
    ("a", "b", "c", BOTH, "both sides changed it and the policy is hold"),
    ("a", "b", "c", NEWEST, "policy newest by history"),
    ("a", "b", "c", field(policy=Policy.NEWEST, tie=Tie.HOLD), "policy newest by history"),
    (("x",), ("x", "y"), ("x", "z"), SETS, "policy union"),
    (MISSING, "a", "b", TO_CRM, "owner at first link"),
    ("a", "b", "a", TO_CRM, "changed"),
    ("a", "b", "a", TO_MARKETING, "owner over an edit"),
    ("a", None, "a", field(direction=Direction.TO_CRM, clear=Clear.TO_CRM), "changed"),
    ("a", None, "a", BOTH, "emptied on the marketing side, and clears of this field are held"),
    ("a", BAD, BAD, BOTH, f"marketing: {BAD}; crm: {BAD}"),
    ("a", "b", BAD, CRM, f"crm: {BAD}"),
    (False, True, False, OPT_OUT, "opt-out is monotone"),
    (True, True, False, OPT_OUT, RENEWED),
]


@pytest.mark.parametrize(("agreed", "marketing", "crm", "rules", "words"), WORDS)
def test_a_verdict_says_by_what_rule(agreed: Told, marketing: Told, crm: Told, rules: FieldMapping, words: str) -> None:
    """The audit keeps the rule of every write, and a person judges a question by its reason: both are told exactly."""
    verdict = merged(rules, agreed, marketing, crm, Pair(NOON, NOON + timedelta(seconds=1)))
    assert isinstance(verdict, Take | Unite | Clashing)
    assert (verdict.reason if isinstance(verdict, Clashing) else verdict.rule) == words


def test_each_side_s_trouble_is_told_as_its_own() -> None:
    """Two values that cannot be read, each for its reason, marketing's first."""
    both = Pair(Seen(MISSING, changed=True, trouble="is long"), Seen(MISSING, changed=True, trouble="is short"))
    assert merge(BOTH, agreed="a", seen=both) == Clashing(Topic.FIELD, "marketing: is long; crm: is short")


def test_two_changes_of_one_moment_say_so() -> None:
    """A tie names its rule and where the times are from."""
    tied = Pair(NOON, NOON)
    assert merged(NEWEST, "a", "b", "c", tied) == Take(Side.CRM, "c", "policy newest, tie crm by history")
    held = merged(replace(NEWEST, tie=Tie.HOLD), "a", "b", "c", tied)
    assert held == Clashing(Topic.FIELD, "both sides changed it at the same moment and the tie rule is hold")


def test_times_need_no_name() -> None:
    """Where nobody says where they are from, nothing is made up."""
    verdict = merge(NEWEST, agreed="a", seen=Pair(seen("a", "b"), seen("a", "c")), times=Pair(NOON, NOON))
    assert verdict == Take(Side.CRM, "c", "policy newest, tie crm by ")


UNUSABLE = "crm was chosen, but its value cannot be used: "
AGAINST = "crm was chosen, but this field never flows to the marketing side"
BY_HAND = "an opt-out is never cleared by syncd: record the renewed consent by hand"
CHOICES: list[tuple[Side, Told, Told, FieldMapping, Verdict]] = [
    # side         marketing crm   rules    what comes of the choice
    (Side.MARKETING, "b", "c", BOTH, Take(Side.MARKETING, "b", "chosen by a person")),
    (Side.CRM, "b", None, CRM, Take(Side.CRM, None, "chosen by a person")),
    (Side.CRM, "b", "b", BOTH, Agree("b")),
    (Side.CRM, MISSING, "b", BOTH, Take(Side.CRM, "b", "chosen by a person")),
    (Side.CRM, "b", MISSING, BOTH, Clashing(Topic.FIELD, UNUSABLE + "does not tell this field now")),
    (Side.CRM, "b", BAD, BOTH, Clashing(Topic.FIELD, UNUSABLE + BAD)),
    (Side.CRM, "b", "c", TO_CRM, Clashing(Topic.FIELD, AGAINST)),
    (Side.MARKETING, "b", "c", TO_CRM, Take(Side.MARKETING, "b", "chosen by a person")),
    (Side.CRM, True, False, OPT_OUT, Clashing(Topic.FIELD, BY_HAND)),
    (Side.MARKETING, True, False, OPT_OUT, Take(Side.MARKETING, True, "chosen by a person")),
]  # fmt: skip


@pytest.mark.parametrize(("side", "marketing", "crm", "rules", "expected"), CHOICES)
def test_a_choice_is_carried_out_or_says_why_not(
    side: Side, marketing: Told, crm: Told, rules: FieldMapping, expected: Verdict
) -> None:
    """A person's choice goes over policies and clear rules, but neither over directions nor over opt-outs."""
    assert choose(rules, side=side, seen=Pair(seen("a", marketing), seen("a", crm))) == expected
