"""Edits that a write of ours has overwritten, once they are listed: what a person decided, and which are over.

Such a conflict differs from all others: nothing clashes any more, both sides hold what was written. It stays until a
person says so, or until both sides hold the lost value again. The side that lost it is the side of its one record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from syncd.core.layout import digest
from syncd.core.merge import CHOSEN, Seen, Unite
from syncd.model.link import Conflict, Topic
from syncd.model.mapping import Direction, FieldMapping
from syncd.model.values import MISSING, Canonical, Missing, Pair, Side

RESTORED: Final = "restored by a person from conflict "
"""How the rule of a lost value begins that is written back; behind it stands the conflict."""


_SIDES: Final = frozenset(side.value for side in Side)
BACK: Final = "rolled back, "
"""How the rule of a value begins that a person had taken back (``core.undoing``); behind it stands what was."""


def apart(conflicts: Sequence[Conflict], name: str) -> tuple[list[Conflict], list[Conflict]]:
    """The conflicts of one field: clashes, and overwritten edits."""
    here = [each for each in conflicts if each.field == name]
    return [each for each in here if each.topic is not Topic.LOST], [each for each in here if each.topic is Topic.LOST]


def chosen_of(clashes: Sequence[Conflict], seen: Pair[Seen]) -> str | None:
    """What a person chose. A choice between two values is none any more once the value that it puts aside is another
    one: nobody has decided on that.
    """
    for each in clashes:
        aside = Side(each.resolution).other if each.resolution in _SIDES else None
        held = aside is None or seen.of(aside).value in (MISSING, each.values.of(aside))
        if each.resolution and held:
            return each.resolution
    return None


def asked_back(mapping: FieldMapping, lost: Sequence[Conflict], seen: Pair[Seen]) -> Unite | None:
    """The lost value that a person wants back on both sides, if there is one and it may be written there."""
    for each in lost:
        side = side_of(each)
        wanted = each.resolution == side.value and mapping.direction is Direction.BOTH
        if wanted and not _edited(each, seen):
            return Unite(each.values.of(side), RESTORED + each.id)
    return None


def asked_anew(lost: Sequence[Conflict], seen: Pair[Seen]) -> list[Conflict]:
    """Overwritten edits of which somebody has written something else since: they are told with what stands there by
    now. Who has decided already did not decide on that: another question takes the place of the one that was answered.
    """
    again: list[Conflict] = []
    for each in lost:
        edited = _edited(each, seen) if each.resolution != side_of(each).other.value else []
        if edited:
            id_ = each.id if each.resolution is None else digest(each.id, edited[0])
            values = each.values.replacing(side_of(each).other, edited[0])
            again.append(replace(each, id=id_, values=values, resolution=None))
    return again


def _edited(lost: Conflict, seen: Pair[Seen]) -> list[Canonical]:
    """What stands on either side that is neither the lost value nor the one that went over it."""
    shown = [side.value for side in seen]
    return [value for value in shown if not isinstance(value, Missing) and value not in tuple(lost.values)]


def over(lost: Sequence[Conflict], seen: Pair[Seen]) -> list[str]:
    """The overwritten edits that are left as they are by a person's word, are asked about anew, or whose value stands
    on both sides again.
    """
    return [
        each.id
        for each in lost
        if each.resolution == side_of(each).other.value
        or (each.resolution is not None and _edited(each, seen))
        or all(side.value == each.values.of(side_of(each)) for side in seen)
    ]


def side_of(conflict: Conflict) -> Side:
    """The side whose edit was overwritten."""
    return conflict.refs[0][0]


def restored_by(rule: str) -> str:
    """The conflict whose lost value a change writes back; empty for any other rule."""
    return rule.removeprefix(RESTORED) if rule.startswith(RESTORED) else ""


def by_person(rule: str) -> bool:
    """Whether a person chose the value: no guard of syncd's own is in its way."""
    return rule == CHOSEN or rule.startswith((RESTORED, BACK))
