"""Which report somebody wants, in words that are checked; and the records behind a figure of it.

Pages, the API and the command line ask in the same words and open the same figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date
from difflib import get_close_matches
from typing import Any, Final

from syncd.engine.shadowed import people_seen
from syncd.model.errors import Misunderstood
from syncd.operations import report_credit, report_handoff, report_reasons
from syncd.operations.report import Figure, Period, Report
from syncd.operations.report_writing import opened
from syncd.ports.store import Store

DIMENSIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "handoff": report_handoff.DIMENSIONS,
    "funnel": (),
    "reasons": report_reasons.DIMENSIONS,
    "credit": report_credit.DIMENSIONS,
    "rating": (),
    "agreement": (),
    "review": (),
}
"""The reports, and what each can be told apart by."""


@dataclass(frozen=True, slots=True)
class Question:
    """A report by its name: of which days, told apart by what; ``review`` is of a ``month``, as 2026-03.

    :raises Misunderstood: if there is no such report, or it cannot be had in these words.
    """

    name: str
    since: date | None = None
    until: date | None = None
    by: tuple[str, ...] = ()
    month: str = ""

    def __post_init__(self) -> None:
        if self.name not in DIMENSIONS:
            raise Misunderstood(f"there is no report {self.name!r:.60}; there are {', '.join(DIMENSIONS)}")
        if self.since is not None and self.until is not None and self.until < self.since:
            raise Misunderstood(f"until {self.until} is before since {self.since}; put the earlier day first")
        if (self.name == "review") != bool(self.month):
            raise Misunderstood("a month, as 2026-03, belongs to the report review, and to no other")
        known = DIMENSIONS[self.name]
        for each in self.by:
            if each not in known:
                told = f"choose among {', '.join(known)}" if known else f"{self.name} is told apart by nothing"
                raise Misunderstood(f"{each!r:.60} is nothing to count {self.name} by; {told}")

    @property
    def period(self) -> Period:
        """From the first moment of a day to the end of another."""
        return Period.of(self.since, self.until)

    @property
    def calendar_month(self) -> tuple[int, int]:
        """Year and month of a review. :raises Misunderstood: if the words are no month."""
        return month_of(self.month)


def month_of(text: str) -> tuple[int, int]:
    """Year and month as they were typed.

    :raises Misunderstood: if it is no month, or one without another before and behind it.
    """
    try:
        day = date.fromisoformat(f"{text}-01")
    except ValueError as why:
        raise Misunderstood(f"{text!r:.60} is no month; write it as 2026-03") from why
    if day.year in (MINYEAR, MAXYEAR):
        raise Misunderstood(f"{text!r} is no month that anything happened in; write it as 2026-03")
    return day.year, day.month


def figure_of(report: Report, key: str) -> Figure:
    """The figure with this key.

    :raises Misunderstood: if there is none, with the nearest key.
    """
    by_key = {figure.key: figure for figure in report.figures()}
    if key not in by_key:
        near = get_close_matches(key, list(by_key), n=1)
        advice = f"did you mean {near[0]}?" if near else "`--ids` shows the keys, and they stand in its JSON"
        raise Misunderstood(f"this report has no figure {key!r}; {advice}")
    return by_key[key]


def members_behind(store: Store, report: Report, figure: Figure) -> list[tuple[str, str]]:
    """Whom a figure counts: each person with their episode, empty where it counts people."""
    episodes, people = opened(report, figure)
    if not episodes:
        return [("", person) for person in people]
    whose = store.episode_people(episodes)
    return [(each, member) for each in episodes for member in whose.get(each, ())]


def records_behind(store: Store, report: Report, members: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """What is shown of these members: people with their episode, or links whose records differ, with the cause of each
    field.
    """
    rows = records_of(store, members)
    if not report.apart:
        return rows
    told = [(row, report.apart[row["person"]]) for row in rows]
    return [
        {
            "link": each.link,
            "marketing": row["marketing"] or each.marketing,
            "crm": row["crm"] or each.crm,
            "fields": {name: str(cause) for name, cause in each.fields.items()},
        }
        for row, each in told
    ]


def records_of(store: Store, members: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Each person of each episode with their records on both sides; those without a link as they are named."""
    found = store.by_link([person for _, person in members])
    looked_at = people_seen(store) if len(found) < len({person for _, person in members}) else {}
    rows: list[dict[str, Any]] = []
    for episode, person in members:
        linked = found.get(person)
        refs = looked_at.get(person) if linked is None else linked.link.refs.map(str)
        rows.append(
            {
                "episode": episode,
                "person": person,
                "marketing": None if refs is None else refs.marketing,
                "crm": None if refs is None else refs.crm,
            }
        )
    return rows
