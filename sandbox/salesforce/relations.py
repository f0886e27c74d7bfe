"""What holds between a campaign and its members, an opportunity and its contact roles, a person and activities.

A member is a Lead or a Contact, not both, and once per campaign; of a converted Lead it becomes the Contact's, and of
a merged person the winner's, but not a second time. An
opportunity has one primary contact: a new primary role takes the place of the old one, and an opportunity that is made
with a ``ContactId`` gets a primary role of it. A Lead or Contact shows the day of its last activity: the due date of
what was closed, the day of an event that has begun. Facts of the vendor's object reference.
"""

from __future__ import annotations

from sandbox.salesforce.definitions import Row
from sandbox.salesforce.entity import Entity
from sandbox.salesforce.errors import Refusal
from sandbox.salesforce.opportunities import ROLE, follow_stage, show_primary
from sandbox.salesforce.org import Author, Org
from sandbox.salesforce.wire_time import stamp

_WHO = ("LeadId", "ContactId")
_ACTIVITIES = ("Task", "Event")


def check_relations(org: Org, entity: Entity, old: Row | None, row: Row) -> None:
    """Refuses a member of nobody, of two, or a second time; marks responded ones, and what a stage says."""
    if entity.name == "Opportunity":
        follow_stage(old, row)
    if entity.name != "CampaignMember":
        return
    named = [name for name in _WHO if row.get(name) is not None]
    if old is None and len(named) != 1:  # of a converted Lead both stand there
        code = "FIELD_INTEGRITY_EXCEPTION" if named else "REQUIRED_FIELD_MISSING"
        raise Refusal(code, "a campaign member is either a Lead or a Contact", list(_WHO))
    if old is not None and any(old.get(name) != row.get(name) for name in _WHO):
        raise Refusal("INVALID_FIELD_FOR_INSERT_UPDATE", "a campaign member cannot become another person", named)
    if old is None and _member(entity, str(row["CampaignId"]), named[0], str(row[named[0]])) is not None:
        raise Refusal("DUPLICATE_VALUE", "Already a campaign member.")
    row["HasResponded"] = row.get("Status") == "Responded"


def after_save(org: Org, entity: Entity, old: Row | None, row: Row, *, author: Author) -> None:
    """Keeps one primary role per opportunity, and shows people's last activity."""
    if entity.name in _ACTIVITIES:
        _show_activity(org, row, author=author)
    if entity.name == ROLE and row.get("IsPrimary"):
        for other in _live(entity, "OpportunityId", str(row["OpportunityId"])):
            if other["Id"] != row["Id"] and other.get("IsPrimary"):
                _put(org, entity, other | {"IsPrimary": False}, author)
    if entity.name == ROLE:
        show_primary(org, row, author=author)
    if entity.name == "Opportunity" and old is None and row.get("ContactId") is not None:
        roles = org.schema.entities[ROLE]
        made: Row = {
            **roles.defaults, "Id": org.ids.take(roles.definition.prefix), "IsDeleted": False, "IsPrimary": True,
            "OpportunityId": row["Id"], "ContactId": row["ContactId"], "CreatedDate": org.now_stamp(),
            "CreatedById": author.user_id,
        }  # fmt: skip
        _put(org, roles, made, author)


def _show_activity(org: Org, row: Row, *, author: Author) -> None:
    """A person shows the day of a later activity; whether their own stamp moves with it is a switch."""
    who = row.get("WhoId")
    day = row.get("ActivityDate") if row.get("IsClosed") else str(row.get("StartDateTime") or "")[:10]
    if who is None or not day or str(day) > org.now_stamp()[:10]:
        return
    entity = org.schema.of_id(str(who))
    person = None if entity is None else entity.table.rows.get(str(who))
    if entity is None or person is None or str(person.get("LastActivityDate") or "") >= str(day):
        return
    shown = {**person, "LastActivityDate": day}
    if org.switches.activities_stamp_people:
        _put(org, entity, shown, author)
    else:
        org.store.put(entity.table, shown, now=org.clock.now())


def follow_conversion(org: Org, lead_id: str, contact_id: str, *, author: Author) -> None:
    """The memberships of a converted Lead become the Contact's, but where the Contact is a member already."""
    if not org.switches.members_follow_conversion:
        return
    members = org.schema.entities["CampaignMember"]
    for row in _live(members, "LeadId", lead_id):
        known = _member(members, str(row["CampaignId"]), "ContactId", contact_id)
        changes: Row = {"IsDeleted": True} if known is not None else {"ContactId": contact_id}
        _put(org, members, row | changes, author)


def is_member_twice(child: Entity, row: Row, *, field: str, winner: str) -> bool:
    """Whether a row that a merge moves is a membership which the winner has already: it goes with the loser."""
    if child.name != "CampaignMember" or field not in _WHO or row.get("IsDeleted"):
        return False
    return _member(child, str(row["CampaignId"]), field, winner) is not None


def _member(members: Entity, campaign_id: str, name: str, person_id: str) -> Row | None:
    return next((row for row in _live(members, name, person_id) if row["CampaignId"] == campaign_id), None)


def _live(entity: Entity, name: str, value: str) -> list[Row]:
    rows = (entity.table.rows[row_id] for row_id in entity.table.lookup(name, value))
    return [row for row in rows if not row.get("IsDeleted")]


def _put(org: Org, entity: Entity, row: Row, author: Author) -> None:
    now = stamp(org.clock.now())
    row |= {"LastModifiedDate": now, "LastModifiedById": author.user_id, "SystemModstamp": now}
    org.store.put(entity.table, row, now=org.clock.now())
