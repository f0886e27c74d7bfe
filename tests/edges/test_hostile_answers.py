"""Whatever a vendor answers, every call of a connector ends in a typed outcome, and a token goes to one host only.

Each kind of call is made against the stand-in once for every request it sends, with each hostile answer in place of
exactly that request's answer, and once with it in place of all answers.

Length: both vendors and every kind of call are set up side by side, so that none is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson
import pytest
import requests
from requests.adapters import BaseAdapter

from connectors.hubspot.client import HubSpotAccount
from connectors.hubspot.connector import HubSpotConnector
from connectors.salesforce.client import SalesforceAccount
from connectors.salesforce.connector import SalesforceConnector
from connectors.transport import MAX_BODY, open_session
from sandbox.hubspot.kernel import DEFAULT_TOKEN, HubSpotKernel
from sandbox.hubspot.limits import HubSpotLimits
from sandbox.kernel import ConnectionDropped, Fault, HttpRequest, HttpResponse
from sandbox.salesforce import SalesforceKernel
from syncd.model.errors import Bug, NeedsOperator, RetryLater, SyncdError
from syncd.model.remote import MatchKey, Page, RemoteRef, Shape
from syncd.model.values import Side
from syncd.model.write import (
    Clash,
    CreateRecord,
    Deferred,
    Expect,
    Indeterminate,
    Refused,
    Stale,
    UpdateRecord,
    Written,
)
from syncd.ports.connector import Connector
from tests.fakes import FakeChance, FakeClock, FreeBudget
from tests.hostile import ANYWHERE, CANARY, ELSEWHERE, HUBSPOT, SALESFORCE, Hostile
from tests.inproc import KernelAdapter

pytestmark = pytest.mark.beyond

HUBSPOT_URL = "http://127.0.0.1:1"
SALESFORCE_URL = "http://127.0.0.1:2"
RESULTS = Written | Stale | Refused | Clash | Deferred | Indeterminate


class Elsewhere(BaseAdapter):
    """Every host but the vendor's: being asked at all is what must not happen."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Notes the address and lets the connection fail."""
        self.asked.append(str(request.url))
        raise requests.exceptions.ConnectionError("nobody is here")

    def close(self) -> None:
        """Nothing is open."""


class Hits:
    """Puts a hostile answer in place of the answers whose number is chosen; counts all requests."""

    def __init__(self, kernel: HubSpotKernel | SalesforceKernel) -> None:
        self.kernel = kernel
        self.seen = 0
        self.hostile: Hostile | None = None
        self.only: int | None = None
        plain = kernel.handle

        def handle(request: HttpRequest) -> HttpResponse:
            number, self.seen = self.seen, self.seen + 1
            if self.hostile is None or (self.only is not None and number != self.only):
                return plain(request)
            if self.hostile.when == "cut":
                raise ConnectionDropped(self.hostile.name)
            kernel.faults.arm(
                Fault(self.hostile.name, lambda _: True, when=self.hostile.when, answer=self.hostile.answer)
            )
            return plain(request)

        kernel.handle = handle  # type: ignore[method-assign]

    def aim(self, hostile: Hostile | None, only: int | None = None) -> None:
        """From now on; numbers start anew."""
        self.hostile, self.only, self.seen = hostile, only, 0
        self.kernel.faults.armed.clear()


@dataclass
class Vendor:
    """One vendor's stand-in with two people and a company in it, and everything a connector may be asked of it."""

    connector: Connector
    hits: Hits
    elsewhere: Elsewhere
    clock: FakeClock
    shape: Shape
    key: MatchKey
    refs: list[RemoteRef]
    writes: Callable[[int], list[CreateRecord | UpdateRecord]]
    number: int = field(default=0)

    def kinds(self) -> dict[str, Callable[[], object]]:
        """All kinds of calls."""
        one, shape, cursor = self.connector, self.shape, self.connector.start(self.shape)
        return {
            "check": one.check,
            "identity": one.identity,
            "schema": lambda: one.schema(shape),
            "users": one.users,
            "start": lambda: one.start(shape),
            "changes": lambda: list(one.changes(shape, cursor)),
            "scan": lambda: list(one.scan(shape)),
            "departures": lambda: list(one.departures(shape, None, 2)),
            "fetch": lambda: one.fetch(shape, self.refs),
            "find": lambda: one.find(shape, self.key, ["p0@example.com", "nobody@example.com"]),
            "keyed": lambda: one.keyed(shape, self.refs[0].object, ["k0", "k9"]),
            "history": lambda: one.history(self.refs, ["firstname", "Status"], self.clock.now() - timedelta(days=1)),
            "billed": lambda: one.billed(self.refs),
            "write": self._write,
        }

    def _write(self) -> object:
        self.number += 1
        batch = self.writes(self.number)
        results = self.connector.write(self.shape, batch, self.clock.now() + timedelta(minutes=5))
        assert len(results) == len(batch)
        assert all(isinstance(result, RESULTS) for result in results)
        return results


def open_hubspot() -> Vendor:
    """A portal."""
    clock = FakeClock()
    kernel = HubSpotKernel(clock=clock, seed=3, limits=HubSpotLimits(rolling=10**6, search_per_second=10**6))
    for kind in ("contacts", "companies"):
        if "syncd_crm_id" not in kernel.portal.store(kind).definitions:
            kernel.add_property(kind, {"name": "syncd_crm_id", "label": "CRM id", "hasUniqueValue": True})
    company = kernel.create("companies", {"name": "Acme", "domain": "acme.example"})
    refs = [
        RemoteRef("contacts", kernel.create("contacts", {"email": f"p{n}@example.com", "syncd_crm_id": f"k{n}"}))
        for n in range(2)
    ]
    kernel.associate(contact_id=refs[0].id, company_id=company, primary=True)
    clock.advance(60)
    session, elsewhere = _session(HUBSPOT_URL)
    hits = Hits(kernel)
    session.mount(HUBSPOT_URL, KernelAdapter(kernel, wait=clock.advance))
    connector = HubSpotConnector(
        HubSpotAccount(access_token=lambda: DEFAULT_TOKEN, base_url=HUBSPOT_URL),
        session=session,
        clock=clock,
        chance=FakeChance(1),
        budget=FreeBudget(),
        horizon=60.0,
    )
    shape = Shape(
        "person",
        {"contacts": ("email", "firstname", "lifecyclestage", "@unsubscribed")},
        key="syncd_crm_id",
        refs={"company": {"contacts": "companies"}},
    )

    def writes(number: int) -> list[CreateRecord | UpdateRecord]:
        ref = refs[0]
        return [
            CreateRecord(f"c{number}", "contacts", f"new{number}", {"email": f"n{number}@example.com"},
                         {"company": RemoteRef("companies", company)}),
            UpdateRecord(f"u{number}", ref, {"firstname": f"F{number}", "@unsubscribed": "true"}),
            UpdateRecord(f"s{number}", refs[1], {"lifecyclestage": "lead"}, expect=Expect("", {"email": "p1@example.com"})),  # noqa: E501 - one case a line
        ]  # fmt: skip

    return Vendor(connector, hits, elsewhere, clock, shape, MatchKey("email", {"contacts": ("email",)}), refs, writes)


def open_salesforce() -> Vendor:
    """An org."""
    clock = FakeClock()
    kernel = SalesforceKernel(clock=clock, seed=7, instance_url=SALESFORCE_URL, daily_calls=10**9)
    account = kernel.insert("Account", {"Name": "Acme"})
    refs = [
        RemoteRef("Lead", kernel.insert("Lead", {"LastName": "L", "Company": "C", "Email": f"p{n}@example.com",
                                                 "Syncd_Marketing_Id__c": f"k{n}"}))
        for n in range(2)
    ]  # fmt: skip
    refs.append(RemoteRef("Contact", kernel.insert("Contact", {"LastName": "K", "AccountId": account})))
    clock.advance(60)
    session, elsewhere = _session(SALESFORCE_URL)
    hits = Hits(kernel)
    session.mount(SALESFORCE_URL, KernelAdapter(kernel, wait=clock.advance))
    connector = SalesforceConnector.open(
        SalesforceAccount(
            login_url=SALESFORCE_URL, client_id=lambda: "sandbox-client", client_secret=lambda: "sandbox-secret"
        ),
        side=Side.CRM,
        clock=clock,
        chance=FakeChance(),
        budget=FreeBudget(),
        horizon=30.0,
        session=session,
    )
    fields = ("LastName", "Email", "Title")
    shape = Shape(
        "person",
        {"Lead": (*fields, "Company", "Status"), "Contact": fields},
        key="Syncd_Marketing_Id__c",
        refs={"company": {"Contact": "AccountId"}},
    )

    def writes(number: int) -> list[CreateRecord | UpdateRecord]:
        return [
            CreateRecord(f"{number:032x}", "Lead", f"new{number}", {"LastName": "N", "Company": "C"}),
            UpdateRecord("1" * 32, refs[0], {"Title": f"T{number}"}),
            UpdateRecord("2" * 32, refs[2], {"Title": "x"}, {"company": RemoteRef("Account", account)}),
            UpdateRecord("3" * 32, refs[1], {"Title": "y"}, expect=Expect("", {"LastName": "L"})),
        ]

    key = MatchKey("email", {"Lead": ("Email",), "Contact": ("Email",)})
    return Vendor(connector, hits, elsewhere, clock, shape, key, refs, writes)


def _session(url: str) -> tuple[requests.Session, Elsewhere]:
    session, elsewhere = open_session(pool=1, base_url=url), Elsewhere()
    for prefix in ("https://", "http://"):
        session.mount(prefix, elsewhere)
    return session, elsewhere


VENDORS: dict[str, Callable[[], Vendor]] = {"hubspot": open_hubspot, "salesforce": open_salesforce}
KINDS = (
    "check", "identity", "schema", "users", "start", "changes", "scan", "departures", "fetch", "find", "keyed",
    "history", "billed", "write",
)  # fmt: skip


def answers_of(vendor: str) -> Sequence[Hostile]:
    """All hostile answers of one vendor."""
    return (*ANYWHERE, *(HUBSPOT if vendor == "hubspot" else SALESFORCE))


def outcome(call: Callable[[], object]) -> SyncdError | None:
    """What a call raised, if it is one of the three kinds of error there may be."""
    try:
        call()
    except (RetryLater, NeedsOperator, Bug) as error:
        assert len(str(error)) > 20, "an error says what, where and what to do next"
        assert CANARY not in str(error), f"an error text quotes people's values: {error}"
        return error
    return None


def aims(vendor: Vendor, call: Callable[[], object]) -> Iterator[int | None]:
    """Each request of one call, and then all of them."""
    vendor.hits.aim(None)
    call()
    yield from range(vendor.hits.seen)
    yield None


def essence(told: object) -> object:
    """What a reading says of the vendor, without cursors and the vendor's clock in it."""
    if isinstance(told, list) and told and isinstance(told[0], Page):
        pages = [page for page in told if isinstance(page, Page)]
        return [
            {record.ref: record for page in pages for record in page.records},
            [row.ref for page in pages for row in page.gone],
            [(row.old, row.new) for page in pages for row in page.moved],
        ]
    return told


#: Answers that may be true: the vendor says of what was asked for that it is not there, or can be nowhere.
SAYS_NOT_THERE = {
    "hubspot": {"404", "404 bare", "400 validation", "400 strange errors"},
    "salesforce": {"404 NOT_FOUND"},
}

HIDES_ROLES = {"400 INVALID_FIELD", "400 MALFORMED_QUERY"}
"""What an org says that shows no roles and profiles: its users are read without them."""


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in {"start", "write"}])
@pytest.mark.parametrize("name", VENDORS)
def test_no_hostile_answer_is_taken_for_the_truth(name: str, kind: str) -> None:
    """A reading that met one either fails, or says what an honest vendor says: never less, never something else."""
    vendor = VENDORS[name]()
    call = vendor.kinds()[kind]
    honest = essence(call())
    believed: list[str] = []
    for hostile in answers_of(name):
        if hostile.name in SAYS_NOT_THERE[name] or (kind == "users" and hostile.name in HIDES_ROLES):
            continue
        for aim in list(aims(vendor, call)):
            vendor.hits.aim(hostile, aim)
            try:
                told = essence(call())
            except SyncdError:
                told = honest
            vendor.hits.aim(None)
            if told != honest:
                believed.append(f"{hostile} at {aim}: {told}"[:300])
    assert not believed, "\n".join(believed)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", VENDORS)
def test_every_hostile_answer_to_every_call_is_a_typed_outcome(name: str, kind: str) -> None:
    """Result, RetryLater, NeedsOperator or Bug; no people's values in it; no other host is ever asked."""
    vendor = VENDORS[name]()
    wrong: list[str] = []
    failures = sent = 0
    for hostile in answers_of(name):
        call = vendor.kinds()[kind]
        targets = list(aims(vendor, call))
        sent = len(targets) - 1
        for aim in targets:
            vendor.hits.aim(hostile, aim)
            try:
                failures += outcome(call) is not None
            except Exception as crash:  # noqa: BLE001 - anything else is what this test is about
                wrong.append(f"{hostile} at {aim}: {type(crash).__name__}: {crash}")
            vendor.hits.aim(None)
    assert not wrong, "\n".join(wrong)
    assert vendor.elsewhere.asked == []
    assert outcome(vendor.kinds()[kind]) is None, "the connector works again once the vendor does"
    if sent:
        assert failures > len(answers_of(name)) // 3, "the answers must have been met"


@pytest.mark.parametrize("name", VENDORS)
def test_an_endless_answer_is_given_up(name: str) -> None:
    """More than the cap is never held: a read ends as RetryLater, which says so."""
    vendor = VENDORS[name]()
    vendor.connector.identity()
    vendor.hits.aim(Hostile("flood", HttpResponse(200, b" " * (MAX_BODY + 1))))
    with pytest.raises(RetryLater, match="larger than"):
        vendor.connector.identity()


@pytest.mark.parametrize("name", VENDORS)
def test_a_ghost_write_is_open_and_never_repeated(name: str) -> None:
    """A write whose answer is lost is sent once; its rows are Indeterminate, and a keyed read finds one record."""
    vendor = VENDORS[name]()
    vendor.connector.identity()
    create = vendor.writes(1)[0]
    assert isinstance(create, CreateRecord)
    vendor.hits.aim(Hostile("cut", when="drop"))
    (result,) = vendor.connector.write(vendor.shape, [create], vendor.clock.now() + timedelta(minutes=5))
    assert isinstance(result, Indeterminate)
    assert vendor.hits.seen == 1
    vendor.hits.aim(None)
    assert len(vendor.connector.keyed(vendor.shape, create.object, [create.key])[create.key]) == 1


def test_every_hostile_answer_to_a_login_is_a_typed_outcome() -> None:
    """A login that is not answered as documented ends in a typed error which names it, and no token goes anywhere."""
    vendor = open_salesforce()
    for hostile in answers_of("salesforce"):
        vendor.connector._org.client._tokens._token = None  # type: ignore[attr-defined]
        vendor.hits.aim(hostile, 0)
        error = outcome(vendor.connector.identity)
        if error is not None:
            assert "token" in str(error) or "login" in str(error), error
        vendor.hits.aim(None)
        assert outcome(vendor.connector.identity) is None
    assert vendor.elsewhere.asked == []


@pytest.mark.parametrize("instance", [ELSEWHERE, "http://collector.example", "https://salesforce.com.evil.example"])
def test_a_login_that_sends_us_elsewhere_gets_no_token_sent_there(instance: str) -> None:
    """The instance url of a login answer must be the vendor's own or the login host."""
    vendor = open_salesforce()
    body = orjson.dumps({"access_token": "00D!stolen", "instance_url": instance, "token_type": "Bearer"})
    vendor.hits.aim(Hostile("login", HttpResponse(200, body)))
    with pytest.raises(NeedsOperator):
        vendor.connector.identity()
    assert vendor.elsewhere.asked == []
