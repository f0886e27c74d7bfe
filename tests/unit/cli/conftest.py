"""A configuration without a single credential on disk, its store, and the program called in this process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from syncd.cli.main import main
from syncd.model.link import ABOUT_A_FIELD, Conflict, DeadLetter, Topic
from syncd.model.remote import RemoteRef
from syncd.model.values import Pair, Side
from syncd.ports.store import Settlement
from syncd.store import SqlStore, open_store
from tests.fakes import FakeChance, FakeClock

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SYNCD = """\
version: 1
store: {{url: "sqlite:///{folder}/syncd.db"}}
connections:
  main:
    marketing: {{access_token_file: absent/token}}
    crm: {{login_url: "https://x.my.salesforce.com", client_id: id, client_secret_file: absent/secret}}
"""
KEY = "0123456789abcdef0123456789abcdef"
PERSON = """\
kind: person
marketing: {object: contacts, key: syncd_crm_id}
crm: {objects: [Lead, Contact], key: Syncd_Marketing_Id__c}
match: [{field: email, by: email}]
fields:
  email: {type: email, marketing: email, crm: Email}
"""
CASES = """\
kind: person
cases:
  - name: an address is lower case
    given: {side: marketing, object: contacts, fields: {email: Ann@Example.com}}
    expect: {email: ann@example.com}
"""


@dataclass
class Said:
    """What one call of the program answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)

    @property
    def events(self) -> list[dict[str, Any]]:
        """Standard error, one JSON object a line."""
        return [json.loads(line) for line in self.err.splitlines()]

    @property
    def failure(self) -> dict[str, Any]:
        """The one line that tells why the command failed."""
        (found,) = [event for event in self.events if event["event"] == "command.failed"]
        return found


Run = Callable[..., Said]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound configuration whose secret files do not exist."""
    for name, text in (
        ("syncd.yaml", SYNCD.format(folder=tmp_path)),
        ("schema/person.yaml", PERSON),
        ("cases/person.yaml", CASES),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def backed(folder: Path) -> Path:
    """A configuration with a folder for backups; the folder's path."""
    (folder / "key").write_text(KEY + "\n", encoding="utf-8")
    (folder / "key").chmod(0o600)
    config = SYNCD.format(folder=folder) + "backup: {folder: copies, key_file: key, keep: 2}\n"
    (folder / "syncd.yaml").write_text(config, encoding="utf-8")
    return folder / "copies"


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Calls the program with this configuration, as if from a pipe."""

    def call(*words: str) -> Said:
        capsys.readouterr()
        code = main(["--config", str(folder), *words])
        told = capsys.readouterr()
        return Said(code, told.out, told.err)

    return call


@pytest.fixture
def store(folder: Path) -> Iterator[SqlStore]:
    """The store of that configuration."""
    opened = open_store(f"sqlite:///{folder}/syncd.db", "main", clock=FakeClock(AT), chance=FakeChance(1))
    yield opened
    opened.close()


def clash(id: str, topic: Topic = Topic.FIELD) -> Conflict:
    """A conflict: about the field title, or about which records are one."""
    contact = (Side.MARKETING, RemoteRef("contacts", "51"))
    leads = [(Side.CRM, RemoteRef("Lead", "00Q1")), (Side.CRM, RemoteRef("Lead", "00Q2"))]
    about_field = topic in ABOUT_A_FIELD
    return Conflict(
        id=id,
        kind="person",
        topic=topic,
        link="b1" if about_field else None,
        refs=(contact, leads[0]) if about_field else (contact, *leads),
        field="title" if about_field else None,
        values=Pair("Head of\x1b[31m Sales", "CSO") if about_field else Pair(None, None),
        base="Sales" if about_field else None,
        reason="both sides changed it",
        since=AT,
    )


def letter(id: str) -> DeadLetter:
    """A record that Salesforce refuses."""
    return DeadLetter(
        id=id,
        kind="person",
        side=Side.CRM,
        origin=RemoteRef("contacts", id),
        fingerprint="f",
        code="REQUIRED_FIELD_MISSING",
        reason="LastName is missing",
        advice="fill it, or give a default",
        since=AT,
        attempts=2,
    )


def keep(store: SqlStore, *, conflicts: list[Conflict] | None = None, dead: list[DeadLetter] | None = None) -> None:
    """Puts rows into the store."""
    store.settle(Settlement(conflicts=conflicts or [], dead=dead or []), AT)
