"""Duplicate rules: off unless the org has some; a block cannot be overridden, an alert can, by header.

The key of the result is misspelt ``duplicateResut`` in the vendor's answers, and so it is here.
"""

from __future__ import annotations

from sandbox.salesforce.definitions import Row
from sandbox.salesforce.entity import Entity
from sandbox.salesforce.errors import Refusal
from sandbox.salesforce.org import Author, DuplicateRule, Org
from sandbox.salesforce.records import index_key


def refuse_duplicates(org: Org, entity: Entity, row: Row, *, author: Author) -> None:
    """Refuses a row that a duplicate rule recognises, unless the rule only alerts and the caller allows the save."""
    for rule in org.duplicate_rules.get(entity.name, ()):
        alert = rule.action == "alert"
        if alert and (author.human or author.allow_duplicates):
            continue
        found = _matches(entity, row, rule)
        if found:
            raise Refusal(
                "DUPLICATES_DETECTED",
                rule.message,
                names_fields=False,
                extra={"duplicateResut": _result(entity, rule, found, details=author.duplicate_details)},
            )


def _matches(entity: Entity, row: Row, rule: DuplicateRule) -> list[Row]:
    wanted = {name: index_key(row.get(name)) for name in rule.fields}
    if any(value is None for value in wanted.values()):
        return []
    table = entity.table
    indexed = next((name for name in rule.fields if table.has_index(name)), None)
    candidates = table.ids if indexed is None else table.lookup(indexed, row[indexed])
    return [
        other
        for other in (table.rows[row_id] for row_id in candidates)
        if other["Id"] != row["Id"]
        and not other.get("IsDeleted")
        and all(index_key(other.get(name)) == value for name, value in wanted.items())
    ]


def _result(entity: Entity, rule: DuplicateRule, found: list[Row], *, details: bool) -> dict[str, object]:
    def shown(row: Row) -> dict[str, object]:
        attributes: dict[str, object] = {"type": entity.name, "url": f"/sobjects/{entity.name}/{row['Id']}"}
        fields = {name: row.get(name) for name in rule.fields} if details else {}
        return {"attributes": attributes, "Id": row["Id"], **fields}

    return {
        "allowSave": rule.action == "alert",
        "duplicateRule": rule.name,
        "duplicateRuleEntityType": entity.name,
        "errorMessage": rule.message,
        "matchResults": [
            {
                "entityType": entity.name,
                "errors": [],
                "matchEngine": "ExactMatchEngine",
                "matchRecords": [
                    {"additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100.0, "record": shown(row)}
                    for row in found
                ],
                "rule": f"{rule.name}_Match",
                "size": len(found),
                "success": True,
            }
        ],
    }
