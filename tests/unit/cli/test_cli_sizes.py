"""``syncd store size``: rows, bytes and what they will be."""

from __future__ import annotations

from syncd.store import SqlStore
from syncd.system import SystemClock
from tests.unit.cli.conftest import Run
from tests.unit.cli.test_cli_backups import linked


def test_the_size_is_told_with_what_grows(run: Run, store: SqlStore) -> None:
    """Rows, bytes of a row, and the size ahead, which a rule bounds."""
    for n in range(300):
        linked(store, f"L{n}", name="x" * 500, since=SystemClock().now())
    said = run("store", "size", "--json").json
    link = said["tables"]["link"]
    assert link["rows"] == link["lately"] == 300
    assert 700 < link["bytes_each"] < 4_000
    assert said["keep"] == {"audit": 400, "runs": 400}
    assert said["used"] < said["ahead"][0]["bytes"] < said["ahead"][1]["bytes"] < said["ahead"][2]["bytes"]
    assert "in 365 days" in run("store", "size").out
