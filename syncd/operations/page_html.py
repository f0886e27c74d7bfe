"""A page as one HTML file that needs nothing else: no script, no request, light or dark as the reader's system is.

What people wrote in a file stays text: everything is escaped. On a narrow screen a table becomes a list of its rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from syncd.operations import bars
from syncd.operations.diagram import svg
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
    escaped,
)

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b2430; --paper: #f6f7f9; --soft: #566071; --line: #dde2e9; --card: #fff;
  --accent: #2456b8; --tint: #e9effb; --way: #8b95a5; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --paper: #12161c; --soft: #a0abba; --line: #2b333f;
  --card: #1a2029; --accent: #8fb4f8; --tint: #1c2a44; --way: #748094; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, "Segoe UI", sans-serif;
  overflow-wrap: break-word; }
header, main, footer { max-width: 62rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2.5rem; } footer { padding-top: 2.5rem; padding-bottom: 4rem; color: var(--soft);
  font-size: .9rem; }
h1, h3, dt, .lead, nav a { overflow-wrap: anywhere; }
h1 { font-size: clamp(1.5rem, 4.5vw, 2.1rem); line-height: 1.2; margin: 0 0 .4rem; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 3rem 0 .8rem; }
h3 { font-size: 1.12rem; line-height: 1.35; margin: 0; }
p { margin: .5rem 0; } .lead { font-size: 1.1rem; color: var(--soft); }
a { color: var(--accent); }
nav ul { list-style: none; margin: 1.2rem 0 0; padding: 0; display: flex; flex-wrap: wrap; gap: .4rem; }
nav a { display: block; padding: .2rem .7rem; border: 1px solid var(--line); border-radius: 2rem;
  background: var(--card); font-size: .9rem; text-decoration: none; }
nav a:hover { background: var(--tint); }
code { font: .9em ui-monospace, "DejaVu Sans Mono", monospace; background: var(--paper); border: 1px solid var(--line);
  border-radius: .3rem; padding: .05rem .3rem; overflow-wrap: anywhere; }
del { color: var(--soft); }
ins { background: var(--tint); text-decoration: none; border-radius: .2rem; padding: 0 .15rem; }
article { background: var(--card); border: 1px solid var(--line); border-radius: .7rem; padding: 1rem 1.2rem 1.1rem;
  margin: 0 0 .9rem; }
article > header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .2rem .7rem; padding: 0;
  max-width: none; }
article > header span { font-size: .85rem; color: var(--accent); background: var(--tint); border-radius: 2rem;
  padding: .05rem .65rem; }
article > p:first-of-type { font-size: 1.05rem; }
dl { display: grid; grid-template-columns: 11rem 1fr; gap: .5rem 1.2rem; margin: .8rem 0 0; }
dt { color: var(--soft); font-size: .9rem; padding-top: .08rem; }
dd { margin: 0; overflow-wrap: anywhere; } dd div + div { margin-top: .15rem; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0; }
th, td { text-align: left; padding: .45rem .9rem .45rem 0; border-top: 1px solid var(--line); vertical-align: baseline;
  overflow-wrap: break-word; } .long { overflow-wrap: anywhere; }
caption { text-align: left; color: var(--soft); font-size: .9rem; padding: .3rem 0; }
thead th { color: var(--soft); font-weight: 500; font-size: .88rem; border-top: 0; }
.sheet { background: var(--card); border: 1px solid var(--line); border-radius: .7rem; padding: .6rem 1.2rem; }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: .7rem;
  padding: 1.2rem 1rem; }
figcaption { color: var(--soft); font-size: .9rem; margin-top: .8rem; text-align: center; }
.way { display: block; width: 100%; margin: 0 auto; }
.way path { fill: none; stroke: var(--way); stroke-width: 1.5; }
.way path.again { stroke: var(--accent); stroke-dasharray: 5 3; }
.way path:hover { stroke: var(--ink); stroke-width: 2.5; }
.way marker path { stroke: none; fill: var(--way); } .way #tip-again path { fill: var(--accent); }
.way rect { fill: var(--paper); stroke: var(--line); stroke-width: 1.5; }
.way text { fill: var(--ink); font-size: 13.5px; text-anchor: middle; }
.sheet + .sheet, .sheet + figure, figure + .sheet { margin-top: .8rem; }
.bars { display: block; width: 100%; margin: 0 auto; } .narrow { display: none; }
.bars rect { fill: var(--accent); opacity: .75; } .bars rect.room { fill: var(--tint); opacity: 1; }
.bars path { stroke: var(--ink); stroke-width: 1.5; fill: none; } .bars path.mark { stroke-dasharray: 4 3; }
.bars text { fill: var(--ink); font-size: 13px; } .bars text.soft { fill: var(--soft); }
@media (max-width: 44rem) { dl { grid-template-columns: 1fr; gap: .1rem; } dd { margin-bottom: .6rem; }
  table, caption, tbody { display: block; } .wide { display: none; } .narrow { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { display: block; padding: .5rem 0; }
  tr + tr { border-top: 1px solid var(--line); }
  td { display: grid; grid-template-columns: 6.5rem minmax(0, 1fr); gap: .6rem;
  border: 0; padding: .1rem 0; } td::before { content: attr(data-head); color: var(--soft);
  font-size: .88rem; overflow-wrap: anywhere; }
  td:empty { display: none; } .sheet { padding: .3rem 1rem; } }
@media print { body { background: none; } article, figure { break-inside: avoid; } nav { display: none; } }
"""

ROOM: Final = 120
"""Letters of words that the columns of a table have room for together; longer ones are broken anywhere, others are not,
so that no column shrinks to a letter a line.
"""
_TAGS: Final = {Code: "code", Gone: "del", Come: "ins"}


def html(page: Page) -> str:
    """The whole page."""
    return "\n".join(_page(page)) + "\n"


def _page(page: Page) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escaped(page.title)}</title><style>{STYLE}</style></head><body>"
    yield f'<header><h1>{escaped(page.title)}</h1><p class="lead">{_words(page.lead)}</p>'
    links = [link for section in page.sections for link in _links(section, page)]
    yield "<nav><ul>"
    yield from (f'<li><a href="#{anchor}">{escaped(name)}</a></li>' for anchor, name in links)
    yield "</ul></nav></header><main>"
    for section in page.sections:
        yield from _section(section)
    yield f"</main><footer><p>{_words(page.foot)}</p></footer></body></html>"


def _links(section: Section, page: Page) -> Iterator[tuple[str, str]]:
    """What is at hand at the top of the page: the first cards one by one, since they are what is looked up most."""
    first = next((each for each in page.sections if each.cards), None)
    if section is first:
        yield from ((_anchor(section, card), card.name) for card in section.cards)
    else:
        yield _anchor(section), section.title


def _section(section: Section) -> Iterator[str]:
    yield f'<section id="{_anchor(section)}"><h2>{escaped(section.title)}</h2>'
    for block in section.blocks:
        yield from _block(block, sheet=True)
    for card in section.cards:
        yield f'<article id="{_anchor(section, card)}"><header><h3>{escaped(card.name)}</h3>{_words((Code(card.key),))}'
        yield from (f"<span>{escaped(note)}</span>" for note in card.notes)
        yield "</header>"
        for block in card.blocks:
            yield from _block(block, sheet=False)
        yield "</article>"
    yield "</section>"


def _block(block: Block, *, sheet: bool) -> Iterator[str]:
    match block:
        case Paragraph(words):
            yield f"<p>{_words(words)}</p>"
        case Terms(entries):
            yield "<dl>"
            for head, lines in entries:
                told = "".join(f"<div>{_words(line)}</div>" for line in lines)
                yield f"<dt>{escaped(head)}</dt><dd>{told}</dd>"
            yield "</dl>"
        case Table(heads, rows, title):
            yield '<div class="sheet">' if sheet else "<div>"
            yield "<table>"
            if title:
                yield f"<caption>{escaped(title)}</caption>"
            limit = ROOM // len(heads)
            yield "<thead><tr>"
            yield from (f'<th scope="col"{_long((head,), limit)}>{escaped(head)}</th>' for head in heads)
            yield "</tr></thead><tbody>"
            for row in rows:
                yield "<tr>"
                for head, cell in zip(heads, row, strict=True):
                    yield f'<td data-head="{escaped(head)}">{_cell(cell, limit)}</td>'
                yield "</tr>"
            yield "</tbody></table></div>"
        case Diagram():
            yield f"<figure>{svg(block)}<figcaption>{escaped(block.words)}</figcaption></figure>"
        case Bars():
            yield f"<figure>{bars.svg(block)}<figcaption>{escaped(block.words)}</figcaption></figure>"


def _cell(cell: Words, limit: int) -> str:
    """One element, so that a narrow screen can set the head beside it; nothing where there is nothing to tell."""
    told = _words(cell)
    return f"<span{_long(cell, limit)}>{told}</span>" if told else ""


def _long(cell: Words, limit: int) -> str:
    """An attribute for words that have to be broken, since no column is as wide."""
    texts = (each if isinstance(each, str) else each.text for each in cell)
    return ' class="long"' if any(len(word) > limit for text in texts for word in text.split()) else ""


def _words(words: Words) -> str:
    return "".join(
        escaped(each) if isinstance(each, str) else f"<{(tag := _TAGS[type(each)])}>{escaped(each.text)}</{tag}>"
        for each in words
    )


def _anchor(section: Section, card: Card | None = None) -> str:
    """What a link leads to; only letters, digits and hyphens, so that it needs no escaping anywhere."""
    told = section.title if card is None else f"{section.title} {card.key}"
    return re.sub(r"[^a-z0-9]+", "-", told.casefold()).strip("-")
