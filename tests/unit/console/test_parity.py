"""What docs/api.md promises: each command of the command line has its call or a reason why not, and each call is told.

The page is what is read here, so that it cannot say more than there is, nor less.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from syncd.cli.main import app as command_line
from syncd.console.api import PREFIX
from syncd.console.server import application
from tests.unit.console.routes import routes
from tests.visits import house

PAGE = Path(__file__).parents[3] / "docs" / "api.md"
CALLS, HOST = "## Each command and its call", "## On the host alone"
_SPAN = re.compile(r"`([^`]+)`")
_CALL = re.compile(r"(?:(GET|POST|DELETE) )?((?:\.\.\.)?/\S*)")


def leaves() -> dict[str, frozenset[str]]:
    """Every command that does something, and its options."""

    def below(command: object, words: tuple[str, ...]) -> Iterator[tuple[str, frozenset[str]]]:
        commands = getattr(command, "commands", None)
        if commands is None:
            yield " ".join(words), frozenset(name for each in command.params for name in each.opts)  # type: ignore[attr-defined]  # a command of click
            return
        for name, each in commands.items():
            yield from below(each, (*words, name))

    return dict(below(typer.main.get_command(command_line), ()))


def table(heading: str) -> dict[str, str]:
    """The rows of a table under a heading: what the first cells name, and what the second cell says of it."""
    _, _, rest = PAGE.read_text(encoding="utf-8").partition(f"\n{heading}\n")
    section = rest.partition("\n## ")[0]
    rows = [line.strip("|").split("|", 1) for line in section.splitlines() if line.startswith("| `")]
    found: dict[str, str] = {}
    for named, told in rows:
        for each in _SPAN.findall(named):
            assert each not in found, f"{each} is named twice"
            found[each] = told.strip()
    return found


def calls(line: str) -> list[tuple[str, str]]:
    """The calls that a line names; a span without a method has that of the one before."""
    found: list[tuple[str, str]] = []
    method = ""
    for span in _SPAN.findall(line):
        call = _CALL.fullmatch(span)
        if call is None:
            continue
        method = call[1] or method
        if method:
            path = call[2].replace("...", "/connections/C").removeprefix(PREFIX).partition("?")[0]
            found.append((method, re.sub(r"/[A-Z]+(?=/|$)", "/*", path)))
    return found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    """Every call that the API answers and that its document tells."""
    with house(tmp_path_factory.mktemp("parity")) as made:
        app = application(troubles=tuple, metrics=bytes, desk=made.desk)
        return {
            (method, re.sub(r"\{\w+\}", "*", route.path.removeprefix(PREFIX)))
            for route in routes(app)
            for method in route.methods or ()
            if route.path.startswith(PREFIX) and (route.include_in_schema or route.path.endswith("/events"))
        }


def test_every_command_has_its_call_or_a_reason() -> None:
    """None is forgotten, none is told of both ways, and none is named that is not there."""
    known, called, host = leaves(), table(CALLS), table(HOST)
    assert len(known) > 60
    named = {*called, *host}
    assert sorted(set(known) - {each.partition(" --")[0] for each in named}) == []
    assert sorted(set(called) & set(host)) == []
    for each in named:
        command, dashes, option = each.partition(" --")
        assert command in known, each
        assert not dashes or f"--{option}" in known[command], each


def test_what_a_command_is_told_to_be_is_there(served: set[tuple[str, str]]) -> None:
    """A call that is answered, or a reason that says something."""
    for command, told in table(CALLS).items():
        found = calls(told)
        assert found, f"{command} names no call"
        assert [each for each in found if each not in served] == [], command
    for command, reason in table(HOST).items():
        assert len(reason.split()) > 3, f"why is {command} for the host alone?"


def test_the_page_names_what_is_served_and_nothing_else(served: set[tuple[str, str]]) -> None:
    """Each call stands on the page; each that stands there is answered."""
    told = {each for line in PAGE.read_text(encoding="utf-8").splitlines() for each in calls(line)}
    assert sorted(served - told) == []
    assert sorted(told - served) == []
