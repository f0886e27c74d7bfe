"""From what was settled about one person to the events of the ledger.

The engine calls ``ledger_events`` as it settles a Base that has news. Goes in: the moves that led to the stage (or only
the news that a fact is another one), the values both sides agree on now, and when this was confirmed. What nobody can
date happened when it was noticed. The same arguments give the same events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime

from syncd.core.legs import AS_IT_WAS
from syncd.core.move_words import unfilled
from syncd.core.news import News
from syncd.core.normalize import USER
from syncd.model.episode import FACTS, NO, YES, Contacted, Delivered, Event, Moved, Told
from syncd.model.handoff import Handoff
from syncd.model.link import Conflict, Topic
from syncd.model.rating import Profile
from syncd.model.values import Canonical, Instant

NO_PROFILE = Profile(None, None)


def moved_events(
    person: str,
    news: News,
    *,
    handoff: Handoff,
    values: Mapping[str, Canonical],
    confirmed: Instant,
    profile: Profile = NO_PROFILE,
) -> tuple[Event, ...]:
    """The events of a person who came into another stage.

    What an episode counts as it was when it began is dated with the move that began it, were there others since; who
    works on the person with the last of the moves.

    :param person: the id of the link.
    :param values: shared fields by name, as both sides have them now.
    :param confirmed: when both sides came to show the stage: a person who is qualified on the marketing side is
        delivered then, unless the CRM had shown it before (``News.shown``).
    :param profile: persona and grade for these values.
    """
    told = _facts(handoff, values)
    told["persona"] = None if profile.persona is None else profile.persona.key
    told["grade"] = None if profile.rated is None else profile.rated.grade
    qualified = [move for move in news.moves if move.stage in handoff.rules.qualified]
    if qualified:
        if entry := handoff.entry.get(qualified[-1].stage, ()):
            told["complete"] = YES if all(_filled(values, name) for name in entry) else NO
        told["valid"] = YES if any(_filled(values, name) for name in handoff.reachable) else NO
    begun, last = _begun(news.moves, handoff).at, news.moves[-1].at
    since = {name: value for name, value in told.items() if begun == last or name in AS_IT_WAS}
    now = {name: value for name, value in told.items() if name not in since}
    events: list[Event] = [*news.moves, *_told(person, since, begun), *_told(person, now, last)]
    events += _contacted(person, handoff, values)
    if qualified:
        at = qualified[-1].at if news.shown else confirmed
        events.append(Delivered(person, at, told.get("owner") or "", qualified[-1].cycle))
    return tuple(events)


def waiting_events(conflicts: Iterable[Conflict], handoff: Handoff) -> tuple[Told, ...]:
    """The events of those who are to be handed over and wait, since entry fields are empty: whatever becomes of it,
    they were not complete when marketing sent them. The same wait tells the same.

    :param conflicts: what comes to be listed.
    """
    declared = frozenset(handoff.rules.qualified) & handoff.entry.keys()
    return tuple(
        Told(each.link, each.since, (("complete", NO),))
        for each in conflicts
        if each.topic is Topic.WAITS and each.link is not None and each.field == handoff.stage
        if unfilled(each.reason) & declared
    )


def fact_events(
    person: str, *, handoff: Handoff, values: Mapping[str, Canonical], noticed: Instant
) -> tuple[Event, ...]:
    """The events of a person of whom another fact is known now, without a move."""
    return (*_told(person, _facts(handoff, values), noticed), *_contacted(person, handoff, values))


def _begun(moves: Sequence[Moved], handoff: Handoff) -> Moved:
    """The first of these moves that can begin an episode; the last one, if none can."""
    rules = handoff.rules
    begins = {*rules.qualified, *rules.accepted, *rules.offered, *rules.won}
    return next((move for move in moves if move.stage in begins), moves[-1])


def _facts(handoff: Handoff, values: Mapping[str, Canonical]) -> dict[str, str | None]:
    return {
        name: _text(values.get(field), owner=field in handoff.owners)
        for name, field in handoff.rules.facts.items()
        if name in FACTS
    }


def _told(person: str, told: Mapping[str, str | None], at: Instant) -> tuple[Event, ...]:
    facts = tuple(sorted((name, value) for name, value in told.items() if value is not None))
    return (Told(person, at, facts),) if facts else ()


def _contacted(person: str, handoff: Handoff, values: Mapping[str, Canonical]) -> tuple[Event, ...]:
    first = _instant(values.get(handoff.rules.facts.get("contacted", "")))
    return () if first is None else (Contacted(person, first),)


def _filled(values: Mapping[str, Canonical], name: str) -> bool:
    return values.get(name) not in {None, ""}


def _text(value: Canonical, *, owner: bool) -> str | None:
    """A value as credit is counted by it: one text, or nothing. A user is their address, as calendars name them."""
    if value is None or value == "":
        return None
    if owner:
        return str(value).removeprefix(USER)
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _instant(value: Canonical) -> Instant | None:
    """A shared date or instant as an instant: a day is its first moment in UTC. What is neither tells nothing."""
    if not isinstance(value, str):
        return None
    try:
        if len(value) == len("2026-03-31"):
            day = date.fromisoformat(value)
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        read = datetime.fromisoformat(value)
    except ValueError:
        return None
    return read.astimezone(UTC) if read.tzinfo is not None else None
