"""The HubSpot connector against every position of every switch of the stand-in: what is uncertain must not matter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from connectors.hubspot.client import HubSpotAccount
from connectors.hubspot.connector import HubSpotConnector
from connectors.transport import open_session
from sandbox.hubspot.kernel import DEFAULT_TOKEN, HubSpotKernel
from sandbox.hubspot.limits import HubSpotLimits
from sandbox.hubspot.outages import edge_fault
from sandbox.hubspot.switches import HubSpotSwitches
from syncd.model.remote import Cursor, Gone, MatchKey, Moved, RemoteRecord, RemoteRef, Shape
from syncd.model.write import Clash, CreateRecord, Refused, Stale, UpdateRecord, Write, WriteResult, Written
from tests.fakes import START, FakeChance, FakeClock, FreeBudget
from tests.inproc import KernelAdapter

BASE = "https://api.hubapi.com"
KEY = "syncd_crm_id"
PERSON = Shape("person", {"contacts": ("email", "firstname", "lifecyclestage", "@unsubscribed")}, key=KEY)
LINKED = Shape("person", PERSON.objects, key=KEY, refs={"company": {"contacts": "companies"}})
COMPANY = Shape("company", {"companies": ("name", "domain")}, key=KEY)


def positions() -> Iterator[Any]:
    """Every switch in the position that is not its default, one at a time."""
    types = get_type_hints(HubSpotSwitches)
    default = HubSpotSwitches()
    others: dict[str, list[Any]] = {"index_lag": [(0.0, 20.0)], "automatic_companies": [5.0], "largest_page": [2]}
    for field in fields(HubSpotSwitches):
        held = getattr(default, field.name)
        if get_origin(types[field.name]) is Literal:
            others[field.name] = [value for value in get_args(types[field.name]) if value != held]
        elif isinstance(held, bool):
            others[field.name] = [not held]
        for value in others.get(field.name, []):
            yield pytest.param(field.name, value, id=f"{field.name}={value}")


POSITIONS = list(positions())


class Story:
    """A portal with one switch turned, and a connector that does not know."""

    def __init__(self, *, limits: HubSpotLimits | None = None, **switches: Any) -> None:
        self.clock = FakeClock()
        self.kernel = HubSpotKernel(clock=self.clock, seed=3, switches=HubSpotSwitches(**switches), limits=limits)
        session = open_session(pool=1, base_url=BASE)
        session.mount(BASE, KernelAdapter(self.kernel, wait=self.clock.advance))
        self.connector = HubSpotConnector(
            HubSpotAccount(access_token=lambda: DEFAULT_TOKEN),
            session=session,
            clock=self.clock,
            chance=FakeChance(1),
            budget=FreeBudget(),
            horizon=60.0,
        )

    def write(self, *rows: Write, shape: Shape = PERSON) -> list[WriteResult]:
        """Writes with time enough."""
        self.clock.advance(10)
        return list(self.connector.write(shape, rows, self.clock.now() + timedelta(minutes=5)))

    def people(self, count: int) -> list[RemoteRef]:
        """New contacts with addresses in mixed case."""
        rows = [
            CreateRecord(f"i{n}", "contacts", f"00Q{n:05d}", {"email": f"P{n}@Example.com", "firstname": f"F{n}"})
            for n in range(count)
        ]
        results = self.write(*rows)
        assert [type(result) for result in results] == [Written] * count
        return [result.ref for result in results if isinstance(result, Written)]

    def read(self, cursor: Cursor) -> tuple[list[RemoteRecord], list[Moved], Cursor]:
        """All changes since a cursor, looked for over a minute."""
        records: list[RemoteRecord] = []
        moved: list[Moved] = []
        for _ in range(6):
            self.clock.advance(10)
            for page in self.connector.changes(PERSON, cursor):
                cursor = page.cursor
                records += page.records
                moved += page.moved
        return records, moved, cursor

    def known(self, ref: RemoteRef) -> RemoteRecord:
        """A record that must be there, with its company."""
        (record,) = self.connector.fetch(LINKED, [ref])
        assert isinstance(record, RemoteRecord)
        return record


@pytest.mark.parametrize(("name", "value"), POSITIONS)
def test_records_that_change_merge_and_leave(name: str, value: Any) -> None:
    """Edits are seen, what was merged leads to the survivor, what was archived is gone, and writes are told so."""
    story = Story(**{name: value})
    cursor = story.connector.start(PERSON)
    a, b, c, d = story.people(4)
    records, _, cursor = story.read(cursor)
    assert {record.ref for record in records} == {a, b, c, d}
    story.kernel.edit("contacts", b.id, {"firstname": "last word"})
    survivor = RemoteRef("contacts", story.kernel.merge("contacts", a.id, b.id))
    story.kernel.archive("contacts", c.id)
    story.kernel.edit("contacts", d.id, {"firstname": "Eve"})
    records, moved, _ = story.read(cursor)
    led = {each.old for each in moved}  # what search goes on showing of a merged record comes with where it went
    assert {record.ref: record.fields["firstname"] for record in records if record.ref not in led} == {
        survivor: "F0",
        d: "Eve",
    }
    assert {(each.old, each.new) for each in moved} == {(a, survivor), (b, survivor)}
    ends = story.connector.fetch(PERSON, [a, b, c, d])
    assert [type(end) for end in ends] == [Moved, Moved, Gone, RemoteRecord]
    results = story.write(*(UpdateRecord(f"u{ref.id}", ref, {"firstname": "X"}) for ref in (a, c, d)))
    assert [type(result) for result in results] == [Stale, Stale, Written]
    assert [gone.ref for page in story.connector.departures(PERSON, None, pages=3) for gone in page.gone] == [c]


@pytest.mark.parametrize(("name", "value"), POSITIONS)
def test_rows_of_every_sort(name: str, value: Any) -> None:
    """Values that are taken, refused, taken already or cleared; a stage that goes back; an opt-out."""
    story = Story(**{name: value})
    refs = story.people(5)
    story.kernel.edit("contacts", refs[0].id, {"lifecyclestage": "customer"})
    changes: list[dict[str, Any]] = [
        {"lifecyclestage": "lead"},
        {"lifecyclestage": "bogus"},
        {"email": "p4@example.com"},
        {"firstname": None},
        {"@unsubscribed": "true"},
    ]
    results = story.write(*(UpdateRecord(f"u{ref.id}", ref, f) for ref, f in zip(refs, changes, strict=True)))
    assert [type(result) for result in results] == [Written, Refused, Clash, Written, Written]
    assert [result.candidates for result in results if isinstance(result, Clash)] == [(refs[4],)]
    assert story.known(refs[0]).fields["lifecyclestage"] == "lead"
    assert story.known(refs[3]).fields["firstname"] is None
    assert story.known(refs[4]).fields["@unsubscribed"] == "true"


@pytest.mark.parametrize(("name", "value"), POSITIONS)
def test_questions_about_people_and_companies(name: str, value: Any) -> None:
    """By any address of a merged contact, by domain; companies of people; the history of a field."""
    story = Story(**{name: value})
    a, b, c = story.people(3)
    survivor = story.kernel.merge("contacts", a.id, b.id)
    rows = [CreateRecord(f"c{n}", "companies", f"001{n}", {"name": f"N{n}", "domain": f"n{n}.de"}) for n in range(2)]
    firms = [result.ref for result in story.write(*rows, shape=COMPANY) if isinstance(result, Written)]
    for firm in firms:
        (result,) = story.write(UpdateRecord("u", c, {"firstname": firm.id}, {"company": firm}), shape=LINKED)
        assert isinstance(result, Written)
    assert story.known(c).refs["company"][0] == firms[1]
    story.clock.advance(30)
    email = MatchKey("email", {"contacts": ("email",)})
    found = story.connector.find(PERSON, email, ["p1@example.com", "p2@example.com", "nobody@example.com"])
    assert {key: [record.ref.id for record in records] for key, records in found.items()} == {
        "p1@example.com": [survivor],
        "p2@example.com": [c.id],
        "nobody@example.com": [],
    }
    domain = MatchKey("domain", {"companies": ("domain",)})
    assert [record.ref for record in story.connector.find(COMPANY, domain, ["N1.DE"])["N1.DE"]] == [firms[1]]
    events = story.connector.history([c], ["firstname"], START)
    assert [event.value for event in events] == ["F2", firms[0].id, firms[1].id]


@pytest.mark.parametrize("taken", [True, False])
def test_a_new_person_with_a_secondary_address(taken: bool) -> None:
    """A clash with the contact that has it, or a contact of its own, as the portal sees it."""
    story = Story(secondary_email_conflicts=taken)
    a, b = story.people(2)
    survivor = story.kernel.merge("contacts", a.id, b.id)
    (result,) = story.write(CreateRecord("n", "contacts", "00Q9", {"email": "p1@example.com"}))
    if taken:
        assert isinstance(result, Clash)
        assert [ref.id for ref in result.candidates] == [survivor]
    else:
        assert isinstance(result, Written)


def test_bad_moments_pass() -> None:
    """A locked portal, a short move and a page of HTML delay a read or a write; nothing is lost and nothing twice."""
    story = Story()
    story.kernel.lock_rows("contacts", seconds=3)
    (ref,) = story.people(1)
    story.kernel.begin_maintenance(seconds=20)
    assert story.known(ref).fields["firstname"] == "F0"
    for status in (502, 524):
        story.kernel.faults.arm(edge_fault(status))
        assert story.known(ref).fields["firstname"] == "F0"
    assert len(story.kernel.export()["contacts"]) == 1
