"""``syncd console`` at the command line: invitations, tokens, lists; no secret is shown twice."""

from __future__ import annotations

import json
import threading
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.bootstrap import read_config
from syncd.bootstrap.workshop import Workshop
from syncd.cli.main import main
from syncd.model.operator import Deed, Role, Sort
from syncd.operations.doors import Entrance
from syncd.store import SqlDoors, open_database
from syncd.system import SystemChance, SystemClock
from tests.worlds import ROOT, config_environment

PASSWORD = "correct horse battery"


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store for the example configuration."""
    made = f"sqlite:///{tmp_path}/state.db"
    monkeypatch.setenv("SYNCD_STORE__URL", made)
    return made


def syncd(*words: str) -> int:
    """One command line."""
    return main(["--config", str(ROOT / "config"), "console", *words])


def redeemed(url: str, invitation: str) -> Role:
    """The role that an invitation gives."""
    database = open_database(url)
    try:
        entrance = Entrance(SqlDoors(database), SystemClock(), SystemChance())
        visitor = entrance.visitor(entrance.join(invitation, PASSWORD, address="127.0.0.1"))
    finally:
        database.close()
    assert visitor is not None
    return visitor.role


def test_the_first_admin(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """There is no store before; the invitation that is printed makes one, and its redeemer the first operator; the list
    shows them and nothing secret.
    """
    assert syncd("list") == 2
    assert "there is no store" in capsys.readouterr().err
    assert syncd("invite", "ana") == 0
    invitation = capsys.readouterr().out.splitlines()[0]
    assert redeemed(url, invitation) is Role.ADMIN
    assert syncd("token", "ana", "--for", "nightly", "--role", "operator") == 0
    secret = capsys.readouterr().out.strip()
    assert secret.startswith("syncd_")
    assert syncd("list", "--json") == 0
    told = capsys.readouterr().out
    document = json.loads(told)
    assert [(each["name"], each["role"]) for each in document["operators"]] == [("ana", "admin")]
    assert [(each["operator"], each["role"], each["label"]) for each in document["tokens"]] == [
        ("ana", "operator", "nightly")
    ]
    assert secret not in told
    assert syncd("revoke", document["tokens"][0]["id"]) == 0
    assert syncd("revoke", document["tokens"][0]["id"]) == 2


def test_words_that_cannot_be_meant(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A role there is not, a name that is none, the only admin, nobody of that name."""
    assert syncd("invite", "ana", "--role", "king") == 2
    assert syncd("invite", "Ana!") == 2
    assert syncd("token", "nobody", "--for", "x") == 2
    assert syncd("remove", "nobody") == 2
    assert syncd("invite", "ana") == 0
    redeemed(url, capsys.readouterr().out.splitlines()[0])
    assert syncd("remove", "ana") == 2


def test_a_daemon_forgets_what_is_old_though_nobody_logs_in(url: str) -> None:
    """The answer of a day ago, and the command of 400 days ago, of whoever uses the console through a program."""
    loaded = read_config(ROOT / "config", {**config_environment(), "SYNCD_STORE__URL": url})
    with closing(Workshop(loaded, stop=threading.Event())) as workshop:
        doors = SqlDoors(workshop.database)
        for days in (500, 2, 0):
            at = workshop.clock.now() - timedelta(days=days)
            deed = Deed(f"d{days}", at, "kim", Sort.TOKEN, "main", "pause", "", f"key{days}", b"asked")
            doors.begin_deed(deed)
            doors.end_deed(replace(deed, status=200, answer="{}"))
        workshop.tidy()
        assert [(each.id, each.key, each.answer) for each in doors.deeds(9)] == [
            ("d0", "key0", "{}"),
            ("d2", None, None),
        ]
