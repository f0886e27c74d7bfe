"""One recorded value held against a changed mapping: what all states of affairs that explain it come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from syncd.core.lost import BACK, RESTORED
from syncd.core.merge import CHOSEN
from syncd.core.replay import (
    AMBIGUOUS,
    NO_FIELD,
    NO_SIDE,
    OLDER,
    TAKEN_BACK,
    UNMAPPED,
    Clashed,
    Recorded,
    Replay,
    Replayed,
    Turn,
)
from syncd.model.link import Topic
from syncd.model.mapping import Clear, Direction, FieldMapping, Policy, Steps, Tie, Transform
from syncd.model.values import MISSING, Canonical, FieldType, Pair, Side, Wire
from tests.unit.core.lenses import CRM, MARKETING, field, lens, row

OBJECTS = Pair("contacts", "Lead")
ELSEWHERE = replace(field(), slots=Pair({"contacts": ("m",)}, {"Contact": ("C",)}))
BY_MARKETING, BY_CRM = field(policy=Policy.MARKETING), field(policy=Policy.CRM)
NEWEST = field(policy=Policy.NEWEST, tie=Tie.CRM)
LOWER = Pair(Steps(), Steps(read=(Transform("lower"),)))
ONE_WAY = field(direction=Direction.TO_MARKETING)
CODES = (row("de", ("DE",)), row("at", ("AT",)))
SET, UNION = field(FieldType.SET), field(FieldType.SET, policy=Policy.UNION)
OPT_OUT = field(FieldType.OPT_OUT)
NOT_WRITTEN, HELD, SAME, UNTOLD = Turn.NOT_WRITTEN, Turn.HELD, Turn.SAME, Turn.UNTOLD
ALIKE = "neither side has changed it"


def recorded(
    before: Canonical = "a",
    after: Canonical = "b",
    rule: str = "changed",
    *,
    side: Side = CRM,
    cause: Side | None = MARKETING,
    name: str = "f",
    confirmed: Mapping[str, Wire] | None = None,
) -> Recorded:
    """A write on the CRM side of what marketing had changed."""
    return Recorded(name, side, OBJECTS, before, after, rule, cause, Pair(confirmed or {}, confirmed or {}))


@pytest.mark.parametrize(
    ("old", "new", "value", "expected"),
    [
        # -- what is not there any more, or never was
        (field(), field(name="other", crm=("X",)), recorded(), Replayed(NOT_WRITTEN, UNMAPPED)),
        (field(), field(), recorded(name="gone"), Replayed(UNTOLD, NO_FIELD)),
        (ELSEWHERE, field(), recorded(), Replayed(UNTOLD, NO_FIELD)),
        (field(), ELSEWHERE, recorded(), Replayed(NOT_WRITTEN, "it is not mapped to Lead any more")),
        # -- nothing was changed, or nothing that matters; a new name is none
        (field(), field(), recorded(), Replayed(SAME)),
        (field(), field(clear=Clear.BOTH), recorded(), Replayed(SAME)),
        (field(), field(name="renamed"), recorded(), Replayed(SAME)),
        (field(), BY_CRM, recorded(), Replayed(SAME)),
        # -- a person had it so
        (field(), BY_CRM, recorded(rule=f"{RESTORED}c1", cause=None), Replayed(SAME)),
        (field(), ONE_WAY, recorded(rule=f"{RESTORED}c1"),
         Replayed(NOT_WRITTEN, "it goes one way only, so nobody can have it back")),
        (field(), field(table=CODES), recorded("at", "de", rule=f"{RESTORED}c1"),
         Replayed(Turn.ANOTHER, "in another form: C = DE", "de")),
        (field(), BY_CRM, recorded(rule=f"{BACK}run r1"), Replayed(UNTOLD, TAKEN_BACK)),
        (field(), BY_CRM, recorded(rule=CHOSEN), Replayed(SAME)),
        (field(), ONE_WAY, recorded(rule=CHOSEN),
         Replayed(HELD, "marketing was chosen, but this field never flows to the crm side")),
        # -- nobody knows from which side it came
        (field(), BY_CRM, recorded(cause=None), Replayed(UNTOLD, NO_SIDE)),
        (field(), BY_CRM, recorded(rule="policy newest by history"), Replayed(UNTOLD, OLDER)),
        # -- another policy decides between two changes
        (BY_MARKETING, BY_CRM, recorded(rule="policy marketing"),
         Replayed(Turn.OTHER_SIDE, "marketing would have been written", "a")),
        (BY_CRM, BY_MARKETING, recorded(rule="policy crm", side=MARKETING, cause=CRM),
         Replayed(Turn.OTHER_SIDE, "crm would have been written", "a")),
        (BY_MARKETING, field(), recorded(rule="policy marketing"),
         Replayed(HELD, "both sides changed it and the policy is hold")),
        (BY_MARKETING, NEWEST, recorded(rule="policy marketing"), Replayed(UNTOLD, AMBIGUOUS)),
        (NEWEST, BY_CRM, recorded(rule="policy newest by history"),
         Replayed(Turn.OTHER_SIDE, "marketing would have been written", "a")),
        (NEWEST, BY_MARKETING, recorded(rule="policy newest by record stamp"), Replayed(SAME)),
        (NEWEST, BY_MARKETING, recorded(rule="policy newest, tie crm by history", side=MARKETING, cause=CRM),
         Replayed(Turn.OTHER_SIDE, "crm would have been written", "a")),
        # -- one way now: the other side owns it
        (field(), ONE_WAY, recorded(), Replayed(Turn.OTHER_SIDE, "marketing would have been written", "a")),
        (ONE_WAY, field(), recorded(rule="owner over an edit", side=MARKETING, cause=CRM),
         Replayed(Turn.OTHER_SIDE, "crm would have been written", "a")),
        (field(), field(only_on_create=True), recorded(), Replayed(NOT_WRITTEN, "only on create")),
        # -- a value that was emptied
        (field(clear=Clear.BOTH), field(), recorded(after=None),
         Replayed(HELD, "emptied on the marketing side, and clears of this field are held")),
        (field(clear=Clear.BOTH), field(clear=Clear.TO_CRM), recorded(after=None), Replayed(SAME)),
        (field(), BY_CRM, recorded(before=None, rule="fill"), Replayed(SAME)),
        # -- read or written otherwise
        (field(), field(steps=LOWER), recorded("A", "B"), Replayed(SAME)),
        (field(), field(steps=Pair(Steps((Transform("lower"),)), Steps((Transform("lower"),)))), recorded("x", "X"),
         Replayed(NOT_WRITTEN, "both sides mean the same")),
        (field(), field(steps=Pair(Steps(), Steps(write=(Transform("upper"),)))), recorded("a", "b"),
         Replayed(Turn.ANOTHER, "in another form: C = B", "b")),
        (field(), field(steps=Pair(Steps((Transform("upper"),)), Steps())), recorded("a", "b"),
         Replayed(Turn.ANOTHER, "", "B")),
        (field(), field(FieldType.INTEGER), recorded("1", "2"), Replayed(Turn.ANOTHER, "", 2)),
        (field(), field(FieldType.INTEGER), recorded("1", "x"), Replayed(HELD, "marketing: cannot be read")),
        (field(table=CODES), field(), recorded("de", "at"), Replayed(SAME)),
        (field(), field(crm=("D",)), recorded(), Replayed(UNTOLD, "what D held was not recorded")),
        (field(), field(marketing=("n",)), recorded(), Replayed(UNTOLD, "what n held was not recorded")),
        # -- sets: what the other side had added is not recorded, and may have been all or the rest
        (UNION, replace(UNION, policy=Policy.CRM), recorded(("a",), ("a", "b"), "policy union", cause=None),
         Replayed(Turn.OTHER_SIDE, "marketing would have been written", ("a",))),
        (UNION, replace(UNION, policy=Policy.MARKETING), recorded(("a",), ("a", "b"), "policy union", cause=None),
         Replayed(UNTOLD, AMBIGUOUS)),
        (UNION, replace(UNION, policy=Policy.MARKETING), recorded(None, ("a", "b"), "policy union", cause=None),
         Replayed(SAME)),
        (UNION, replace(UNION, clear=Clear.BOTH), recorded(("a",), ("a", "b"), "policy union", cause=None),
         Replayed(SAME)),
        (SET, UNION, recorded(("a",), ("b",)), Replayed(SAME)),
        # -- an opt-out is set whatever the policy
        (OPT_OUT, replace(OPT_OUT, policy=Policy.CRM), recorded(False, True, "opt-out is monotone"), Replayed(SAME)),
        (OPT_OUT, replace(OPT_OUT, direction=Direction.TO_MARKETING), recorded(False, True, "opt-out is monotone"),
         Replayed(NOT_WRITTEN, "one way")),
    ],
)  # fmt: skip
def test_what_would_have_become_of_a_write(
    old: FieldMapping, new: FieldMapping, value: Recorded, expected: Replayed
) -> None:
    """By the mapping in use it was written; by the changed one it is this, and why."""
    assert Replay(lens(old), lens(new)).written(value) == expected


def test_what_was_confirmed_tells_the_form() -> None:
    """Where the words of a side are known, they are read anew; the record of the other side alone tells nothing."""
    old, new = field(FieldType.INTEGER), field()
    replayed = Replay(lens(old), lens(new))
    told = recorded(1, 2, confirmed={"m": "2", "C": "1.0"})
    assert replayed.written(told) == Replayed(Turn.ANOTHER, "", "2")
    assert replayed.written(recorded(1, 2, confirmed={"m": "2.0"})) == Replayed(Turn.ANOTHER, "", "2.0")


def test_an_empty_form_is_told_as_such() -> None:
    """People are told of every vendor field that would have been written."""
    old = field(crm=("A", "B"), table=(row("hot", ("x", "y")), row("cold", ("x", "z"))))
    now = (row("hot", ("x", "y"), writes=("x", "")), row("cold", ("x", "z")))
    replayed = Replay(lens(old), lens(replace(old, table=now)))
    assert replayed.sent(recorded("cold", "hot"), replace(old, table=now), "hot") == Replayed(
        Turn.ANOTHER, "in another form: A = x, B = (empty)", "hot"
    )


def clashed(marketing: Canonical, crm: Canonical, topic: Topic = Topic.FIELD, *, name: str = "f") -> Clashed:
    """A clash that waits for a person."""
    return Clashed(name, topic, OBJECTS, Pair(marketing, crm))


@pytest.mark.parametrize(
    ("old", "new", "clash", "expected"),
    [
        (field(), field(), clashed("a", "b"), Replayed(SAME)),
        (field(), field(), clashed("a", "b", name="gone"), Replayed(UNTOLD, NO_FIELD)),
        (field(), field(name="other", crm=("X",)), clashed("a", "b"), Replayed(Turn.DECIDED, UNMAPPED)),
        (field(), ELSEWHERE, clashed("a", "b"), Replayed(Turn.DECIDED, "it is not mapped to Lead any more")),
        (field(), BY_CRM, clashed("a", "b"),
         Replayed(Turn.DECIDED, "marketing would have been written: policy crm", "b")),
        (field(), BY_MARKETING, clashed("a", "b"),
         Replayed(Turn.DECIDED, "crm would have been written: policy marketing", "a")),
        (field(), field(clear=Clear.BOTH), clashed("a", "b"),
         Replayed(SAME, "both sides changed it and the policy is hold")),
        (field(), NEWEST, clashed("a", "b"), Replayed(UNTOLD, AMBIGUOUS)),
        (BY_CRM, field(), clashed("a", "b"), Replayed(UNTOLD, OLDER)),
        (SET, UNION, clashed(("a",), ("b",)), Replayed(Turn.DECIDED, "policy union", ("a", "b"))),
        (field(), field(clear=Clear.BOTH), clashed(None, "b", Topic.CLEAR),
         Replayed(Turn.DECIDED, "crm would have been written: changed", None)),
        (field(), field(steps=Pair(Steps((Transform("lower"),)), Steps((Transform("lower"),)))), clashed("A", "a"),
         Replayed(Turn.DECIDED, "both sides mean the same")),
        (field(), field(only_on_create=True), clashed("a", "b"), Replayed(Turn.DECIDED, "only on create")),
        # -- what the mapping in use could not read
        (field(FieldType.INTEGER), field(), clashed("x", 2), Replayed(UNTOLD, AMBIGUOUS)),
        (field(FieldType.INTEGER), field(FieldType.DECIMAL), clashed("x", 2),
         Replayed(SAME, "marketing: cannot be read")),
        (field(FieldType.INTEGER), field(marketing=("n",)), clashed("x", 2),
         Replayed(UNTOLD, "it stands in another vendor field")),
        (field(FieldType.INTEGER), field(FieldType.INTEGER, marketing=("n",)), clashed(1, 2),
         Replayed(UNTOLD, "what n held was not recorded")),
        (field(FieldType.INTEGER), field(FieldType.INTEGER, crm=("D",)), clashed(1, 2),
         Replayed(UNTOLD, "what D held was not recorded")),
    ],
)  # fmt: skip
def test_what_would_have_become_of_a_clash(
    old: FieldMapping, new: FieldMapping, clash: Clashed, expected: Replayed
) -> None:
    """It was held; by the changed mapping it is decided so, or held all the same, and why."""
    assert Replay(lens(old), lens(new)).held(clash) == expected


def test_what_a_side_could_not_have_been_sent() -> None:
    """A value without a form there, or one that cannot be written, and nothing that only looks like one."""
    old, new = field(), field(FieldType.OWNER)
    replayed = Replay(lens(old), lens(new))
    assert replayed.sent(recorded(), new, "user:ann@example.com") == Replayed(Turn.ANOTHER, "", "user:ann@example.com")
    nobody = replayed.sent(recorded(), new, "user:bo@example.com")
    assert nobody == Replayed(NOT_WRITTEN, "the owner is no active user of this side, or not the only one of that name")
    table = field(table=CODES)
    held = Replay(lens(old), lens(table)).sent(recorded(), table, "xx")
    assert held == Replayed(HELD, "is not in the value table; add a row for it, or set `unknown` to pass or default")
    assert replayed.sent(recorded(after="7"), new, "user:ann@example.com") == Replayed(SAME)
    assert Replayed(SAME).value is MISSING
