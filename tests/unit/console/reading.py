"""What somebody reads of a page, and what a browser would make of it."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser


def text_of(page: str) -> str:
    """What of a page is read."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page)))


class Found(HTMLParser):
    """What a browser would make of a page: its elements, and the words of ``HARM`` in what would be run or loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.run: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        for name, value in attrs:
            leads = name in ("href", "action", "src") and re.match(r"\s*(\w+:|//)", value or "")
            if name.startswith("on") or name == "style" or leads:
                self.run.append(f"{tag} {name}={value}")


PLAIN = frozenset(
    re.findall(
        r"\w+",
        "html head meta title link script body a header svg path nav ul li div span small form input button main h1 h2 "
        "h3 p section details summary label dl dt dd time rect table thead tbody tr th td bdi br code ol strong kbd "
        "select option meter progress pre figure figcaption h4 del ins fieldset legend textarea",
    )
)
"""What our templates are made of."""
