"""``syncd report review``: one month on one page, for the meeting of both teams.

What each team promised and kept; the five main reasons why handoffs came to nothing; what the figures propose to change
in the definitions; and every win with the names of both sides. A proposal names the figure it rests on, is made from at
least twenty episodes, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import Final

from syncd.core.figures import SMALL
from syncd.model.episode import State
from syncd.model.lifecycle import Commitments
from syncd.model.values import Instant
from syncd.operations.report import NONE, Figure, Period, Report, Section, Table, Unit, day_text, share
from syncd.operations.report_cohort import Handoffs, acceptance
from syncd.operations.report_commitments import commitments
from syncd.operations.report_credit import Wins
from syncd.operations.report_episodes import Episodes
from syncd.operations.report_oddities import oddities
from syncd.operations.report_rating import compared
from syncd.operations.report_sales import places_of
from syncd.ports.store import Store

REASONS: Final = 5
MUCH: Final = 0.3
"""A reason that so large a part of what sales rejected or gave back has is worth a look at the definition."""
HALF: Final = 0.5
FORWARD: Final = ("origin", "persona", "asset")
_TURNED_DOWN: Final = (State.REJECTED, State.RECYCLED)
_NOTHING: Final = (*_TURNED_DOWN, State.LOST)
_WIN: Final = ("won_at", "amount", "currency", "company", "origin", "last_touch", "qualified_by", "ae", "sdr", "owner")
_BDR: Final = ("bdr", "born")


def review(
    store: Store,
    *,
    month: tuple[int, int],
    now: Instant,
    promised: Commitments,
    letters: Sequence[str],
    qualified: str,
) -> Report:
    """The page of a calendar month. ``qualified`` is what people call the stage that opens a handoff."""
    period = Period.month(*month)
    before = Period.month(*_before(month))
    found = Handoffs(store, period, now, FORWARD, read=Period(before.since, period.until))
    wins = Wins(store, period, (*_WIN, *_BDR), now=now)
    rows = tuple((f"{number}", text) for number, text in enumerate(_proposals(found, letters, qualified), 1))
    proposals = Section(
        "proposals",
        "Proposed changes of definitions",
        ("Made from the figures of the month, each of at least 20 episodes. Nothing is changed by them.",)
        + (() if rows else ("None: no figure of the month asks for one.",)),
        tables=(Table("proposals", "", ("number", "proposal"), rows),) if rows else (),
    )
    sections = (
        commitments(found, promised, month=True),
        _main_reasons(found, before),
        proposals,
        _wins(wins, found.episodes["id"]),
        oddities(found.episodes, found.episodes.here, now=now),
    )
    title = f"Review of {month[0]}-{month[1]:02d}"
    return Report("review", title, period, sections, found.episodes["id"], found.episodes["person"])


def _before(month: tuple[int, int]) -> tuple[int, int]:
    year, number = month
    return (year - 1, 12) if number == 1 else (year, number - 1)


def _ended(found: Handoffs, states: Collection[State], period: Period) -> list[int]:
    """Whose handoff ended so, by their places among the people."""
    state = found.people["state"]
    return [at for at in found.people.within("closed_at", period) if state[at] in states]


def _main_reasons(found: Handoffs, before: Period) -> Section:
    ended, earlier = _ended(found, _NOTHING, found.period), _ended(found, _NOTHING, before)
    people = found.people
    past = people.by("reason", earlier)
    told = sorted(people.by("reason", ended).items(), key=lambda each: (-len(each[1]), each[0]))[:REASONS]
    rows = tuple(
        (
            reason,
            share(f"main:{reason}", "share", people.persons(hits), len(ended)),
            _of(f"main:{reason}:before", "month before", people.persons(past.get(reason, [])), len(earlier)),
        )
        for reason, hits in told
    )
    words = "Of all people whose handoff ended in the month without a win: rejected, recycled or lost."
    table = Table("main", "", ("reason", "share", "month before"), rows)
    return Section("main", "Five main reasons", (words,), tables=(table,))


def _of(key: str, name: str, rows: list[str], of: int) -> Figure:
    return Figure(key, name, len(rows), of=of, rows=rows)


def _proposals(found: Handoffs, letters: Sequence[str], qualified: str) -> Iterator[str]:
    """Sentences, each with the figures behind it."""
    episodes = found.episodes
    ended = _ended(found, _TURNED_DOWN, found.period)
    for reason, hits in sorted(found.people.by("reason", ended).items(), key=lambda each: -len(each[1])):
        if len(ended) >= SMALL and len(hits) >= MUCH * len(ended):
            what = f"{len(hits):,} of {len(ended):,} that sales rejected or gave back"
            yield (
                f"{what} gave no reason: ask for one in each transition that ends a handoff."
                if reason == NONE
                else f"{what} did so for the reason {reason}: let the entry criteria of {qualified} keep them out."
            )
    overall = acceptance(found, found.cohort, "", "")
    for name in FORWARD:
        for value, rows in sorted(episodes.by(name, found.cohort).items()):
            part = acceptance(found, rows, "", "")
            if part.small or part.high is None or overall.value is None or value == NONE:
                continue
            if part.high < overall.value:
                whom = f"{part.of:,} with {name.replace('_', ' ')} {value}"
                yield (
                    f"Sales accepts {100 * (part.value or 0):.0f} % of {whom}, and "
                    f"{100 * overall.value:.0f} % of all: ask more of them before they are {qualified}."
                )
    grades = episodes.by("grade", found.cohort)
    rated = [(each, acceptance(found, grades[each], "", "")) for each in letters if each in grades]
    for (better, one), (worse, other) in pairwise(rated):
        if not (one.small or other.small) and (one.value or 0) < (other.value or 0):
            yield f"Grade {better} {compared(one, other)} (grade {worse}): look at the rules of rating.yaml."
    for what, words in (("touch", "first touches"), ("decision", "decisions")):
        kept = found.attainment("", "", what, found.cohort)
        if not kept.small and kept.value is not None and kept.value < HALF:
            in_time = f"{100 * kept.value:.0f} % of {kept.of:,} {words} were in time"
            yield f"{in_time}: agree on another time, or on who answers."


def _wins(wins: Wins, ids: Sequence[str]) -> Section:
    """Every win of the month, with both names: who brought it, and who closed it; what was sold again stands below.

    :param ids: the episodes of the page, which are others than those among which wins are found.
    """
    episodes = wins.episodes
    sold = {episodes["id"][at] for at in (*wins.won, *places_of(wins.again))}
    places = {which: [place] for place, which in enumerate(ids) if which in sold}
    ordered = sorted(wins.won, key=lambda at: (episodes["won_at"][at], episodes["id"][at]))
    rows: list[tuple[str | Figure, ...]] = []
    for at in ordered:
        which, closer = episodes["id"][at], episodes["ae"][at] or episodes["owner"][at]
        amount = Figure(f"win:{which}", "amount", wins.amount[at], Unit.MONEY, rows=places.get(which, ()))
        rows.append(_win(episodes, at, day_text(episodes["won_at"][at]), closer, amount))
    for number, sale in enumerate(wins.again, 1):
        which, closer = episodes["id"][sale.place], sale.ae or episodes["owner"][sale.place]
        opens = places.get(which) or [episodes["person"][sale.place]]  # the page reads no handoff that was over before
        amount = Figure(f"again:{number}:{which}", "amount", sale.amount, Unit.MONEY, rows=opens)
        rows.append(_win(episodes, sale.place, f"{day_text(sale.at)}, again", closer, amount))
    words = (
        "Whoever brought it stands first: in marketing who qualified (in sales who found them), then the source. "
        "*Again*: another opportunity of whoever was won on an earlier day."
    )
    heads = ("won", "company or person", "brought by", "closed by", "amount", "currency")
    return Section("wins", "Wins, with both names", (words,), tables=(Table("wins", "", heads, tuple(rows)),))


def _win(episodes: Episodes, at: int, day: str, closer: str | None, amount: Figure) -> tuple[str | Figure, ...]:
    """One line of them."""
    row = {name: episodes[name][at] for name in (*_WIN, *_BDR)}
    brought = row["bdr"] if row["born"] == "sales" else row["qualified_by"]
    source = ", ".join(each for each in (row["origin"], row["last_touch"]) if each) or "origin not told"
    closed = " and ".join(dict.fromkeys(each for each in (row["sdr"], closer) if each))
    return (
        day,
        row["company"] or episodes["person"][at],
        f"{brought or 'automation'} ({source})",
        closed or "nobody named",
        amount,
        row["currency"] or "",
    )
