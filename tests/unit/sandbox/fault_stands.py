"""Two small stand-ins to arm faults at, what one may ask of them, and how a part of the catalogue is proven.

Each part has a table of proofs by (fault, vendor); ``faults_of`` gives every such pair of the part, so that an entry
without a proof fails as a missing key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import quote

import orjson
import pytest

from sandbox.connecting import connect
from sandbox.faults.arming import arm
from sandbox.faults.catalogue import CATALOGUE
from sandbox.faults.entry import Entry, Vendor
from sandbox.hubspot.kernel import DEFAULT_TOKEN, HubSpotKernel
from sandbox.hubspot.limits import HubSpotLimits
from sandbox.hubspot.switches import HubSpotSwitches
from sandbox.kernel import Call, ConnectionDropped, HttpRequest, HttpResponse, Kernel, SimulatedClock, VendorClock
from sandbox.salesforce.kernel import SalesforceKernel

START = datetime(2026, 11, 25, 12, tzinfo=UTC)
PEOPLE = 8
CONTACTS = "/crm/v3/objects/contacts"
ROOT = "/services/data/v60.0"
TOKEN = "/services/oauth2/token"  # not a secret


class Stand:
    """One vendor's stand-in with eight people in it. ``ids`` are theirs."""

    vendor: ClassVar[Vendor]
    kernel: Kernel
    ids: list[str]
    token: str

    def __init__(self) -> None:
        self.clock = SimulatedClock(START)

    def arm(self, name: str, **words: Any) -> dict[str, Any]:
        """Arms a fault of the catalogue, or does its deed."""
        return arm(self.kernel, name, **words)

    def done(self, name: str, **words: Any) -> dict[str, Any]:
        """What one deed did."""
        (told,) = self.arm(name, **words)["what"]
        return dict(told)

    def raw(self, method: str, target: str, body: object = None) -> HttpResponse:
        """The answer as it leaves the kernel."""
        content = b"" if body is None else orjson.dumps(body)
        headers = {"Authorization": f"Bearer {self.token}"}
        connect(self.kernel)
        return self.kernel.handle(HttpRequest.from_target(method, target, headers, content))

    def call(self, method: str, target: str, body: object = None) -> tuple[int, Any]:
        """Status and parsed body."""
        answer = self.raw(method, target, body)
        return answer.status, orjson.loads(answer.body) if answer.body else None

    def cut(self, method: str, target: str, body: object = None) -> ConnectionDropped:
        """A call whose connection must be cut; how it was."""
        with pytest.raises(ConnectionDropped) as cut:
            self.raw(method, target, body)
        return cut.value

    @property
    def last(self) -> Call:
        """The last line of the call log."""
        return self.kernel.calls[-1]

    def fired(self, name: str) -> int:
        """How often a fault has fired."""
        return self.kernel.faults.fired[name]

    # What both vendors can be asked alike

    def read(self) -> tuple[int, Any]:
        """A call that reads everybody."""
        raise NotImplementedError

    def write(self, number: int = 0, value: str = "Written") -> tuple[str, str, object]:
        """The request that gives one person a title."""
        raise NotImplementedError

    def title(self, number: int = 0) -> str | None:
        """A person's title as the vendor holds it."""
        raise NotImplementedError

    def rows(self) -> list[dict[str, Any]]:
        """The rows of a read that succeeds."""
        status, body = self.read()
        assert status == 200, body
        found: list[dict[str, Any]] = body.get("results", body.get("records"))
        return found

    def seen(self) -> list[str]:
        """The ids of those rows."""
        return [str(row.get("id") or row.get("Id")) for row in self.rows()]


class Hub(Stand):
    """HubSpot, whose search has no lag of its own."""

    vendor = "hubspot"
    token = DEFAULT_TOKEN

    def __init__(self) -> None:
        super().__init__()
        self.kernel: HubSpotKernel = HubSpotKernel(
            clock=VendorClock(self.clock),
            seed=7,
            limits=HubSpotLimits(search_per_second=1_000, rolling=1_000),
            switches=HubSpotSwitches(index_lag=(0.0, 0.0)),
        )
        self.ids = self.kernel.load(
            "contacts",
            [
                {"email": f"p{n}@x.com", "lastname": f"P{n}", "jobtitle": "Boss", "city": "Graz", "phone": f"+43 {n}",
                 "website": "x.com", "company": "X", "product_interests": "crm;marketing"}
                for n in range(PEOPLE)
            ],
        )  # fmt: skip
        self.clock.advance(60)

    def read(self) -> tuple[int, Any]:
        """A search for everybody, with the fields that faults choose among."""
        return self.search()

    def search(self, *filters: Mapping[str, Any], **more: Any) -> tuple[int, Any]:
        """A search with one group of filters."""
        names = ["jobtitle", "city", "phone", "website", "company", "email"]
        body = {"filterGroups": [{"filters": filters}] if filters else [], "limit": 100, "properties": names, **more}
        return self.call("POST", f"{CONTACTS}/search", body)

    def write(self, number: int = 0, value: str = "Written") -> tuple[str, str, object]:
        """A PATCH of one contact."""
        return "PATCH", f"{CONTACTS}/{self.ids[number]}", {"properties": {"jobtitle": value}}

    def batch(self, *numbers: int, value: str = "Written") -> tuple[str, str, object]:
        """A batch of updates."""
        inputs = [
            {"id": self.ids[n], "properties": {"jobtitle": value}, "objectWriteTraceId": f"t{n}"} for n in numbers
        ]
        return "POST", f"{CONTACTS}/batch/update", {"inputs": inputs}

    def create(self, email: str) -> tuple[str, str, object]:
        """A create of one contact."""
        return "POST", CONTACTS, {"properties": {"email": email}}

    def title(self, number: int = 0) -> str | None:
        """A contact's title."""
        return self.value(self.ids[number], "jobtitle")

    def value(self, number: object, name: str) -> str | None:
        """What a contact holds."""
        return self.kernel.portal.stores["contacts"].records[int(str(number))].values.get(name)


class Force(Stand):
    """Salesforce."""

    vendor = "salesforce"

    def __init__(self) -> None:
        super().__init__()
        self.kernel: SalesforceKernel = SalesforceKernel(clock=VendorClock(self.clock), seed=7)
        self.ids = self.kernel.load(
            "Lead",
            [
                {"Email": f"p{n}@x.com", "LastName": f"P{n}", "Company": "X", "Title": "Boss", "City": "Graz",
                 "Phone": f"+43 {n}", "Website": "x.com", "Industry": "Banking",
                 "Product_Interests__c": "Analytics;Support", "Syncd_Marketing_Id__c": str(n)}
                for n in range(PEOPLE)
            ],
        )  # fmt: skip
        self.token = self.kernel.login()
        self.clock.advance(60)

    def login(self) -> None:
        """A new session, once one has ended."""
        self.token = self.kernel.login()

    def read(self) -> tuple[int, Any]:
        """A query for everybody, with the fields that faults choose among."""
        return self.query("SELECT Id, SystemModstamp, Title, City, Phone, Website, Company FROM Lead")

    def query(self, soql: str) -> tuple[int, Any]:
        """A query's first page."""
        return self.call("GET", f"{ROOT}/query?q={quote(soql)}")

    def write(self, number: int = 0, value: str = "Written") -> tuple[str, str, object]:
        """A PATCH of one Lead."""
        return "PATCH", f"{ROOT}/sobjects/Lead/{self.ids[number]}", {"Title": value}

    def batch(self, *numbers: int, value: str = "Written") -> tuple[str, str, object]:
        """A collection of updates."""
        rows = [{"attributes": {"type": "Lead"}, "id": self.ids[n], "Title": value} for n in numbers]
        return "PATCH", f"{ROOT}/composite/sobjects", {"allOrNone": False, "records": rows}

    def title(self, number: int = 0) -> str | None:
        """A Lead's title."""
        held = self.value(self.ids[number], "Title")
        return None if held is None else str(held)

    def value(self, number: object, name: str, object_name: str = "Lead") -> object:
        """What a row holds."""
        return self.kernel.org.schema.entities[object_name].table.rows[str(number)].get(name)


Proof = Callable[[Any], None]
Proofs = Mapping[tuple[str, str], Proof]


def stand(vendor: str) -> Hub | Force:
    """A fresh one."""
    return Hub() if vendor == "hubspot" else Force()


def faults_of(entries: Iterable[Entry]) -> list[Any]:
    """Every (fault, vendor) of a part of the catalogue, as parameters."""
    return [pytest.param(each.name, vendor, id=f"{each.name}-{vendor}") for each in entries for vendor in each.vendors]


def prove(proofs: Proofs, name: str, vendor: str) -> None:
    """Runs the proof of one fault at one vendor; a fault without one is a KeyError that names it."""
    assert name in CATALOGUE
    proofs[name, vendor](stand(vendor))
