"""What is kept of commands over the API and in the pages: who gave which, about what, how it ended, and no secret."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.model.operator import Role
from syncd.ports.store import Settlement
from tests.fakes import START
from tests.unit.console.test_api import C, conflict
from tests.visits import Caller, House, house


@pytest.fixture
def console(tmp_path: Path) -> Iterator[House]:
    """With a conflict to decide."""
    with house(tmp_path) as made:
        made.store.settle(Settlement(conflicts=[conflict("c1")]), START)
        yield made


@pytest.fixture
def program(console: House) -> Caller:
    """A program that may give commands."""
    return console.program(Role.OPERATOR)


def test_who_did_what_is_kept(console: House, program: Caller) -> None:
    """What was refused, too; for an admin to read."""
    taken = {"take": "crm"}
    for path, document in (("conflicts/c1/resolve", taken), ("conflicts/none/resolve", taken), ("pause", {})):
        program.post(f"{C}/{path}", document)
        console.clock.advance(1)
    deeds = console.program(Role.ADMIN).get("/api/v1/deeds").json["items"]
    assert [(each["who"], each["what"], each["about"], each["status"], each["connection"]) for each in deeds] == [
        ("operator1", "pause", "", 200, "main"),
        ("operator1", "conflicts.resolve", "take=crm", 404, "main"),
        ("operator1", "conflicts.resolve", "c1 take=crm", 200, "main"),
    ]
    found = console.store.verify_audit()
    assert (found.flaws, found.commands) == ([], 3)
    assert [each["way"] for each in deeds] == ["token"] * 3


def test_a_password_is_in_no_hash(console: House, program: Caller) -> None:
    """Typed again, it is the same command; it stands nowhere, and no other way to say it does."""
    said = [
        program.post(
            f"{C}/held/none/approve", {"reason": "Ann Lee asked", "password": typed}, **{"Idempotency-Key": "k"}
        )
        for typed in ("one", "two")
    ]
    assert said[0].status == said[1].status != 422
    deeds = console.program(Role.ADMIN).get("/api/v1/deeds").json["items"]
    assert [(each["what"], each["about"]) for each in deeds] == [("held.approve", "reason=?")]


def test_who_lets_whom_in_is_kept(console: House) -> None:
    """Over the API as in the pages: the operator by name, the token by id, and neither secret."""
    admin = console.program(Role.ADMIN)
    made = admin.post("/api/v1/tokens", {"label": "Ann Lee", "role": "viewer", "days": 3}).json
    invited = admin.post("/api/v1/operators", {"name": "cem", "role": "viewer"}).json
    deeds = admin.get("/api/v1/deeds").json["items"]
    assert sorted((each["what"], each["about"]) for each in deeds) == [
        ("operators.invite", "cem role=viewer"),
        ("tokens.make", f"{made['token']['id']} label=? role=viewer days=3"),
    ]
    assert not any(secret in str(deeds) for secret in (made["secret"], invited["secret"]))
