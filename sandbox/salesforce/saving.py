"""How a row is saved: conversion, required fields, rules, assignment, uniqueness, workflows, stamps, history.

The order is the vendor's as far as it is known: field conversion, required fields, references, assignment rule,
validation rules, unique fields, duplicate rules, then automation that rewrites the saved row within the same second.
Every refusal is a ``Refusal`` raised before anything is stored.
"""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.salesforce.address_lists import check_addresses
from sandbox.salesforce.definitions import Row, Value
from sandbox.salesforce.dependent import check_dependents
from sandbox.salesforce.duplicates import refuse_duplicates
from sandbox.salesforce.entity import Entity
from sandbox.salesforce.errors import Refusal, no_such_column
from sandbox.salesforce.history import record_history
from sandbox.salesforce.ids import long_id
from sandbox.salesforce.org import Author, Org
from sandbox.salesforce.permissions import check_setup
from sandbox.salesforce.record_types import check_record_type, choose_record_type
from sandbox.salesforce.relations import after_save, check_relations
from sandbox.salesforce.standard_activities import follow_status

IGNORED = frozenset({"attributes", "id"})
_GO_ALONG = ("Contact", "Opportunity")
"""What an account takes with it."""


def create(org: Org, entity: Entity, fields: Mapping[str, object], *, author: Author) -> str:
    """Saves a new row and returns its id."""
    _refuse_writes(org, entity)
    if not entity.createable and not author.human:
        code = org.switches.create_refused_code
        status = 400 if code.startswith("CANNOT") else 403
        raise Refusal(code, f"entity type cannot be inserted: {entity.definition.label}", status=status)
    values = convert(org, entity, fields, author=author, creating=True)
    row: Row = dict(entity.defaults)
    row.update((name, value) for name, value in values.items() if value is not None)
    missing = [name for name in entity.required if row.get(name) is None]
    if missing:
        raise _required(missing)
    choose_record_type(entity, row)
    if "OwnerId" in entity.fields:
        row.setdefault("OwnerId", author.user_id)
    row["Id"] = org.ids.take(entity.definition.prefix)
    now = org.now_stamp()
    row["CreatedDate"] = now
    row["CreatedById"] = author.user_id
    if "IsDeleted" in entity.fields:
        row["IsDeleted"] = False
    _save(org, entity, None, row, author=author)
    return str(row["Id"])


def update(org: Org, entity: Entity, record_id: str, fields: Mapping[str, object], *, author: Author) -> None:
    """Saves changes to a row. A save without a visible change moves the stamps too, as the vendor's does."""
    _refuse_writes(org, entity)
    old = writable_row(org, entity, record_id, author=author)
    _refuse_reach(entity, old, author, allowed=entity.updateable)
    values = convert(org, entity, fields, author=author, creating=False)
    missing = [name for name, value in values.items() if value is None and name in entity.never_null]
    if missing:
        raise _required(missing)
    if old.get("IsConverted") and entity.name == "Lead":
        raise Refusal("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
    _refuse_converted_status(org, entity, old, values)
    _save(org, entity, old, old | values, author=author)


def delete(org: Org, entity: Entity, record_id: str, *, author: Author) -> None:
    """Moves a row to the recycle bin; contacts and opportunities go with their account."""
    _refuse_writes(org, entity)
    if not entity.definition.deletable:
        raise Refusal("INSUFFICIENT_ACCESS_OR_READONLY", f"{entity.name} rows cannot be deleted", status=403)
    old = writable_row(org, entity, record_id, author=author)
    _refuse_reach(entity, old, author, allowed=entity.deletable)
    if old.get("IsOwnedByProfile"):
        raise Refusal("INSUFFICIENT_ACCESS_OR_READONLY", "a permission set of a profile cannot be deleted", status=403)
    put_stamped(org, entity, old, {"IsDeleted": True}, author=author)
    for children in map(org.schema.entities.__getitem__, _GO_ALONG if entity.name == "Account" else ()):
        for child_id in children.table.lookup("AccountId", record_id):
            child = children.table.rows[child_id]
            if not child["IsDeleted"]:
                put_stamped(org, children, child, {"IsDeleted": True}, author=author)


def put_stamped(org: Org, entity: Entity, old: Row, changes: Mapping[str, Value], *, author: Author) -> None:
    """Stores a changed row with new stamps and no further ado (deletes, merges, conversions, restores)."""
    row = {**old, **changes}
    stamp_row(org, row, author=author)
    org.store.put(entity.table, row, now=org.clock.now())


def stamp_row(org: Org, row: Row, *, author: Author) -> None:
    """Sets the audit fields of a change made now."""
    now = org.now_stamp()
    row["LastModifiedDate"] = now
    row["LastModifiedById"] = author.user_id
    row["SystemModstamp"] = now


def writable_row(org: Org, entity: Entity, record_id: str, *, author: Author) -> Row:
    """The present row, or the refusal that says why it cannot be written: unknown, deleted or locked."""
    row = entity.table.rows.get(record_id)
    uncommitted = org.store.uncommitted(entity.table, record_id)
    inside = author.human and org.store.late_until is not None
    if uncommitted is not None and inside:
        row = uncommitted
    if row is None:
        raise Refusal("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", status=404)
    if row.get("IsDeleted"):
        raise Refusal("ENTITY_IS_DELETED", "entity is deleted", status=404)
    if not author.human:
        if not entity.shows(row):
            raise Refusal(
                "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "insufficient access rights on cross-reference id",
                status=403,
            )  # fmt: skip
        armed = org.locked_rows.get(record_id, 0)
        if armed:
            org.locked_rows[record_id] = armed - 1
        if armed:
            raise _locked()
    if uncommitted is not None and not inside:  # whoever is not in that transaction waits for it, people too
        raise _locked()
    return row


def _locked() -> Refusal:
    return Refusal("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")


def convert(
    org: Org, entity: Entity, fields: Mapping[str, object], *, author: Author, creating: bool
) -> dict[str, Value]:
    """The stored values of the written ones, by the fields' own names."""
    values: dict[str, Value] = {}
    unwritable: list[str] = []
    find = entity.any_field if author.human else entity.field
    for name, value in fields.items():
        if name.lower() in IGNORED:
            continue
        field = find(name)
        if field is None:
            field = entity.lookup_field(name)
            if field is None or not isinstance(value, Mapping):
                raise no_such_column(entity.name, name)
            value = _by_external_id(org, field.refers_to, value)  # noqa: PLW2901 - the reference replaces its key
        writable = field.createable if creating else field.updateable
        if not writable or (field.name in entity.protected and not author.human):
            unwritable.append(field.name)
        elif value is None:
            values[field.name] = None
        else:
            values[field.name] = entity.converters[field.name](value)
    if unwritable:
        raise Refusal(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            f"Unable to create/update fields: {', '.join(unwritable)}. Please check the security settings of this "
            "field and verify that it is read/write for your profile or permission set.",
            unwritable,
        )
    return values


def compose_name(row: Row) -> str:
    """The compound name of a person."""
    return " ".join(str(row[part]) for part in ("FirstName", "LastName") if row.get(part))


def _save(org: Org, entity: Entity, old: Row | None, row: Row, *, author: Author) -> None:
    assign = org.assignment_rules.get(entity.name) if author.auto_assign and not author.human else None
    if assign is not None:
        row["OwnerId"] = assign(row) or row["OwnerId"]
    _check_references(org, entity, old, row)
    check_record_type(entity, old, row, author=author)
    check_dependents(entity, old, row, author=author)
    check_addresses(entity, old, row)
    for rule in org.validation_rules.get(entity.name, ()):
        verdict = rule(old, row)
        if verdict is not None:
            message, *named = (verdict,) if isinstance(verdict, str) else verdict
            raise Refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", message, named)
    _check_unique(entity, old, row)
    if entity.definition.setup:
        check_setup(org, entity, old, row)
    check_relations(org, entity, old, row)
    follow_status(entity.name, old, row, now=org.now_stamp())
    refuse_duplicates(org, entity, row, author=author)
    for workflow in org.workflows.get(entity.name, ()):
        rewritten = workflow(old, row)
        for name, value in rewritten.items():
            row[name] = None if value is None else entity.converters[name](value)
    if entity.composed_name:
        row["Name"] = compose_name(row)
    stamp_row(org, row, author=author)
    org.store.put(entity.table, row, now=org.clock.now())
    record_history(org, entity, old, row, author=author)
    after_save(org, entity, old, row, author=author)


def _refuse_writes(org: Org, entity: Entity) -> None:
    if org.maintenance:
        raise Refusal(
            "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE",
            "The organization is in read-only mode for maintenance; changes are not accepted now",
            status=org.switches.maintenance_status,
        )
    if not entity.definition.writeable:
        raise Refusal("INSUFFICIENT_ACCESS_OR_READONLY", f"{entity.name} rows cannot be written", status=403)


def _refuse_converted_status(org: Org, entity: Entity, old: Row, values: Mapping[str, Value]) -> None:
    """A converted status is for converted Leads, unless the list is only advice."""
    status = values.get("Status")
    if entity.name != "Lead" or org.switches.accepts_converted_status or status in (None, old.get("Status")):
        return
    if any(row["ApiName"] == status and row["IsConverted"] for row in org.schema.entities["LeadStatus"].table.by_id()):
        raise Refusal("INVALID_STATUS", f"invalid status: {status}", ("Status",))


def _refuse_reach(entity: Entity, row: Row, author: Author, *, allowed: bool) -> None:
    """A session may write what its object rights allow, of rows it owns unless it may modify all."""
    if not author.human and (not allowed or (entity.edits is not None and not entity.edits(row))):
        raise Refusal("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", status=403)


def _required(names: list[str]) -> Refusal:
    return Refusal("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(names)}]", names)


def _by_external_id(org: Org, parents: tuple[str, ...], key: Mapping[str, object]) -> str:
    """A parent row named by one of its external ids: ``"Account": {"Key__c": "x"}``."""
    named = [(name, value) for name, value in key.items() if name != "attributes"]
    for parent in (seen for name in parents if (seen := org.schema.find(name))):
        for name, value in named[:1]:
            field = parent.field(name)
            if field is not None and parent.table.has_index(field.name) and isinstance(value, str):
                live = [row_id for row_id in parent.table.lookup(field.name, value)
                        if not parent.table.rows[row_id].get("IsDeleted")]  # fmt: skip
                if len(live) == 1:
                    return live[0]
    name, value = named[0] if named else ("", None)
    raise Refusal(
        "INVALID_FIELD", f"Foreign key external ID: {value} not found for field {name} in entity {parents[0]}"
    )


def _check_references(org: Org, entity: Entity, old: Row | None, row: Row) -> None:
    for field in entity.references:
        value = row.get(field.name)
        if value is None or (old is not None and old.get(field.name) == value):
            continue
        parent = org.schema.of_id(str(value))
        if parent is None or parent.name not in field.refers_to:
            raise Refusal(
                "FIELD_INTEGRITY_EXCEPTION", f"{field.label}: id value of incorrect type: {value}", (field.name,)
            )
        found = parent.table.rows.get(long_id(value) or "")
        if found is None:
            raise Refusal("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", (field.name,))
        if found.get("IsDeleted"):
            raise Refusal("ENTITY_IS_DELETED", "entity is deleted", (field.name,))
        if field.name == "OwnerId" and not found.get("IsActive", True):
            raise Refusal(
                "INACTIVE_OWNER_OR_USER",
                f"operation performed with inactive user [{value}] as owner of {entity.name.lower()}",
            )
        if field.name == "OwnerId" and parent.name == "Group" and found.get("Type") != "Queue":
            raise Refusal("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", (field.name,))


def _check_unique(entity: Entity, old: Row | None, row: Row) -> None:
    for name in entity.unique:
        value = row.get(name)
        if value is None or (old is not None and old.get(name) == value):
            continue
        for other in entity.table.lookup(name, value):
            if other != row["Id"] and not entity.table.rows[other].get("IsDeleted"):
                raise Refusal(
                    "DUPLICATE_VALUE", f"duplicate value found: {name} duplicates value on record with id: {other}"
                )
