"""A page of words before it is Markdown or HTML: sections of paragraphs, lists of terms, tables, a diagram and charts.

Whoever has something to say to both teams makes a ``Section`` of it; how it looks is decided by the two writers alone.
Texts are plain: a writer escapes them, so that nothing a person wrote in a file can become markup.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import Final, TypeAlias

_UNSEEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def escaped(text: str) -> str:
    """A text for HTML and SVG. Control characters, and those that would turn around the words behind a name, are seen
    as what they are: nothing that can be read.
    """
    return escape(_UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text))


@dataclass(frozen=True, slots=True)
class Code:
    """A text that is shown as it is typed somewhere: a field's name, a value, an expression."""

    text: str


@dataclass(frozen=True, slots=True)
class Gone:
    """Words that were there before."""

    text: str


@dataclass(frozen=True, slots=True)
class Come:
    """Words that were not there before."""

    text: str


Words: TypeAlias = tuple[str | Code | Gone | Come, ...]
"""Words in a line, with code among them, and what went and came where something has changed."""


def spoken(text: str) -> Words:
    """A sentence as words: what stands in it between backquotes is code."""
    parts = re.split(r"`([^`]+)`", text)
    return tuple(Code(part) if number % 2 else part for number, part in enumerate(parts) if part)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Words of its own."""

    words: Words


@dataclass(frozen=True, slots=True)
class Terms:
    """What there is to say under several heads; each line of an entry stands by itself."""

    entries: tuple[tuple[str, tuple[Words, ...]], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under heads, each as long as ``heads``. ``title`` says which rows, where the section does not."""

    heads: tuple[str, ...]
    rows: tuple[tuple[Words, ...], ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Arrow:
    """One way from node to node, by their keys. ``again`` is one that begins a new round; ``words`` say more."""

    start: str
    end: str
    words: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class Diagram:
    """Nodes in their order, by key and name, and the ways between them. ``words`` say what is seen."""

    nodes: tuple[tuple[str, str], ...]
    arrows: tuple[Arrow, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its label, its length from zero, what is written beside it, and bounds if there are any."""

    label: str
    length: float
    text: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars from one zero to ``most``; ``mark`` is a line across them and its name. ``words`` say what is seen."""

    words: str
    bars: tuple[Bar, ...]
    most: float
    mark: tuple[float, str] | None = None


Block: TypeAlias = Paragraph | Terms | Table | Diagram | Bars


@dataclass(frozen=True, slots=True)
class Card:
    """One thing among several of a section. ``key`` is how the files call it, ``notes`` a few words beside its name."""

    key: str
    name: str
    notes: tuple[str, ...]
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the page."""

    title: str
    blocks: tuple[Block, ...]
    cards: tuple[Card, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """The whole of it."""

    title: str
    lead: Words
    sections: tuple[Section, ...]
    foot: Words
