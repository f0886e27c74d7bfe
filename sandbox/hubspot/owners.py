"""Endpoints of owners, which are read only by API, and of the account itself."""

from __future__ import annotations

from typing import Any

from sandbox.hubspot.errors import invalid_request, not_found
from sandbox.hubspot.exchange import Exchange
from sandbox.hubspot.portal import by_number
from sandbox.hubspot.stamps import iso, millis
from sandbox.kernel import Answered


def lists(exchange: Exchange) -> Answered:
    """``GET /owners``: active ones, or ``archived=true``; one by ``email``; pages of 100."""
    portal = exchange.portal
    archived, email = exchange.flag("archived"), exchange.request.first("email")
    limit = exchange.number("limit", default=100, limit=500)
    after = by_number(exchange.request.first("after") or "0", what="after")
    owners = [
        owner
        for owner in sorted(portal.owners.values(), key=lambda owner: int(owner.id))
        if owner.archived == archived
        and int(owner.id) > after
        and (email is None or owner.email.lower() == email.lower())
    ]
    body: dict[str, Any] = {"results": [owner.wire() for owner in owners[:limit]]}
    if len(owners) > limit:
        body["paging"] = {"next": {"after": owners[limit - 1].id}}
    return exchange.answer(200, body, records=len(owners[:limit]))


def reads(exchange: Exchange, key: str) -> Answered:
    """``GET /owners/{id}``: by owner id or, ``idProperty=userId``, by user id."""
    name = exchange.request.first("idProperty", "id")
    if name not in ("id", "userId"):
        raise invalid_request(f"idProperty must be id or userId, not {name}")
    archived = exchange.flag("archived")
    for owner in exchange.portal.owners.values():
        if key == (owner.id if name == "id" else str(owner.user_id)) and owner.archived == archived:
            return exchange.answer(200, owner.wire(), records=1)
    raise not_found(bare=exchange.portal.switches.bare_not_found)


def reads_usage(exchange: Exchange) -> Answered:
    """``GET /account-info/{version}/api-usage/daily/private-apps``: what was called today and when the day ends."""
    portal, moment = exchange.portal, exchange.portal.moment()
    usage = {
        "name": "private-apps-api-calls-daily",
        "usageLimit": portal.limits.daily,
        "currentUsage": exchange.meters.spent_today(at=moment),
        "collectedAt": iso(portal.now()),
        "fetchStatus": "SUCCESS",
        "resetsAt": iso(millis(exchange.account.next_midnight(moment))),
    }
    return exchange.answer(200, {"results": [usage]}, records=1)


def reads_account(exchange: Exchange) -> Answered:
    """``GET /account-info/{version}/details``."""
    return exchange.answer(200, exchange.account.details(exchange.portal.moment()), records=1)
