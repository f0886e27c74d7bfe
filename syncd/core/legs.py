"""One cycle of one person, read from all that was said of it: the *legs* that episodes are made of.

What is said with a cycle belongs to that cycle, but for an end with which the next one is counted: it ends the cycle
before. What is said without one belongs to the last cycle that had begun by then. Steps are read in the order in which
they happened. An end holds until a later step of the same cycle takes it back, but for a win, which nothing takes back;
a deal that is no longer won was none, and neither was the move that it called for. A move out of the handoff is an end,
too, and so is the beginning of the next cycle: whoever is handed over again is in no two handoffs at once. So is that
the person's record leaves, or somebody ends their link, for as long as that lasts.

A yes is sales': whom marketing or automation moves on has come as far, and waits for sales' word no more, but sales has
decided nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from syncd.core.book import Book, Whose
from syncd.core.deal_steps import Standing, Step, standing_of, steps_beside, steps_of
from syncd.core.tenures import Tenure, tenures_of
from syncd.model.episode import (
    NO,
    Contacted,
    Deal,
    DealState,
    Delivered,
    Departed,
    Event,
    HandedOn,
    Meaning,
    Moved,
    Told,
    Touched,
)
from syncd.model.lifecycle import NEW
from syncd.model.values import Instant

_ORDER: Final = {meaning: number for number, meaning in enumerate(Meaning)}
_YES: Final = (Meaning.ACCEPTED, Meaning.OFFERED, Meaning.WON)
_BEGINS: Final = (Meaning.BORN, Meaning.QUALIFIED, *_YES)
AS_IT_WAS: Final = ("company", "origin", "last_touch", "asset", "persona", "grade", "complete", "valid")
"""Facts that count as they were when the episode began; the others (who works on it) as they are at its end."""
AS_IT_IS: Final = ("owner", "sdr", "bdr", "ae")
_IN_TIME: Final = ("last_touch", "persona", "grade")
"""Of the first ones those that a later word does not tell: what came after the beginning is another fact."""


@dataclass(slots=True)
class Leg:
    """One cycle of one person, read from beginning to end."""

    person: str
    cycle: int
    opened: Instant
    steps: list[Step]
    facts: dict[str, str]
    contacted: Instant | None = None
    deliveries: list[Delivered] = field(default_factory=list)
    touches: list[Touched] = field(default_factory=list)
    handed_on: list[HandedOn] = field(default_factory=list)
    deals: list[Deal] = field(default_factory=list)
    unwon: bool = False
    parted: Instant | None = None
    """Since when they had a deal that is theirs no longer."""
    owners: list[tuple[Instant, str]] = field(default_factory=list)
    qualified: Instant | None = None
    moved_on: Instant | None = None
    accepted: Instant | None = None
    offered: Instant | None = None
    won: Instant | None = None
    ended: Instant | None = None
    ending: Meaning | None = None
    reason: str = ""
    withdrawn: bool = False
    reopened: bool = False
    again: Instant | None = None
    born: str | None = None
    qualified_by: str = ""
    accepted_by: str = ""

    @property
    def company(self) -> str | None:
        """Their company when it began."""
        return self.facts.get("company")

    @property
    def owner(self) -> str | None:
        """Who has them now, as far as it is told."""
        given = [each.owner for each in self.deliveries if each.owner]
        return self.facts.get("owner") or (given[-1] if given else None)

    @property
    def unanswered(self) -> bool:
        """Whether it is sales' turn to say yes or no."""
        return self.ended is None and self.accepted is None and self.moved_on is None

    @property
    def tenures(self) -> tuple[Tenure, ...]:
        """Who had them, as far as it is told."""
        given = ((each.at, each.owner) for each in self.deliveries if each.owner)
        return tenures_of([*self.owners, *given], self.handed_on)

    def delivered_after(self, qualified: Instant | None) -> Instant | None:
        """When sales could see them; at once, if sales had the record before."""
        if qualified is None or not self.deliveries:
            return None
        return min((each.at for each in self.deliveries if each.at >= qualified), default=qualified)

    def by_sales(self) -> Iterator[Instant]:
        """When a person of sales did something: an activity, a decision that is theirs, or a deal."""
        for step in self.steps:
            if step.meaning is not Meaning.QUALIFIED and step.whose is Whose.SALES:
                yield step.at
        yield from (each.at for each in self.touches)
        yield from self._dealt()

    def read(self) -> None:
        """What its steps come to: an end holds until a later step of the same cycle takes it back, but for a win.

        A no that another team says before sales has said yes is none of sales': whoever handed over has withdrawn.
        ``again`` is when an end was taken back by another qualification. Who leaves what has not begun ends nothing.
        """
        begun = False
        for step in self.steps:
            meaning = step.meaning
            if meaning is Meaning.RETURNED and (not begun or self.ended is not None):
                continue
            if meaning in _BEGINS:
                begun = True
                again = meaning is not Meaning.QUALIFIED or self.qualified is not None
                if self.ended is not None and self.won is None and again:
                    self.ended, self.ending, self.reason, self.reopened = None, None, "", True
                    self.withdrawn = False
                    self.again = step.at if meaning is Meaning.QUALIFIED else self.again
                self._begins(step)
            elif self.ended is None:
                self._ends(step)
            else:
                self.reason = self.reason or step.reason

    def _dealt(self) -> Iterator[Instant]:
        """When sales came to have a deal with them: its first word, since what is said of it later may be anybody's.
        Whoever is handed over while one is open is in touch with sales as soon as they are visible.
        """
        yield from {each.deal: each.at for each in reversed(self.deals)}.values()
        if self.parted is not None:
            yield self.parted
        visible = self.delivered_after(self.qualified)
        if self.qualified is not None and visible is not None:
            stood = {each.deal: each.state for each in self.deals if each.at < self.qualified}
            if DealState.OPEN in stood.values():
                yield visible

    def overtaken(self, following: Leg) -> None:
        """Ends with the beginning of the next cycle, if it has not ended by then."""
        if self.ended is None:
            begins = [step for step in following.steps if step.meaning in _BEGINS and step.at == following.opened]
            whose = begins[0].whose if begins else Whose.NOBODY
            at = max(following.opened, *(step.at for step in self.steps))
            self._ends(Step(at, Meaning.RETURNED, whose, "", ""))

    def departs(self, at: Instant) -> None:
        """Ends since nobody hears of the person any more, if it has not ended: before a yes it is nobody's no."""
        if self.ended is None:
            last = max(at, *(step.at for step in self.steps))
            self._ends(Step(last, Meaning.RETURNED, Whose.NOBODY, "", ""))
            self.withdrawn = self.accepted is None

    def _ends(self, step: Step) -> None:
        self.ended, self.ending, self.reason = step.at, step.meaning, step.reason
        self.withdrawn = step.whose is Whose.OTHERS and self.accepted is None

    def _begins(self, step: Step) -> None:
        meaning = step.meaning
        if meaning is Meaning.BORN and self.born is None:
            self.born = step.by
        if meaning is Meaning.QUALIFIED and self.qualified is None:
            self.qualified, self.qualified_by = step.at, step.by
        if meaning is Meaning.ACCEPTED and step.whose is Whose.SALES:
            self.accepted_by = self.accepted_by or step.by
        if meaning in _YES or meaning is Meaning.BORN:
            if _is_sales_yes(step):
                self.accepted = self.accepted or step.at
            else:
                self.moved_on = self.moved_on or step.at
        if meaning in {Meaning.OFFERED, Meaning.WON}:
            self.offered = self.offered or step.at
        if meaning is Meaning.WON and self.won is None:
            self.won = self.ended = step.at
            self.ending, self.reason = meaning, step.reason


def _is_sales_yes(step: Step) -> bool:
    """Whether sales has taken somebody up by a step. Nobody known may be of sales; a workflow that says there is a deal
    follows one that sales made, and whoever bought was sold to.
    """
    if step.whose is Whose.AUTOMATION:
        return step.meaning is not Meaning.ACCEPTED
    return step.whose is not Whose.OTHERS or step.meaning is Meaning.WON


def legs_of(person: str, events: Sequence[Event], book: Book) -> Iterator[Leg]:
    """The cycles of a person that have anything to do with sales."""
    known = sorted(events, key=lambda event: (event.at, repr(event)))
    contacted = min((event.at for event in known if isinstance(event, Contacted)), default=None)
    told = [event for event in known if isinstance(event, Told)]
    steps: dict[int, list[Step]] = {}
    for event in known:
        if isinstance(event, Moved) and (meaning := _meaning(event, book)) is not None:
            step = Step(event.at, meaning, book.whose(event.team), event.by, event.reason)
            steps.setdefault(event.cycle, []).append(step)
    begun = {cycle: begin for cycle, made in steps.items() if (begin := _begin(made)) is not None}
    standing, parted = standing_of([event for event in known if isinstance(event, Deal)])
    loose = [each.deal for each in standing]
    for deal in loose:
        if deal.cycle is not None and deal.cycle not in begun:
            begun[deal.cycle] = min(each.at for each in loose if each.cycle == deal.cycle)
    if not begun and loose:
        begun[1] = loose[0].at
    _ending_the_one_before(steps, begun)
    departed = _departed(known)
    legs = {cycle: Leg(person, cycle, begun[cycle], steps.get(cycle, []), {}, contacted) for cycle in sorted(begun)}
    for event in known:
        if legs and isinstance(event, (Delivered, Touched, HandedOn)):
            leg = legs.get(event.cycle or 0) or _by_time(legs, event.at)
            kept = {Delivered: leg.deliveries, Touched: leg.touches, HandedOn: leg.handed_on}
            kept[type(event)].append(event)  # type: ignore[attr-defined]
    if legs:
        _give(legs, standing, parted)
    ordered = list(legs.values())
    for number, leg in enumerate(ordered):
        until = min((each.opened for each in ordered[number + 1 :]), default=None)
        leg.facts = _facts(told, leg.opened, until)
        leg.owners = [
            (each.at, owner)
            for each in told
            if (until is None or each.at < until) and (owner := dict(each.facts).get("owner"))
        ]
        beside = steps_beside(leg.steps, leg.deals, unwon=leg.unwon, parted=leg.parted)
        leg.steps = sorted([*beside, *steps_of(leg.deals)], key=lambda step: (step.at, _ORDER[step.meaning], step.by))
        leg.opened = min(step.at for step in leg.steps if step.meaning in _BEGINS)
        leg.read()
        if number + 1 < len(ordered):
            leg.overtaken(ordered[number + 1])
        if departed is not None:
            leg.departs(departed)
        yield leg


def _departed(known: Sequence[Event]) -> Instant | None:
    """When the person's record left, unless they are back: then it is as if it never had."""
    told = [event for event in known if isinstance(event, Departed)]
    return None if not told or told[-1].back else told[-1].at


def _give(legs: dict[int, Leg], standing: Sequence[Standing], parted: Sequence[Deal]) -> None:
    """Gives each deal to the cycle that it is of."""
    for each in standing:
        leg = legs.get(each.deal.cycle or 0) or _by_time(legs, each.since)
        leg.deals.append(each.deal)
        leg.unwon = leg.unwon or each.unwon
    for deal in parted:
        leg = legs.get(deal.cycle or 0) or _by_time(legs, deal.at)
        leg.parted = leg.parted or deal.at


def _meaning(move: Moved, book: Book) -> Meaning | None:
    if move.start == NEW and book.born(move):
        return Meaning.BORN
    return Meaning.RETURNED if book.leaves(move.start, move.stage) else book.meaning(move.stage)


def _ending_the_one_before(steps: dict[int, list[Step]], begun: Mapping[int, Instant]) -> None:
    """Moves ends to the cycle that they end, where the move was counted as the first of the next one."""
    for cycle in sorted(steps):
        for step in [each for each in steps[cycle] if each.meaning not in _BEGINS]:
            earlier = [each for each, begin in begun.items() if each < cycle and begin <= step.at]
            if earlier and (cycle not in begun or step.at < begun[cycle]):
                steps[cycle].remove(step)
                steps.setdefault(max(earlier), []).append(step)


def _begin(steps: Sequence[Step]) -> Instant | None:
    return min((step.at for step in steps if step.meaning in _BEGINS), default=None)


def _by_time(legs: dict[int, Leg], at: Instant) -> Leg:
    """The last cycle that had begun by then; the first one if none had."""
    begun = [leg for leg in legs.values() if leg.opened <= at]
    return begun[-1] if begun else next(iter(legs.values()))


def _facts(told: Sequence[Told], begin: Instant, until: Instant | None) -> dict[str, str]:
    """Each fact as it was at the beginning, else as it was first told after it, unless that is another fact; of who
    works on it the last. Who was not complete once they were sent was not, whatever was filled in since.
    """
    found: dict[str, str] = {}
    incomplete = False
    for each in told:
        for name, value in each.facts:
            if name in AS_IT_WAS and (each.at <= begin or (name not in found and name not in _IN_TIME)):
                found[name] = value
            if name in AS_IT_IS and (name not in found or until is None or each.at < until):
                found[name] = value
            if (name, value) == ("complete", NO) and each.at >= begin and (until is None or each.at < until):
                incomplete = True
    return {**found, "complete": NO} if incomplete else found
