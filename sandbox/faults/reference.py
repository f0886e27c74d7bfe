"""The catalogue as a table for people: in Markdown for the docs, and in columns for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from sandbox.faults.catalogue import CATALOGUE, NOT_HERE, ONLY_IN_PART
from sandbox.faults.entry import Entry

_VENDORS = {"hubspot": "HubSpot", "salesforce": "Salesforce"}
_NARROW = 60


def faults_reference() -> Iterator[str]:
    """Lines of a part of a page: the table of all faults, then what of the fault model is not in it."""
    yield "| fault | no. | of | what happens | hits | options |"
    yield "|---|---|---|---|---|---|"
    for entry in CATALOGUE.values():
        options = ", ".join(f"`{name}`" for name in entry.takes)
        deed = " (a deed)" if entry.sort == "deed" else ""
        yield f"| `{entry.name}`{deed} | {entry.number} | {_of(entry)} | {entry.what} | {entry.hits} | {options} |"
    yield ""
    yield "Not in it: " + "; ".join(f"{number}, {why}" for number, why in NOT_HERE.items()) + "."
    yield ""
    yield "Only in part: " + "; ".join(f"{number}, {why}" for number, why in ONLY_IN_PART.items()) + "."


def faults_table(*, width: int = 120) -> Iterator[str]:
    """Lines for a terminal of ``width`` columns: name, number, vendors, sort, and the sentence below or beside."""
    longest = max(len(name) for name in CATALOGUE)
    head = f"{'fault':<{longest}}  no.  {'of':<19}  sort    "
    beside = width - len(head)
    yield head + "what happens"
    for entry in CATALOGUE.values():
        line = f"{entry.name:<{longest}}  {entry.number}  {_of(entry):<19}  {entry.sort:<6}  "
        if beside < _NARROW // 2:
            yield line.rstrip()
            yield from textwrap.wrap(entry.what, max(20, width), initial_indent="    ", subsequent_indent="    ")
            continue
        first, *rest = textwrap.wrap(entry.what, beside)
        yield line + first
        yield from (" " * len(head) + more for more in rest)


def _of(entry: Entry) -> str:
    return ", ".join(_VENDORS[vendor] for vendor in entry.vendors)
