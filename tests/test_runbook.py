"""The runbook has a section for every alert and every notification, in four parts, and its commands exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from syncd.cli.endings import UsageError
from syncd.observe.events import TELLABLE
from tests.parsed import parse
from tests.test_monitoring import alerts

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "operations.md"
PAGES = ("operations.md", "troubles.md", "upgrading.md", "network.md", "kubernetes.md", "support.md")
PARTS = ("**Means.**", "**See.**", "**Do.**", "**Over when**")


def slug(heading: str) -> str:
    """A heading as the address within the page."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def sections() -> dict[str, str]:
    """The text of each section of a trouble, by its address."""
    found = {}
    for part in re.split(r"^### ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        heading, _, text = part.partition("\n")
        assert slug(heading) not in found, f"{heading} stands there twice"
        found[slug(heading)] = re.split(r"^## ", text, flags=re.MULTILINE)[0]
    return found


def told_by(text: str) -> set[str]:
    """The alerts and events that a section is about: its first paragraph."""
    return set(re.findall(r"`([A-Za-z_.]+)`", text.strip().partition("\n\n")[0]))


def test_every_alert_has_the_section_that_it_names() -> None:
    """By its address; and that section names it, with the same word for whom it wakes."""
    found = sections()
    for alert in alerts():
        address = alert["annotations"]["runbook"].partition("#")[2]
        assert address in found, f"{alert['alert']}: no section {address}"
        first = found[address].strip().partition("\n\n")[0]
        assert f"`{alert['alert']}`" in first, f"{address} does not name {alert['alert']}"
        behind = first.partition(f"`{alert['alert']}`")[2]
        assert alert["labels"]["severity"] in behind.partition(")")[0], f"{alert['alert']}: page or ticket?"


def test_every_event_that_people_are_told_of_has_one_section() -> None:
    """Nobody is told of something that the runbook does not know; and no section tells of what there is not."""
    known = {alert["alert"] for alert in alerts()} | TELLABLE
    named = [(name, address) for address, text in sections().items() for name in told_by(text)]
    assert {name for name, _ in named} >= TELLABLE, sorted(TELLABLE - {name for name, _ in named})
    assert {name for name, _ in named} <= known, sorted({name for name, _ in named} - known)


@pytest.mark.parametrize("address", list(sections()))
def test_every_section_says_what_to_do(address: str) -> None:
    """What it means, how to see it, what to do, and when it is over, in this order."""
    text = sections()[address]
    places = [text.find(part) for part in PARTS]
    assert -1 not in places, [part for part, place in zip(PARTS, places, strict=True) if place < 0]
    assert places == sorted(places)


def commands() -> Iterator[tuple[str, str]]:
    """Every command of syncd that the pages for operators name, in a block or in a sentence."""
    for page in PAGES:
        words = (ROOT / "docs" / page).read_text(encoding="utf-8")
        for block in re.findall(r"^```sh\n(.*?)^```", words, re.MULTILINE | re.DOTALL):
            for line in block.splitlines():
                if found := re.search(r"(?:^|\s-- |\bsyncd )(syncd .*)$", line):
                    yield page, found[1]
        prose = re.sub(r"^```.*?^```", "", words, flags=re.MULTILINE | re.DOTALL)
        for each in re.findall(r"`(?:[a-z ]+ -- )?(syncd [^`]+)`", prose):
            yield page, " ".join(each.split())


@pytest.mark.parametrize(("page", "line"), sorted(set(commands())))
def test_every_command_exists_with_these_options(page: str, line: str) -> None:
    """Parsed by the program itself, and not carried out."""
    parse(line)


def test_a_command_that_there_is_not_is_noticed() -> None:
    """The check above can fail: for a command, and for an option."""
    for wrong in ("syncd stats", "syncd held approve DIGEST --because x", "syncd dead-letters retry --everything"):
        with pytest.raises((click.UsageError, UsageError or AssertionError, AssertionError)):
            test_every_command_exists_with_these_options("here", wrong)
