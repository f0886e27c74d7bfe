"""One kind's decisions as a plan, and the digest by which a person approves exactly that.

The digest covers what would be done and not when it was found, so that planning twice gives the same one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b

import orjson

from syncd.core.planner import LANES
from syncd.engine.gathered import Gathered
from syncd.model.plan import (
    Action,
    Adopt,
    Append,
    Create,
    Decision,
    Detach,
    Forget,
    Hold,
    KindPlan,
    Nothing,
    Relink,
    Unlink,
    Update,
)
from syncd.model.values import Wire


def kind_plan(kind: str, decisions: list[Decision], gathered: Gathered) -> KindPlan:
    """One kind's decisions in the order in which they are carried out; those with nothing to do are only counted."""
    nothing: Counter[str] = Counter(gathered.nothing)
    acting: list[Decision] = []
    for decision in decisions:
        if all(isinstance(action, Nothing) for action in decision.actions) and not (decision.closes or decision.frees):
            nothing.update(action.reason for action in decision.actions if isinstance(action, Nothing))
        else:
            acting.append(decision)
    acting.sort(key=lambda decision: (LANES.index(decision.lane), decision.link.id))
    return KindPlan(kind, tuple(acting), dict(nothing))


def ends_first(decisions: Sequence[Decision]) -> list[Decision]:
    """With the links that end before all others, of which one may come to have such a record in the same plan."""
    return sorted(decisions, key=lambda each: not any(isinstance(action, Detach) for action in each.actions))


def plan_digest(kinds: Sequence[KindPlan], appends: Sequence[Append] = ()) -> str:
    """A digest over what a plan would do: 24 hex digits."""
    total = blake2b(digest_size=12)
    for kind in kinds:
        for decision in kind.decisions:
            total.update(orjson.dumps([kind.kind, decision.link.id, [_told(action) for action in decision.actions]]))
    for each in appends:
        total.update(orjson.dumps(["append", each.kind, each.side, each.origin, each.status]))
    return total.hexdigest()


def _told(action: Action) -> list[object]:
    """One action as plain values, without anything that only says when it was found."""
    match action:
        case Create():
            return [
                "create",
                action.side,
                action.object,
                str(action.origin),
                _undated(action),
                sorted(action.refs.items()),
                *([action.record_type] if action.record_type else []),
                *(["by rules"] if action.by_rules else []),
            ]
        case Update():
            return ["update", action.side, str(action.ref), _undated(action), sorted(action.refs.items())]
        case Adopt():
            return ["adopt", str(action.refs.marketing), str(action.refs.crm)]
        case Relink():
            return ["relink", action.side, str(action.old), str(action.new)]
        case Detach():
            return ["detach", action.side, str(action.ref)]
        case Unlink():
            return ["unlink", str(action.refs.marketing), str(action.refs.crm)]
        case Forget():
            return ["forget", sorted(f"{side}:{ref}" for side, ref in action.remains)]
        case Hold():
            return ["hold", action.conflict.id]
        case _:
            return [type(action).__name__]


def _undated(action: Create | Update) -> list[tuple[str, Wire]]:
    """The fields of a write; of one that depends on when it was computed only that it is written."""
    return sorted((name, None if name in action.dated else wire) for name, wire in action.fields.items())
