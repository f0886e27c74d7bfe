"""sObject Collections: up to 200 rows in one call, results in the order of the request, HTTP 200 even when rows fail.

With ``allOrNone`` one failed row undoes all; an unknown field or an unreadable value fails the whole request either
way. Mixed types are saved in runs of equal type, at most ten.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from sandbox.salesforce.definitions import FieldDefinition
from sandbox.salesforce.entity import Entity
from sandbox.salesforce.errors import Refusal, not_found, plain
from sandbox.salesforce.exchange import ApiCall, Reply
from sandbox.salesforce.ids import long_id
from sandbox.salesforce.limits import MAX_COLLECTION, MAX_RUNS
from sandbox.salesforce.org import Author, Org
from sandbox.salesforce.records import index_key
from sandbox.salesforce.saving import create, delete, update
from sandbox.salesforce.showing import field_names, show
from sandbox.salesforce.single import matching, refuse_shared_key

Fields = dict[str, object]
Save = Callable[[Fields], tuple[str, bool]]
"""Saves one row; answers its id and whether it was created."""

ROLLED_BACK = Refusal(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
)


@dataclass(slots=True)
class Batch:
    """The rows of one call on their way."""

    org: Org
    operation: str
    all_or_none: bool
    rows: Sequence[Fields]
    names_created: bool = False
    created: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)

    def save(self, save: Save, *, refused: dict[int, Refusal]) -> Reply:
        """Saves row by row; ``refused`` are rows that are known to fail."""
        mark = self.org.store.mark()
        results: list[Fields] = []
        failed = False
        for place, row in enumerate(self.rows):
            try:
                if place in refused:
                    raise refused[place]
                row_id, new = save(row)
            except Refusal as refusal:
                if refusal.whole and (self.org.switches.unknown_field_fails_request or refusal.code != "INVALID_FIELD"):
                    self.org.store.rollback(mark)
                    raise
                failed = True
                results.append(self._failure(row, refusal))
                continue
            results.append(
                {"id": row_id, "success": True, "errors": []} | ({"created": new} if self.names_created else {})
            )
            self.written.append(row_id)
            if new:
                self.created.append(row_id)
        if failed and self.all_or_none:
            self.org.store.rollback(mark)
            self.created.clear()
            self.written.clear()
            results = [
                self._failure(row, ROLLED_BACK) if result["success"] else result
                for row, result in zip(self.rows, results, strict=True)
            ]
        return Reply(200, results, self.operation, records=len(self.rows), created=self.created, written=self.written)

    def _failure(self, row: Fields, refusal: Refusal) -> Fields:
        named = _id_of(row) if self.org.switches.failed_rows_carry_id else None
        carried: Fields = {"id": named} if named else {}
        return (
            carried | {"success": False, "errors": [refusal.row()]} | ({"created": False} if self.names_created else {})
        )


def _id_of(row: Fields) -> object:
    return row.get("id", row.get("Id"))


def _records(call: ApiCall) -> tuple[bool, list[Fields]]:
    body = call.json_object()
    records = body.get("records")
    if not isinstance(records, list) or not all(isinstance(row, dict) for row in records):
        raise plain("JSON_PARSER_ERROR", "records must be a list of objects")
    _check_size(len(records))
    return body.get("allOrNone") is True, records


def _check_size(count: int) -> None:
    if count > MAX_COLLECTION:
        message = f"record limit reached. cannot submit more than {MAX_COLLECTION} records into this call"
        raise plain("EXCEEDED_ID_LIMIT", message)


def _entities(org: Org, records: Sequence[Fields]) -> list[Entity]:
    """The object of each row, by its ``attributes``; refuses more than ten runs of equal type."""
    found = []
    for row in records:
        named = row.get("attributes")
        kind = named.get("type") if isinstance(named, dict) else None
        if not isinstance(kind, str):
            raise plain("INVALID_INPUT", "Must provide the sObject type in attributes.type of every record")
        found.append(org.schema.require(kind))
    if len(list(groupby(entity.name for entity in found))) > MAX_RUNS:
        raise plain("LIMIT_EXCEEDED", f"more than {MAX_RUNS} runs of equal type; sort the records by type")
    return found


def repeated(org: Org, keys: Sequence[object], message: str) -> dict[int, Refusal]:
    """Refusals for keys that stand in the list more than once."""
    counts = Counter(key for key in keys if key is not None)
    seen: set[object] = set()
    refused: dict[int, Refusal] = {}
    for place, key in enumerate(keys):
        if key is None or counts[key] == 1:
            continue
        if org.switches.duplicates_in_list == "all" or key in seen:
            refused[place] = Refusal("DUPLICATE_VALUE", f"{message}: {key}")
        seen.add(key)
    return refused


def create_rows(org: Org, call: ApiCall) -> Reply:
    """``POST /composite/sobjects``."""
    all_or_none, records = _records(call)
    entities = iter(_entities(org, records))
    author = call.author()
    batch = Batch(org, "collections.create", all_or_none, records)
    return batch.save(lambda row: (create(org, next(entities), row, author=author), True), refused={})


def update_rows(org: Org, call: ApiCall) -> Reply:
    """``PATCH /composite/sobjects``."""
    all_or_none, records = _records(call)
    entities = {id(row): entity for row, entity in zip(records, _entities(org, records), strict=True)}
    author = call.author()

    def save(row: Fields) -> tuple[str, bool]:
        entity = entities[id(row)]
        row_id = known_id(org, _id_of(row), entity.definition.label)
        update(org, entity, row_id, row, author=author)
        return row_id, False

    refused = repeated(org, [long_id(_id_of(row)) for row in records], "Duplicate id in list")
    return Batch(org, "collections.update", all_or_none, records).save(save, refused=refused)


def delete_rows(org: Org, call: ApiCall) -> Reply:
    """``DELETE /composite/sobjects?ids=a,b``."""
    ids = [text for text in (call.first("ids") or "").split(",") if text]
    _check_size(len(ids))
    author = call.author()

    def save(row: Fields) -> tuple[str, bool]:
        row_id = known_id(org, row["id"], "Record")
        kind = org.schema.of_id(row_id)
        entity = org.schema.find(kind.name) if kind is not None else None
        if entity is None:
            raise Refusal("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        delete(org, entity, row_id, author=author)
        return row_id, False

    all_or_none = (call.first("allOrNone") or "").lower() == "true"
    rows: list[Fields] = [{"id": text} for text in ids]
    refused = repeated(org, [long_id(text) for text in ids], "Duplicate id in list")
    return Batch(org, "collections.delete", all_or_none, rows).save(save, refused=refused)


def upsert_rows(org: Org, call: ApiCall, entity: Entity, field_name: str) -> Reply:
    """``PATCH /composite/sobjects/X/{ExtField}``: the external id stands in each row."""
    all_or_none, records = _records(call)
    author: Author = call.author()
    if any(named.name != entity.name for named in _entities(org, records)):
        raise plain("INVALID_INPUT", f"every record must be of the type of the path, {entity.name}")
    field = entity.field(field_name)
    if field is None or not (field.id_lookup or field.external_id):
        raise not_found(f"Provided external ID field does not exist or is not accessible: {field_name}")
    refuse_shared_key(entity, field_name)
    keys = [next((value for name, value in row.items() if name.lower() == field.name.lower()), None) for row in records]
    key_of = {id(row): key for row, key in zip(records, keys, strict=True)}

    def save(row: Fields) -> tuple[str, bool]:
        return upsert_one(org, entity, field, row, key_of[id(row)], author=author)

    refused = repeated(org, folded(keys), "Duplicate external id specified")
    return Batch(org, "collections.upsert", all_or_none, records, names_created=True).save(save, refused=refused)


def upsert_one(
    org: Org, entity: Entity, field: FieldDefinition, row: Fields, key: object, *, author: Author
) -> tuple[str, bool]:
    """Creates or updates the row with this external id; answers its id and whether it was created."""
    if key is None and field.name == "Id":
        return create(org, entity, row, author=author), True
    if key is None or key == "":
        raise Refusal("MISSING_ARGUMENT", f"{field.name} not specified", (field.name,))
    found = matching(entity, field.name, key)
    if len(found) > 1:
        raise Refusal("DUPLICATE_EXTERNAL_ID",
                      f"{field.name}: more than one record found for external id field: {found}")  # fmt: skip
    if not found and field.name == "Id":
        raise Refusal("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    if not found:
        return create(org, entity, row, author=author), True
    update(org, entity, found[0], row, author=author)
    return found[0], False


def folded(keys: Sequence[object]) -> list[object]:
    """Keys as they are compared, without regard to case."""
    return [index_key(key) if isinstance(key, str) else None for key in keys]


def read_rows(call: ApiCall, entity: Entity) -> Reply:
    """``GET`` or ``POST /composite/sobjects/X``: rows by id in request order, null for what is not there."""
    if call.method == "GET":
        ids: object = (call.first("ids") or "").split(",")
        asked: object = (call.first("fields") or "").split(",")
    else:
        body = call.json_object()
        ids, asked = body.get("ids"), body.get("fields")
    if not isinstance(ids, list) or not isinstance(asked, list) or not asked:
        raise plain("INVALID_INPUT", "ids and fields must be lists")
    largest = entity.switches.largest_retrieve
    if len(ids) > largest:
        raise plain("EXCEEDED_ID_LIMIT", f"record limit reached. cannot read more than {largest} records")
    names = field_names(entity, [str(name) for name in asked])
    rows = (entity.table.rows.get(entity.long_id(text) or "") for text in ids)
    shown = [
        show(entity, row, names, root=call.root) if row and not row.get("IsDeleted") and entity.shows(row) else None
        for row in rows
    ]
    return Reply(200, shown, "collections.read", records=sum(row is not None for row in shown))


def known_id(org: Org, text: object, label: str) -> str:
    """The id of a row that is to be changed, or the refusal of what is none."""
    if text is None:
        raise Refusal("MISSING_ARGUMENT", "Id not specified in an update call", ("Id",))
    found = long_id(text, restores=org.switches.restores_id_case)
    if found is None:
        raise Refusal("MALFORMED_ID", f"{label} ID: id value of incorrect type: {text}", ("Id",))
    return found
