"""``syncd report agreement``: how many linked records hold the same on both sides, as the last whole sweep found them.

The figures are those that the daemon's sweep leaves (``engine.reconcile``); a record with an open conflict counts as
one that differs. Of each field that differs in some record it is told in how many, and why; the first of these records
can be opened, as the sweep found them: what was being written then is written by now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from syncd.model.agreement import Agreement, Cause, read_agreements
from syncd.model.values import stamp
from syncd.operations.report import Bar, Chart, Figure, Period, Report, Section, Table, Unit
from syncd.ports.memory import AGREEMENT
from syncd.ports.store import Store

CAUSES: Final[Mapping[Cause, str]] = {
    Cause.PENDING: "being written",
    Cause.CONFLICT: "waits for a person",
    Cause.REFUSED: "refused by a vendor",
    Cause.UNMAPPED: "not compared",
}
"""In the words of the table."""
WHY: Final = (
    "Fields of which some records differ. `syncd conflicts list` has what waits for a person, `syncd parked list` what "
    "a vendor refused, `syncd drift list` what rests and is not compared."
)


def agreement(store: Store) -> Report:
    """The report; empty before the first whole sweep."""
    noted = store.recall(AGREEMENT)
    told = dict(sorted(read_agreements(noted[0] if noted else None).items()))
    figures: list[Figure] = []
    for kind, each in told.items():
        figures.append(Figure(f"{kind}:linked", f"{kind}: linked records that were compared", each.seen))
        figures.append(Figure(f"{kind}:agree", f"{kind}: hold the same", each.agreeing))
        figures.append(_figure(f"{kind}:apart", f"{kind}: differ", each.seen - each.agreeing, list(each.records)))
        figures.append(Figure(f"{kind}:agreement", f"{kind}: agreement", each.share, Unit.SHARE, each.seen))
    words = (
        "No whole sweep has ended yet; a daemon makes one slowly, beside its cycles."
        if noted is None
        else f"As the whole sweep found them that ended at {stamp(noted[1])}. Everything was compared, so there is no "
        "interval."
    )
    bars = tuple(
        Bar(figure.name.partition(":")[0], figure.value or 0.0, f"{100 * (figure.value or 0):.2f} % of {figure.of:,}")
        for figure in figures
        if figure.unit is Unit.SHARE
    )
    charts = (Chart("Agreement", bars, 1.0),) if bars else ()
    tables = tuple(_fields(kind, each) for kind, each in told.items() if each.apart)
    section = Section("agreement", "Agreement of both systems", (words,), tuple(figures), tables, charts)
    apart = {link: each for agreed in told.values() for link, each in agreed.records.items()}
    return Report("agreement", "Agreement", Period(), (section,), apart=apart)


def _figure(key: str, name: str, number: int, links: Sequence[str]) -> Figure:
    """So many records; of very many the first ones are known."""
    note = f"the first {len(links):,} of them are known" if links and len(links) < number else ""
    return Figure(key, name, number, rows=links, note=note)


def _fields(kind: str, told: Agreement) -> Table:
    heads = ("field", "agreement", *CAUSES.values())
    return Table(f"{kind}:fields", f"{kind}: fields that differ", heads, tuple(_rows(kind, told)), WHY)


def _rows(kind: str, told: Agreement) -> Iterator[tuple[str | Figure, ...]]:
    """A line a field, those that differ in most records first."""
    for name, causes in sorted(told.fields().items(), key=lambda pair: (-sum(pair[1].values()), pair[0])):
        key, agreeing = f"{kind}:{name}", told.seen - sum(causes.values())
        share = max(0, agreeing) / told.seen if told.seen else None
        there = {link: each.fields[name] for link, each in told.records.items() if name in each.fields}
        counts = (
            _figure(f"{key}:{cause}", words, causes.get(cause, 0), [link for link in there if there[link] is cause])
            for cause, words in CAUSES.items()
        )
        agreed = Figure(f"{key}:agreement", f"{name}: agreement", share, Unit.SHARE, told.seen, rows=list(there))
        yield (name, agreed, *counts)
