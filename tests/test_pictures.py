"""The pictures that pages show are there, and all that are there are shown."""

from __future__ import annotations

import re
import struct
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))


def shown_by(page: Path) -> set[Path]:
    """The pictures that a page names."""
    return {(page.parent / each).resolve() for each in re.findall(r"[\w./-]+\.png", page.read_text(encoding="utf-8"))}


def size_of(picture: Path) -> tuple[int, int]:
    """Width and height of a PNG."""
    width, height = struct.unpack(">II", picture.read_bytes()[16:24])
    return width, height


def test_none_is_missing_and_none_lies_about() -> None:
    """Of all pages together."""
    shown = set().union(*map(shown_by, PAGES))
    assert shown == set((ROOT / "docs" / "images").glob("*.png"))


def test_the_readme_shows_light_and_dark_and_a_phone() -> None:
    """One picture of each at least, the phone's as narrow as one."""
    pictures = shown_by(ROOT / "README.md")
    assert any("-light-desktop" in each.name for each in pictures)
    assert any("-dark-desktop" in each.name for each in pictures)
    assert [size_of(each)[0] < 500 for each in pictures if "-phone" in each.name] == [True]
