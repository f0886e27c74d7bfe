"""What must hold of every merge, whatever goes in, as one function over one case; and how the tests make a case."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from syncd.core.merge import Agree, Clashing, Keep, Seen, Take, Unite, Verdict, merge
from syncd.model.mapping import Clear, Direction, FieldMapping, Policy, Tie
from syncd.model.values import MISSING, FieldType, Instant, Pair, Told

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
BAD = "is no address"
"""Stands in a table for a value that cannot be read."""


def field(kind: FieldType = FieldType.STRING, **rules: object) -> FieldMapping:
    """A field with these rules; by default both ways, policy hold, clears held."""
    made = FieldMapping(name="f", type=kind, slots=Pair({"contacts": ("f",)}, {"Lead": ("F",)}))
    return replace(made, **rules)  # type: ignore[arg-type]  # rules are fields of FieldMapping


def seen(agreed: Told, now: Told) -> Seen:
    """One side that had last confirmed the agreed value."""
    if now == BAD:
        return Seen(MISSING, changed=True, trouble=BAD)
    return Seen(now, changed=now is not MISSING and (agreed is MISSING or now != agreed))


def merged(
    rules: FieldMapping, agreed: Told, marketing: Told, crm: Told, times: Pair[Instant] | None = None
) -> Verdict:
    """One merge of values as they stand now."""
    return merge(
        rules, agreed=agreed, seen=Pair(seen(agreed, marketing), seen(agreed, crm)), times=times, timed_by="history"
    )


_DIRECTION = {
    Direction.BOTH: Direction.BOTH,
    Direction.TO_CRM: Direction.TO_MARKETING,
    Direction.TO_MARKETING: Direction.TO_CRM,
}
_CLEAR = {
    Clear.HOLD: Clear.HOLD,
    Clear.BOTH: Clear.BOTH,
    Clear.TO_CRM: Clear.TO_MARKETING,
    Clear.TO_MARKETING: Clear.TO_CRM,
}
_POLICY = {Policy.CRM: Policy.MARKETING, Policy.MARKETING: Policy.CRM}
_TIE = {Tie.CRM: Tie.MARKETING, Tie.MARKETING: Tie.CRM}


def mirrored(rules: FieldMapping) -> FieldMapping:
    """The same rules with the sides exchanged."""
    return replace(
        rules,
        direction=_DIRECTION[rules.direction],
        clear=_CLEAR[rules.clear],
        policy=_POLICY.get(rules.policy, rules.policy),
        tie=_TIE.get(rules.tie, rules.tie) if rules.tie else None,
    )


def outline(verdict: Verdict, *, swapped: bool = False) -> tuple[object, ...]:
    """What a verdict does, without its words; with the sides exchanged if asked."""
    match verdict:
        case Take(side, value):
            return "take", side.other if swapped else side, value
        case Agree(value) | Unite(value):
            return type(verdict).__name__, value
        case Clashing(topic, _):
            return "hold", topic
        case _:
            return (type(verdict).__name__,)


def check_laws(
    rules: FieldMapping, other_way: FieldMapping, *, agreed: Told, sides: Pair[Seen], times: Pair[Instant]
) -> Verdict:
    """One merge, and everything that must hold of it. ``other_way`` are the mirrored rules. Returns the verdict."""
    verdict = merge(rules, agreed=agreed, seen=sides, times=times, timed_by="history")
    mirror = merge(other_way, agreed=agreed, seen=sides.swapped(), times=times.swapped(), timed_by="history")
    assert outline(verdict) == outline(mirror, swapped=True), "swapping the sides swaps the verdict"
    told = [side.value for side in sides if side.value is not MISSING]
    if isinstance(verdict, Take):
        _check_taken(rules, verdict, sides)
    elif isinstance(verdict, Agree):
        assert len(told) == 2, "nobody agrees on what is not told"
        assert rules.type is FieldType.OPT_OUT or told == [verdict.value] * 2, "agreement is of equal values"
    elif isinstance(verdict, Unite):
        members = {member for value in told if isinstance(value, tuple) for member in value}
        assert list(verdict.value) == sorted(members), "a union is made of both, and of nothing else"
        assert rules.direction is Direction.BOTH, "no write against the direction"
        assert len(told) == 2, "nothing is written over what is not told"
    if len(told) == 2 and told[0] == told[1]:
        assert isinstance(verdict, Agree | Keep), "merge(b, x, x) = x"
    return verdict


def _check_taken(rules: FieldMapping, verdict: Take, sides: Pair[Seen]) -> None:
    origin, written = sides.of(verdict.side), sides.other(verdict.side)
    assert origin.trouble is None, "what cannot be read never travels"
    assert verdict.value == origin.value, "no value is invented"
    assert verdict.value != written.value, "equal values need no write"
    assert rules.direction.flows_to(verdict.side.other), "no write against the direction"
    assert verdict.value is not None or rules.clear.flows_to(verdict.side.other), "no clear without leave"
    if rules.type is FieldType.OPT_OUT:
        assert verdict.value is True, "an opt-out is set, never cleared"
        assert written.value is not MISSING or written.trouble, "nothing is written over what is not told"
    else:
        assert written.value is not MISSING, "nothing is written over what is not told, or cannot be read"
