"""``syncd report rating``: whether a grade deserves its name, by what sales said and by what was won.

What marketing withdrew before sales answered has no part in a win rate: nobody tried to win it, as nobody said no to
it. Whatever else has ended and was not won counts, also what was given back without a word.

Grades are compared with the next one below, by acceptance and by wins. A better grade with a lower share does not
deserve its order; one whose interval overlaps the next grade's cannot be told from it yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from syncd.model.episode import State
from syncd.model.rating import LETTERS
from syncd.model.values import Instant
from syncd.operations.report import NONE, Bar, Chart, Figure, Period, Report, Section, Table, count, share
from syncd.operations.report_episodes import Episodes
from syncd.operations.report_oddities import oddities
from syncd.ports.store import Store


def rating(store: Store, period: Period, *, now: Instant, letters: Sequence[str] = LETTERS) -> Report:
    """The report, of the episodes delivered in the period. ``letters`` are the grades, best first."""
    names = ("grade", "state", "delivered_at", "accepted_at", "rejected_at", "closed_at", "won_at", "oddities")
    episodes = Episodes(store, names, period)
    cohort = episodes.within("delivered_at", period)
    by = episodes.by("grade", cohort)
    ordered = [*(letter for letter in letters if letter in by), *sorted(by.keys() - {*letters, NONE})]
    rows = [(grade, *_row(episodes, grade, by[grade])) for grade in (*ordered, *([NONE] if NONE in by else []))]
    heads = ("grade", "delivered", "acceptance rate", "win rate")
    words = (
        (
            "Acceptance rate: accepted / (accepted + rejected). Win rate: won / ended, without what marketing withdrew "
            "before sales answered. Both of the episodes delivered in the period, with the grade they had when they "
            "were qualified; intervals are Wilson's at 95 %."
        ),
    )
    graded = rows[: len(ordered)]
    charts = tuple(
        Chart(f"{name} by grade", tuple(_bar(grade, row[place]) for grade, *row in graded), 1.0)
        for place, name in ((1, "Acceptance rate"), (2, "Win rate"))
        if graded
    )
    sections = (
        Section("grades", "Grades", words, tables=(Table("grades", "", heads, tuple(rows)),), charts=charts),
        _order(graded),
        oddities(episodes, cohort, now=now),
    )
    return Report("rating", "What grades are worth", period, sections, episodes["id"], episodes["person"])


def _row(episodes: Episodes, grade: str, rows: list[int]) -> tuple[Figure, Figure, Figure]:
    state, accepted, rejected = episodes["state"], episodes["accepted_at"], episodes["rejected_at"]
    closed, won = episodes["closed_at"], episodes["won_at"]
    yes = [at for at in rows if accepted[at] is not None]
    no = sum(1 for at in rows if accepted[at] is None and rejected[at] is not None)
    ended = sum(1 for at in rows if closed[at] is not None and state[at] != State.WITHDRAWN)
    wins = [at for at in rows if won[at] is not None]
    return (
        count(f"{grade}:delivered", "delivered", rows),
        share(f"{grade}:acceptance", "acceptance rate", yes, len(yes) + no),
        share(f"{grade}:wins", "win rate", wins, ended),
    )


def _bar(grade: str, figure: Figure) -> Bar:
    value = figure.value or 0.0
    text = f"{100 * value:.1f} % of {figure.of:,}" if figure.of else "nothing yet"
    return Bar(f"grade {grade}", value, text, figure.low, figure.high, figure.small)


def _order(graded: Sequence[tuple[str, Figure, Figure, Figure]]) -> Section:
    """What each grade's order is worth, in words."""
    rows = [
        (f"{better[0]} before {worse[0]}", name, compared(better[place], worse[place]))  # type: ignore[arg-type]
        for better, worse in pairwise(graded)
        for place, name in ((2, "acceptance rate"), (3, "win rate"))
    ]
    table = Table("order", "", ("order", "by", "verdict"), tuple(rows))
    words = "A better grade should be accepted and won more often than the next one."
    return Section("order", "Whether they deserve their order", (words,), tables=(table,))


def compared(better: Figure, worse: Figure) -> str:
    """What two neighbouring grades' shares say of their order."""
    if better.value is None or worse.value is None:
        return "nothing to compare yet"
    assert better.low is not None
    assert better.high is not None
    assert worse.low is not None
    assert worse.high is not None
    few = " (fewer than 20 behind one of them)" if better.small or worse.small else ""
    shares = f"{100 * better.value:.1f} % against {100 * worse.value:.1f} %"
    if better.value < worse.value:
        surely = "does not deserve its order" if better.high < worse.low else "does not deserve its order so far"
        why = "" if better.high < worse.low else "; it may be chance"
        return f"{surely}: {shares}{why}{few}"
    if better.low > worse.high:
        return f"deserves its order: {shares}{few}"
    return f"cannot be told apart yet: {shares}{few}"
