"""How results look: JSON for programs, tables and a few colours for people, on standard output alone.

Away from a terminal nothing is coloured, no bar moves, and lines are not folded at eighty columns. A vendor's value is
shown as one line of printable characters, and so is what a sentence quotes, so that no text from outside can steer a
terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from syncd.model.values import MISSING, Canonical, Instant, Missing

if TYPE_CHECKING:
    from rich.console import Console

WIDE: Final = 200
LONGEST: Final = 60


def console(*, stderr: bool = False) -> Console:
    """A console that interprets nothing in what it prints."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(
        stderr=stderr,
        markup=False,
        emoji=False,
        highlight=False,
        soft_wrap=True,
        width=None if stream.isatty() else WIDE,
    )


def say(*lines: str, style: str | None = None) -> None:
    """Prints lines for a person."""
    printer = console()
    for line in lines:
        printer.print(printable(line), style=style)


def print_json(value: object) -> None:
    """Prints one JSON document with sorted keys and a line end."""
    import orjson

    text = orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    sys.stdout.write(text.decode() + "\n")
    sys.stdout.flush()


def table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table; nothing if it has no rows."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    if not rows:
        return
    drawn = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, title_style="bold")
    for head in heads:
        drawn.add_column(printable(head), overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(printable(cell)) for cell in row))
    console().print(drawn)


def printable(text: str) -> str:
    """A text of several lines without what could steer a terminal: such a character is a space."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or letter in "\n\t" else " " for letter in text)


def shown(value: Canonical | Missing | float, *, longest: int = LONGEST) -> str:
    """A value for a person: one line, printable, cut to a length; ``-`` for an empty one."""
    if value is MISSING:
        return "(not told)"
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def when(moment: Instant | None) -> str:
    """An instant for a person, in UTC."""
    return "-" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def age(moment: Instant, now: datetime) -> str:
    """How long ago, in one or two words: ``42 s``, ``3 min``, ``5 h``, ``2 days``."""
    seconds = max(0.0, (now - moment).total_seconds())
    for unit, size, until in (("s", 1, 120), ("min", 60, 7_200), ("h", 3_600, 172_800)):
        if seconds < until:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86_400:.0f} days"


def count(number: int, one: str, several: str | None = None) -> str:
    """``1 conflict``, ``2 conflicts``, ``1,200 records``."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


@contextmanager
def progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error while a terminal is there; elsewhere nothing is shown.

    What is yielded takes how many are done and how many there are; until its first call only a spinner turns.
    """
    if not sys.stderr.isatty():
        yield lambda _done, _all: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)

        def told(done: int, everything: int) -> None:
            bar.update(task, description="writing", completed=done, total=everything)

        yield told
