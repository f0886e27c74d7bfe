"""What a person's deals say about the stage they are in: won, in the making, or lost.

Goes in: the deals of which somebody is the primary contact, as they stood before and as they stand now. Comes out: the
move that this calls for, with the author ``system`` and the reason of a loss, or none. Whether it is declared is for
``core.lifecycle`` to say, like of any other move.

The rule: of several deals the best one decides, won before open before lost, so that a customer with a new deal stays a
customer and one lost deal of two takes nobody back. Only a change of what decides moves anybody: a person who was moved
by hand stays there until something happens to a deal. The move is as late as that, also where what decides since is an
older deal. A deal that is deleted, or given to another contact, calls for nothing by itself. Of several persons of a
deal the primary contact alone is moved.

It does not know where deals are kept: ``core.dealing`` asks it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from syncd.model.episode import Deal, DealState
from syncd.model.lifecycle import NEW, SYSTEM, Author, AuthorSort, HandoffRules, Lifecycle, Move

_BEST: Final = (DealState.WON, DealState.OPEN, DealState.LOST)


def as_they_stand(deals: Iterable[Deal]) -> tuple[Deal, ...]:
    """The latest that is known of each deal; of what is told of one instant, the better state."""
    latest: dict[str, Deal] = {}
    for deal in deals:
        known = latest.get(deal.deal)
        if known is None or (deal.at, -_BEST.index(deal.state)) > (known.at, -_BEST.index(known.state)):
            latest[deal.deal] = deal
    return tuple(latest[key] for key in sorted(latest))


def deciding(deals: Iterable[Deal]) -> Deal | None:
    """The deal that decides: the best one; of several alike the first that came to be so, of lost ones the last."""
    standing = as_they_stand(deals)
    for state in _BEST:
        alike = [deal for deal in standing if deal.state is state]
        if alike:
            choose = max if state is DealState.LOST else min
            return choose(alike, key=lambda deal: (deal.at, deal.deal))
    return None


def called_for(stage: str | None, *, before: Iterable[Deal], now: Iterable[Deal], lifecycle: Lifecycle) -> Move | None:
    """The move that a change of somebody's deals calls for, from the stage they are in.

    Where several stages mean the same, the first one that the vendors' automation may move them to is meant; if there
    is none, the first: the move is then told as one that is not declared.

    :param before: the same person's deals as they were when this was asked last; none for somebody new.
    """
    was, decides = deciding(before), deciding(now)
    if lifecycle.handoff is None or decides is None or (was is not None and was.state is decides.state):
        return None
    wanted = _meant(lifecycle.handoff)[decides.state]
    if not wanted or stage in wanted:
        return None
    better = {deal.deal for deal in as_they_stand(before) if _BEST.index(deal.state) < _BEST.index(decides.state)}
    at = max([decides.at, *(deal.at for deal in as_they_stand(now) if deal.deal in better)])  # until then these decided
    declared = {edge.end for edge in lifecycle.transitions if edge.start == (stage or NEW) and SYSTEM in edge.by}
    chosen = next((each for each in wanted if each in declared), wanted[0])
    return Move(chosen, author=Author(AuthorSort.SYSTEM), at=at, reason=decides.reason or None)


def _meant(rules: HandoffRules) -> Mapping[DealState, tuple[str, ...]]:
    """The stages that say of somebody what a deal says; a loss is sales' no where no stage means lost or recycled."""
    return {
        DealState.WON: rules.won,
        DealState.OPEN: rules.offered,
        DealState.LOST: (*rules.lost, *rules.recycled) or rules.rejected,
    }
