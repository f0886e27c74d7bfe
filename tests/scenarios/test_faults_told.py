"""Faults whose end is a word to a person: what stops, what waits, what goes on beside it, and what is never touched."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sandbox.faults import connections
from sandbox.faults.arming import arm
from sandbox.salesforce.definitions import moment, typed
from syncd.model.errors import NeedsOperator, RetryLater
from tests.scenarios.steps import Fields, Steps, parked

UNTRUSTED = (connections.EXPIRED, connections.OTHER_HOST, connections.UNKNOWN)
PASSING = (connections.REFUSED, connections.UNRESOLVED, connections.UNREACHABLE)


# -- connections -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("vendor", ["hubspot", "salesforce"])
@pytest.mark.parametrize("name", UNTRUSTED)
def test_a_certificate_that_is_not_trusted_stops_until_a_person_has_looked(
    steps: Steps, vendor: str, name: str
) -> None:
    """The first call is the last, nothing is written to anybody, and afterwards the edit arrives."""
    contact, lead = steps.pair()
    steps.market(contact, city="Graz")
    kernel = steps.both.hubspot if vendor == "hubspot" else steps.both.salesforce
    written, asked = steps.written(), len(kernel.calls)
    arm(kernel, name, probability=1)
    with pytest.raises(NeedsOperator, match="nothing was sent, because the certificate that 127"):
        steps.cycle()
    assert (steps.written(), len(kernel.calls), kernel.faults.fired[name]) == (written, asked, 1)
    kernel.faults.clear()
    steps.cycle()
    assert steps.sold(lead, "City") == "Graz"
    steps.quiet()


@pytest.mark.parametrize("name", PASSING)
def test_a_way_that_is_gone_is_tried_again_by_itself(steps: Steps, name: str) -> None:
    """Some attempts later within the call, and else in a later cycle."""
    contact, lead = steps.pair()
    steps.market(contact, city="Graz")
    arm(steps.both.salesforce, name, times=2)
    steps.cycle()
    assert steps.sold(lead, "City") == "Graz"
    steps.market(contact, city="Wien")
    arm(steps.both.salesforce, name, probability=1)
    with pytest.raises(RetryLater):
        steps.cycle()
    steps.both.salesforce.faults.clear()
    steps.cycle()
    assert steps.sold(lead, "City") == "Wien"
    steps.quiet()


# -- dependent lists ---------------------------------------------------------------------------------------------------
def test_a_list_that_becomes_dependent_parks_its_field_alone(steps: Steps) -> None:
    """The industry does not go with the Lead's rating: it waits with the vendor's word, the rest is delivered; once an
    admin lets it go together it arrives by itself.
    """
    contact, lead = steps.pair(industry="Banking")
    assert steps.sold(lead, "Industry") == "Banking"
    arm(steps.both.salesforce, "picklist-dependent", field="Industry")
    steps.market(contact, industry="Energy", city="Graz", jobtitle="Head")
    steps.cycle()
    assert (steps.sold(lead, "City"), steps.sold(lead, "Title")) == ("Graz", "Head")
    assert steps.sold(lead, "Industry") == "Banking"
    assert (parked(steps).field, parked(steps).code) == ("industry", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")
    assert "controlling value" in parked(steps).reason + parked(steps).advice
    steps.quiet()
    steps.both.salesforce.faults.clear()
    steps.cycle()
    assert steps.sold(lead, "Industry") == "Energy"
    assert not steps.both.store.parked()
    steps.quiet()


# -- texts -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("vendor", ["hubspot", "salesforce"])
@pytest.mark.parametrize("form", ["half", "nul"])
def test_a_text_that_is_none_is_listed_and_never_passed_on(steps: Steps, vendor: str, form: str) -> None:
    """Its field is a conflict that says why; neither side's value is touched, the rest of the record goes on."""
    contact, lead = steps.pair(city="Graz", jobtitle="Buyer")
    kernel = steps.both.hubspot if vendor == "hubspot" else steps.both.salesforce
    arm(kernel, "broken-text", form=form, field="city" if vendor == "hubspot" else "City", probability=1)
    if vendor == "hubspot":
        steps.market(contact, jobtitle="Head")
    else:
        steps.sell(lead, Title="Head")
    steps.cycle()
    assert (steps.sold(lead, "Title"), steps.marketed(contact, "jobtitle")) == ("Head", "Head")
    assert (steps.sold(lead, "City"), steps.marketed(contact, "city")) == ("Graz", "Graz")
    assert "NUL or half of a surrogate pair" in steps.conflict().reason
    kernel.faults.clear()
    steps.market(contact, jobtitle="Chief")
    steps.sell(lead, FirstName="Ann")
    steps.cycle()
    steps.cycle()
    assert not steps.conflicts()
    steps.quiet()


# -- zones -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Midway"])
def test_no_date_moves_when_an_account_moves(steps_with: Callable[..., Steps], zone: str) -> None:
    """Both sides change zone, by fourteen hours ahead and eleven behind: days and instants stay, and new ones arrive as
    they were entered.
    """

    def dated(fields: Fields) -> None:
        fields["birthday"] = {"type": "date", "marketing": "birthday", "crm": {"Lead": "Birthday__c"}}
        fields["met"] = {"type": "datetime", "marketing": "met_at", "crm": {"Lead": "Met_At__c"}}

    steps = steps_with(dated)
    hubspot, salesforce = steps.both.hubspot, steps.both.salesforce
    hubspot.add_property("contacts", {"name": "birthday", "type": "date", "fieldType": "date"})
    hubspot.add_property("contacts", {"name": "met_at", "type": "datetime", "fieldType": "date"})
    salesforce.add_field("Lead", typed("date", "Birthday__c", "Birthday", custom=True))
    salesforce.add_field("Lead", moment("Met_At__c", "Met At", custom=True))
    contact, lead = steps.pair(birthday="2000-02-29", met_at="2026-03-29T00:30:00Z")

    def stands() -> tuple[object, ...]:
        return (
            steps.marketed(contact, "birthday"),
            steps.marketed(contact, "met_at"),
            steps.sold(lead, "Birthday__c"),
            steps.sold(lead, "Met_At__c"),
        )

    before = stands()
    assert before[2:] == ("2000-02-29", "2026-03-29T00:30:00.000+0000")
    for kernel in (hubspot, salesforce):
        arm(kernel, "zone-changed", zone=zone)
    steps.quiet()
    assert stands() == before
    steps.market(contact, birthday="1999-12-31")
    steps.sell(lead, Met_At__c="2026-10-25T01:30:00.000+0000")
    steps.cycle()
    after = stands()
    assert (str(after[0]), after[2]) == ("1999-12-31", "1999-12-31")
    assert (str(after[1])[:19], after[3]) == ("2026-10-25T01:30:00", "2026-10-25T01:30:00.000+0000")
    steps.quiet()
