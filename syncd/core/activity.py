"""What somebody did about a person, read from one vendor's record and written as another's; and how many a day.

An activity is copied once it is over: a task when it is closed, a meeting when its end is past. Nothing here knows
which were copied before. Texts go along only where the rule says so; what has no subject of its own (a note) begins
with the subject. A vendor whose texts are HTML gets them escaped, line by line.

``Activity`` holds what the handoff ledger will want of a touch, too: when it was and who did it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from html.parser import HTMLParser
from typing import Final

from syncd.model.remote import RemoteRecord, RemoteRef
from syncd.model.signal import ActivityForm, ActivityRule, ActivitySort
from syncd.model.values import Instant, Wire, instant, stamp

PERSON: Final = "person"
"""The reference of an activity to whom it is about."""
KEPT: Final = timedelta(days=400)
"""How long it is remembered that an activity was dealt with; an older one is not looked at, so none is copied twice."""
_LINES: Final = frozenset({"br", "p", "div", "li", "tr"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Activity:
    """One activity. ``people`` are the records it is about, ``at`` and ``until`` its begin and end (the same where only
    one is told), ``owner`` the vendor's id of who did it; ``over`` says that it took place, as far as can be told.
    """

    origin: RemoteRef
    sort: ActivitySort
    people: tuple[RemoteRef, ...]
    at: Instant
    until: Instant
    subject: str
    body: str
    owner: str
    over: bool

    @property
    def day(self) -> int:
        """The day it counts for (UTC), as days since 1970."""
        return day_of(self.at)


def day_of(moment: Instant) -> int:
    """The day of an instant in UTC, as days since 1970."""
    return (moment - _EPOCH).days


def read_activity(record: RemoteRecord, form: ActivityForm, now: Instant) -> Activity | None:
    """The activity that a record tells of; ``None`` for one that is called off, or not closed: it will change then.

    One that is still to come is not ``over``; its time is known, and it will not change when that has passed.
    """
    told = record.fields
    closed = told.get(form.closed) in form.done if form.closed else None
    field, values = form.off
    if closed is False or (field and told.get(field) in values):
        return None
    at = _moment(told.get(form.at)) or record.stamp
    until = max(at, _moment(told.get(form.until)) or at)
    return Activity(
        origin=record.ref,
        sort=form.sorts.get(_text(told.get(form.told)), form.sort),
        people=record.refs.get(PERSON, ()),
        at=at,
        until=until,
        subject=_text(told.get(form.subject)),
        body=_plain(_text(told.get(form.body))) if form.markup else _text(told.get(form.body)),
        owner=_text(told.get(form.owner)),
        over=closed is True or until <= now,
    )


def as_written(activity: Activity, form: ActivityForm, *, owner: str, rule: ActivityRule) -> dict[str, Wire]:
    """The fields of its copy in the other vendor's form. ``owner`` is that vendor's id, empty for nobody."""
    subject = activity.subject or activity.sort.value.capitalize()
    texts = [activity.body] if rule.bodies and activity.body else []
    if not form.subject:
        texts.insert(0, subject)
    fields: dict[str, Wire] = dict(form.also)
    for name, value in (
        (form.subject, subject),
        (form.body, "\n".join(texts)),
        (form.at, stamp(activity.at)),
        (form.until, stamp(activity.until)),
        (form.owner, owner),
        *((each, stamp(activity.at)) for each in form.starts),
        *((each, activity.at.date().isoformat()) for each in form.days),
    ):
        if name and value:
            fields[name] = _markup(value) if name == form.body and form.markup else value
    return fields


def within_cap(
    activities: Sequence[tuple[str, Activity]], given: Mapping[tuple[str, int], int], *, per_person: int
) -> tuple[list[tuple[str, Activity]], list[tuple[str, Activity]]]:
    """Those that are copied, the earliest of a person's day first, and those beyond the cap; each with its person.

    :param given: how many a person has got for a day already.
    """
    taken: dict[tuple[str, int], int] = {}
    within: list[tuple[str, Activity]] = []
    beyond: list[tuple[str, Activity]] = []
    for person, activity in sorted(activities, key=lambda each: (each[1].at, each[1].origin)):
        place = person, activity.day
        count = taken.get(place, given.get(place, 0))
        taken[place] = count + 1
        (within if count < per_person else beyond).append((person, activity))
    return within, beyond


def _moment(told: Wire | None) -> Instant | None:
    if not isinstance(told, str) or not told:
        return None
    try:
        return instant(told)
    except ValueError:
        return None


def _text(told: Wire | None) -> str:
    return told.strip() if isinstance(told, str) else ""


class _Words(HTMLParser):
    """Collects the text of HTML, a line for each of its blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """A new line where HTML begins one."""
        if tag in _LINES:
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        """A piece of text."""
        self.words.append(data)


def _plain(markup: str) -> str:
    words = _Words()
    words.feed(markup)
    words.close()
    lines = (line.strip() for line in "".join(words.words).splitlines())
    return "\n".join(line for line in lines if line)


def _markup(text: str) -> str:
    return "<br>".join(escape(line, quote=False) for line in text.splitlines())
