"""An org, its connector, and what jobs of Bulk 2.0 need besides: notes, a smaller beginning, rows by the dozen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from connectors.salesforce.client import SalesforceAccount
from connectors.salesforce.connector import SalesforceConnector
from connectors.transport import open_session
from sandbox.kernel import Fault, HttpRequest, HttpResponse
from sandbox.salesforce import SalesforceKernel
from syncd.model.errors import Stopping
from syncd.model.remote import RemoteRef, Shape
from syncd.model.values import Instant, Side
from syncd.model.write import CreateRecord, UpdateRecord, Write, WriteResult
from tests.fakes import FakeChance, FakeClock, FreeBudget
from tests.inproc import KernelAdapter

KEY = "Syncd_Marketing_Id__c"
PERSON = Shape(
    "person", {"Lead": ("LastName", "Company", "Email", "Title", "Phone"), "Contact": ("LastName", "Title")}, key=KEY
)
MANY = 20
"""Rows that are worth a job in these tests."""
URL = "http://127.0.0.1:8080"


class StoppingClock(FakeClock):
    """Told to stop after so many waits."""

    left: int = 1_000_000

    def sleep(self, seconds: float) -> None:
        """Waits, or stops."""
        self.left -= 1
        if self.left < 0:
            raise Stopping
        super().sleep(seconds)


class Notebook:
    """Notes in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[bytes, Instant]] = {}

    def recall(self, name: str) -> tuple[bytes, Instant] | None:
        """What was noted."""
        return self.kept.get(name)

    def remember(self, name: str, content: bytes, now: Instant) -> None:
        """Notes it."""
        self.kept[name] = (content, now)


class Org:
    """One org and one connector with notes."""

    def __init__(self) -> None:
        self.clock = StoppingClock()
        self.kernel = SalesforceKernel(clock=self.clock, seed=7, instance_url=URL)
        self.notes = Notebook()
        self.kept = 0
        self.connector = self.process()

    def process(self) -> SalesforceConnector:
        """A connector as a new process has it, over the same notes."""
        session = open_session(pool=1, base_url=URL)
        session.mount("http://", KernelAdapter(self.kernel, wait=self.clock.advance))
        return SalesforceConnector.open(
            SalesforceAccount(
                login_url=URL, client_id=lambda: "sandbox-client", client_secret=lambda: "sandbox-secret"
            ),
            side=Side.CRM,
            clock=self.clock,
            chance=FakeChance(),
            budget=FreeBudget(),
            horizon=30.0,
            notes=self.notes,
            session=session,
        )

    def leads(self, count: int = MANY, **fields: object) -> list[RemoteRef]:
        """Leads that are there."""
        rows = ({"LastName": f"L{n}", "Company": "C", "Title": "Old", **fields} for n in range(count))
        return [RemoteRef("Lead", self.kernel.insert("Lead", row)) for row in rows]

    def write(self, batch: Sequence[Write], *, within: float = 300.0) -> Sequence[WriteResult]:
        """Writes; counts how often the lease would have been kept."""
        return self.connector.write(PERSON, batch, self.clock.now() + timedelta(seconds=within), self._keep)

    def _keep(self) -> None:
        self.kept += 1

    def calls(self) -> Counter[str]:
        """Calls by operation since this was asked last; ``bulk.rows`` are the vendor's own doings."""
        told = Counter(call.operation for call in self.kernel.calls)
        self.kernel.calls.clear()
        return told

    def break_(self, path: str, *, method: str = "", times: int = 1, **fault: object) -> None:
        """The next calls of a path fail: ``when``, ``answer``."""

        def hits(request: HttpRequest) -> bool:
            return path in request.path and request.method in (method or request.method)

        self.kernel.faults.arm(Fault(path, hits, times=times, **fault))  # type: ignore[arg-type]

    def states(self) -> list[str]:
        """The states of all jobs, oldest first, as an admin sees them."""
        return [job.state for job in self.kernel.bulk.jobs()]

    def row(self, ref: RemoteRef) -> Mapping[str, object]:
        """A row as the org holds it."""
        found = self.kernel.org.row(ref.id)
        assert found is not None
        return found


def new(number: int, **fields: str | bool | None) -> CreateRecord:
    """A new Lead."""
    return CreateRecord(f"{number:032x}", "Lead", f"k{number}", {"LastName": f"N{number}", "Company": "C", **fields})


def change(number: int, ref: RemoteRef, **fields: str | bool | None) -> UpdateRecord:
    """A change of a record."""
    return UpdateRecord(f"{number:032x}", ref, fields)


def news(count: int = MANY, make: Callable[[int], CreateRecord] = new) -> list[CreateRecord]:
    """Many new Leads."""
    return [make(number) for number in range(count)]


def page(text: str, status: int = 200) -> HttpResponse:
    """An answer of something on the way."""
    return HttpResponse(status, text.encode(), {"Content-Type": "text/html"})
