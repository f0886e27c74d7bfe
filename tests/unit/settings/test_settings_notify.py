"""``notify`` of syncd.yaml: who is told of what, and every mistake in it by its place."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from syncd.model.notice import Planned, Window
from syncd.observe.events import EVENTS, PAGES, TELLABLE, USUAL
from syncd.settings.notify import unreadable, unusable
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


FULL = """\
notify:
  pages: [side.stalled]
  targets:
    ops:
      url_file: ops_url
      zone: Europe/Berlin
      quiet: [{begins: '20:00', ends: '07:00'}, {begins: '00:00', ends: '00:00', days: [sat, sun]}]
      digest: ['08:00', '13:30']
      incidents: true
  maintenance: [{begins: '02:00', ends: '04:00', days: [sun], zone: Europe/Berlin, reason: backup, connections: [main]}]
  heartbeats:
    nurse: {url_file: beat_url, every: 30, private: true}
"""


def test_when_it_is_told(folder: Folder) -> None:
    """Quiet hours, digests, pages, planned work, and what is called as long as all is well."""
    folder.write("ops_url", "json://127.0.0.1:9/a\n").chmod(0o600)
    folder.write("beat_url", "https://beat.example.com/secretpart\n").chmod(0o600)
    assert folder.load().notify.telling.pages == PAGES
    folder.write("syncd.yaml", MAIN + FULL)
    loaded = folder.load()
    notify = loaded.notify
    (ops,) = notify.telling.targets
    assert ops.quiet == (
        Window(time(20), time(7), frozenset(), "Europe/Berlin"),
        Window(time(0), time(0), frozenset({5, 6}), "Europe/Berlin"),
    )
    assert (ops.digest, ops.zone, ops.incidents) == ((time(8), time(13, 30)), "Europe/Berlin", True)
    assert notify.telling.pages == {"side.stalled"}
    assert notify.telling.maintenance == (
        Planned(Window(time(2), time(4), frozenset({6}), "Europe/Berlin"), "backup", frozenset({"main"})),
    )
    (beat,) = notify.heartbeats
    assert (beat.name, beat.connections, beat.every, beat.private) == ("nurse", {"main"}, 30, True)
    assert beat.url().get_secret_value().endswith("secretpart")
    assert any("secretpart" in secret for secret in loaded.secrets())
    assert "secretpart" not in repr(notify)
    wrong = [str(each) for each in unusable(notify.heartbeats, lambda _: "no")]
    assert "syncd.yaml" in wrong[0]
    assert ":17:" in wrong[0]


@pytest.mark.parametrize(
    ("was", "becomes", "flaw"),
    [
        ("'20:00'", "20", "is no time of the day; write it as '07:30'"),
        ("'20:00'", "'8:00'", "is no time of the day"),
        ("'20:00'", "'24:00'", "'24:00' is no time of the day"),
        ("[sat, sun]", "[saturday]", "quiet.1.days"),
        ("Europe/Berlin\n", "Europe/Bärlin\n", "there is no time zone"),
        ("['08:00', '13:30']", "[8]", "is no time of the day"),
        ("pages: [side.stalled]", "pages: [side.staled]", "did you mean 'side.stalled'?"),
        ("connections: [main]", "connections: [mian]", "there is no connection 'mian'; use one of main"),
        ("{url_file: beat_url,", "{connections: [mian], url_file: beat_url,", "there is no connection 'mian'"),
        ("{url_file: beat_url,", "{", "no address is given; set url_file"),
        ("{url_file: beat_url,", "{url: 'https://beat.example.com/secretpart',", "do not belong in this file"),
        ("every: 30", "every: 0", "every"),
    ],
)
def test_mistakes_about_when(folder: Folder, was: str, becomes: str, flaw: str) -> None:
    """With file, line and advice, and without the secret."""
    folder.write("ops_url", "json://127.0.0.1:9/a\n").chmod(0o600)
    folder.write("beat_url", "https://beat.example.com/secretpart\n").chmod(0o600)
    assert FULL.count(was) == 1
    folder.write("syncd.yaml", MAIN + FULL.replace(was, becomes))
    found = folder.flaws()
    assert any(flaw in each for each in found), found
    assert all(each.startswith("syncd.yaml:") and int(each.split(":")[1]) > 5 for each in found)
    assert "secretpart" not in "".join(found)
