"""Endpoints of pipelines: the stages that deals and tickets pass through, in their order.

An account starts with one pipeline for each; the ids of its stages are what records hold. Whether a stage ends the way,
and how likely a deal is won in it, stands in ``metadata``, as text (contract of the client library).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.hubspot.activities import TICKET_STAGES
from sandbox.hubspot.errors import Refusal, invalid_request
from sandbox.hubspot.exchange import Exchange
from sandbox.hubspot.standard import DEAL_STAGES
from sandbox.kernel import Answered

_MADE = "2020-01-01T00:00:00.000Z"
_CHANCES = ("0.2", "0.4", "0.6", "0.8", "0.9", "1.0", "0.0")
_WON_OR_LOST = ("0.0", "1.0")
_LAST_TICKET_STAGE = TICKET_STAGES[-1][0]


def _stage(place: int, key: str, label: str, metadata: Mapping[str, str]) -> dict[str, Any]:
    return {
        "label": label,
        "displayOrder": place,
        "metadata": dict(metadata),
        "id": key,
        "createdAt": _MADE,
        "updatedAt": _MADE,
        "archived": False,
        "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
    }


def _pipeline(key: str, label: str, stages: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "label": label,
        "displayOrder": 0,
        "id": key,
        "stages": stages,
        "createdAt": _MADE,
        "updatedAt": _MADE,
        "archived": False,
    }


_PIPELINES: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "deals": (
        _pipeline(
            "default",
            "Sales Pipeline",
            [
                _stage(place, key, label, {"isClosed": str(odds in _WON_OR_LOST).lower(), "probability": odds})
                for place, ((key, label), odds) in enumerate(zip(DEAL_STAGES, _CHANCES, strict=True))
            ],
        ),
    ),
    "tickets": (
        _pipeline(
            "0",
            "Support Pipeline",
            [
                _stage(place, key, label, {
                    "isClosed": str(key == _LAST_TICKET_STAGE).lower(),
                    "ticketState": "CLOSED" if key == _LAST_TICKET_STAGE else "OPEN",
                })
                for place, (key, label) in enumerate(TICKET_STAGES)
            ],
        ),
    ),
}  # fmt: skip


def lists(exchange: Exchange, kind: str) -> Answered:
    """``GET /pipelines/{type}``: all of them with their stages, in one page."""
    found = _of(exchange, kind)
    return exchange.answer(200, {"results": list(found)}, records=len(found))


def reads(exchange: Exchange, kind: str, key: str) -> Answered:
    """``GET /pipelines/{type}/{id}``."""
    return exchange.answer(200, _named(_of(exchange, kind), key, what="pipeline"), records=1)


def lists_stages(exchange: Exchange, kind: str, key: str) -> Answered:
    """``GET /pipelines/{type}/{id}/stages``."""
    stages = _named(_of(exchange, kind), key, what="pipeline")["stages"]
    return exchange.answer(200, {"results": stages}, records=len(stages))


def reads_stage(exchange: Exchange, kind: str, key: str, stage: str) -> Answered:
    """``GET /pipelines/{type}/{id}/stages/{stageId}``."""
    stages = _named(_of(exchange, kind), key, what="pipeline")["stages"]
    return exchange.answer(200, _named(stages, stage, what="stage"), records=1)


def _of(exchange: Exchange, kind: str) -> tuple[Mapping[str, Any], ...]:
    name = exchange.portal.store(kind).kind.name
    own = exchange.portal.pipelines.get(name)
    if own is not None:
        return tuple(own)
    if name not in _PIPELINES:
        raise invalid_request(f"Records of {name} pass through no pipeline")
    return _PIPELINES[name]


def _named(rows: tuple[Mapping[str, Any], ...] | list[Mapping[str, Any]], key: str, *, what: str) -> Mapping[str, Any]:
    for row in rows:
        if row["id"] == key:
            return row
    raise Refusal(404, f"There is no {what} with the id {key}", category="OBJECT_NOT_FOUND", context={"id": [key]})
