"""Business time: tables of days that go wrong, laws, and a clock that is looked at every minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.core.hours import Hours, holiday_names, holidays_of
from syncd.model.calendar import Calendar, Holidays, Span
from tests.unit.core.wall_clock import counted, shows_open, waited

OFFICE = ((Span(540, 720), Span(780, 1_020)),) * 5 + ((), ())  # 09-12, 13-17, Monday to Friday
NIGHT = ((Span(1_320, 1_800),),) * 7  # 22-06, every night
ALWAYS = ((Span(0, 1_440),),) * 7


def calendar(zone: str, week: tuple[tuple[Span, ...], ...] = OFFICE, **more: object) -> Calendar:
    """A calendar of a zone."""
    return Calendar("x", "X", zone, week, **more)  # type: ignore[arg-type]


BERLIN = calendar("Europe/Berlin", holidays=Holidays("DE", "BE"))
NEW_YORK = calendar("America/New_York", holidays=Holidays("US"))


def at(text: str, zone: str) -> datetime:
    """An instant by what the clock shows somewhere; ``+`` at the end is the second time it shows that."""
    local = datetime.fromisoformat(text.removesuffix("+")).replace(tzinfo=ZoneInfo(zone))
    return local.replace(fold=int(text.endswith("+"))).astimezone(UTC)


def hours(amount: float) -> timedelta:
    """So many hours."""
    return timedelta(hours=amount)


@pytest.mark.parametrize(
    ("used", "begin", "end", "expected"),
    [
        # within one span, over lunch, over night, over the weekend
        (BERLIN, "2026-03-03T09:15", "2026-03-03T10:00", 0.75),
        (BERLIN, "2026-03-03T11:00", "2026-03-03T14:00", 2),
        (BERLIN, "2026-03-03T16:00", "2026-03-04T10:00", 2),
        (BERLIN, "2026-03-06T16:00", "2026-03-09T10:00", 2),
        # nothing: no time, out of hours, at lunch, at the weekend
        (BERLIN, "2026-03-03T10:00", "2026-03-03T10:00", 0),
        (BERLIN, "2026-03-03T18:00", "2026-03-04T08:59", 0),
        (BERLIN, "2026-03-03T12:00", "2026-03-03T13:00", 0),
        (BERLIN, "2026-03-07T00:00", "2026-03-08T23:59", 0),
        # begins and ends out of hours: an open interval around two whole days
        (BERLIN, "2026-03-02T20:00", "2026-03-05T06:00", 14),
        # Good Friday and Easter Monday 2026, Thursday to Tuesday
        (BERLIN, "2026-04-02T16:00", "2026-04-07T10:00", 2),
        # the clock goes forward on Sunday 29 March: nobody was there
        (BERLIN, "2026-03-27T16:00", "2026-03-30T10:00", 2),
        # the end of the year: Thursday 1 January is a holiday
        (BERLIN, "2025-12-31T16:00", "2026-01-02T10:00", 2),
        # Christmas is Friday and Saturday in Germany
        (BERLIN, "2026-12-24T16:00", "2026-12-28T10:00", 2),
        # a holiday on a Saturday is made up for on the Friday before: 3 July 2026
        (NEW_YORK, "2026-07-02T16:00", "2026-07-06T10:00", 2),
        # 1 January 2028 is a Saturday: made up for in the year before
        (NEW_YORK, "2027-12-30T16:00", "2028-01-03T10:00", 2),
        # in ten years too: 28 November 2036 follows Thanksgiving
        (NEW_YORK, "2036-11-26T16:00", "2036-11-28T10:00", 2),
        # nights over the change: an hour less in spring, one more in autumn
        (calendar("Europe/Berlin", NIGHT), "2026-03-28T22:00", "2026-03-29T06:00", 7),
        (calendar("Europe/Berlin", NIGHT), "2026-10-24T22:00", "2026-10-25T06:00", 9),
        (calendar("Europe/Berlin", ALWAYS), "2026-03-29T00:00", "2026-03-30T00:00", 23),
        (calendar("Europe/Berlin", ALWAYS), "2026-10-25T00:00", "2026-10-26T00:00", 25),
        # the second half of a night
        (calendar("Europe/Berlin", NIGHT), "2026-03-05T00:30", "2026-03-05T05:00", 4.5),
        # half an hour on Lord Howe
        (calendar("Australia/Lord_Howe", ALWAYS), "2026-10-04T00:00", "2026-10-05T00:00", 23.5),
        # the repeated hour, from its first half to its second
        (calendar("Europe/Berlin", ALWAYS), "2026-10-25T02:30", "2026-10-25T02:30+", 1),
        # Samoa had no 30 December 2011
        (calendar("Pacific/Apia", ALWAYS), "2011-12-29T00:00", "2011-12-31T00:00", 24),
    ],
)
def test_between(used: Calendar, begin: str, end: str, expected: float) -> None:
    """What lies between two readings of the clock, and what it is the other way round."""
    one, other = at(begin, used.zone), at(end, used.zone)
    counting = Hours(used)
    assert counting.between(one, other) == hours(expected)
    assert counting.between(other, one) == -hours(expected)


@pytest.mark.parametrize(
    ("used", "begin", "wanted", "expected"),
    [
        (BERLIN, "2026-03-03T10:00", 1, "2026-03-03T11:00"),
        (BERLIN, "2026-03-03T11:00", 1, "2026-03-03T12:00"),  # the last instant of a span, not the first of the next
        (BERLIN, "2026-03-03T11:00", 1.5, "2026-03-03T13:30"),
        (BERLIN, "2026-03-06T16:00", 2, "2026-03-09T10:00"),
        (BERLIN, "2026-03-07T12:00", 0, "2026-03-07T12:00"),  # no time is over at once, out of hours too
        (BERLIN, "2026-03-07T12:00", 0.5, "2026-03-09T09:30"),
        (BERLIN, "2026-04-02T16:00", 1.5, "2026-04-07T09:30"),  # Easter
        (BERLIN, "2025-12-31T16:00", 2, "2026-01-02T10:00"),
        (NEW_YORK, "2026-11-25T16:30", 1, "2026-11-27T09:30"),  # Thanksgiving
        (calendar("Europe/Berlin", NIGHT), "2026-03-28T23:00", 6, "2026-03-29T06:00"),
        (calendar("Europe/Berlin", NIGHT), "2026-10-24T23:00", 4.5, "2026-10-25T02:30+"),
        (BERLIN, "2026-03-02T09:00", 7 * 5 * 10, "2026-05-13T17:00"),  # ten weeks, less Easter and 1 May
    ],
)
def test_after(used: Calendar, begin: str, wanted: float, expected: str) -> None:
    """When so many hours are over, and so many then lie between."""
    counting, start = Hours(used), at(begin, used.zone)
    over = counting.after(start, hours(wanted))
    assert over == at(expected, used.zone)
    assert counting.between(start, over) == hours(wanted)


def test_a_span_in_the_hour_that_is_missing_or_twice() -> None:
    """02:15 to 02:45 does not come in spring and comes twice in autumn, because the clock shows it so often."""
    counting = Hours(calendar("Europe/Berlin", ((Span(135, 165),),) * 7))
    assert counting.openings(date(2026, 3, 29)) == ()
    assert len(counting.openings(date(2026, 10, 25))) == 2
    assert counting.after(at("2026-10-25T02:40", "Europe/Berlin"), hours(0.25)) == at(
        "2026-10-25T02:25+", "Europe/Berlin"
    )


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    """The night before a holiday is worked to its end; the night of the holiday does not begin."""
    closed = frozenset({date(2026, 3, 4)})
    counting = Hours(calendar("Europe/Berlin", NIGHT, closed=closed))
    noons = [at(f"2026-03-0{day}T12:00", "Europe/Berlin") for day in (3, 4, 5, 6)]
    nights = [counting.between(noon, next_one) for noon, next_one in pairwise(noons)]
    assert nights == [hours(8), hours(0), hours(8)]


def test_days_closed_once_and_every_year() -> None:
    """A date closes one day, month and day close it in every year, 29 February in leap years."""
    counting = Hours(
        calendar("UTC", closed=frozenset({date(2026, 3, 4)}), closed_yearly=frozenset({(12, 24), (2, 29)}))
    )
    shut = [date(2026, 3, 4), date(2026, 12, 24), date(2031, 12, 24), date(2028, 2, 29), date(2026, 3, 7)]
    assert [counting.works_on(day) for day in shut] == [False] * 5
    assert counting.works_on(date(2027, 3, 4))
    assert counting.works_on(date(2027, 3, 1))


def test_the_end_of_a_span_is_not_business_time() -> None:
    """Open from the first instant of a span until just before its last."""
    counting = Hours(BERLIN)
    readings = {"08:59": False, "09:00": True, "11:59": True, "12:00": False, "13:00": True, "17:00": False}
    assert {text: counting.open_at(at(f"2026-03-03T{text}", "Europe/Berlin")) for text in readings} == readings


def test_microseconds_are_kept() -> None:
    """Nothing is rounded."""
    counting, start = Hours(BERLIN), at("2026-03-03T11:59:59.999999", "Europe/Berlin")
    assert counting.between(start, start + hours(2)) == timedelta(microseconds=1) + timedelta(
        minutes=59, seconds=59, microseconds=999_999
    )
    assert counting.after(start, timedelta(microseconds=2)) == at("2026-03-03T13:00:00.000001", "Europe/Berlin")


def test_instants_in_any_zone_are_the_same_instants() -> None:
    """Told in local time, over a change of clocks, they count as in UTC."""
    counting, zone = Hours(calendar("Europe/Berlin", ALWAYS)), ZoneInfo("Europe/Berlin")
    begin, end = datetime(2026, 10, 25, tzinfo=zone), datetime(2026, 10, 26, tzinfo=zone)
    assert counting.between(begin, end) == hours(25)
    assert counting.after(begin, hours(25)) == end.astimezone(UTC)


def test_what_never_opens_or_runs_backward_is_refused() -> None:
    """Instead of an endless search, an error that names the calendar."""
    never = Hours(calendar("UTC", ((),) * 7))
    with pytest.raises(ValueError, match="calendar x does not open"):
        never.after(datetime(2026, 3, 2, tzinfo=UTC), hours(1))
    assert never.between(datetime(2026, 3, 2, tzinfo=UTC), datetime(2027, 3, 2, tzinfo=UTC)) == timedelta()
    with pytest.raises(ValueError, match="runs forward"):
        never.after(datetime(2026, 3, 2, tzinfo=UTC), hours(-1))


def test_holidays_on_which_work_goes_on() -> None:
    """Taken out by name, with the day that makes up for them; the others stay."""
    everybody, ours = holidays_of(Holidays("US"), 2027), holidays_of(Holidays("US", None, ("Columbus Day",)), 2027)
    assert everybody - ours == {date(2027, 10, 11)}
    veterans = Holidays("US", None, ("Independence Day",))  # Sunday 4 July 2027, made up for on the 5th
    assert everybody - holidays_of(veterans, 2027) == {date(2027, 7, 4), date(2027, 7, 5)}


def test_names_of_holidays_do_not_depend_on_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """In English wherever it runs: what `worked` names must mean the same everywhere."""
    monkeypatch.setenv("LANGUAGE", "de")
    assert "German Unity Day" in holiday_names(Holidays("DE", "BE"), range(2026, 2027))


# -- laws --------------------------------------------------------------------------------------------------------------
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns", "Asia/Beirut")
BASE = datetime(2026, 3, 1, tzinfo=UTC)


@st.composite
def weeks(draw: st.DrawFn) -> tuple[tuple[Span, ...], ...]:
    """A week of spans that do not overlap; the last of a day may end before six on the next, when none has begun."""
    week = []
    for _ in range(7):
        marks = sorted(draw(st.sets(st.integers(360, 1_439), max_size=4)))
        if len(marks) % 2:
            marks.append(draw(st.integers(1_440, 1_800)))
        week.append(tuple(Span(opens, closes) for opens, closes in zip(marks[::2], marks[1::2], strict=True)))
    return tuple(week)


calendars = st.builds(
    lambda zone, week, closed: calendar(zone, week, closed=frozenset(closed)),
    st.sampled_from(ZONES),
    weeks().filter(any),
    st.sets(st.dates(date(2026, 3, 1), date(2026, 12, 31)), max_size=5),
)
minutes = st.integers(0, 300 * 24 * 60).map(lambda number: BASE + timedelta(minutes=number))
moments = st.integers(0, 300 * 86_400 * 10**6).map(lambda number: BASE + timedelta(microseconds=number))
durations = st.integers(0, 60 * 3_600 * 10**6).map(lambda number: timedelta(microseconds=number))


@given(used=calendars, several=st.lists(moments, min_size=3, max_size=3))
def test_time_adds_up(used: Calendar, several: list[datetime]) -> None:
    """between(a, b) + between(b, c) = between(a, c), in whatever order the three come."""
    one, two, three = several
    counting = Hours(used)
    assert counting.between(one, two) + counting.between(two, three) == counting.between(one, three)


@given(used=calendars, several=st.lists(moments, min_size=2, max_size=2).map(sorted))
def test_the_way_back_is_never_later(used: Calendar, several: list[datetime]) -> None:
    """after(a, between(a, b)) <= b, and as much lies between a and it; time between is not more than time."""
    begin, end = several
    counting = Hours(used)
    spent = counting.between(begin, end)
    assert timedelta() <= spent <= end - begin
    over = counting.after(begin, spent)
    assert begin <= over <= end
    assert counting.between(begin, over) == spent


@given(used=calendars, begin=moments, wanted=durations, more=durations)
def test_time_runs_forward(used: Calendar, begin: datetime, wanted: timedelta, more: timedelta) -> None:
    """More business time is never over earlier, waiting in two steps is waiting in one, nothing is over too early."""
    counting = Hours(used)
    over = counting.after(begin, wanted)
    assert counting.after(begin, wanted + more) == counting.after(over, more) >= over
    assert counting.between(begin, over) == wanted
    if wanted:
        assert counting.between(begin, over - timedelta(microseconds=1)) < wanted


@settings(max_examples=60)
@given(used=calendars, begin=minutes, length=st.integers(0, 4 * 24 * 60), wanted=st.integers(0, 12 * 60))
def test_the_clock_on_the_wall_agrees(used: Calendar, begin: datetime, length: int, wanted: int) -> None:
    """Whoever looks at the clock every minute counts the same, at any time of the year."""
    counting, end = Hours(used), begin + timedelta(minutes=length)
    assert counting.between(begin, end) == counted(used, begin, end)
    assert counting.open_at(begin) == shows_open(used, begin)
    assert counting.after(begin, timedelta(minutes=wanted)) == waited(used, begin, timedelta(minutes=wanted))


CHANGES = {
    "Europe/Berlin": ("2026-03-29T01:00", "2026-10-25T01:00"),
    "America/New_York": ("2026-03-08T07:00", "2026-11-01T06:00"),
    "Australia/Lord_Howe": ("2026-04-04T15:00", "2026-10-03T15:30"),
    "Asia/Beirut": ("2026-03-28T22:00", "2026-10-24T21:00"),  # at midnight: the date goes back too
    "America/St_Johns": ("2007-03-11T03:31", "2007-11-04T02:31"),  # at a minute past midnight
}


@settings(max_examples=60)
@given(
    change=st.sampled_from([(zone, each) for zone, both in CHANGES.items() for each in both]),
    week=st.one_of(weeks(), st.sampled_from([NIGHT, ALWAYS, ((Span(1, 61), Span(90, 200)),) * 7])),
    before=st.integers(0, 20 * 60),
    length=st.integers(0, 40 * 60),
)
def test_the_clock_on_the_wall_agrees_when_it_is_changed(
    change: tuple[str, str], week: tuple[tuple[Span, ...], ...], before: int, length: int
) -> None:
    """The same about the hours in which clocks go forward and back."""
    zone, moment = change
    used = calendar(zone, week)
    begin = datetime.fromisoformat(moment).replace(tzinfo=UTC) - timedelta(minutes=before)
    end = begin + timedelta(minutes=length)
    spent = Hours(used).between(begin, end)
    assert spent == counted(used, begin, end)
    assert Hours(used).after(begin, spent) == waited(used, begin, spent)
