"""What a report is before anybody reads it: sections of figures, tables and charts, each figure with its count.

Every figure has a key, under which it can be opened down to the episodes or people that it counts, and says how many it
is of; below ``SMALL`` it is marked wherever it is shown. How it is shown (terminal, JSON, CSV, HTML) is decided by
``report_writing`` alone. Times are UTC throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, Final, Self, TypeVar

from syncd.core.figures import SMALL, median, quantile, wilson
from syncd.model.agreement import Apart
from syncd.model.values import Instant

NONE: Final = "(none)"
"""What a row is called of those for which nobody told a fact; a fact called `unknown` is another row."""
DAY: Final = 86_400_000
"""Milliseconds of a day."""
_EPOCH: Final = date(1970, 1, 1)
_LAST: Final = date.max - timedelta(days=1)
"""The last day that has an end within the calendar."""
T = TypeVar("T", str, int)


class Unit(StrEnum):
    """What a figure is counted in. ``TIME`` is milliseconds, ``MONEY`` hundredths of the currency in the name."""

    COUNT = "count"
    SHARE = "share"
    DAYS = "days"
    TIME = "time"
    MONEY = "money"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. ``of`` is how many it is computed from; ``low`` and ``high`` bound it at 95 %.

    ``rows`` are the episodes it counts, by their place in the report, or people by their ids. ``target`` is what was
    promised.
    """

    key: str
    name: str
    value: float | None
    unit: Unit = Unit.COUNT
    of: int | None = None
    low: float | None = None
    high: float | None = None
    rows: Sequence[int] | Sequence[str] = ()
    note: str = ""
    target: float | None = None

    @property
    def small(self) -> bool:
        """Whether too few stand behind it."""
        return self.of is not None and self.of < SMALL

    @property
    def kept(self) -> bool | None:
        """Whether the promise was kept; ``None`` without one, or without anything to judge it by."""
        return None if self.target is None or self.value is None else self.value >= self.target


class Named(str):
    """The name of a linked record, whose id and kind are beside it."""

    __slots__ = ("id", "kind")
    id: str
    kind: str

    def __new__(cls, name: str, id: str, kind: str) -> Self:
        """Of a name, and the link whose it is."""
        made = super().__new__(cls, name)
        made.id, made.kind = id, kind
        return made


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of words and figures under heads."""

    key: str
    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str | Figure, ...], ...]
    words: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart: a share or a count with its text, bounds where there are any."""

    label: str
    value: float
    text: str
    low: float | None = None
    high: float | None = None
    small: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars from the same zero. ``most`` is the end of the scale; ``mark`` a line to compare with and its name."""

    title: str
    bars: tuple[Bar, ...]
    most: float
    mark: tuple[float, str] | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a report; ``words`` say what its figures mean."""

    key: str
    title: str
    words: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()


@dataclass(frozen=True, slots=True)
class Period:
    """From the first moment of a day to that of another, in UTC; ``None`` is open."""

    since: Instant | None = None
    until: Instant | None = None

    @staticmethod
    def of(since: date | None, until: date | None) -> Period:
        """From one day to the end of another."""
        return Period(
            None if since is None else _midnight(since),
            None if until is None else _midnight(min(until, _LAST) + timedelta(days=1)),
        )

    @staticmethod
    def month(year: int, month: int) -> Period:
        """A calendar month."""
        return Period(_midnight(date(year, month, 1)), _midnight(date(year + month // 12, month % 12 + 1, 1)))

    def __str__(self) -> str:
        since = "the beginning" if self.since is None else f"{self.since:%Y-%m-%d}"
        until = "now" if self.until is None else f"{self.until - timedelta(days=1):%Y-%m-%d}"
        return f"{since} to {until}, UTC"

    def bounds(self) -> tuple[int | None, int | None]:
        """Both ends in milliseconds since 1970."""
        return (None if self.since is None else ms(self.since), None if self.until is None else ms(self.until))


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report. ``ids`` and ``people`` are those of the episodes it read, by place.

    ``when`` is said in place of the period where there is none; ``command`` and ``docs`` are named at the foot.
    ``apart`` are the links whose records differ, where a report opens down to these.
    """

    name: str
    title: str
    period: Period
    sections: tuple[Section, ...]
    ids: Sequence[str] = ()
    people: Sequence[str] = ()
    when: str = ""
    command: str = "syncd report"
    docs: str = "docs/report.md"
    apart: Mapping[str, Apart] = field(default_factory=dict)

    def figures(self) -> Iterator[Figure]:
        """Every figure of it."""
        for section in self.sections:
            yield from section.figures
            for table in section.tables:
                for row in table.rows:
                    yield from (cell for cell in row if isinstance(cell, Figure))


class Later(Sequence[T]):
    """So many people or places that are looked for only when somebody wants to see them."""

    def __init__(self, length: int, find: Callable[[], list[T]]) -> None:
        self._length = length
        self._find: Callable[[], list[T]] = find

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[T]:
        return iter(self._find())

    def __getitem__(self, number: Any) -> Any:  # noqa: ANN401 - a number or a slice, as of any list
        return self._find()[number]


# -- figures -----------------------------------------------------------------------------------------------------------
def count(key: str, name: str, rows: Sequence[int] | Sequence[str], note: str = "") -> Figure:
    """How many there are."""
    return Figure(key, name, len(rows), rows=rows, note=note)


def share(
    key: str,
    name: str,
    hits: Sequence[int] | Sequence[str],
    of: int,
    *,
    note: str = "",
    target: float | None = None,
) -> Figure:
    """Which part of them, with its interval; nothing of nothing."""
    bounds = wilson(len(hits), of)
    low, high = (None, None) if bounds is None else bounds
    value = None if of == 0 else len(hits) / of
    return Figure(key, name, value, Unit.SHARE, of, low, high, hits, note, target)


def part(percent: int | None) -> float | None:
    """A percentage as a part of one."""
    return None if percent is None else percent / 100


class Ranked(Sequence[int]):
    """The values of a column at places that stand in the order of these values."""

    def __init__(self, column: Sequence[int | None], order: Sequence[int]) -> None:
        self._column, self._order = column, order

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, number: Any) -> Any:  # noqa: ANN401 - no slices are asked for
        return self._column[self._order[number]]


def ranked(column: Sequence[int | None], rows: Iterable[int]) -> list[int]:
    """The places with a value, in the order of the values."""
    return sorted([at for at in rows if column[at] is not None], key=column.__getitem__)  # type: ignore[arg-type]


def middle(key: str, name: str, column: Sequence[int | None], order: Sequence[int], unit: Unit = Unit.TIME) -> Figure:
    """The median of a column. :param order: what ``ranked`` gives, or a part of it."""
    return Figure(key, name, median(Ranked(column, order)), unit, len(order), rows=order)


def spread(
    key: str, name: str, column: Sequence[int | None], order: Sequence[int], unit: Unit = Unit.TIME
) -> tuple[Figure, Figure]:
    """The median, and what nine of ten do not exceed. :param order: what ``ranked`` gives, or a part of it."""
    values = Ranked(column, order)
    return (
        Figure(f"{key}:median", f"{name}, median", median(values), unit, len(order), rows=order),
        Figure(f"{key}:p90", f"{name}, 90 % within", quantile(values, 0.9), unit, len(order), rows=order),
    )


# -- time --------------------------------------------------------------------------------------------------------------
def ms(moment: Instant) -> int:
    """Milliseconds since 1970."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def day_of(at: int) -> int:
    """The number of a day in UTC."""
    return at // DAY


def day_text(at: int) -> str:
    """The day of an instant in UTC, as 2026-03-31."""
    return (_EPOCH + timedelta(days=at // DAY)).isoformat()


@cache
def _month(day: int) -> str:
    return f"{_EPOCH + timedelta(days=day):%Y-%m}"


def month_of(at: int) -> str:
    """The month of an instant, as 2026-03."""
    return _month(at // DAY)


def _midnight(day: date) -> Instant:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
