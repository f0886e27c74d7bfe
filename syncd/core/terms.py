"""The terms by which handoffs are judged, as a text that is kept: what stages mean, how much time there is, whose hours
count, and what other currencies are worth.

An open handoff follows what is declared now; one that has ended keeps the terms under which it did. So their text is
kept, and ``book_of`` makes the book of it that it was made of. Commitments and the fields that hold facts are no part
of it: they judge nobody.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any, Final

from syncd.core.book import Book
from syncd.model import calendar as dates
from syncd.model.calendar import Calendar, Calendars, Holidays
from syncd.model.handoff import Handoff
from syncd.model.lifecycle import HandoffRules, Span, Unit

JUDGED: Final = "2"
"""How syncd itself judges by the same terms: counted up when that changes, so that open handoffs are counted anew."""
_TIMES: Final = ("touch_within", "decide_within", "work_within")
_MONEY: Final = ("currency", "rates")
_OTHER: Final = {*_TIMES, *_MONEY, "facts", "commitments"}
_STAGES: Final = tuple(each.name for each in fields(HandoffRules) if each.name not in _OTHER)


def text_of(handoff: Handoff) -> str:
    """The same terms give the same text."""
    rules, calendars = handoff.rules, handoff.calendars
    told = {
        "stages": {name: list(getattr(rules, name)) for name in _STAGES},
        "times": {
            name: {key: [span.amount, span.unit.value] for key, span in getattr(rules, name).items()} for name in _TIMES
        },
        "sales": sorted(handoff.sales),
        "back": sorted(handoff.back),
        "calendars": {key: _calendar_told(each) for key, each in calendars.by_key.items()},
        "default": calendars.default,
        "users": dict(calendars.users),
        "queues": dict(calendars.queues),
    }
    if rules.currency:  # what was won keeps the rate of its day; without a currency terms are called as ever
        told["money"] = [rules.currency, {name: str(rate) for name, rate in rules.rates.items()}]
    return json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def terms_id(text: str) -> str:
    """A short name of terms, the same in every store."""
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def book_for(handoff: Handoff) -> Book:
    """The book of the terms in use."""
    terms = terms_id(text_of(handoff))
    return Book(handoff.rules, handoff.calendars, sales=handoff.sales, back=handoff.back, terms=terms)


def book_of(text: str) -> Book:
    """The book of such terms."""
    told: dict[str, Any] = json.loads(text)
    stages: dict[str, Any] = {name: tuple(told["stages"].get(name, ())) for name in _STAGES}
    times: dict[str, Any] = {
        name: {key: Span(amount, Unit(unit)) for key, (amount, unit) in told["times"].get(name, {}).items()}
        for name in _TIMES
    }
    currency, rates = told.get("money", ("", {}))
    money = {name: Decimal(rate) for name, rate in rates.items()}
    by_key = {key: _calendar(key, each) for key, each in told["calendars"].items()}
    return Book(
        HandoffRules(**stages, **times, currency=currency, rates=money),
        Calendars(by_key, told["default"], told["users"], told["queues"]),
        sales=frozenset(told["sales"]),
        back=frozenset(told["back"]),
        terms=terms_id(text),
    )


def _calendar_told(calendar: Calendar) -> dict[str, Any]:
    rule = calendar.holidays
    return {
        "zone": calendar.zone,
        "week": [[[span.opens, span.closes] for span in spans] for spans in calendar.week],
        "holidays": None if rule is None else [rule.country, rule.subdivision, list(rule.worked)],
        "closed": sorted(day.isoformat() for day in calendar.closed),
        "yearly": sorted(map(list, calendar.closed_yearly)),
    }


def _calendar(key: str, told: Mapping[str, Any]) -> Calendar:
    rule = told["holidays"]
    return Calendar(
        key=key,
        name=key,
        zone=told["zone"],
        week=tuple(tuple(dates.Span(*span) for span in spans) for spans in told["week"]),
        holidays=None if rule is None else Holidays(rule[0], rule[1], tuple(rule[2])),
        closed=frozenset(map(date.fromisoformat, told["closed"])),
        closed_yearly=frozenset((month, day) for month, day in told["yearly"]),
    )
