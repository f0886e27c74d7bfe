"""What deals say of a person in the words of stages: which of them stand, since when, and which steps they make.

Goes in: all that was told of one person's deals. A deal that is no longer won was none, and neither was the move that
it called for. One that is no longer theirs, being deleted or another contact's, stands no more and is worth nothing
here; that there was one stays true, so the yes that sales had said by it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from syncd.core.book import Whose
from syncd.model.episode import Deal, DealState, Meaning
from syncd.model.values import Instant


@dataclass(frozen=True, slots=True)
class Step:
    """A move or a deal, by what it means."""

    at: Instant
    meaning: Meaning
    whose: Whose
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What is told of a deal, and since when it is in its state. ``unwon`` is a win that was taken back since: it says
    that there was a deal, and no more.
    """

    deal: Deal
    since: Instant
    unwon: bool


def standing_of(told: Sequence[Deal]) -> tuple[Sequence[Standing], Sequence[Deal]]:
    """The deals of a person, oldest first, and the first word of each that is theirs no longer; but one that was lost
    stays lost. A win or a loss is of the day on which it was one, whatever is told of the deal later; so it is of the
    cycle of that day, too.
    """
    theirs = [deal for deal in told if deal.state is not DealState.GONE]
    stood = {deal.deal: deal.state for deal in theirs}
    last = {deal.deal: deal.state for deal in told}
    gone = {which for which, state in stood.items() if last[which] is DealState.GONE and state is not DealState.LOST}
    first = {deal.deal: deal for deal in reversed(theirs)}
    parted = sorted((deal for which, deal in first.items() if which in gone), key=attrgetter("at", "deal"))
    return _as_they_stood([deal for deal in theirs if deal.deal not in gone]), parted


def _as_they_stood(deals: Sequence[Deal]) -> Sequence[Standing]:
    since: dict[str, Deal] = {}
    last: dict[str, Instant] = {}  # when the last win of each deal began that nothing took back
    told: list[tuple[Deal, Instant]] = []
    for deal in deals:
        first = since.get(deal.deal)
        if first is None or first.state is not deal.state:
            first = since[deal.deal] = deal
        if deal.state is DealState.WON:
            last[deal.deal] = first.at
        else:
            last.pop(deal.deal, None)
        told.append((deal, deal.at if deal.state is DealState.OPEN else first.at))
    return [
        Standing(replace(deal, state=DealState.OPEN), at, unwon=True)
        if deal.state is DealState.WON and last.get(deal.deal) != at
        else Standing(deal, at, unwon=False)
        for deal, at in told
    ]


def _was_called_for(step: Step, deals: Sequence[Deal]) -> bool:
    """Whether a win that was none called for a step: nobody made it, and no deal that is won was by then."""
    if step.meaning is not Meaning.WON or step.whose is not Whose.AUTOMATION:
        return False
    return not any(deal.state is DealState.WON and deal.at <= step.at for deal in deals)


def steps_beside(
    steps: Sequence[Step], deals: Sequence[Deal], *, unwon: bool, parted: Instant | None
) -> Iterator[Step]:
    """The steps of a cycle beside its deals, without those that a deal called for which is none, or theirs no longer.

    A win stays where they were made a customer by a deal that is another's now: they are one on both sides.

    :param unwon: whether a win was taken back since.
    :param parted: since when they had a deal that is theirs no longer; sales had said yes by it.
    """
    for step in steps:
        if unwon and _was_called_for(step, deals):
            continue
        if parted is None or not _is_offered_no_more(step, deals, parted):
            yield step
    if parted is not None:
        yield Step(parted, Meaning.ACCEPTED, Whose.NOBODY, "", "")


def _is_offered_no_more(step: Step, deals: Sequence[Deal], parted: Instant) -> bool:
    if step.meaning is not Meaning.OFFERED or step.whose is not Whose.AUTOMATION:
        return False
    return step.at >= parted and not any(deal.at <= step.at for deal in deals)


def steps_of(deals: Sequence[Deal]) -> Iterator[Step]:
    """What deals say in stages' words. All of them must be lost before the person is."""
    last: dict[str, Deal] = {}
    for deal in deals:
        before = last.get(deal.deal)
        same = before is not None and before.state is deal.state
        last[deal.deal] = replace(deal, at=before.at) if before is not None and same else deal
    for deal in deals:
        if deal.state is not DealState.LOST:
            meaning = Meaning.WON if deal.state is DealState.WON else Meaning.OFFERED
            yield Step(deal.at, meaning, Whose.NOBODY, "", "")
    lost = [deal for deal in last.values() if deal.state is DealState.LOST]
    if lost and len(lost) == len(last):
        end = max(lost, key=lambda deal: (deal.at, deal.deal))
        first = min(deals, key=attrgetter("at"))
        yield Step(first.at, Meaning.OFFERED, Whose.NOBODY, "", "")
        yield Step(end.at, Meaning.LOST, Whose.NOBODY, "", end.reason)
