"""``syncd report handoff``: what marketing handed over, what sales made of it, how long both systems and people took.

Everything about decisions and clocks is of the episodes that were delivered in the period (the *cohort*), whenever they
were decided. What is late now does not depend on the period.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

from syncd.model.episode import OPEN, Born
from syncd.model.lifecycle import Commitments
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
    count,
    middle,
    spread,
)
from syncd.operations.report_cohort import Handoffs, acceptance
from syncd.operations.report_commitments import commitments
from syncd.operations.report_oddities import oddities
from syncd.operations.report_reasons import reasons_of, reasons_table
from syncd.ports.memory import TERMS
from syncd.ports.store import Store

DIMENSIONS: Final = ("grade", "persona", "origin", "last_touch", "asset", "owner", "sdr", "ae", "company")
"""What the cohort can be told apart by; marketing's and sales' own words."""
USUAL: Final = ("grade", "origin", "owner")
GARTNER: Final = 0.44
BENCHMARK: Final = (
    "44 % is quoted by the article that this report answers (Gartner: of qualified leads, sales regards so many as "
    "promising). Its denominators are others: an outside mark, and no goal."
)
_OPEN: Final = frozenset(state.value for state in OPEN)


def handoff(
    store: Store, period: Period, *, now: Instant, by: Sequence[str] = (), top: int = 20, promised: Commitments
) -> Report:
    """The report.

    :param by: what the cohort is told apart by; grade, origin and owner unless given.
    :param top: how many rows a table has at most; 0 for all.
    """
    chosen = tuple(by) or USUAL
    found = Handoffs(store, period, now, chosen, read=Period())
    episodes = found.episodes
    sections = (
        _volumes(found),
        _decisions(found),
        _clocks(found),
        _late(found, _mixed(store, found)),
        _reasons(found),
        *(_apart(found, name, top) for name in chosen),
        commitments(found, promised, month=False),
        oddities(episodes, episodes.here, now=now),
    )
    return Report("handoff", "The handoff", period, sections, episodes["id"], episodes["person"])


def _volumes(found: Handoffs) -> Section:
    episodes = found.episodes
    born = episodes["born"]
    opened = episodes.within("opened_at", found.period)
    delivered = episodes["delivered_at"]
    people = found.people
    qualified = [at for at in people.within("opened_at", found.period) if people["qualified"][at]]
    return Section(
        "volumes",
        "How many",
        ("Episodes, each counted in the period in which it happened. People of one company share one.",),
        (
            count("opened", "begun", opened),
            count("qualified", "qualified by marketing", found.qualified),
            count("qualified:people", "people qualified, those who joined counted", people.persons(qualified)),
            count("delivered", "delivered: visible to sales", found.cohort),
            count(
                "undelivered",
                "qualified, and never delivered",
                [at for at in found.qualified if delivered[at] is None],
            ),
            count("born_in_sales", "born in sales", [at for at in opened if born[at] == Born.SALES]),
            count("unasked", "taken up without being qualified", [at for at in opened if born[at] == Born.UNASKED]),
        ),
    )


def _decisions(found: Handoffs) -> Section:
    state = found.episodes["state"]
    given_back = [at for at in found.undecided if state[at] not in _OPEN]
    waiting = [at for at in found.undecided if state[at] in _OPEN]
    rate = acceptance(found, found.cohort, "acceptance", "acceptance rate")
    bars = [
        _bar(acceptance(found, rows, f"chart:{grade}", ""), f"grade {grade}" if grade != NONE else "no grade")
        for grade, rows in sorted(found.episodes.by("grade", found.cohort).items())
    ]
    charts = (Chart("Acceptance rate", (_bar(rate, "all"), *bars), 1.0, (GARTNER, "44 % (Gartner)")),)
    words = (
        (
            "Of the episodes delivered in the period. Acceptance rate: accepted / (accepted + rejected), by what sales "
            "said: undecided ones, and those that others moved on without its word, are in neither."
        ),
        BENCHMARK,
    )
    return Section(
        "decisions",
        "What sales said",
        words,
        (
            count("accepted", "accepted", found.accepted),
            count("rejected", "rejected", found.rejected),
            count("moved_on", "moved on by marketing or automation", found.moved_on),
            count("undecided", "undecided", waiting),
            count("given_back", "ended without a decision", given_back),
            rate,
            Figure("benchmark", "outside mark (Gartner, other denominators)", GARTNER, unit=rate.unit),
        ),
        charts=charts if rate.of else (),
    )


def _bar(figure: Figure, label: str) -> Bar:
    value = figure.value or 0.0
    return Bar(label, value, f"{100 * value:.1f} % of {figure.of:,}", figure.low, figure.high, figure.small)


def _clocks(found: Handoffs) -> Section:
    episodes = found.episodes
    told = (
        ("system", "qualified to delivered (system clock)"),
        ("touch", "delivered to first touch (human clock)"),
        ("decision", "delivered to decision (human clock)"),
    )
    figures: list[Figure] = []
    for name, words in told:
        figures += spread(name, words, episodes[name], found.order[name])
    words = (
        "The system clock is elapsed time. The human clock counts business hours of the owner's calendar, without "
        "weekends and holidays; without calendars.yaml all time counts."
    )
    return Section("clocks", "How long it took", (words,), tuple(figures))


def _mixed(store: Store, found: Handoffs) -> tuple[str, ...]:
    """By which terms the cohort was judged, if by several: each handoff keeps those under which it ended."""
    terms = found.episodes["terms"]
    counted = Counter(terms[at] for at in found.cohort if terms[at] is not None)
    if len(counted) < 2:
        return ()
    known = {name: store.recall(TERMS.format(terms=name)) for name in counted}
    rows = sorted((kept[1], counted[name]) for name, kept in known.items() if kept is not None)
    told = ", ".join(f"{many:,} by the terms in use from {at:%Y-%m-%d}" for at, many in rows)
    return (f"What handoffs are judged by has changed; each keeps the terms under which it ended: {told}.",)


def _late(found: Handoffs, mixed: tuple[str, ...]) -> Section:
    """Service levels of the cohort, and what is late at this moment, from whatever time."""
    people = found.people
    figures = [
        found.attainment("touch:kept", "touched within the time agreed", "touch", found.cohort),
        found.attainment("decision:kept", "decided within the time agreed", "decision", found.cohort),
    ]
    for what, words in (("touch", "first touch"), ("decision", "decision"), ("work", "work after a yes")):
        warned, due = people[f"{what}_warned"], people[f"{what}_due"]
        waiting = [at for at in people.all if due[at] is not None]
        if what == "work" and not waiting:  # a time that few declare
            continue
        missed = [at for at in waiting if found.now > due[at]]
        soon = [at for at in waiting if warned[at] <= found.now <= due[at]]
        figures.append(count(f"{what}:warned", f"{words} due: 75 % of the time is over", people.persons(soon)))
        figures.append(count(f"{what}:breached", f"{words} overdue, still open", people.persons(missed)))
    words = (
        "Kept: done by the end of the time agreed (by grade or persona), of all whose time is over or that were done. "
        "Warnings and breaches are those of this moment: each person who waits, by the time of whoever has them now."
    )
    return Section("levels", "Service levels", (words, *mixed), tuple(figures))


def _reasons(found: Handoffs) -> Section:
    """Why it ended for people without a win in the period, whenever it began."""
    people = found.people
    told = reasons_of(people, people.within("closed_at", found.period))
    table = reasons_table(
        {end: {reason: people.persons(hits) for reason, hits in rows.items()} for end, rows in told.items()}
    )
    words = (
        "Of the people whose handoff ended in the period; `syncd report reasons` tells it by source, persona, grade "
        "and owner."
    )
    return Section("reasons", "Why it came to nothing", (words,), tables=(table,))


Places = dict[str, list[int]]
"""The places that a line counts, by what it counts of them."""


def _apart(found: Handoffs, name: str, top: int) -> Section:
    """The cohort by one dimension, the largest first. A clock, and its time, are of whoever it ran for."""
    episodes = found.episodes
    whose = {clock: f"{clock}_owner" if name == "owner" else name for clock in ("touch", "decision")}
    counted = {
        "delivered": (name, found.cohort),
        "system": (name, found.order["system"]),
        **{clock: (column, found.order[clock]) for clock, column in whose.items()},
        **{f"{clock}:held": (column, found.cohort) for clock, column in whose.items()},
    }
    of_cohort = {column: episodes.by(column, found.cohort) for column in dict.fromkeys((name, *whose.values()))}
    groups = {
        what: of_cohort[column] if places is found.cohort else episodes.by(column, places)
        for what, (column, places) in counted.items()
    }
    delivered = of_cohort[name]
    values = {value for each in of_cohort.values() for value in each}
    ordered = sorted(values, key=lambda value: (-len(delivered.get(value, ())), value))
    shown = ordered if top == 0 or len(ordered) <= top else ordered[:top]
    rows: list[tuple[str | Figure, ...]] = [
        (value, *_row(found, f"{name}:{value}", {what: each.get(value, []) for what, each in groups.items()}))
        for value in shown
    ]
    if len(ordered) > len(shown):
        known = {None if value == NONE else value for value in shown}
        rest = {
            what: [at for at in places if episodes[column][at] not in known]
            for what, (column, places) in counted.items()
        }
        others = f"{len(ordered) - len(shown):,} others"
        rows.append((others, *_row(found, f"{name}:{others}", rest)))
    heads = (name.replace("_", " "), *(figure.name for figure in _row(found, "", defaultdict(list))))
    table = Table(name, "", heads, tuple(rows))
    return Section(f"by:{name}", f"By {name.replace('_', ' ')}", tables=(table,))


def _row(found: Handoffs, key: str, places: Places) -> tuple[Figure, ...]:
    """One line: of each clock its episodes in the order of that clock, and those whose time it was (``held``)."""
    episodes = found.episodes
    return (
        count(f"{key}:delivered", "delivered", places["delivered"]),
        acceptance(found, places["delivered"], f"{key}:acceptance", "acceptance rate"),
        middle(f"{key}:touch", "touch, median", episodes["touch"], places["touch"]),
        found.attainment(f"{key}:kept", "touched in time", "touch", places["touch:held"]),
        middle(f"{key}:decision", "decision, median", episodes["decision"], places["decision"]),
        found.attainment(f"{key}:decided", "decided in time", "decision", places["decision:held"]),
        middle(f"{key}:system", "system, median", episodes["system"], places["system"]),
    )
