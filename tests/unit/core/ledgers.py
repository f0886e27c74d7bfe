"""A small book and short words for events, so that a test reads like a story."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from syncd.core.book import Book
from syncd.core.ledger import episodes_of
from syncd.model.calendar import Calendar, Calendars, Span
from syncd.model.episode import Contacted, Deal, DealState, Delivered, Episode, Event, Moved, Told, Touched
from syncd.model.lifecycle import NEW, OTHER, HandoffRules, Unit
from syncd.model.lifecycle import Span as Time
from syncd.model.values import Instant

MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
WEEK = ((Span(540, 1_020),),) * 5 + ((), ())
"""Monday to Friday from nine to five."""
CALENDARS = Calendars(
    {"utc": Calendar("utc", "UTC", "UTC", WEEK), "berlin": Calendar("berlin", "Berlin", "Europe/Berlin", WEEK)},
    "utc",
    {"kim@example.com": "berlin"},
    {"berlin inbound": "berlin"},
)
RULES = HandoffRules(
    qualified=("mql",),
    accepted=("sql",),
    offered=("opportunity",),
    won=("customer",),
    rejected=("disqualified",),
    recycled=("nurture",),
    born=("sql",),
    touch_within={"A": Time(1, Unit.HOUR), "leader": Time(30, Unit.MINUTE), OTHER: Time(1, Unit.DAY)},
    decide_within={"A": Time(8, Unit.HOUR)},
)
BOOK = Book(RULES, CALENDARS, back=frozenset({"lead"}))


def at(hours: float) -> Instant:
    """So many hours after Monday, eight o'clock."""
    return MONDAY + timedelta(hours=hours)


def moved(stage: str, hours: float, person: str = "P", *, cycle: int = 1, team: str = "sales", **more: str) -> Moved:
    """A move; marketing's where somebody is qualified."""
    team = "marketing" if stage == "mql" and team == "sales" else team
    return Moved(person, at(hours), cycle, stage, more.pop("start", "lead"), team, more.pop("by", ""), **more)


def born(hours: float, person: str = "P", *, by: str = "bo") -> Moved:
    """Sales found somebody."""
    return moved("sql", hours, person, start=NEW, by=by, side="crm")


def delivered(hours: float, person: str = "P", owner: str = "") -> Delivered:
    """Sales can see them."""
    return Delivered(person, at(hours), owner)


def touched(hours: float, person: str = "P") -> Touched:
    """Sales called."""
    return Touched(person, at(hours), "ann")


def told(hours: float, person: str = "P", **facts: str) -> Told:
    """What is known of them from then on."""
    return Told(person, at(hours), tuple(sorted(facts.items())))


def contacted(hours: float, person: str = "P") -> Contacted:
    """The first contact."""
    return Contacted(person, at(hours))


def deal(
    state: str, hours: float, person: str = "P", *, deal: str = "D", amount: int | None = 10_000, currency: str = "EUR"
) -> Deal:
    """How a deal stands."""
    return Deal(person, at(hours), deal, DealState(state), amount, currency)


def of(*events: Event) -> tuple[Episode, ...]:
    """The episodes of these events."""
    return episodes_of(events, BOOK)


def one(*events: Event) -> Episode:
    """The only episode of these events."""
    (episode,) = of(*events)
    return episode
