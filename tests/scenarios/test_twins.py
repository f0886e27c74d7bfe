"""Records of one side that share an identity: held and listed as one question, never made twice on the other side."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.model.errors import BadUsage
from syncd.model.link import Topic
from syncd.operations.deciding import Choice, resolution
from tests.scenarios.steps import Steps, remapped
from tests.worlds import ROOT, open_both


@pytest.fixture
def making(tmp_path: Path) -> Iterator[Steps]:
    """A world in which every company with a domain becomes an Account."""
    config = tmp_path / "config"
    shutil.copytree(ROOT / "config", config)
    path = config / "schema" / "company.yaml"
    text = path.read_text(encoding="utf-8")
    assert "  crm: []\n" in text
    path.write_text(text.replace("  crm: []\n", "  crm: [{ object: Account, when: 'domain != null' }]\n"), "utf-8")
    both = open_both(config=config)
    yield Steps(both)
    both.store.close()


@pytest.fixture
def twins(making: Steps) -> tuple[str, str]:
    """Two companies of one domain and one of another, after a first cycle."""
    companies = [("Acme", "acme.example.com"), ("ACME Inc", "www.acme.example.com"), ("Bolt", "bolt.example.org")]
    one, other, _ = (
        making.both.hubspot.create("companies", {"name": name, "domain": domain}) for name, domain in companies
    )
    making.cycle()
    return one, other


def test_twins_are_listed_and_not_made(making: Steps, twins: tuple[str, str]) -> None:
    """One question holds both; everybody else gets an Account; nothing is asked a second time."""
    held = making.conflict()
    assert (held.topic, held.resolution) == (Topic.MATCH, None)
    assert {ref.id for _, ref in held.refs} == set(twins)
    assert held.reason == "2 marketing records share an identity; none is made on the other side"
    assert [row["Name"] for row in making.live("Account")] == ["Bolt"]
    making.quiet()
    assert making.conflict() == held
    with pytest.raises(BadUsage, match="records of one side; merge them there, or use --apart"):
        resolution(held, Choice(link=(f"companies/{twins[0]}", "Account/001")))


def test_merged_twins_are_no_question(making: Steps, twins: tuple[str, str]) -> None:
    """Marketing merges them: the survivor gets its Account and the question is off the list."""
    making.both.hubspot.merge("companies", *twins)
    making.cycle()
    making.cycle()
    assert not making.conflicts()
    assert len(making.live("Account")) == 2
    making.quiet()


def test_twins_said_to_be_apart_are_made_each(making: Steps, twins: tuple[str, str]) -> None:
    """A person says that they are two: each gets an Account of its own, and it stays so."""
    making.resolve(resolution(making.conflict(), Choice(apart=True)))
    making.cycle()
    accounts = [making.marketed(company, "syncd_crm_id", object_name="companies") for company in twins]
    assert None not in accounts
    assert len(set(accounts)) == 2
    assert len(making.live("Account")) == 3
    making.quiet()


def test_twins_that_nobody_would_make_are_no_question(steps: Steps) -> None:
    """Two Leads with one address and no rule to make contacts: nothing is asked."""
    for _ in range(2):
        steps.lead(Email="carl@example.com")
    steps.cycle()
    assert not steps.conflicts()
    assert not steps.contacts()
    steps.quiet()


def test_twins_that_are_none_any_more_are_made_once_each(tmp_path: Path) -> None:
    """What was asked about two Leads is over in the cycle that makes their contacts: one decision closes, two make."""
    both = remapped(tmp_path, lambda schema: schema["create"].update(marketing=[{"object": "contacts"}]))
    steps = Steps(both)
    steps.pair()
    one, other = (steps.lead(LastName="New", Company="New", Email="carl@example.com") for _ in range(2))
    steps.cycle()
    assert [ref.id for _, ref in steps.conflict().refs] == [one, other]
    steps.sell(one, Email="carla@example.com")
    steps.cycle()
    assert not steps.conflicts()
    made = [str(row["properties"]["email"]) for row in both.hubspot.export()["contacts"]]
    assert sorted(made) == ["ann@example.com", "carl@example.com", "carla@example.com"]
    steps.quiet()
    both.store.close()
