"""Why a person has the owner that they have: what routing decided, what it would decide next, and who took them up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from syncd.engine.world import World
from syncd.model.routing import QUEUE, Assignment, Routed
from syncd.operations.explain import Explanation


@dataclass(frozen=True, slots=True)
class RoutingStory:
    """Every assignment of a person, newest first; ``next`` is what the next cycle does, if anything.

    ``picked_up`` is who has the person now, whom routing gave to a queue: that counts as assigned.
    """

    given: Sequence[Assignment]
    next: Routed | None = None
    picked_up: str | None = None


def story_of(world: World, told: Explanation) -> RoutingStory | None:
    """The story of an explained record; ``None`` where nobody was or will be routed, or the owner was not asked for."""
    routing = world.terms[told.kind].kind.routing
    given = () if told.link is None else world.store.assignments_of(told.link.id)
    if not given and told.routed is None:
        return None
    name = routing.owner if routing is not None else "owner"
    owner = next((story for story in told.fields if story.mapping.name == name), None)
    if owner is None:
        return None
    now = owner.now.crm
    last = next((each.routed.owner for each in given if each.stands), None)
    taken = last is not None and last.startswith(QUEUE) and now is not None and isinstance(now.value, str)
    has = str(now.value) if taken and now is not None else ""
    return RoutingStory(given, told.routed, has if has and not has.startswith(QUEUE) else None)


def routing_document(story: RoutingStory | None) -> dict[str, Any]:
    """Why somebody has their owner as plain values: the key ``routing`` of a record."""
    if story is None:
        return {"routing": None}
    last = next((each.routed.owner for each in story.given if each.stands), None)
    return {
        "routing": {
            "next": None if story.next is None else _document(story.next),
            "picked_up": None if story.picked_up is None else {"owner": story.picked_up, "from": last},
            "given": [{**_document(each.routed), "at": each.at, "outcome": each.outcome} for each in story.given],
        }
    }


def _document(routed: Routed) -> dict[str, Any]:
    return {
        "how": routed.how.value,
        "owner": routed.owner,
        "rule": routed.rule,
        "pool": routed.pool or None,
        "passed": [{"rule": rule, "owner": owner or None, "why": why} for rule, owner, why in routed.passed],
    }
