"""The merge of one field without a Base that can be believed: that of a store which was restored from an older copy.

An older Base takes a value that is back to what it was for unchanged, and would have the other side's written over it.
So nothing is decided here from change. It promises that no value is lost but by the field's own one-way rule, and that
whatever a Base might have said, the verdict is the same. A conflict it opens stays one until a person has chosen or the
sides agree, whatever the Base says later: that was older, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from syncd.core.merge import Agree, Clashing, Keep, Seen, Verdict, from_owner, merge_opt_out, unreadable_in
from syncd.model.link import Conflict, Topic
from syncd.model.mapping import Direction, FieldMapping
from syncd.model.remote import RemoteRef
from syncd.model.values import MISSING, FieldType, Pair

RESTORED: Final = "the store was restored from an older copy: nobody knows which side was changed since"
"""The reason of a conflict that only a person, or the sides themselves by agreeing, may end."""


def merge_in_doubt(field: FieldMapping, *, seen: Pair[Seen], second: RemoteRef | None = None) -> Verdict:
    """Merges one field whose Base may be older than what the sides last agreed on, so that it shows no change.

    Only what holds whoever changed it is decided: equal values agree, an opt-out is set on both sides, a one-way field
    is its owner's. All else is for a person; no policy stands in, since each is about two changes that are known.
    """
    if field.only_on_create:
        return Keep("only on create")
    if field.type is FieldType.OPT_OUT:
        return merge_opt_out(field, agreed=MISSING, seen=seen, second=second)
    untold = seen.marketing.value is MISSING or seen.crm.value is MISSING
    unreadable = unreadable_in(field, seen)
    if seen.crm.value is not MISSING and seen.marketing.value == seen.crm.value:
        return Agree(seen.crm.value)
    one_way = field.direction is not Direction.BOTH
    if isinstance(unreadable, Clashing) and not one_way:
        return Clashing(Topic.FIELD, f"{RESTORED}; {unreadable.reason}")
    if unreadable is not None:
        return unreadable
    if untold and (one_way or not (seen.marketing.changed or seen.crm.changed)):
        return Keep("a side did not tell this field")
    return from_owner(field, seen, first=True) if one_way else Clashing(Topic.FIELD, RESTORED)


def in_doubt(conflicts: Iterable[Conflict]) -> bool:
    """Whether one of these open conflicts of a field says that its Base is not to be believed."""
    return any(conflict.reason.startswith(RESTORED) for conflict in conflicts)
