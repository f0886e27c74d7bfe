"""What follows from an Opportunity's stage, who its primary contact is, and in which currencies it may be.

A stage says whether an Opportunity is closed and won and how likely it is; only a probability that is given stands
against it. ``ContactId`` shows the contact of the primary role and is taken on creation alone (object reference,
"Opportunity"). With several currencies a record names its own, one of those that are active in the org.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sandbox.salesforce.definitions import FieldDefinition, Row, picklist
from sandbox.salesforce.entity import Entity
from sandbox.salesforce.org import Author, Org
from sandbox.salesforce.wire_time import stamp

ROLE = "OpportunityContactRole"
_ODDS: Mapping[str, int] = {
    "Prospecting": 10, "Qualification": 10, "Needs Analysis": 20, "Value Proposition": 50, "Id. Decision Makers": 60,
    "Perception Analysis": 70, "Proposal/Price Quote": 75, "Negotiation/Review": 90, "Closed Won": 100,
    "Closed Lost": 0,
}  # fmt: skip
_CLOSED = ("Closed Won", "Closed Lost")


def follow_stage(old: Row | None, row: Row) -> None:
    """Sets what a new stage says."""
    stage = str(row.get("StageName"))
    if old is not None and old.get("StageName") == stage:
        return
    row["IsClosed"], row["IsWon"] = stage in _CLOSED, stage == _CLOSED[0]
    given = row.get("Probability") if old is None else row.get("Probability") != old.get("Probability")
    if not given and stage in _ODDS:
        row["Probability"] = _ODDS[stage]


def show_primary(org: Org, role: Row, *, author: Author) -> None:
    """An Opportunity shows the contact of its primary role; whether its own stamp moves with it is a switch."""
    entity = org.schema.entities["Opportunity"]
    row = entity.table.rows.get(str(role["OpportunityId"]))
    if row is None:
        return
    if role.get("IsPrimary") and not role.get("IsDeleted"):
        contact = role["ContactId"]
    elif row.get("ContactId") == role["ContactId"]:
        contact = None  # the role that was primary is not, and no other one took its place
    else:
        return
    if row.get("ContactId") == contact:
        return
    shown = row | {"ContactId": contact}
    if org.switches.roles_stamp_opportunities:
        now = stamp(org.clock.now())
        shown |= {"LastModifiedDate": now, "LastModifiedById": author.user_id, "SystemModstamp": now}
    org.store.put(entity.table, shown, now=org.clock.now())


def currency_field(codes: Sequence[str]) -> FieldDefinition:
    """The currency of a record in an org with several; the first one is the org's own."""
    return picklist("CurrencyIsoCode", "Currency ISO Code", codes, length=3, nillable=True, defaulted=True,
                    default=codes[0], restricted=True, permissionable=False)  # fmt: skip


def give_currency(org: Org, entity: Entity, code: str) -> None:
    """Rows that are there already are in the org's own currency."""
    for row in entity.table.by_id():
        org.store.put(entity.table, {**row, "CurrencyIsoCode": row.get("CurrencyIsoCode") or code}, now=org.clock.now())
