"""Field history: one row per change of a tracked field, two for a lookup (names and ids), and one for the creation.

Long texts show no values; the author is whoever saved the row.
"""

from __future__ import annotations

from sandbox.salesforce.definitions import FieldDefinition, Row, Value
from sandbox.salesforce.entity import Entity
from sandbox.salesforce.org import Author, Org

_LONGEST_SHOWN = 255


def record_history(org: Org, entity: Entity, old: Row | None, row: Row, *, author: Author) -> None:
    """Writes the history rows of one save."""
    log = org.schema.history_of(entity.name)
    if log is None:
        return
    if old is None:
        note(org, log, row, "created", None, None, author=author)
        return
    for name in sorted(entity.tracked):
        before, after = old.get(name), row.get(name)
        if before == after:
            continue
        field = entity.fields[name]
        if field.type == "reference" and field.relationship:
            if org.switches.owner_history_twice:
                note(org, log, row, field.relationship, _name(org, before), _name(org, after), author=author)
            note(org, log, row, field.relationship, before, after, author=author, kind="EntityId")
        else:
            note(org, log, row, name, _shown(field, before), _shown(field, after), author=author)


def note(
    org: Org,
    log: Entity,
    row: Row,
    field: str,
    before: Value,
    after: Value,
    *,
    author: Author,
    kind: str = "Text",
) -> None:
    """Writes one history row for a record."""
    entry: Row = {
        "Id": org.ids.take(log.definition.prefix),
        "IsDeleted": False,
        f"{log.definition.history_of}Id": row["Id"],
        "CreatedById": author.user_id,
        "CreatedDate": row["LastModifiedDate"],
        "Field": field,
        "DataType": kind,
        "OldValue": before,
        "NewValue": after,
    }
    org.store.put(log.table, entry, now=org.clock.now())


def _name(org: Org, record_id: Value) -> Value:
    found = org.row(record_id)
    return None if found is None else found.get("Name")


def _shown(field: FieldDefinition, value: Value) -> Value:
    return None if field.length > _LONGEST_SHOWN and field.type == "textarea" else value
