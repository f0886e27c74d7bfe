"""One suite for every connector: what ``syncd.ports.connector`` promises, asked of both vendors and of a fake.

A ``Bench`` per connector knows three words only: how that vendor names the same fields, and how a person creates,
edits, archives and merges there. Everything else is the Protocol.

Length: one suite over three connectors, in the order of the Protocol.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import islice

import pytest

from connectors.hubspot.client import HubSpotAccount
from connectors.hubspot.connector import HubSpotConnector
from connectors.salesforce.client import SalesforceAccount
from connectors.salesforce.connector import SalesforceConnector
from connectors.transport import open_session
from sandbox.hubspot.kernel import DEFAULT_TOKEN, HubSpotKernel
from sandbox.salesforce import SalesforceKernel
from syncd.engine.readonly import ReadOnly
from syncd.model.errors import Bug
from syncd.model.remote import Cursor, Gone, MatchKey, Moved, Page, RemoteRecord, RemoteRef, Shape, Succession
from syncd.model.values import Lane, Side, Wire
from syncd.model.write import Clash, CreateRecord, Deferred, Expect, Refused, Stale, UpdateRecord, Write, Written
from syncd.ports.connector import Connector
from tests.fakes import FakeChance, FakeClock, FreeBudget
from tests.inproc import KernelAdapter
from tests.memory_connector import open_memory

URL = "http://127.0.0.1:1"


class Bench(ABC):
    """One account with people in it. ``FIRST``, ``EMAIL`` and ``NO_SUCH`` are that vendor's field names."""

    FIRST = "first"
    EMAIL = "email"
    NO_SUCH = "no_such_field"
    PERSON = "people"
    COMPANY = "companies"
    LOOKUP = ""  # the field that points to a company, where it is a field and no association
    KEY = "key"

    starts_earlier = True  # whether a position can be had of a moment that has passed
    connector: Connector

    def __init__(self) -> None:
        self.clock = FakeClock()

    @property
    def shape(self) -> Shape:
        """What is read of a person."""
        return Shape("person", {self.PERSON: (self.FIRST, self.EMAIL)}, key=self.KEY)

    @property
    def linked(self) -> Shape:
        """A person and the company it belongs to."""
        points_to = {self.PERSON: self.LOOKUP or self.COMPANY}
        return Shape("person", self.shape.objects, key=self.KEY, refs={"company": points_to})

    @property
    def by_email(self) -> MatchKey:
        """Matching by address."""
        return MatchKey("email", {self.PERSON: (self.EMAIL,)})

    @abstractmethod
    def create(self, number: int) -> RemoteRef:
        """A person makes ``F<number>``, ``p<number>@example.com``."""

    @abstractmethod
    def edit(self, ref: RemoteRef, first: str) -> None:
        """A person changes the first name."""

    @abstractmethod
    def archive(self, ref: RemoteRef) -> None:
        """A person deletes a record."""

    @abstractmethod
    def merge(self, winner: RemoteRef, loser: RemoteRef) -> RemoteRef:
        """A person merges two; returns the one that lives on."""

    @abstractmethod
    def company(self) -> RemoteRef:
        """A person makes a company."""

    def required(self, number: int) -> Mapping[str, Wire]:
        """Fields of a create that this vendor will not do without."""
        return {self.FIRST: f"F{number}", self.EMAIL: f"p{number}@example.com"}

    # -- words of the tests ------------------------------------------------------------------------------------------
    def people(self, count: int) -> list[RemoteRef]:
        """Some people, a second apart."""
        made: list[RemoteRef] = []
        for number in range(count):
            self.clock.advance(1)
            made.append(self.create(number))
        self.clock.advance(10)
        return made

    def read(self, cursor: Cursor) -> tuple[list[Page], Cursor]:
        """All changes since, some seconds later."""
        self.clock.advance(10)
        pages = list(self.connector.changes(self.shape, cursor))
        assert pages, "there is at least one page"
        return pages, pages[-1].cursor

    def write(self, *rows: Write, shape: Shape | None = None) -> list[object]:
        """With time enough."""
        self.clock.advance(10)
        results = self.connector.write(shape or self.shape, rows, self.clock.now() + timedelta(minutes=5))
        assert len(results) == len(rows)
        return list(results)

    def make(self, number: int, **more: Wire) -> CreateRecord:
        """A create keyed ``k<number>``."""
        return CreateRecord(f"{number:032x}", self.PERSON, f"k{number}", {**self.required(number), **more})

    def now(self, ref: RemoteRef, shape: Shape | None = None) -> RemoteRecord:
        """The record as it stands."""
        (state,) = self.connector.fetch(shape or self.shape, [ref])
        assert isinstance(state, RemoteRecord)
        return state


class MemoryBench(Bench):
    """The fake."""

    starts_earlier = False

    def __init__(self) -> None:
        super().__init__()
        fields = {self.PERSON: (self.FIRST, self.EMAIL, "unseen"), self.COMPANY: ("name",)}
        self.memory = open_memory(self.clock, fields)
        self.connector = self.memory
        self.shelf = self.memory.shelf

    def create(self, number: int) -> RemoteRef:
        return self.shelf.create(self.PERSON, self.required(number))

    def edit(self, ref: RemoteRef, first: str) -> None:
        self.shelf.edit(ref, {self.FIRST: first})

    def archive(self, ref: RemoteRef) -> None:
        self.shelf.archive(ref)

    def merge(self, winner: RemoteRef, loser: RemoteRef) -> RemoteRef:
        return self.shelf.merge(winner, loser)

    def company(self) -> RemoteRef:
        return self.shelf.create(self.COMPANY, {"name": "Acme"})


class HubSpotBench(Bench):
    """The HubSpot connector on its stand-in."""

    FIRST, PERSON, COMPANY, KEY = "firstname", "contacts", "companies", "syncd_crm_id"

    def __init__(self) -> None:
        super().__init__()
        self.kernel = HubSpotKernel(clock=self.clock, seed=3)
        for kind in (self.PERSON, self.COMPANY):
            if self.KEY not in self.kernel.portal.store(kind).definitions:
                self.kernel.add_property(kind, {"name": self.KEY, "hasUniqueValue": True})
        session = open_session(pool=1, base_url=URL)
        session.mount(URL, KernelAdapter(self.kernel, wait=self.clock.advance))
        self.connector = HubSpotConnector(
            HubSpotAccount(access_token=lambda: DEFAULT_TOKEN, base_url=URL),
            session=session, clock=self.clock, chance=FakeChance(1), budget=FreeBudget(), horizon=60.0,
        )  # fmt: skip

    def create(self, number: int) -> RemoteRef:
        held = {name: str(value) for name, value in self.required(number).items()}
        return RemoteRef(self.PERSON, self.kernel.create(self.PERSON, held))

    def edit(self, ref: RemoteRef, first: str) -> None:
        self.kernel.edit(ref.object, ref.id, {self.FIRST: first})

    def archive(self, ref: RemoteRef) -> None:
        self.kernel.archive(ref.object, ref.id)

    def merge(self, winner: RemoteRef, loser: RemoteRef) -> RemoteRef:
        return RemoteRef(self.PERSON, self.kernel.merge(self.PERSON, winner.id, loser.id))

    def company(self) -> RemoteRef:
        return RemoteRef(self.COMPANY, self.kernel.create(self.COMPANY, {"name": "Acme"}))


class SalesforceBench(Bench):
    """The Salesforce connector on its stand-in."""

    FIRST, EMAIL, NO_SUCH = "FirstName", "Email", "No_Such__c"
    PERSON, COMPANY, LOOKUP, KEY = "Contact", "Account", "AccountId", "Syncd_Marketing_Id__c"

    def __init__(self) -> None:
        super().__init__()
        self.kernel = SalesforceKernel(clock=self.clock, seed=7, instance_url=URL)
        session = open_session(pool=1, base_url=URL)
        session.mount(URL, KernelAdapter(self.kernel, wait=self.clock.advance))
        self.connector = SalesforceConnector.open(
            SalesforceAccount(
                login_url=URL, client_id=lambda: "sandbox-client", client_secret=lambda: "sandbox-secret"
            ),
            side=Side.CRM, clock=self.clock, chance=FakeChance(), budget=FreeBudget(), horizon=30.0, session=session,
        )  # fmt: skip

    def required(self, number: int) -> Mapping[str, Wire]:
        return {**super().required(number), "LastName": "L"}

    def create(self, number: int) -> RemoteRef:
        return RemoteRef(self.PERSON, self.kernel.insert(self.PERSON, self.required(number)))

    def edit(self, ref: RemoteRef, first: str) -> None:
        self.kernel.edit(ref.object, ref.id, {self.FIRST: first})

    def archive(self, ref: RemoteRef) -> None:
        self.kernel.delete(ref.object, ref.id)

    def merge(self, winner: RemoteRef, loser: RemoteRef) -> RemoteRef:
        self.kernel.merge(self.PERSON, winner.id, [loser.id])
        return winner

    def company(self) -> RemoteRef:
        return RemoteRef(self.COMPANY, self.kernel.insert(self.COMPANY, {"Name": "Acme"}))


@pytest.fixture(params=[MemoryBench, HubSpotBench, SalesforceBench], ids=["memory", "hubspot", "salesforce"])
def bench(request: pytest.FixtureRequest) -> Bench:
    """Each connector in turn, with an empty account."""
    made: Bench = request.param()
    return made


def refs_of(pages: Sequence[Page]) -> list[RemoteRef]:
    """Refs of all records of some pages, those read only to look again left out."""
    return [record.ref for page in pages if not page.reread for record in page.records]


# -- reading ---------------------------------------------------------------------------------------------------------


def test_changes_show_every_edit_once_and_end(bench: Bench) -> None:
    """Creates and edits since the cursor, each record once, with its last state; an idle stream is an empty page."""
    cursor = bench.connector.start(bench.shape)
    made = bench.people(5)
    pages, cursor = bench.read(cursor)
    assert Counter(refs_of(pages)) == Counter(made)
    bench.edit(made[2], "One")
    bench.clock.advance(2)
    bench.edit(made[2], "Two")
    pages, cursor = bench.read(cursor)
    assert refs_of(pages) == [made[2]]
    assert pages[0].records[0].fields[bench.FIRST] == "Two"
    pages, _ = bench.read(cursor)
    assert refs_of(pages) == []


def test_a_stream_resumed_after_any_page_loses_nothing(bench: Bench) -> None:
    """Stopping after the first page and going on from its cursor brings all the rest."""
    cursor = bench.connector.start(bench.shape)
    made = bench.people(5)
    (first,) = islice(bench.connector.changes(bench.shape, cursor), 1)
    rest, _ = bench.read(first.cursor)
    assert set(refs_of([first, *rest])) == set(made)


def test_a_span_shows_what_lies_behind_once_and_resumes_by_page(bench: Bench) -> None:
    """Every record of a time long past, from any page on; nothing is looked at a second time."""
    begin = bench.connector.start(bench.shape)
    for number in range(5):
        bench.clock.advance(30)
        bench.create(number)
    bench.clock.advance(7_200)
    pages = list(bench.connector.span(bench.shape, begin))
    told = Counter(record.ref for page in pages for record in page.records)
    assert (len(told), set(told.values())) == (5, {1})
    assert not any(page.reread for page in pages)
    for page in pages:
        rest = [record.ref for later in bench.connector.span(bench.shape, page.cursor) for record in later.records]
        assert set(rest) <= told.keys()
    assert not [page.records for page in bench.connector.span(bench.shape, pages[-1].cursor) if page.records]


def test_an_earlier_start_shows_what_came_after_it(bench: Bench) -> None:
    """The position of a moment that has passed."""
    if not bench.starts_earlier:
        pytest.skip("the fake counts changes and knows no times")
    bench.create(1)
    bench.clock.advance(7_200)
    late = bench.create(2)
    bench.clock.advance(7_200)
    begin = bench.connector.start(bench.shape, bench.clock.now() - timedelta(seconds=9_000))
    told = {record.ref for page in bench.connector.span(bench.shape, begin) for record in page.records}
    assert told == {late}


def test_deletes_and_merges_are_told_in_the_stream_or_by_departures(bench: Bench) -> None:
    """What left is Gone, what was merged Moved; by whichever of the two streams the vendor can."""
    gone, winner, loser = bench.people(3)
    _, cursor = bench.read(bench.connector.start(bench.shape))
    bench.clock.advance(3600)
    bench.archive(gone)
    survivor = bench.merge(winner, loser)
    bench.clock.advance(120)
    pages, _ = bench.read(cursor)
    pages += list(bench.connector.departures(bench.shape, None, 5))
    assert gone in {row.ref for page in pages for row in page.gone}
    assert (loser, survivor) in {(row.old, row.new) for page in pages for row in page.moved}


def test_fetch_keeps_order_and_tells_what_became_of_each(bench: Bench) -> None:
    """Records, Gone and Moved in the places they were asked in."""
    one, gone, winner, loser = bench.people(4)
    bench.archive(gone)
    survivor = bench.merge(winner, loser)
    bench.clock.advance(10)
    states = bench.connector.fetch(bench.shape, [loser, one, gone, survivor])
    assert [type(state) for state in states] == [Moved, RemoteRecord, Gone, RemoteRecord]
    assert isinstance(states[0], Moved)
    assert (states[0].old, states[0].new, states[0].how) == (loser, survivor, Succession.MERGED)
    assert isinstance(states[1], RemoteRecord)
    assert states[1].ref == one
    assert bench.connector.fetch(bench.shape, []) == []


def test_find_answers_every_value_in_any_case(bench: Bench) -> None:
    """Each value asked is in the answer as it was asked; nobody is an empty sequence."""
    one, two = bench.people(2)
    asked = ["P0@Example.COM", "p1@example.com", "nobody@example.com"]
    found = bench.connector.find(bench.shape, bench.by_email, asked)
    assert list(found) == asked
    assert [[record.ref for record in found[value]] for value in asked] == [[one], [two], []]


def test_scan_covers_everything_and_resumes_by_page(bench: Bench) -> None:
    """Live records only, each once, and from any page's cursor exactly the rest."""
    made = bench.people(5)
    bench.archive(made[1])
    bench.clock.advance(10)
    pages = list(bench.connector.scan(bench.shape))
    assert Counter(refs_of(pages)) == Counter(ref for ref in made if ref != made[1])
    for place, page in enumerate(pages):
        assert refs_of(list(bench.connector.scan(bench.shape, page.cursor))) == refs_of(pages[place + 1 :])


def test_a_hole_and_an_empty_value_are_told_apart(bench: Bench) -> None:
    """A field that does not exist is missing, one without a value is None."""
    (ref,) = bench.people(1)
    shape = Shape("person", {bench.PERSON: (bench.FIRST, bench.NO_SUCH)}, key=bench.KEY)
    record = bench.now(ref, shape)
    assert record.missing == {bench.NO_SUCH}
    assert bench.NO_SUCH not in record.fields
    assert record.fields[bench.KEY] is None


def test_schema_knows_the_fields_and_changes_its_fingerprint_only_with_them(bench: Bench) -> None:
    """Known fields and the unique key are there, unknown ones are not an error."""
    schema = bench.connector.schema(bench.shape)
    fields = schema.objects[bench.PERSON]
    assert fields[bench.FIRST].writable
    assert fields[bench.KEY].unique
    assert bench.NO_SUCH not in fields
    assert bench.connector.schema(bench.shape).fingerprint == schema.fingerprint


# -- writing ---------------------------------------------------------------------------------------------------------


def test_our_own_write_comes_back_with_the_confirmed_values(bench: Bench) -> None:
    """What is confirmed is what the next read tells: mixed case becomes whatever the vendor stores."""
    cursor = bench.connector.start(bench.shape)
    (result,) = bench.write(bench.make(1, **{bench.EMAIL: "Mixed@Example.com", bench.FIRST: "Ann"}))
    assert isinstance(result, Written)
    assert result.created
    pages, _ = bench.read(cursor)
    (record,) = [record for page in pages for record in page.records if not page.reread]
    assert record.ref == result.ref
    for name in (bench.EMAIL, bench.FIRST):
        assert result.confirmed[name] == record.fields[name] == bench.now(result.ref).fields[name]


def test_a_create_sent_twice_makes_one_record(bench: Bench) -> None:
    """The key proves it; keyed finds it, and answers every key."""
    (first,) = bench.write(bench.make(7))
    (second,) = bench.write(bench.make(7))
    assert isinstance(first, Written)
    assert isinstance(second, Written)
    assert (first.created, second.created, second.ref) == (True, False, first.ref)
    keyed = bench.connector.keyed(bench.shape, bench.PERSON, ["k7", "k8"])
    assert {key: [record.ref for record in records] for key, records in keyed.items()} == {"k7": [first.ref], "k8": []}


def test_results_have_the_order_of_the_batch_and_one_bad_row_stops_no_other(bench: Bench) -> None:
    """A bad field is Refused by name, a deleted record Stale, a taken key Clash; the rows between are written."""
    one, two, gone = bench.people(3)
    bench.archive(gone)
    (held,) = bench.write(bench.make(9, **{bench.EMAIL: "k9@example.com"}))
    assert isinstance(held, Written)
    results = bench.write(
        UpdateRecord("a1", one, {bench.FIRST: "Ann"}),
        UpdateRecord("a2", two, {bench.FIRST: "Bad", bench.NO_SUCH: "x"}),
        UpdateRecord("a3", gone, {bench.FIRST: "Gone"}),
        bench.make(4, **{bench.EMAIL: "k4@example.com"}),
        UpdateRecord("a4", two, {bench.KEY: "k9"}),
        UpdateRecord("a5", two, {bench.FIRST: "Two"}),
    )
    assert [type(result) for result in results] == [Written, Refused, Stale, Written, Clash, Written]
    assert isinstance(results[0], Written)
    assert results[0].ref == one
    assert isinstance(results[1], Refused)
    assert results[1].fields == (bench.NO_SUCH,)
    assert isinstance(results[4], Clash)
    assert results[4].candidates == (held.ref,)
    assert [bench.now(ref).fields[bench.FIRST] for ref in (one, two)] == ["Ann", "Two"]


def test_a_stale_expectation_writes_nothing(bench: Bench) -> None:
    """The record as it stands comes back instead; an expectation that holds lets the write through."""
    (ref,) = bench.people(1)
    bench.edit(ref, "Eve")
    stale, done = (
        bench.write(UpdateRecord("b1", ref, {bench.FIRST: "X"}, expect=Expect("", {bench.FIRST: expected})))[0]
        for expected in ("F0", "Eve")
    )
    assert isinstance(stale, Stale)
    assert isinstance(stale.current, RemoteRecord)
    assert stale.current.fields[bench.FIRST] == "Eve"
    assert isinstance(done, Written)
    assert bench.now(ref).fields[bench.FIRST] == "X"


def test_none_clears_and_is_confirmed_as_none(bench: Bench) -> None:
    """A cleared field reads as None, not as an empty text and not as missing."""
    (ref,) = bench.people(1)
    (result,) = bench.write(UpdateRecord("c1", ref, {bench.FIRST: None}))
    assert isinstance(result, Written)
    assert result.confirmed[bench.FIRST] is None
    record = bench.now(ref)
    assert record.fields[bench.FIRST] is None
    assert not record.missing


def test_references_are_written_and_read(bench: Bench) -> None:
    """A person's company, set by a create and by an update."""
    first, second = bench.company(), bench.company()
    create = bench.make(1)
    (made,) = bench.write(
        CreateRecord(create.intent, create.object, create.key, create.fields, {"company": first}), shape=bench.linked
    )
    assert isinstance(made, Written)
    assert bench.now(made.ref, bench.linked).refs["company"][0] == first
    (moved,) = bench.write(UpdateRecord("d1", made.ref, {}, {"company": second}), shape=bench.linked)
    assert isinstance(moved, Written)
    assert bench.now(made.ref, bench.linked).refs["company"][0] == second


def test_nothing_is_sent_after_the_deadline(bench: Bench) -> None:
    """The rows are Deferred and the record is untouched."""
    (ref,) = bench.people(1)
    (result,) = bench.connector.write(bench.shape, [UpdateRecord("e1", ref, {bench.FIRST: "late"})], bench.clock.now())
    assert isinstance(result, Deferred)
    assert bench.now(ref).fields[bench.FIRST] == "F0"
    assert bench.connector.write(bench.shape, [], bench.clock.now()) == []


# -- the account -----------------------------------------------------------------------------------------------------


def test_lanes_share_the_account_and_its_count_of_calls(bench: Bench) -> None:
    """Another lane is the same account; what it calls is counted for both."""
    (ref,) = bench.people(1)
    bulk = bench.connector.for_lane(Lane.BULK)
    assert bulk.identity() == bench.connector.identity()
    before = bench.connector.quota().calls
    bulk.fetch(bench.shape, [ref])
    assert bench.connector.quota().calls > before
    assert bulk.quota().calls == bench.connector.quota().calls
    assert (bulk.side, bulk.capabilities) == (bench.connector.side, bench.connector.capabilities)


def test_a_read_only_view_passes_everything_on_but_writes(bench: Bench) -> None:
    """Every question has the same answer, in every lane; a write is a Bug and nothing is sent."""
    (ref,) = bench.people(1)
    for view in (ReadOnly(bench.connector), ReadOnly(bench.connector).for_lane(Lane.BULK)):
        assert view.identity() == bench.connector.identity()
        assert view.check() == bench.connector.check()
        assert view.fetch(bench.shape, [ref]) == bench.connector.fetch(bench.shape, [ref])
        assert view.schema(bench.shape) == bench.connector.schema(bench.shape)
        assert view.users() == bench.connector.users()
        assert refs_of(list(view.scan(bench.shape))) == [ref]
        assert list(view.changes(bench.shape, view.start(bench.shape)))
        assert view.find(bench.shape, bench.by_email, ["p0@example.com"])["p0@example.com"][0].ref == ref
        assert view.keyed(bench.shape, bench.PERSON, ["k1"]) == {"k1": []}
        assert list(view.billed([ref])) == []
        before = bench.connector.quota().calls
        with pytest.raises(Bug, match="read-only"):
            view.write(bench.shape, [UpdateRecord("f1", ref, {bench.FIRST: "X"})], bench.clock.now())
        assert bench.connector.quota().calls == before
    assert bench.now(ref).fields[bench.FIRST] == "F0"


def test_the_fake_ends_writes_as_it_is_told() -> None:
    """Forced outcomes are used once, in order, and store nothing."""
    bench = MemoryBench()
    (ref,) = bench.people(1)
    bench.shelf.force(Deferred("LOCKED", "not now"))
    row = UpdateRecord("g1", ref, {bench.FIRST: "X"})
    assert [type(result) for result in bench.write(row, row)] == [Deferred, Written]
    assert bench.now(ref).fields[bench.FIRST] == "X"


def test_what_a_span_did_not_look_at_again_is_looked_at_later(bench: Bench) -> None:
    """The second look is put off, not left out: ``changes`` from a span's cursor shows late ones as ever."""
    if not bench.starts_earlier:
        pytest.skip("nothing is ever late in the fake")
    cursor = bench.connector.start(bench.shape)
    bench.create(1)
    bench.clock.advance(300)
    *_, page = bench.connector.span(bench.shape, cursor)
    bench.clock.advance(300)
    pages = list(bench.connector.changes(bench.shape, page.cursor))
    assert sum(each.reread for each in pages) == 1
