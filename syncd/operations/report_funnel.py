"""``syncd report funnel``: how many come into each stage, where they go from there, how long they stay; what was won,
and what is to be expected.

A *stay* is one time in one stage: it begins with a move into it and ends with the next move of that person. What is
said of a stage is of the stays that began in the period.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from syncd.core.figures import wilson
from syncd.model.values import Instant
from syncd.operations.report import (
    DAY,
    Bar,
    Chart,
    Episodes,
    Figure,
    Later,
    Period,
    Report,
    Section,
    Table,
    Unit,
    count,
    month_of,
    oddities,
    ranked,
    share,
    spread,
)
from syncd.operations.report_credit import Wins
from syncd.operations.report_forecast import COLUMNS, forecast
from syncd.ports.store import Store

T = TypeVar("T", str, int)
MILESTONES: Final = ("qualified", "delivered", "touched", "accepted", "offered", "won")


@dataclass(slots=True)
class _Stays:
    """What is known of one stage: who came in, how long those stayed who left, where they went, who came when."""

    people: list[str] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    began: list[int] = field(default_factory=list)

    def ways(self) -> list[tuple[str, Later]]:
        """Who went on, by where to; most first."""
        counted = sorted(Counter(self.ends).items(), key=lambda way: (-way[1], way[0]))
        return [(end, self._later(number, self.ends, self.gone, {end})) for end, number in counted]

    def months(self) -> dict[str, Later]:
        """Who came in, by month."""
        days = [at // DAY for at in self.began]
        of_month: dict[str, dict[int, int]] = {}
        for day, number in Counter(days).items():
            of_month.setdefault(month_of(day * DAY), {})[day] = number
        return {
            month: self._later(sum(counted.values()), days, self.people, counted) for month, counted in of_month.items()
        }

    @staticmethod
    def _later(number: int, keys: Sequence[T], people: Sequence[str], wanted: Collection[T]) -> Later:
        return Later(number, lambda: [who for who, key in zip(people, keys, strict=True) if key in wanted])


def funnel(store: Store, period: Period, *, now: Instant, names: Mapping[str, str]) -> Report:
    """The report. ``names`` are the stages by key, in their order."""
    wins = Wins(store, period, (*COLUMNS, *(f"{each}_at" for each in MILESTONES)))
    everything = wins.episodes if period == Period() else Episodes(store, COLUMNS, Period())
    stays = _stays(store, period, names)
    sections = (
        *_stages(stays, names),
        _cohorts(wins),
        _won(wins),
        *forecast(everything, now=now),
        oddities(wins.episodes, wins.episodes.all),
    )
    return Report("funnel", "The funnel", period, sections, wins.episodes["id"], wins.episodes["person"])


# -- stages ------------------------------------------------------------------------------------------------------------
def _stays(store: Store, period: Period, names: Mapping[str, str]) -> dict[str, _Stays]:
    """All stays that began in the period, by stage. A move into the stage one is in already begins none."""
    first, last = period.bounds()
    low, high = first or 0, 1 << 62 if last is None else last
    found = {key: _Stays() for key in names}
    whose, since, stage = "", 0, ""
    here: _Stays | None = None
    for person, at, end in store.stage_moves():
        if person == whose:
            if end == stage:
                continue
            if here is not None:
                here.lengths.append(at - since)
                here.gone.append(person)
                here.ends.append(end)
        whose, since, stage = person, at, end
        here = found.get(end) if low <= at < high else None
        if here is not None:
            here.people.append(person)
            here.began.append(at)
    return found


def _stages(stays: Mapping[str, _Stays], names: Mapping[str, str]) -> Iterator[Section]:
    rows: list[tuple[str | Figure, ...]] = []
    ways: list[tuple[str | Figure, ...]] = []
    for key, name in names.items():
        here = stays[key]
        entered, left = len(here.people), len(here.lengths)
        lengths = _days(here.lengths)
        days, ninety = spread(f"{key}:days", "days there", lengths, ranked(lengths, range(left)), Unit.NUMBER)
        rows.append(
            (
                name,
                count(f"{key}:entered", "came in", here.people),
                Figure(f"{key}:left", "left since", left, rows=here.gone),
                Figure(f"{key}:there", "still there", entered - left),
                _people(days, here),
                _people(ninety, here),
            )
        )
        for end, gone in here.ways():
            bounds = wilson(len(gone), entered)
            low, high = bounds or (None, None)
            figure = Figure(f"{key}>{end}", "share", len(gone) / entered, Unit.SHARE, entered, low, high, gone)
            ways.append((name, names.get(end, end), count(f"{key}>{end}:count", "went on", gone), figure))
    most = max((len(stays[key].people) for key in names), default=0)
    bars = tuple(Bar(name, len(stays[key].people), f"{len(stays[key].people):,}") for key, name in names.items())
    yield Section(
        "stages",
        "Stages",
        ("Stays that began in the period. Days are elapsed, of those who have left.",),
        tables=(
            Table(
                "stages",
                "",
                ("stage", "came in", "left since", "still there", "days there, median", "days there, 90 %"),
                tuple(rows),
            ),
        ),
        charts=(Chart("Came into each stage", bars, most),) if most else (),
    )
    words = "Of all who came into a stage in the period, where their next move led. Who has not moved is in no row."
    table = Table("ways", "", ("from", "to", "went on", "share of who came in"), tuple(ways))
    yield Section("ways", "From stage to stage", (words,), tables=(table,))
    by_month = {key: here.months() for key, here in stays.items()}
    months = sorted({month for found in by_month.values() for month in found})
    per_month: tuple[tuple[str | Figure, ...], ...] = tuple(
        (month, *(count(f"{month}:{key}", names[key], by_month[key].get(month, [])) for key in names))
        for month in months
    )
    table = Table("months", "", ("month", *names.values()), per_month)
    yield Section("months", "Who came in, by month", ("In UTC.",), tables=(table,))


def _days(lengths: Sequence[int]) -> list[int]:
    """Tenths of days, so that a median of hours is not 0."""
    return [length * 10 // DAY for length in lengths]


def _people(figure: Figure, here: _Stays) -> Figure:
    """A figure of tenths of days in days, opened down to the people."""
    value = None if figure.value is None else figure.value / 10
    return Figure(figure.key, figure.name, value, figure.unit, figure.of, rows=here.gone)


# -- episodes ----------------------------------------------------------------------------------------------------------
def _cohorts(wins: Wins) -> Section:
    """How far the episodes that began in each month have come by now."""
    episodes = wins.episodes
    opened = episodes["opened_at"]
    months: dict[str, list[int]] = {}
    for at in wins.opened:
        months.setdefault(month_of(opened[at]), []).append(at)
    rows: list[tuple[str | Figure, ...]] = []
    for month in sorted(months):
        begun = months[month]
        cells = []
        for each in MILESTONES:
            column = episodes[f"{each}_at"]
            key = f"{month}:begun:{each}"
            cells.append(share(key, each, [at for at in begun if column[at] is not None], len(begun)))
        rows.append((month, count(f"{month}:begun", "begun", begun), *cells))
    words = "Episodes by the month in which they began, and which part of them has come so far by now."
    table = Table("cohorts", "", ("begun in", "begun", *MILESTONES), tuple(rows))
    return Section("cohorts", "Handoffs by month", (words,), tables=(table,))


def _won(wins: Wins) -> Section:
    days = wins.days
    there = [at for at in wins.won if days[at] is not None]
    total = sum(days[at] or 0 for at in there)
    mean = total / len(there) if there else None
    words = (
        "Won in the period. Days are whole days in UTC from the first contact; a win without a first contact, or "
        "before it, is counted as won and in no figure about days."
    )
    return Section(
        "won",
        "Won",
        (words,),
        (
            count("won", "won", wins.won),
            *wins.money("won:amount", "amount", wins.won),
            share("conversion", "won, of those begun in the period", wins.ever, len(wins.opened)),
            *spread("days", "days from first contact to win", days, ranked(days, wins.won), Unit.DAYS),
            Figure("days:mean", "days from first contact to win, mean", mean, Unit.NUMBER, len(there), rows=there),
            Figure("days:sum", "days from first contact to win, added up", total, Unit.DAYS, len(there), rows=there),
        ),
    )
