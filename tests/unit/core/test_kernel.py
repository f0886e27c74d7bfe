"""The kernel, exhaustively: every triple of eight words, under every rule, in every direction, for every type.

A triple is what was agreed and confirmed, and what each side shows now. It goes through the real reading into the real
merge; what comes out is written and read back by the real Lens. Triples that mean the same are judged once and counted
as often as they are: the merge sees nothing but their meaning.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.core.merge import Agree, Keep, Seen, Take, Unite, Verdict, merge
from syncd.core.normalize import Inexpressible, Invalid
from syncd.model.link import Base, Linked, Topic
from syncd.model.mapping import Clear, Direction, FieldMapping, Policy, Tie
from syncd.model.plan import Decision, Hold, Update
from syncd.model.remote import RemoteRecord
from syncd.model.values import MISSING, SIDES, Canonical, FieldType, Instant, Pair, Side, Told
from tests.unit.core.alphabet import ALPHABETS, LINK, NOON, WORDS, Alphabet, Scene
from tests.unit.core.laws import check_laws, mirrored, outline

LATER = NOON + timedelta(seconds=1)
MARKETING_LATER, CRM_LATER, TIED = Pair(LATER, NOON), Pair(NOON, LATER), Pair(NOON, NOON)
RULES: tuple[tuple[Policy, Tie | None, Pair[Instant]], ...] = (
    (Policy.CRM, None, MARKETING_LATER),
    (Policy.MARKETING, None, CRM_LATER),
    (Policy.HOLD, None, MARKETING_LATER),
    (Policy.NEWEST, Tie.CRM, MARKETING_LATER),
    (Policy.NEWEST, Tie.MARKETING, CRM_LATER),
    (Policy.NEWEST, Tie.CRM, TIED),
    (Policy.NEWEST, Tie.MARKETING, TIED),
    (Policy.NEWEST, Tie.HOLD, TIED),
    (Policy.UNION, None, MARKETING_LATER),
)
"""Every policy; ``newest`` with either side later, and with every rule for ties."""
WAYS = tuple(product(Direction, Clear))
TRIPLES = len(WORDS) ** 3

Case = tuple[Told, Pair[Seen]]

by_type = pytest.mark.parametrize("alphabet", ALPHABETS, ids=lambda alphabet: alphabet.name)


def rules_of(alphabet: Alphabet) -> list[tuple[Policy, Tie | None, Pair[Instant]]]:
    """The rules that the settings let a field of this type have: union joins sets only."""
    return [rule for rule in RULES if rule[0] is not Policy.UNION or alphabet.type is FieldType.SET]


def cases(scene: Scene) -> Counter[Case]:
    """What all triples of words mean, and how many mean it."""
    found: Counter[Case] = Counter()
    for word in WORDS:
        base = scene.base(word)
        agreed: Told = base.agreed.get("f", MISSING)
        shown = Pair(*([scene.seen(side, base, each) for each in WORDS] for side in SIDES))
        found.update((agreed, Pair(*pair)) for pair in product(shown.marketing, shown.crm))
    return found


def test_no_rule_and_no_type_is_forgotten() -> None:
    """A new policy, tie, direction, clear rule or type must come into the tables; the number of cases is known. Stages
    are merged by the lifecycle, which has tables and laws of its own.
    """
    assert {policy for policy, _, _ in RULES} == set(Policy) - {Policy.LIFECYCLE}
    assert {tie for policy, tie, _ in RULES if policy is Policy.NEWEST} == set(Tie)
    assert {alphabet.type for alphabet in ALPHABETS} == set(FieldType)
    assert len({alphabet.name for alphabet in ALPHABETS}) == 21
    assert (TRIPLES, len(WAYS)) == (512, 12)
    assert sum(TRIPLES * len(WAYS) * len(rules_of(alphabet)) for alphabet in ALPHABETS) == 1_044_480


@by_type
def test_the_words_mean_what_they_should(alphabet: Alphabet) -> None:
    """All below stands on this: a, A and a' are one value (but where case matters), b another, on both sides alike."""
    scene = Scene(alphabet)
    meaning = {word: Pair(*(scene.value(side, word) for side in SIDES)) for word in WORDS}
    empty = False if alphabet.type is FieldType.OPT_OUT else None
    assert meaning["missing"] == Pair(MISSING, MISSING)
    assert meaning["null"] == meaning["empty"] == Pair(empty, empty)
    assert meaning["a"] == meaning["a'"]
    assert meaning["a"].marketing == meaning["a"].crm not in {None, MISSING}
    assert (meaning["A"] != meaning["a"]) is alphabet.apart
    assert meaning["b"].marketing == meaning["b"].crm != meaning["a"].crm
    assert all(isinstance(value, Invalid) for value in meaning["invalid"])


@by_type
def test_what_is_written_reads_as_what_was_meant(alphabet: Alphabet) -> None:
    """No value is made another one on its way: what either side is sent reads there as what the other side meant."""
    scene = Scene(alphabet)
    for side, word in product(SIDES, WORDS):
        value = scene.value(side.other, word)
        if value is not MISSING and not isinstance(value, Invalid):
            assert written(scene, side, value) in {value, "no form for it"}


def written(scene: Scene, side: Side, value: Canonical) -> Canonical | Invalid:
    """What stands on a side after a value was written there, as it is read back."""
    wires = scene.lens.write(side, LINK.refs.of(side).object, "f", value)
    if isinstance(wires, Inexpressible):
        return "no form for it"
    assert not isinstance(wires, Invalid), "what could be read can be written"
    assert wires.keys() <= set(scene.names.of(side)), "only the field's own vendor fields are written"
    whole = scene.alphabet.wires(side, "a") or ()
    return scene.read(side, tuple(map(wires.get, scene.names.of(side), whole)))  # what is not written stands


@by_type
def test_every_triple_under_every_rule_keeps_the_laws(alphabet: Alphabet) -> None:
    """Symmetry, no invented value, no write of equals or against a direction, no clear by silence; then it is quiet."""
    scene = Scene(alphabet)
    judged = cases(scene)
    count = 0
    for (policy, tie, times), (direction, clear) in product(rules_of(alphabet), WAYS):
        rules = replace(scene.field, policy=policy, tie=tie, direction=direction, clear=clear)
        other_way = mirrored(rules)
        for (agreed, sides), times_seen in judged.items():
            verdict = check_laws(rules, other_way, agreed=agreed, sides=sides, times=times)
            check_one_change(rules, agreed, sides, verdict)
            check_quiet(rules, agreed, sides, times, verdict)
            count += times_seen
    assert count == TRIPLES * len(WAYS) * len(rules_of(alphabet))


def check_one_change(rules: FieldMapping, agreed: Told, sides: Pair[Seen], verdict: Verdict) -> None:
    """``merge(b, b, x) = x`` and ``merge(b, x, x) = x``: what one side did, or both did alike, is the answer."""
    marketing, crm = sides
    if agreed is MISSING or MISSING in (marketing.value, crm.value):
        return
    if marketing.value == crm.value:
        assert outline(verdict) == (("Keep",) if crm.value == agreed else ("Agree", crm.value))
    elif rules.direction is Direction.BOTH and marketing.changed != crm.changed:
        side = Side.MARKETING if marketing.changed else Side.CRM
        value = sides.of(side).value
        if rules.type is FieldType.OPT_OUT and value is False:
            assert outline(verdict) == ("hold", Topic.FIELD), "consent is renewed by people"
        elif value is None and not rules.clear.flows_to(side.other):
            assert outline(verdict) == ("hold", Topic.CLEAR)
        else:
            assert outline(verdict) == ("take", side, value)


def check_quiet(rules: FieldMapping, agreed: Told, sides: Pair[Seen], times: Pair[Instant], verdict: Verdict) -> None:
    """What was settled is not decided on again: after agreement or a write the next merge has nothing to do."""
    if isinstance(verdict, Take | Unite | Agree):
        value = verdict.value
        stands = Seen(value, changed=False)
        again = merge(rules, agreed=value, seen=Pair(stands, stands), times=times, timed_by="history")
        assert again == Keep(), "a second merge writes, asks and agrees on nothing"
        other = merge(rules, agreed=agreed, seen=Pair(stands, stands), times=times, timed_by="history")
        assert isinstance(other, Agree | Keep), "found again before it was settled, it is only agreed on"


PLANNED = tuple(product((Policy.CRM, Policy.HOLD, Policy.UNION), Direction))


@by_type
def test_every_triple_is_planned_within_the_rules(alphabet: Alphabet) -> None:
    """What leaves the planner: only this field's, only where it flows, only what the other side shows, or a question
    that shows both values. Silence and what cannot be read send nothing but an opt-out; a question is no write.
    """
    scene = Scene(alphabet)
    count = 0
    planned = [row for row in PLANNED if row[0] is not Policy.UNION or alphabet.type is FieldType.SET]
    for policy, direction in planned:
        planner = scene.planner(replace(scene.field, policy=policy, direction=direction, clear=Clear.BOTH))
        records = Pair(*({word: scene.record(side, word) for word in WORDS} for side in SIDES))
        for base, *words in product(map(scene.base, WORDS), WORDS, WORDS):
            shown = Pair(*words)
            seen: Pair[RemoteRecord | None] = Pair(records.marketing[shown.marketing], records.crm[shown.crm])
            decision = planner.linked(Linked(LINK, base), seen)
            assert isinstance(decision, Decision), "nobody asks for times here"
            check_planned(scene, direction, base, shown, decision)
            count += 1
    assert count == TRIPLES * len(planned)


def check_planned(scene: Scene, direction: Direction, base: Base, shown: Pair[str], decision: Decision) -> None:
    """One decision on one triple."""
    meant = Pair(*(scene.value(side, shown.of(side)) for side in SIDES))
    updates = [action for action in decision.actions if isinstance(action, Update)]
    holds = [action for action in decision.actions if isinstance(action, Hold)]
    united = Pair(*(isinstance(value, tuple) for value in meant)) == Pair(True, True)
    assert len(updates) <= (2 if united else 1), "one value, one side; or what is made of both, on both"
    for update in updates:
        assert not holds, "what is asked is not written meanwhile"
        assert direction.flows_to(update.side)
        assert {*update.fields, *(f"ref:{name}" for name in update.refs)} <= set(scene.names.of(update.side))
        (change,) = update.changes
        assert change.after != meant.of(update.side), "only what differs is sent"
        if isinstance(change.after, tuple) and change.rule == "policy union":
            assert set(change.after) == {each for value in meant if isinstance(value, tuple) for each in value}
        else:
            assert change.after == meant.other(update.side), "no value is invented"
        assert update.refs in ({}, {"f": change.after}), "a reference names the link it points to"
        if scene.alphabet.type is FieldType.OPT_OUT:
            assert change.after is True
        else:
            assert shown.of(update.side) not in {"missing", "invalid"}
        assert decision.agreed == {"f": change.after}
    for hold in holds:
        conflict = hold.conflict
        assert conflict.base == base.agreed.get("f")
        assert conflict.reason
        for side in SIDES:
            value = meant.of(side)
            told = conflict.values.of(side)
            if isinstance(value, Invalid):
                assert told is not None or scene.alphabet.type is FieldType.REFERENCE, "the vendor's own words"
            else:
                assert told == (None if value is MISSING else value), "a question shows both values"
    if meant.marketing == meant.crm:
        assert not updates, "equal values need no write"
    if isinstance(meant.marketing, Invalid) and isinstance(meant.crm, Invalid):
        assert not decision.agreed


FREE = [alphabet for alphabet in ALPHABETS if alphabet.width == 1 and alphabet.type is not FieldType.REFERENCE]
SCENES = {alphabet.name: Scene(alphabet) for alphabet in FREE}
some_text = st.text(alphabet=st.sampled_from("aAäÄ\u0308 \t\n\0;,.@-+0179TZ:/"), max_size=12)
some_wire = st.one_of(some_text, st.integers(-(10**6), 10**6), st.none())


@settings(max_examples=150)
@given(data=st.data(), alphabet=st.sampled_from(FREE), way=st.sampled_from(WAYS), rule=st.sampled_from(RULES[:-1]))
def test_whatever_is_typed_keeps_the_laws(
    data: st.DataObject,
    alphabet: Alphabet,
    way: tuple[Direction, Clear],
    rule: tuple[Policy, Tie | None, Pair[Instant]],
) -> None:
    """Any text, number or nothing in any field, read for real: the laws, and what can be read can be sent and read."""
    scene = SCENES[alphabet.name]
    words = [*(alphabet.wires(side, word) for side in SIDES for word in ("a", "A", "a'", "b")), "missing"]
    drawn = st.one_of(st.sampled_from(words), some_wire.map(lambda wire: (wire,)))
    base = scene.base(data.draw(drawn) or "missing")
    sides = Pair(*(scene.seen(side, base, data.draw(drawn) or "missing") for side in SIDES))
    rules = replace(scene.field, policy=rule[0], tie=rule[1], direction=way[0], clear=way[1])
    agreed: Told = base.agreed.get("f", MISSING)
    verdict = check_laws(rules, mirrored(rules), agreed=agreed, sides=sides, times=rule[2])
    check_one_change(rules, agreed, sides, verdict)
    check_quiet(rules, agreed, sides, rule[2], verdict)
    if isinstance(verdict, Take):
        assert written(scene, verdict.side.other, verdict.value) in {verdict.value, "no form for it"}


@pytest.mark.parametrize(("name", "words"), [("email", "none"), ("state", "half\0 | US"), ("boolean", "perhaps")])
def test_a_clash_of_two_unreadable_values_shows_the_vendors_own_words(name: str, words: str) -> None:
    """Where nothing can be read, a person still sees what stands there, and nothing where nothing was told."""
    scene = Scene(next(each for each in ALPHABETS if each.name == name))
    for shown, told in (
        (Pair("invalid", "invalid"), Pair(words, words)),
        (Pair("invalid", "missing"), Pair(words, None)),
    ):
        seen: Pair[RemoteRecord | None] = Pair(*(scene.record(side, shown.of(side)) for side in SIDES))
        decision = scene.planner(scene.field).linked(Linked(LINK, scene.base("a")), seen)
        assert isinstance(decision, Decision)
        (hold,) = decision.actions
        assert isinstance(hold, Hold)
        assert hold.conflict.values == told
