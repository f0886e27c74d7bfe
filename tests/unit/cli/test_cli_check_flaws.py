"""Mistakes in what both teams agree on, through `syncd check`: exit 2, and each with file, line and advice."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from syncd.bootstrap import read_only_fields
from syncd.cli.main import main
from syncd.settings.loading import load
from syncd.settings.online import empty_pools
from tests.scenarios.routings import address, configured, routing
from tests.worlds import Both, agreed, config_environment, open_both

FLAWS = [
    # a transition to an unknown stage
    ("lifecycle.yaml", "from: new, to: sql, by", "from: new, to: sqll, by", "there is no stage", "did you mean 'sql'?"),
    # two stages with the same value on one side
    ("schema/person.yaml", "crm: Working - Contacted", "crm: Open - Not Contacted", "Open - Not Contacted", "way_back"),
    # a predicate on a field that is not mapped
    ("lifecycle.yaml", "domain(email)", "domain(emial)", "CEL does not compile", "did you mean email"),
    ("rating.yaml", "persona == 'marketing_leader'", "budget == 'x'", "CEL does not compile", "budget"),
    # a condition that gives no truth value, or compares what can never be equal, or names a word there is not
    (
        "personas.yaml",
        "product_interests != null && size(product_interests) > 0",
        "title",
        "title gives text",
        "!= null",
    ),
    ("rating.yaml", "phone != null || mobile != null", "phone > 3", "phone (text) and 3 (a whole number)", "own sort"),
    (
        "rating.yaml",
        "stage == 'disqualified'",
        "stage == 'disqualifed'",
        "no stage 'disqualifed'",
        "mean disqualified?",
    ),
    (
        "rating.yaml",
        "'marketing_leader'",
        "'marketing_leadr'",
        "no persona 'marketing_leadr'",
        "mean marketing_leader?",
    ),
    ("lifecycle.yaml", "!freemail(domain(email))", "company_name", "company_name gives text", "!= null"),
    ("schema/person.yaml", "'opportunity', 'customer']", "'oportunity']", "no stage 'oportunity'", "mean opportunity?"),
    # thresholds out of order
    ("rating.yaml", "at_least: 35", "at_least: 75", "the thresholds are out of order", "order"),
    # a calendar that does not exist
    ("calendars.yaml", "default: us_east", "default: us_west", "there is no calendar 'us_west'", "us_east"),
    # a pool without members
    ("routing.yaml", "[kim@example.com, lou@example.com]", "[]", "the pool dach has no members", "name them"),
]


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


@pytest.mark.parametrize(("file", "was", "becomes", "what", "advice"), FLAWS)
def test_a_mistake_in_what_was_agreed_on(
    both_agree: Path,
    capsys: pytest.CaptureFixture[str],
    file: str,
    was: str,
    becomes: str,
    what: str,
    advice: str,
) -> None:
    """Exit 2; a flaw says in which file and near which line it is, what is wrong, and what to do."""
    path = both_agree / file
    text = path.read_text(encoding="utf-8")
    assert was in text
    path.write_text(text.replace(was, becomes, 1), encoding="utf-8")
    capsys.readouterr()
    assert main(["--config", str(both_agree), "check", "--json"]) == 2
    flaws = json.loads(capsys.readouterr().out)["flaws"]
    told = [f"{flaw['what']}; {flaw['advice']}" for flaw in flaws]
    assert any(what in each and advice in each for each in told), told
    assert all(flaw["line"] > 0 and flaw["advice"] and flaw["file"].endswith(".yaml") for flaw in flaws), flaws


@pytest.fixture
def vendors() -> Both:
    """Two stand-ins, for the users there are."""
    return open_both()


@pytest.mark.parametrize("left", [["ann", "ben", "cam"], ["ann", "ben"]])
def test_a_pool_of_which_nobody_is_active(tmp_path: Path, vendors: Both, left: list[str]) -> None:
    """`syncd check --online` asks the CRM: one active member is enough, and else each is named with what is wrong."""
    config = configured(tmp_path, routing())
    users = {name: vendors.salesforce.add_user(address(name), f"U {name}") for name in ("ann", "ben", "cam")}
    for name in left:
        vendors.salesforce.deactivate_user(users[name])
    kinds = load(config, config_environment(), read_only=read_only_fields()).connection(None).connection.kinds
    (routed,) = [kind.routing for kind in kinds if kind.routing is not None]
    flaws = empty_pools(routed, vendors.world.connectors.crm.users(), config)
    if len(left) < len(users):
        assert not flaws
        return
    (flaw,) = flaws
    assert str(flaw).startswith(f"{config}/routing.yaml:8:")
    assert "nobody of the pool team is an active user: ann@sales.example is not active, ben@" in flaw.what
    assert flaw.advice == "name users who are active in the CRM"
