"""Mistakes in what both teams agree on, through `syncd check`: exit 2, and each with file, line and advice."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from sandbox.server import RunningSandbox
from syncd.cli.main import main
from syncd.cli.stand_ins import stand_in_environment
from tests.scenarios.routings import TEAM, address, configured, routing
from tests.worlds import agreed, config_environment

Flawed = tuple[str, str, str, str]
"""What a flaw is told as: file, how its line begins, as no other line does, what is wrong, how the advice begins."""
POLICIES = "'crm', 'marketing', 'newest', 'union', 'lifecycle' or 'hold'"
FLAWS: list[tuple[str, str, str, list[Flawed]]] = [
    # a transition to an unknown stage; what follows from it is told, too
    (
        "lifecycle.yaml", "from: new, to: sql, by", "from: new, to: sqll, by",
        [
            ("lifecycle.yaml", "- { from: new, to: sqll,", "there is no stage 'sqll'", "did you mean 'sql'?"),
            (
                "lifecycle.yaml", "born: [sql]", "nobody begins in the stage sql",
                "declare a transition from `new` to it, or name another stage",
            ),
        ],
    ),
    # two stages with the same value on one side, told at the stage and at its row of the table
    (
        "schema/person.yaml", "crm: Working - Contacted", "crm: Open - Not Contacted",
        [
            (
                "lifecycle.yaml", "sql:",
                "mql and sql look the same on the crm side (Open - Not Contacted), so a move cannot be seen there",
                "give one of them a value of its own in the table",
            ),
            (
                "schema/person.yaml", "sql:",
                "the table has no way back: on the crm side 'Open - Not Contacted' stands for mql and sql",
                "say `way_back: [crm]` in the one row that it is to be read as",
            ),
        ],
    ),
    # a predicate on a field that is not mapped, in each of the files that have predicates
    (
        "lifecycle.yaml", "domain(email)", "domain(emial)",
        [
            (
                "lifecycle.yaml", 'when: "!freemail(domain(emial))"',
                "CEL does not compile: line 1, column 18: unknown field emial", "did you mean email?",
            )
        ],
    ),
    (
        "rating.yaml", "persona == 'marketing_leader'", "budget == 'x'",
        [
            (
                "rating.yaml", "when: \"budget == 'x'\"",
                "CEL does not compile: line 1, column 1: unknown field budget", "known are: city, company, ",
            )
        ],
    ),
    (
        "personas.yaml", "size(product_interests)", "size(product_interest)",
        [
            (
                "personas.yaml", 'when: "product_interests != null && size(product_interest)',
                "CEL does not compile: line 1, column 35: unknown field product_interest",
                "did you mean product_interests?",
            )
        ],
    ),
    (
        "routing.yaml", "persona == 'revenue_operations'", "budget > 5",
        [
            (
                "routing.yaml", 'when: "budget > 5"',
                "CEL does not compile: line 1, column 1: unknown field budget", "known are: city, company, ",
            )
        ],
    ),
    (
        "schema/person.yaml", "when: \"stage in ['mql',", "when: \"stag in ['mql',",
        [
            (
                "schema/person.yaml", "when: \"stag in ['mql',",
                "CEL does not compile: line 1, column 1: unknown field stag", "did you mean stage?",
            )
        ],
    ),
    # a condition that gives no truth value, compares what can never be equal, or names a word that there is not
    (
        "personas.yaml", "product_interests != null && size(product_interests) > 0", "title",
        [
            (
                "personas.yaml", 'when: "title"',
                "this makes no sense: line 1, column 1: a condition is true or false, and title gives text",
                "say what it is compared with",
            )
        ],
    ),
    (
        "rating.yaml", "phone != null || mobile != null", "phone > 3",
        [
            (
                "rating.yaml", 'when: "phone > 3"',
                "this makes no sense: line 1, column 9: phone (text) and 3 (a whole number) have no order for >",
                "compare it with one of its own sort",
            )
        ],
    ),
    (
        "rating.yaml", "stage == 'disqualified'", "stage == 'disqualifed'",
        [
            (
                "rating.yaml", 'when: "stage == \'disqualifed\'"',
                "this makes no sense: line 1, column 10: there is no stage 'disqualifed'",
                "did you mean disqualified?",
            )
        ],
    ),
    (
        "rating.yaml", "'marketing_leader'", "'marketing_leadr'",
        [
            (
                "rating.yaml", 'when: "persona == \'marketing_leadr\'"',
                "this makes no sense: line 1, column 12: there is no persona 'marketing_leadr'",
                "did you mean marketing_leader?",
            )
        ],
    ),
    (
        "lifecycle.yaml", "!freemail(domain(email))", "company_name",
        [
            (
                "lifecycle.yaml", 'when: "company_name"',
                "this makes no sense: line 1, column 1: a condition is true or false, and company_name gives text",
                "say what it is compared with",
            )
        ],
    ),
    (
        "schema/person.yaml", "'opportunity', 'customer']", "'oportunity']",
        [
            (
                "schema/person.yaml", 'when: "stage in [\'mql\', \'sql\', \'oportunity\']"',
                "this makes no sense: line 1, column 25: there is no stage 'oportunity'",
                "did you mean opportunity?",
            )
        ],
    ),
    # thresholds out of order
    (
        "rating.yaml", "at_least: 35", "at_least: 75",
        [
            (
                "rating.yaml", "- { grade: B, at_least: 75,",
                "the thresholds are out of order: 75 is above A's 60", "let them fall from A on",
            )
        ],
    ),
    # a calendar that does not exist
    (
        "calendars.yaml", "default: us_east", "default: us_west",
        [("calendars.yaml", "default: us_west", "there is no calendar 'us_west'", "did you mean 'us_east'?")],
    ),
    # a pool without members; one without active users needs `--online`
    (
        "routing.yaml", "[kim@example.com, lou@example.com]", "[]",
        [
            (
                "routing.yaml", "members: []", "the pool dach has no members",
                "name them by their e-mail addresses",
            )
        ],
    ),
    # a mapping file that is refused: what others say of its kind is none of their flaws
    (
        "schema/person.yaml", "policy: newest", "policy: nwest",
        [
            (
                "schema/person.yaml", "first_name:",
                f"fields.first_name.policy: input should be {POLICIES}",
                "write one of",
            )
        ],
    ),
    (
        "schema/company.yaml", "kind: company", "kind: company\nbogus: 1",
        [("schema/company.yaml", "bogus: 1", "unknown key 'bogus'", "known keys here: ")],
    ),
]  # fmt: skip


@pytest.fixture
def both_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example configuration on which both teams have agreed; its cases tell another lifecycle."""
    for name, value in config_environment().items():
        monkeypatch.setenv(name, value)
    config = agreed(tmp_path)
    shutil.rmtree(config / "cases")
    return config


def test_what_both_agreed_on_is_sound(both_agree: Path) -> None:
    """Else the flaws below would prove nothing."""
    assert main(["--config", str(both_agree), "check"]) == 0


@pytest.mark.parametrize(("file", "was", "becomes", "expected"), FLAWS)
def test_a_mistake_in_what_was_agreed_on(
    both_agree: Path, capsys: pytest.CaptureFixture[str], file: str, was: str, becomes: str, expected: list[Flawed]
) -> None:
    """Exit 2, and nothing is told but the flaw: in which file and on which line it is, what is wrong, what to do."""
    path = both_agree / file
    text = path.read_text(encoding="utf-8")
    assert was in text
    path.write_text(text.replace(was, becomes, 1), encoding="utf-8")
    capsys.readouterr()
    assert main(["--config", str(both_agree), "check", "--json"]) == 2
    flaws = json.loads(capsys.readouterr().out)["flaws"]
    assert [(told_in(both_agree, flaw), flaw["what"]) for flaw in flaws] == [
        (where, what) for where, _, what, _ in expected
    ]
    for flaw, (where, begins, _, advice) in zip(flaws, expected, strict=True):
        lines = (both_agree / where).read_text(encoding="utf-8").splitlines()
        (there,) = [number for number, line in enumerate(lines, 1) if line.strip().startswith(begins)]
        assert flaw["line"] == there
        assert flaw["advice"].startswith(advice)


def told_in(config: Path, flaw: Mapping[str, Any]) -> str:
    """The file of a flaw, as one sees it in the configuration's folder."""
    return Path(flaw["file"]).relative_to(config).as_posix()


@pytest.fixture
def vendors() -> Iterator[RunningSandbox]:
    """Two stand-ins behind sockets, for the users there are."""
    with RunningSandbox.start(seed=3) as running:
        yield running


@pytest.fixture
def online(
    vendors: RunningSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Calls ``syncd check --online`` with a routing of three people, of whom some have left the CRM; its answer."""
    for name, value in stand_in_environment(vendors.hubspot_url, vendors.salesforce_url, everyone=False).items():
        monkeypatch.setenv(name, value)

    def call(*left: str, words: Sequence[str] = ()) -> tuple[int, str]:
        config = configured(tmp_path, routing())
        monkeypatch.setenv("SYNCD_STORE__URL", f"sqlite:///{tmp_path}/syncd.db")
        for name in TEAM:
            user = vendors.salesforce.add_user(address(name), f"U {name}")
            if name in left:
                vendors.salesforce.deactivate_user(user)
        capsys.readouterr()
        code = main(["--config", str(config), "check", "--online", *words])
        return code, capsys.readouterr().out

    return call


def test_a_pool_of_which_nobody_is_active(online: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    """`syncd check --online` asks the CRM: exit 2, with file and line, each member with what is wrong, and advice."""
    code, told = online(*TEAM, words=["--json"])
    assert code == 2
    (flaw,) = json.loads(told)["flaws"]
    path = tmp_path / "config" / "routing.yaml"
    assert flaw["file"] == str(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert flaw["line"] == lines.index("    - ann@sales.example") + 1, "where the members begin"
    assert flaw["what"] == "nobody of the pool team is an active user: " + ", ".join(
        f"{address(name)} is not active" for name in TEAM
    )
    assert flaw["advice"] == "name users who are active in the CRM"


def test_a_pool_of_which_nobody_is_active_for_people(online: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    """The same in words, as a line that an editor jumps to."""
    code, told = online(*TEAM)
    assert code == 2
    words = " ".join(told.split())
    assert f"{tmp_path}/config/routing.yaml:8:" in words.replace("config/ routing", "config/routing")
    assert "1 flaw; nothing was written anywhere" in words


def test_one_active_member_is_enough(online: Callable[..., tuple[int, str]]) -> None:
    """A pool from which somebody can be given people is sound: exit 0."""
    code, told = online("ann", "ben", words=["--json"])
    assert (code, json.loads(told)["flaws"]) == (0, [])
