"""What scenarios of derived fields share: accounts that ``setup`` has fitted with fields for what syncd computes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from sandbox.salesforce.definitions import typed
from syncd.bootstrap import read_only_fields
from syncd.model.link import Base
from syncd.model.values import Pair
from syncd.operations.fitting import make, survey
from syncd.settings.loading import load
from tests.scenarios.steps import Steps
from tests.worlds import Both, agreed, config_environment, open_both, open_world

FIELDS: dict[str, Any] = {
    "persona": {"type": "enum", "derive": "persona", "marketing": "syncd_persona", "crm": "Syncd_Persona__c"},
    "grade": {"type": "enum", "derive": "grade", "marketing": "syncd_grade", "crm": "Syncd_Grade__c"},
    "points": {"type": "decimal", "derive": "points", "marketing": "syncd_points", "crm": "Syncd_Points__c"},
    "grade_reasons": {"type": "text", "derive": "grade_reasons", "crm": "Syncd_Grade_Reasons__c"},
    "cycle": {"type": "integer", "derive": "cycle", "marketing": "syncd_cycle", "crm": {"Lead": "Syncd_Cycle__c"}},
    "mql_since": {
        "type": "datetime",
        "derive": {"stage_entered": "mql"},
        "marketing": "syncd_mql_since",
        "crm": "Syncd_MQL_Since__c",
    },
}
SHOWN: dict[str, Any] = {
    "respond_by": {
        "type": "datetime",
        "derive": "respond_by",
        "marketing": "syncd_respond_by",
        "crm": "Syncd_Respond_By__c",
    },
    "last_sales_touch": {
        "type": "datetime",
        "derive": "last_touch",
        "marketing": "syncd_last_touch",
        "crm": "Syncd_Last_Touch__c",
    },
    "in_sales_hands": {"type": "boolean", "derive": "in_sales_hands", "marketing": "syncd_in_sales_hands"},
}
BEEN: dict[str, Any] = {
    "sdr_stage": {"type": "enum", "derive": "stage", "marketing": "syncd_stage", "crm": "Syncd_Stage__c"},
    "mql_since": FIELDS["mql_since"],
    "mql_first": {
        "type": "datetime",
        "derive": {"first_entered": "mql"},
        "marketing": "syncd_mql_first",
        "crm": "Syncd_MQL_First__c",
    },
    "mql_times": {
        "type": "integer",
        "derive": {"times_entered": "mql"},
        "marketing": "syncd_mql_times",
        "crm": "Syncd_MQL_Times__c",
    },
    "stage_history": {
        "type": "text",
        "derive": "stage_history",
        "marketing": "syncd_stage_history",
        "crm": "Syncd_Stage_History__c",
    },
}
VISIT = {"type": "date", "marketing": "last_visit", "crm": {"Lead": "Last_Visit__c"}, "policy": "crm", "clear": "both"}
DECAYS = {
    "name": "was here",
    "words": "Came to the website.",
    "when": "last_visit != null",
    "points": 20,
    "decay": {"by": "last_visit", "half_life": 10},
}
LEADER = {"jobtitle": "Head of Marketing", "email": "ann@acme-works.com", "company": "Acme", "country": "Germany"}
Change = Callable[[dict[str, Any]], None]


def edit(path: Path, change: Change) -> None:
    """Edits one YAML file."""
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(tree)
    path.write_text(yaml.safe_dump(tree, sort_keys=False, allow_unicode=True), encoding="utf-8")


def derived_config(folder: Path, *names: str, decays: Change | None = None) -> Path:
    """The configuration that both teams agreed on, with derived fields: those named, or all of ``FIELDS``. With
    ``decays`` a visit counts, less with its age, and the rating may be changed.
    """
    config = agreed(folder)

    def person(tree: dict[str, Any]) -> None:
        tree["fields"].update({name: {**FIELDS, **SHOWN, **BEEN}[name] for name in names or FIELDS})
        if decays is not None:
            tree["fields"]["last_visit"] = VISIT

    def rating(tree: dict[str, Any]) -> None:
        tree["rules"].append(DECAYS)
        assert decays is not None
        decays(tree)

    edit(config / "schema" / "person.yaml", person)
    if decays is not None:
        edit(config / "rating.yaml", rating)
    return config


def fitted(config: Path, store: str = "sqlite://") -> Steps:
    """Two empty accounts in which ``setup`` has made what the mapping needs."""
    both = open_both(store, config=config)
    both.hubspot.add_property("contacts", {"name": "last_visit", "type": "date", "fieldType": "date"})
    both.salesforce.add_field("Lead", typed("date", "Last_Visit__c", "Last Visit", custom=True))
    set_up(both)
    return Steps(both)


def set_up(both: Both) -> list[str]:
    """What `syncd setup --apply` does; in words, what it made."""
    fittings = Pair(both.world.connectors.marketing.fitting(), both.world.connectors.crm.fitting())
    kinds = both.world.connection.kinds
    offer = survey(kinds, fittings, user=None)
    make(offer, fittings)
    assert not survey(kinds, fittings, user=None).steps, "setup left something to make"
    return [step.what for step in offer.steps]


def reread(steps: Steps, config: Path) -> Steps:
    """The same accounts and store, as a process sees them that reads the configuration anew."""
    both = steps.both
    settings = load(config, config_environment(), read_only=read_only_fields()).connection(None)
    world = open_world(both.hubspot, both.salesforce, both.clock, both.store, settings)
    return Steps(Both(both.hubspot, both.salesforce, both.clock, world, both.store, settings))


def base_of(steps: Steps) -> Base:
    """What is remembered of the one linked person."""
    (link,) = steps.both.store.links("person")
    base = steps.both.store.by_link([link.id])[link.id].base
    assert base is not None
    return base
