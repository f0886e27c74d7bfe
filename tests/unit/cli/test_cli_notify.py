"""``syncd notify`` and ``syncd check`` on a configuration whose vendors' secrets do not exist."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.model.notice import Message, Notice
from syncd.operations.kept_notices import stored, waiting_for
from syncd.store import SqlStore
from tests.receivers import webhook
from tests.unit.cli.conftest import AT, Run

WORD = "geheimes9wort"


def target(folder: Path, url: str, name: str = "ops", more: str = "") -> None:
    """Adds a target with this address."""
    (folder / f"{name}_url").write_text(url)
    (folder / f"{name}_url").chmod(0o600)
    config = folder / "syncd.yaml"
    text = config.read_text()
    head = "" if "notify:" in text else "notify:\n  targets:\n"
    config.write_text(f"{text}{head}    {name}: {{url_file: {name}_url{more}}}\n")


def test_each_target_says_what_came_back(folder: Path, run: Run) -> None:
    """Exit 3 if one did not take it; no secret on either stream."""
    with webhook() as good, webhook() as bad:
        bad.status = 404
        target(folder, f"json://127.0.0.1:{good.port}/{WORD}")
        target(folder, f"json://{WORD}:{WORD}@127.0.0.1:{bad.port}/{WORD}", "chat", ", events: [handoff.overdue]")
        said = run("notify", "test")
        one = run("notify", "test", "--target", "ops", "--json")
    assert said.code == 3
    assert "ops: taken" in said.out
    assert "chat: not taken" in said.out
    assert "404" in said.out
    assert WORD not in said.out + said.err
    assert (one.code, [(each["name"], each["taken"]) for each in one.json["targets"]]) == (0, [("ops", True)])
    assert [got["title"] for got in good.got] == ["syncd: test of ops"] * 2
    assert "Events: handoff.overdue." in bad.got[0]["message"]


def test_who_is_not_there_is_no_target(folder: Path, run: Run) -> None:
    """Nobody at all, and nobody of that name."""
    assert "docs/notifications.md" in run("notify", "test").failure["what"]
    target(folder, "json://127.0.0.1:1/x")
    said = run("notify", "test", "--target", "opps")
    assert (said.code, said.failure["what"]) == (2, "there is no target 'opps'; use one of ops")


@pytest.mark.parametrize(
    ("url", "more", "what"),
    [
        ("jsosn://hooks.example.com/geheim", "", "notify.targets.ops: this is no address that apprise knows"),
        ("json://127.0.0.1:1/geheim", ", events: [brake.hold]", "there is no event 'brake.hold'"),
    ],
)
def test_check_refuses(folder: Path, run: Run, url: str, more: str, what: str) -> None:
    """With the place, and without the address."""
    target(folder, url, more=more)
    said = run("check")
    assert said.code == 2
    assert "syncd.yaml:9:" in said.out + said.err
    assert what in said.out + said.err
    assert "geheim" not in said.out + said.err


def test_what_waits_is_listed(folder: Path, run: Run, store: SqlStore) -> None:
    """Per target, oldest first."""
    assert (run("notify", "list").code, run("notify", "list", "--json").json) == (0, {"waiting": []})
    for number in (1, 2):
        notice = Notice(f"n{number}", AT, Message(f"syncd main: brake.held {number}", "", "error"), tries=3)
        store.exchange((), {f"{waiting_for('ops')}{number:015d}": stored(notice)}, AT)
    said = run("notify", "list")
    assert said.code == 1
    assert "brake.held 1" in said.out
    assert "notify test --target ops" in said.out
    assert [(each["id"], each["attempts"]) for each in run("notify", "list", "--json").json["waiting"]] == [
        ("n1", 3),
        ("n2", 3),
    ]
