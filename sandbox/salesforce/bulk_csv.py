"""CSV as Bulk API 2.0 reads and writes it: every cell quoted on the way out, the job's own delimiter and line ending.

Refuses (``Unreadable``) a file whose lines end otherwise than the job says, rows of another width than the header, and
what is no UTF-8. A line break inside quotes belongs to the cell.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unreadable(Exception):
    """The file fails its job; the text becomes ``errorMessage``."""

    message: str

    def __str__(self) -> str:
        return self.message


def read_csv(content: bytes, *, delimiter: str, line_ending: str) -> tuple[list[str], list[list[str]]]:
    """Header and rows."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable("ClientInputError : the file is not UTF-8") from error
    head = text.partition("\n")[0]
    if head.endswith("\r") != (line_ending == "\r\n") and "\n" in text:
        raise Unreadable("ClientInputError : the lines of the file do not end as the job's lineEnding says")
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if line]
    except csv.Error as error:
        raise Unreadable(f"InvalidBatch : the file cannot be read: {error}") from error
    if not lines:
        raise Unreadable("InvalidBatch : the file is empty")
    header, *rows = lines
    if any(len(row) != len(header) for row in rows):
        raise Unreadable(f"InvalidBatch : a row has another number of cells than the header, which has {len(header)}")
    return header, rows


def write_csv(header: Sequence[str], rows: Iterable[Sequence[str]], *, delimiter: str, line_ending: str) -> bytes:
    """Header and rows, each cell quoted."""
    into = io.StringIO(newline="")
    writer = csv.writer(into, delimiter=delimiter, lineterminator=line_ending, quoting=csv.QUOTE_ALL)
    writer.writerow(header)
    writer.writerows(rows)
    return into.getvalue().encode()
