"""A simulation of somebody's own configuration: custom fields are there, and what is wrong is said once."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from syncd.lab.arena import open_arena
from syncd.lab.simulate import Order, run
from syncd.model.errors import BadUsage
from tests.worlds import ROOT

CUSTOM = """\
  segment: { type: string, marketing: our_segment, crm: { Lead: Segment__c, Contact: Segment__c }, policy: crm }
  tier:
    type: enum
    marketing: our_tier
    crm: { Lead: Tier__c, Contact: Tier__c }
    policy: newest
    tie: crm
    values: { gold: { marketing: GOLD, crm: Gold }, blue: { marketing: BLUE, crm: Blue } }
  renewal: { type: date, marketing: renewal_on, crm: { Contact: Renewal__c }, policy: crm }
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The example configuration with fields that no vendor brings along."""
    folder = tmp_path / "config"
    shutil.copytree(ROOT / "config", folder)
    person = folder / "schema" / "person.yaml"
    text = person.read_text(encoding="utf-8")
    person.write_text(text.replace("\n  email:\n", f"\n{CUSTOM}\n  email:\n", 1), encoding="utf-8")
    return folder


def test_custom_fields_of_a_mapping_are_there(config: Path, tmp_path: Path) -> None:
    """With the type that the mapping gives them, and the values of its table."""
    arena = open_arena(config, variant=0, folder=tmp_path / "played")
    properties = arena.hubspot.portal.store("contacts").definitions
    assert (properties["our_segment"].type, properties["renewal_on"].type) == ("string", "date")
    assert [option.value for option in properties["our_tier"].options] == ["GOLD", "BLUE"]
    tier = arena.salesforce.org.schema.require("Lead").any_field("Tier__c")
    assert tier is not None
    assert [each.value for each in tier.picklist] == ["Gold", "Blue"]


@pytest.mark.slow
def test_they_are_played(config: Path, tmp_path: Path) -> None:
    """From the first link to the verdict."""
    screen = io.StringIO()
    order = Order(config=config, count=1, seed="own", keep=tmp_path / "kept", workers=1)
    assert run(order, console=Console(file=screen)) == 0, screen.getvalue()
    assert "1 seeds of own" in screen.getvalue()


def test_what_cannot_be_played_is_said_before(tmp_path: Path) -> None:
    """Once, and not as the verdict on every seed."""
    with pytest.raises(BadUsage, match=r"holds no syncd\.yaml"):
        run(Order(config=tmp_path), console=Console(file=io.StringIO()))
