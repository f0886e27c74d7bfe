"""A backup in the making: a file of its own in the folder, until it has proven itself and gets its name.

A kill leaves it behind, and other stores may back up into the same folder. So whoever writes one holds its lock, which
ends with the process: what nobody holds was left behind. Where the file system knows no locks, nothing is taken away.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from syncd.model.errors import RetryLater

PART: Final = ".part"
_OURS: Final = re.compile(r"syncd-\d{8}T\d{6}Z\.part")


@contextmanager
def claimed(part: Path) -> Iterator[Path]:
    """Holds a file in the making; taken away at the end unless it got another name by then.

    :raises RetryLater: if somebody else makes that very one.
    """
    handle = os.open(part, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            _lock(handle)
        except BlockingIOError:
            raise _taken(part) from None
        if not _is(part, handle):  # swept away between the two
            raise _taken(part)
        try:
            yield part
        finally:
            if _is(part, handle):
                part.unlink()
    finally:
        os.close(handle)


def sweep(folder: Path) -> int:
    """Takes away what kills left behind in the folder of the backups; how many that were.

    :raises OSError: if the folder cannot be read or written.
    """
    swept = 0
    for part in [each for each in folder.iterdir() if _OURS.fullmatch(each.name)]:
        with suppress(FileNotFoundError, PermissionError):  # named or swept since; another user's, who sweeps it
            handle = os.open(part, os.O_RDWR)
            try:
                with suppress(BlockingIOError):  # a backup writes it now
                    if _lock(handle) and _is(part, handle):
                        part.unlink()
                        swept += 1
            finally:
                os.close(handle)
    return swept


def _lock(handle: int) -> bool:
    """Whether the lock is ours; not where the file system has none. :raises BlockingIOError: if another one has it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return False
    return True


def _is(part: Path, handle: int) -> bool:
    """Whether a name still leads to the file that is open."""
    try:
        return os.path.samestat(part.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def _taken(part: Path) -> RetryLater:
    return RetryLater(f"{part}: another backup is being made under this name; try again", sent=False)
