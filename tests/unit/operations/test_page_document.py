"""A page as data: every block says what it is, and no word of it is lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from syncd.operations.page import (
    Arrow,
    Bar,
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
)
from syncd.operations.page_document import page_document

BLOCKS: tuple[Block, ...] = (
    Paragraph(("It said ", Gone("often"), Come("always"), " of ", Code("email"))),
    Terms((("Who", (("sales",), ("or ", Code("ops")))),)),
    Table(("field", "marketing"), ((("title",), (Code("jobtitle"),)),), title="Person"),
    Diagram((("mql", "Qualified"), ("sql", "Accepted")), (Arrow("mql", "sql", "by sales", again=True),), "stages"),
    Bars("days", (Bar("won", 3.5, "3.5 days", 1.0, 9.0),), 9.0, mark=(2.0, "agreed")),
)


def texts(told: Any) -> Iterator[str]:
    """Every text of a document, whatever it is a part of."""
    if isinstance(told, dict):
        told = list(told.values())
    if isinstance(told, list):
        for each in told:
            yield from texts(each)
    elif isinstance(told, str):
        yield told


def test_every_block_says_what_it_is() -> None:
    """With its words in order, and what went and came apart from what stands."""
    card = Card("mql", "Qualified", ("first",), BLOCKS[:1])
    page = Page("Glossary", ("What ", Code("mql"), " is"), (Section("Stages", BLOCKS, (card,)),), ("made by us",))
    told = page_document(page)
    (section,) = told["sections"]
    words, terms, table, diagram, bars = section["blocks"]
    assert words == {"block": "paragraph", "words": ["It said ", {"gone": "often"}, {"come": "always"}, " of ",
                                                     {"code": "email"}]}  # fmt: skip
    assert terms["entries"] == [{"term": "Who", "lines": [["sales"], ["or ", {"code": "ops"}]]}]
    assert (table["title"], table["heads"]) == ("Person", ["field", "marketing"])
    assert table["rows"] == [[["title"], [{"code": "jobtitle"}]]]
    assert diagram["arrows"] == [{"start": "mql", "end": "sql", "words": "by sales", "again": True}]
    assert (bars["most"], bars["mark"]) == (9.0, {"at": 2.0, "name": "agreed"})
    assert bars["bars"] == [{"label": "won", "length": 3.5, "text": "3.5 days", "low": 1.0, "high": 9.0}]
    assert section["cards"] == [{"key": "mql", "name": "Qualified", "notes": ["first"], "blocks": [words]}]
    assert {"Glossary", "Stages", "made by us", "Accepted", "ops", "stages"} <= set(texts(told))
