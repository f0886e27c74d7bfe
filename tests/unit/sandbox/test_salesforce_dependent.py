"""Dependent picklists: the bitmap that a describe tells, and who may write what does not go together."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from sandbox.salesforce.definitions import FieldDefinition, picklist
from sandbox.salesforce.dependent import depending, places
from sandbox.salesforce.errors import Refusal
from tests.unit.sandbox.salesforce_client import Client

COUNTRIES = tuple(f"C{number}" for number in range(10))


@pytest.fixture
def org() -> Client:
    """An org in which only hot Leads may be in banking, warm ones in energy or media, and nobody is told of others."""
    client = Client()
    client.kernel.add_field("Lead", picklist("Industry", "Industry", ("Banking", "Energy", "Media")))
    depend(client, "Industry", {"Hot": ["Banking"], "Warm": ["Energy", "Media"]}, on="Rating")
    return client


def depend(client: Client, name: str, allowed: dict[str, list[str]], *, on: str) -> None:
    """Makes a restricted list of Lead depend on another field."""
    fields = client.kernel.org.schema.entities["Lead"].fields
    client.kernel.add_field("Lead", replace(depending(fields[name], fields[on], allowed), restricted=True))


def described(client: Client, name: str) -> dict[str, object]:
    """A field of Lead as the describe tells it."""
    (found,) = [field for field in client.call("GET", "/sobjects/Lead/describe")[1]["fields"] if field["name"] == name]
    return dict(found)


def test_the_bitmap_has_the_first_value_in_the_highest_bit(org: Client) -> None:
    """Ten controlling values take two bytes; what goes with the first and the tenth has bits 0 and 9."""
    control = picklist("Country__c", "Country", COUNTRIES)
    field = depending(picklist("State__c", "State", ("A", "B")), control, {"C0": ["A"], "C9": ["A", "B"]})
    bitmaps = [str(entry.valid_for) for entry in field.picklist]
    assert [base64.b64decode(bitmap) for bitmap in bitmaps] == [b"\x80\x40", b"\x00\x40"]
    assert [places(bitmap) for bitmap in bitmaps] == [[0, 9], [9]]
    shown = described(org, "Industry")
    assert (shown["controllerName"], shown["dependentPicklist"]) == ("Rating", True)
    values = shown["picklistValues"]
    assert isinstance(values, list)
    assert [places(each["validFor"]) for each in values] == [[0], [1], [1]]
    assert described(org, "Rating")["dependentPicklist"] is False


def test_the_ui_api_tells_places(org: Client) -> None:
    """There the controlling values have numbers, and each value the numbers it goes with."""
    told = org.call("GET", "/ui-api/object-info/Lead/picklist-values/012000000000000AAA")[1]["picklistFieldValues"]
    assert told["Industry"]["controllerValues"] == {"Hot": 0, "Warm": 1, "Cold": 2}
    assert [each["validFor"] for each in told["Industry"]["values"]] == [[0], [1], [1]]
    assert told["Rating"]["controllerValues"] == {}


@pytest.mark.parametrize(
    ("before", "write", "status"),
    [
        ({"Rating": "Hot"}, {"Industry": "Banking"}, 204),
        ({"Rating": "Hot"}, {"Industry": "Energy"}, 400),
        ({"Rating": "Cold"}, {"Industry": "Energy"}, 400),
        ({}, {"Industry": "Energy"}, 400),  # no controlling value allows nothing
        ({}, {"Rating": "Warm", "Industry": "Energy"}, 204),
        ({"Rating": "Hot", "Industry": "Banking"}, {"Rating": "Warm"}, 400),  # the other half moved away
        ({"Rating": "Hot", "Industry": "Banking"}, {"Industry": None}, 204),
        ({"Rating": "Hot", "Industry": "Banking"}, {"Title": "Boss"}, 204),
    ],
)
def test_what_the_api_takes(org: Client, before: dict[str, object], write: dict[str, object], status: int) -> None:
    """Both fields as they will be, if either is written; nothing is looked at that stays as it is."""
    lead = org.lead(**before)
    answered, body = org.call("PATCH", f"/sobjects/Lead/{lead}", write)
    assert answered == status
    if status == 400:
        assert (body[0]["errorCode"], body[0]["fields"]) == ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["Industry"])


def test_a_switch_and_an_advisory_list_let_it_pass(org: Client) -> None:
    """Where dependencies do not bind, and where the list itself does not, the API takes any of the values."""
    lead = org.lead(Rating="Cold")
    org.kernel.switches.dependent_picklists_bind = False
    assert org.call("PATCH", f"/sobjects/Lead/{lead}", {"Industry": "Energy"})[0] == 204
    org.kernel.switches.dependent_picklists_bind = True
    assert org.call("PATCH", f"/sobjects/Lead/{lead}", {"Industry": "Media"})[0] == 400
    field = org.kernel.org.schema.entities["Lead"].fields["Industry"]
    org.kernel.add_field("Lead", replace(field, restricted=False))
    assert org.call("PATCH", f"/sobjects/Lead/{lead}", {"Industry": "Media"})[0] == 204


def test_a_window_offers_only_what_goes_together(org: Client) -> None:
    """A person cannot choose another value, and one who changes the controlling value loses the one that depends."""
    lead = org.lead(Rating="Hot", Industry="Banking")
    with pytest.raises(Refusal, match="bad value for restricted picklist"):
        org.kernel.edit("Lead", lead, {"Industry": "Energy"})
    org.kernel.edit("Lead", lead, {"Rating": "Cold"})
    assert org.read(lead, "Industry") is None


def test_a_checkbox_may_control_and_several_values_may_depend(org: Client) -> None:
    """``false`` is the first bit; of a multipicklist each value must go with the controlling one."""
    depend(org, "Product_Interests__c", {"true": ["Support", "Training"]}, on="HasOptedOutOfEmail")
    lead = org.lead(HasOptedOutOfEmail=True)
    for value, status in (("Support;Training", 204), ("Support;Analytics", 400)):
        assert org.call("PATCH", f"/sobjects/Lead/{lead}", {"Product_Interests__c": value})[0] == status
    other = org.lead()
    assert org.call("PATCH", f"/sobjects/Lead/{other}", {"Product_Interests__c": "Support"})[0] == 400


def test_a_field_that_controls_nothing_is_no_dependence() -> None:
    """A plain list says null for both, as most do."""
    plain: FieldDefinition = picklist("Plain__c", "Plain", ("A",))
    assert (plain.controller, plain.picklist[0].valid_for) == (None, None)
