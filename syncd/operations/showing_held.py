"""What a held lot would write, for a person's eyes alone: read at the vendors now, since no value is stored of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from syncd.engine.gather import Gather
from syncd.engine.prepare import decide
from syncd.engine.world import World, make_ready
from syncd.model.appended import APPENDED_KINDS
from syncd.model.brake import Lot, Measure
from syncd.model.plan import Create, Decision, Update
from syncd.model.remote import RemoteRef
from syncd.model.values import Canonical, Pair, Side

LOOKED_AT: Final = 200
"""Held records that are read to be shown."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One held change as it is now: its record by name, and what would be written over what."""

    record: str
    before: Canonical
    after: Canonical


def shown(world: World, lot: Lot) -> tuple[list[Shown], Counter[str]]:
    """The held changes of the first records, and how often each new value is among them. Stores and writes nothing."""
    kind, measure, side, name, _ = lot.key
    if kind in APPENDED_KINDS:  # what is added has no value that would be another one
        return [Shown(each.record, None, None) for each in lot.changes[:LOOKED_AT]], Counter()
    make_ready(world)
    links: list[str] = []
    refs: Pair[list[RemoteRef]] = Pair([], [])
    for each in lot.changes[:LOOKED_AT]:
        sort, _, rest = each.record.partition(":")
        if sort == "link":
            links.append(rest)
        else:
            object_name, _, id_ = rest.partition("/")
            refs.of(Side(sort)).append(RemoteRef(object_name, id_))
    gathered = Gather(world, kind, full=False).named(links, refs)
    found: list[Shown] = []
    values: Counter[str] = Counter()
    for decision in decide(world, world.planner(kind), gathered):
        for action in decision.actions:
            if isinstance(action, Create) and measure == Measure.CREATES and action.side == side:
                found.append(Shown(_name(decision, action.origin), None, None))
            elif isinstance(action, Update) and action.side == side:
                for change in action.changes:
                    if change.field == name:
                        found.append(Shown(_name(decision, action.ref), change.before, change.after))
                        values[str(change.after)] += 1
    return found, values


def shown_document(found: Sequence[Shown], values: Mapping[str, int]) -> dict[str, Any]:
    """The same as plain values with stable keys, the most frequent new value first."""
    often = sorted(values.items(), key=lambda row: (-row[1], row[0]))
    return {
        "records": [asdict(each) for each in found],
        "values": [{"value": value, "records": number} for value, number in often],
    }


def _name(decision: Decision, ref: RemoteRef) -> str:
    return f"{ref} (link:{decision.link.id})" if decision.base is not None else str(ref)
