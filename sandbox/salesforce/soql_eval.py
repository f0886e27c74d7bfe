"""The meaning of a parsed query: paths become getters, conditions become predicates over rows.

Decides types (a text must be quoted, an instant must not), comparison (text without regard to case, ids by their
18-character form, null never less nor greater) and the refusals INVALID_FIELD and INVALID_QUERY_FILTER_OPERATOR.
Hidden fields do not exist here.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.salesforce.definitions import ID_TYPES, NUMBER_TYPES, TEXT_TYPES, FieldDefinition, Row, Value
from sandbox.salesforce.entity import Entity
from sandbox.salesforce.errors import Refusal, plain
from sandbox.salesforce.ids import long_id
from sandbox.salesforce.org import Org
from sandbox.salesforce.soql_tree import Both, Comparison, Condition, Literal, Negation, Path, SemiJoin
from sandbox.salesforce.soql_words import located, malformed
from sandbox.salesforce.wire_time import parse_instant, precise

Getter = Callable[[Row], Value]
Predicate = Callable[[Row], bool]

_ORDERED: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Resolved:
    """A path that exists: its field, how to read it, and the chain of references that leads to it."""

    field: FieldDefinition
    get: Getter
    chain: tuple[FieldDefinition, ...] = ()


@dataclass(frozen=True, slots=True)
class Meaning:
    """Resolves paths and conditions of one query."""

    org: Org
    entity: Entity
    text: str

    def resolve(self, path: Path) -> Resolved:
        """A field of the object or of a parent."""
        parts = path.parts
        if len(parts) > 1 and parts[0].lower() == self.entity.name.lower() and not self.entity.lookup_field(parts[0]):
            parts = parts[1:]
        entities = [self.entity]
        chain: list[FieldDefinition] = []
        for name in parts[:-1]:
            link = next((found for entity in entities if (found := entity.lookup_field(name))), None)
            parents = link.refers_to if link is not None else ()
            entities = [seen for parent in parents if (seen := self.org.schema.find(parent))]
            if link is None or not entities:  # a parent that may not be read is no relationship
                raise plain(
                    "INVALID_FIELD",
                    located(self.text, path.at, f"Didn't understand relationship '{name}' in field path. If you are "
                            "attempting to use a custom relationship, be sure to append the '__r' after the custom "
                            "relationship name. Please reference your WSDL or the describe call for the appropriate "
                            "names."),
                )  # fmt: skip
            chain.append(link)
        field = next((found for entity in entities if (found := entity.field(parts[-1]))), None)
        if field is None:
            raise self._no_column(path, parts[-1], "Name" if len(entities) > 1 else entities[0].name)
        return Resolved(field, self._getter(tuple(chain), field), tuple(chain))

    def _no_column(self, path: Path, name: str, entity_name: str) -> Refusal:
        message = (
            f"No such column '{name}' on entity '{entity_name}'. If you are attempting to use a custom field, be sure "
            "to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the "
            "appropriate names."
        )
        return plain("INVALID_FIELD", located(self.text, path.at, message))

    def _getter(self, chain: tuple[FieldDefinition, ...], field: FieldDefinition) -> Getter:
        name = field.name
        absent: Value = False if field.type == "boolean" else None
        if not chain:
            return lambda row: row.get(name, absent)
        links = tuple(link.name for link in chain)
        several = len(chain[-1].refers_to) > 1
        org = self.org

        def follow(row: Row) -> Value:
            found: Row | None = row
            for link in links:
                found = org.row(found.get(link)) if found is not None else None
            if found is None:
                return None
            if several and name == "Type":  # the kind of owner, not a field of it
                return found.get("Type", "User")
            return found.get(name, absent)

        return follow

    def predicate(self, condition: Condition) -> Predicate:
        """A test of one row."""
        if isinstance(condition, Comparison):
            return self._comparison(condition)
        if isinstance(condition, Negation):
            inner = self.predicate(condition.condition)
            return lambda row: not inner(row)
        if isinstance(condition, SemiJoin):
            raise TypeError("semi-joins are answered before a query is evaluated")
        tests = tuple(self.predicate(each) for each in condition.conditions)
        if isinstance(condition, Both):
            return lambda row: all(test(row) for test in tests)
        return lambda row: any(test(row) for test in tests)

    def _comparison(self, comparison: Comparison) -> Predicate:
        found = self.resolve(comparison.path)
        field, get, sign = found.field, found.get, comparison.operator
        if not field.filterable or field.type == "address":  # an address only by its distance
            raise plain(
                "INVALID_FIELD",
                located(self.text, comparison.path.at, f"field '{field.name}' can not be filtered in a query call"),
            )
        if (sign in ("includes", "excludes")) != (field.type == "multipicklist" and sign in ("includes", "excludes")):
            raise self._bad_operator(comparison, field)
        if any(literal.kind == "day" for literal in comparison.values):
            return self._within(comparison, field, get)
        values = [self.literal(field, literal, comparison.path) for literal in comparison.values]
        if sign == "like":
            return self._like(comparison, field, get)
        if field.type in TEXT_TYPES or (field.type in ID_TYPES and not self.org.switches.ids_compare_exactly):
            get = _lowered(get)
            values = [value.lower() if isinstance(value, str) else value for value in values]
        if sign in ("includes", "excludes"):
            return _includes(get, [str(value) for value in values], wanted=sign == "includes")
        if sign in ("in", "not in"):
            chosen = frozenset(values)
            return (lambda row: get(row) in chosen) if sign == "in" else (lambda row: get(row) not in chosen)
        value = values[0]
        if field.type == "multipicklist" and not self.org.switches.multipicklist_order_matters:
            get, value = _unordered(get), _in_order(value)
        if sign == "=":
            return lambda row: get(row) == value
        if sign == "!=":
            return lambda row: get(row) != value
        if field.type == "boolean" or value is None:
            raise self._bad_operator(comparison, field)
        return _ordered(get, sign, value)

    def literal(self, field: FieldDefinition, literal: Literal, path: Path) -> Value:
        """The stored form of a literal, or the refusal that says which type the field needs."""
        kind = literal.kind
        if kind == "null":
            return None
        if field.type in ID_TYPES and kind == "string":
            found = long_id(literal.text, restores=self.org.switches.restores_id_case)
            if found is None and literal.text:
                raise plain("INVALID_QUERY_FILTER_OPERATOR", located(self.text, path.at,
                            f"invalid ID field: {literal.text}"))  # fmt: skip
            return found
        if field.type in TEXT_TYPES and kind == "string":
            return literal.text.replace("\\%", "%").replace("\\_", "_")
        if field.type in NUMBER_TYPES and kind == "number":
            return float(literal.text)
        if field.type == "boolean" and kind == "boolean":
            return literal.text == "true"
        if field.type == "date" and kind == "date":
            return literal.text
        if field.type == "datetime" and kind == "datetime":
            instant = parse_instant(literal.text)
            if instant is None:
                raise malformed(self.text, path.at, f"invalid datetime: {literal.text}")
            return precise(instant)
        quoted = field.type in TEXT_TYPES or field.type in ID_TYPES
        shown = "dateTime" if field.type == "datetime" else "string" if quoted else field.type
        message = f"value of filter criterion for field '{field.name}' must be of type {shown} and should "
        message += "be enclosed in quotes" if quoted else "not be enclosed in quotes"
        raise plain("INVALID_FIELD", located(self.text, path.at, message))

    def _bad_operator(self, comparison: Comparison, field: FieldDefinition) -> Refusal:
        return plain(
            "INVALID_QUERY_FILTER_OPERATOR",
            located(self.text, comparison.path.at, f"invalid operator on {field.type} field"),
        )

    def _like(self, comparison: Comparison, field: FieldDefinition, get: Getter) -> Predicate:
        if field.type not in TEXT_TYPES or field.type == "multipicklist" or comparison.values[0].kind != "string":
            raise self._bad_operator(comparison, field)
        signs = re.findall(r"\\[%_]|.", comparison.values[0].text, re.DOTALL)
        parts = (".*" if sign == "%" else "." if sign == "_" else re.escape(sign.removeprefix("\\")
                 if len(sign) > 1 else sign) for sign in signs)  # fmt: skip
        pattern = re.compile("".join(parts), re.IGNORECASE | re.DOTALL)
        return lambda row: isinstance(value := get(row), str) and pattern.fullmatch(value) is not None

    def _within(self, comparison: Comparison, field: FieldDefinition, get: Getter) -> Predicate:
        """A comparison with a span of days such as TODAY or LAST_N_DAYS:3."""
        word, sign = comparison.values[0].text, comparison.operator
        span = _days(word, self.org.clock.now())
        if span is None:
            raise malformed(self.text, comparison.path.at, f"unexpected token: '{word}'")
        if field.type not in ("date", "datetime") or len(comparison.values) != 1:
            raise self._bad_operator(comparison, field)
        start, end = (precise(day) if field.type == "datetime" else day.date().isoformat() for day in span)
        tests: dict[str, Predicate] = {
            "=": lambda row: start <= str(get(row) or "") < end,
            "!=": lambda row: not start <= str(get(row) or "") < end,
            "<": _ordered(get, "<", start),
            ">": _ordered(get, ">=", end),
            "<=": _ordered(get, "<", end),
            ">=": _ordered(get, ">=", start),
        }
        if sign not in tests:
            raise self._bad_operator(comparison, field)
        return tests[sign]


def _lowered(get: Getter) -> Getter:
    def lower(row: Row) -> Value:
        value = get(row)
        return value.lower() if isinstance(value, str) else value

    return lower


def _in_order(value: Value) -> Value:
    return ";".join(sorted(value.split(";"))) if isinstance(value, str) else value


def _unordered(get: Getter) -> Getter:
    return lambda row: _in_order(get(row))


def _ordered(get: Getter, sign: str, value: Value) -> Predicate:
    compare = _ORDERED[sign]

    def test(row: Row) -> bool:
        held = get(row)
        return held is not None and bool(compare(held, value))

    return test


def _includes(get: Getter, values: list[str], *, wanted: bool) -> Predicate:
    groups = [frozenset(value.split(";")) for value in values]

    def test(row: Row) -> bool:
        held = frozenset(str(get(row) or "").split(";"))
        return any(group <= held for group in groups) == wanted

    return test


def _days(word: str, now: datetime) -> tuple[datetime, datetime] | None:
    """The span of a date word, as midnights in UTC (the org's zone is GMT): from the first up to the second."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    one = timedelta(days=1)
    spans = {
        "today": (today, today + one),
        "yesterday": (today - one, today),
        "tomorrow": (today + one, today + 2 * one),
        "this_month": (today.replace(day=1), (today.replace(day=28) + 4 * one).replace(day=1)),
        "this_year": (today.replace(month=1, day=1), today.replace(year=today.year + 1, month=1, day=1)),
    }
    name, _, count = word.partition(":")
    if name == "last_n_days" and count:
        return today - int(count) * one, today + one
    if name == "next_n_days" and count:
        return today + one, today + (int(count) + 1) * one
    return spans.get(word)


def all_conditions(condition: Condition | None) -> tuple[Condition, ...]:
    """The conditions that must all hold."""
    if condition is None:
        return ()
    if isinstance(condition, Both):
        return tuple(inner for each in condition.conditions for inner in all_conditions(each))
    return (condition,)
