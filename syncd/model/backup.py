"""What is known of one backup of the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from syncd.model.values import Instant


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup as its name and header tell: ``schema`` is the store's, ``size`` bytes of the file."""

    file: Path
    made: Instant
    schema: int
    size: int


@dataclass(frozen=True, slots=True)
class Proof:
    """What restoring a backup to a scratch file showed: the store was opened, its pages are sound, and it holds this.

    ``rows`` are links, audit rows and the like by table; ``flaws`` what is not as it was written, if the audit was
    walked.
    """

    backup: Backup
    schema: int
    rows: Mapping[str, int]
    flaws: tuple[str, ...]
    seconds: float
