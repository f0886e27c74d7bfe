"""Rows: what is a record and what only looks like one; refusals of one row and what they mean."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connectors.salesforce.connector import _user
from connectors.salesforce.errors import Complaint
from connectors.salesforce.lookup import _event
from connectors.salesforce.outcome import Trouble, read_trouble
from connectors.salesforce.wire import Columns, read_row
from syncd.model.errors import Bug
from syncd.model.remote import Departure, Gone, Moved, RemoteRecord, RemoteRef, Succession
from syncd.model.write import Clash, Deferred, Refused

COLUMNS = Columns(
    object="Contact",
    fields=("LastName", "MailingAddress", "Phone"),
    missing=frozenset({"Secret__c"}),
    lookups={"company": "AccountId", "parent": "Parent__c"},
    points={"Parent__c": ("Thing__c",)},
    signs=("MasterRecordId", "IsPersonAccount"),
)
ROW: dict[str, Any] = {"Id": "003000000000001", "SystemModstamp": "2026-03-02T09:00:00.000+0000", "IsDeleted": False}
REF = RemoteRef("Contact", "003000000000001AAA")


def test_a_record_holds_what_was_told_and_lists_the_rest() -> None:
    """Null is a value, absence is missing; lookups become refs."""
    record = read_row(
        ROW
        | {
            "LastName": None,
            "AccountId": "001000000000001",
            "Parent__c": "a0X000000000001",
        },
        COLUMNS,
    )
    assert isinstance(record, RemoteRecord)
    assert record.ref == REF
    assert record.fields == {"LastName": None}
    assert record.missing == {"MailingAddress", "Phone", "Secret__c"}
    assert record.refs["company"] == (RemoteRef("Account", "001000000000001AAA"),)
    assert record.refs["parent"] == (RemoteRef("Thing__c", "a0X000000000001EAA"),)


@pytest.mark.parametrize("told", ["005000000000001", "005000000000001AAA"])
def test_a_field_that_points_to_a_row_holds_the_whole_id(told: str) -> None:
    """salesforce.md 9: ids of 15 characters are made whole at every border; what else is no id stays as it is."""
    columns = replace(COLUMNS, fields=("OwnerId", "Phone"), points={"OwnerId": ("Group", "User")})
    record = read_row(ROW | {"OwnerId": told, "Phone": "555000000000001"}, columns)
    assert isinstance(record, RemoteRecord)
    assert record.fields == {"OwnerId": "005000000000001AAA", "Phone": "555000000000001"}
    nobody = read_row(ROW | {"OwnerId": None, "Phone": None}, columns)
    assert isinstance(nobody, RemoteRecord)
    assert nobody.fields == {"OwnerId": None, "Phone": None}
    change = {"Field": "Owner", "LeadId": "00Q000000000001", "NewValue": told, "CreatedDate": ROW["SystemModstamp"]}
    event = _event(change, "Lead", "LeadId", None)
    assert event is not None
    assert (event.field, event.value) == ("OwnerId", "005000000000001AAA")


@pytest.mark.parametrize("value", [{"city": "X"}, ["X"]])
@pytest.mark.parametrize("whole", [{"LastName": "Doe", "Phone": "1"}, {}])
def test_a_value_that_no_field_can_have_is_refused_by_name(value: object, whole: dict[str, Any]) -> None:
    """A list or an object where a value belongs is no clear and no text: the read fails and names record and field."""
    with pytest.raises(Bug, match=r"MailingAddress of Contact/003000000000001 is a (dict|list)"):
        read_row(ROW | whole | {"MailingAddress": value}, COLUMNS)


def test_one_field_alone_is_read_like_several() -> None:
    """A row whose shape has one field, or none."""
    alone = read_row(ROW | {"Phone": "1"}, replace(COLUMNS, fields=("Phone",), missing=frozenset()))
    assert isinstance(alone, RemoteRecord)
    assert (alone.fields, alone.missing) == ({"Phone": "1"}, frozenset())
    bare = read_row(ROW, replace(COLUMNS, fields=(), missing=frozenset()))
    assert isinstance(bare, RemoteRecord)
    assert (bare.fields, bare.missing) == ({}, frozenset())


def test_an_empty_lookup_is_no_reference_and_an_absent_one_is_unknown() -> None:
    """The difference between a clear and a field that cannot be read."""
    record = read_row(ROW | {"AccountId": None}, COLUMNS)
    assert isinstance(record, RemoteRecord)
    assert record.refs == {"company": ()}


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"IsDeleted": True}, Gone(REF, Departure.DELETED)),
        (
            {"IsDeleted": True, "MasterRecordId": "003000000000002"},
            Moved(REF, RemoteRef("Contact", "003000000000002AAA"), Succession.MERGED),
        ),
        (
            {"IsConverted": True, "ConvertedContactId": "003000000000003"},
            Moved(REF, RemoteRef("Contact", "003000000000003AAA"), Succession.CONVERTED),
        ),
        ({"IsConverted": True, "ConvertedContactId": None}, Gone(REF, Departure.INVISIBLE)),
        ({"IsPersonAccount": True}, Gone(REF, Departure.INVISIBLE)),
    ],
)
def test_what_only_looks_like_a_record(more: dict[str, Any], what: Gone | Moved) -> None:
    """Recycle bin, merge, conversion (with a hidden Contact too) and person accounts."""
    read = read_row(ROW | more, COLUMNS)
    assert isinstance(read, Gone | Moved)
    if isinstance(read, Moved):
        assert (read.last is not None) == (read.how is Succession.CONVERTED)  # a Contact has no place for all of a Lead
        read = replace(read, last=None)
    assert replace(read, at=None) == what


@pytest.mark.parametrize("broken", [{"Id": None}, {"Id": "x"}, {"SystemModstamp": None}, {"SystemModstamp": "soon"}])
def test_a_row_without_id_or_stamp_is_a_bug(broken: dict[str, Any]) -> None:
    """Nothing is guessed."""
    with pytest.raises(Bug):
        read_row(ROW | broken, COLUMNS)


@pytest.mark.parametrize(
    ("code", "message", "fields", "expected"),
    [
        ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access", (), Trouble.LOCKED),
        ("ENTITY_IS_DELETED", "entity is deleted", (), Trouble.LEFT),
        ("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", (), Trouble.LEFT),
        ("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", (), Trouble.LEFT),
        ("INVALID_CROSS_REFERENCE_KEY", "owner", ("OwnerId",), Refused),
        ("INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE", "read only", (), Deferred),
        ("REQUEST_LIMIT_EXCEEDED", "limit", (), Deferred),
        ("DUPLICATES_DETECTED", "no details", (), Clash),
        ("STRING_TOO_LONG", "too long", ("Title",), Refused),
        ("SOMETHING_NEW", "?", (), Refused),
    ],
)
def test_what_a_refusal_of_one_row_means(code: str, message: str, fields: tuple[str, ...], expected: object) -> None:
    """Later, elsewhere, somebody else's, or a person's turn."""
    read = read_trouble(Complaint(code, message, fields, {}), "Lead")
    assert read == expected if isinstance(expected, Trouble) else type(read) is expected


@pytest.mark.parametrize(
    ("code", "message", "named"),
    [
        ("REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName, Company]", ("LastName", "Company")),
        ("INVALID_FIELD", "No such column 'Foo__c' on sobject of type Lead", ("Foo__c",)),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "[sic] no", ()),
    ],
)
def test_fields_are_found_in_words(code: str, message: str, named: tuple[str, ...]) -> None:
    """One bad field can be parked only if it is known; every refusal carries advice."""
    read = read_trouble(Complaint(code, message, (), {}), "Lead")
    assert isinstance(read, Refused)
    assert read.fields == named
    assert read.advice


def test_a_user_without_a_time_zone_is_one() -> None:
    """A user is told by id, name, address and whether it is active: a zone that is not told is none."""
    row = {"Id": "005000000000001", "Email": "Ann@X.com", "Name": "Ann", "IsActive": True}
    assert (_user(row).email, _user(row).zone) == ("ann@x.com", None)
    assert _user({**row, "TimeZoneSidKey": "Europe/Paris"}).zone == "Europe/Paris"
    with pytest.raises(Bug, match="a user without"):
        _user({**row, "Id": "no id"})
