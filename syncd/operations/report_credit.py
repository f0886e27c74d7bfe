"""``syncd report credit``: what was won and what is offered, by whoever and whatever had a part in it.

Won and its amount are those of the period; the conversion is of the episodes that began in it, whenever they were won.
The same win is credited under each dimension, once: credit is shared, and tables of different dimensions are never
added up. Amounts are per currency and never converted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import nsmallest
from typing import Final

from syncd.model.episode import State
from syncd.operations.report import (
    NONE,
    Bar,
    Chart,
    Episodes,
    Figure,
    Period,
    Report,
    Section,
    Table,
    Unit,
    count,
    day_of,
    middle,
    oddities,
    share,
)
from syncd.ports.store import Store

DIMENSIONS: Final = (
    "origin",
    "last_touch",
    "asset",
    "persona",
    "grade",
    "sdr",
    "bdr",
    "ae",
    "owner",
    "qualified_by",
    "born",
    "person",
    "company",
)
NAMES: Final = {
    "origin": "first source",
    "last_touch": "last touch before qualification",
    "asset": "asset or landing page",
    "sdr": "SDR",
    "bdr": "BDR",
    "ae": "AE",
    "qualified_by": "who qualified in marketing",
    "born": "how it began",
}


class Wins:
    """What was won in a period and what is offered now, with whole days from first contact to win."""

    def __init__(self, store: Store, period: Period, by: Sequence[str] = ()) -> None:
        names = ("state", "opened_at", "contacted_at", "won_at", "amount", "currency", *by)
        self.episodes = Episodes(store, names, period)
        self.opened = self.episodes.within("opened_at", period)
        self.won = self.episodes.within("won_at", period)
        state, offered = self.episodes["state"], State.OFFERED.value
        self.offered = [at for at in self.episodes.all if state[at] == offered]
        self.days: list[int | None] = [None] * len(self.episodes.all)
        met, won = self.episodes["contacted_at"], self.episodes["won_at"]
        for at in self.won:
            if met[at] is not None and day_of(won[at]) >= day_of(met[at]):
                self.days[at] = day_of(won[at]) - day_of(met[at])
        currency = self.episodes["currency"]
        self.currencies = sorted({currency[at] for at in (*self.won, *self.offered) if currency[at] is not None})

    def money(self, key: str, name: str, among: Sequence[int]) -> Iterator[Figure]:
        """The sum in each currency there is; ``of`` says how many had an amount."""
        amount, currency = self.episodes["amount"], self.episodes["currency"]
        for each in self.currencies:
            there = [at for at in among if currency[at] == each]
            total = sum(amount[at] for at in there)
            title = f"{name} {each}" if each else f"{name}, currency not told"
            yield Figure(f"{key}:{each or 'none'}", title, total, Unit.MONEY, len(there), rows=there)

    def ever(self, among: Sequence[int]) -> list[int]:
        """Those that were won at any time."""
        won = self.episodes["won_at"]
        return [at for at in among if won[at] is not None]


def credit(store: Store, period: Period, *, by: Sequence[str] = (), top: int = 20) -> Report:
    """The report.

    :param by: dimensions; all of them unless given.
    :param top: how many rows a table has at most; 0 for all.
    """
    chosen = tuple(by) or DIMENSIONS
    wins = Wins(store, period, chosen)
    sections = (
        _sum(wins),
        *(_apart(wins, name, top) for name in chosen),
        oddities(wins.episodes, wins.episodes.all),
    )
    return Report("credit", "Credit", period, sections, wins.episodes["id"], wins.episodes["person"])


def _sum(wins: Wins) -> Section:
    words = (
        (
            "Won: in the period. Conversion: of the episodes begun in the period, those won at any time. Offered: open "
            "with a deal, as of now. Days: whole days in UTC from first contact to win, of those won in the period."
        ),
        "Every table credits the same wins; never add two of them up.",
    )
    return Section("sum", "All", words, (count("opened", "begun", wins.opened), *_figures(wins, "all", None)))


def _figures(wins: Wins, key: str, rows: tuple[list[int], list[int], list[int]] | None) -> Iterator[Figure]:
    opened, won, offered = (wins.opened, wins.won, wins.offered) if rows is None else rows
    yield count(f"{key}:won", "won", won)
    yield share(f"{key}:conversion", "conversion", wins.ever(opened), len(opened))
    yield middle(f"{key}:days", "days to win, median", wins.days, won, Unit.DAYS)
    yield from wins.money(f"{key}:amount", "won", won)
    yield count(f"{key}:offered", "offered", offered)
    yield from wins.money(f"{key}:pipeline", "offered", offered)


def _apart(wins: Wins, name: str, top: int) -> Section:
    """One dimension: most wins first, then most episodes."""
    episodes = wins.episodes
    opened, won, offered = (episodes.by(name, rows) for rows in (wins.opened, wins.won, wins.offered))
    values = opened.keys() | won.keys() | offered.keys()
    nothing: list[int] = []

    def place(value: str) -> tuple[int, int, str]:
        return -len(won.get(value, nothing)), -len(opened.get(value, nothing)), value

    shown = sorted(values, key=place) if top == 0 or len(values) <= top else nsmallest(top, values, key=place)
    groups = [(value, (opened.get(value, []), won.get(value, []), offered.get(value, []))) for value in shown]
    if len(values) > len(shown):
        column, known = episodes[name], {None if value == NONE else value for value in shown}
        others = [[at for at in rows if column[at] not in known] for rows in (wins.opened, wins.won, wins.offered)]
        groups.append((f"{len(values) - len(shown):,} others", (others[0], others[1], others[2])))
    rows: list[tuple[str | Figure, ...]] = []
    for value, these in groups:
        key = f"{name}:{value}"
        figures = tuple(_figures(wins, key, these))
        rows.append((value, count(f"{key}:opened", "begun", these[0]), *figures))
    title = NAMES.get(name, name)
    heads = (title, "begun", *(figure.name for figure in _figures(wins, "", ([], [], []))))
    bars = tuple(
        Bar(value, len(these[1]), f"{len(these[1]):,} won of {len(these[0]):,} begun", small=len(these[0]) < 20)
        for value, these in groups[:12]
        if these[1]
    )
    most = max((bar.value for bar in bars), default=0)
    charts = (Chart(f"Won, by {title}", bars, most),) if len(bars) > 1 else ()
    return Section(f"by:{name}", f"By {title}", tables=(Table(name, "", heads, tuple(rows)),), charts=charts)
