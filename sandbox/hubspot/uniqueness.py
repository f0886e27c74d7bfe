"""What HubSpot says when a value must be unique and is held by another record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.hubspot.errors import Problem, Refusal, already_exists, invalid_values
from sandbox.hubspot.switches import HubSpotSwitches
from sandbox.hubspot.tables import ObjectType

if TYPE_CHECKING:
    from sandbox.hubspot.records import RecordStore


def conflict(
    kind: ObjectType, name: str, value: str, *, holder: int, own: int | None, switches: HubSpotSwitches
) -> Refusal:
    """The refusal of a value that ``holder`` has; ``own`` is the record it was for, ``None`` a new one."""
    if name == "email":
        return already_exists(kind.label, existing=holder)
    message = (
        f"Cannot set PropertyValueCoordinates{{objectTypeId={kind.type_id}, propertyName={name}, "
        f"value={value}}} on {own or 'a new record'}. {holder} already has that value."
    )
    refusal = invalid_values([Problem(name, "CONFLICTING_UNIQUE_VALUE", message)])
    if switches.unique_conflict_status == 409:
        refusal.status, refusal.category = 409, "CONFLICT"
    return refusal


def check_domain(store: RecordStore, domain: str, *, own: int | None, switches: HubSpotSwitches) -> None:
    """Raises the refusal of a domain that another live company has, where domains must be unique (a switch)."""
    if not switches.unique_company_domain or store.kind.name != "companies" or not domain:
        return
    for number in store.live:
        held = store.records[number].values.get("domain", "")
        if number != own and held.lower() == domain.lower():
            raise conflict(store.kind, "domain", domain, holder=number, own=own, switches=switches)
