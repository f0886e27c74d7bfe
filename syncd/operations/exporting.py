"""Takes what is known of a connection out of the store, as open files with a manifest.

``links.csv`` and ``episodes.csv`` are tables for people, everything else is JSON lines; the audit with its values, as
far as nobody was forgotten. A cell that a spreadsheet would take for a formula begins with an apostrophe. The manifest
is written last and names every file with its rows, bytes and SHA-256: a folder without one is not whole. Files are for
their owner alone: they hold personal data.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final, Protocol

import orjson

from syncd.model.errors import BadUsage
from syncd.model.link import AuditRow
from syncd.model.values import Instant

CSV: Final = frozenset({"links", "episodes"})
AUDIT: Final = "audit"
MANIFEST: Final = "manifest.json"
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a text begins that a spreadsheet may calculate (OWASP, "CSV Injection")."""
ALWAYS: Final = datetime(1970, 1, 1, tzinfo=UTC)

Row = Mapping[str, object]


class Source(Protocol):
    """The part of the store that is exported."""

    def exported(self, name: str) -> Iterator[Row]:
        """The rows of a table."""
        ...

    def audit_since(self, since: Instant) -> Iterator[AuditRow]:
        """Writes since then, values decrypted."""
        ...


@dataclass(frozen=True, slots=True)
class Written:
    """One file of an export."""

    name: str
    rows: int
    size: int
    sha256: str


def export(
    source: Source, names: Iterable[str], folder: Path, *, about: Mapping[str, object], now: Callable[[], Instant]
) -> list[Written]:
    """Writes every table and the audit, then the manifest.

    :param about: what the manifest says beside the files.
    :raises BadUsage: if the folder holds something already, or cannot be written.
    """
    began = now()
    try:
        if folder.exists() and any(folder.iterdir()):
            raise BadUsage(f"{folder} is not empty; name a new folder, so that nothing of yours is overwritten")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        written = [_file(folder, name, source.exported(name)) for name in names]
        written.append(_file(folder, AUDIT, map(_audit, source.audit_since(ALWAYS))))
        manifest = {
            **about,
            "began": began,
            "ended": now(),
            "files": [{"name": w.name, "rows": w.rows, "bytes": w.size, "sha256": w.sha256} for w in written],
        }
        with _private(folder / MANIFEST) as out:
            out.write(orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
    except OSError as error:
        raise BadUsage(f"{folder} cannot be written ({error.strerror}); name a folder of yours") from error
    return written


def cell(value: object) -> object:
    """A value as a spreadsheet may have it: a text that could be a formula is told to be one."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _file(folder: Path, name: str, rows: Iterable[Row]) -> Written:
    path = folder / (f"{name}.csv" if name in CSV else f"{name}.jsonl")
    total, size, count = hashlib.sha256(), 0, 0
    with _private(path) as out:
        for line in _csv(rows) if name in CSV else _lines(rows):
            out.write(line)
            total.update(line)
            size += len(line)
            count += 1
    return Written(path.name, count - (name in CSV and count > 0), size, total.hexdigest())


def _lines(rows: Iterable[Row]) -> Iterator[bytes]:
    for row in rows:
        yield orjson.dumps(row) + b"\n"


def _csv(rows: Iterable[Row]) -> Iterator[bytes]:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")

    def taken(values: Iterable[object]) -> bytes:
        text.seek(0)
        text.truncate()
        writer.writerow(values)
        return text.getvalue().encode()

    headed = False
    for row in rows:
        if not headed:
            yield taken(row)
            headed = True
        yield taken(cell(value) for value in row.values())


def _audit(row: AuditRow) -> dict[str, Any]:
    return {
        "intent": row.intent,
        "attempt": row.attempt,
        "link": row.link,
        "kind": row.kind,
        "side": row.side,
        "record": None if row.ref is None else str(row.ref),
        "action": row.action,
        "run": row.run,
        "at": row.at,
        "outcome": row.outcome,
        "finished_at": row.finished_at,
        "destroyed": row.destroyed,
        "changes": [
            {"field": c.field, "before": c.before, "after": c.after, "rule": c.rule, "cause": c.cause}
            for c in row.changes
        ],
    }


def _private(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
