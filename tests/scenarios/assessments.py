"""Two systems that were never set up for syncd, and what an assessment of them says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from syncd.bootstrap import open_scratch
from syncd.engine.readonly import ReadOnly
from syncd.model.values import Pair
from syncd.operations.assess import Terms
from syncd.operations.assess_report import assess_report
from syncd.operations.assessing import assess
from syncd.operations.report import Figure, Report
from syncd.settings.profiles import profiles_of
from tests.scenarios.steps import Schema, Steps, relived


def bare(folder: Path, *, person: Callable[[Schema], None] = lambda _: None) -> Steps:
    """Two stand-ins without a single field of syncd's, and a lifecycle with entry criteria; ``person`` may edit the
    mapping of people.
    """
    both = relived(folder, lambda _: None, person=person)
    for name in ("contacts", "companies"):
        both.hubspot.remove_property(name, "syncd_crm_id")
    for name in ("Lead", "Contact", "Account"):
        both.salesforce.hide_field(name, "Syncd_Marketing_Id__c")
    return Steps(both)


def assessed(steps: Steps) -> Report:
    """The report of one reading, and proof that nothing was written."""
    world, before = steps.both.world, steps.written()
    world.connectors = Pair(*(ReadOnly(each) for each in world.connectors))
    terms = Terms(steps.both.settings.lifecycle, profiles_of(steps.both.settings))
    report = assess_report(assess(world, open_scratch, terms, systems=Pair("HubSpot", "Salesforce")))
    assert steps.written() == before
    return report


def figures(report: Report) -> dict[str, Figure]:
    """Every figure by its key; no key twice."""
    found = list(report.figures())
    assert len({figure.key for figure in found}) == len(found)
    return {figure.key: figure for figure in found}


def values(report: Report, *keys: str) -> list[float | None]:
    """The values of these figures."""
    known = figures(report)
    return [known[key].value for key in keys]
