"""The last part of ``docs/promises.md``: what tries the promises, with the figures of a run and the wrong versions.

The figures come from ``benchmarks/simulation.json`` (``make simulate ARGS="--report benchmarks/simulation.json"``), the
wrong versions from the lists themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from deploy.wrong import LISTS, ROOT, listed

FIGURES: Final = ROOT / "benchmarks" / "simulation.json"
FACTS: Final = "facts-"


def promises() -> Iterator[str]:
    """The tables, line by line."""
    yield ""
    if FIGURES.exists():
        yield from _simulated(json.loads(FIGURES.read_text(encoding="utf-8")))
    yield "### Wrong versions"
    yield ""
    facts = sum(len(listed(file)) for file in LISTS.glob(f"{FACTS}*.yaml"))
    yield f"Each must make a named test fail; `make sabotage` plays them all. Beside these there are {facts} of the"
    yield "stand-ins, one per vendor fact with that fact switched off (`tests/sabotage`)."
    yield ""
    yield "| what is wrong | where | killed by |"
    yield "|---|---|---|"
    for file in sorted(LISTS.glob("*.yaml")):
        if not file.stem.startswith(FACTS):
            for wrong in listed(file):
                tests = ", ".join(f"`{test.rpartition('::')[2]}`" for test in wrong.tests)
                yield f"| {_cell(wrong.says)} | `{wrong.file}` | {tests} |"
    yield ""


def _simulated(told: dict[str, Any]) -> Iterator[str]:
    middle = told["median"]
    yield "### The simulation"
    yield ""
    yield f"{told['seeds']:,} seeds of the sources with the hash `{told['of']}` in {told['seconds']:,} s:"
    yield f"{told['broken']} broke a promise. The median one had {middle['calls']:.0f} calls,"
    yield f"{middle['edits']:.0f} deeds of people, {middle['crashes']:.0f} crash and {middle['points']:.0f} points at"
    yield f"which it could be killed. Of {told['judged']:,} values compared when quiet, a person was told of"
    yield f"{told['listed']:,}; all others agreed."
    yield ""
    yield "| fault | names | armed | fired | calls it hit |"
    yield "|---|---|---|---|---|"
    for number, each in told["faults"].items():
        names = ", ".join(f"`{name}`" for name in each["names"])
        hit = ", ".join(f"{name} {count}" for name, count in sorted(each["on"].items(), key=lambda row: -row[1])[:6])
        yield f"| {number} | {names} | {each['armed']} | {each['fired']} | {hit} |"
    yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
