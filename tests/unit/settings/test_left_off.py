"""What `syncd check` says of features that are off, and the pack that switches them on."""

from __future__ import annotations

import difflib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from syncd.cli.main import main
from syncd.settings.left_off import AT_ONCE, MISSING, NO_REASON
from tests.worlds import ROOT, config_environment

EXAMPLE = ROOT / "config"
PACK = EXAMPLE / "optional" / "handoff"
Check = Callable[[], tuple[int, list[str]]]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A copy of the example."""
    shutil.copytree(EXAMPLE, tmp_path / "config")
    return tmp_path / "config"


@pytest.fixture
def check(config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Check:
    """Calls ``syncd check`` on it: exit code and notices, with short paths."""
    for name, value in config_environment().items():
        monkeypatch.setenv(name, value)

    def call() -> tuple[int, list[str]]:
        capsys.readouterr()
        code = main(["--config", str(config), "check", "--json"])
        return code, [each.replace(f"{config}/", "") for each in json.loads(capsys.readouterr().out)["notices"]]

    return call


def line_of(path: Path, begins: str) -> int:
    """The number of the only line that begins so."""
    lines = path.read_text(encoding="utf-8").splitlines()
    (found,) = [number for number, line in enumerate(lines, 1) if line.strip().startswith(begins)]
    return found


def test_the_example_is_sound_and_says_what_is_off(config: Path, check: Check) -> None:
    """Exit 0, and one notice each for reasons, first source and last touch: place, what is missing, what to add; and
    last how to have all of it at once.
    """
    code, told = check()
    assert code == 0
    path = config / "lifecycle.yaml"
    reasons, facts = line_of(path, "reasons:"), line_of(path, "facts:")
    assert [each.split("; ")[0] for each in told[:-1]] == [
        f"lifecycle.yaml:{reasons}: asking for reasons is off: {NO_REASON}",
        f"lifecycle.yaml:{facts}: the fact origin is off: `syncd report credit` says (none) for every first source",
        f"lifecycle.yaml:{facts}: the fact last_touch is off: `syncd report credit` says (none) for every last touch",
        f"lifecycle.yaml:{facts}: the fact asset is off: `syncd report credit --by asset` says (none) for everybody",
        f"lifecycle.yaml:{facts}: the fact contacted is off: {MISSING['contacted']}",
    ]
    assert (
        "add `reason_field: stage_reason`, and to schema/person.yaml the field stage_reason as it stands in" in told[0]
    )
    assert "add `origin: origin` to `facts`, and to schema/person.yaml a field origin as it stands in" in told[1]
    assert told[-1] == AT_ONCE


def test_with_the_pack_nothing_is_off(config: Path, check: Check) -> None:
    """The command that the notice names is all that is to be done, and the example's cases stay true."""
    words = re.search(r"`cp -r config/(\S+)/\. config/`", AT_ONCE)
    assert words is not None
    shutil.copytree(config / words[1], config, dirs_exist_ok=True)
    assert check() == (0, [])


def test_the_lines_that_a_notice_names_switch_it_on(config: Path, check: Check) -> None:
    """Whoever has changed the files already adds one feature after the other, each as its notice says."""
    fields = yaml.safe_load((PACK / "schema" / "person.yaml").read_text(encoding="utf-8"))["fields"]
    edited(config / "schema" / "person.yaml", lambda tree: tree["fields"].update(origin=fields["origin"]))
    assert "the fact origin is off" in check()[1][1], "a field alone is no fact"
    assert "to switch it on, add `origin: origin` to `facts` (docs" in check()[1][1]
    edited(config / "lifecycle.yaml", lambda tree: tree["handoff"]["facts"].update(origin="origin"))
    assert not [each for each in check()[1] if "origin is off" in each]
    edited(config / "schema" / "person.yaml", lambda tree: tree["fields"].update(stage_reason=fields["stage_reason"]))
    edited(config / "lifecycle.yaml", lambda tree: tree.update(reason_field="stage_reason"))
    assert [each.split(" is off")[0].split(": ")[1] for each in check()[1][:-1]] == [
        "the fact last_touch", "the fact asset", "the fact contacted",
    ]  # fmt: skip


def test_company_and_owner_are_missed_too(config: Path, check: Check) -> None:
    """Whoever has an older copy of the example is told what the company is good for; without a handoff, only that."""
    edited(config / "lifecycle.yaml", lambda tree: tree["handoff"].update(facts={}))
    told = check()[1]
    assert any(
        "the fact company is off: a second person of a company begins a handoff of their own" in each
        and "add `company: company` to `facts` (docs" in each
        for each in told
    )
    assert any("the fact owner is off" in each for each in told)
    edited(config / "lifecycle.yaml", lambda tree: tree.pop("handoff"))
    code, told = check()
    assert code == 0
    (only,) = told
    assert "the handoff is off: no handoff is kept, and `syncd report` has nothing to tell" in only


def edited(path: Path, change: Callable[[Any], object]) -> None:
    """A person edits a file."""
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(tree)
    path.write_text(yaml.safe_dump(tree, sort_keys=False, allow_unicode=True), encoding="utf-8")


COMPANY = "  # `company` people of one company share one handoff at a time."


ON_THE_RECORD = {"stage", "cycle", "grade", "grade_reasons", "respond_by", "last_touch"}
"""What people are to see on the record itself."""


# -- the pack ----------------------------------------------------------------------------------------------------------
def differences(name: str) -> tuple[list[str], list[str]]:
    """Lines of the example that the pack lacks, and those that only the pack has."""
    texts = [(folder / name).read_text(encoding="utf-8").splitlines() for folder in (EXAMPLE, PACK)]
    found = list(difflib.ndiff(*texts))
    return tuple([line[2:] for line in found if line.startswith(sign)] for sign in "-+")  # type: ignore[return-value]


def test_the_pack_is_the_example_and_more() -> None:
    """What is changed in the example is to be changed in the pack, too: but for the parts it is for, they are alike."""
    lacks, more = differences("schema/person.yaml")
    computed = [line for line in lacks if " derive: " in line]
    assert lacks == [
        "  # config/optional/handoff has all of them on; there each is left out where its field is not made yet.",
        *computed,
    ]
    assert [line for line in more if " derive: " in line] == [
        f"{line.replace('# ', '')[:-2]}, optional: true }}" for line in computed
    ]
    lacks, more = differences("lifecycle.yaml")
    assert lacks == [
        "# optional/handoff has the field, and switches it on.",
        "# reason_field: stage_reason",
        f"{COMPANY} optional/handoff has origin, last_touch, asset and",
        "  # contacted, too.",
        "  facts: { owner: owner, company: company }",
    ]
    facts = "owner: owner, company: company, origin: origin, last_touch: last_touch, asset: asset, contacted: contacted"
    assert [line for line in more if not line.strip().startswith("#")] == [
        "reason_field: stage_reason",
        "  facts:",
        f"    {{ {facts} }}",
    ]


def test_the_list_views_are_made_of_fields_of_the_pack() -> None:
    """Each field and each label that docs/salesforce.md filters or sorts by is one that the pack writes on Lead."""
    page = (ROOT / "docs" / "salesforce.md").read_text(encoding="utf-8")
    fields = yaml.safe_load((PACK / "schema" / "person.yaml").read_text(encoding="utf-8"))["fields"]
    written = {str(each["crm"]) for each in fields.values() if "derive" in each and "crm" in each}
    assert set(re.findall(r"Syncd_\w+__c", page)) <= written
    labels = {name.removesuffix("__c").replace("_", " ") for name in written}
    columns = [
        word.strip() for line in re.findall(r"^Columns: ([^.;]*)", page, re.MULTILINE) for word in line.split(",")
    ]
    shown = {*re.findall(r"^\| (Syncd [\w ]+?) \|", page, re.MULTILINE), *(each for each in columns if "Syncd" in each)}
    assert {"Syncd Cycle", "Syncd Respond By", "Syncd Last Touch"} <= shown <= labels


def test_the_pack_has_the_last_touches_of_the_page() -> None:
    """Field by field as docs/signals.md explains them; all that the pack adds is optional, and beside these fields and
    those of the credit it is what syncd computes, in a namespace of its own.
    """
    page = (ROOT / "docs" / "signals.md").read_text(encoding="utf-8")
    shown = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)[1])
    fields = yaml.safe_load((PACK / "schema" / "person.yaml").read_text(encoding="utf-8"))["fields"]
    known = yaml.safe_load((EXAMPLE / "schema" / "person.yaml").read_text(encoding="utf-8"))["fields"]
    added = {name: each for name, each in fields.items() if name not in known}
    assert {name: added[name] for name in shown} == shown
    assert all(each["optional"] for each in added.values())
    computed = {name: each for name, each in added.items() if "derive" in each}
    assert set(added) == {*shown, "stage_reason", "origin", "asset", "contacted", *computed}
    assert {str(each["derive"]) for each in computed.values()} >= ON_THE_RECORD
    assert all(each["marketing"].startswith("syncd_") for each in computed.values())
    assert all(each["crm"].startswith("Syncd_") for each in computed.values() if "crm" in each)
