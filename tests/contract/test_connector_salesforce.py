"""The Salesforce connector against the Salesforce stand-in, in process: streams, point reads, writes, call counts.

The stand-in's log judges: what was sent, how many calls it cost, what the org holds afterwards.

Length: one suite over one world, in the order of the Protocol.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import islice

import pytest

from connectors.salesforce.client import SalesforceAccount
from connectors.salesforce.connector import SalesforceConnector
from connectors.transport import open_session
from sandbox.kernel import Fault, HttpRequest, HttpResponse
from sandbox.salesforce import SalesforceKernel
from sandbox.salesforce.org import DuplicateRule
from syncd.model.errors import NeedsOperator, RetryLater, Stopping
from syncd.model.lifecycle import AuthorSort
from syncd.model.remote import (
    Cursor,
    Departure,
    Gone,
    MatchKey,
    Moved,
    Page,
    RemoteRecord,
    RemoteRef,
    Shape,
    Succession,
    UserSort,
)
from syncd.model.values import Lane, Side, instant
from syncd.model.write import (
    Clash,
    CreateRecord,
    Deferred,
    Expect,
    Indeterminate,
    Refused,
    Stale,
    UpdateRecord,
    WriteResult,
    Written,
)
from syncd.ports.connector import Connector
from tests.fakes import FakeChance, FakeClock, FreeBudget
from tests.inproc import KernelAdapter

KEY = "Syncd_Marketing_Id__c"
FIELDS = ("LastName", "Email", "Phone", "Title", "OwnerId")
PERSON = Shape(
    kind="person",
    objects={"Lead": (*FIELDS, "Company", "Status"), "Contact": FIELDS},
    key=KEY,
    refs={"company": {"Contact": "AccountId"}},
)


class RecordingOrg(SalesforceKernel):
    """The stand-in, which also keeps every request as it came."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock=clock, seed=7, instance_url="http://127.0.0.1:8080")
        self.requests: list[HttpRequest] = []

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Keeps the request and answers it."""
        self.requests.append(request)
        return super().handle(request)


class World:
    """One org, one connector, one clock."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.org = RecordingOrg(self.clock)
        session = open_session(pool=1, base_url="http://127.0.0.1:8080")
        session.mount("http://", KernelAdapter(self.org, wait=self.clock.advance))
        self.budget = FreeBudget()
        self.connector: Connector = SalesforceConnector.open(
            SalesforceAccount(
                login_url="http://127.0.0.1:8080",
                client_id=lambda: "sandbox-client",
                client_secret=lambda: "sandbox-secret",
            ),
            side=Side.CRM,
            clock=self.clock,
            chance=FakeChance(),
            budget=self.budget,
            horizon=30.0,
            session=session,
        )

    def lead(self, number: int, **more: object) -> str:
        """A person makes a Lead."""
        return self.org.insert(
            "Lead", {"LastName": f"L{number}", "Company": "C", "Email": f"p{number}@example.com", **more}
        )

    def operations(self, start: int = 0) -> list[str]:
        """What was called since the mark, describes left out: they are kept and counted apart."""
        return [call.operation for call in self.org.calls[start:] if call.operation not in ("describe", "token")]

    def mark(self) -> int:
        """Where the log stands."""
        return len(self.org.calls)

    def changes(self, since: Cursor) -> tuple[list[Page], Cursor]:
        """All pages of one cycle, and the cursor behind them."""
        pages = list(self.connector.changes(PERSON, since))
        return pages, pages[-1].cursor

    def write(self, *batch: CreateRecord | UpdateRecord) -> Sequence[WriteResult]:
        """Writes with time enough."""
        return self.connector.write(PERSON, batch, self.clock.now() + timedelta(minutes=5))


@pytest.fixture
def world() -> World:
    """A new org."""
    return World()


def ids(pages: Sequence[Page]) -> list[str]:
    """Ids of all records of some pages."""
    return [record.ref.id for page in pages for record in page.records]


def create(number: int, **fields: str | None) -> CreateRecord:
    """A create of a Lead."""
    return CreateRecord(f"{number:032x}", "Lead", str(number), {"LastName": f"N{number}", "Company": "C", **fields})


def update(id: str, **fields: str | None) -> UpdateRecord:
    """An update of a Lead."""
    return UpdateRecord("0" * 32, RemoteRef("Lead", id), fields)


# -- changes ---------------------------------------------------------------------------------------------------------


def test_an_idle_cycle_is_one_call_and_brings_nothing(world: World) -> None:
    """Two objects and both looks share one call; an idle org costs it and nothing more."""
    cursor = world.connector.start(PERSON)
    _, cursor = world.changes(cursor)
    for _ in range(5):
        world.clock.advance(300)
        mark = world.mark()
        pages, cursor = world.changes(cursor)
        assert world.operations(mark) == ["composite"]
        assert ids(pages) == []
        assert pages[-1].reread == 0


def test_a_change_comes_once_and_again_only_in_the_second_look(world: World) -> None:
    """After its second is over a row is not read again, until the one second look; then never."""
    cursor = world.connector.start(PERSON)
    world.clock.advance(10)
    lead = world.lead(1)
    world.clock.advance(3)
    pages, cursor = world.changes(cursor)
    assert ids(pages) == [lead]
    assert [page.reread for page in pages] == [0]
    rereads = 0
    for _ in range(30):
        world.clock.advance(60)
        pages, cursor = world.changes(cursor)
        assert len(ids(pages)) == sum(page.reread for page in pages)
        rereads += len(ids(pages))
    assert rereads == 1


def test_ties_within_one_second_are_not_lost(world: World) -> None:
    """A row written later in the second of the last row read, and a row changed twice in it, both come."""
    cursor = world.connector.start(PERSON)
    world.clock.advance(10)
    first = world.lead(1)
    _, cursor = world.changes(cursor)
    world.clock.advance(0.4)
    second = world.lead(2)
    world.org.edit("Lead", first, {"Title": "Boss"})
    world.clock.advance(5)
    pages, cursor = world.changes(cursor)
    assert set(ids(pages)) == {first, second}
    assert next(r for p in pages for r in p.records if r.ref.id == first).fields["Title"] == "Boss"


def test_a_row_read_of_an_earlier_second_comes_again_from_the_second_of_the_question(world: World) -> None:
    """Read at 10, edited again in the very second of the last question, after it: it comes with the next one."""
    cursor = world.connector.start(PERSON)
    world.clock.advance(10)
    twice = world.lead(1)
    world.clock.advance(2)
    _, cursor = world.changes(cursor)
    world.lead(2)
    _, cursor = world.changes(cursor)
    world.clock.advance(0.4)
    world.org.edit("Lead", twice, {"Title": "Boss"})
    world.clock.advance(2)
    pages, _ = world.changes(cursor)
    assert next(r for p in pages for r in p.records if r.ref.id == twice).fields["Title"] == "Boss"


@pytest.mark.parametrize("delay", [3.0, 50.0, 110.0])
def test_a_late_commit_is_found(world: World, delay: float) -> None:
    """A row that appears with an older stamp, behind rows already read, is found within twice the overlap."""
    cursor = world.connector.start(PERSON)
    _, cursor = world.changes(cursor)
    world.clock.advance(30)
    world.org.commit_later(delay)
    late = world.lead(1)
    world.org.commit_later(0)
    world.clock.advance(1)
    world.lead(2)
    seen: set[str] = set()
    for _ in range(10):
        world.clock.advance(30)
        pages, cursor = world.changes(cursor)
        seen |= set(ids(pages))
    assert late in seen


def test_two_thousand_changed_rows_are_one_call(world: World) -> None:
    """A full page of rows is read in one call; a mass change is read twice at most, the second time as a reread."""
    cursor = world.connector.start(PERSON)
    _, cursor = world.changes(cursor)
    world.clock.advance(10)
    made = world.org.load("Lead", [{"LastName": f"L{n}", "Company": "C"} for n in range(2000)])
    world.org.touch("Lead", made)
    world.clock.advance(5)
    mark = world.mark()
    pages, cursor = world.changes(cursor)
    assert world.operations(mark) == ["composite"]
    assert set(ids(pages)) == set(made)
    world.clock.advance(20)
    pages, cursor = world.changes(cursor)
    assert ids(pages) == []
    world.clock.advance(300)
    pages, cursor = world.changes(cursor)
    assert sum(page.reread for page in pages) == 2000
    world.clock.advance(300)
    assert ids(world.changes(cursor)[0]) == []


def test_long_answers_come_page_by_page_and_can_be_resumed(world: World) -> None:
    """4,500 rows are three pages; going on from the first page's cursor loses nothing."""
    cursor = world.connector.start(PERSON)
    _, cursor = world.changes(cursor)
    made: list[str] = []
    for _ in range(9):
        world.clock.advance(10)
        part = world.org.load("Lead", [{"LastName": "L", "Company": "C"} for _ in range(500)])
        world.org.touch("Lead", part)
        made += part
    world.clock.advance(600)
    world.connector.identity()
    pages = list(world.connector.changes(PERSON, cursor))
    assert max(len(page.records) for page in pages) == 2000
    assert set(ids(pages)) == set(made)
    (first,) = islice(world.connector.changes(PERSON, cursor), 1)
    rest, _ = world.changes(first.cursor)
    assert set(ids([first, *rest])) == set(made)
    assert len(ids(rest)) - sum(page.reread for page in rest) == 3000  # the last second of the first page comes again


def test_an_expired_page_address_restarts_the_question(world: World) -> None:
    """INVALID_QUERY_LOCATOR in the middle asks the question again; every row comes."""
    cursor = world.connector.start(PERSON)
    world.clock.advance(10)
    made = world.org.load("Lead", [{"LastName": "L", "Company": "C"} for _ in range(3000)])
    world.org.touch("Lead", made)
    world.clock.advance(5)
    gone = HttpResponse(400, b'[{"errorCode":"INVALID_QUERY_LOCATOR","message":"invalid query locator"}]')
    world.org.faults.arm(Fault("locator", lambda request: "/query/" in request.path, answer=gone))
    pages, _ = world.changes(cursor)
    assert set(ids(pages)) == set(made)


def test_deleted_merged_and_converted_rows_are_told_apart(world: World) -> None:
    """A delete is Gone, a merge loser and a converted Lead are Moved; none of them is a record."""
    deleted, winner, loser, converted = (world.lead(n) for n in range(4))
    world.clock.advance(5)
    cursor = world.connector.start(PERSON)
    world.clock.advance(200)
    world.org.delete("Lead", deleted)
    world.org.merge("Lead", winner, [loser])
    contact, _account, _opportunity = world.org.convert(converted, status="Closed - Converted")
    world.clock.advance(5)
    pages, _cursor = world.changes(cursor)
    moved = {move.old.id: move for page in pages for move in page.moved}
    assert [gone.ref.id for page in pages for gone in page.gone if gone.how is Departure.DELETED] == [deleted]
    assert moved[loser].new == RemoteRef("Lead", winner)
    assert moved[loser].how is Succession.MERGED
    assert moved[converted].how is Succession.CONVERTED
    assert moved[converted].new == RemoteRef("Contact", contact)
    assert contact in ids(pages)
    assert converted not in ids(pages)
    fates = world.connector.fetch(PERSON, [RemoteRef("Lead", one) for one in (deleted, loser, converted, winner)])
    assert isinstance(fates[0], Gone)
    assert fates[0].how is Departure.DELETED
    assert fates[1] == moved[loser]
    assert isinstance(fates[2], Moved)
    assert isinstance(fates[3], RemoteRecord)


def test_a_field_that_is_hidden_later_becomes_missing(world: World) -> None:
    """The query is asked again without the field, which is listed as missing and never read as null."""
    cursor = world.connector.start(PERSON)
    _, cursor = world.changes(cursor)
    world.clock.advance(5)
    lead = world.lead(1, Title="Boss")
    world.org.hide_field("Lead", "Title")
    world.clock.advance(5)
    pages, _ = world.changes(cursor)
    (record,) = pages[0].records
    assert record.ref.id == lead
    assert record.missing == {"Title"}
    assert "Title" not in record.fields


# -- scan, departures, point reads -----------------------------------------------------------------------------------


def test_a_scan_reads_everything_once_and_resumes_by_page(world: World) -> None:
    """Leads and Contacts in sequence, converted Leads left out, resumable after any page."""
    made = world.org.load("Lead", [{"LastName": f"L{n}", "Company": "C"} for n in range(2100)])
    contacts = world.org.load("Contact", [{"LastName": f"K{n}"} for n in range(10)])
    converted = world.lead(1)
    world.org.convert(converted, status="Closed - Converted")
    pages = list(world.connector.scan(PERSON))
    read = ids(pages)
    assert len(read) == len(set(read))
    assert {*made, *contacts} <= set(read)
    assert converted not in read
    for position, page in enumerate(pages):
        assert ids(list(world.connector.scan(PERSON, page.cursor))) == ids(pages[position + 1 :])


def test_departures_tell_erased_rows_and_ask_at_most_hourly(world: World) -> None:
    """A row that left the recycle bin is told; a second sweep at once costs no call."""
    lead = world.lead(1)
    world.clock.advance(3600)
    world.org.delete("Lead", lead)
    world.clock.advance(120)
    (first,) = world.connector.departures(PERSON, None, 1)
    assert [gone.ref.id for gone in first.gone] == [lead]
    (second,) = world.connector.departures(PERSON, first.cursor, 1)
    mark = world.mark()
    (third,) = world.connector.departures(PERSON, second.cursor, 1)
    assert (list(third.gone), world.operations(mark)) == ([], [])


def test_fetch_keeps_order_and_tells_invisible_ids(world: World) -> None:
    """Ids of 15 characters, unknown ids and nonsense each get their answer in its place."""
    one, two = world.lead(1), world.lead(2)
    unknown = "00Q000000000zzz"
    answers = world.connector.fetch(
        PERSON,
        [RemoteRef("Lead", two[:15]), RemoteRef("Lead", unknown), RemoteRef("Lead", one), RemoteRef("Lead", "x")],
    )
    assert [answer.ref.id for answer in answers if isinstance(answer, RemoteRecord)] == [two, one]
    assert isinstance(answers[1], Gone)
    assert answers[1].how is Departure.INVISIBLE
    assert isinstance(answers[3], Gone)


def test_find_by_email_domain_and_value(world: World) -> None:
    """E-mail in any case over Lead and Contact, domains by containment, every asked value answered; one call."""
    lead = world.lead(1, Email="Ann.O'Neil@Example.com")
    contact = world.org.insert("Contact", {"LastName": "K", "Email": "ann.o'neil@example.com"})
    key = MatchKey("email", {"Lead": ("Email",), "Contact": ("Email",)})
    world.connector.find(PERSON, key, ["warm@example.com"])
    mark = world.mark()
    found = world.connector.find(PERSON, key, ["ANN.o'neil@example.com", "nobody@example.com"])
    assert {record.ref.id for record in found["ANN.o'neil@example.com"]} == {lead, contact}
    assert found["nobody@example.com"] == []
    assert world.operations(mark) == ["composite"]
    company = Shape("company", {"Account": ("Name", "Website")}, KEY)
    account = world.org.insert("Account", {"Name": "A", "Website": "https://www.acme.example/x"})
    world.org.insert("Account", {"Name": "B", "Website": "https://ac_e.example"})
    found = world.connector.find(
        company, MatchKey("domain", {"Account": ("Website",)}), ["acme.example", "a_me.example"]
    )
    assert [record.ref.id for record in found["acme.example"]] == [account]
    assert found["a_me.example"] == []


def test_schema_users_and_identity(world: World) -> None:
    """Types, required fields, converted statuses; users and queues in one call; the org's id has 18 characters."""
    schema = world.connector.schema(PERSON)
    lead = schema.objects["Lead"]
    assert lead["LastName"].required
    assert lead["Company"].required
    assert not lead["Status"].required
    assert lead[KEY].unique
    assert {option.value for option in lead["Status"].options if option.converted} == {"Closed - Converted"}
    assert world.connector.schema(PERSON).fingerprint == schema.fingerprint
    world.org.hide_field("Contact", "Title")
    assert world.connector.schema(PERSON).fingerprint != schema.fingerprint
    queue = world.org.add_queue("Inbound")
    mark = world.mark()
    users = world.connector.users()
    assert world.operations(mark) == ["composite"]
    assert [user.id for user in users if user.sort is UserSort.QUEUE] == [queue]
    assert "integration.user@sandbox.example" in {user.email for user in users}
    identity = world.connector.check().identity
    assert (identity.vendor, len(identity.account)) == ("salesforce", 18)
    assert world.connector.quota().limit == 15_000


def test_history_tells_who_changed_what(world: World) -> None:
    """Tracked fields, oldest first; the owner by id only."""
    world.org.track_fields("Lead", ["Status", "OwnerId"])
    lead = world.lead(1)
    start = world.clock.now()
    queue = world.org.add_queue("Inbound")
    world.org.edit("Lead", lead, {"Status": "Working - Contacted"})
    world.clock.advance(5)
    world.org.edit("Lead", lead, {"OwnerId": queue})
    events = world.connector.history([RemoteRef("Lead", lead)], ["Status", "OwnerId"], start)
    assert [(event.field, event.value) for event in events] == [("Status", "Working - Contacted"), ("OwnerId", queue)]
    assert {(event.author, event.sort) for event in events} == {(world.org.org.admin_user, AuthorSort.USER)}


def test_history_tells_people_from_automation(world: World) -> None:
    """What bears our own user's name, or that of one of the vendor's own users, was made by no person."""
    world.org.track_fields("Lead", ["Status"])
    lead, start, own = world.lead(1), world.clock.now(), world.org.org.integration_user
    process = world.org.add_user("process@example.com", "Automated Process")
    users = world.org.org.schema.entities["User"].table
    users.put({**users.rows[process], "UserType": "AutomatedProcess"})
    for by, status in ((own, "Working - Contacted"), (process, "Closed - Not Converted")):
        world.org.edit("Lead", lead, {"Status": status}, by=by)
        world.clock.advance(5)
    events = world.connector.history([RemoteRef("Lead", lead)], ["Status"], start)
    assert [(event.author, event.sort) for event in events] == [(own, AuthorSort.SYSTEM), (process, AuthorSort.SYSTEM)]


def test_users_have_roles_and_profiles(world: World) -> None:
    """Names of both, empty where a user has none, and where our own user may not look at setup."""
    rep = world.org.add_user("rep@example.com", "Rep", role="SDR")
    told = {user.id: (user.role, user.profile) for user in world.connector.users()}
    assert told[rep] == ("SDR", "Standard User")
    assert told[world.org.org.admin_user] == ("", "System Administrator")
    world.org.hide_field("User", "ProfileId")
    assert {(user.role, user.profile) for user in world.connector.users()} == {("", "")}


# -- write -----------------------------------------------------------------------------------------------------------


def test_a_thousand_writes_are_one_call_and_one_to_read_back(world: World) -> None:
    """Five Collections of 200 in one Composite, then one read; assignment rules never run, the echo changes nothing."""
    other = world.org.add_user("other@example.com", "Other User")
    made = world.org.load("Lead", [{"LastName": f"L{n}", "Company": "C"} for n in range(1000)])
    world.org.org.assignment_rules["Lead"] = lambda row: other
    owners = {row["Id"]: row["OwnerId"] for row in world.org.export()["Lead"]}
    mark = world.mark()
    results = world.write(*(update(id_, Title="Boss", Phone=None) for id_ in made))
    assert world.operations(mark) == ["composite", "collections.read"]
    assert all(isinstance(result, Written) and result.ref.id == id_ for result, id_ in zip(results, made, strict=True))
    assert {tuple(result.confirmed.items()) for result in results if isinstance(result, Written)} == {
        (("Title", "Boss"), ("Phone", None))
    }
    assert {row["Id"]: row["OwnerId"] for row in world.org.export()["Lead"]} == owners
    assert all(
        request.headers["sforce-auto-assign"] == "FALSE" for request in world.org.requests if "data" in request.path
    )


def test_creates_for_which_assignment_rules_run_share_no_call(world: World) -> None:
    """Those alone are sent with the header, whatever stands beside them in the batch; updates never are."""
    queue = world.org.add_queue("Inbound")
    lead = world.lead(1)
    world.org.org.assignment_rules["Lead"] = lambda row: queue
    by_rules = [replace(create(number, City="x@{y}"), by_rules=True) for number in (51, 52)]
    mark = world.mark()
    results = world.write(by_rules[0], update(lead, Title="t"), create(53), by_rules[1], create(54, City="@{z}"))
    refs = [result.ref.id for result in results if isinstance(result, Written)]
    owners = {row["Id"]: row["OwnerId"] for row in world.org.export()["Lead"]}
    assert [owners[ref] == queue for ref in refs] == [True, False, False, True, False]
    assert world.operations(mark) == ["composite", "collections.upsert", "collections.upsert", "collections.read"]
    asked = [request.headers.get("sforce-auto-assign") for request in world.org.requests if request.method != "GET"]
    assert asked.count("TRUE") == 1


def test_a_create_is_an_upsert_that_is_proved_by_its_key(world: World) -> None:
    """The same create twice makes one row; keyed finds it; the vendor's own rewrite is what is confirmed."""
    (first,) = world.write(create(51, Email="Mixed@Example.com"))
    (second,) = world.write(create(51, Email="Mixed@Example.com"))
    assert isinstance(first, Written)
    assert isinstance(second, Written)
    assert (first.created, second.created) == (True, False)
    assert first.ref == second.ref
    assert first.confirmed["Email"] == "mixed@example.com"
    assert first.confirmed[KEY] == "51"
    keyed = world.connector.keyed(PERSON, "Lead", ["51", "52"])
    assert [record.ref for record in keyed["51"]] == [first.ref]
    assert keyed["52"] == []


def test_a_lookup_field_is_read_and_written_as_a_reference(world: World) -> None:
    """A Contact's company is its AccountId."""
    account = world.org.insert("Account", {"Name": "A"})
    company = {"company": RemoteRef("Account", account)}
    (result,) = world.write(CreateRecord("0" * 32, "Contact", "7", {"LastName": "K"}, company))
    assert isinstance(result, Written)
    (record,) = world.connector.fetch(PERSON, [result.ref])
    assert isinstance(record, RemoteRecord)
    assert record.refs["company"] == (RemoteRef("Account", account),)
    assert "AccountId" not in record.fields


def test_each_row_has_its_own_ending(world: World) -> None:
    """Refused, clash, stale and written side by side, in the order of the batch."""
    held, deleted, fine, converted = (world.lead(n) for n in range(4))
    world.org.edit("Lead", held, {KEY: "900"})
    world.org.delete("Lead", deleted)
    world.org.convert(converted, status="Closed - Converted")
    results = world.write(
        update(fine, Email="no address"),
        update(deleted, Title="x"),
        update(fine, **{KEY: "900"}),
        update(converted, Title="x"),
        CreateRecord("0" * 32, "Lead", "77", {"LastName": "N", "Title": "y" * 300, "Company": "C"}),
        update(fine, Title="@{c0.body}"),
    )
    kinds = [type(result) for result in results]
    assert kinds == [Refused, Stale, Clash, Stale, Refused, Written]
    refused, gone, clash, moved, long, written = results
    assert isinstance(refused, Refused)
    assert refused.fields == ("Email",)
    assert isinstance(gone, Stale)
    assert isinstance(gone.current, Gone)
    assert isinstance(clash, Clash)
    assert clash.candidates == (RemoteRef("Lead", held),)
    assert isinstance(moved, Stale)
    assert isinstance(moved.current, Moved)
    assert isinstance(long, Refused)
    assert (long.code, long.fields) == ("STRING_TOO_LONG", ("Title",))
    assert isinstance(written, Written)
    assert written.confirmed["Title"] == "@{c0.body}"


def test_a_value_that_looks_like_a_reference_is_stored_as_it_is(world: World) -> None:
    """Composite would replace ``@{...}`` by another subrequest's answer; such rows are kept out of it."""
    made = world.org.load("Lead", [{"LastName": f"L{n}", "Company": "C"} for n in range(401)])
    batch = [update(id_, Title="t") for id_ in made]
    batch[300] = update(made[300], Title="@{c0[0].id}")
    mark = world.mark()
    results = world.write(*batch)
    assert all(isinstance(result, Written) for result in results)
    assert world.operations(mark) == ["composite", "collections.update", "collections.read"]
    titles = {row["Id"]: row["Title"] for row in world.org.export()["Lead"]}
    assert titles[made[300]] == "@{c0[0].id}"


def test_rows_that_are_all_spoilt_cost_a_bounded_number_of_calls(world: World) -> None:
    """The search by halving ends; the rows that stood alone are refused, and the others wait for the next run's."""
    made = world.org.load("Lead", [{"LastName": f"L{n}", "Company": "C"} for n in range(200)])
    mark = world.mark()
    results = world.write(
        *(UpdateRecord("0" * 32, RemoteRef("Lead", id_), {"NumberOfEmployees": "many"}) for id_ in made)
    )
    assert {type(result) for result in results} == {Refused, Deferred}
    assert sum(isinstance(result, Refused) for result in results) >= 8
    assert {result.code for result in results if isinstance(result, Deferred)} == {"JSON_PARSER_ERROR"}
    assert len(world.operations(mark)) <= 33


def test_rows_that_spoil_a_request_take_no_other_with_them(world: World) -> None:
    """F57: where there are more of them than the search finds at once, none but they is ever refused, and the next
    runs find the others.
    """
    left = world.org.load("Lead", [{"LastName": f"L{n}", "Company": "C"} for n in range(200)])
    wrong, refused = {left[place] for place in (10, 90, 170)}, set[str]()
    while left:
        rows = [{"NumberOfEmployees": "many"} if id_ in wrong else {"Title": "t"} for id_ in left]
        results = world.write(
            *(UpdateRecord("0" * 32, RemoteRef("Lead", id_), row) for id_, row in zip(left, rows, strict=True))
        )
        told = dict(zip(left, results, strict=True))
        refused |= {id_ for id_, result in told.items() if isinstance(result, Refused)}
        left, before = [id_ for id_, result in told.items() if isinstance(result, Deferred)], left
        assert len(left) < len(before)
    assert refused == wrong
    assert sum(row["Title"] == "t" for row in world.org.export()["Lead"]) == 197


def test_an_unknown_field_blocks_only_the_rows_that_have_it(world: World) -> None:
    """INVALID_FIELD fails a whole request; the rows without the field are sent again."""
    one, two = world.lead(1), world.lead(2)
    bad, good = world.write(update(one, Nonsense__c="x"), update(two, Title="y"))
    assert isinstance(bad, Refused)
    assert bad.fields == ("Nonsense__c",)
    assert isinstance(good, Written)


def test_a_value_of_the_wrong_type_is_found_by_halving(world: World) -> None:
    """JSON_PARSER_ERROR names no row; only the guilty one is refused."""
    made = [world.lead(n) for n in range(6)]
    batch = [update(id_, Title="t") for id_ in made]
    batch[4] = UpdateRecord("0" * 32, RemoteRef("Lead", made[4]), {"NumberOfEmployees": "many"})
    results = world.write(*batch)
    assert [type(result) for result in results] == [Written] * 4 + [Refused, Written]


def test_a_duplicate_rule_names_its_candidates(world: World) -> None:
    """The misspelt key of the vendor's answer is understood."""
    twin = world.lead(1)
    world.org.org.duplicate_rules["Lead"] = [DuplicateRule("Standard", ("Email",))]
    (result,) = world.write(create(5, Email="p1@example.com"))
    assert isinstance(result, Clash)
    assert result.code == "DUPLICATES_DETECTED"
    assert result.candidates == (RemoteRef("Lead", twin),)


def test_locked_rows_are_tried_again_alone(world: World) -> None:
    """A lock that ends within a few tries is nothing; one that stays defers the row and no other."""
    short, long, free = (world.lead(n) for n in range(3))
    world.org.lock_rows([short], times=1)
    world.org.lock_rows([long], times=50)
    results = world.write(*(update(id_, Title="t") for id_ in (short, long, free)))
    assert [type(result) for result in results] == [Written, Deferred, Written]
    assert isinstance(results[1], Deferred)
    assert results[1].code == "UNABLE_TO_LOCK_ROW"


def test_who_is_told_to_stop_while_a_row_is_locked_tells_what_was_written(world: World) -> None:
    """The pause before a locked row goes again ends the process: the rest of its request is known all the same, and
    nobody takes it for a batch of which nothing was sent.
    """
    locked, free = world.lead(1), world.lead(2)
    world.org.lock_rows([locked], times=50)
    world.clock.stops = True
    made, waiting, changed = world.write(create(3), update(locked, Title="t"), update(free, Title="t"))
    assert isinstance(made, Written)
    assert made.created
    assert made.ref.id in {row["Id"] for row in world.org.export()["Lead"]}
    assert made.confirmed["LastName"] == "N3"
    assert isinstance(waiting, Deferred)
    assert isinstance(changed, Written)


def test_a_process_that_is_to_stop_before_its_first_call_has_sent_nothing(world: World) -> None:
    """Nothing was sent, and nothing is told of any row."""
    lead = world.lead(1)
    world.connector.identity()
    world.org.faults.arm(Fault("later", lambda request: "composite" in request.path, times=99))
    world.clock.stops = True
    with pytest.raises(Stopping) as raised:
        world.write(replace(update(lead, Title="t"), expect=Expect("", {"Title": None})))
    assert not raised.value.sent


def test_a_stale_row_that_cannot_be_read_costs_no_other_its_ending(world: World) -> None:
    """Of a row that was changed meanwhile nobody can say what is there: it waits, and the other one is written."""
    lead, calm = world.lead(1), world.lead(2)
    world.connector.identity()
    path = f"/sobjects/Lead/{lead}"
    world.org.faults.arm(Fault("changed", lambda each: each.path.endswith(path), answer=HttpResponse(412, b"")))

    def is_read(request: HttpRequest) -> bool:
        return request.path.endswith("/composite/sobjects/Lead") and bool(world.org.faults.fired["changed"])

    world.org.faults.arm(Fault("read", is_read, times=99))
    waiting, good = world.write(_conditional(lead, Title="t"), _conditional(calm, Title="t"))
    assert isinstance(waiting, Deferred)
    assert isinstance(good, Written)
    assert good.confirmed == {"Title": "t"}


def test_maintenance_defers_writes_and_reads_go_on(world: World) -> None:
    """Nothing is refused for good while the org is read-only."""
    lead = world.lead(1)
    world.org.begin_maintenance()
    (result,) = world.write(update(lead, Title="t"))
    assert isinstance(result, Deferred)
    assert result.after >= timedelta(minutes=1)
    assert isinstance(world.connector.fetch(PERSON, [RemoteRef("Lead", lead)])[0], RemoteRecord)


def test_expected_values_are_read_again_just_before(world: World) -> None:
    """A row that somebody changed meanwhile is stale and untouched, with what is there now."""
    kept, changed = world.lead(1), world.lead(2)
    world.org.edit("Lead", changed, {"Status": "Working - Contacted"})
    expect = Expect("", {"Status": "Open - Not Contacted"})
    batch = [UpdateRecord("0" * 32, RemoteRef("Lead", id_), {"Title": "t"}, {}, expect) for id_ in (kept, changed)]
    good, stale = world.write(*batch)
    assert isinstance(good, Written)
    assert isinstance(stale, Stale)
    assert isinstance(stale.current, RemoteRecord)
    assert stale.current.fields["Status"] == "Working - Contacted"
    assert stale.current.fields["Title"] is None


def _conditional(lead: str, **fields: str) -> UpdateRecord:
    expect = Expect("", {"Status": "Open - Not Contacted"}, conditional=True)
    return UpdateRecord("0" * 32, RemoteRef("Lead", lead), fields, {}, expect)


def test_a_conditional_write_is_a_call_of_its_own(world: World) -> None:
    """``If-Unmodified-Since`` goes with a single PATCH, also after the session was renewed; the rest goes as ever."""
    first, second = world.lead(1), world.lead(2)
    world.connector.identity()
    mark = len(world.org.requests)
    for expired in (False, True):
        if expired:
            world.org.expire_sessions()
        results = world.write(_conditional(first, Title=f"t{expired}"), update(second, Title="u"))
        assert [type(result) for result in results] == [Written, Written]
    rows = {row["Id"]: row["Title"] for row in world.org.export()["Lead"]}
    assert (rows[first], rows[second]) == ("tTrue", "u")
    sent = [each for each in world.org.requests[mark:] if each.path.endswith(f"/sobjects/Lead/{first}")]
    assert len(sent) >= 2
    assert all(each.headers["if-unmodified-since"].endswith(" GMT") for each in sent)


def test_a_conditional_write_of_a_changed_row_is_stale(world: World) -> None:
    """Another field was changed between the read and the write: 412, with what is there now, and nothing is written."""
    lead, calm = world.lead(1), world.lead(2)
    world.connector.identity()

    def change(request: HttpRequest) -> HttpRequest:
        world.clock.advance(3)
        world.org.edit("Lead", lead, {"City": "Bonn"})
        return request

    path = f"/sobjects/Lead/{lead}"
    slipped = Fault("slips in", lambda each: each.path.endswith(path), when="around", prepare=change)
    world.org.faults.arm(slipped)
    stale, good = world.write(_conditional(lead, Title="t"), _conditional(calm, Title="t"))
    assert isinstance(stale, Stale)
    assert isinstance(stale.current, RemoteRecord)
    assert stale.current.fields["Title"] is None
    assert isinstance(good, Written)
    assert good.confirmed["Title"] == "t"


@pytest.mark.parametrize("body", [b"", b"<html>changed</html>"], ids=["nothing", "a page"])
def test_a_changed_row_is_stale_whatever_the_answer_says(world: World, body: bytes) -> None:
    """The status alone tells that nothing was written: nobody waits for an ending, and the rest is sent."""
    lead, calm = world.lead(1), world.lead(2)
    world.connector.identity()
    path = f"/sobjects/Lead/{lead}"
    world.org.faults.arm(Fault("changed", lambda each: each.path.endswith(path), answer=HttpResponse(412, body)))
    stale, good = world.write(_conditional(lead, Title="t"), _conditional(calm, Title="t"))
    assert isinstance(stale, Stale)
    assert isinstance(stale.current, RemoteRecord)
    assert isinstance(good, Written)


@pytest.mark.parametrize("status", [400, 403])
@pytest.mark.parametrize(
    "code",
    [
        "INSUFFICIENT_ACCESS_OR_READONLY",
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        "INVALID_FIELD_FOR_INSERT_UPDATE",
    ],
)
def test_a_record_that_may_not_be_written_is_refused_alone(world: World, status: int, code: str) -> None:
    """As in a collection: it says nothing about the user's other records, which are written."""
    closed, open_ = world.lead(1), world.lead(2)
    world.connector.identity()
    path = f"/sobjects/Lead/{closed}"
    body = f'[{{"errorCode":"{code}","message":"insufficient access rights","fields":["Title"]}}]'.encode()
    world.org.faults.arm(Fault("closed", lambda each: each.path.endswith(path), answer=HttpResponse(status, body)))
    refused, good = world.write(_conditional(closed, Title="t"), _conditional(open_, Title="t"))
    assert isinstance(refused, Refused)
    assert (refused.code, refused.fields) == (code, ("Title",))
    assert isinstance(good, Written)


def test_a_user_who_may_do_nothing_stops_the_run(world: World) -> None:
    """That is no refusal of a record: a person must give the right back first."""
    lead = world.lead(1)
    world.connector.identity()
    body = b'[{"errorCode":"API_DISABLED_FOR_ORG","message":"The REST API is not enabled for this Organization."}]'
    path = f"/sobjects/Lead/{lead}"
    world.org.faults.arm(Fault("off", lambda each: each.path.endswith(path), answer=HttpResponse(403, body)))
    with pytest.raises(NeedsOperator, match="API Enabled"):
        world.write(_conditional(lead, Title="t"))


@pytest.mark.parametrize("when", ["drop", "cut"])
def test_an_unanswered_conditional_write_is_indeterminate(world: World, when: str) -> None:
    """Nobody knows, so nothing more of the batch is sent; a value that is refused is refused for its field."""
    lead, other = world.lead(1), world.lead(2)
    world.connector.identity()
    world.org.faults.arm(Fault("ghost", lambda request: request.method == "PATCH", when=when))
    ghost, unsent = world.write(_conditional(lead, Title="t"), _conditional(other, Title="t"))
    assert isinstance(ghost, Indeterminate)
    assert isinstance(unsent, Deferred)
    (refused,) = world.write(_conditional(other, Title="t" * 300))
    assert isinstance(refused, Refused)
    assert refused.fields == ("Title",)


def test_two_writes_to_one_row_are_sent_one_after_the_other(world: World) -> None:
    """The vendor refuses a list that names an id twice; the later write wins."""
    lead = world.lead(1)
    results = world.write(update(lead, Title="first"), update(lead, Title="second"))
    assert [type(result) for result in results] == [Written, Written]
    assert next(row for row in world.org.export()["Lead"] if row["Id"] == lead)["Title"] == "second"


@pytest.mark.parametrize("when", ["drop", "after"])
def test_an_unanswered_write_is_indeterminate_and_never_repeated(world: World, when: str) -> None:
    """A cut connection and a 503 after execution: sent once, settled by the key, nothing else of the batch is sent."""
    world.connector.identity()
    world.org.faults.arm(Fault("ghost", lambda request: request.method == "PATCH", when=when))
    mark = world.mark()
    (result,) = world.write(create(5))
    assert isinstance(result, Indeterminate)
    assert result.until == world.clock.now() + timedelta(seconds=30)
    assert len(world.operations(mark)) == 1
    assert len(world.connector.keyed(PERSON, "Lead", ["5"])["5"]) == 1


def test_a_failed_read_back_confirms_what_was_sent(world: World) -> None:
    """The write is sure, so it is told; the next read corrects it."""
    lead = world.lead(1)
    broken = HttpResponse(500, b"<html>sorry</html>", {"Content-Type": "text/html"})
    world.org.faults.arm(
        Fault("read", lambda request: request.path.endswith("/composite/sobjects/Lead"), times=99, answer=broken)
    )
    (result,) = world.write(update(lead, Title="t"))
    assert isinstance(result, Written)
    assert result.confirmed == {"Title": "t"}


def test_rows_beyond_the_deadline_are_deferred_unsent(world: World) -> None:
    """Nothing leaves after the deadline."""
    lead = world.lead(1)
    mark = world.mark()
    (result,) = world.connector.write(PERSON, [update(lead, Title="t")], world.clock.now())
    assert isinstance(result, Deferred)
    assert world.operations(mark) == []


# -- session and limits ----------------------------------------------------------------------------------------------


def test_an_expired_session_is_renewed_with_the_same_headers(world: World) -> None:
    """1.7: the repeated call carries the same headers as the first; no assignment rule runs."""
    lead = world.lead(1)
    other = world.org.add_user("other@example.com", "Other User")
    world.connector.identity()
    world.org.org.assignment_rules["Lead"] = lambda row: other
    world.org.expire_sessions()
    (result,) = world.write(update(lead, Title="t"))
    assert isinstance(result, Written)
    first, login, second = world.org.requests[-4:-1]
    assert login.path == "/services/oauth2/token"
    headers = [{k: v for k, v in r.headers.items() if k != "authorization"} for r in (first, second)]
    assert headers[0] == headers[1]
    assert headers[1]["sforce-auto-assign"] == "FALSE"
    assert next(row for row in world.org.export()["Lead"] if row["Id"] == lead)["OwnerId"] != other


def test_a_used_up_day_is_retry_later_and_told_to_the_budget(world: World) -> None:
    """REQUEST_LIMIT_EXCEEDED penalises the shared limit and nobody hammers on."""
    world.connector.identity()
    world.org.limits.maximum = 1
    mark = world.mark()
    with pytest.raises(RetryLater) as why:
        world.connector.identity()
    assert why.value.after is not None
    assert why.value.after >= timedelta(minutes=5)
    assert not why.value.sent
    assert len(world.org.calls) - mark == 1
    assert world.budget.penalties


def test_every_call_is_charged_to_its_lane(world: World) -> None:
    """Token, describe and read alike; a lane shares session and catalog."""
    world.lead(1)
    bulk = world.connector.for_lane(Lane.BULK)
    list(bulk.scan(PERSON))
    assert len(world.budget.calls) == len(world.org.calls)
    assert {lane for _, lane, _ in world.budget.calls} == {Lane.BULK}


def test_a_wrong_secret_is_one_sentence_with_the_place_to_click(world: World) -> None:
    """The login is refused before anything else is asked."""
    world.org.sessions.app = type(world.org.sessions.app)(client_secret="rotated")
    with pytest.raises(NeedsOperator, match="External Client App Manager"):
        world.connector.check()


def test_stamps_are_instants_of_whole_seconds(world: World) -> None:
    """Version is the vendor's own text, stamp the same as an instant."""
    lead = world.lead(1)
    (record,) = world.connector.fetch(PERSON, [RemoteRef("Lead", lead)])
    assert isinstance(record, RemoteRecord)
    assert record.stamp == instant(record.version)
