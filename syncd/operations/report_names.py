"""Whom the rows of a report are about, by name: the ledger knows people and companies by the ids of their links alone.

A name is that of the values both sides agreed on, as the store has them at this moment; nothing of it is kept in a
report's figures, whose keys stay ids. Whoever was forgotten has no values, and stays an id; so does whoever is not
linked. Names are looked for once the rows are known, for these alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from syncd.model.link import Linked
from syncd.operations.report import Bar, Figure, Named, Report, Section, Table
from syncd.operations.searching import title_of
from syncd.ports.store import Store

PERSON: Final = "person"
COLUMNS: Final[Mapping[str, int]] = {PERSON: 0, "company": 0, "wins": 1}
"""The tables whose rows are about people and companies, and in which column these stand."""


def named(report: Report, store: Store) -> Report:
    """The same report with names in the place of ids."""
    ids = {row[COLUMNS[table.key]] for table in _tables(report) for row in table.rows}
    found = store.by_link(sorted(each for each in ids if isinstance(each, str))) if ids else {}
    names = _names(found)
    if not names:
        return report
    return replace(report, sections=tuple(_section(section, names) for section in report.sections))


def people_named(report: Report) -> list[str]:
    """The links of the people whom a report names."""
    cells = (row[COLUMNS[table.key]] for table in _tables(report) for row in table.rows)
    return sorted({cell.id for cell in cells if isinstance(cell, Named) and cell.kind == PERSON})


def _tables(report: Report) -> Sequence[Table]:
    return [table for section in report.sections for table in section.tables if table.key in COLUMNS]


def _names(found: Mapping[str, Linked]) -> Mapping[str, Named]:
    """By link; two of one name are told apart by what stands beside it, as an address does."""
    titles = {id: title_of({} if each.base is None else each.base.agreed) for id, each in found.items()}
    often = Counter(name for name, _ in titles.values())
    return {
        id: Named(name if often[name] == 1 else f"{name} ({beside or id})", id, found[id].link.kind)
        for id, (name, beside) in titles.items()
        if name
    }


def _section(section: Section, names: Mapping[str, Named]) -> Section:
    if not any(table.key in COLUMNS for table in section.tables):
        return section
    charts = tuple(replace(chart, bars=tuple(_bar(bar, names) for bar in chart.bars)) for chart in section.charts)
    return replace(section, tables=tuple(_table(table, names) for table in section.tables), charts=charts)


def _table(table: Table, names: Mapping[str, Named]) -> Table:
    if table.key not in COLUMNS:
        return table
    at = COLUMNS[table.key]
    return replace(table, rows=tuple((*row[:at], _cell(row[at], names), *row[at + 1 :]) for row in table.rows))


def _cell(cell: str | Figure, names: Mapping[str, Named]) -> str | Figure:
    return names.get(cell, cell) if isinstance(cell, str) else cell


def _bar(bar: Bar, names: Mapping[str, Named]) -> Bar:
    return replace(bar, label=names.get(bar.label, bar.label))
