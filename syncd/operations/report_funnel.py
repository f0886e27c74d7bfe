"""``syncd report funnel``: how many come into each stage, where they go from there, how long they stay; what was won,
and what is to be expected.

What is said of a stage is of the stays that began in the period (``report_stays``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from syncd.model.values import Instant
from syncd.operations.report import (
    DAY,
    Bar,
    Chart,
    Figure,
    Later,
    Period,
    Report,
    Section,
    Table,
    Unit,
    count,
    month_of,
    ranked,
    share,
    spread,
)
from syncd.operations.report_credit import Wins
from syncd.operations.report_forecast import COLUMNS, forecast
from syncd.operations.report_oddities import oddities
from syncd.operations.report_stays import NOBODY, Stays, stays_of
from syncd.ports.store import Store

_NONE: Final = Stays()
MILESTONES: Final = ("qualified", "delivered", "touched", "accepted", "offered", "won")


def funnel(store: Store, period: Period, *, now: Instant, names: Mapping[str, str]) -> Report:
    """The report. ``names`` are the stages by key, in their order."""
    wins = Wins(store, period, (*COLUMNS, *(f"{each}_at" for each in MILESTONES)), now=now)
    stays = stays_of(store, period, names)
    sections = (
        *_stages(stays, names),
        _cohorts(wins),
        _won(wins),
        *forecast(wins.episodes, now=now),
        oddities(wins.episodes, wins.episodes.here, now=now),
    )
    return Report("funnel", "The funnel", period, sections, wins.episodes["id"], wins.episodes["person"])


# -- stages ------------------------------------------------------------------------------------------------------------
def _stages(stays: Mapping[str, Stays], names: Mapping[str, str]) -> Iterator[Section]:
    rows: list[tuple[str | Figure, ...]] = []
    ways: list[tuple[str | Figure, ...]] = []
    for key, name in names.items():
        here = stays[key]
        entered, left = here.entered, here.left
        order = ranked(here.lengths, range(len(here.lengths)))
        days, ninety = spread(f"{key}:days", "days there", here.lengths, order, Unit.NUMBER)
        rows.append(
            (
                name,
                count(f"{key}:entered", "came in", entered),
                count(f"{key}:left", "left since", left),
                count(f"{key}:there", "still there", here.there),
                _people(days, left),
                _people(ninety, left),
            )
        )
        for end, gone in here.ways():
            figure = share(f"{key}>{end}", "share", gone, len(entered))
            ways.append((name, names.get(end, end), count(f"{key}>{end}:count", "went on", gone), figure))
    most = max((len(stays[key].entered) for key in names), default=0)
    bars = tuple(Bar(name, len(stays[key].entered), f"{len(stays[key].entered):,}") for key, name in names.items())
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
    by_month = {key: stays[key].months() for key in names}
    yield _conversion(stays, by_month, names)
    months = sorted({month for found in by_month.values() for month in found})
    per_month: tuple[tuple[str | Figure, ...], ...] = tuple(
        (month, *(count(f"{month}:{key}", names[key], by_month[key].get(month, _NONE).entered) for key in names))
        for month in months
    )
    table = Table("months", "", ("month", *names.values()), per_month)
    yield Section("months", "Who came in, by month", ("In UTC.",), tables=(table,))


def _conversion(
    stays: Mapping[str, Stays], by_month: Mapping[str, Mapping[str, Stays]], names: Mapping[str, str]
) -> Section:
    """For each stage those who came in, by month: which part of them has reached each other stage since."""
    order = {key: number for number, key in enumerate(names)}
    tables: list[Table] = []
    for key, name in names.items():
        ends = sorted(stays[key].reached(), key=lambda end: (order.get(end, len(order)), end))
        if not ends:
            continue
        cohorts = [(month, f"{month}:{key}", here) for month, here in by_month[key].items()]
        rows: list[tuple[str | Figure, ...]] = []
        for title, start, here in (*cohorts, ("all", key, stays[key])):
            reached, entered = here.reached(), len(here.entered)
            cells = (share(f"{start}>>{end}", names.get(end, end), reached.get(end, NOBODY), entered) for end in ends)
            rows.append((title, count(f"{start}>>", "came in", here.entered), *cells))
        heads = ("came in", "people", *(names.get(end, end) for end in ends))
        tables.append(Table(f"conversion:{key}", f"From {name}", heads, tuple(rows)))
    words = (
        "Of all who came into a stage in a month (in UTC), which part has come into each other stage since, by now: at "
        "once or by way of others, until they came into the first one again. A month not long ago has had less time."
    )
    return Section("conversion", "Conversion, by month of entry", (words,), tables=tuple(tables))


def _people(figure: Figure, left: Later[str]) -> Figure:
    """A figure of milliseconds in days, opened down to the people."""
    value = None if figure.value is None else figure.value / DAY
    return Figure(figure.key, figure.name, value, figure.unit, figure.of, rows=left)


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
    words = "Episodes by the month in UTC in which they began, and which part of them has come so far by now."
    table = Table("cohorts", "", ("begun in", "begun", *MILESTONES), tuple(rows))
    return Section("cohorts", "Handoffs by month", (words,), tables=(table,))


def _won(wins: Wins) -> Section:
    days = wins.days
    there = [at for at in wins.won if days[at] is not None]
    total = sum(days[at] or 0 for at in there)
    mean = total / len(there) if there else None
    words = (
        "Won in the period; the amount is of all opportunities that were won in it, those that were sold again to "
        "whoever was won before among them. Days are whole days in UTC from the first contact; a win without a first "
        "contact, or before it, is counted as won and in no figure about days."
    )
    return Section(
        "won",
        "Won",
        (words,),
        (
            count("won", "won", wins.won),
            *wins.money("won:amount", "amount", wins.won, wins.again),
            *wins.sold_again("won", wins.again),
            share("conversion", "won, of those begun in the period", wins.ever, len(wins.opened)),
            *spread("days", "days from first contact to win", days, ranked(days, wins.won), Unit.DAYS),
            Figure("days:mean", "days from first contact to win, mean", mean, Unit.NUMBER, len(there), rows=there),
            Figure("days:sum", "days from first contact to win, added up", total, Unit.DAYS, len(there), rows=there),
        ),
    )
