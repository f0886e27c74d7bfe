"""Holds the licence of every locked library against what may be shipped.

Decides: whether a licence may come with syncd as it is, only if NOTICE names the library, or not at all. Tools of
development, which nobody is given, may also be under the GPL.
Promises: reads what each installed library says of itself (License-Expression, else its classifiers, else License);
every library of the locks that is installed here is judged, and one that says nothing is a fault until it is told of
in ``TOLD``. Of ``A OR B`` one must do, of ``A AND B`` both.
Refuses: to guess a licence from a file. A library that is locked for other platforms only is not installed and not
judged; how many these are is printed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHIPPED, DEVELOPMENT = "requirements.lock", "requirements-dev.lock"
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==", re.MULTILINE)

FREE = frozenset(
    {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "PSF-2.0", "Unlicense", "Zlib"}
)
"""Licences without conditions beyond keeping their text."""
NAMED = frozenset({"LGPL-2.1-only", "LGPL-3.0-only", "MPL-2.0"})
"""Licences that let others use the library, whose conditions on passing it on NOTICE tells of."""
FOR_TOOLS = frozenset({"GPL-3.0-only"})
"""Licences of programs that are called and not shipped."""

WORDS: Mapping[str, str] = {
    "Apache Software License": "Apache-2.0",
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "GPL-3.0": "GPL-3.0-only",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}
"""How classifiers and free texts name them."""
TOLD: Mapping[str, str] = {
    "axe-playwright-python": "MIT",
    "promql-parser": "MIT",
    "pysqlite3": "Zlib",
}
"""Libraries that say nothing of themselves; each by the licence text that it comes with."""


def licence_of(told: PackageMetadata) -> str:
    """The licence that a library states, as an expression; empty if it states none."""
    if "License-Expression" in told:
        return told["License-Expression"]
    sorts = [each.rpartition(" :: ")[2] for each in told.get_all("Classifier") or () if each.startswith("License ::")]
    stated = sorts or [told["License"].strip() if "License" in told else ""]
    return " AND ".join(WORDS.get(each, each) for each in stated if each)


def within(expression: str, allowed: frozenset[str]) -> bool:
    """Whether an expression is within what is allowed, the innermost parentheses first."""
    while match := re.search(r"\(([^()]*)\)", expression):
        held = "yes" if within(match[1], allowed) else "no"
        expression = expression[: match.start()] + held + expression[match.end() :]
    return any(
        all(part.strip() == "yes" or part.strip() in allowed for part in choice.split(" AND "))
        for choice in expression.split(" OR ")
    )


def fault(name: str, expression: str, *, shipped: bool, notice: str) -> str:
    """What is wrong with a library's licence, as a sentence; empty if nothing is."""
    if not expression:
        return f"{name} states no licence: read the one it comes with and add it to TOLD in deploy/licences.py"
    if within(expression, FREE):
        return ""
    if not shipped:
        allowed = within(expression, FREE | NAMED | FOR_TOOLS)
        return "" if allowed else f"{name} ({expression}) is under a licence that no tool of ours may have"
    if not within(expression, FREE | NAMED):
        return f"{name} ({expression}) is under a licence that must not be shipped"
    named = re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", notice)
    return "" if named else f"{name} ({expression}) has conditions on passing it on, and NOTICE does not name it"


def main() -> int:
    """Judges every locked library. Returns the exit code."""
    shipped = set(PIN.findall((ROOT / SHIPPED).read_text()))
    notice = (ROOT / "NOTICE").read_text()
    faults, elsewhere, judged = [], [], 0
    for name in sorted({*PIN.findall((ROOT / DEVELOPMENT).read_text()), *shipped}):
        try:
            expression = licence_of(metadata(name)) or TOLD.get(name, "")
        except PackageNotFoundError:
            elsewhere.append(name)
            continue
        judged += 1
        if sentence := fault(name, expression, shipped=name in shipped, notice=notice):
            faults.append(sentence)
    print("\n".join(faults) or f"{judged} licences are fine; not installed here: {', '.join(elsewhere) or 'none'}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
