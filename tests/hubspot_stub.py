"""A scripted HubSpot for unit tests: rows in memory behind ``responses``, as little of the vendor as a trap needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from typing import Any

import orjson
import responses
from requests import PreparedRequest

from connectors.hubspot.client import HubSpotAccount
from connectors.hubspot.connector import HubSpotConnector
from connectors.transport import open_session
from syncd.model.remote import Shape
from tests.fakes import FakeChance, FakeClock, FreeBudget

BASE = "https://api.hubapi.com"
OBJECTS = f"{BASE}/crm/objects/2026-09/contacts"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SHAPE = Shape("person", {"contacts": ("email", "firstname", "@unsubscribed")}, key="syncd_crm_id")


def connect(
    clock: FakeClock, budget: FreeBudget | None = None, *, token: Callable[[], str] = lambda: "pat-1", **account: Any
) -> HubSpotConnector:
    """A connector whose session ``responses`` intercepts."""
    return HubSpotConnector(
        HubSpotAccount(access_token=token, **account),
        session=open_session(pool=1, base_url=BASE),
        clock=clock,
        chance=FakeChance(1),
        budget=budget or FreeBudget(),
        horizon=60.0,
    )


def iso(stamp: int) -> str:
    """Epoch milliseconds as HubSpot writes them."""
    return (EPOCH + timedelta(milliseconds=stamp)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def row(key: int | str, stamp: int, **properties: str | None) -> dict[str, Any]:
    """One record of an answer."""
    held = {"email": f"p{key}@example.com", "firstname": None, "hs_email_optout": None, "syncd_crm_id": None}
    return {
        "id": str(key),
        "properties": {**held, **properties, "lastmodifieddate": iso(stamp), "hs_object_id": str(key)},
        "createdAt": iso(0),
        "updatedAt": iso(stamp),
        "archived": False,
    }


def body_of(request: PreparedRequest) -> dict[str, Any]:
    """The JSON a request carried."""
    assert request.body is not None
    parsed: dict[str, Any] = orjson.loads(request.body)
    return parsed


@dataclass
class SearchStub:
    """A search endpoint over rows, with the vendor's limits as assertions. ``now`` is the Date, if ``dated``."""

    rows: list[dict[str, Any]]
    now: int
    bodies: list[dict[str, Any]] = field(default_factory=list)
    before: Callable[[int], None] = lambda _: None
    dated: bool = True

    def install(self) -> None:
        """Answers ``POST /search``."""
        responses.add_callback(responses.POST, f"{OBJECTS}/search", callback=self.answer)

    def answer(self, request: PreparedRequest) -> tuple[int, Mapping[str, str], bytes]:
        """One page."""
        assert request.body is not None
        assert len(request.body) <= 3_000, "the vendor refuses a longer body"
        body = body_of(request)
        self.before(len(self.bodies))
        self.bodies.append(body)
        start = int(body.get("after", "0"))
        assert start + body["limit"] <= 10_000, "the vendor refuses to page further"
        assert len(body["sorts"]) == 1
        hits = [row for row in self.rows if any(self._fits(row, group["filters"]) for group in body["filterGroups"])]
        by_id = body["sorts"][0]["propertyName"] == "hs_object_id"
        hits.sort(key=(lambda row: int(row["id"])) if by_id else stamp_of)
        page = hits[start : start + body["limit"]]
        answer: dict[str, Any] = {"total": len(hits), "results": page}
        if start + len(page) < len(hits):
            answer["paging"] = {"next": {"after": str(start + len(page))}}
        date = format_datetime(EPOCH + timedelta(milliseconds=self.now), usegmt=True)
        return 200, {"Date": date} if self.dated else {}, orjson.dumps(answer)

    def _fits(self, row: Mapping[str, Any], filters: list[dict[str, Any]]) -> bool:
        return all(self._passes(row, one) for one in filters)

    def _passes(self, row: Mapping[str, Any], one: Mapping[str, Any]) -> bool:
        name = one["propertyName"]
        held = stamp_of(row) if name == "lastmodifieddate" else int(row["id"]) if name == "hs_object_id" else None
        match one["operator"]:
            case "GT":
                return held is not None and held > int(one["value"])
            case "LTE":
                return held is not None and held <= int(one["value"])
            case "EQ":
                return held == int(one["value"])
            case "NOT_IN":
                return str(held) not in one["values"]
            case "IN":
                return str(row["properties"].get(name) or "").lower() in one["values"]
        raise AssertionError(one)


def stamp_of(row: Mapping[str, Any]) -> int:
    """The version stamp of a stub row."""
    return _millis(row["properties"]["lastmodifieddate"])


@lru_cache(maxsize=1 << 16)
def _millis(text: str) -> int:
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(milliseconds=1)
