"""The folder of the backups: which are there, as their names and headers tell. No key is needed to look.

A file that goes away meanwhile, or that we may not read, is no backup of ours; the others count as ever.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import Final

from syncd.model.backup import Backup, surplus
from syncd.model.errors import BadUsage, NeedsOperator
from syncd.model.values import Instant
from syncd.store.codec import from_ms
from syncd.store.parts import sweep
from syncd.store.sealing import read_about

SUFFIX: Final = ".backup"
_NAME: Final = "syncd-%Y%m%dT%H%M%SZ"


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
        size, store = file.stat().st_size, str(about.get("store", "sqlite"))
        return Backup(file, from_ms(int(about["made"])), int(about["schema"]), size, store)
    except (BadUsage, KeyError, TypeError, ValueError):
        return None


def backup_of(file: Path, store: str) -> Backup:
    """A backup that is to be opened for a store of that sort.

    :raises BadUsage: if there is none, or it is of another sort of database.
    """
    with typed_files(file):
        try:
            found = read_backup(file)
        except FileNotFoundError:
            raise BadUsage(f"{file}: there is no such file; `syncd store backups` lists them") from None
    if found is None:
        raise BadUsage(f"{file}: this is no backup that syncd made, or its beginning is lost")
    if found.store != store:
        raise BadUsage(f"{file}: this is a backup of a {found.store} store, and `store` names a {store} one")
    return found


def pruned(folder: Path, now: Instant, keep: int) -> int:
    """Takes all but the latest so many away, and the same of those from the future; how many that were."""
    gone = surplus(now, backups_in(folder), keep)
    with typed_files(folder):
        for each in gone:
            each.file.unlink(missing_ok=True)
    return len(gone)


def new_file(folder: Path, made: Instant) -> Path:
    """The file of a backup that is made now; its folder is made if need be.

    :raises BadUsage: if there is one of this second.
    """
    if not folder.exists():
        folder.mkdir(parents=True, mode=0o700)
    file = folder / f"{made.astimezone(UTC):{_NAME}}{SUFFIX}"
    if file.exists():
        raise BadUsage(f"{file}: there is a backup of this second; ask again")
    sweep(folder)
    return file


def settled(folder: Path) -> None:
    """Makes a new name in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


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
