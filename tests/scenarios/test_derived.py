"""What syncd computes stands on both sides: with the record, after a change, over an edit; nothing is written twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.derivings import LEADER, derived_config, fitted
from tests.scenarios.lifecycles import NEW, SQL
from tests.scenarios.steps import Steps


@pytest.fixture
def steps(tmp_path: Path) -> Iterator[Steps]:
    """Fitted accounts that carry everything that can be derived."""
    made = fitted(derived_config(tmp_path))
    yield made
    made.both.store.close()


def shown(steps: Steps, contact: str, lead: str) -> tuple[object, ...]:
    """Persona, grade and points in HubSpot, then in Salesforce."""
    marketing = (steps.marketed(contact, f"syncd_{name}") for name in ("persona", "grade", "points"))
    crm = (steps.sold(lead, f"Syncd_{name}__c") for name in ("Persona", "Grade", "Points"))
    return (*marketing, *crm)


def test_a_new_record_carries_what_follows_from_it(steps: Steps) -> None:
    """The Lead is made with it, the contact gets it in the same cycle, and then there is nothing to write."""
    contact, lead = steps.pair(**LEADER)
    assert shown(steps, contact, lead) == ("marketing_leader", "A", "65", "marketing_leader", "A", 65.0)
    assert steps.sold(lead, "Syncd_Grade_Reasons__c") == (
        "A, 65 points: Call today.\n"
        "+40 decides: Leads marketing, so can say yes.\n"
        "+15 company address: Writes from a company's address, not from a free one.\n"
        "+10 our market: Lives where we have people who sell."
    )
    assert (steps.sold(lead, "Syncd_Cycle__c"), steps.marketed(contact, "syncd_cycle")) == (1, "1")
    assert steps.sold(lead, "Syncd_MQL_Since__c") is not None
    steps.quiet()


def test_a_change_on_either_side_is_rated_in_the_same_cycle(steps: Steps) -> None:
    """The title changes in Salesforce: HubSpot gets it with what follows, and Salesforce what follows."""
    contact, lead = steps.pair(**LEADER)
    steps.sell(lead, Title="Buyer")
    assert steps.counts() == {"updated.marketing": 1, "updated.crm": 1}
    assert shown(steps, contact, lead) == (None, "C", "25", None, "C", 25.0)
    steps.quiet()
    steps.market(contact, jobtitle="Sales Operations")
    steps.cycle()
    assert shown(steps, contact, lead) == ("revenue_operations", "B", "50", "revenue_operations", "B", 50.0)
    steps.quiet()
