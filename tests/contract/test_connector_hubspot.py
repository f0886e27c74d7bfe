"""The HubSpot connector against the HubSpot stand-in, in process: streams, point reads, writes, call counts.

The stand-in's log judges: what was sent, how many calls it cost, what the portal holds afterwards.

Length: one portal and its clock serve every story, of streams, reads and writes alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import pytest

from connectors.hubspot.client import HubSpotAccount
from connectors.hubspot.connector import HubSpotConnector
from connectors.transport import open_session
from sandbox.hubspot.kernel import DEFAULT_TOKEN, HubSpotKernel
from sandbox.hubspot.switches import HubSpotSwitches
from sandbox.kernel import Fault, HttpRequest, HttpResponse
from syncd.model.errors import NeedsOperator
from syncd.model.lifecycle import AuthorSort
from syncd.model.remote import Cursor, Departure, Gone, MatchKey, Moved, Page, RemoteRecord, RemoteRef, Shape
from syncd.model.write import (
    Clash,
    CreateRecord,
    Expect,
    Indeterminate,
    Refused,
    Stale,
    UpdateRecord,
    Write,
    WriteResult,
    Written,
)
from tests.fakes import START, FakeChance, FakeClock, FreeBudget
from tests.inproc import KernelAdapter

BASE = "https://api.hubapi.com"
KEY = "syncd_crm_id"
PERSON = Shape("person", {"contacts": ("email", "firstname", "lifecyclestage", "@unsubscribed")}, key=KEY)
LINKED = Shape("person", PERSON.objects, key=KEY, refs={"company": {"contacts": "companies"}})
COMPANY = Shape("company", {"companies": ("name", "domain")}, key=KEY)


class Portal:
    """A portal, a clock and a connector, with what tests ask of them in one word."""

    def __init__(self, *, switches: HubSpotSwitches | None = None, version: str = "2026-09") -> None:
        self.clock = FakeClock()
        self.kernel = HubSpotKernel(clock=self.clock, seed=3, switches=switches)
        for kind in ("contacts", "companies"):
            if KEY not in self.kernel.portal.store(kind).definitions:
                self.kernel.add_property(kind, {"name": KEY, "label": "CRM id", "hasUniqueValue": True})
        session = open_session(pool=1, base_url=BASE)
        session.mount(BASE, KernelAdapter(self.kernel, wait=self.clock.advance))
        self.connector = HubSpotConnector(
            HubSpotAccount(access_token=lambda: DEFAULT_TOKEN, api_version=version),
            session=session,
            clock=self.clock,
            chance=FakeChance(1),
            budget=FreeBudget(),
            horizon=60.0,
        )

    def write(self, *rows: Write, shape: Shape = PERSON) -> list[WriteResult]:
        """Writes with time enough; the clock walks a little so that no limit of the portal is met."""
        self.clock.advance(10)
        return list(self.connector.write(shape, rows, self.clock.now() + timedelta(minutes=5)))

    def people(self, count: int) -> list[RemoteRef]:
        """New contacts, written by the connector."""
        rows = [
            CreateRecord(f"i{n}", "contacts", f"00Q{n:05d}", {"email": f"p{n}@example.com", "firstname": f"F{n}"})
            for n in range(count)
        ]
        results = self.write(*rows)
        assert all(isinstance(result, Written) and result.created for result in results)
        return [result.ref for result in results if isinstance(result, Written)]

    def read(self, cursor: Cursor, shape: Shape = PERSON) -> tuple[list[Page], Cursor]:
        """All changes from a cursor, five seconds later so that the index has caught up."""
        self.clock.advance(5)
        pages = list(self.connector.changes(shape, cursor))
        return pages, pages[-1].cursor

    def calls(self) -> Counter[str]:
        """Calls by operation since this was asked last."""
        told = Counter(call.operation for call in self.kernel.calls)
        self.kernel.calls.clear()
        return told


@pytest.fixture
def portal() -> Portal:
    """A portal with the newest paths and the likelier switches."""
    return Portal()


def ids(pages: Sequence[Page]) -> list[str]:
    """Record ids of pages."""
    return [record.ref.id for page in pages for record in page.records]


@pytest.mark.parametrize("version", ["2026-09", "2026-03", "v3"])
def test_a_thousand_people_there_and_back(version: str) -> None:
    """1,000 creates are 10 calls, reading them 5 searches and 1 call of refs, the next cycle 1 empty search."""
    portal = Portal(version=version)
    cursor = portal.connector.start(LINKED)
    portal.calls()
    refs = portal.people(1_000)
    assert portal.calls().total() == 10
    pages, cursor = portal.read(cursor, LINKED)
    assert sorted(ids(pages)) == sorted(ref.id for ref in refs)
    assert sum(portal.calls().values()) == 6
    again, _ = portal.read(cursor, LINKED)
    assert ids(again) == []
    assert portal.calls().total() == 1


def test_ten_cycles_re_read_each_record_at_most_once(portal: Portal) -> None:
    """Over three minutes of idle cycles every record is read once more at most, then nothing is."""
    cursor = portal.connector.start(PERSON)
    portal.people(300)
    seen: Counter[str] = Counter()
    for _ in range(18):
        pages, cursor = portal.read(cursor)
        portal.clock.advance(5)
        seen.update(ids(pages))
    assert len(seen) == 300
    assert max(seen.values()) <= 2
    portal.calls()
    pages, _ = portal.read(cursor)
    assert (ids(pages), portal.calls().total()) == ([], 1)


def test_edits_that_search_shows_late_are_never_lost() -> None:
    """With an index that lags up to 20 s, a cycle every 2 s sees the last state of every edit."""
    portal = Portal(switches=HubSpotSwitches(index_lag=(0.0, 20.0)))
    refs = portal.people(40)
    portal.clock.advance(120)
    cursor = portal.connector.start(PERSON)
    held: dict[str, object] = {}
    for turn in range(40):
        if turn < 20:
            portal.kernel.edit("contacts", refs[turn].id, {"firstname": f"turn {turn}"})
        portal.clock.advance(2)
        for page in portal.connector.changes(PERSON, cursor):
            cursor = page.cursor
            held |= {record.ref.id: record.fields["firstname"] for record in page.records}
    assert {ref.id: f"turn {turn}" for turn, ref in enumerate(refs[:20])}.items() <= held.items()


@pytest.mark.parametrize("latest", [True, False])
@pytest.mark.parametrize(
    "edited",
    [
        pytest.param([3], id="amid a page"),
        pytest.param([199], id="the last of a page"),
        pytest.param([*range(150, 260)], id="the end of a page and on"),
        pytest.param([*range(250)], id="a page and more"),
        pytest.param([*range(0, 900, 2)], id="every other one"),
        pytest.param([], id="none"),
    ],
)
def test_records_that_change_while_a_backlog_is_read(edited: list[int], latest: bool) -> None:
    """Search sorts by its index and may show what the store holds by then: a stamp that is newer than its place in the
    order must not be gone on from, or what lies between is never read. 900 changed contacts of a quarter of an hour.
    """
    portal = Portal(switches=HubSpotSwitches(index_lag=(3.0, 3.0), search_shows_latest=latest))
    cursor = portal.connector.start(PERSON)
    refs: list[RemoteRef] = []
    for lot in range(0, 900, 10):
        rows = [CreateRecord(f"i{n}", "contacts", f"00Q{n:05d}", {"firstname": "old"}) for n in range(lot, lot + 10)]
        refs += [result.ref for result in portal.write(*rows) if isinstance(result, Written)]
    portal.clock.advance(120)
    for number in edited:
        portal.kernel.edit("contacts", refs[number].id, {"firstname": "new"})
    portal.calls()
    held: dict[str, object] = {}
    for _ in range(12):
        for page in portal.connector.changes(PERSON, cursor):
            cursor = page.cursor
            held |= {record.ref.id: record.fields["firstname"] for record in page.records}
        portal.clock.advance(10)
    changed = {refs[number].id for number in edited}
    assert held == {ref.id: "new" if ref.id in changed else "old" for ref in refs}
    assert edited or portal.calls().total() <= 5 + 12, "a page each, and one call a turn"
    assert not any(page.records for page in portal.connector.changes(PERSON, cursor))


def test_a_burst_is_read_whole_though_one_of_it_moves_to_its_end(portal: Portal) -> None:
    """After a quiet time 450 contacts change within seconds, and while that is read the first of them changes again:
    whoever lies where the second page begins is read in this turn, or their edit is overwritten unseen.
    """
    refs = portal.people(450)
    portal.clock.advance(600)
    cursor = portal.connector.start(PERSON)
    portal.clock.advance(600)
    for ref in refs:
        portal.kernel.edit("contacts", ref.id, {"firstname": "new"})
        portal.clock.advance(0.01)
    portal.clock.advance(10)

    def move(request: HttpRequest) -> HttpRequest:
        portal.kernel.edit("contacts", refs[0].id, {"firstname": "newer"})
        portal.clock.advance(5)  # the index has it by then
        return request

    moved = Fault("moves", lambda request: request.path.endswith("/search"), when="around", prepare=move, skip=1)
    portal.kernel.faults.arm(moved)
    pages, _ = portal.read(cursor)
    assert set(ids(pages)) == {ref.id for ref in refs}
    assert portal.kernel.faults.fired["moves"]


def test_merges_archives_and_erasures(portal: Portal) -> None:
    """A merge shows in the survivor, an archive in the sweep, and each by a read of the old id."""
    a, b, c, d = portal.people(4)
    cursor = portal.read(portal.connector.start(PERSON))[1]
    survivor = portal.kernel.merge("contacts", a.id, b.id)
    portal.kernel.archive("contacts", c.id)
    portal.kernel.gdpr_delete("contacts", d.id)
    pages, _ = portal.read(cursor)
    assert {(moved.old.id, moved.new.id) for page in pages for moved in page.moved} == {
        (a.id, survivor),
        (b.id, survivor),
    }
    swept = [gone for page in portal.connector.departures(PERSON, None, pages=3) for gone in page.gone]
    assert [gone.ref for gone in swept] == [c]
    ends = portal.connector.fetch(PERSON, [d, c, b, a, b])
    assert [type(end) for end in ends] == [Gone, Gone, Moved, Moved, Moved]
    assert [end.how for end in ends[:2] if isinstance(end, Gone)] == [Departure.ERASED, Departure.ARCHIVED]


def test_what_was_merged_is_in_the_bin_with_its_survivor(portal: Portal) -> None:
    """Merged and deleted before anybody looked: the old ids are found nowhere, but nobody erased these people."""
    a, b, c = portal.people(3)
    survivor = portal.kernel.merge("contacts", a.id, b.id)
    portal.kernel.archive("contacts", survivor)
    portal.kernel.gdpr_delete("contacts", c.id)
    (page,) = portal.connector.departures(PERSON, None, pages=3)
    assert {gone.ref.id for gone in page.gone if gone.how is Departure.ARCHIVED} == {survivor, a.id, b.id}
    ends = portal.connector.fetch(PERSON, [a, b, c])
    assert [isinstance(end, Gone) and end.how for end in ends] == [*[Departure.ARCHIVED] * 2, Departure.ERASED]


@pytest.mark.parametrize("resolves", [True, False])
def test_writes_to_records_that_left(resolves: bool) -> None:
    """Rows that HubSpot skips become what they are now; whether batch reads follow merges makes no difference."""
    portal = Portal(switches=HubSpotSwitches(batch_read_resolves_merged=resolves))
    a, b, c, d = portal.people(4)
    survivor = portal.kernel.merge("contacts", a.id, b.id)
    portal.kernel.archive("contacts", c.id)
    merged, gone, there = portal.write(
        *(UpdateRecord(f"u{ref.id}", ref, {"firstname": "X"}) for ref in (a, c, d)),
    )
    assert isinstance(merged, Stale)
    assert isinstance(merged.current, Moved)
    assert merged.current.new.id == survivor
    assert isinstance(gone, Stale)
    assert isinstance(gone.current, Gone)
    assert isinstance(there, Written)


@pytest.mark.parametrize("split", [True, False])
@pytest.mark.parametrize("status", [400, 409])
def test_bad_rows_of_every_sort(split: bool, status: int) -> None:
    """Every row has its own end, whether HubSpot takes a failing batch apart by trace ids or refuses it whole."""
    portal = Portal(
        switches=HubSpotSwitches(trace_ids_split_updates=split, unique_conflict_status=400 if status == 400 else 409)
    )
    refs = portal.people(6)
    fields: list[dict[str, str | None]] = [
        {"firstname": "A"},
        {"lifecyclestage": "bogus"},
        {"email": "p5@example.com"},
        {"no_such_property": "1"},
        {KEY: "00Q00005"},
        {"firstname": None},
    ]
    results = portal.write(*(UpdateRecord(f"u{ref.id}", ref, f) for ref, f in zip(refs, fields, strict=True)))
    assert [type(result) for result in results] == [Written, Refused, Clash, Refused, Clash, Written]
    assert [result.fields for result in results if isinstance(result, Refused)] == [
        ("lifecyclestage",),
        ("no_such_property",),
    ]
    assert [result.candidates for result in results if isinstance(result, Clash)] == [(refs[5],), (refs[5],)]


@pytest.mark.parametrize("when", ["after", "drop"])
def test_an_unanswered_create_happened_once(portal: Portal, when: str) -> None:
    """A ghost write leaves the row open; a keyed read finds it in the store, and sending it again makes no second."""
    row = CreateRecord("i1", "contacts", "00Q1", {"email": "a@example.com"})
    portal.kernel.faults.arm(Fault("ghost", lambda request: request.path.endswith("/batch/upsert"), when=when))
    (result,) = portal.write(row)
    assert isinstance(result, Indeterminate)
    (found,) = portal.connector.keyed(PERSON, "contacts", ["00Q1"])["00Q1"]
    (again,) = portal.write(row)
    assert isinstance(again, Written)
    assert (again.ref, again.created) == (found.ref, False)
    assert len(portal.kernel.export()["contacts"]) == 1


def test_conditions_and_stages_that_go_back(portal: Portal) -> None:
    """A value that changed meanwhile stops the write; a stage that may not move back is cleared and set."""
    (ref,) = portal.people(1)
    portal.kernel.edit("contacts", ref.id, {"lifecyclestage": "customer", "firstname": "Eve"})
    (stale,) = portal.write(UpdateRecord("u1", ref, {"firstname": "X"}, expect=Expect("", {"firstname": "F0"})))
    assert isinstance(stale, Stale)
    assert isinstance(stale.current, RemoteRecord)
    assert stale.current.fields["firstname"] == "Eve"
    start = len(portal.kernel.calls)
    (moved,) = portal.write(
        UpdateRecord("u2", ref, {"lifecyclestage": "lead"}, expect=Expect("", {"firstname": "Eve"}))
    )
    assert isinstance(moved, Written)
    assert moved.confirmed["lifecyclestage"] == "lead"
    updates = [call for call in portal.kernel.calls[start:] if call.operation == "batch.update"]
    assert len(updates) == 3, "tried, cleared, set"


def test_opt_outs(portal: Portal) -> None:
    """A new contact is born unsubscribed, a known one becomes it, and both read so."""
    (known,) = portal.people(1)
    new, old = portal.write(
        CreateRecord("i9", "contacts", "00Q9", {"email": "New@example.com", "@unsubscribed": True}),
        UpdateRecord("u1", known, {"@unsubscribed": "true"}),
    )
    assert isinstance(new, Written)
    assert isinstance(old, Written)
    told = portal.connector.fetch(PERSON, [new.ref, known])
    assert [record.fields["@unsubscribed"] for record in told if isinstance(record, RemoteRecord)] == ["true", "true"]


def test_companies_of_people(portal: Portal) -> None:
    """An association written is the primary company read, and a new one takes its place."""
    one, two = (
        result.ref
        for result in portal.write(
            *(CreateRecord(f"c{n}", "companies", f"001{n}", {"name": f"N{n}"}) for n in range(2)), shape=COMPANY
        )
        if isinstance(result, Written)
    )
    (ref,) = portal.people(1)
    for company in (one, two):
        (result,) = portal.write(UpdateRecord("u", ref, {"firstname": "A"}, {"company": company}), shape=LINKED)
        assert isinstance(result, Written)
        (record,) = portal.connector.fetch(LINKED, [ref])
        assert isinstance(record, RemoteRecord)
        assert record.refs["company"][0] == company


def test_questions(portal: Portal) -> None:
    """Find by address (secondary ones too) and by domain, scan, schema, users, history, identity."""
    a, b, c = portal.people(3)
    survivor = portal.kernel.merge("contacts", a.id, b.id)
    portal.write(CreateRecord("c", "companies", "0011", {"name": "N", "domain": "acme.example"}), shape=COMPANY)
    portal.clock.advance(10)
    found = portal.connector.find(
        PERSON, MatchKey("email", {"contacts": ("email",)}), ["P1@example.com", "x@y.example"]
    )
    assert [record.ref.id for record in found["P1@example.com"]] == [survivor]
    assert found["x@y.example"] == []
    by_domain = portal.connector.find(COMPANY, MatchKey("domain", {"companies": ("domain",)}), ["ACME.example"])
    assert len(by_domain["ACME.example"]) == 1
    assert sorted(ids(list(portal.connector.scan(PERSON)))) == sorted([survivor, c.id])
    fields = portal.connector.schema(PERSON).objects["contacts"]
    assert (fields["firstname"].writable, fields["hs_email_optout"].writable, fields[KEY].unique) == (True, False, True)
    portal.kernel.add_owner("Ann@example.com", "Ann", "A")
    portal.kernel.add_owner("old@example.com", "Old", "O", archived=True)
    users = {user.email: user.active for user in portal.connector.users()}
    assert users["ann@example.com"] is True
    assert users["old@example.com"] is False
    portal.kernel.edit("contacts", c.id, {"firstname": "Z"}, by="userId:5")
    events = portal.connector.history([c], ["firstname"], START)
    assert [event.value for event in events] == ["F2", "Z"]
    assert [(event.author, event.sort) for event in events][-1] == ("5", AuthorSort.USER)
    assert events[0].sort is AuthorSort.SYSTEM  # what an app wrote
    ben = portal.kernel.add_owner("ben@example.com", "Ben", "B", teams=["SDR", "All of sales"])
    (user,) = [user for user in portal.connector.users() if user.id == ben]
    assert (user.role, f"userId:{user.author}") == ("SDR", portal.kernel.user_of(ben))
    assert portal.connector.identity().account == str(portal.kernel.account.portal_id)
    assert portal.connector.quota().used is not None


@pytest.mark.parametrize("version", ["2026-09", "2026-03", "v3"])
def test_what_the_accounts_rules_require(version: str) -> None:
    """It counts only where the paths in use obey the rules; older ones do not ask."""
    portal = Portal(version=version)
    portal.kernel.require_property("contacts", "lastname")
    fields = portal.connector.schema(PERSON).objects["contacts"]
    assert {name for name, field in fields.items() if field.required} == (
        {"lastname"} if version == "2026-09" else set()
    )
    assert portal.calls()["schemas.read"] == (version == "2026-09")


def test_a_schema_that_is_not_shown_takes_nothing_from_the_properties() -> None:
    """A portal without that path: the properties are read all the same, and nothing counts as required."""
    portal = Portal()
    portal.kernel.require_property("contacts", "lastname")
    gone = HttpResponse(404, b'{"status":"error","message":"no such path"}')
    portal.kernel.faults.arm(Fault("gone", lambda request: "/schemas/" in request.path, answer=gone))
    fields = portal.connector.schema(PERSON).objects["contacts"]
    assert fields["lastname"].writable
    assert not fields["lastname"].required


def test_a_token_without_a_scope(portal: Portal) -> None:
    """A missing scope is named, so that a person can add it."""
    portal.kernel.tokens[DEFAULT_TOKEN] = frozenset({"oauth"})
    with pytest.raises(NeedsOperator, match=r"crm\.objects\.owners\.read"):
        portal.connector.users()
