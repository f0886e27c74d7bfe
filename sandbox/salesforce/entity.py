"""One object of the org as it is now: its definition, the fields added to it, who may see them, and its table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from sandbox.salesforce.definitions import (
    RECORD_TYPE,
    FieldDefinition,
    ObjectDefinition,
    PicklistValue,
    RecordType,
    Row,
    Value,
)
from sandbox.salesforce.errors import plain
from sandbox.salesforce.ids import long_id
from sandbox.salesforce.records import Table
from sandbox.salesforce.switches import SalesforceSwitches
from sandbox.salesforce.validation import Converter, converter_for

MAX_TRACKED = 20


class Entity:
    """An object with its present fields. Field names are found without regard to case, as the vendor does."""

    def __init__(self, definition: ObjectDefinition, *, switches: SalesforceSwitches, changed: datetime) -> None:
        self.definition = definition
        self.name = definition.name
        self.changed = changed
        self.hidden: set[str] = set()
        self.protected: set[str] = set()
        self.tracked: frozenset[str] = frozenset(definition.tracked)
        self.children: list[tuple[str, str]] = []
        self.record_types: dict[str, RecordType] = {}
        self.stripped: frozenset[str] = frozenset()
        # What a session may do; a view of the entity for one user (``rights``) has other values.
        self.createable = self.updateable = definition.writeable
        self.deletable = definition.writeable and definition.deletable
        self.finds_shared_keys = True
        """Whether an upsert may go by an external id that is not unique."""
        self.sees: Callable[[Row], bool] | None = None
        self.edits: Callable[[Row], bool] | None = None
        self.switches = switches
        self.fields: dict[str, FieldDefinition] = {field.name: field for field in definition.fields}
        stamp_field = "SystemModstamp" if "SystemModstamp" in self.fields else "CreatedDate"
        hashed = [field.name for field in definition.fields if field.hashed]
        self.table = Table(definition.name, stamp_field=stamp_field, hashed=hashed)
        self._refresh()

    def _refresh(self) -> None:
        self._by_lower = {name.lower(): field for name, field in self.fields.items()}
        self._by_relationship = {
            field.relationship.lower(): field for field in self.fields.values() if field.relationship
        }
        self.converters: dict[str, Converter] = {
            field.name: converter_for(field, switches=self.switches) for field in self.fields.values()
        }
        self.required = tuple(field.name for field in self.fields.values() if field.required)
        self.never_null = frozenset(field.name for field in self.fields.values() if not field.nillable)
        self.defaults: dict[str, Value] = {
            field.name: field.default for field in self.fields.values() if field.default is not None
        }
        self.unique = tuple(field.name for field in self.fields.values() if field.unique)
        self.references = tuple(
            field
            for field in self.fields.values()
            if field.type == "reference" and (field.createable or field.updateable) and field.name != RECORD_TYPE
        )
        self.dependents = tuple(field for field in self.fields.values() if field.controller in self.fields)
        self.compounds = frozenset(field.name for field in self.fields.values() if field.type == "address")
        self.composed_name = "Name" in self.fields and "LastName" in self.fields

    def refresh(self) -> None:
        """Makes anew what follows from the fields (after loading a state)."""
        self._refresh()

    def set_field(self, field: FieldDefinition, *, changed: datetime) -> None:
        """Adds a field or replaces its definition."""
        self.fields[field.name] = field
        if field.hashed:
            self.table.add_index(field.name)
        self.changed = changed
        self._refresh()

    def strip(self, *, changed: datetime) -> None:
        """Takes away every custom field, as if nobody had made them."""
        self.stripped = frozenset(name for name, field in self.fields.items() if field.custom)
        for name in self.stripped:
            del self.fields[name]
            self.table.drop_index(name)
        self.changed = changed
        self._refresh()

    def long_id(self, text: object) -> str | None:
        """The 18-character form of an id that a caller wrote, or ``None``."""
        return long_id(text, restores=self.switches.restores_id_case)

    def shows(self, row: Row | None) -> bool:
        """Whether the row exists for this session."""
        return row is not None and (self.sees is None or self.sees(row))

    def set_picklist(self, name: str, values: Sequence[PicklistValue], *, changed: datetime) -> None:
        """Replaces the values of a picklist; the default follows the entry that is marked."""
        default = next((entry.value for entry in values if entry.default), None)
        self.set_field(replace(self.fields[name], picklist=tuple(values), default=default), changed=changed)

    def track(self, names: Sequence[str]) -> None:
        """Chooses the fields whose changes go to the history, at most 20."""
        unknown = [name for name in names if name not in self.fields]
        if unknown or len(names) > MAX_TRACKED:
            raise ValueError(f"{self.name}: track at most {MAX_TRACKED} fields that exist; unknown: {unknown}")
        self.tracked = frozenset(names)

    def visible_fields(self) -> list[FieldDefinition]:
        """The fields that an integration user may see."""
        return [field for field in self.fields.values() if field.name not in self.hidden]

    def field(self, name: str) -> FieldDefinition | None:
        """A field that an integration user may see, by its name in any case."""
        found = self._by_lower.get(name.lower())
        return None if found is None or found.name in self.hidden else found

    def any_field(self, name: str) -> FieldDefinition | None:
        """A field by its name in any case, hidden or not: people of the org see all of them."""
        return self._by_lower.get(name.lower())

    def lookup_field(self, relationship: str) -> FieldDefinition | None:
        """The reference field behind a relationship name such as ``Owner``."""
        found = self._by_relationship.get(relationship.lower())
        return None if found is None or found.name in self.hidden else found


class Schema:
    """All objects of the org."""

    def __init__(
        self, definitions: Sequence[ObjectDefinition], *, switches: SalesforceSwitches, changed: datetime
    ) -> None:
        self.entities = {
            definition.name: Entity(definition, switches=switches, changed=changed) for definition in definitions
        }
        self._by_lower = {name.lower(): entity for name, entity in self.entities.items()}
        self._histories = {
            str(entity.definition.history_of): entity
            for entity in self.entities.values()
            if entity.definition.history_of is not None
        }
        self._by_prefix = {
            entity.definition.prefix: entity
            for entity in self.entities.values()
            if entity.definition.history_of is None
        }
        for entity in self.entities.values():
            for field in entity.fields.values():
                for parent in field.refers_to:
                    if parent in self.entities:
                        self.entities[parent].children.append((entity.name, field.name))

    def visible(self) -> list[Entity]:
        """Every object that the session may know of."""
        return list(self.entities.values())

    def find(self, name: str) -> Entity | None:
        """An object by its name in any case."""
        return self._by_lower.get(name.lower())

    def history_of(self, name: str) -> Entity | None:
        """The object that holds the field history of an object, if it has one."""
        return self._histories.get(name)

    def of_id(self, record_id: str) -> Entity | None:
        """The object that an id belongs to, by its key prefix."""
        return self._by_prefix.get(record_id[:3])

    def require(self, name: str, refusal: Callable[[str], Exception] | None = None) -> Entity:
        """An object by its name, or the vendor's refusal."""
        found = self.find(name)
        if found is None:
            raise refusal(name) if refusal else plain("INVALID_TYPE", unknown_type(name))
        return found


def unknown_type(name: str) -> str:
    """The vendor's sentence for an object that does not exist (recorded)."""
    return (
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append the "
        "'__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names."
    )
