"""``notify`` of syncd.yaml: who is told of what, and every mistake in it by its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.observe.events import EVENTS, TELLABLE, USUAL
from syncd.settings.notify import unreadable
from tests.unit.settings.conftest import MAIN, Folder

NOTIFY = """\
notify:
  repeat: 600
  targets:
    ops: {url_file: ops_url}
    sales: {url_file: ops_url, events: [handoff.overdue, handoff.due], connections: [main]}
"""
IN_YAML = (
    "syncd.yaml:8:16: notify.targets.ops.url: an address holds credentials, which do not belong in this file; write it "
    "into a file that only syncd's user can read and name that as url_file, or set SYNCD_NOTIFY__TARGETS__OPS__URL"
)


def test_who_is_told_of_what(folder: Folder) -> None:
    """The usual events and every connection, unless a target says otherwise; without targets, nobody."""
    assert folder.load().notify.telling.targets == ()
    folder.write("ops_url", "json://127.0.0.1:9/a\n").chmod(0o600)
    folder.write("syncd.yaml", MAIN + NOTIFY)
    notify = folder.load().notify
    ops, sales = notify.telling.targets
    assert (notify.telling.repeat, notify.telling.dead_letters) == (600, 10)
    assert (ops.events, ops.connections) == (USUAL, frozenset())
    assert (sales.events, sales.connections) == ({"handoff.overdue", "handoff.due"}, {"main"})
    folder.write("ops_url", "json://127.0.0.1:9/b\n")
    assert notify.urls["ops"]().get_secret_value() == "json://127.0.0.1:9/b", "read at every use"
    assert "127.0.0.1" not in repr(notify)


def test_an_address_from_the_environment(folder: Folder) -> None:
    """There a target may stand whole."""
    folder.environ = {"SYNCD_NOTIFY__TARGETS__SALES_OPS__URL": "jsons://hooks.example.com/x"}
    notify = folder.load().notify
    assert [each.name for each in notify.telling.targets] == ["sales_ops"]
    assert notify.urls["sales_ops"]().get_secret_value() == "jsons://hooks.example.com/x"


@pytest.mark.parametrize(
    ("target", "flaw"),
    [
        (
            "{url: 'jsons://hooks.example.com/secretpart'}",
            IN_YAML,
        ),
        (
            "{url_file: ops_url, events: [brake.hold]}",
            "syncd.yaml:8:39: there is no event 'brake.hold'; did you mean 'brake.held'?",
        ),
        (
            "{url_file: ops_url, events: [brake.held, api.call]}",
            "syncd.yaml:8:51: the event 'api.call' is for the log alone; docs/logs.md lists those for people",
        ),
        (
            "{url_file: ops_url, connections: [mian]}",
            "syncd.yaml:8:44: there is no connection 'mian'; use one of main",
        ),
        (
            "{events: [brake.held]}",
            "syncd.yaml:8:10: notify.targets.ops: no address is given; set url_file (or url in the environment)",
        ),
        (
            "{url_file: absent}",
            "syncd.yaml:8:21: notify.targets.ops.url_file: absent does not exist; make it, or mend the path",
        ),
    ],
)
def test_mistakes(folder: Folder, target: str, flaw: str) -> None:
    """With file, line, column and advice, and without the secret."""
    folder.write("ops_url", "json://127.0.0.1:9/a\n").chmod(0o600)
    folder.write("syncd.yaml", f"{MAIN}notify:\n  targets:\n    ops: {target}\n")
    (found,) = folder.flaws()
    assert found == flaw
    assert "secretpart" not in found


def test_addresses_are_judged_by_who_knows_them(folder: Folder) -> None:
    """A flaw where the file is named, which quotes nothing of it."""
    folder.write("ops_url", "jsosn://secretpart\n").chmod(0o600)
    folder.write("syncd.yaml", MAIN + NOTIFY)
    notify = folder.load().notify
    assert not list(unreadable(notify, lambda _: None, "advice"))
    first, _ = (str(each) for each in unreadable(notify, lambda url: f"no {len(url)}", "mend it"))
    assert first.replace(f"{folder.path}/", "") == "syncd.yaml:9:21: notify.targets.ops: no 18; mend it"
    Path(folder.path, "ops_url").unlink()
    first, _ = (str(each) for each in unreadable(notify, lambda _: None, "advice"))
    assert "does not exist" in first


def test_what_people_can_be_told_of() -> None:
    """The usual is among it; a notice's own fate is not: it would be the next notice."""
    assert USUAL <= TELLABLE <= EVENTS.keys()
    assert not any(name.startswith(("notify.", "api.", "log.")) for name in TELLABLE)
    assert all(EVENTS[name].level != "debug" for name in TELLABLE)
