"""Why a person has their owner, as ``syncd explain`` shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
