"""Commands of the command line that change something leave a deed: whose, which, about what, and how it ended."""

from __future__ import annotations

import os
import pwd
from contextlib import nullcontext
from pathlib import Path

import pytest
import typer
from sqlalchemy import text

from syncd.cli import held
from syncd.cli.call import Call, who
from syncd.cli.interrupts import Terminated
from syncd.cli.main import app
from syncd.cli.noting import CHANGING
from syncd.model.errors import NeedsOperator
from syncd.store import SqlDoors, SqlStore
from tests.unit.cli.conftest import Run, clash, keep, letter

Told = list[tuple[str, str, str, int | None]]


def deeds(run: Run) -> Told:
    """What is listed, oldest first."""
    found = run("console", "deeds", "--json").json["deeds"]
    assert {(each["who"], each["way"]) for each in found} <= {(who(), "shell")}
    return [(each["connection"], each["what"], each["about"], each["status"]) for each in reversed(found)]


def test_each_leaves_one_and_all_verify(run: Run, store: SqlStore) -> None:
    """With its arguments and its exit code, also where it was refused; a look leaves none."""
    keep(store, conflicts=[clash("c1")], dead=[letter("d1")])
    run("pause", "--reason", "Ann Lee asked for it")
    run("resume")
    run("conflicts", "resolve", "c1", "--take", "crm")
    run("conflicts", "resolve", "ann@example.com", "--take", "crm")
    run("dead-letters", "retry", "--all")
    run("maintenance", "--for", "2h")
    for look in (("maintenance",), ("status",), ("conflicts", "list"), ("expect", "--list"), ("sync", "--list")):
        run(*look)
    assert deeds(run) == [
        ("main", "pause", "reason=?", 0),
        ("main", "resume", "", 0),
        ("main", "conflicts.resolve", "c1 take=crm", 0),
        ("main", "conflicts.resolve", "? take=crm", 2),
        ("main", "dead_letters.retry", "everything", 0),
        ("main", "maintenance.begin", "lasts=2h", 0),
    ]
    assert run("audit", "verify", "--json").json["commands"] == 6
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE deed SET who = 'bob' WHERE what = 'resume'"))
    assert "UTC, bob, resume): it was altered" in run("audit", "verify", "--json").json["flaws"][0]


@pytest.mark.usefixtures("store")
def test_a_person_at_the_shell_is_who_the_machine_says(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words of the environment make nobody somebody else, in an entry that is to prove who it was."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody_else")
    run("pause")
    (told,) = run("console", "deeds", "--json").json["deeds"]
    assert told["who"] == pwd.getpwuid(os.getuid()).pw_name


def test_a_user_without_a_name_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container runs as a number that no file names."""
    monkeypatch.setattr(os, "getuid", lambda: 4_294_967_000)
    assert who() == "cli"


def test_the_log_has_it_too(run: Run, store: SqlStore) -> None:
    """Where those who can write to the store cannot."""
    (told,) = [each for each in run("pause").events if each["event"] == "shell.command"]
    assert (told["who"], told["command"], told["about"], told["status"]) == (who(), "pause", "", 0)


def test_whom_it_was_about_is_told_by_id(run: Run, store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address that was typed stands nowhere in it."""
    monkeypatch.setattr(Call, "looking", lambda _: nullcontext())
    monkeypatch.setattr("syncd.engine.world.make_ready", lambda _: None)
    monkeypatch.setattr("syncd.operations.finding.find_hits", lambda *_: [None])
    monkeypatch.setattr("syncd.operations.privacy.ask_to_forget", lambda *_: ["crm:Lead/00Q1"])
    assert run("forget", "ann@example.com").code == 0
    assert deeds(run) == [("main", "people.forget", "crm:Lead/00Q1 record=?", 0)]


def test_who_is_let_in_is_named(run: Run, store: SqlStore) -> None:
    """An operator, as whoever gave the command; no secret, no connection, and no words that are nobody's name here."""
    assert run("console", "invite", "ana@example.com", "--role", "viewer").code == 0
    assert run("console", "remove", "nobody").code == 2
    assert run("console", "invite", "Ann Lee, of whom Bea said").code == 2
    assert deeds(run) == [
        ("", "operators.invite", "ana@example.com role=viewer", 0),
        ("", "operators.remove", "nobody", 2),
        ("", "operators.invite", "name=? role=admin", 2),
    ]


@pytest.mark.parametrize(
    ("end", "code"), [(typer.Exit(4), 4), (KeyboardInterrupt(), 130), (Terminated(), 143), (ValueError("x"), 3)]
)
def test_however_it_ends(
    run: Run, store: SqlStore, monkeypatch: pytest.MonkeyPatch, end: BaseException, code: int
) -> None:
    """What the shell is told is what stands there."""

    def ends(*_: object) -> None:
        raise end

    monkeypatch.setattr(held, "_said", ends)
    assert run("held", "reject", "0a", "--reason", "r").code == code
    assert deeds(run) == [("main", "held.reject", "0a reason=?", code)]


def test_one_that_was_killed_has_no_ending(run: Run, store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was stored before it began."""
    monkeypatch.setattr(SqlDoors, "end_deed", lambda *_: None)
    run("pause")
    assert deeds(run) == [("main", "pause", "", None)]


def test_a_store_that_takes_none_keeps_nobody_from_working(
    run: Run, store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told, with who it was."""

    def full(*_: object) -> None:
        raise NeedsOperator("no room")

    monkeypatch.setattr(SqlDoors, "begin_deed", full)
    monkeypatch.setattr(SqlDoors, "end_deed", full)
    said = run("pause")
    assert (said.code, "is paused" in said.out) == (0, True)
    assert [each["who"] for each in said.events if each["event"] == "command.unnoted"] == [who()] * 2


def test_no_store_is_made_for_it(run: Run, folder: Path) -> None:
    """A command that is refused leaves no file."""
    assert run("store", "restore", "nothing").code == 2
    assert not (folder / "syncd.db").exists()


def test_every_command_that_is_named_is_there() -> None:
    """And each argument that decides what it is."""
    found = {each.name or "": each.callback for each in app.registered_commands}
    for group in app.registered_groups:
        assert group.typer_instance is not None
        found |= {f"{group.name} {each.name}": each.callback for each in group.typer_instance.registered_commands}
    for name, cases in CHANGING.items():
        command = found[name]
        assert command is not None
        assert {argument for argument, _ in cases if argument} <= set(command.__annotations__)
