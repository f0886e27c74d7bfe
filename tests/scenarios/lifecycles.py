"""What scenarios of the lifecycle share: stages in each system's words, a linked MQL, and what she has been through."""

from __future__ import annotations

from syncd.model.lifecycle import Journey
from tests.scenarios.steps import Steps

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
