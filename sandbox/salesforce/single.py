"""Single rows: create, read, update, upsert, delete, and what changed or went within a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sandbox.salesforce.conditions import check_conditions, is_known, version_headers
from sandbox.salesforce.definitions import Row
from sandbox.salesforce.entity import Entity
from sandbox.salesforce.errors import Refusal, not_found, plain
from sandbox.salesforce.exchange import ApiCall, Reply
from sandbox.salesforce.limits import MAX_DELETED_DAYS, MAX_LISTED_IDS, MAX_UPDATED_DAYS
from sandbox.salesforce.org import Org
from sandbox.salesforce.saving import create, delete, update
from sandbox.salesforce.showing import field_names, show
from sandbox.salesforce.wire_time import parse_instant, stamp

ALLOWED = "GET, HEAD, POST, PATCH, DELETE"


def method_not_allowed(method: str) -> Refusal:
    """405 (the vendor names the allowed ones in its message)."""
    return plain("METHOD_NOT_ALLOWED", f"HTTP Method '{method}' not allowed. Allowed are {ALLOWED}", status=405)


def matching(entity: Entity, field_name: str, value: object) -> list[str]:
    """Ids of the live rows with this external id, and 404 where the field is none."""
    field = entity.field(field_name)
    if field is None or not (field.id_lookup or field.external_id):
        raise not_found(f"Provided external ID field does not exist or is not accessible: {field_name}")
    if field.name == "Id":
        named = entity.long_id(value)
        return [named] if named and entity.shows(entity.table.rows.get(named)) else []
    stored = entity.converters[field.name](value)
    rows = entity.table.rows
    found = [row_id for row_id in entity.table.lookup(field.name, stored) if not rows[row_id].get("IsDeleted")]
    return found if entity.sees is None else [row_id for row_id in found if entity.sees(rows[row_id])]


def refuse_shared_key(entity: Entity, field_name: str) -> None:
    """An upsert by an external id that is not unique needs View All Data (vendor's upsert page)."""
    field = entity.field(field_name)
    if field is not None and field.external_id and not field.unique and not entity.finds_shared_keys:
        raise plain(
            "INSUFFICIENT_ACCESS_OR_READONLY",
            f"{field.name} is not unique: an upsert by it needs the permission View All Data",
            status=403,
        )


def create_row(org: Org, call: ApiCall, entity: Entity) -> Reply:
    """``POST /sobjects/X``."""
    new = create(org, entity, call.json_object(), author=call.author())
    return Reply(201, {"id": new, "success": True, "errors": []}, "create", records=1, created=[new], written=[new])


def row_by_id(org: Org, call: ApiCall, entity: Entity, text: str) -> Reply:
    """``/sobjects/X/{id}``."""
    row = entity.table.rows.get(entity.long_id(text) or "")
    if row is None or not entity.shows(row):
        raise not_found() if entity.long_id(text) else not_found(
            f"Provided external ID field does not exist or is not accessible: {text}"
        )  # fmt: skip
    if row.get("IsDeleted"):
        raise Refusal("ENTITY_IS_DELETED", "entity is deleted", status=404)
    return _row(org, call, entity, row)


def row_by_key(org: Org, call: ApiCall, entity: Entity, field_name: str, value: str) -> Reply:
    """``/sobjects/X/{ExtField}/{value}``: read, upsert or delete by an external id; 300 when several rows match."""
    found = matching(entity, field_name, value)
    if len(found) > 1:
        urls = [f"{call.root}/sobjects/{entity.name}/{row_id}" for row_id in found]
        return Reply(300, urls, "upsert" if call.method == "PATCH" else "read")
    if call.method == "PATCH":
        return _upsert(org, call, entity, field_name, value, found)
    if not found:
        raise not_found()
    return _row(org, call, entity, entity.table.rows[found[0]])


def _row(org: Org, call: ApiCall, entity: Entity, row: Row) -> Reply:
    row_id = str(row["Id"])
    if call.method in ("GET", "HEAD"):
        headers = version_headers(entity, row)
        if is_known(call, entity, row):
            return Reply(304, None, "read", headers)
        asked = call.first("fields")
        names = field_names(entity, asked.split(",")) if asked else [field.name for field in entity.visible_fields()]
        return Reply(200, show(entity, row, names, root=call.root), "read", headers, records=1)
    if call.method == "PATCH":
        check_conditions(org, call, entity, row)
        update(org, entity, row_id, call.json_object(), author=call.author())
        return Reply(204, None, "update", records=1, written=[row_id])
    if call.method == "DELETE":
        delete(org, entity, row_id, author=call.author())
        return Reply(204, None, "delete", records=1, written=[row_id])
    raise method_not_allowed(call.method)


def _upsert(org: Org, call: ApiCall, entity: Entity, field_name: str, value: str, found: Sequence[str]) -> Reply:
    fields = call.json_object()
    refuse_shared_key(entity, field_name)
    if org.switches.refuses_key_in_upsert_body and field_name.lower() in {name.lower() for name in fields}:
        raise plain("INVALID_FIELD", f"The {field_name} field should not be specified in the sobject data.")
    if found:
        check_conditions(org, call, entity, entity.table.rows[found[0]])
        update(org, entity, found[0], fields, author=call.author())
        if float(call.version) < org.switches.upsert_answers_body_since:
            return Reply(204, None, "upsert", records=1, written=found)
        body = {"id": found[0], "success": True, "errors": [], "created": False}
        return Reply(200, body, "upsert", records=1, written=found)
    if (call.first("updateOnly") or "").lower() == "true" or field_name.lower() == "id":
        raise not_found()
    new = create(org, entity, fields | {field_name: value}, author=call.author())
    body = {"id": new, "success": True, "errors": [], "created": True}
    return Reply(201, body, "upsert", records=1, created=[new], written=[new])


def _window(org: Org, call: ApiCall, days: int) -> tuple[datetime, datetime]:
    """Start and end of a replication window, whose seconds the vendor ignores."""
    ends = []
    for name in ("start", "end"):
        instant = parse_instant((call.first(name) or "").replace(" ", "+"))
        if instant is None:
            raise plain("INVALID_REPLICATION_DATE", f"{name} must be an instant such as 2024-01-31T18:24:00+00:00")
        cut = org.switches.updated_ignores_seconds
        ends.append(instant.replace(second=0, microsecond=0) if cut else instant)
    start, end = ends
    if start >= end:
        raise plain("INVALID_REPLICATION_DATE", "startDate must be at least one minute before endDate")
    if start < org.clock.now() - timedelta(days=days):
        raise plain("INVALID_REPLICATION_DATE", f"startDate cannot be more than {days} days ago")
    return start, end


def _covered(org: Org, entity: Entity, end: datetime) -> str:
    """``latestDateCovered``: stays at the start of the oldest open transaction."""
    ends = [end, org.clock.now()]
    oldest = org.store.oldest_open(entity.table)
    return stamp(min([*ends, oldest] if oldest is not None else ends).astimezone(UTC))


def updated(org: Org, call: ApiCall, entity: Entity) -> Reply:
    """``/sobjects/X/updated``: ids by SystemModstamp, deletes excluded."""
    start, end = _window(org, call, MAX_UPDATED_DAYS)
    rows = entity.table.modified((stamp(start), ""), stamp(end))
    ids = [str(row["Id"]) for row in rows if not row.get("IsDeleted") and entity.shows(row)]
    if len(ids) > MAX_LISTED_IDS:
        raise plain("EXCEEDED_ID_LIMIT", f"more than {MAX_LISTED_IDS} ids in the window")
    return Reply(200, {"ids": ids, "latestDateCovered": _covered(org, entity, end)}, "updated", records=len(ids))


def deleted(org: Org, call: ApiCall, entity: Entity) -> Reply:
    """``/sobjects/X/deleted``: deleted rows and merge losers, as far back as the log still reaches."""
    start, end = _window(org, call, MAX_DELETED_DAYS)
    if org.switches.purged_log_refuses and start < org.deletions_known_since:
        raise plain("INVALID_REPLICATION_DATE", "startDate before org replication enabled date")
    # What the log lost is not answered; the caller sees it by earliestDateAvailable.
    rows = entity.table.modified((stamp(max(start, org.deletions_known_since)), ""), stamp(end))
    merged = org.switches.deleted_names_merge_losers
    gone = [
        row
        for row in rows
        if row.get("IsDeleted") and entity.shows(row) and (merged or row.get("MasterRecordId") is None)
    ]
    if len(gone) > MAX_LISTED_IDS:
        raise plain("EXCEEDED_ID_LIMIT", f"more than {MAX_LISTED_IDS} ids in the window")
    body = {
        "deletedRecords": [{"id": row["Id"], "deletedDate": row["SystemModstamp"]} for row in gone],
        "earliestDateAvailable": stamp(org.deletions_known_since),
        "latestDateCovered": _covered(org, entity, end),
    }
    return Reply(200, body, "deleted", records=len(gone))
