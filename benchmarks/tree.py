"""The hash of the code tree without docs/: what figures were made from (house.md 9.11).

Covers name and content of every file that git would commit, in the order of names, except docs/ and the results
themselves, which tell of the tree and are no part of it.
"""

from __future__ import annotations

import subprocess
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results.json"


def tree_hash() -> str:
    """Twelve hex digits.

    :raises CalledProcessError: if this is no git checkout.
    """
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],  # noqa: S607 - git is on PATH
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    total = sha256()
    for name in sorted(filter(None, listed.decode().split("\0"))):
        file = ROOT / name
        if not name.startswith("docs/") and file != RESULTS and file.is_file():
            total.update(f"{name}\0{sha256(file.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()[:12]
