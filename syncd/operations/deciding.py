"""What a person decides about a conflict, as the resolution the next cycle carries out.

A clash of values takes the value of one side; a match links two of its records or says they are apart; two records
whose counterparts were merged can only be merged by a person in that system. A choice that would clear an opt-out is
refused, since no cycle carries it out. Rows are named by their id or how it begins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass

from syncd.model.errors import BadUsage, Misunderstood
from syncd.model.link import Conflict, DeadLetter, Topic
from syncd.model.mapping import Connection
from syncd.model.remote import RemoteRef
from syncd.model.values import FieldType, Side
from syncd.ports.store import Store

OptOuts = Callable[[], Collection[tuple[str, str]]]
"""Kind and name of each opt-out; the mapping is asked only where a choice may clear one."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The words of ``conflicts resolve``: exactly one of the three is given."""

    take: str | None = None
    link: tuple[str, str] | None = None
    apart: bool = False


def resolution(conflict: Conflict, choice: Choice) -> str:
    """The resolution to store for a conflict.

    :raises BadUsage: if the choice does not fit what the conflict is about.
    """
    given = [choice.take is not None, choice.link is not None, choice.apart]
    if given.count(True) != 1:
        raise Misunderstood("choose one of --take crm|marketing, --link MARKETING_REF CRM_REF, --apart")
    match conflict.topic:
        case Topic.FIELD | Topic.CLEAR | Topic.LOST | Topic.MOVE | Topic.WAITS | Topic.UNDONE:
            if choice.take is None:
                raise BadUsage(f"conflict {conflict.id} is about the field {conflict.field}; use --take crm|marketing")
            side = _side(choice.take)
            if len(conflict.refs) == 1 and conflict.refs[0][0] is not side:
                raise BadUsage(f"conflict {conflict.id} is about a record that the {side} side has not; take the other")
            return side.value
        case Topic.MATCH:
            if choice.apart:
                return "apart"
            if choice.link is None:
                raise BadUsage(f"conflict {conflict.id} is about which records are one; use --link or --apart")
            if len({side for side, _ in conflict.refs}) == 1:
                raise BadUsage(f"conflict {conflict.id} holds records of one side; merge them there, or use --apart")
            refs = [_member(conflict, side, text) for side, text in zip(Side, choice.link, strict=True)]
            return "link:" + "=".join(f"{side.value}:{ref}" for side, ref in zip(Side, refs, strict=True))
        case Topic.GONE:
            raise BadUsage(f"conflict {conflict.id}: {conflict.reason}; syncd merges nothing, the next cycle sees it")


def alike_with(conflict: Conflict, rows: Sequence[Conflict]) -> list[Conflict]:
    """A conflict, first, and the undecided ones that ask the same of other records.

    :raises BadUsage: if it is about which records are one, which no two records answer alike.
    """
    if conflict.topic in (Topic.MATCH, Topic.GONE):
        raise BadUsage(f"conflict {conflict.id} is about these records alone; leave --alike away")
    asked = question(conflict)
    alike = [row for row in rows if row.id != conflict.id and row.resolution is None and question(row) == asked]
    return [conflict, *alike]


def question(conflict: Conflict) -> Hashable:
    """What a conflict asks: equal of those that can be answered alike."""
    sides = tuple(side for side, _ in conflict.refs)
    return conflict.kind, conflict.topic, conflict.field, conflict.reason, sides


def alike_to_each(rows: Sequence[Conflict]) -> dict[str, int]:
    """By the id of each undecided conflict how many others could be answered with it."""
    waiting = [row for row in rows if row.resolution is None and row.topic not in (Topic.MATCH, Topic.GONE)]
    numbers = Counter(map(question, waiting))
    return {row.id: numbers[question(row)] - 1 for row in waiting}


def decide(
    store: Store, conflict: Conflict, choice: Choice, *, alike: bool, opt_outs: OptOuts
) -> list[tuple[Conflict, str]]:
    """Stores a choice for the next cycle, for this one or for all that ask the same; those that were decided by it.

    :raises BadUsage: if the choice does not fit; then nothing is stored.
    """
    rows = alike_with(conflict, store.conflicts()) if alike else [conflict]
    chosen = [(each, resolution(each, choice)) for each in rows]
    if choice.take is not None:
        _clear_no_opt_out([each for each in rows if clears(each, Side(choice.take))], Side(choice.take), opt_outs)
    for each, word in chosen:
        store.resolve_conflict(each.id, word)
    return chosen


def opt_outs_of(connection: Connection) -> frozenset[tuple[str, str]]:
    """Kind and name of each opt-out of a mapping."""
    return frozenset(
        (kind.kind, each.name) for kind in connection.kinds for each in kind.fields if each.type is FieldType.OPT_OUT
    )


def clears(conflict: Conflict, side: Side) -> bool:
    """Whether taking the value of a side would put out a yes of the other one; of an opt-out that is never done."""
    values = conflict.values
    return conflict.field is not None and values.of(side.other) is True and values.of(side) is not True


def _clear_no_opt_out(rows: Sequence[Conflict], side: Side, opt_outs: OptOuts) -> None:
    """:raises BadUsage: if one of these, which would put out a yes, is about an opt-out."""
    known = opt_outs() if rows else ()
    for each in rows:
        if (each.kind, each.field) in known:
            raise BadUsage(
                f"conflict {each.id}: taking {side} would clear the opt-out of the {side.other} side, which syncd "
                f"never does; take {side.other} to have the person opted out on both sides, or, where they renewed "
                f"their consent, record that in the {side.other} system by hand: then both agree, and this is over"
            )


def _side(text: str) -> Side:
    try:
        return Side(text)
    except ValueError:
        raise BadUsage(f"there is no side {text!r}; use --take crm or --take marketing") from None


def _member(conflict: Conflict, side: Side, text: str) -> RemoteRef:
    """The record of a conflict that the text names: ``contacts/51`` or ``marketing:contacts/51``."""
    plain = text.removeprefix(f"{side.value}:")
    known = [ref for each, ref in conflict.refs if each is side]
    for ref in known:
        if str(ref) == plain:
            return ref
    listed = ", ".join(str(ref) for ref in known) or "none"
    raise BadUsage(f"{text} is no {side} record of conflict {conflict.id}; there are: {listed}")


def named_conflict(rows: Sequence[Conflict], name: str) -> Conflict:
    """The conflict with this id, or the only one whose id begins with it.

    :raises BadUsage: if there is none, or more than one.
    """
    by_id = {row.id: row for row in rows}
    return by_id[_named(list(by_id), name, what="conflict")]


def named_dead_letter(rows: Sequence[DeadLetter], name: str) -> DeadLetter:
    """The dead letter with this id, or the only one whose id begins with it.

    :raises BadUsage: if there is none, or more than one.
    """
    by_id = {row.id: row for row in rows}
    return by_id[_named(list(by_id), name, what="dead letter")]


def _named(ids: Sequence[str], name: str, *, what: str) -> str:
    found = [id_ for id_ in ids if id_ == name] or [id_ for id_ in ids if name and id_.startswith(name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise BadUsage(f"{len(found)} {what}s begin with {name!r}: {', '.join(found[:5])}; write more of the id")
    place = what.replace(" ", "-")
    raise BadUsage(f"there is no {what} {name!r}; `syncd {place}s list` shows those there are")
