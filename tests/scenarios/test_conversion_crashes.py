"""Killed at every effect of a cycle in which a Lead has become a Contact, or both sides are written."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import yaml

from sandbox.salesforce.definitions import text
from tests.scenarios.handoffs import killed_at_each_effect
from tests.scenarios.steps import Fields, Steps
from tests.scenarios.test_lost_in_conversion import CONVERTED
from tests.worlds import ROOT, open_both


def configured(folder: Path, change: Callable[[Fields], None]) -> Path:
    """A copy of the example configuration in which ``change`` may edit the fields of people."""
    config = folder / "config"
    shutil.copytree(ROOT / "config", config)
    path = config / "schema" / "person.yaml"
    schema = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(schema["fields"])
    path.write_text(yaml.safe_dump(schema, sort_keys=False), encoding="utf-8")
    return config


def all_cleared(fields: Fields) -> None:
    """Emptying an interest travels."""
    fields["product_interests"]["clear"] = "both"


def staged(fields: Fields) -> None:
    """A Contact tells the stage in a field of its own."""
    fields["stage"]["crm"] = {"Lead": "Status", "Contact": "Stage__c"}


def interests(steps: Steps, contact: str, object_name: str) -> tuple[set[str], set[str]]:
    """What the one contact and the one row of an object say."""
    (row,) = steps.live(object_name)
    told = steps.marketed(contact, "product_interests"), row["Product_Interests__c"]
    return set(str(told[0]).split(";")), set(str(told[1]).split(";"))


def test_killed_at_any_effect_the_lost_value_stands_on_both_sides(tmp_path: Path) -> None:
    """Killed before or after any effect, with an edit of the Lead that is news to HubSpot, too: nothing is lost."""
    contacts: list[str] = []

    def begin(steps: Steps) -> Callable[[], object]:
        contact, lead = steps.pair(product_interests="crm;service")
        contacts.append(contact)
        steps.sell(lead, Product_Interests__c="Analytics;Training")
        return partial(steps.both.salesforce.convert, lead, status=CONVERTED)

    for steps, effect in killed_at_each_effect(tmp_path, begin, config=configured(tmp_path, all_cleared)):
        expected = {"content", "crm"}, {"Analytics", "Training"}
        assert interests(steps, contacts[-1], "Contact") == expected, f"killed at effect {effect}"
        steps.quiet()


def test_killed_between_the_writes_of_both_sides_their_union_arrives_on_both(tmp_path: Path) -> None:
    """A value that both sides are to be written with is agreed on with the second write, not with the first."""
    contacts: list[str] = []

    def begin(steps: Steps) -> Callable[[], object]:
        contact, lead = steps.pair(product_interests="crm")
        contacts.append(contact)
        steps.sell(lead, Product_Interests__c="Analytics;Training")
        return partial(steps.market, contact, product_interests="crm;service")

    for steps, effect in killed_at_each_effect(tmp_path, begin, config=configured(tmp_path, all_cleared)):
        expected = {"content", "crm", "service"}, {"Analytics", "Support", "Training"}
        assert interests(steps, contacts[-1], "Lead") == expected, f"killed at effect {effect}"
        steps.quiet()


def with_a_stage_of_contacts(config: Path, store: str) -> Steps:
    """Two accounts over a configuration in which it is told there."""
    steps = Steps(open_both(store, config=config))
    steps.both.salesforce.add_field("Contact", text("Stage__c", "Stage", 80, custom=True))
    return steps


def test_killed_at_any_effect_hubspot_hears_of_a_stage_that_the_contact_cannot_show(tmp_path: Path) -> None:
    """The link has moved before HubSpot is written to; that the Contact is left without a stage does not make the two
    agree meanwhile.
    """
    contacts: list[str] = []

    def begin(steps: Steps) -> Callable[[], object]:
        contact, lead = steps.pair()
        contacts.append(contact)
        steps.sell(lead, Status="Working - Contacted")
        steps.cycle()
        return partial(steps.both.salesforce.convert, lead, status=CONVERTED)

    config = configured(tmp_path, staged)
    for steps, effect in killed_at_each_effect(tmp_path, begin, config=config, opened=with_a_stage_of_contacts):
        assert steps.marketed(contacts[-1], "lifecyclestage") == "opportunity", f"killed at effect {effect}"
        steps.quiet()
