"""What cannot be true of episodes, or is lacking in them: the part that every report about handoffs ends with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from syncd.model.episode import IMPOSSIBLE, Oddity
from syncd.model.values import Instant
from syncd.operations.report import Section, count
from syncd.operations.report_episodes import Episodes


def oddities(episodes: Episodes, among: Sequence[int], *, now: Instant) -> Section:
    """What cannot be true or is lacking, counted; each can be opened down to its records."""
    found: dict[str, list[int]] = {}
    column = episodes["oddities"]
    for at in [at for at in among if column[at]]:
        for odd in column[at].split():
            found.setdefault(odd, []).append(at)
    if ahead := episodes.ahead(now, among):
        found[Oddity.IN_FUTURE] = ahead
    figures = tuple(
        count(
            f"oddity:{odd}", _TOLD[odd], found[odd], "cannot be true" if odd in IMPOSSIBLE else "incomplete or unusual"
        )
        for odd in Oddity
        if odd in found
    )
    words = (
        "Nothing of this is left out of the counts. Times that cannot be true are in no median, mean or clock. "
        "A value called `unknown` is a value; what nobody has told is a gap."
    )
    return Section("oddities", "What cannot be true, or is lacking", (words,), figures)


_TOLD: Final[Mapping[str, str]] = {
    Oddity.WON_BEFORE_CONTACT: "won before the first contact",
    Oddity.QUALIFIED_BEFORE_CONTACT: "qualified before the first contact",
    Oddity.DECIDED_BEFORE_QUALIFIED: "decided before qualified",
    Oddity.TOUCHED_BEFORE_DELIVERED: "touched before delivered",
    Oddity.DECIDED_BEFORE_DELIVERED: "decided before delivered",
    Oddity.IN_FUTURE: "a date in the future",
    Oddity.MOVED_ON: "moved on by marketing or automation: sales has said nothing",
    Oddity.NEVER_QUALIFIED: "taken up without being qualified",
    Oddity.REOPENED: "an end that was taken back",
    Oddity.SOLD_AGAIN: "won, with another opportunity that is open, or was won on a later day",
    Oddity.TWO_OWNERS: "two owners of one company",
    Oddity.TWO_CURRENCIES: "deals in two currencies, and no rates: one is counted",
    Oddity.NO_RATE: "a deal in a currency without a rate: its amount is left out",
    Oddity.NO_ORIGIN: "no origin",
    Oddity.HANDED_ON: "taken from an owner who did not touch them in time",
}
