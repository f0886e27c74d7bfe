"""The figures of a first link that waits for its approval: kept, so that they can be looked at without planning again.

What is kept are numbers by kind, the calls that it costs and the digest that a person approves. No record and no value
is among them. They are those of the last cycle that found the first link unapproved: what changes in either system
changes the plan and so its digest, and the next cycle puts the new figures in their place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from syncd.engine.world import World
from syncd.model.link import Topic
from syncd.model.plan import Action, Adopt, Create, Hold, Plan, Update
from syncd.model.values import Instant, Pair
from syncd.ports.memory import FIRST_LINK
from syncd.ports.store import Store


@dataclass(frozen=True, slots=True)
class Preview:
    """What a first link would do. ``kinds`` counts, by kind, ``link``, ``create.SIDE``, ``update.SIDE``, ``conflict``
    and ``ambiguous``; ``seconds`` is about how long it takes at the vendors' rates.
    """

    digest: str
    at: Instant
    kinds: Mapping[str, Mapping[str, int]]
    calls: Pair[int]
    seconds: float


def note_preview(world: World, plan: Plan) -> None:
    """Keeps the figures of a first link that nobody has approved yet."""
    kinds = {
        each.kind: Counter(what for decision in each.decisions for what in map(_what, decision.actions) if what)
        for each in plan.kinds
    }
    kept = [plan.digest, kinds, list(plan.cost.calls), round(plan.cost.seconds, 1)]
    world.store.remember(FIRST_LINK, orjson.dumps(kept), world.clock.now())


def kept_preview(store: Store) -> Preview | None:
    """The figures that were kept last; ``None`` if there never were any."""
    found = store.recall(FIRST_LINK)
    if found is None:
        return None
    digest, kinds, calls, seconds = orjson.loads(found[0])
    return Preview(digest, found[1], kinds, Pair(*calls), seconds)


def _what(action: Action) -> str:
    """How an action is counted; empty for what nobody decides by."""
    match action:
        case Create():
            return f"create.{action.side}"
        case Update(changes=()):
            return ""
        case Update():
            return f"update.{action.side}"
        case Adopt():
            return "link"
        case Hold(conflict=conflict):
            return "ambiguous" if conflict.topic is Topic.MATCH else "conflict"
        case _:
            return ""
