"""``syncd resync`` for scripts: whatever came of it, what is printed is one document."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from syncd.cli import resync
from syncd.model.errors import Misunderstood
from syncd.model.resync import RESYNC, Resync
from syncd.model.run import Request
from syncd.operations.resyncing import moment_of
from syncd.store import SqlStore
from tests.unit.cli.conftest import AT, Run

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def test_one_that_is_cancelled(run: Run, store: SqlStore) -> None:
    """As it stood; a sentence for people."""
    for number in range(2):
        wanted = Resync(("person",), records=(f"link:p{number}",))
        store.approve(Request(f"w{number}", "main", RESYNC, wanted.written(), "ann", AT))
    said = run("resync", "--cancel", "w0", "--json")
    assert said.code == 0
    cancelled = said.json["cancelled"]
    assert (cancelled["id"], cancelled["who"], cancelled["checked"]) == ("w0", "ann", 0)
    assert cancelled["asked"]["records"] == ["link:p0"]
    assert "w1 is cancelled" in run("resync", "--cancel", "w1").out
    assert run("resync", "--list", "--json").json["resyncs"] == []


@pytest.mark.usefixtures("store")
def test_one_that_nobody_said_yes_to(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan that was shown is told, and that nothing is stored."""
    monkeypatch.setattr(resync, "_ask", lambda *_, **__: (None, {"digest": "d1"}, False))
    said = run("resync", "--all", "--json")
    assert (said.code, said.json) == (1, {"resync": None, "plan": {"digest": "d1"}, "done": False})
    assert run("resync", "--all").out == ""


@pytest.mark.parametrize("text", ["999999w", "0001-01-01T00:00+14:00", "9999-12-31T23:00-14:00", "9999999w", "x" * 500])
def test_a_time_that_no_calendar_has(text: str) -> None:
    """It is told as a slip of the words, and not at its whole length."""
    with pytest.raises(Misunderstood, match="is no time") as told:
        moment_of(text, NOW)
    assert len(str(told.value)) < 200
    assert moment_of("3d", NOW) == NOW - timedelta(days=3)
