"""What the handoff ledger says of each person now: for the fields that show it on their record, and who was late.

Pure: all events of some people and of their companies go in, one value per person comes out. It promises to agree with
the episodes that the same events add up to: whoever is late there is late here.

A person waits for sales until somebody has touched them, and until sales has said yes or no; the earlier of what is
left is when to respond by. Whoever was picked up from a queue, or handed on since nobody touched them, has the whole
time again: it is not the new owner who was late. Whoever stands in a stage that marketing works on is in sales' hands
no more, whatever their deals say; so is whoever was handed over by terms that nobody has any more.
"""

from __future__ import annotations

from collections.abc import Iterable

from syncd.core.book import Book, Whose
from syncd.core.ledger import shared_legs
from syncd.core.legs import Leg
from syncd.core.waiting import member_of
from syncd.model.derived import Handed
from syncd.model.episode import Delivered, Event, Meaning, Member, Moved, Told, Touched
from syncd.model.values import Instant


def handed(events: Iterable[Event], book: Book) -> dict[str, Handed]:
    """By person; those who were never handed over, or taken up by sales, are not in it. Whom the ledger counts no more,
    since what means a handoff is another stage now, waits for nobody.

    :param events: everything of these people and of whoever shares a company with them.
    """
    known = list(events)
    stages = _stages(known)
    legs: dict[str, list[Leg]] = {}
    waits: dict[str, Instant | None] = {}
    for shared in shared_legs(known, book):
        for leg in shared:
            legs.setdefault(leg.person, []).append(leg)
            if leg.ended is None and stages.get(leg.person) not in book.back:
                waits[leg.person] = _respond_by(member_of(leg, shared, book))
    found = {
        person: Handed(
            respond_by=waits.get(person),
            last_touch=max((at for leg in theirs for at in leg.by_sales()), default=None),
            in_sales_hands=person in waits,
        )
        for person, theirs in legs.items()
    }
    for person in {each.person for each in known if isinstance(each, Delivered)} - legs.keys():
        theirs = (each for each in known if each.person == person and _is_by_sales(each, book))
        found[person] = Handed(None, max((each.at for each in theirs), default=None), in_sales_hands=False)
    return found


def kept_since(events: Iterable[Event], at: Instant) -> dict[str, str]:
    """Who has each person, as far as the ledger was told, if they had them at an instant and all the time since."""
    told: dict[str, list[tuple[Instant, str]]] = {}
    for event in events:
        if isinstance(event, Told) and (owner := dict(event.facts).get("owner")):
            told.setdefault(event.person, []).append((event.at, owner))
    found: dict[str, str] = {}
    for person, owners in told.items():
        then = [each for each in owners if each[0] <= at]
        if then:
            owner = max(then)[1]
            if all(name == owner for when, name in owners if when > at):
                found[person] = owner
    return found


def _stages(events: Iterable[Event]) -> dict[str, str]:
    """The stage that each person came into last."""
    moves = sorted((each for each in events if isinstance(each, Moved)), key=lambda each: (each.at, each.cycle))
    return {each.person: each.stage for each in moves}


def _is_by_sales(event: Event, book: Book) -> bool:
    """Whether a person of sales did something, in a cycle that is counted no more."""
    if isinstance(event, Moved):
        return book.whose(event.team) is Whose.SALES and book.meaning(event.stage) is not Meaning.QUALIFIED
    return isinstance(event, Touched)


def _respond_by(member: Member) -> Instant | None:
    """When the first clock that still runs is over."""
    times = member.touch_due, member.decision_due, member.work_due
    return min((due for due in times if due is not None), default=None)
