"""The last part of ``docs/promises.md``: what tries the promises, with the figures of a run and the wrong versions that
break each; and the page of all other wrong versions.

The figures come from ``benchmarks/simulation.json`` (``make simulate ARGS="--report benchmarks/simulation.json"``), the
wrong versions from the lists themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from deploy.facts import marked
from deploy.wrong import LISTS, ROOT, Wrong, listed

FIGURES: Final = ROOT / "benchmarks" / "simulation.json"
FACTS: Final = "facts-"
ENOUGH: Final = 20
NAMED: Final[Mapping[str, str]] = {
    "F29": "a stored position is unreadable, or lies in the vendor's future",
    "F59": "the process is killed",
    "F60": "SIGTERM in the middle; a configuration that is not sound, by SIGHUP",
    "F61": "the disk is full, holds no more files, or fails at the N-th write; the file is read-only",
    "F62": "another process keeps the store locked; its file is replaced",
    "F63": "the file is damaged; its log is gone or cut; an older copy is in its place",
    "F64": "a SQLite library whose WAL can be damaged by a reset",
    "F65": "PostgreSQL is stopped, killed and restarted under the work; a standby that only reads, or lacks commits",
    "F66": "two daemons on one store; a worker that is frozen and wakes",
    "F67": "the mapping is changed while something is under way",
    "F68": "the credentials lead to another portal or org",
    "F69": "no descriptor or no memory is left; the process or its clock stands still and jumps",
    "F70": "webhooks are lost, forged, replayed, about nobody, or a storm",
}
"""Numbers of the fault model that have tests of their own (``pytest.mark.fault``), and what they are."""


def promises() -> Iterator[str]:
    """The tables, line by line."""
    yield ""
    if FIGURES.exists():
        yield from _simulated(json.loads(FIGURES.read_text(encoding="utf-8")))
    yield "### Faults with tests of their own"
    yield ""
    yield "What happens to the machine, the store, the accounts and the webhooks, outside the simulation or beside it."
    yield "Every run of `make test` plays each of these."
    yield ""
    yield "| fault | what | tests |"
    yield "|---|---|---|"
    for number, what in NAMED.items():
        tests = ", ".join(f"`{test}`" for test in marked("fault").get(number, ()))
        yield f"| {number} | {what} | {tests} |"
    yield ""
    yield "### Wrong versions"
    yield ""
    yield "Each must make a named test fail. These break a promise, and `make test` plays every one of them each time,"
    yield "with the same tests on the true code. All others are in [wrong-versions.md](wrong-versions.md); `make test`"
    yield "plays a few of them, others after each change, and `make sabotage` all."
    yield ""
    yield "| promise | what is wrong | where | killed by |"
    yield "|---|---|---|---|"
    broken = [wrong for file in sorted(LISTS.glob("*.yaml")) for wrong in listed(file) if wrong.promise]
    for wrong in sorted(broken, key=lambda each: int(each.promise.removeprefix("P"))):
        yield f"| {wrong.promise} {_row(wrong)}"
    yield ""


def wrong_versions() -> str:
    """The page of those that break no promise by themselves."""
    facts = sum(len(listed(file)) for file in LISTS.glob(f"{FACTS}*.yaml"))
    lines = [
        "# Wrong versions",
        "",
        "The code made wrong on purpose, a line each: a named test must notice. Those that break a promise stand on",
        "the page of the [promises](promises.md#wrong-versions). `make sabotage` plays them all, `make test` a few of",
        f"them, others after each change. Beside these there are {facts} of the stand-ins, one per vendor fact with",
        "that fact switched off (`tests/sabotage`).",
    ]
    for file in sorted(LISTS.glob("*.yaml")):
        if not file.stem.startswith(FACTS):
            rows = [f"| {_row(wrong).removeprefix('| ')}" for wrong in listed(file) if not wrong.promise]
            lines += ["", f"## {file.stem}", "", "| what is wrong | where | killed by |", "|---|---|---|", *rows]
    return "\n".join(lines)


def _row(wrong: Wrong) -> str:
    tests = ", ".join(f"`{test.rpartition('::')[2]}`" for test in wrong.tests)
    return f"| {_cell(wrong.says)} | `{wrong.file}` | {tests} |"


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
    yield "*Checked* are the promises of which something came up that could have broken them, in at least twenty of the"
    yield "plays in which the fault fired; in how many, where it was fewer."
    yield ""
    yield "| fault | names | armed | fired | what it hit | checked |"
    yield "|---|---|---|---|---|---|"
    for number, each in told["faults"].items():
        names = ", ".join(f"`{name}`" for name in each["names"])
        fired = str(each["fired"]) if each.get("creates") is None else f"{each['fired']}, {each['creates']} at creates"
        met = f"{fired} | {_hit(each['on'])} | {_checked(each.get('checked'))}"
        yield f"| {number} | {names} | {each['armed']} | {met} |"
    yield ""


def _hit(on: Mapping[str, int]) -> str:
    """What was hit most."""
    most = sorted(on.items(), key=lambda row: -row[1])[:6]
    return ", ".join(f"{name} {count}" for name, count in most) or "syncd itself"


def _checked(plays: Mapping[str, int] | None) -> str:
    """Promises in their order: those that were checked often together, others with their number."""
    if plays is None:
        return "not counted in this run"
    order = sorted(plays, key=lambda name: int(name.removeprefix("P")))
    often = " ".join(name for name in order if plays[name] >= ENOUGH)
    rarely = [f"{name} {plays[name]} times" for name in order if plays[name] < ENOUGH]
    return ", ".join([*([often] if often else []), *rarely])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
