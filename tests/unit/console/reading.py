"""What somebody reads of a page."""

from __future__ import annotations

import html
import re


def text_of(page: str) -> str:
    """What of a page is read."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page)))
