"""A HubSpot stand-in under test, called in process: a path and a body in, a status and a body out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from sandbox.hubspot.kernel import DEFAULT_TOKEN, HubSpotKernel
from sandbox.hubspot.limits import HubSpotLimits
from sandbox.hubspot.switches import HubSpotSwitches
from sandbox.kernel import HttpRequest, HttpResponse, SimulatedClock

#: Wednesday noon UTC: seven in the morning in the account's zone.
START = datetime(2026, 11, 25, 12, tzinfo=UTC)
CONTACTS = "/crm/v3/objects/contacts"
COMPANIES = "/crm/v3/objects/companies"


class HubSpotAccountUnderTest:
    """One account whose clock the test moves. Search has no lag and no limit unless asked for."""

    def __init__(
        self, *, limits: HubSpotLimits | None = None, lag: tuple[float, float] = (0.0, 0.0), **switches: Any
    ) -> None:
        self.clock = SimulatedClock(START)
        self.kernel = HubSpotKernel(
            clock=self.clock,
            seed=7,
            limits=limits or HubSpotLimits(search_per_second=1_000, rolling=1_000),
            switches=HubSpotSwitches(index_lag=lag, **switches),
        )

    def send(self, method: str, target: str, body: Any = None, *, token: str = DEFAULT_TOKEN) -> HttpResponse:
        """The raw answer."""
        raw = b"" if body is None else orjson.dumps(body)
        return self.kernel.handle(HttpRequest.from_target(method, target, {"Authorization": f"Bearer {token}"}, raw))

    def call(self, method: str, target: str, body: Any = None) -> tuple[int, Any]:
        """Status and parsed body; ``None`` where there is no body."""
        response = self.send(method, target, body)
        return response.status, orjson.loads(response.body) if response.body else None

    def ok(self, method: str, target: str, body: Any = None) -> Any:
        """The parsed body of an answer that must be a success."""
        status, answer = self.call(method, target, body)
        assert 200 <= status < 300, (status, answer)
        return answer

    def contact(self, **properties: str) -> str:
        """A contact made by a person; returns its id."""
        return self.kernel.create("contacts", properties)

    def read(self, number: str, *names: str, kind: str = "contacts") -> dict[str, Any]:
        """The properties of one record, as the API answers them."""
        properties: dict[str, Any] = self.ok("GET", f"/crm/v3/objects/{kind}/{number}?properties={','.join(names)}")[
            "properties"
        ]
        return properties

    def stamp(self, number: str, *, kind: str = "contacts") -> str:
        """The version stamp of one record."""
        return str(self.ok("GET", f"/crm/v3/objects/{kind}/{number}")["updatedAt"])

    def search(self, *filters: tuple[str, str, Any], kind: str = "contacts", **more: Any) -> Any:
        """Status and answer of a search with one group; values of IN are lists, of BETWEEN pairs."""
        group: list[dict[str, Any]] = []
        for name, operator, value in filters:
            entry: dict[str, Any] = {"propertyName": name, "operator": operator}
            if operator in ("IN", "NOT_IN"):
                entry["values"] = value
            elif operator == "BETWEEN":
                entry["value"], entry["highValue"] = value
            elif value is not None:
                entry["value"] = value
            group.append(entry)
        groups = [{"filters": group}] if group else []
        return self.call("POST", f"/crm/v3/objects/{kind}/search", {"filterGroups": groups, **more})

    def hits(self, *filters: tuple[str, str, Any], kind: str = "contacts", **more: Any) -> list[str]:
        """Ids found by a search that must succeed."""
        status, answer = self.search(*filters, kind=kind, **more)
        assert status == 200, answer
        return [result["id"] for result in answer["results"]]
