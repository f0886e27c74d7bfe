"""The Salesforce connector against every switch of the stand-in, turned: what is uncertain must not matter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from connectors.salesforce.client import SalesforceAccount
from connectors.salesforce.connector import SalesforceConnector
from connectors.transport import open_session
from sandbox.salesforce import SalesforceKernel
from sandbox.salesforce.org import DuplicateRule
from sandbox.salesforce.switches import SalesforceSwitches
from syncd.model.remote import Cursor, Gone, MatchKey, Moved, RemoteRecord, RemoteRef, Shape
from syncd.model.values import Side
from syncd.model.write import Clash, CreateRecord, Refused, Stale, UpdateRecord, Write, WriteResult, Written
from tests.fakes import START, FakeChance, FakeClock, FreeBudget
from tests.inproc import KernelAdapter

URL = "http://127.0.0.1:8080"
KEY = "Syncd_Marketing_Id__c"
PERSON = Shape(
    "person",
    {"Lead": ("LastName", "Company", "Email", "Title", "Status"), "Contact": ("LastName", "Email", "Title")},
    key=KEY,
    refs={"company": {"Contact": "AccountId"}},
)
NO_SERVICE = frozenset({"sessions_valid_for_rest", "requires_conditions", "enforces_rights", "call_seconds"})
"""Positions in which an org serves nobody as it is: doctor and login say so, and nothing is read or written."""
NUMBERS: dict[str, Any] = {
    "session_seconds": 20.0,
    "slow_query_rows": 0,
    "largest_page": 200,
    "largest_retrieve": 200,
    "smallest_page": 2000,
    "history_days": 365,
    "cursor_seconds": 1.0,
    "maintenance_status": 503,
    "bulk_polls": 1,
}


def positions() -> Iterator[Any]:
    """Every switch in the position that is not its default, one at a time."""
    types = get_type_hints(SalesforceSwitches)
    default = SalesforceSwitches()
    for field in fields(SalesforceSwitches):
        held = getattr(default, field.name)
        if field.name in NO_SERVICE:
            continue
        others = [NUMBERS[field.name]] if field.name in NUMBERS else []
        if get_origin(types[field.name]) is Literal:
            others = [value for value in get_args(types[field.name]) if value != held]
        elif isinstance(held, bool):
            others = [not held]
        for value in others:
            yield pytest.param(field.name, value, id=f"{field.name}={value}")


POSITIONS = list(positions())


class Story:
    """An org with one switch turned, and a connector that does not know."""

    def __init__(self, **switches: Any) -> None:
        self.clock = FakeClock()
        self.kernel = SalesforceKernel(
            clock=self.clock, seed=3, instance_url=URL, switches=SalesforceSwitches(**switches)
        )
        session = open_session(pool=1, base_url=URL)
        session.mount("http://", KernelAdapter(self.kernel, wait=self.clock.advance))
        self.connector = SalesforceConnector.open(
            SalesforceAccount(
                login_url=URL, client_id=lambda: "sandbox-client", client_secret=lambda: "sandbox-secret"
            ),
            side=Side.CRM,
            clock=self.clock,
            chance=FakeChance(1),
            budget=FreeBudget(),
            horizon=60.0,
            session=session,
        )

    def write(self, *rows: Write) -> list[WriteResult]:
        """Writes with time enough."""
        self.clock.advance(10)
        return list(self.connector.write(PERSON, rows, self.clock.now() + timedelta(minutes=5)))

    def people(self, count: int) -> list[RemoteRef]:
        """New Leads with addresses in mixed case."""
        results = self.write(*(new(number) for number in range(count)))
        assert [type(result) for result in results] == [Written] * count
        return [result.ref for result in results if isinstance(result, Written)]

    def read(self, cursor: Cursor) -> tuple[list[RemoteRecord], list[Moved], list[Gone], Cursor]:
        """All changes since a cursor, looked for over a minute."""
        records: list[RemoteRecord] = []
        moved: list[Moved] = []
        gone: list[Gone] = []
        for _ in range(6):
            self.clock.advance(10)
            for page in self.connector.changes(PERSON, cursor):
                cursor = page.cursor
                records += page.records
                moved += page.moved
                gone += page.gone
        return records, moved, gone, cursor


def new(number: int, **more: str) -> CreateRecord:
    """A new Lead."""
    fields_ = {"LastName": f"N{number}", "Company": "C", "Email": f"P{number}@Example.com", **more}
    return CreateRecord(f"i{number}", "Lead", f"k{number}", fields_)


@pytest.mark.parametrize(("name", "value"), POSITIONS)
def test_records_that_change_convert_merge_and_leave(name: str, value: Any) -> None:
    """Edits are seen, what was merged or converted leads to what is left, and writes are told so."""
    story = Story(**{name: value})
    cursor = story.connector.start(PERSON)
    a, b, c, d, e = story.people(5)
    records, _, _, cursor = story.read(cursor)
    assert {record.ref for record in records} == {a, b, c, d, e}
    story.kernel.merge("Lead", a.id, [b.id])
    contact, _, _ = story.kernel.convert(c.id, status="Closed - Converted")
    story.kernel.delete("Lead", d.id)
    story.kernel.edit("Lead", e.id, {"Title": "Head"})
    records, moved, gone, _ = story.read(cursor)
    assert {record.ref: record.fields.get("Title") for record in records}[e] == "Head"
    assert {(each.old, each.new) for each in moved} == {(b, a), (c, RemoteRef("Contact", contact))}
    assert {each.ref for each in gone} == {d}
    ends = story.connector.fetch(PERSON, [a, b, c, d, e])
    assert [type(end) for end in ends] == [RemoteRecord, Moved, Moved, Gone, RemoteRecord]
    rows = (UpdateRecord(f"u{number}", ref, {"Title": "X"}) for number, ref in enumerate((b, c, d, e)))
    assert [type(result) for result in story.write(*rows)] == [Stale, Stale, Stale, Written]


@pytest.mark.parametrize(("name", "value"), POSITIONS)
def test_rows_of_every_sort(name: str, value: Any) -> None:
    """Values that are taken, refused, cleared, or somebody else's; a create that is sent twice is made once."""
    story = Story(**{name: value})
    refs = story.people(4)
    story.kernel.org.duplicate_rules["Lead"] = [DuplicateRule("Standard", ("Email",))]
    rows: list[Write] = [
        UpdateRecord("u0", refs[0], {"Title": "x" * 200}),
        UpdateRecord("u1", refs[1], {"Title": "Head"}),
        UpdateRecord("u2", refs[2], {"Email": "no address"}),
        UpdateRecord("u3", refs[3], {"Title": None}),
        new(9, Email="p1@example.com"),
        new(3, Title="again"),
    ]
    results = story.write(*rows)
    assert [type(result) for result in results] == [Refused, Written, Refused, Written, Clash, Written]
    assert [result.candidates for result in results if isinstance(result, Clash)] == [(refs[1],)]
    last = results[5]
    assert isinstance(last, Written)
    assert (last.ref, last.created) == (refs[3], False)
    assert len(story.kernel.export()["Lead"]) == 4


@pytest.mark.parametrize(("name", "value"), POSITIONS)
def test_questions_and_whole_scans(name: str, value: Any) -> None:
    """By address whatever its case, by key, every record once, and who changed a field when."""
    story = Story(**{name: value})
    refs = story.people(3)
    story.kernel.load("Lead", [{"LastName": f"M{number}", "Company": "C"} for number in range(450)])
    story.clock.advance(30)
    email = MatchKey("email", {"Lead": ("Email",), "Contact": ("Email",)})
    found = story.connector.find(PERSON, email, ["p1@example.com", "nobody@example.com"])
    assert {key: [record.ref for record in records] for key, records in found.items()} == {
        "p1@example.com": [refs[1]],
        "nobody@example.com": [],
    }
    assert [record.ref for record in story.connector.keyed(PERSON, "Lead", ["k2"])["k2"]] == [refs[2]]
    scanned = [record.ref for page in story.connector.scan(PERSON) for record in page.records]
    assert len(scanned) == len(set(scanned)) == 453
    assert all(isinstance(each, RemoteRecord) for each in story.connector.fetch(PERSON, scanned))
    story.kernel.edit("Lead", refs[0].id, {"Title": "Head"})
    events = story.connector.history([refs[0]], ["Title"], START)
    assert [event.value for event in events] == ["Head"]
