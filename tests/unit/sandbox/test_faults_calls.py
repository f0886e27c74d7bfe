"""Which calls make a record, told apart by method, path and subrequests; and faults that are aimed at them."""

from __future__ import annotations

import orjson
import pytest

from sandbox.faults.arming import WrongArming
from sandbox.faults.calls import creating
from sandbox.kernel import ConnectionDropped, HttpRequest
from tests.unit.sandbox.fault_stands import CONTACTS, Hub

DATA = "/services/data/v64.0"
OBJECTS = "/crm/objects/2026-09"


def composite(*subrequests: tuple[str, str]) -> bytes:
    """A Composite of such methods and paths."""
    return orjson.dumps({"compositeRequest": [{"method": method, "url": url} for method, url in subrequests]})


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", f"{DATA}/sobjects/Lead", b""),
        ("POST", f"{DATA}/composite/sobjects", b""),
        ("PATCH", f"{DATA}/composite/sobjects/Lead/Key__c", b""),
        ("PATCH", f"{DATA}/sobjects/Lead/Key__c/77", b""),
        (
            "POST",
            f"{DATA}/composite",
            composite(("PATCH", f"{DATA}/composite/sobjects"), ("PATCH", f"{DATA}/composite/sobjects/Lead/Key__c")),
        ),
        ("POST", f"{OBJECTS}/contacts", b""),
        ("POST", f"{OBJECTS}/contacts/batch/upsert", b""),
        ("POST", "/crm/v3/objects/companies/batch/create", b""),
    ],
)
def test_calls_that_make_a_record(method: str, path: str, body: bytes) -> None:
    """Inserts, and upserts by a key: whoever gets no answer does not know whether there is one record more."""
    assert creating(HttpRequest(method, path, body=body))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"{DATA}/sobjects/Lead/Key__c/77", b""),
        ("POST", f"{DATA}/composite/sobjects/Lead", b""),  # rows read by id
        ("PATCH", f"{DATA}/composite/sobjects", b""),
        ("PATCH", f"{DATA}/sobjects/Lead/00Q1", b""),
        ("POST", f"{DATA}/composite", composite(("PATCH", f"{DATA}/composite/sobjects"))),
        ("POST", f"{DATA}/composite", b"{"),
        ("POST", f"{OBJECTS}/contacts/batch/update", b""),
        ("POST", f"{OBJECTS}/contacts/batch/read", b""),
        ("POST", f"{OBJECTS}/contacts/search", b""),
        ("POST", f"{OBJECTS}/contacts/merge", b""),
        ("PATCH", f"{OBJECTS}/contacts/5", b""),
        ("POST", "/crm/associations/2026-09/contacts/companies/batch/create", b""),
    ],
)
def test_calls_that_make_none(method: str, path: str, body: bytes) -> None:
    """Reads, updates by id, merges and associations."""
    assert not creating(HttpRequest(method, path, body=body))


@pytest.mark.parametrize("name", ["lost-request", "ghost-write", "zombie-write"])
def test_a_fault_aimed_at_creates_lets_all_else_pass(name: str) -> None:
    """Reads and updates are answered, and the first create is not."""
    hub = Hub()
    hub.arm(name, only="creates")
    assert hub.read()[0] == 200
    assert hub.call(*hub.write())[0] == 200
    assert hub.fired(name) == 0
    with pytest.raises(ConnectionDropped):
        hub.raw("POST", CONTACTS, {"properties": {"email": "new@example.com"}})
    assert hub.fired(name) == 1


def test_another_aim_is_refused() -> None:
    """It says what there is."""
    with pytest.raises(WrongArming, match="only is creates, not 'deletes'"):
        Hub().arm("ghost-write", only="deletes")
