"""Endpoints of communication preferences, version 3: one subscription type of one address a call.

This version can unsubscribe, but never brings back an address that has unsubscribed; version 4 can (vendor's pages).
"""

from __future__ import annotations

from typing import Any

from sandbox.hubspot.errors import Refusal, invalid_request
from sandbox.hubspot.exchange import Exchange
from sandbox.hubspot.standard import SUBSCRIPTIONS
from sandbox.hubspot.subscriptions import Status
from sandbox.kernel import Answered


def reads(exchange: Exchange, address: str) -> Answered:
    """``GET /status/email/{email}``."""
    statuses = [_wire(row) for row in exchange.portal.subscriptions.statuses(address)]
    return exchange.answer(200, {"recipient": address, "subscriptionStatuses": statuses}, records=1)


def subscribes(exchange: Exchange) -> Answered:
    """``POST /subscribe``: 400 for an address that unsubscribed, which must subscribe by itself."""
    address, subscription = _named(exchange)
    held = _status(exchange, address, subscription)
    if held["status"] == "UNSUBSCRIBED" or exchange.portal.subscriptions.opted_out(address):
        raise Refusal(400, f"{address} has unsubscribed from subscription {subscription} and cannot be resubscribed")
    return _put(exchange, address, subscription, "SUBSCRIBED")


def unsubscribes(exchange: Exchange) -> Answered:
    """``POST /unsubscribe``."""
    address, subscription = _named(exchange)
    return _put(exchange, address, subscription, "UNSUBSCRIBED")


def _put(exchange: Exchange, address: str, subscription: int, status: Status) -> Answered:
    portal = exchange.portal
    portal.subscriptions.put(
        address, subscription=subscription, status=status, at=portal.now(), source=exchange.source.kind
    )
    portal.show_preferences(address, source=exchange.source)
    answer = _wire(_status(exchange, address, subscription)) | {"recipient": address}
    return exchange.answer(200, answer, records=1, written=[address])


def _named(exchange: Exchange) -> tuple[str, int]:
    body = exchange.body()
    address, subscription = body.get("emailAddress"), body.get("subscriptionId")
    if not isinstance(address, str) or not address:
        raise invalid_request("Invalid input JSON: some required fields were not set: [emailAddress]")
    if not str(subscription).isdigit() or int(str(subscription)) not in SUBSCRIPTIONS:
        raise invalid_request(f"subscriptionId {subscription!r} is not a subscription type of this account")
    return address, int(str(subscription))


def _status(exchange: Exchange, address: str, subscription: int) -> dict[str, Any]:
    rows = exchange.portal.subscriptions.statuses(address)
    return next(row for row in rows if row["subscriptionId"] == subscription)


def _wire(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": str(row["subscriptionId"]),
        "name": row["subscriptionName"],
        "description": row["subscriptionName"],
        "status": "NOT_SUBSCRIBED" if row["status"] == "UNSUBSCRIBED" else row["status"],
        "sourceOfStatus": "SUBSCRIPTION_STATUS",
    }
