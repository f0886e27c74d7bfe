"""``syncd report credit``: what was won and what is offered, by whoever and whatever had a part in it.

Won and its amount are those of the period. An opportunity that was sold to whoever was won before counts in the period
of its own win, and is no win of a handoff. The conversion is of the people who came in it, whenever they were won:
somebody who was given back and handed over again is one, as for whoever counts leads.
The same win is credited under each dimension, once: credit is shared, and tables of different dimensions are never
added up. Amounts are per currency, as the ledger has them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import Final

from syncd.core.figures import SMALL
from syncd.model.episode import State
from syncd.model.values import Instant
from syncd.operations.report import (
    NONE,
    Bar,
    Chart,
    Figure,
    Period,
    Report,
    Section,
    Table,
    Unit,
    count,
    day_of,
    middle,
    ranked,
    share,
)
from syncd.operations.report_episodes import Episodes
from syncd.operations.report_oddities import oddities
from syncd.operations.report_sales import Again, Amounts, again_by, places_of
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
    """What was won in a period and what is offered now, with whole days from first contact to win; ``ever`` are those
    begun in it that were won at any time, ``again`` the opportunities that were won in it after their handoff was.
    """

    def __init__(self, store: Store, period: Period, by: Sequence[str] = (), *, now: Instant) -> None:
        names = ("state", "opened_at", "contacted_at", "won_at", "amount", "currency", *by)
        self.episodes = Episodes(store, names, period, read=Period())
        self.opened = self.episodes.within("opened_at", period)
        self.won = self.episodes.within("won_at", period)
        state, offered = self.episodes["state"], State.OFFERED.value
        self.offered = [at for at in self.episodes.all if state[at] == offered]
        self.days: list[int | None] = [None] * len(self.episodes.all)
        met, won = self.episodes["contacted_at"], self.episodes["won_at"]
        ahead = frozenset(self.episodes.ahead(now, self.won))
        for at in self.won:
            if at not in ahead and met[at] is not None and day_of(won[at]) >= day_of(met[at]):
                self.days[at] = day_of(won[at]) - day_of(met[at])
        self.ever = [at for at in self.opened if won[at] is not None]
        amounts = Amounts(store, self.episodes)
        self.amount, self.again = amounts.first, amounts.within(period)
        sold = (*self.won, *self.offered, *(sale.place for sale in self.again))
        currency = self.episodes["currency"]
        self.currencies = sorted({currency[at] for at in sold if currency[at] is not None})

    @property
    def here(self) -> Sequence[int]:
        """The episodes in which something happened in the period, or to which something was sold again in it."""
        here = self.episodes.here
        more = set(places_of(self.again)).difference(here) if self.again else ()
        return sorted([*here, *more]) if more else here

    def money(self, key: str, name: str, among: Sequence[int], again: Sequence[Again] = ()) -> Iterator[Figure]:
        """The sum in each currency there is; ``of`` says how many had an amount."""
        amount, currency = self.amount, self.episodes["currency"]
        for each in self.currencies:
            there = [at for at in among if currency[at] == each and amount[at] is not None]
            more = [sale for sale in again if currency[sale.place] == each and sale.amount is not None]
            total = sum(amount[at] or 0 for at in there) + sum(sale.amount or 0 for sale in more)
            title = f"{name} {each}" if each else f"{name}, currency not told"
            rows = list(dict.fromkeys((*there, *places_of(more)))) if more else there
            yield Figure(f"{key}:{each or 'none'}", title, total, Unit.MONEY, len(there) + len(more), rows=rows)

    def sold_again(self, key: str, again: Sequence[Again]) -> Iterator[Figure]:
        """What of it was sold to whoever was won before; nothing is told where nothing was in the whole period."""
        if self.again:
            yield Figure(f"{key}:again", "sold again", len(again), rows=places_of(again))
            yield from self.money(f"{key}:again", "of it sold again", (), again)


def credit(store: Store, period: Period, *, now: Instant, by: Sequence[str] = (), top: int = 20) -> Report:
    """The report.

    :param by: dimensions; all of them unless given.
    :param top: how many rows a table has at most; 0 for all.
    """
    chosen = tuple(by) or DIMENSIONS
    wins = Wins(store, period, chosen, now=now)
    sections = (
        _sum(wins),
        *(_apart(wins, name, top) for name in chosen),
        oddities(wins.episodes, wins.here, now=now),
    )
    return Report("credit", "Credit", period, sections, wins.episodes["id"], wins.episodes["person"])


def _sum(wins: Wins) -> Section:
    words = (
        (
            "Won: handoffs that were won in the period, by a deal or by the stage. A handoff is won once, however many "
            "of its opportunities were; the amount is of all opportunities that were won in the period. Sold again: "
            "those of them whose handoff had been won on an earlier day. "
            "Conversion: of the people who began in the period, those won at any time; who was "
            "handed over twice is one. Offered: open with a deal, as of now. Days: whole days in UTC from first "
            "contact to win, of those won in the period."
        ),
        "Every table credits the same wins; never add two of them up.",
    )
    return Section(
        "sum",
        "All",
        words,
        (
            count("opened", "begun", wins.opened),
            *_figures(wins, "all", _Group(wins.opened, wins.ever, wins.won, wins.offered, wins.again)),
        ),
    )


@dataclass(frozen=True, slots=True)
class _Group:
    """The episodes that one row counts."""

    opened: Sequence[int]
    ever: Sequence[int]
    won: Sequence[int]
    offered: Sequence[int]
    again: Sequence[Again] = ()


def _figures(wins: Wins, key: str, group: _Group) -> Iterator[Figure]:
    yield count(f"{key}:won", "won", group.won)
    person = wins.episodes["person"]
    won = {person[at]: at for at in group.ever}
    yield share(f"{key}:conversion", "conversion", list(won.values()), wins.episodes.different(group.opened))
    yield middle(f"{key}:days", "days to win, median", wins.days, ranked(wins.days, group.won), Unit.DAYS)
    yield from wins.money(f"{key}:amount", "won", group.won, group.again)
    yield from wins.sold_again(key, group.again)
    yield count(f"{key}:offered", "offered", group.offered)
    yield from wins.money(f"{key}:pipeline", "offered", group.offered)


def _groups(wins: Wins, name: str, top: int) -> list[tuple[str, _Group]]:
    """By one dimension: most wins first, then most episodes. Only those that are shown are gathered."""
    episodes = wins.episodes
    column = episodes[name]
    begun = Counter(map(column.__getitem__, wins.opened))
    ever, won, offered = (episodes.by(name, rows) for rows in (wins.ever, wins.won, wins.offered))
    again = again_by(name, wins.again, episodes)
    sold = won.keys() | again.keys()
    values = {NONE if value is None else value for value in begun} | sold | offered.keys()

    def place(value: str) -> tuple[int, int, str]:
        sales = len(won.get(value, ())) + len(again.get(value, ()))
        return -sales, -begun[None if value == NONE else value], value

    whole = top == 0 or len(values) <= top
    # Whoever has won something stands before all who have not, and those are very many.
    shown = sorted(values, key=place) if whole else nsmallest(top, sold if len(sold) >= top else values, key=place)
    known = {None if value == NONE else value for value in shown}
    opened = episodes.by(name, wins.opened if whole else [at for at in wins.opened if column[at] in known])
    four = [opened, ever, won, offered]
    groups = [(value, _group([rows.get(value, []) for rows in four], again.get(value, ()))) for value in shown]
    if not whole:
        rest = (
            [at for at in rows if column[at] not in known] for rows in (wins.opened, wins.ever, wins.won, wins.offered)
        )
        others = [sale for value, sales in again.items() if value not in shown for sale in sales]
        groups.append((f"{len(values) - len(shown):,} others", _group(list(rest), others)))
    return groups


def _group(four: Sequence[Sequence[int]], again: Sequence[Again]) -> _Group:
    opened, ever, won, offered = four
    return _Group(opened, ever, won, offered, again)


def _apart(wins: Wins, name: str, top: int) -> Section:
    """One dimension as a table and a chart."""
    groups = _groups(wins, name, top)
    rows: list[tuple[str | Figure, ...]] = []
    for value, group in groups:
        key = f"{name}:{value}"
        rows.append((value, count(f"{key}:opened", "begun", group.opened), *_figures(wins, key, group)))
    title = NAMES.get(name, name)
    heads = (title, "begun", *(figure.name for figure in _figures(wins, "", _Group((), (), (), ()))))
    bars = tuple(
        Bar(
            value, len(each.won), f"{len(each.won):,} won of {len(each.opened):,} begun", small=len(each.opened) < SMALL
        )
        for value, each in groups[:12]
        if each.won
    )
    most = max((bar.value for bar in bars), default=0)
    charts = (Chart(f"Won, by {title}", bars, most),) if len(bars) > 1 else ()
    return Section(f"by:{name}", f"By {title}", tables=(Table(name, "", heads, tuple(rows)),), charts=charts)
