"""A page as Markdown, for a wiki or a repository. What people wrote in a file stays text, whatever letters it has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from syncd.operations.page import (
    Bars,
    Block,
    Card,
    Code,
    Come,
    Diagram,
    Gone,
    Page,
    Paragraph,
    Section,
    Table,
    Terms,
    Words,
)

_MARKS: Final = re.compile(r"([\\`*_{}\[\]<>#|~&])")
_ACTING: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_BEGINS: Final = re.compile(r"^([-+=]|[0-9]+(?=[.)]))")
"""What makes a list or a heading at the beginning of a line; a backslash goes behind digits, else before."""


def markdown(page: Page) -> str:
    """The whole page. Drawings are left out: a table beside them says the same."""
    return "\n".join(_page(page)).rstrip() + "\n"


def _page(page: Page) -> Iterator[str]:
    yield from (f"# {_text(page.title)}", "", _words(page.lead), "")
    for section in page.sections:
        blocks = [each for each in section.blocks if not isinstance(each, Diagram | Bars)]
        if blocks or section.cards:
            yield from _section(section, blocks)
    yield from ("---", "", _words(page.foot))


def _section(section: Section, blocks: Sequence[Block]) -> Iterator[str]:
    yield from (f"## {_text(section.title)}", "")
    for block in blocks:
        yield from _block(block)
    for card in section.cards:
        yield from _card(card)


def _card(card: Card) -> Iterator[str]:
    notes = "".join(f" · {_text(note)}" for note in card.notes)
    yield from (f"### {_text(card.name)}", "", f"{_code(card.key)}{notes}", "")
    for block in card.blocks:
        yield from _block(block)


def _block(block: Block) -> Iterator[str]:
    match block:
        case Paragraph(words):
            yield _BEGINS.sub(lambda found: f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}", _words(words))
        case Terms(entries):
            for head, lines in entries:
                if len(lines) == 1:
                    yield f"- **{_text(head)}:** {_words(lines[0])}"
                else:
                    yield f"- **{_text(head)}:**"
                    yield from (f"  - {_words(line)}" for line in lines)
        case Table(heads, rows, title):
            if title:
                yield f"{_text(title)}:"
                yield ""
            yield f"| {' | '.join(map(_text, heads))} |"
            yield "|" + "---|" * len(heads)
            yield from (f"| {' | '.join(_words(cell, in_table=True) for cell in row)} |" for row in rows)
        case Diagram() | Bars():
            return
    yield ""


def _words(words: Words, *, in_table: bool = False) -> str:
    told = "".join(_word(each) for each in words)
    return _unescaped_bars(told) if in_table else told


def _word(word: str | Code | Gone | Come) -> str:
    match word:
        case Code(text):
            return _code(text)
        case Gone(text):
            return f"~~{_text(text)}~~"
        case Come(text):
            return f"**{_text(text)}**"
        case _:
            return _text(word)


def _unescaped_bars(line: str) -> str:
    """A bar ends a cell even inside of code, so there it is escaped as well."""
    return re.sub(r"(?<!\\)\|", r"\\|", line)


def _text(text: str) -> str:
    return _MARKS.sub(r"\\\1", _visible(re.sub(r"[\r\n]+", " ", text)))


def _visible(text: str) -> str:
    """Letters that cannot be seen and yet act (they turn the line around, or end it) by their names: Markdown has no
    way to keep what they do to the word that holds them.
    """
    return _ACTING.sub(lambda found: f"(U+{ord(found[0]):04X})", text)


def _code(text: str) -> str:
    """Code in as many ticks as it needs."""
    line = _visible(" ".join(text.split()))
    longest = max((len(found) for found in re.findall(r"`+", line)), default=0)
    ticks = "`" * (longest + 1)
    return f"{ticks} {line} {ticks}" if longest else f"`{line}`"
