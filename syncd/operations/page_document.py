"""A page of words as data: the third writer beside Markdown and HTML, for programs that show it in their own way.

Words are a list of texts and, where one is more than a text, ``{"code": ...}``, ``{"gone": ...}``, ``{"come": ...}``. A
block says what it is under ``block``.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

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


def page_document(page: Page) -> dict[str, Any]:
    """The whole of it."""
    return {
        "title": page.title,
        "lead": _words(page.lead),
        "sections": [_section(each) for each in page.sections],
        "foot": _words(page.foot),
    }


def _section(section: Section) -> dict[str, Any]:
    return {
        "title": section.title,
        "blocks": [_block(each) for each in section.blocks],
        "cards": [_card(each) for each in section.cards],
    }


def _card(card: Card) -> dict[str, Any]:
    blocks = [_block(each) for each in card.blocks]
    return {"key": card.key, "name": card.name, "notes": list(card.notes), "blocks": blocks}


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Paragraph(words):
            return {"block": "paragraph", "words": _words(words)}
        case Terms(entries):
            told = [{"term": term, "lines": [_words(line) for line in lines]} for term, lines in entries]
            return {"block": "terms", "entries": told}
        case Table(heads, rows, title):
            cells = [[_words(cell) for cell in row] for row in rows]
            return {"block": "table", "title": title, "heads": list(heads), "rows": cells}
        case Diagram(nodes, arrows, words):
            named = [{"key": key, "name": name} for key, name in nodes]
            return {"block": "diagram", "words": words, "nodes": named, "arrows": [asdict(each) for each in arrows]}
        case Bars(words, bars, most, mark):
            line = None if mark is None else {"at": mark[0], "name": mark[1]}
            drawn = [asdict(each) for each in bars]
            return {"block": "bars", "words": words, "bars": drawn, "most": most, "mark": line}


def _words(words: Words) -> list[str | dict[str, str]]:
    return [_word(each) for each in words]


def _word(word: str | Code | Gone | Come) -> str | dict[str, str]:
    match word:
        case Code(text):
            return {"code": text}
        case Gone(text):
            return {"gone": text}
        case Come(text):
            return {"come": text}
        case str():
            return word
