"""What is known of one backup of the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from syncd.model.values import Instant


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup as its name and header tell: ``schema`` is the store's, ``size`` bytes of the file, ``store`` the
    sort of database that it is of (``sqlite`` or ``postgresql``).
    """

    file: Path
    made: Instant
    schema: int
    size: int
    store: str = "sqlite"


def latest_by(now: Instant, backups: Sequence[Backup]) -> Backup | None:
    """The latest that was made by then. One from the future says nothing: the clock was ahead and was set back."""
    return max((each for each in backups if each.made <= now), key=lambda each: each.made, default=None)


def surplus(now: Instant, backups: Sequence[Backup], keep: int) -> Sequence[Backup]:
    """All but the latest so many, one at least. Those from the future are counted by themselves.

    So they push out none that is good, and if it is the present clock that is wrong, they are the good ones.
    """
    ordered = sorted(backups, key=lambda each: each.made, reverse=True)
    past = [each for each in ordered if each.made <= now]
    future = [each for each in ordered if each.made > now]
    return past[max(1, keep) :] + future[max(1, keep) :]


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
