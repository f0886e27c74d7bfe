"""What deals say of people, as it is declared: each mistake is told in its place, with what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from syncd.bootstrap import read_only_fields
from syncd.model.errors import BadConfig
from syncd.model.handoff import Outcome
from syncd.model.mapping import Connection
from syncd.settings.loading import load
from tests.worlds import config_environment, with_deals

Change = Callable[[dict[str, Any]], object]


def connection(config: Path) -> Connection:
    """The connection of a configuration."""
    return load(config, config_environment(), read_only=read_only_fields()).connection(None).connection


def edited(folder: Path, name: str, change: Change) -> Path:
    """The example with deals, of which one file is edited."""
    config = with_deals(folder)
    path = config / name
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(tree)
    path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    return config


def test_the_example_says_what_deals_come_to(tmp_path: Path) -> None:
    """Stages, contact, amount, reason and owner; the ledger is kept by it."""
    handoff = connection(with_deals(tmp_path)).handoff
    assert handoff is not None
    assert handoff.deals is not None
    fields = "primary_contact", "amount", "lost_reason", "owner"
    assert handoff.deals.outcome == Outcome("stage", ("won",), ("lost",), *fields)
    assert not handoff.deals.shown


def test_without_it_deals_say_nothing(tmp_path: Path) -> None:
    """A mapping of deals alone moves nobody."""
    handoff = connection(edited(tmp_path, "schema/deal.yaml", lambda tree: tree.pop("outcome"))).handoff
    assert handoff is not None
    assert handoff.deals is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"won": ["wun"]}, "there is no stage 'wun'; did you mean 'won'?"),
        ({"lost": ["lost", "won"]}, "the stage won means won already; leave it in one of the two lists"),
        ({"contact": "buyer"}, "there is no shared field 'buyer'"),
        ({"contact": "company"}, "company refers to a company, and lifecycle.yaml is about a person"),
        ({"contact": "name"}, "name is of type string, and the contact of a deal is of type reference"),
        ({"owner": "name"}, "name is of type string, and the owner of a deal is of type owner"),
        ({"amount": "name"}, "name is of type string, and the amount of a deal is of type money"),
    ],
)
def test_each_mistake_is_told_in_its_place(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    """File, line and what to do."""
    config = edited(tmp_path, "schema/deal.yaml", lambda tree: tree["outcome"].update(change))
    with pytest.raises(BadConfig) as flawed:
        connection(config)
    (flaw,) = flawed.value.flaws
    assert str(flaw.file).endswith("schema/deal.yaml")
    text = (config / "schema" / "deal.yaml").read_text(encoding="utf-8").splitlines()
    within = text[text.index("outcome:") : text.index("fields:")]
    assert flaw.line is not None
    assert text[flaw.line - 1] in within
    assert f"{flaw.what}; {flaw.advice}".startswith(told)


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("lifecycle.yaml", lambda tree: tree.pop("handoff"), "lifecycle.yaml has no part `handoff`"),
        (
            "schema/company.yaml",
            lambda tree: tree.update(outcome={"stage": "name", "won": ["a"], "lost": ["b"], "contact": "name"}),
            "a company is neither won nor lost",
        ),
        (
            "schema/person.yaml",
            lambda tree: tree["fields"].update(won={"type": "text", "marketing": "won", "derive": "won_amount"}),
            "a field that holds won_amount is of type money, not text",
        ),
    ],
)
def test_what_it_needs_beside_it(tmp_path: Path, name: str, change: Change, told: str) -> None:
    """A lifecycle that says what stages mean; deals; fields that can hold what is shown."""
    with pytest.raises(BadConfig) as flawed:
        connection(edited(tmp_path, name, change))
    assert any(flaw.what.startswith(told) for flaw in flawed.value.flaws)


def test_what_is_shown_of_deals_needs_deals(tmp_path: Path) -> None:
    """A won amount without deals that say what they come to is told where it stands."""
    config = edited(tmp_path, "schema/deal.yaml", lambda tree: tree.pop("outcome"))
    path = config / "schema" / "person.yaml"
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    tree["fields"]["won"] = {"type": "money", "marketing": "won", "derive": "won_amount", "currency": "USD"}
    path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    with pytest.raises(BadConfig) as flawed:
        connection(config)
    (flaw,) = flawed.value.flaws
    assert flaw.what == "no schema/deal.yaml says by `outcome` what deals come to, so nobody has won_amount"
