"""What is to be expected of the episodes that are open: how many wins, how much; and how well that went before.

How each is computed stands in ``core.figures``. The back-test stands at the first moment of each of the last six months
and knows what was known then; it compares what it would have expected with what became of those episodes since. It
held if the wins by now and those that may still come are all within the interval, it failed if none of that can be, and
else it is too early to tell.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from syncd.core.figures import Expected, Reached, expected
from syncd.model.values import Instant
from syncd.operations.report import Figure, Later, Section, Table, Unit, count, ms, share
from syncd.operations.report_episodes import Episodes

STEPS: Final = ("opened_at", "delivered_at", "touched_at", "accepted_at", "offered_at")
"""How far an open episode is, by the last of these that there is."""
COLUMNS: Final = (*STEPS, "closed_at", "won_at", "amount", "currency")
NAMES: Final = {
    "opened_at": "begun",
    "delivered_at": "delivered",
    "touched_at": "touched",
    "accepted_at": "accepted",
    "offered_at": "offered",
}
MONTHS: Final = 6
HELD: Final = "yes"
FAILED: Final = "no"
EARLY: Final = "too early to tell"


@dataclass(slots=True)
class _Step:
    """One stage as of an instant: open episodes that are there, and the ended ones that had come as far."""

    there: list[int] = field(default_factory=list)
    ended: int = 0
    won: int = 0


def forecast(episodes: Episodes, *, now: Instant) -> Iterator[Section]:
    """Expected wins and amounts of now, and the back-test.

    :param episodes: all there are, whenever they began, with ``COLUMNS``.
    """
    past = _Past(episodes)
    steps = past.as_of(ms(now))
    rows = tuple(
        (
            NAMES[name],
            count(f"open:{NAMES[name]}", "open", step.there),
            share(f"chance:{NAMES[name]}", "won", past.bought(number, step.won, ms(now)), step.ended),
        )
        for number, (name, step) in enumerate(steps.items())
    )
    there = [at for step in steps.values() for at in step.there]
    unknown = [at for step in steps.values() if not step.ended for at in step.there]
    wins = expected(_counted(steps))
    figures = [_figure("expected:wins", "expected wins", wins, Unit.NUMBER, steps, there)]
    told = episodes["currency"]
    for currency in sorted({each for each in told if each is not None}):
        amounts = expected(_worth(episodes, steps, currency))
        title = f"expected amount {currency}".rstrip()
        worth = [at for at in there if told[at] == currency]
        figures.append(_figure(f"expected:amount:{currency or 'none'}", title, amounts, Unit.MONEY, steps, worth))
    if unknown:
        figures.append(count("expected:unknown", "open where nothing has ended yet, expected as none", unknown))
    words = (
        (
            "Of all that is open now, whenever it began: in each stage times the share of those won among the ended "
            "ones that had come so far. The interval is at 95 %. Amounts are those of deals that have one."
        ),
    )
    table = Table("open", "", ("open at", "open", "won, of those ended"), rows)
    yield Section("expected", "What is to be expected", words, tuple(figures), (table,))
    yield _backtest(past, now)


def _figure(
    key: str, name: str, found: Expected | None, unit: Unit, steps: dict[str, _Step], rows: Sequence[int]
) -> Figure:
    """``rows`` are the open episodes that something is expected of, ``of`` how many ended ones the shares rest on,
    where that is fewest and somebody is open.
    """
    of = min((step.ended for step in steps.values() if step.there and step.ended), default=0)
    if found is None:
        return Figure(key, name, None, unit, 0, rows=rows)
    value, low, high = found.value, found.low, found.high
    if unit is Unit.MONEY:
        value, low, high = round(value), round(low), round(high)
    note = "fewest ended episodes behind a share" if of else ""
    return Figure(key, name, value, unit, of, low, high, rows, note)


class _Past:
    """All episodes, so arranged that one can ask how everything stood at an instant."""

    def __init__(self, episodes: Episodes) -> None:
        self.episodes = episodes
        self.columns = [episodes[name] for name in STEPS]
        delivered, touched, accepted, offered = self.columns[1:]
        won = episodes["won_at"]
        last = [
            4 if o is not None else 3 if a is not None else 2 if t is not None else 1 if d is not None else 0
            for d, t, a, o in zip(delivered, touched, accepted, offered, strict=True)
        ]
        ended: list[list[int]] = [[] for _ in STEPS]
        bought: list[list[int]] = [[] for _ in STEPS]
        for number, end, win in zip(last, episodes["closed_at"], won, strict=True):
            if end is not None:
                ended[number].append(end)
                if win is not None:
                    bought[number].append(end)
        self.last = last
        self.ended, self.won = [sorted(each) for each in ended], [sorted(each) for each in bought]

    def bought(self, number: int, many: int, at: int) -> Later[int]:
        """Who had come as far as a step, and was won and ended by an instant: so ``many``."""
        won, closed, last = self.episodes["won_at"], self.episodes["closed_at"], self.last

        def find() -> list[int]:
            far = [place for place in self.episodes.all if last[place] >= number and won[place] is not None]
            return [place for place in far if closed[place] <= at]

        return Later(many, find)

    def as_of(self, at: int) -> dict[str, _Step]:
        """Every stage as it was known at an instant. Whoever was offered something counts as accepted, too."""
        opened, closed = self.episodes["opened_at"], self.episodes["closed_at"]
        steps = [_Step() for _ in STEPS]
        begun = range(bisect_right(opened, at))  # they come in this order
        delivered, touched, accepted, offered = self.columns[1:]
        for place in [place for place in begun if (end := closed[place]) is None or end > at]:
            if (when := offered[place]) is not None and when <= at:
                last = 4
            elif (when := accepted[place]) is not None and when <= at:
                last = 3
            elif (when := touched[place]) is not None and when <= at:
                last = 2
            else:
                last = int((when := delivered[place]) is not None and when <= at)
            steps[last].there.append(place)
        for number in range(len(STEPS)):
            for step in steps[: number + 1]:
                step.ended += bisect_right(self.ended[number], at)
                step.won += bisect_right(self.won[number], at)
        return dict(zip(STEPS, steps, strict=True))


def _counted(steps: dict[str, _Step]) -> list[Reached]:
    return [Reached(step.ended, step.won, [1] * len(step.there)) for step in steps.values()]


def _worth(episodes: Episodes, steps: dict[str, _Step], currency: str) -> list[Reached]:
    amount, told = episodes["amount"], episodes["currency"]
    return [
        Reached(step.ended, step.won, [amount[at] for at in step.there if told[at] == currency])
        for step in steps.values()
    ]


# -- how well it went before -------------------------------------------------------------------------------------------
def _backtest(past: _Past, now: Instant) -> Section:
    episodes = past.episodes
    won, closed = episodes["won_at"], episodes["closed_at"]
    rows: list[tuple[str | Figure, ...]] = []
    held = judged = 0
    for moment in _months(now):
        steps = past.as_of(ms(moment))
        found = expected(_counted(steps))
        there = [at for step in steps.values() for at in step.there]
        if found is None or not there:
            continue
        wins = [at for at in there if won[at] is not None]
        still = [at for at in there if closed[at] is None]
        told = _verdict(found, len(wins), len(wins) + len(still))
        judged += told != EARLY
        held += told == HELD
        day = f"{moment:%Y-%m-%d}"
        rows.append(
            (
                day,
                Figure(f"back:{day}:open", "open then", len(there), rows=there),
                _figure(f"back:{day}:expected", "expected", found, Unit.NUMBER, steps, there),
                Figure(f"back:{day}:won", "won since", len(wins), rows=wins),
                Figure(f"back:{day}:still", "still open", len(still), rows=still),
                told,
            )
        )
    heads = ("as of", "open then", "expected", "won since", "still open", "within")
    words = (
        (
            "What this would have expected at the beginning of each of the last six months, from what was known then, "
            "and what became of those episodes. Within: the wins by now, and with all that may still come, are."
        ),
    )
    figures = (Figure("back:held", "forecasts that held", held, of=judged),) if judged else ()
    return Section(
        "backtest", "How well that went before", words, figures, (Table("backtest", "", heads, tuple(rows)),)
    )


def _verdict(found: Expected, least: int, most: int) -> str:
    """Whether what became of them is within the interval, whatever comes of those still open."""
    if found.low <= least and most <= found.high:
        return HELD
    return FAILED if most < found.low or least > found.high else EARLY


def _months(now: Instant) -> Sequence[Instant]:
    """The first moments of the last months, oldest first; the present one is too young to tell."""
    number = now.year * 12 + now.month - 1
    return [datetime(each // 12, each % 12 + 1, 1, tzinfo=UTC) for each in range(number - MONTHS, number)]
