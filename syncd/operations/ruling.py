"""How a conflict becomes a rule: the lines of the configuration under which no person would have been asked.

Each is shown with what it means and where it goes; whoever keeps the files puts it there. Nothing here writes one. A
conflict that no line settles (a value that cannot be read, a renewed consent, a merge, what was taken back) has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from syncd.core.merge import HELD, TIED
from syncd.model.lifecycle import NEW, SYSTEM, Agreed
from syncd.model.link import Conflict, Topic
from syncd.model.mapping import Clear, Confirm, Direction, FieldMapping, KindMapping, Policy
from syncd.model.values import SIDES, FieldType, Side

LIFECYCLE: Final = "lifecycle.yaml"
_WON: Final = {Side.CRM: "the CRM's value counts", Side.MARKETING: "marketing's value counts"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule that can be made: what it means, the file it goes into, where in that, and its lines."""

    words: str
    file: str
    place: str
    lines: tuple[str, ...]


def rules_for(conflict: Conflict, kind: KindMapping) -> list[Rule]:
    """The rules that would settle conflicts like this one, each of them for itself; empty if there is none.

    :param kind: the mapping of the conflict's kind.
    """
    if conflict.topic is Topic.MATCH:
        return list(_several(conflict, kind))
    field = next((each for each in kind.fields if each.name == conflict.field), None)
    if field is None:
        return []
    file = f"schema/{kind.kind}.yaml"
    match conflict.topic:
        case Topic.FIELD | Topic.MOVE if field.policy is Policy.LIFECYCLE:
            return [] if kind.agreed is None else list(_moves(conflict, kind.agreed))
        case Topic.FIELD:
            return list(_policies(conflict, field, file))
        case Topic.CLEAR:
            return list(_clears(conflict, field, file))
        case Topic.LOST:
            return list(_guards(conflict, field, file))
        case _:
            return []


def _policies(conflict: Conflict, field: FieldMapping, file: str) -> Iterator[Rule]:
    place = f"fields, {field.name}"
    if conflict.reason == TIED:
        for side, words in _WON.items():
            told = f"changed at the same moment, {words}"
            yield Rule(told, file, place, (f"tie: {side}  # in place of hold",))
    if conflict.reason != HELD:
        return
    for side, words in _WON.items():
        yield Rule(f"where both sides changed it, {words}", file, place, (f"policy: {side}  # in place of hold",))
    told = "the newer change counts; of two at the same moment the CRM's"
    yield Rule(told, file, place, ("policy: newest  # in place of hold", "tie: crm"))
    if field.type is FieldType.SET:
        yield Rule("both sides' values are kept together", file, place, ("policy: union  # in place of hold",))


def _clears(conflict: Conflict, field: FieldMapping, file: str) -> Iterator[Rule]:
    place = f"fields, {field.name}"
    emptied = [side for side in SIDES if conflict.values.of(side) is None and field.direction.flows_to(side.other)]
    wanted = {Clear.TO_CRM if side is Side.MARKETING else Clear.TO_MARKETING for side in emptied}
    for way in sorted(wanted) if field.clear is Clear.HOLD else ():
        to = Side.CRM if way is Clear.TO_CRM else Side.MARKETING
        told = f"a value that is emptied on the {to.other} side is emptied on the {to} side"
        yield Rule(told, file, place, (f"clear: {way}  # in place of hold",))
    if wanted and field.direction is Direction.BOTH:
        told = "a value that is emptied on one side is emptied on the other"
        yield Rule(told, file, place, (f"clear: both  # in place of {field.clear}",))


def _guards(conflict: Conflict, field: FieldMapping, file: str) -> Iterator[Rule]:
    """What makes an edit in the moment of a write less likely to be lost; it costs calls."""
    place, was = f"fields, {field.name}", f"# in place of {field.confirm}"
    (lost, _), *_ = conflict.refs
    if field.confirm is Confirm.NONE:
        told = "it is read again just before it is written, at one more call for some hundred records"
        yield Rule(told, file, place, (f"confirm: readback  {was}",))
    if field.confirm is not Confirm.PRECONDITION and lost is Side.CRM:
        told = "Salesforce refuses the write if somebody was faster, at one call for each record"
        yield Rule(told, file, place, (f"confirm: precondition  {was}",))


def _moves(conflict: Conflict, agreed: Agreed) -> Iterator[Rule]:
    """The move that was not declared, as a transition."""
    lifecycle = agreed.lifecycle
    stages = {stage.key for stage in lifecycle.stages}
    start = NEW if conflict.base is None else str(conflict.base)
    ends = {str(value) for value in conflict.values if isinstance(value, str)} & stages - {start}
    if start not in {NEW, *stages}:
        return
    teams = [*(team.key for team in agreed.teams.teams), SYSTEM]
    for end in sorted(ends):
        known = next((each for each in lifecycle.transitions if (each.start, each.end) == (start, end)), None)
        by = [team for team in teams if known is None or team not in known.by]
        if not by:
            continue
        whole = by if known is None else [*known.by, *by]
        told = f"people may be moved from {start} to {end}; take out of `by` whoever may not"
        place = "transitions" if known is None else f"transitions, where {start} goes to {end} already"
        yield Rule(told, LIFECYCLE, place, (f"- {{ from: {start}, to: {end}, by: [{', '.join(whole)}] }}",))


def _several(conflict: Conflict, kind: KindMapping) -> Iterator[Rule]:
    """Which of several records of a side is meant, where nothing says so."""
    for side in SIDES:
        if sum(each is side for each, _ in conflict.refs) > 1 and not kind.several.of(side):
            told = f"of several {side} records that match one, that of an active owner is meant, else the oldest"
            lines = (f"several: {{ {side}: [owned, oldest] }}",)
            yield Rule(told, f"schema/{kind.kind}.yaml", "at its top level", lines)


def rule_document(rule: Rule) -> dict[str, Any]:
    """A rule as plain values with stable keys."""
    return {"words": rule.words, "file": rule.file, "place": rule.place, "lines": list(rule.lines)}
