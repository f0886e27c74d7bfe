"""What both teams do about the leads of the Olist funnel: a script, made of its two files and a seed.

The files decide who is qualified on which day, who wins whom at which second, and which two of sales have a part in it.
Everything else (the hour of a day, who takes up the others, what becomes of those who never bought, and when) is drawn
from the seed, lead by lead, so that a part of the leads does what the same leads do among all. Nothing here knows how
a deed is done (``sandbox.cast``). All times are UTC.

Marketing qualifies in the morning of São Paulo; sales calls in two blocks a day, Monday to Friday. Who was won before
anybody in marketing had met them was found and entered by sales; marketing meets them afterwards, as the files have it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final

from sandbox.olist_files import OlistRows, Row, instant_of

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
MEETS: Final = timedelta(hours=13)
"""When marketing's morning begins."""
AT_ONCE: Final = timedelta(minutes=5)
"""When those are met, from midnight on, who were won within hours of the day on which they were met."""
SOON: Final = 5 * HOUR
BLOCKS: Final = (time(13), time(17))
"""When sales' hours on the telephone begin; each is an hour long."""
MARKETERS: Final = 3
REASONS: Final[Mapping[str, int]] = {"Not a fit": 40, "No contact": 30, "Timing": 18, "Bad data": 7, "Duplicate": 5}
"""Why sales says no, in the words of its list, with how often."""
LOST: Final[Mapping[str, int]] = {"Timing": 35, "Not a fit": 30, "No contact": 35}
"""Why nothing came of whom sales had accepted."""
LATER: Final = frozenset({"Timing", "No contact"})
"""Reasons after which marketing may qualify somebody anew."""
UNTOUCHED: Final = 0.12
"""The share of those never won whom nobody takes up."""
ACCEPTED: Final = 0.35
"""Of those taken up and never won, the share that sales accepts before nothing comes of it."""
WORKING: Final = 0.1
"""Of those accepted and never won, the share with whom sales is still talking in the end."""
AGAIN: Final = 0.2
"""Of those given back for a reason that passes, the share that marketing qualifies anew."""


class Does(StrEnum):
    """What somebody does about a lead."""

    MEET = "meet"
    QUALIFY = "qualify"
    ENTER = "enter"
    PICK_UP = "pick up"
    ACCEPT = "accept"
    REJECT = "reject"
    RECYCLE = "recycle"
    REQUALIFY = "requalify"
    CONVERT = "convert"
    WIN = "win"


@dataclass(frozen=True, slots=True, order=True)
class Deed:
    """One thing that one person does about one lead: ``by`` is a marketer's or a representative's id of the script."""

    at: datetime
    lead: str
    does: Does
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Script:
    """The deeds of each lead in their order, and who does them; all between ``begins`` and ``ends``.

    ``begins`` is a midnight, and ``ends`` far enough behind the last deed for hourly polls to see it.
    """

    seed: int
    rows: OlistRows
    deeds: Mapping[str, tuple[Deed, ...]]
    marketers: tuple[str, ...]
    sdrs: tuple[str, ...]
    closers: tuple[str, ...]
    begins: datetime
    ends: datetime

    @property
    def length(self) -> int:
        """How many deeds there are."""
        return sum(map(len, self.deeds.values()))


def script_of(rows: OlistRows, *, seed: int, only: int = 0) -> Script:
    """The whole script. :param only: the first so many leads of the file, who do the same as among all; 0 for all."""
    sdrs = tuple(sorted({deal["sdr_id"] for deal in rows.deals.values()}))
    closers = tuple(sorted({deal["sr_id"] for deal in rows.deals.values()}))
    marketers = tuple(f"marketer{number}" for number in range(1, MARKETERS + 1))
    last = max(instant_of(lead["first_contact_date"]) for lead in rows.leads.values())
    last = max([last, *(instant_of(deal["won_date"]) for deal in rows.deals.values())])
    played = rows.first(only) if only else rows
    deeds = {}
    for mql, lead in played.leads.items():
        story = _Story(mql, lead, random.Random(f"{seed} {mql}"), marketers, sdrs, last)
        deal = played.deals.get(mql)
        deeds[mql] = tuple(story.won(deal) if deal is not None else story.never_won())
    begins = min(told[0].at for told in deeds.values()).replace(hour=0, minute=0, second=0)
    ends = max(told[-1].at for told in deeds.values()) + 2 * HOUR
    return Script(seed, played, deeds, marketers, sdrs, closers, begins, ends)


class _Story:
    """One lead from the first contact on."""

    def __init__(
        self, mql: str, lead: Row, chance: random.Random, marketers: tuple[str, ...], sdrs: tuple[str, ...],
        last: datetime,
    ) -> None:  # fmt: skip
        self.mql = mql
        self.met = instant_of(lead["first_contact_date"])
        self.chance = chance
        self.marketer = chance.choice(marketers)
        self.sdr = chance.choice(sdrs)
        self.last = last

    def won(self, deal: Row) -> Iterator[Deed]:
        """Taken up, accepted, converted and won, by those and at the second that the file names."""
        won, self.sdr = instant_of(deal["won_date"]), deal["sdr_id"]
        if won < self.met + 2 * AT_ONCE:
            yield self._deed(won - DAY, Does.ENTER, self.sdr)
            yield self._deed(won - 3 * HOUR, Does.CONVERT, deal["sr_id"])
            yield self._deed(won, Does.WIN, deal["sr_id"])
            yield from self._qualified()
            return
        met, qualified = self._qualified(early=won - self.met < MEETS + SOON)
        yield met
        yield qualified
        seen = qualified.at.replace(minute=0, second=0) + HOUR + AT_ONCE  # the poll after it is over
        share = (won - seen) / 20
        picked = self._block(seen + share * self.chance.uniform(0, 2), until=seen + share * 4)
        accepted = self._block(picked + share * self.chance.uniform(0.5, 4), until=seen + share * 9)
        converted = self._block(accepted + share * self.chance.uniform(2, 8), until=won - share)
        yield self._deed(picked, Does.PICK_UP, self.sdr)
        yield self._deed(accepted, Does.ACCEPT, self.sdr)
        yield self._deed(converted, Does.CONVERT, deal["sr_id"])
        yield self._deed(won, Does.WIN, deal["sr_id"])

    def never_won(self) -> Iterator[Deed]:
        """Rejected, given back after a yes, still talked to, or never taken up; some of them twice."""
        met, qualified = self._qualified()
        yield met
        deed, back = qualified, True
        while back:
            yield deed
            back = False
            for following in self._taken_up(deed.at):
                if following.at >= self.last:
                    return
                yield following
                deed = following
            if deed.does in {Does.REJECT, Does.RECYCLE} and deed.reason in LATER and self.chance.random() < AGAIN:
                again = self._morning(deed.at + DAY * self.chance.uniform(30, 90))
                if back := again < self.last - 30 * DAY:
                    deed = self._deed(again, Does.REQUALIFY, self.marketer)

    def _taken_up(self, since: datetime) -> Iterator[Deed]:
        """What sales makes of one qualification that ends in nothing."""
        chance = self.chance
        if chance.random() < UNTOUCHED:
            return
        at = self._block(since + HOUR + HOUR * min(chance.expovariate(1 / 20), 240))
        yield self._deed(at, Does.PICK_UP, self.sdr)
        at = self._block(at + HOUR * chance.uniform(0.2, 60))
        if chance.random() >= ACCEPTED:
            yield self._deed(at, Does.REJECT, self.sdr, _one_of(REASONS, chance))
            return
        yield self._deed(at, Does.ACCEPT, self.sdr)
        if chance.random() >= WORKING:
            at = self._block(at + DAY * chance.uniform(4, 40))
            yield self._deed(at, Does.RECYCLE, self.sdr, _one_of(LOST, chance))

    def _qualified(self, *, early: bool = False) -> tuple[Deed, Deed]:
        """Met and qualified on the day of the file."""
        at = self.met + AT_ONCE + MINUTE * self.chance.uniform(0, 10) if early else self._morning(self.met)
        met = self._deed(at, Does.MEET, self.marketer)
        return met, self._deed(at + MINUTE * self.chance.uniform(1, 4), Does.QUALIFY, self.marketer)

    def _morning(self, at: datetime) -> datetime:
        day = at.replace(hour=0, minute=0, second=0, microsecond=0)
        return day + MEETS + MINUTE * self.chance.uniform(0, 50)

    def _block(self, at: datetime, *, until: datetime | None = None) -> datetime:
        """The next moment of sales' hours; the moment itself where that would be too late."""
        for day in range(4):
            date = at.date() + timedelta(days=day)
            for begins in BLOCKS if date.weekday() < 5 else ():
                opens = datetime.combine(date, begins, tzinfo=at.tzinfo)
                closes = opens + HOUR - MINUTE
                if at < closes:
                    chosen = max(at, opens + MINUTE * self.chance.uniform(0, 50)) if at < opens else at
                    return chosen if until is None or chosen <= until else at
        return at

    def _deed(self, at: datetime, does: Does, by: str, reason: str = "") -> Deed:
        return Deed(at.replace(microsecond=0), self.mql, does, by, reason)


def _one_of(weights: Mapping[str, int], chance: random.Random) -> str:
    return chance.choices(list(weights), weights=list(weights.values()))[0]
