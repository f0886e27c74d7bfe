"""Why a person has their owner, as ``syncd explain`` shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from syncd.model.routing import Routed
    from syncd.operations.routing import RoutingStory


def print_routing(story: RoutingStory) -> None:
    """Prints who gets or got the person, by which rule, and who was passed over."""
    from syncd.cli.out import say, when

    if story.next is not None:
        say(f"  next owner: {_words(story.next)}")
        _print_passed(story.next)
    if story.picked_up is not None:
        say(f"  picked up from the queue by {story.picked_up}: counts as assigned")
    for each in story.given:
        outcome = "" if each.outcome == "done" else f"; {each.outcome or 'its write has no known ending'}"
        say(f"  routed {when(each.at)} UTC: {_words(each.routed)}{outcome}")
        _print_passed(each.routed)


def _words(routed: Routed) -> str:
    from syncd.model.routing import How

    match routed.how:
        case How.GIVEN:
            pool = f", out of the pool {routed.pool}" if routed.pool else ""
            return f"{routed.owner}, by the rule {routed.rule!r}{pool}"
        case How.FALLBACK:
            return f"{routed.owner}, the fallback: nobody else could be given the person"
        case How.CRM_RULES:
            return f"whom the CRM's own rules choose, by the rule {routed.rule!r}"
        case How.NOBODY:
            return "nobody: not even the fallback queue is there"


def _print_passed(routed: Routed) -> None:
    from syncd.cli.out import say

    for rule, owner, why in routed.passed:
        say(f"    passed over: {f'{owner} ({rule})' if owner else f'the rule {rule!r}'} {why}")


def routing_document(story: RoutingStory | None) -> dict[str, Any]:
    """The same for programs: the key ``routing`` of a record."""
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
