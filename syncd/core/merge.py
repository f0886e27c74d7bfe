"""The three-way merge of one field: agreed value and two sides in, one verdict out.

It decides from *change*, never from stamps alone: a side whose value is what that side last confirmed has not changed,
however often its record was touched. It promises that swapping the sides swaps the verdict, that equal values need no
write, and that no value comes out that did not go in. It refuses to guess: an unreadable value, a clear that no field
rule lets travel, and a clash without a policy become a ``Hold``.

An opt-out is not merged but monotone: it may be set by us, never cleared (docs/defaults.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from syncd.model.link import Topic, in_vain
from syncd.model.mapping import Direction, FieldMapping, Policy, Tie
from syncd.model.remote import RemoteRef
from syncd.model.swift import swift
from syncd.model.values import MISSING, SIDES, Canonical, FieldType, Instant, Pair, Side, Told

HELD: Final = "both sides changed it and the policy is hold"
TIED: Final = "both sides changed it at the same moment and the tie rule is hold"


@swift
@dataclass(frozen=True, slots=True)
class Seen:
    """One field on one side now.

    ``changed`` is relative to what this side last confirmed (or, where it never did, to the agreed value). ``trouble``
    says why a value cannot be read; then ``value`` is ``MISSING``.
    """

    value: Told
    changed: bool
    trouble: str | None = None


@swift
@dataclass(frozen=True, slots=True)
class Keep:
    """Leave both sides alone. ``reason`` is set when that is worth telling."""

    reason: str = ""


@swift
@dataclass(frozen=True, slots=True)
class Agree:
    """Both sides mean the same."""

    value: Canonical


@swift
@dataclass(frozen=True, slots=True)
class Take:
    """The value of ``side`` is written on the other side."""

    side: Side
    value: Canonical
    rule: str


@swift
@dataclass(frozen=True, slots=True)
class Unite:
    """A value that is not simply one side's is written wherever it is not yet."""

    value: Canonical
    rule: str


@swift
@dataclass(frozen=True, slots=True)
class Clashing:
    """A person must decide."""

    topic: Topic
    reason: str


@dataclass(frozen=True, slots=True)
class NeedsTimes:
    """``newest`` needs the times of both changes before it can say anything."""


@dataclass(frozen=True, slots=True)
class NeedsMoves:
    """``lifecycle`` needs the moves of each side, and who made them, before it can say anything."""


Decided: TypeAlias = Keep | Agree | Take | Unite
Verdict: TypeAlias = Decided | Clashing | NeedsTimes | NeedsMoves

NEWEST: Final = "policy newest"
"""How the rule of a value begins that was taken for the time of its change."""
CHOSEN: Final = "chosen by a person"
"""The rule of a value that a person chose: no guard of syncd's own is in its way."""

KEEP = Keep()
NEEDS_TIMES = NeedsTimes()
NEEDS_MOVES = NeedsMoves()


def merge(
    field: FieldMapping,
    *,
    agreed: Told,
    seen: Pair[Seen],
    times: Pair[Instant] | None = None,
    timed_by: str = "",
    alone: Side | None = None,
    second: RemoteRef | None = None,
) -> Verdict:
    """Merges one field.

    :param agreed: the value both sides had when they last agreed, ``MISSING`` if they never did.
    :param seen: the field on each side now.
    :param times: when each side changed it, already at the coarser side's resolution; only ``newest`` asks for it.
    :param timed_by: where the times are from (``history`` or ``record stamp``), named in the rule for the audit.
    :param alone: the only side whose record has a place for the field.
    :param second: another record of the same person, if that says of this field that they have opted out.
    """
    if field.only_on_create:
        return Keep("only on create")
    if alone is not None:
        return _remembered(seen.of(alone), agreed=agreed)
    if field.type is FieldType.OPT_OUT:
        return merge_opt_out(field, agreed=agreed, seen=seen, second=second)
    marketing, crm = seen.marketing, seen.crm
    if not (marketing.changed or crm.changed) and agreed is not MISSING:
        return KEEP
    unreadable = unreadable_in(field, seen)
    if unreadable is not None:
        return unreadable
    if marketing.value is MISSING or crm.value is MISSING:
        return Keep("a side did not tell this field")
    if marketing.value == crm.value:
        return Agree(crm.value)
    if field.direction is not Direction.BOTH:
        return from_owner(field, seen, first=agreed is MISSING)
    if agreed is MISSING and (marketing.value is None or crm.value is None):
        filled = Side.CRM if marketing.value is None else Side.MARKETING
        return _take(field, filled, seen, rule="fill")
    if marketing.changed == crm.changed:  # both did, or nobody knows who did
        return _by_policy(field, seen, times, timed_by)
    return _take(field, Side.MARKETING if marketing.changed else Side.CRM, seen, rule="changed")


def choose(
    field: FieldMapping, *, side: Side, seen: Pair[Seen], undone: bool = False
) -> Agree | Clashing | Keep | Take:
    """A person chose the value of one side. What cannot be read or must not be written stays held, and says so.

    :param undone: whether the choice is about a field that was taken back: where the chosen side's value never flows to
        the other one, both are left as they are then.
    """
    chosen = seen.of(side)
    if chosen.value is MISSING:
        reason = chosen.trouble or "does not tell this field now"
        return Clashing(Topic.FIELD, f"{in_vain(side)}its value cannot be used: {reason}")
    if seen.other(side).value == chosen.value:
        return Agree(chosen.value)
    if field.type is FieldType.OPT_OUT and chosen.value is not True:
        return Clashing(Topic.FIELD, "an opt-out is never cleared by syncd: record the renewed consent by hand")
    if not field.direction.flows_to(side.other):
        if undone:
            return Keep("taken back, and left so by a person")
        return Clashing(Topic.FIELD, f"{in_vain(side)}this field never flows to the {side.other} side")
    return Take(side, chosen.value, CHOSEN)


def unreadable_in(field: FieldMapping, seen: Pair[Seen]) -> Verdict | None:
    """An unreadable value holds the field only where it matters.

    That is on a side that the value would come from, or in the way of a value that would overwrite it.
    """
    troubled = [side for side in SIDES if seen.of(side).trouble is not None]
    if not troubled:
        return None
    if field.direction is not Direction.BOTH:
        owner = Side.MARKETING if field.direction is Direction.TO_CRM else Side.CRM
        if owner not in troubled and not seen.of(owner).changed:
            return Keep("an unreadable value on the side that is only written to")
    return Clashing(Topic.FIELD, "; ".join(f"{side}: {seen.of(side).trouble}" for side in troubled))


def from_owner(field: FieldMapping, seen: Pair[Seen], *, first: bool) -> Verdict:
    """A one-way field: the side it comes from owns it, and an edit on the other side is written over.

    An owner without a value never wipes what the other side has, unless clears may travel that way.
    """
    owner = Side.MARKETING if field.direction is Direction.TO_CRM else Side.CRM
    if seen.of(owner).value is None:
        if first or not seen.of(owner).changed:
            return Keep("the owning side has no value")
        return _take(field, owner, seen, rule="changed")
    rule = "owner at first link" if first else "changed" if seen.of(owner).changed else "owner over an edit"
    return _take(field, owner, seen, rule=rule)


def _by_policy(field: FieldMapping, seen: Pair[Seen], times: Pair[Instant] | None, timed_by: str) -> Verdict:
    match field.policy:
        case Policy.CRM:
            return _take(field, Side.CRM, seen, rule="policy crm")
        case Policy.MARKETING:
            return _take(field, Side.MARKETING, seen, rule="policy marketing")
        case Policy.UNION:
            return _union(seen)
        case Policy.NEWEST:
            return _newest(field, seen, times, timed_by)
        case Policy.HOLD | Policy.LIFECYCLE:  # the lifecycle's own fields are not merged here
            return Clashing(Topic.FIELD, HELD)


def _newest(field: FieldMapping, seen: Pair[Seen], times: Pair[Instant] | None, timed_by: str) -> Verdict:
    if times is None:
        return NEEDS_TIMES
    if times.marketing != times.crm:
        newer = Side.MARKETING if times.marketing > times.crm else Side.CRM
        return _take(field, newer, seen, rule=f"{NEWEST} by {timed_by}")
    if field.tie is Tie.CRM or field.tie is Tie.MARKETING:
        return _take(field, Side(field.tie.value), seen, rule=f"{NEWEST}, tie {field.tie} by {timed_by}")
    return Clashing(Topic.FIELD, TIED)


def _union(seen: Pair[Seen]) -> Verdict:
    members: set[str] = set()
    for side in seen:
        if isinstance(side.value, tuple):
            members.update(side.value)
    return Unite(tuple(sorted(members)), "policy union")


def _take(field: FieldMapping, side: Side, seen: Pair[Seen], *, rule: str) -> Verdict:
    value = seen.of(side).value
    if value is MISSING:
        return Keep("a side did not tell this field")
    if value is None and not field.clear.flows_to(side.other):
        return Clashing(Topic.CLEAR, f"emptied on the {side} side, and clears of this field are held")
    return Take(side, value, rule)


def _remembered(seen: Seen, *, agreed: Told) -> Agree | Keep:
    """A field that one record alone has a place for: there is nothing to merge and nothing to write, and what that one
    tells is what is agreed on. What it does not tell, or what cannot be read, leaves the agreed value as it is.
    """
    if seen.value is MISSING or seen.trouble is not None or (agreed is not MISSING and not seen.changed):
        return Keep(seen.trouble or "")
    return Agree(seen.value)


def _opted_out_beside(field: FieldMapping, *, seen: Pair[Seen], second: RemoteRef) -> Verdict | None:
    """An opt-out that the person's ``second`` record tells: it is one of both sides. ``None`` where every side that may
    be written, and whose record tells the field, is opted out already.
    """
    lacking = [side for side in SIDES if field.direction.flows_to(side) and seen.of(side).value not in (True, MISSING)]
    if not lacking:
        return None
    rule = f"opted out on {second}, the same person's other record"
    return Unite(value=True, rule=rule) if len(lacking) == 2 else Take(lacking[0].other, True, rule)


def merge_opt_out(field: FieldMapping, *, agreed: Told, seen: Pair[Seen], second: RemoteRef | None = None) -> Verdict:
    """An opt-out of one side, or of a second record, is one of both; what was renewed since is for people."""
    if second is not None and agreed is not True and (found := _opted_out_beside(field, seen=seen, second=second)):
        return found
    out = seen.map(lambda side: side.value is True)
    if not (out.marketing or out.crm):
        told = seen.marketing.value is not MISSING and seen.crm.value is not MISSING
        if agreed is False or not told:
            return KEEP
        return Agree(value=False)
    if out.marketing and out.crm:
        return KEEP if agreed is True else Agree(value=True)
    side = Side.MARKETING if out.marketing else Side.CRM
    other = side.other
    if agreed is True and seen.of(other).changed:
        return Clashing(
            Topic.FIELD,
            f"opted out, then consent was renewed on the {other} side: people record that on the {side} side, syncd "
            "never clears an opt-out",
        )
    if seen.of(other).value is MISSING and seen.of(other).trouble is None:
        return Keep("a side did not tell this field")
    return Take(side, True, "opt-out is monotone") if field.direction.flows_to(other) else Keep("one way")
