"""How ``lifecyclestage`` moves: forward only for apps, and by HubSpot itself when a deal is made or won.

Stages stand in the order of their options. An app that wants one to go back clears it and sets it in a second request
(contacts guide, 2026-03). A deal takes its contacts and companies to ``opportunity``, a won one to ``customer``; what
stands further on already stays (vendor's changelog on customised stages).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from sandbox.hubspot.definitions import PropertyDefinition
from sandbox.hubspot.errors import Problem
from sandbox.hubspot.history import Source
from sandbox.hubspot.switches import HubSpotSwitches

if TYPE_CHECKING:
    from sandbox.hubspot.portal import Portal
    from sandbox.hubspot.records import Record, RecordStore

STAGE = "lifecyclestage"
WON = "closedwon"
_BY_ITSELF = Source("AUTOMATION_PLATFORM", "deal")


def hold_back(
    definition: PropertyDefinition, changes: dict[str, str], old: Mapping[str, str], *, switches: HubSpotSwitches
) -> list[Problem]:
    """Takes a backward move out of ``changes`` and says so only if the switch wants an error."""
    new, before = changes[STAGE], old.get(STAGE)
    if not new or not before or not _is_earlier(definition, new, than=before):
        return []
    del changes[STAGE]
    if switches.stage_regression == "silent":
        return []
    message = f"lifecyclestage cannot move backward from {before} to {new}; clear it first"
    return [Problem(STAGE, "INVALID_LIFECYCLE_STAGE", message)]


def follow_deal(portal: Portal, deal: Record) -> None:
    """Moves the stages of everybody whom a live deal is associated with, where the account wants that."""
    if not portal.switches.deals_move_stages or deal.archived is not None:
        return
    stage = "customer" if deal.values.get("dealstage") == WON else "opportunity"
    for store, record in list(_parties(portal, deal)):
        definition = store.definitions[STAGE]
        before = record.values.get(STAGE)
        known = any(option.value == stage for option in definition.options)
        if known and (not before or _is_earlier(definition, before, than=stage)):
            portal.update(store, record, {STAGE: stage}, source=_BY_ITSELF)


def _parties(portal: Portal, deal: Record) -> Iterator[tuple[RecordStore, Record]]:
    for kind in ("contacts", "companies"):
        store = portal.stores[kind]
        for number in portal.links.of(("deals", kind), deal.id):
            if store.records[number].archived is None:
                yield store, store.records[number]


def _is_earlier(definition: PropertyDefinition, stage: str, *, than: str) -> bool:
    order = {option.value: option.order for option in definition.options}
    return order.get(stage, 0) < order.get(than, 0)
