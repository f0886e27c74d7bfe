"""``syncd report reasons``: why handoffs came to nothing, by source, persona, grade, owner, or whatever is asked for.

Of the people whose part ended in the period without a win, whenever it began: each person of a company has an end and a
reason of their own. Rejected, withdrawn, recycled and lost, each apart, since a no before any yes and a loss after an
offer have nothing in common. A reason's share is of those that ended in that way in that group; those of which nobody
told a reason are a row of their own, and in every denominator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from syncd.core.figures import SMALL
from syncd.model.episode import State
from syncd.model.values import Instant
from syncd.operations.report import NONE, Bar, Chart, Figure, Period, Report, Section, Table, count, share
from syncd.operations.report_credit import NAMES
from syncd.operations.report_episodes import Episodes
from syncd.operations.report_oddities import oddities
from syncd.ports.store import Store

ENDS: Final = {
    State.REJECTED: "rejected",
    State.WITHDRAWN: "withdrawn",
    State.RECYCLED: "recycled",
    State.LOST: "lost",
}
"""Endings that have a reason, in words, in the order in which they are shown."""
USUAL: Final = ("origin", "persona", "grade", "owner")
DIMENSIONS: Final = (*USUAL, "last_touch", "asset", "sdr", "ae", "qualified_by", "company")
_BARS: Final = 12

_Reasons = Mapping[str, Mapping[str, list[int]]]
"""By end, then by reason, the places of the people; most first within an end."""


def reasons(store: Store, period: Period, *, now: Instant, by: Sequence[str] = (), top: int = 20) -> Report:
    """The report.

    :param by: what reasons are told apart by; source, persona, grade and owner unless given.
    :param top: how many groups a table has at most; 0 for all.
    """
    chosen = tuple(by) or USUAL
    episodes = Episodes(store, ("state", "closed_at", "reason", "oddities", "last_at", *chosen), period, people=True)
    told = reasons_of(episodes, episodes.within("closed_at", period))
    ended = [at for rows in told.values() for hits in rows.values() for at in hits]
    sections = (
        _all(told, ended),
        *(_apart(episodes, told, name, top) for name in chosen),
        oddities(episodes, sorted(ended), now=now),
    )
    return Report("reasons", "Why it came to nothing", period, sections, episodes["id"], episodes["person"])


def reasons_of(episodes: Episodes, among: Sequence[int]) -> _Reasons:
    """Those that ended without a win, by how and why. ``episodes`` must have ``state`` and ``reason``."""
    state, why = episodes["state"], episodes["reason"]
    found: dict[str, dict[str | None, list[int]]] = {end.value: {} for end in ENDS}
    for at in among:
        if (rows := found.get(state[at])) is not None:
            rows.setdefault(why[at], []).append(at)
    return {
        words: _ordered({NONE if reason is None else reason: hits for reason, hits in found[end.value].items()})
        for end, words in ENDS.items()
    }


def reasons_table(told: Mapping[str, Mapping[str, list[int] | list[str]]]) -> Table:
    """Each reason with its share of those that ended in that way; of people by their places, or by their ids."""
    rows = tuple(
        (end, reason, share(f"reason:{end}:{reason}", reason, hits, _size(of_end)))
        for end, of_end in told.items()
        for reason, hits in of_end.items()
    )
    return Table("reasons", "", ("end", "reason", "share"), rows)


def _all(told: _Reasons, ended: Sequence[int]) -> Section:
    untold = [at for rows in told.values() for at in rows.get(NONE, ())]
    flat = [(f"{end}: {reason}", hits, _size(rows)) for end, rows in told.items() for reason, hits in rows.items()]
    flat.sort(key=lambda each: (-len(each[1]), each[0]))
    bars = tuple(Bar(name, len(hits), f"{len(hits):,} of {of:,}", small=of < SMALL) for name, hits, of in flat[:_BARS])
    words = (
        "Of the people whose handoff ended in the period without a win, whenever it began; each person of a company "
        "counts, as each has a reason of their own. A share is of those that ended in that way: "
        "rejected is sales' no, withdrawn marketing's before sales answered, recycled was given back, lost had a deal."
    )
    return Section(
        "reasons",
        "All",
        (words,),
        (
            count("ended", "ended without a win", ended),
            *(count(f"ended:{end}", end, [at for hits in rows.values() for at in hits]) for end, rows in told.items()),
            share("untold", "of which nobody told a reason", untold, len(ended)),
        ),
        (reasons_table(told),),
        (Chart("Most frequent", bars, bars[0].value),) if bars else (),
    )


def _apart(episodes: Episodes, told: _Reasons, name: str, top: int) -> Section:
    """The same by one dimension: the group of which most ended first, and the rest of a long table added up."""
    column = episodes[name]
    groups: dict[str | None, dict[str, dict[str, list[int]]]] = {}
    for end, rows in told.items():
        for reason, hits in rows.items():
            for at in hits:
                ends = groups.setdefault(column[at], {})
                ends.setdefault(end, {}).setdefault(reason, []).append(at)
    named = {NONE if value is None else value: ends for value, ends in groups.items()}
    ordered = sorted(named, key=lambda value: (-sum(map(_size, named[value].values())), value))
    shown = ordered if top == 0 or len(ordered) <= top else ordered[:top]
    rest = ordered[len(shown) :]
    lines = [line for value in shown for line in _lines(name, value, named[value])]
    if rest:
        lines += _lines(name, f"{len(rest):,} others", _together([named[value] for value in rest]))
    title = NAMES.get(name, name)
    table = Table(name, "", (title, "end", "reason", "how many", "share"), tuple(lines))
    return Section(f"by:{name}", f"By {title}", tables=(table,))


def _lines(name: str, value: str, ends: Mapping[str, Mapping[str, list[int]]]) -> list[tuple[str | Figure, ...]]:
    """One group: a line for each end and reason there is."""
    lines: list[tuple[str | Figure, ...]] = []
    for end in ENDS.values():
        rows = _ordered(ends.get(end, {}))
        for reason, hits in rows.items():
            key = f"{name}:{value}:reason:{end}:{reason}"
            many = count(f"{key}:count", "how many", hits)
            lines.append((value, end, reason, many, share(key, "share", hits, _size(rows))))
    return lines


def _together(groups: Sequence[Mapping[str, Mapping[str, list[int]]]]) -> dict[str, dict[str, list[int]]]:
    """Several groups as one."""
    found: dict[str, dict[str, list[int]]] = {}
    for ends in groups:
        for end, rows in ends.items():
            for reason, hits in rows.items():
                found.setdefault(end, {}).setdefault(reason, []).extend(hits)
    return found


def _ordered(rows: Mapping[str, list[int]]) -> dict[str, list[int]]:
    return dict(sorted(rows.items(), key=lambda each: (-len(each[1]), each[0])))


def _size(rows: Mapping[str, Sequence[object]]) -> int:
    return sum(map(len, rows.values()))
