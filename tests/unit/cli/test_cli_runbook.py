"""What the runbook says to look with answers on any store, also an empty one, and changes nothing in it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from syncd.ports.store import Settlement
from syncd.store import SqlStore
from tests.test_runbook import sections
from tests.unit.cli.conftest import AT, Run, clash, letter

ASK_A_VENDOR = {"doctor", "plan", "sentinel", "check"}
NEED_A_LEDGER = {"report"}
"""Commands that this small configuration has no accounts or no lifecycle for; others try them."""


def looks() -> list[str]:
    """Every command of a block under *See* that can be called as it stands."""
    found: set[str] = set()
    for text in sections().values():
        see = text[text.index("**See.**") : text.index("**Do.**")]
        for line in re.findall(r"^syncd (.*)$", see, re.MULTILINE):
            words = shlex.split(line, comments=True)
            placeholder = any(re.search("[A-Z]", word) for word in words)
            if not placeholder and words[0] not in ASK_A_VENDOR | NEED_A_LEDGER:
                found.add(shlex.join(words))
    return sorted(found)


def test_there_are_commands_to_try() -> None:
    """Else the tests below would be none."""
    assert {"status", "held list", "dead-letters list", "conflicts list", "drift list"} <= set(looks())


@pytest.mark.parametrize("line", looks())
def test_a_look_answers_and_changes_nothing(run: Run, store: SqlStore, folder: Path, line: str) -> None:
    """With something that waits: no wrong usage, no crash, and the store is as it was."""
    store.settle(Settlement(conflicts=[clash("c1")], dead=[letter("51")]), AT)
    before = (store.counts(), store.runs(10), store.conflicts(), store.dead_letters(), store.requests())
    said = run(*shlex.split(line))
    assert said.code in {0, 1, 4}, said.err
    assert (store.counts(), store.runs(10), store.conflicts(), store.dead_letters(), store.requests()) == before
