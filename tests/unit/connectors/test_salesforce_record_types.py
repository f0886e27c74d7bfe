"""What describe and the user interface API tell of record types, read with distrust."""

from __future__ import annotations

import pytest

from connectors.salesforce.record_types import barred, read_types
from syncd.model.remote import RemoteField, RemoteOption, RemoteRecordType

INBOUND = "012000000000001AAA"


def info(**more: object) -> dict[str, object]:
    """One entry of ``recordTypeInfos``."""
    return {
        "recordTypeId": INBOUND,
        "developerName": "Inbound",
        "name": "Inbound lead",
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": False,
        "master": False,
        **more,
    }


@pytest.mark.parametrize(
    ("entry", "usable"),
    [(info(), True), (info(active=False), False), (info(available=False), False), (info(available=None), False)],
)
def test_a_type_is_usable_if_it_is_active_and_assigned(entry: dict[str, object], usable: bool) -> None:
    """Both must be said; ids have 18 characters."""
    (found,) = read_types({"recordTypeInfos": [entry, info(master=True)]})
    assert found == RemoteRecordType(INBOUND, "Inbound", "Inbound lead", usable=usable, default=False)


def test_an_object_without_types_has_none() -> None:
    """The master alone is no type, and neither is an answer without the list."""
    for told in ({}, {"recordTypeInfos": None}, {"recordTypeInfos": [info(master=True)]}):
        assert read_types(told) == ()


def test_what_the_object_lists_and_a_type_does_not_is_barred_in_any_case_of_letters() -> None:
    """Values are compared without regard to case, as the vendor does; a type that offers all is not in the answer."""
    options = tuple(RemoteOption(value, value) for value in ("Hot", "Warm", "Cold"))
    fields = {"Rating": RemoteField("Rating", "picklist", "Rating", writable=True, options=options)}
    types = [
        RemoteRecordType("a", "A", "A", usable=True, default=False, offers={"Rating": ("HOT", "warm")}),
        RemoteRecordType("b", "B", "B", usable=True, default=False, offers={"Rating": ("Hot", "Warm", "Cold")}),
        RemoteRecordType("c", "C", "C", usable=True, default=False, offers={"Gone__c": ()}),
    ]
    assert barred(types, fields) == {"a": {"Rating": frozenset({"cold"})}}
