"""PostgreSQL's own ``pg_dump`` and ``pg_restore``, as streams: what one writes never stands on a disk in the open.

They are found on the path of this machine and must be of the server's version or a newer one. A password reaches them
by their environment, never by their arguments, which others on the machine could see. What goes wrong is told in their
words.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, Final

from sqlalchemy import URL

from syncd.model.errors import NeedsOperator

DUMP: Final = "pg_dump"
RESTORE: Final = "pg_restore"
_PLAIN: Final = ("--no-owner", "--no-privileges")
_LONGEST: Final = 400


def found(tool: str) -> str:
    """Where a tool is. :raises NeedsOperator: if it is not on the path, with what to install."""
    path = shutil.which(tool)
    if path is None:
        raise NeedsOperator(
            f"{tool} is not on the path of this machine; install PostgreSQL's client programs, of the server's version "
            "or a newer one (Debian: `apt install postgresql-client`; images: docs/backups.md)"
        )
    return path


@contextmanager
def dumped(url: URL, tables: Sequence[str], *, snapshot: str | None = None) -> Iterator[IO[bytes]]:
    """What ``pg_dump`` tells of these tables, in its own form and not compressed.

    :param tables: each with its schema, quoted as SQL quotes names.
    :param snapshot: of a transaction that is open, whose state is to be dumped.
    :raises NeedsOperator: at the end, if it did not tell all of it.
    """
    words = [found(DUMP), "--format=custom", "--compress=0", *_PLAIN, *(f"--table={each}" for each in tables)]
    if snapshot is not None:
        words.append(f"--snapshot={snapshot}")
    with _running([*words, f"--dbname={_address(url)}"], url) as process:
        assert process.stdout is not None
        yield process.stdout


@contextmanager
def restored(url: URL, *, clean: bool = False) -> Iterator[IO[bytes]]:
    """Where a dump is to be written to, and ``pg_restore`` puts it into a database: all of it at the end, or nothing.

    :param clean: whether what has the same names there is replaced.
    :raises NeedsOperator: if it was not put there.
    """
    words = [found(RESTORE), "--single-transaction", "--exit-on-error", *_PLAIN]
    if clean:
        words += ["--clean", "--if-exists"]
    with _running([*words, f"--dbname={_address(url)}"], url, feeding=True) as process:
        assert process.stdin is not None
        yield process.stdin


@contextmanager
def _running(words: Sequence[str], url: URL, *, feeding: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    """A tool at work. Whoever leaves with an error has it killed, so that it commits nothing."""
    environ = {**os.environ, "PGCONNECT_TIMEOUT": "30", **({"PGPASSWORD": str(url.password)} if url.password else {})}
    ways = (subprocess.PIPE, subprocess.DEVNULL) if feeding else (subprocess.DEVNULL, subprocess.PIPE)
    with tempfile.TemporaryFile() as told:
        with subprocess.Popen(  # noqa: S603 - a tool by its path, with words of ours and the configured address
            list(words), env=environ, stdin=ways[0], stdout=ways[1], stderr=told
        ) as process:
            try:
                yield process
                if process.stdin is not None:
                    process.stdin.close()
            except BrokenPipeError:  # it ended before it had all of it, and said why
                process.wait()
            except BaseException:
                process.kill()
                raise
            finally:
                with suppress(OSError):
                    (process.stdin or process.stdout or told).close()
        if process.returncode:
            told.seek(0)
            raise NeedsOperator(f"{words[0].rpartition('/')[2]}: {_said(told.read()) or 'ended without a word'}")


def _said(told: bytes) -> str:
    """What a tool complained of, in one line."""
    lines = (line.strip() for line in told.decode(errors="replace").splitlines())
    return "; ".join(line.partition(": ")[2] or line for line in lines if line)[:_LONGEST]


def _address(url: URL) -> str:
    return url._replace(drivername="postgresql", password=None).render_as_string(hide_password=False)
