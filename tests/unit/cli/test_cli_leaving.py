"""``syncd export`` and ``uninstall``: open files that are whole, and what is there for syncd alone."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import pytest

from syncd.cli.call import who
from syncd.model.errors import NeedsOperator
from syncd.model.link import Base, Forgotten, Link, Proof
from syncd.model.remote import RemoteRef
from syncd.model.values import Pair
from syncd.operations.exporting import cell
from syncd.ports.store import Settlement
from syncd.store import SqlDoors, SqlStore
from syncd.store.exports import exported_names
from tests.unit.cli.conftest import AT, Run, clash, letter
from tests.unit.cli.test_cli_audit import _begin


@pytest.fixture
def known(store: SqlStore) -> SqlStore:
    """A store with two people, of whom one was forgotten, writes, a conflict and a dead letter."""
    links = [
        Link(f"L{n}", "person", Pair(RemoteRef("contacts", id), RemoteRef("Lead", f"00Q{n}")), Proof.MATCHED, AT)
        for n, id in ((1, "=cmd|'/C calc'!A0"), (2, "52"))
    ]
    bases = [(link.id, Base({"email": "a@b.c"}, Pair({}, {}))) for link in links]
    store.settle(Settlement(links=links, bases=bases, conflicts=[clash("c1")], dead=[letter("d1")]), AT)
    _begin(store, "i1", "i2")
    store.settle(Settlement(forgotten=[Forgotten(links[1], ("gone@example.com",), ())]), AT)
    return store


def test_everything_is_written_with_a_manifest(run: Run, known: SqlStore, tmp_path: Path) -> None:
    """Each file has the rows and the hash that the manifest says, and nobody else can read it."""
    out = tmp_path / "export"
    said = run("export", str(out), "--json")
    assert said.code == 0, said.err
    manifest = said.json
    assert {each["name"].partition(".")[0] for each in manifest["files"]} == {*exported_names(), "audit"}
    for each in manifest["files"]:
        file = out / each["name"]
        assert hashlib.sha256(file.read_bytes()).hexdigest() == each["sha256"]
        assert file.stat().st_size == each["bytes"]
        assert file.stat().st_mode & 0o777 == 0o600
        lines = file.read_text(encoding="utf-8").splitlines()
        assert len(lines) - (file.suffix == ".csv" and bool(lines)) == each["rows"]
    assert out.stat().st_mode & 0o777 == 0o700
    audit = [json.loads(line) for line in (out / "audit.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["changes"][0]["after"] for row in audit] == ["b@example.com"] * 2
    assert audit[0]["link"] == "L1"
    with (out / "links.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["L1", "L2"]
    assert rows[0]["marketing_id"] == "'=cmd|'/C calc'!A0", "a spreadsheet calculates nothing of it"
    assert rows[0]["since"] == AT.isoformat()
    assert "gone@example.com" not in "".join(each.read_text(encoding="utf-8") for each in out.iterdir())


def test_an_export_leaves_an_entry(run: Run, known: SqlStore, tmp_path: Path) -> None:
    """Who took everything, and when; `syncd console deeds` lists it."""
    run("export", str(tmp_path / "out"))
    (deed,) = run("console", "deeds", "--json").json["deeds"]
    assert (deed["who"], deed["way"], deed["what"], deed["about"]) == (who(), "shell", "export", "everything")
    assert "everything" in run("console", "deeds").out


def test_a_store_that_takes_no_entry_keeps_nobody_from_the_export(
    run: Run, known: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told, with who it was."""

    def full(*_: object) -> None:
        raise NeedsOperator("no room")

    monkeypatch.setattr(SqlDoors, "begin_deed", full)
    said = run("export", str(tmp_path / "out"))
    assert said.code == 0
    assert "reading.unnoted" in said.err
    assert (tmp_path / "out/manifest.json").exists()


def test_tables_longer_than_a_page_are_whole(
    run: Run, known: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page by page, each row once."""
    monkeypatch.setattr("syncd.store.exports._PAGE", 3)
    links = [
        Link(f"M{n:02}", "person", Pair(RemoteRef("contacts", f"9{n}"), RemoteRef("Lead", f"9{n}")), Proof.KEY, AT)
        for n in range(10)
    ]
    known.settle(Settlement(links=links), AT)
    run("export", str(tmp_path / "out"))
    with (tmp_path / "out/links.csv").open(newline="", encoding="utf-8") as file:
        assert [row["id"] for row in csv.DictReader(file)] == ["L1", "L2", *(link.id for link in links)]


def test_nothing_is_overwritten(run: Run, known: SqlStore, tmp_path: Path) -> None:
    """A folder that holds something is refused."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine").write_text("x", encoding="utf-8")
    assert "not empty" in run("export", str(tmp_path / "out")).failure["what"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\n=x"])
def test_no_cell_is_a_formula(text: str) -> None:
    """OWASP's list, and a line feed."""
    assert cell(text) == f"'{text}"
    assert cell(f"a{text}") == f"a{text}"
    assert cell(-1) == -1


def test_what_is_there_for_syncd_alone_is_listed(run: Run, store: SqlStore, folder: Path) -> None:
    """Fields, rights, apps, secrets and files of this configuration; and it is a list, nothing is gone."""
    steps = run("uninstall", "--json").json["steps"]
    told = {(each["where"], each["what"]) for each in steps}
    assert {
        ("marketing", "property contacts.syncd_crm_id"),
        ("marketing", "scope crm.objects.contacts.write"),
        ("crm", "field Lead.Syncd_Marketing_Id__c"),
        ("crm", "field Contact.Syncd_Marketing_Id__c"),
        ("crm", "permission set syncd with its rights"),
        ("crm", "external client app with the consumer key id"),
    } <= told
    assert not any("email" in what.lower() for _, what in told), "fields that were there before stay"
    here = [each["what"] for each in steps if each["where"] == "here"]
    assert here[0] == "what is in flight"
    assert any(str(folder / "syncd.db") in what for what in here)
    assert "nothing was taken away" in run("uninstall").out
    assert (folder / "syncd.db").exists()
