"""Who gave a conflict its values, and when: of each side the change that led to what it holds, as its history tells.

Read from the vendors when somebody asks, never while conflicts are listed: both histories cost a call each. What syncd
wrote itself is told as syncd's, which a vendor only knows as one of its programs. It promises to name nobody who is not
told: where a side keeps no history of the field, it says so. A side that has moved on since the conflict was seen is
marked, so that nobody decides between values that stand nowhere any more. Stores nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from syncd.core.normalize import Invalid
from syncd.core.planner import Planner
from syncd.engine.moves import author_of, people_of
from syncd.engine.world import World
from syncd.model.errors import BadUsage
from syncd.model.lifecycle import AuthorSort
from syncd.model.link import WRITTEN, AuditRow, Conflict
from syncd.model.remote import FieldEvent, RemoteRef
from syncd.model.values import MISSING, SIDES, Canonical, Instant, Missing, Side
from syncd.operations.changes import AUDITED, history_of

UNTOLD = "its history tells nothing of this field: it is not tracked there, or the change is older than what is kept"
UNSURE = "the last change of the field there; whether it led to this value, its history does not tell"
NO_RECORD = "there is no record on this side"


class Whose(StrEnum):
    """What is known of who wrote a value."""

    PERSON = "person"
    AUTOMATION = "automation"
    SYNCD = "syncd"
    NOBODY = "unknown"


@dataclass(frozen=True, slots=True)
class Wrote:
    """Who gave one side its value, and when; ``why`` says why that is not known, or not for sure. ``since`` tells that
    the side has changed again after the value that the conflict holds.
    """

    side: Side
    whose: Whose
    by: str = ""
    at: Instant | None = None
    since: bool = False
    why: str = ""


def authors_of(world: World, conflict: Conflict) -> Sequence[Wrote]:
    """Both sides of a conflict about a field, marketing first; the world is ready (``make_ready``).

    :raises BadUsage: if it is about no field, or the mapping does not have that field any more.
    """
    planner = world.planner(conflict.kind)
    name = conflict.field
    if name is None or all(each.name != name for each in planner.kind.fields):
        raise BadUsage(f"conflict {conflict.id} is about no field that is mapped, so nobody wrote a value of it")
    refs: dict[Side, RemoteRef] = dict(conflict.refs)
    rows: Sequence[AuditRow] = ()
    if conflict.link is not None:
        known = world.store.by_link([conflict.link]).get(conflict.link)
        if known is not None:  # its records may have been merged or converted since the conflict was seen
            refs |= {side: known.link.refs.of(side) for side in SIDES if known.link.refs.of(side).id}
        rows = world.store.audit_of(conflict.link, AUDITED)
    return [_wrote(world, planner, conflict, name, side, refs.get(side), rows) for side in SIDES]


def _wrote(
    world: World,
    planner: Planner,
    conflict: Conflict,
    name: str,
    side: Side,
    ref: RemoteRef | None,
    rows: Sequence[AuditRow],
) -> Wrote:
    if ref is None:
        return Wrote(side, Whose.NOBODY, why=NO_RECORD)
    value = conflict.values.of(side)
    events = [event for _, event in history_of(world, planner, side, ref, {name})]
    held = next((n for n in range(len(events) - 1, -1, -1) if _means(planner, side, name, events[n]) == value), None)
    since = held is not None and held < len(events) - 1
    ours = _written(rows, side, name)
    if ours is not None and ours[1] == value and (held is None or events[held].sort is AuthorSort.SYSTEM):
        return Wrote(side, Whose.SYNCD, "syncd", ours[0], since)
    if not events:
        return Wrote(side, Whose.NOBODY, why=UNTOLD)
    event = events[-1 if held is None else held]
    author = author_of(event, people_of(world.context.users.of(side)), "")
    whose = Whose.AUTOMATION if author.sort is AuthorSort.SYSTEM else Whose.PERSON
    by = str(author) if author.sort is not AuthorSort.UNKNOWN else f"a user whom it does not list ({event.author})"
    return Wrote(side, whose, by, event.at, since, UNSURE if held is None else "")


def _means(planner: Planner, side: Side, name: str, event: FieldEvent) -> Canonical | Missing:
    """What a change left in the field; of one that has several vendor fields no single change tells."""
    if planner.slots(side, event.ref.object).get(name) != (event.field,):
        return MISSING
    read = planner.lens.read(side, event.ref.object, name, (event.value,))
    return MISSING if isinstance(read, Invalid) else read


def _written(rows: Sequence[AuditRow], side: Side, name: str) -> tuple[Instant, Canonical] | None:
    """When syncd wrote the field of this side last, and what."""
    found = [
        (row.at, change.after)
        for row in rows
        if row.side is side and row.outcome in WRITTEN and not row.destroyed
        for change in row.changes
        if change.field == name
    ]
    return max(found, key=lambda each: each[0], default=None)


def authors_document(wrote: Sequence[Wrote]) -> list[dict[str, Any]]:
    """The same as plain values with stable keys."""
    return [
        {
            "side": each.side.value,
            "whose": each.whose.value,
            "by": each.by,
            "at": each.at,
            "changed_since": each.since,
            "why": each.why,
        }
        for each in wrote
    ]
