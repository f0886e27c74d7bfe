"""HubSpot stand-in: each type of property, what it takes and what it gives back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox.hubspot_account import CONTACTS, HubSpotAccountUnderTest

OPTIONS = [{"label": "A", "value": "a"}, {"label": "B", "value": "b"}, {"label": "C", "value": "c"}]


@pytest.fixture
def hub() -> HubSpotAccountUnderTest:
    """An empty account."""
    return HubSpotAccountUnderTest()


def define(hub: HubSpotAccountUnderTest, type_: str, field_type: str, **more: Any) -> None:
    """A property ``thing`` of this type."""
    hub.kernel.add_property("contacts", {"name": "thing", "type": type_, "fieldType": field_type, **more})


def stored(hub: HubSpotAccountUnderTest, written: Any) -> Any:
    """What a new contact holds after this was written, or the code of the refusal in brackets."""
    status, body = hub.call("POST", CONTACTS, {"properties": {"thing": written}})
    if status != 201:
        return [body["errors"][0]["code"]]
    return hub.read(body["id"], "thing")["thing"]


@pytest.mark.fact("hubspot 6.24")
@pytest.mark.parametrize("field_type", ["text", "textarea", "html", "phonenumber", "file"])
def test_text(hub: HubSpotAccountUnderTest, field_type: str) -> None:
    """Whatever the form, text comes back as it was written."""
    define(hub, "string", field_type)
    for written in ("<b>Ünal</b>\n 😀", "+49 (0) 221 / 1", "17"):
        assert stored(hub, written) == written


@pytest.mark.fact("hubspot 6.25")
def test_numbers(hub: HubSpotAccountUnderTest) -> None:
    """Numeric text stays as written; anything else is refused."""
    define(hub, "number", "number")
    assert [stored(hub, written) for written in ("17", "1.5", "-3", "many", "1,5")] == [
        "17", "1.5", "-3", ["INVALID_LONG"], ["INVALID_LONG"],
    ]  # fmt: skip


@pytest.mark.fact("hubspot 6.26")
def test_flags(hub: HubSpotAccountUnderTest) -> None:
    """``true`` and ``false`` in lower case, as text."""
    define(hub, "bool", "booleancheckbox")
    assert [stored(hub, written) for written in ("true", "false", "True", "yes")] == [
        "true", "false", ["INVALID_OPTION"], ["INVALID_OPTION"],
    ]  # fmt: skip


@pytest.mark.fact("hubspot 6.27")
@pytest.mark.parametrize("field_type", ["select", "radio"])
def test_choices(hub: HubSpotAccountUnderTest, field_type: str) -> None:
    """The value of one option, in its own case; the label is not taken."""
    define(hub, "enumeration", field_type, options=[{"label": "Big", "value": "big"}])
    assert [stored(hub, written) for written in ("big", "BIG", "Big")] == [
        "big",
        ["INVALID_OPTION"],
        ["INVALID_OPTION"],
    ]


@pytest.mark.fact("hubspot 6.28")
def test_checkboxes(hub: HubSpotAccountUnderTest) -> None:
    """Several values between semicolons; a leading one adds to what is there."""
    define(hub, "enumeration", "checkbox", options=OPTIONS)
    assert [stored(hub, written) for written in ("a;b", ";c", "a;x")] == ["a;b", "c", ["INVALID_OPTION"]]
    person = hub.contact(thing="a;b")
    hub.ok("PATCH", f"{CONTACTS}/{person}", {"properties": {"thing": ";c"}})
    assert hub.read(person, "thing")["thing"] == "a;b;c"
    hub.ok("PATCH", f"{CONTACTS}/{person}", {"properties": {"thing": "b"}})
    assert hub.read(person, "thing")["thing"] == "b"


@pytest.mark.fact("hubspot 6.29")
def test_dates(hub: HubSpotAccountUnderTest) -> None:
    """A civil date, or epoch milliseconds that are exactly midnight UTC."""
    define(hub, "date", "date")
    written = ("2020-02-29", "1582934400000", "1582934400001", "2020-02-30")
    assert [stored(hub, value) for value in written] == [
        "2020-02-29", "2020-02-29", ["INVALID_DATE"], ["INVALID_DATE"],
    ]  # fmt: skip


@pytest.mark.fact("hubspot 6.30")
def test_instants(hub: HubSpotAccountUnderTest) -> None:
    """ISO or epoch milliseconds; they come back in UTC with milliseconds."""
    define(hub, "datetime", "date")
    written = ("2020-02-29T03:30:17Z", "1582947017000", "2020-02-29T05:30:17+02:00", "noon")
    assert [stored(hub, value) for value in written] == [*["2020-02-29T03:30:17.000Z"] * 3, ["INVALID_DATE"]]


@pytest.mark.fact("hubspot 6.31")
@pytest.mark.parametrize(
    ("type_", "field_type", "value"),
    [
        ("phone_number", "phonenumber", "+492211"),
        ("object_coordinates", "text", "0-1:51"),
        ("json", "text", '{"a": [1]}'),
    ],
)
def test_rare_types_are_text(hub: HubSpotAccountUnderTest, type_: str, field_type: str, value: str) -> None:
    """Nothing of their content is looked at."""
    define(hub, type_, field_type)
    assert stored(hub, value) == value


@pytest.mark.fact("hubspot 6.31")
@pytest.mark.parametrize(
    ("type_", "field_type"),
    [
        ("number", "calculation_equation"),
        ("string", "calculation_read_time"),
        ("number", "calculation_rollup"),
        ("number", "calculation_score"),
    ],
)
def test_what_hubspot_works_out_is_read_only(hub: HubSpotAccountUnderTest, type_: str, field_type: str) -> None:
    """Its definition says so, and a write is refused."""
    define(hub, type_, field_type)
    definition = hub.ok("GET", "/crm/v3/properties/contacts/thing")
    assert (definition["calculated"], definition["modificationMetadata"]["readOnlyValue"]) == (True, True)
    assert stored(hub, "1") == ["READ_ONLY_VALUE"]
