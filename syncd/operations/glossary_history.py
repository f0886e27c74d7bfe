"""The glossary's dated entries: what a definition said before, word by word, and since when it says something else.

Made of what the store remembers of the definitions that were in force (``operations.definitions``). What the files say
and nobody works with yet is shown as such.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from syncd.model.values import Pair, Side
from syncd.operations.definitions import MAPPED, STAGE, Change, word_by_word
from syncd.operations.page import Come, Gone, Paragraph, Section, Table, Words

NOT_YET: Final = "not in force yet"
SHOWN: Final = 100
"""Entries that the list shows; the latest ones."""


def since(change: Change) -> str:
    """When it took effect, as a day in UTC."""
    return NOT_YET if change.at is None else f"{change.at:%Y-%m-%d}"


def told(change: Change) -> Words:
    """What it said and says, word by word."""
    if change.before is None:
        return ("new: ", Come(change.after or ""))
    if change.after is None:
        return ("gone: ", Gone(change.before))
    runs: list[str | Gone | Come] = []
    for sign, text in word_by_word(change.before, change.after):
        if runs:
            runs.append(" ")
        runs.append(Gone(text) if sign == "-" else Come(text) if sign == "+" else text)
    return tuple(runs)


def of_stage(history: Sequence[Change], key: str, systems: Pair[str]) -> Iterator[tuple[str, tuple[Words, ...]]]:
    """The entries of one stage's card, latest first, one a day; a stage that has just come has none but its day."""
    days: dict[str, list[Words]] = {}
    for change in reversed(history):
        if change.term.sort == STAGE and change.term.key == key:
            part = _part(change.term.part, systems)
            days.setdefault(since(change), []).append((f"{part}: ", *told(change)))
    for day, lines in days.items():
        yield f"Changed {day}" if day != NOT_YET else "Changes, not in force yet", tuple(lines)


def listed(history: Sequence[Change], names: Mapping[str, str], systems: Pair[str]) -> Section | None:
    """Every change of what both teams agreed on, latest first; none where nothing has changed. How fields are mapped is
    no word of theirs.
    """
    history = [change for change in history if change.term.sort != MAPPED]
    if not history:
        return None
    rows = tuple((
        (since(change),),
        (f"{_key(change, names)}, {_part(change.term.part, systems)}",),
        told(change),
    ) for change in reversed(history[-SHOWN:]))  # fmt: skip
    left = f" The {len(history) - SHOWN:,} changes before these are not shown." if len(history) > SHOWN else ""
    words = f"As syncd came to work with other files than before; days in UTC.{left}"
    return Section("Word by word", (Paragraph((words,)), Table(("Changed", "What", "Word by word"), rows)))


def _key(change: Change, names: Mapping[str, str]) -> str:
    sort, key, _ = change.term
    return names.get(key, key) if sort == STAGE else f"{sort} {key}"


def _part(part: str, systems: Pair[str]) -> str:
    for side in Side:
        if part == f"in {side}":
            return f"in {systems.of(side)}"
    return part
