"""Endpoints of communication preferences, version 4: statuses of addresses, one by one and in batches.

Every call names ``channel=EMAIL``, in the query or, for a single update, in the body. Writes that are not ``verbose``
answer empty results (vendor's reference pages).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.hubspot.errors import invalid_request
from sandbox.hubspot.exchange import Exchange, check_size, texts
from sandbox.hubspot.standard import SUBSCRIPTIONS
from sandbox.kernel import Answered


def reads(exchange: Exchange, address: str) -> Answered:
    """``GET /statuses/{email}``: one entry per subscription type."""
    _check_channel(exchange)
    return exchange.batch(200, exchange.portal.subscriptions.statuses(address))


def updates(exchange: Exchange, address: str) -> Answered:
    """``POST /statuses/{email}``: sets one subscription type."""
    entry = _update(exchange, address, exchange.body())
    return exchange.answer(200, entry, records=1, written=[address])


def batch_updates(exchange: Exchange) -> Answered:
    """``POST /statuses/batch/write``: one subscription type of one address a row; a bad row fails the batch."""
    rows = exchange.body().get("inputs")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise invalid_request("inputs must be a list of statuses")
    check_size(rows, limit=exchange.portal.limits.batch)
    addresses = [str(row.get("subscriberIdString")) for row in rows]
    for row in rows:
        _check_update(row)
    results = [_update(exchange, address, row) for address, row in zip(addresses, rows, strict=True)]
    return exchange.batch(200, results, written=addresses)


def _check_update(body: Mapping[str, Any]) -> None:
    subscription, status = body.get("subscriptionId"), body.get("statusState")
    if body.get("channel") != "EMAIL":
        raise invalid_request("channel must be EMAIL")
    if not isinstance(subscription, int) or subscription not in SUBSCRIPTIONS:
        raise invalid_request(f"subscriptionId {subscription!r} is not a subscription type of this account")
    if status not in ("SUBSCRIBED", "UNSUBSCRIBED"):
        raise invalid_request(f"statusState must be SUBSCRIBED or UNSUBSCRIBED, not {status!r}")


def _update(exchange: Exchange, address: str, body: Mapping[str, Any]) -> dict[str, Any]:
    _check_update(body)
    portal = exchange.portal
    subscription = body["subscriptionId"]
    portal.subscriptions.put(
        address, subscription=subscription, status=body["statusState"], at=portal.now(), source=exchange.source.kind
    )
    portal.show_preferences(address, source=exchange.source)
    return next(row for row in portal.subscriptions.statuses(address) if row["subscriptionId"] == subscription)


def reads_wide(exchange: Exchange, address: str) -> Answered:
    """``GET /statuses/{email}/unsubscribe-all``: empty unless the address opted out of everything."""
    _check_channel(exchange)
    return exchange.batch(200, exchange.portal.subscriptions.wide_statuses(address))


def unsubscribes(exchange: Exchange, address: str) -> Answered:
    """``POST /statuses/{email}/unsubscribe-all``."""
    _check_channel(exchange)
    exchange.portal.opt_out(address, source=exchange.source)
    results = exchange.portal.subscriptions.statuses(address) if exchange.flag("verbose") else []
    return exchange.batch(200, results, written=[address])


def batch_reads(exchange: Exchange) -> Answered:
    """``POST /statuses/batch/read``: inputs are plain addresses."""
    _check_channel(exchange)
    subscriptions = exchange.portal.subscriptions
    return exchange.batch(
        200,
        [{"subscriberIdString": a, "statuses": subscriptions.statuses(a)} for a in _addresses(exchange)],
    )


def batch_reads_wide(exchange: Exchange) -> Answered:
    """``POST /statuses/batch/unsubscribe-all/read``."""
    _check_channel(exchange)
    subscriptions = exchange.portal.subscriptions
    return exchange.batch(
        200,
        [{"subscriberIdString": a, "wideStatuses": subscriptions.wide_statuses(a)} for a in _addresses(exchange)],
    )


def batch_unsubscribes(exchange: Exchange) -> Answered:
    """``POST /statuses/batch/unsubscribe-all``."""
    _check_channel(exchange)
    portal = exchange.portal
    addresses = _addresses(exchange)
    for address in addresses:
        portal.opt_out(address, source=exchange.source)
    results = []
    for address in addresses:
        statuses = portal.subscriptions.statuses(address) if exchange.flag("verbose") else []
        results.append({"subscriberIdString": address, "statuses": statuses})
    return exchange.batch(200, results, written=addresses)


def _check_channel(exchange: Exchange) -> None:
    if exchange.request.first("channel") != "EMAIL":
        raise invalid_request("The query parameter channel is required; the only channel is EMAIL")


def _addresses(exchange: Exchange) -> list[str]:
    addresses = texts(exchange.body().get("inputs"), what="inputs")
    check_size(addresses, limit=exchange.portal.limits.batch)
    return addresses
