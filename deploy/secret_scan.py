"""Looks for credentials in everything that git keeps or would keep.

Decides: whether a line looks like a credential of one of the vendors, a private key, a cloud key, or a random-looking
value assigned to something called secret, password or token.
Promises: reads tracked files and new ones that are not ignored; prints file, line and rule, never the value.
Refuses: to guess intent. A line that is meant to look like a credential says so itself: `# not a secret`.
"""

from __future__ import annotations

import math
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ALLOWED = "# not a secret"
LARGEST = 2_000_000  # bytes; nothing larger is written by hand

RULES = {
    "HubSpot private app token or service key": re.compile(r"(?i)\bpat-[a-z]{2}\d-[0-9a-f]{8}-[0-9a-f-]{27}\b"),
    "Salesforce session id": re.compile(r"\b00D[0-9A-Za-z]{12}(?:[0-9A-Za-z]{3})?![0-9A-Za-z._]{20,}"),
    "Salesforce refresh token": re.compile(r"\b5Aep[0-9A-Za-z._]{60,}"),
    "private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    "AWS access key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "signed web token": re.compile(r"\beyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{16,}"),
}
ASSIGNED = re.compile(
    r"(?:secret|passw(?:or)?d|token|api_?key)\w*[\"']?\s*(?::\s*\w+\s*=|[:=])\s*[\"']?([0-9A-Za-z+/_.=~!-]{20,})",
    re.IGNORECASE,
)
RANDOM = 3.7  # bits per character; words and dotted names stay below, 20 random letters and digits lie above


def entropy(text: str) -> float:
    """Bits per character, from the frequencies of the characters in the text itself."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def random_looking(value: str) -> bool:
    """True for a value that nobody types: letters and digits mixed, and no pattern. Names and paths are none."""
    mixed = re.search(r"[0-9]", value) and re.search(r"[A-Za-z]", value)
    return bool(mixed) and entropy(value) >= RANDOM


def findings(text: str) -> Iterator[tuple[int, str]]:
    """Line number (from 1) and rule of every line that looks like a credential and is not allowed."""
    for number, line in enumerate(text.splitlines(), start=1):
        if ALLOWED in line:
            continue
        for rule, pattern in RULES.items():
            if pattern.search(line):
                yield number, rule
        for match in ASSIGNED.finditer(line):
            if random_looking(match[1]):
                yield number, "random-looking value of a secret, password, token or key"


def files() -> list[Path]:
    """Every file that is tracked, or new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
    ).stdout
    paths = sorted({ROOT / name.decode() for name in listed.split(b"\0") if name})
    return [path for path in paths if path.is_file() and path.stat().st_size <= LARGEST]


def main() -> int:
    """Scans the project. Returns 1 when something was found."""
    scanned = files()
    found = []
    for path in scanned:
        content = path.read_bytes()
        if b"\0" in content:
            continue
        where = path.relative_to(ROOT)
        found += [f"{where}:{line}: {rule}" for line, rule in findings(content.decode(errors="replace"))]
    if found:
        found.append(f"take the value out and revoke it; if it only looks like one, end its line with `{ALLOWED}`")
    print("\n".join(found) or f"no credentials in {len(scanned)} files")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
