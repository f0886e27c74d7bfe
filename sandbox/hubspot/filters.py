"""Search filters: what one filter of a group means for the values of a record.

Text compares without case, enumerations with it; IN and NOT_IN on text only match values given in lower case (search
page). Numbers compare as numbers, dates as instants: epoch milliseconds as text, or ISO by switch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from sandbox.hubspot.definitions import PropertyDefinition
from sandbox.hubspot.errors import invalid_request
from sandbox.hubspot.stamps import parse_instant
from sandbox.hubspot.switches import HubSpotSwitches

Values = Mapping[str, str]
Test = Callable[[int, Values], bool]
Key = str | float
Convert = Callable[[str], Key]

OPERATORS = frozenset(
    (
        "LT", "LTE", "GT", "GTE", "EQ", "NEQ", "BETWEEN", "IN", "NOT_IN", "HAS_PROPERTY", "NOT_HAS_PROPERTY",
        "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN",
    )
)  # fmt: skip
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "LT": lambda held, given: held < given,
    "LTE": lambda held, given: held <= given,
    "GT": lambda held, given: held > given,
    "GTE": lambda held, given: held >= given,
    "EQ": lambda held, given: held == given,
}
_WORD = re.compile(r"[^\W_]+")


def check_filter(raw: Any) -> tuple[str, str]:
    """Property name and operator of a filter. Raises a 400 refusal for a bad shape."""
    if not isinstance(raw, dict) or not isinstance(raw.get("propertyName"), str):
        raise invalid_request("Every filter needs a propertyName and an operator")
    operator = raw.get("operator")
    if not isinstance(operator, str) or operator not in OPERATORS:
        raise invalid_request(f"Unknown operator {operator!r} for property {raw['propertyName']}")
    return raw["propertyName"], operator


def given_value(raw: Mapping[str, Any], name: str = "value") -> str:
    """A value of a filter. Raises a 400 refusal if it is missing."""
    value = raw.get(name)
    if not isinstance(value, str | int | float):
        raise invalid_request(f"A filter on {raw['propertyName']} with {raw['operator']} needs {name}")
    return str(value)


def given_values(raw: Mapping[str, Any]) -> list[str]:
    """The list of values of IN and NOT_IN. Raises a 400 refusal if it is missing or empty."""
    values = raw.get("values")
    if not isinstance(values, list) or not values:
        raise invalid_request(f"A filter on {raw['propertyName']} with {raw['operator']} needs values")
    return [str(value) for value in values]


def converter(definition: PropertyDefinition, *, switches: HubSpotSwitches) -> Convert:
    """How values of a property are compared. The function raises a 400 refusal for what it cannot read."""
    name = definition.name

    def number(text: str) -> Key:
        try:
            return float(text)
        except ValueError:
            raise invalid_request(f"{text!r} is not a number, as property {name} is") from None

    def instant(text: str) -> Key:
        digits = text.removeprefix("-").isdigit()
        stamp = parse_instant(text) if digits or switches.iso_date_filters else None
        if stamp is None:
            raise invalid_request(f"{text!r} is not an instant in epoch milliseconds, as property {name} needs")
        return stamp

    if definition.type == "number":
        return number
    if definition.type in ("date", "datetime"):
        return instant
    if definition.type in ("enumeration", "bool"):
        return str
    return str.lower


def compile_filter(raw: Mapping[str, Any], definition: PropertyDefinition, *, switches: HubSpotSwitches) -> Test:
    """One filter on a property as a test. Raises a 400 refusal."""
    name, operator = check_filter(raw)
    if operator in ("HAS_PROPERTY", "NOT_HAS_PROPERTY"):
        present = operator == "HAS_PROPERTY"
        return lambda _, values: (name in values) == present
    if operator in ("NEQ", "NOT_IN", "NOT_CONTAINS_TOKEN"):
        opposite = {"NEQ": "EQ", "NOT_IN": "IN", "NOT_CONTAINS_TOKEN": "CONTAINS_TOKEN"}[operator]
        test = compile_filter({**raw, "operator": opposite}, definition, switches=switches)
        if switches.negation_matches_empty:
            return lambda number, values: not test(number, values)
        return lambda number, values: name in values and not test(number, values)
    if operator == "CONTAINS_TOKEN":
        return _token_test(name, given_value(raw))
    understand = converter(definition, switches=switches)
    convert = _instant_of_stored(understand, definition)
    if operator == "IN":
        return _in_test(name, given_values(raw), definition, understand=understand, convert=convert)
    if operator == "BETWEEN":
        low, high = understand(given_value(raw)), understand(given_value(raw, "highValue"))
        return lambda _, values: name in values and low <= convert(values[name]) <= high  # type: ignore[operator]
    compare, given = _COMPARE[operator], understand(given_value(raw))
    return lambda _, values: name in values and compare(convert(values[name]), given)


def _instant_of_stored(convert: Convert, definition: PropertyDefinition) -> Convert:
    """Stored dates are ISO whatever the switch says of filters."""
    if definition.type not in ("date", "datetime"):
        return convert

    def either(text: str) -> Key:
        if ("T" in text and text.endswith("Z")) or (len(text) == 10 and text[4] == "-"):
            return parse_instant(text) or 0
        return convert(text)

    return either


def _in_test(
    name: str, given: list[str], definition: PropertyDefinition, *, understand: Convert, convert: Convert
) -> Test:
    # Text is compared with the stored value in lower case: a value given in upper case never matches.
    allowed: set[Key] = set(given) if convert == str.lower else {understand(value) for value in given}
    if definition.multiple:
        return lambda _, values: name in values and not allowed.isdisjoint(values[name].split(";"))
    return lambda _, values: name in values and convert(values[name]) in allowed


def _token_test(name: str, given: str) -> Test:
    pattern = given.lower()

    def test(_: int, values: Values) -> bool:
        held = values.get(name)
        if held is None:
            return False
        text = held.lower()
        if "*" in pattern:
            return fnmatchcase(text, pattern) or any(fnmatchcase(word, pattern) for word in _WORD.findall(text))
        words = _WORD.findall(text)
        return text == pattern or all(word in words for word in _WORD.findall(pattern))

    return test
