"""``syncd backtest``: the program from outside, without credentials and without a network."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.cli.main import main
from syncd.model.link import AuditRow, Base, FieldChange, IntentKind, Link, Proof
from syncd.model.remote import RemoteRef
from syncd.model.values import Pair, Side
from syncd.ports.store import Settlement
from syncd.store import SqlStore
from syncd.system import SystemClock
from tests.unit.cli.conftest import PERSON, Run, Said

TITLE = "  title: {type: string, marketing: jobtitle, crm: Title, policy: crm}\n"
REFS = Pair(RemoteRef("contacts", "7"), RemoteRef("Lead", "00Q7"))


@pytest.fixture
def recorded(folder: Path, store: SqlStore) -> Path:
    """A title that the CRM won, written yesterday; and a copy of the configuration in which marketing wins."""
    (folder / "schema/person.yaml").write_text(PERSON + TITLE, encoding="utf-8")
    now = SystemClock().now()
    store.settle(Settlement(links=[Link("L", "person", REFS, Proof.MATCHED, now)]), now)
    store.settle(Settlement(bases=[("L", Base({"title": "CMO"}, Pair({"jobtitle": "CMO"}, {"Title": "CMO"})))]), now)
    change = FieldChange("title", "VP", "CMO", "policy crm", Side.CRM)
    at = now - timedelta(days=1)
    row = AuditRow("i", 1, "L", "person", Side.MARKETING, REFS.marketing, IntentKind.UPDATE, (change,), "r", at)
    lease = store.take_lease("test", now, now + timedelta(minutes=2))
    assert lease is not None
    store.begin(lease, [], [row], now)
    store.settle(Settlement(endings={"i": "done"}), now)
    new = folder / "new"
    new.mkdir()
    shutil.copy(folder / "syncd.yaml", new)
    for name in ("schema", "cases"):
        shutil.copytree(folder / name, new / name)
    text = (new / "schema/person.yaml").read_text(encoding="utf-8")
    (new / "schema/person.yaml").write_text(text.replace("policy: crm", "policy: marketing"), encoding="utf-8")
    return new


@pytest.fixture
def tried(recorded: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Holds the record against the changed configuration."""

    def call(*words: str) -> Said:
        capsys.readouterr()
        code = main(["backtest", "--config", str(recorded), "--against", str(folder), *words])
        told = capsys.readouterr()
        return Said(code, told.out, told.err)

    return call


def test_tables_and_json(tried: Run) -> None:
    """What would have been different, with an example by its record."""
    said = tried()
    assert said.code == 0
    assert "marketing:contacts/7" in said.out
    assert "the other side instead: VP" in said.out
    assert said.out.endswith("something would have been different\n")
    found = tried("--json").json
    assert found["differs"] is True
    (example,) = found["examples"]
    told = ("record", "field", "before", "after", "would", "value")
    assert [example[name] for name in told] == ["marketing:contacts/7", "title", "VP", "CMO", "other side", "VP"]
    figures = {each["key"]: each["value"] for section in found["sections"] for each in section["figures"]}
    assert (figures["writes"], figures["values:other_side"]) == (1, 1)


def test_down_to_the_records(tried: Run) -> None:
    """A figure opens to the records behind it."""
    (row,) = tried("--show", "values:other_side", "--json").json["records"]
    assert (row["person"], row["marketing"], row["crm"]) == ("L", "contacts/7", "Lead/00Q7")
    assert "no figure" in tried("--show", "values:none").failure["what"]
    assert tried("--show", "field:person.title:other_side").out.startswith("field:person.title:other_side: 1\n"), (
        "a figure in a table has no name of its own but its key"
    )


def test_against_itself(run: Run, recorded: Path, folder: Path) -> None:
    """The configuration that made the record makes it again."""
    said = run("backtest", "--against", str(folder))
    assert recorded
    assert said.out.endswith("nothing would have been different\n")


def test_a_scenario(tried: Run, tmp_path: Path) -> None:
    """Cases of a file, whatever they expect: what either configuration makes of them."""
    file = tmp_path / "scenario.yaml"
    given = "{side: marketing, object: contacts, fields: {email: A@x.com, jobtitle: CMO}}"
    file.write_text(f"kind: person\ncases:\n  - {{name: a, given: {given}}}\n", encoding="utf-8")
    said = tried("--scenario", str(file))
    assert said.code == 0, said.err
    assert said.out == "1 case, 0 of them with differences\n"
    schema = tmp_path / "new/schema/person.yaml"
    schema.write_text(schema.read_text(encoding="utf-8").replace("jobtitle", "job"), encoding="utf-8")
    found = tried("--scenario", str(file), "--json").json
    assert found["cases"][0]["differences"] == [
        {"what": "title", "in_use": "CMO", "changed": None},
        {"what": "Lead.Title", "in_use": "CMO", "changed": None},
    ]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--scenario", "x.yaml", "--days", "3"), "leave --days and --show out"),
        (("--scenario", "absent.yaml"), "absent.yaml is no file"),
        (("--scenario", "absent.json"), "absent.json cannot be read"),
    ],
)
def test_bad_usage(tried: Run, words: tuple[str, ...], what: str) -> None:
    """Exit code 2 with advice."""
    said = tried(*words)
    assert said.code == 2
    assert what in said.failure["what"]


def test_a_json_file_that_is_no_scenario(tried: Run, tmp_path: Path) -> None:
    """It says who writes such files."""
    (tmp_path / "scenario.json").write_text("{}", encoding="utf-8")
    said = tried("--scenario", str(tmp_path / "scenario.json"))
    assert said.code == 2
    assert "give a file that `syncd simulate` wrote" in said.failure["what"]


def test_without_a_changed_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    """It says what to name."""
    assert main(["backtest"]) == 2
    assert "--config NEW" in capsys.readouterr().err
