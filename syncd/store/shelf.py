"""The folder of the backups: which are there, as their names and headers tell. No key is needed to look.

A file that goes away meanwhile, or that we may not read, is no backup of ours; the others count as ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from syncd.model.backup import Backup
from syncd.model.errors import BadUsage, NeedsOperator
from syncd.store.codec import from_ms
from syncd.store.sealing import read_about

SUFFIX: Final = ".backup"


def backups_in(folder: Path) -> Sequence[Backup]:
    """Those in a folder, the latest first; none if there is no folder. What bears no name of ours is not looked at.

    :raises NeedsOperator: if the folder cannot be read.
    """
    with typed_files(folder):
        files = [each for each in folder.iterdir() if each.match(f"syncd-*{SUFFIX}")] if folder.exists() else []
    found = (_readable(file) for file in files)
    return sorted((each for each in found if each is not None), key=lambda each: each.made, reverse=True)


def read_backup(file: Path) -> Backup | None:
    """A backup as its header tells; ``None`` if it is none.

    :raises OSError: if it cannot be read (``FileNotFoundError``: it is not there).
    """
    try:
        about = read_about(file)
        return Backup(file, from_ms(int(about["made"])), int(about["schema"]), file.stat().st_size)
    except (BadUsage, KeyError, TypeError, ValueError):
        return None


def _readable(file: Path) -> Backup | None:
    try:
        return read_backup(file)
    except OSError:  # pruned since it was listed, or somebody else's
        return None


@contextmanager
def typed_files(place: Path) -> Iterator[None]:
    """Trouble with files as a sentence. :raises NeedsOperator: naming the place."""
    try:
        yield
    except OSError as error:
        raise NeedsOperator(
            f"{error.filename or place}: {error.strerror}; check folder, owner, rights and room"
        ) from error
