"""Both teams rename a stage, or put a new one where another was: who stands there is judged by what it is now."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import yaml

from sandbox.salesforce.standard_setup import LEAD_STATUSES
from tests.scenarios.lifecycles import NEW, SQL, WORKING, ann, both_show, journey, world_with
from tests.scenarios.steps import Schema, Steps
from tests.worlds import agreed, open_both

QUALIFIED = "Qualified"
AN_SQL_NOW = {"lifecyclestage": "salesqualifiedlead", "hs_lead_status": "CONNECTED"}


def an_sql(folder: Path) -> tuple[Steps, str, str]:
    """An SQL whom sales took up, in an org that has a status for what comes after it."""
    steps = Steps(open_both(config=agreed(folder)))
    steps.both.salesforce.set_lead_statuses([*LEAD_STATUSES, {"MasterLabel": QUALIFIED}])
    contact, lead = ann(steps)
    steps.sell(lead, by=steps.seller("SDR"), Status=WORKING)
    steps.cycle()
    assert both_show(steps, contact, lead) == (*SQL.values(), WORKING)
    return steps, contact, lead


def agree_anew(steps: Steps, change: Callable[[str, Schema], object]) -> None:
    """The teams change the lifecycle and the words of its stages, and a cycle begins to work with that."""
    folder = steps.both.settings.directory
    for name in ("lifecycle", "schema/person"):
        path = folder / f"{name}.yaml"
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
        path.write_text(yaml.safe_dump(change(name, tree), sort_keys=False), encoding="utf-8")
    steps.both.world = world_with(steps, folder)
    steps.cycle()


def renamed(_name: str, tree: Schema) -> object:
    """What was an SQL is a SAL, wherever it is written."""
    return yaml.safe_load(re.sub(r"\bsql\b", "sal", yaml.safe_dump(tree, sort_keys=False)))


def put_before(name: str, tree: Schema) -> object:
    """A SAL comes before the SQL and takes its words; the SQL has new ones."""
    if name == "lifecycle":
        tree["stages"]["sal"] = deepcopy(tree["stages"]["sql"])
        tree["transitions"].append({"from": "mql", "to": "sal", "by": "sales"})
        tree["transitions"].append({"from": "sal", "to": "sql", "by": "sales"})
        return tree
    values = tree["fields"]["stage"]["values"]
    values["sal"] = values.pop("sql")
    tree["fields"]["stage"]["values"] = {"sql": {"marketing": list(AN_SQL_NOW.values()), "crm": QUALIFIED}, **values}
    return tree


def test_who_stands_in_a_stage_that_is_renamed_is_moved_on(tmp_path: Path) -> None:
    """What both sides last confirmed is what they agree on, whatever it was called then: the move is declared."""
    steps, contact, lead = an_sql(tmp_path)
    agree_anew(steps, renamed)
    steps.sell(lead, by=steps.seller("SDR"), Status=NEW)
    steps.cycle()
    assert not steps.conflicts()
    assert steps.marketed(contact, "lifecyclestage") == "marketingqualifiedlead"
    steps.quiet()
    steps.both.store.close()


def test_a_move_into_what_their_stage_was_called_before_is_not_lost(tmp_path: Path) -> None:
    """An SQL by the old words is a SAL by the new ones: sales' move on to SQL is one, and reaches HubSpot."""
    steps, contact, lead = an_sql(tmp_path)
    agree_anew(steps, put_before)
    steps.sell(lead, by=steps.seller("SDR"), Status=QUALIFIED)
    steps.cycle()
    assert not steps.conflicts()
    assert both_show(steps, contact, lead) == (*AN_SQL_NOW.values(), QUALIFIED)
    assert [each.stage for each in journey(steps).entered] == ["mql", "sql"]
    steps.quiet()
    steps.both.store.close()
