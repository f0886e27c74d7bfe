"""What an admin lays down for everybody's writes: validation rules, duplicate rules, active list values; and what the
company buys and other programs use of the day's calls.

A validation rule here is a pattern that the value of one field must not match, as the vendor's formula ``REGEX`` tells
it: it is judged on every save of the record, whether that field changes or not. Like all that people do, nothing here
is a call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sandbox.salesforce.entity import Entity
from sandbox.salesforce.org import DuplicateRule, Org


@dataclass(frozen=True, slots=True)
class PatternRule:
    """Refuses every save of a record whose ``field`` matches ``pattern`` as a whole; the message is that field's."""

    name: str
    field: str
    pattern: str
    message: str

    def __call__(self, old: Mapping[str, object] | None, new: Mapping[str, object]) -> tuple[str, str] | None:
        """The verdict on one save."""
        value = new.get(self.field)
        broken = value is not None and re.fullmatch(self.pattern, str(value)) is not None
        return (self.message, self.field) if broken else None


class Ruling:
    """The people's methods that concern rules, lists and limits of the org."""

    org: Org

    def add_validation_rule(self, object: str, name: str, *, field: str, pattern: str, message: str) -> None:
        """An admin adds an active validation rule. Raises ``re.error`` (a ``ValueError``) for a wrong pattern."""
        entity = self._entity_of(object)
        try:
            re.compile(pattern)
        except re.error as wrong:
            raise ValueError(f"pattern {pattern!r}: {wrong}") from wrong
        rule = PatternRule(name, self._field_of(entity, field), pattern, message)
        self.org.validation_rules.setdefault(entity.name, []).append(rule)

    def deactivate_validation_rule(self, object: str, name: str) -> None:
        """An admin takes a validation rule out of force."""
        rules = self.org.validation_rules.get(self._entity_of(object).name, [])
        rules.remove(_named(rules, name, "active validation rule"))

    def add_duplicate_rule(self, object: str, name: str, *, fields: list[str]) -> None:
        """An admin adds an active duplicate rule that blocks a record which equals another one in all these fields."""
        entity = self._entity_of(object)
        rule = DuplicateRule(name, tuple(self._field_of(entity, each) for each in fields))
        self.org.duplicate_rules.setdefault(entity.name, []).append(rule)

    def deactivate_duplicate_rule(self, object: str, name: str) -> None:
        """An admin takes a duplicate rule out of force."""
        rules = self.org.duplicate_rules.get(self._entity_of(object).name, [])
        rules.remove(_named(rules, name, "active duplicate rule"))

    def retire_value(self, object: str, field: str, value: str) -> None:
        """An admin deactivates a value of a picklist; records that hold it keep it."""
        self._set_active(object, field, value, to=False)

    def restore_value(self, object: str, field: str, value: str) -> None:
        """An admin activates a value of a picklist again."""
        self._set_active(object, field, value, to=True)

    def spend_calls(self, calls: int) -> None:
        """Other programs of the company use so many of the day's calls."""
        self.org.limits.spend(calls, now=self.org.clock.now())

    def buy_calls(self, calls: int) -> None:
        """The company has so many calls a day from now on: another edition, more licences, or an add-on."""
        self.org.limits.maximum = calls

    def _set_active(self, object: str, field: str, value: str, *, to: bool) -> None:
        entity = self._entity_of(object)
        definition = entity.fields[self._field_of(entity, field)]
        if value not in {each.value for each in definition.picklist}:
            raise ValueError(f"{entity.name}.{definition.name} has no value {value!r}")
        changed = tuple(replace(each, active=to) if each.value == value else each for each in definition.picklist)
        entity.set_field(replace(definition, picklist=changed), changed=self.org.clock.now())

    def _entity_of(self, name: str) -> Entity:
        return self.org.schema.require(name)

    def _field_of(self, entity: Entity, name: str) -> str:
        found = entity.any_field(name)
        if found is None:
            raise ValueError(f"{entity.name} has no field {name}")
        return found.name


def _named(rules: Sequence[Any], name: str, what: str) -> Any:
    """The rule of this name; those that a fault made are functions and have none."""
    found = next((rule for rule in rules if getattr(rule, "name", None) == name), None)
    if found is None:
        known = ", ".join(sorted(rule.name for rule in rules if hasattr(rule, "name"))) or "none"
        raise ValueError(f"there is no {what} {name}; there are: {known}")
    return found
