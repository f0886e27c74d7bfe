"""``syncd maintenance``: alerts of a connection rest, and everybody who asks is told until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from syncd.operations.resting import resting
from syncd.store import SqlStore
from tests.unit.cli.conftest import Run


def test_alerts_rest_and_are_told_again(run: Run, store: SqlStore) -> None:
    """For so long, with a reason; said again it is the same maintenance with another end; then it is over."""
    nothing = {"name": "main", "until": None, "since": None, "who": None, "reason": None}
    assert run("maintenance", "--json").json == {"connections": [nothing]}
    said = run("maintenance", "--for", "2h", "--reason", "move of the office")
    assert said.code == 0
    assert "main: alerts rest until" in said.out
    assert "move of the office" in said.out
    began = resting(store)
    assert began is not None
    now = datetime.now(UTC)
    assert abs(began.until - now - timedelta(hours=2)) < timedelta(minutes=1)
    (row,) = run("maintenance", "--for", "30m", "--reason", "shorter", "--json").json["connections"]
    again = resting(store)
    assert again is not None
    assert (again.at, row["reason"], row["name"]) == (began.at, "shorter", "main")
    assert again.until < began.until
    assert "main: alerts are told" in run("maintenance", "--end").out
    over = resting(store)
    assert over is not None, "whoever tells people next tells them that it is over"
    assert over.until <= datetime.now(UTC)
    assert "alerts are told" in run("maintenance").out


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--for", "2"), "write a number and a unit, as 30m, 2h or 1d"),
        (("--for", "8d"), "at most a week"),
        (("--for", "0h"), "write a number"),
        (("--for", "-1h"), "write a number"),
        (("--for", "2h", "--end"), "--for and --end say two things"),
        (("--reason", "x"), "say for how long, too"),
    ],
)
def test_slips(run: Run, store: SqlStore, words: tuple[str, ...], what: str) -> None:
    """Exit 2 with what to write, and nothing begun."""
    said = run("maintenance", *words)
    assert said.code == 2
    assert what in said.failure["what"]
    assert resting(store) is None
