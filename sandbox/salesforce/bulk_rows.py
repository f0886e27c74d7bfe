"""The rows of a Bulk upload: cells become written values, and each row is saved like any other write.

An empty cell leaves its field alone, ``#N/A`` clears it, a column ``Account.Key__c`` names a parent by its external id.
Rows are saved in chunks of 200, in which a key may stand once, as in a collection; a row that is refused fails alone.
Whatever header a job is made with, assignment rules run only where it names one, and alerts of duplicate rules cannot
be overridden.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sandbox.salesforce.bulk_csv import Unreadable
from sandbox.salesforce.collection import folded, known_id, repeated, upsert_one
from sandbox.salesforce.definitions import FieldDefinition
from sandbox.salesforce.entity import Entity
from sandbox.salesforce.errors import Refusal
from sandbox.salesforce.ids import long_id
from sandbox.salesforce.org import Author, Org
from sandbox.salesforce.saving import create, delete, update

CHUNK = 200
CLEARED = "#N/A"
Cells = list[str]


@dataclass(frozen=True, slots=True)
class Saved:
    """One row that was saved: its id, whether it is new, and its cells as uploaded."""

    id: str
    created: bool
    cells: Cells


@dataclass(frozen=True, slots=True)
class Refused:
    """One row that was not: why, in the vendor's form ``CODE:message:fields --``."""

    id: str
    why: str
    cells: Cells


@dataclass(frozen=True, slots=True)
class Upload:
    """What a job does with its rows."""

    org: Org
    entity: Entity
    operation: str
    key: FieldDefinition | None
    header: Sequence[str]
    author: Author

    def check(self) -> None:
        """Raises ``Unreadable`` for a file whose columns do not fit the operation."""
        for column in self.header:
            parent, dot, field = column.rpartition(".")
            link = self.entity.lookup_field(parent.rpartition(":")[2] if ":" in parent else parent) if dot else None
            known = link is not None if dot else self.entity.field(field) is not None
            if not known:
                raise Unreadable(f"InvalidBatch : Field name not found : {column}")
        names = {column.lower() for column in self.header}
        wanted = self.key.name if self.key is not None else "Id"
        if self.operation != "insert" and wanted.lower() not in names:
            raise Unreadable(f"InvalidBatch : Field name not found : {wanted}")
        if self.operation == "insert" and "id" in names:
            raise Unreadable("InvalidBatch : Field name not found : Id")
        if self.operation == "delete" and names != {"id"}:
            raise Unreadable("InvalidBatch : a delete has the column Id and no other")

    def save(self, rows: Sequence[Cells]) -> Iterator[Saved | Refused]:
        """Saves the rows in their order."""
        for start in range(0, len(rows), CHUNK):
            yield from self._chunk(rows[start : start + CHUNK])

    def _chunk(self, rows: Sequence[Cells]) -> Iterator[Saved | Refused]:
        fields = [self._fields(cells) for cells in rows]
        keys = [self._key_of(each) for each in fields]
        if self.key is not None and self.key.name != "Id":
            refused = repeated(self.org, folded(keys), "Duplicate external id specified")
        else:
            refused = repeated(self.org, [long_id(key) for key in keys], "Duplicate id in list")
        for place, cells in enumerate(rows):
            try:
                if place in refused:
                    raise refused[place]
                row_id, new = self._one(fields[place], keys[place])
            except Refusal as refusal:
                yield Refused(str(keys[place] or "") if self.key is None else "", _written(refusal), cells)
            else:
                yield Saved(row_id, new, cells)

    def _one(self, fields: dict[str, object], key: object) -> tuple[str, bool]:
        org, entity, author = self.org, self.entity, self.author
        if self.operation == "insert":
            return create(org, entity, fields, author=author), True
        if self.key is not None:
            return upsert_one(org, entity, self.key, fields, key, author=author)
        row_id = known_id(org, key, entity.definition.label)
        if self.operation == "delete":
            delete(org, entity, row_id, author=author)
        else:
            update(org, entity, row_id, fields, author=author)
        return row_id, False

    def _key_of(self, fields: dict[str, object]) -> object:
        wanted = (self.key.name if self.key is not None else "Id").lower()
        return next((value for name, value in fields.items() if name.lower() == wanted), None)

    def _fields(self, cells: Cells) -> dict[str, object]:
        found: dict[str, object] = {}
        for column, cell in zip(self.header, cells, strict=True):
            if cell == "":
                continue
            value = None if cell == CLEARED and self.org.switches.bulk_na_clears else cell
            parent, dot, field = column.rpartition(".")
            if not dot:
                found[column] = value
            elif value is None:
                link = self.entity.lookup_field(parent.rpartition(":")[2])
                found[link.name if link is not None else column] = None
            else:
                found[parent.rpartition(":")[2]] = {field: value}
        return found


def _written(refusal: Refusal) -> str:
    # A cell has no JSON to be parsed: what is no number or date is a fault of the record.
    code = "INVALID_TYPE_ON_FIELD_IN_RECORD" if refusal.code == "JSON_PARSER_ERROR" else refusal.code
    return f"{code}:{refusal.message}:{','.join(refusal.fields)} --"
