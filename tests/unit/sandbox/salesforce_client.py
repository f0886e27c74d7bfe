"""A few lines that let a test speak to the Salesforce stand-in in process."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import orjson

from sandbox.kernel import HttpRequest, HttpResponse, SimulatedClock
from sandbox.salesforce import SalesforceKernel

ROOT = "/services/data/v60.0"
START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


@dataclass
class Client:
    """A kernel, its clock and a session."""

    clock: SimulatedClock = field(default_factory=lambda: SimulatedClock(START))
    kernel: SalesforceKernel = field(init=False)
    token: str = field(init=False)

    def __post_init__(self) -> None:
        self.kernel = SalesforceKernel(clock=self.clock, seed=7)
        self.token = self.kernel.login()

    def send(self, method: str, target: str, body: object = None, **headers: str) -> HttpResponse:
        """Sends one call; ``Sforce_Auto_Assign`` becomes the header ``Sforce-Auto-Assign``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        content = b"" if body is None else orjson.dumps(body)
        target = target if target.startswith("/services") else ROOT + target
        request = HttpRequest.from_target(method, target, {"Authorization": f"Bearer {self.token}", **named}, content)
        return self.kernel.handle(request)

    def call(self, method: str, target: str, body: object = None, **headers: str) -> tuple[int, Any]:
        """Status and parsed body."""
        answer = self.send(method, target, body, **headers)
        return answer.status, orjson.loads(answer.body) if answer.body else None

    def query(self, soql: str, resource: str = "query", **headers: str) -> Any:
        """The parsed answer of a query, refusals too."""
        return self.call("GET", f"/{resource}?q={quote(soql)}", **headers)[1]

    def column(self, soql: str, name: str = "LastName", resource: str = "query") -> list[Any]:
        """One column of a query's first page."""
        return [row[name] for row in self.query(soql, resource)["records"]]

    def lead(self, **fields: object) -> str:
        """A Lead made by a person."""
        return self.kernel.insert("Lead", {"LastName": "Doe", "Company": "Acme", **fields})

    def read(self, record_id: str, name: str, object_name: str = "Lead") -> Any:
        """One stored value."""
        return self.kernel.org.schema.entities[object_name].table.rows[record_id].get(name)
