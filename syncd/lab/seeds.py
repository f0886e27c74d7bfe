"""Seeds that follow from the sources: other code plays other scenarios, the same code the same ones, without git."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent
PLAYED: Final = ("syncd", "connectors", "sandbox")
"""What a simulation runs on."""
TESTED: Final = (*PLAYED, "tests")
"""What the choice of tests, their examples and the wrong versions follow from."""


def hash_of(folders: Iterable[str], *, root: Path = ROOT) -> str:
    """A hash over every Python and YAML file below these folders: names and contents, in order."""
    digest = hashlib.blake2b(digest_size=8)
    for folder in folders:
        for file in sorted((root / folder).rglob("*")):
            if file.suffix in (".py", ".yaml"):
                digest.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def seeds(count: int, *, of: str) -> Sequence[str]:
    """So many seeds that begin with ``of``."""
    return [f"{of}-{number}" for number in range(count)]
