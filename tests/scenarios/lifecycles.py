"""What scenarios of the lifecycle share: stages in each system's words, a linked MQL, and what she has been through."""

from __future__ import annotations

from pathlib import Path

from syncd.bootstrap import read_only_fields
from syncd.engine.world import World, make_ready
from syncd.model.lifecycle import Journey
from syncd.operations.explain import FieldStory, explain
from syncd.operations.finding import find_hits
from syncd.settings.loading import load
from tests.scenarios.steps import Steps
from tests.worlds import config_environment, open_world

NEW, WORKING, CLOSED = "Open - Not Contacted", "Working - Contacted", "Closed - Not Converted"
MQL = {"lifecyclestage": "marketingqualifiedlead", "hs_lead_status": "NEW"}
SQL = {"lifecyclestage": "salesqualifiedlead", "hs_lead_status": "IN_PROGRESS"}
OPPORTUNITY = {"lifecyclestage": "opportunity", "hs_lead_status": "OPEN_DEAL"}


def journey(steps: Steps) -> Journey:
    """What the one linked person has been through."""
    (link,) = steps.both.store.links("person")
    base = steps.both.store.by_link([link.id])[link.id].base
    assert base is not None
    return Journey.read(base.agreed.get("@stage"))


def both_show(steps: Steps, contact: str, lead: str) -> tuple[str | None, str | None, object]:
    """The stage on both sides, in their own words."""
    return (
        steps.marketed(contact, "lifecyclestage"),
        steps.marketed(contact, "hs_lead_status"),
        steps.sold(lead, "Status"),
    )


def ann(steps: Steps, **properties: str) -> tuple[str, str]:
    """A linked MQL."""
    return steps.pair(email="ann@acme-works.com", company="Acme", **properties)


def world_with(steps: Steps, config: Path) -> World:
    """The same vendors and store as a process sees them that reads the configuration anew."""
    both = steps.both
    settings = load(config, config_environment(), read_only=read_only_fields()).connection(None)
    return open_world(both.hubspot, both.salesforce, both.clock, both.store, settings)


def explained(steps: Steps, contact: str) -> FieldStory:
    """What `explain` says of the stage of a contact."""
    make_ready(steps.both.world)
    (hit,) = find_hits(steps.both.world, f"marketing:contacts/{contact}")
    (story,) = explain(steps.both.world, hit, field="stage").fields
    return story
