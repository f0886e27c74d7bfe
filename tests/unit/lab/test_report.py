"""The demo's report: one page that stands alone, says the result first and shows what does not hold."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from syncd.lab.report import several, write_report
from syncd.lab.story import Scene, Story

VOID = {"meta"}


class Balanced(HTMLParser):
    """Notes every element, and fails on one that is closed out of turn."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def page(tmp_path: Path, *, holds: bool = True) -> str:
    """The report of a small story."""
    story = Story(figures={"delivered": "89 (0 lost)", "cycles": "21"})
    story.add(Scene("A <b>first</b> link", "said `syncd sync`", "wrote & waited", "0 writes", holds))
    kind = {
        "kind": "person",
        "pairs": 1_284,
        "agreeing": 10,
        "disagreements": [] if holds else [{}],
        "listed": {"conflict": 2, "held duplicate": 14},
        "apart": {},
        "fields": {"last_name": {"agree": 10, "disagree": 0 if holds else 1, "parked": 3}},
    }
    path = tmp_path / "report.html"
    verdict = "Both systems agree" if holds else "NOT GOOD"
    write_report(path, story=story, agreement={"kinds": [kind]}, verdict=verdict, good=holds)
    return path.read_text(encoding="utf-8")


def test_the_page_stands_alone_and_is_well_formed(tmp_path: Path) -> None:
    """No script, no address, nothing fetched; every element is closed in turn; table heads say what they head."""
    text = page(tmp_path)
    read = Balanced()
    read.feed(text)
    read.close()
    assert not read.open
    tags = {tag for tag, _ in read.seen}
    assert tags.isdisjoint({"script", "link", "img", "iframe"})
    assert not re.search(r"https?://|@import|url\(", text)
    assert all("scope" in attrs for tag, attrs in read.seen if tag == "th")
    assert ("html", {"lang": "en"}) in read.seen
    assert {"main", "header", "h1", "h2", "table"} <= tags


def test_the_result_stands_first_and_text_is_text(tmp_path: Path) -> None:
    """The verdict with its numbers comes before all scenes; what a story tells can be no markup, only code."""
    text = page(tmp_path)
    assert text.index("Both systems agree</strong>") < text.index("In figures") < text.index("What happened")
    assert "10 of 10 values are the same on both sides; 16 questions are listed" in text
    assert "A &lt;b&gt;first&lt;/b&gt; link" in text
    assert "said <code>syncd sync</code>" in text
    assert "wrote &amp; waited" in text
    assert "<b>89</b><small>0 lost</small>" in text
    assert "last name<small>parked 3</small>" in text


@pytest.mark.parametrize(
    ("holds", "mark", "tone"), [(True, "&#10003; proved", "good"), (False, "&#10007; not proved", "bad")]
)
def test_a_proof_that_fails_is_said_in_words(tmp_path: Path, holds: bool, mark: str, tone: str) -> None:
    """Success and failure differ in words and signs, not in colour alone; a disagreement is counted."""
    text = page(tmp_path, holds=holds)
    assert f'<b class="{tone}">{mark}</b>' in text
    assert f'<div class="verdict {tone}"' in text
    assert f"10 of {10 if holds else 11} values" in text


def test_counts_are_told_largest_first() -> None:
    """The words stand before the figures, so that no word needs a plural."""
    assert several({"conflict": 4, "held duplicate": 1_400}) == "held duplicate 1,400, conflict 4"
