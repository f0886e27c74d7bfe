"""Follows every link between the project's pages, to the file and to the heading in it.

Decides: whether the file that a link names is there and, where it goes on with ``#``, whether that page has a heading
of this address, spelt as GitHub spells it.
Promises: reads the Markdown files that git keeps or would keep; names file and line of each link that leads nowhere,
and the heading that is nearest.
Refuses: to reach the network. A web address is not looked at, and neither is anything that stands in code.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from deploy.secret_scan import files  # noqa: E402 - the path to the project is set above

FENCED = re.compile(r"^( *)(```+|~~~+).*?^ *\2", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(`+)(?!`)(?:(?!\n\n).)+?(?<!`)\1(?!`)", re.DOTALL)
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)")
HEADING = re.compile(r"^ {0,3}#{1,6} +(.*?)(?: +#+)? *$", re.MULTILINE)


def prose(text: str) -> str:
    """A page without what stands in code, line for line."""

    def blank(code: re.Match[str]) -> str:
        return "\n" * code[0].count("\n")

    return INLINE.sub(blank, FENCED.sub(blank, text))


@cache
def addresses(page: Path) -> frozenset[str]:
    """The addresses of a page's headings; of those that say the same, the later ones are numbered."""
    seen: Counter[str] = Counter()
    found = set()
    for heading in HEADING.findall(FENCED.sub("", page.read_text(encoding="utf-8"))):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)  # of a link its words
        address = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        found.add(f"{address}-{seen[address]}" if seen[address] else address)
        seen[address] += 1
    return frozenset(found)


def dead(page: Path) -> Iterator[tuple[int, str]]:
    """Line number (from 1) of each link that leads nowhere, and what is wrong with it."""
    text = prose(page.read_text(encoding="utf-8"))
    for link in LINK.finditer(text):
        path, _, address = link[1].partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        line = text.count("\n", 0, link.start()) + 1
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            yield line, f"{link[1]}: there is no {path}"
        elif address and file.suffix == ".md" and address not in addresses(file):
            near = get_close_matches(address, addresses(file), n=1)
            yield (
                line,
                f"{link[1]}: that page has no such heading" + "".join(f"; did you mean #{each}?" for each in near),
            )


def main() -> int:
    """Follows the links of all pages. Returns 1 when one leads nowhere."""
    pages = [path for path in files() if path.suffix == ".md"]
    found = [f"{page.relative_to(ROOT)}:{line}: {what}" for page in pages for line, what in dead(page)]
    print("\n".join(found) or f"every link of {len(pages)} pages leads somewhere")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
