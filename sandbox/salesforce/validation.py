"""Turns a written JSON value into the stored one, field by field, or refuses it the way the vendor does.

One converter per field, made once. Decides types, lengths, e-mail form and restricted picklists; what needs other rows
(references, uniqueness) or other fields (required, rules) is decided in ``saving``. Never truncates a text
(STRING_TOO_LONG since API 15).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sandbox.salesforce.definitions import ID_TYPES, FieldDefinition, Value
from sandbox.salesforce.errors import Refusal, unparsable
from sandbox.salesforce.ids import long_id
from sandbox.salesforce.switches import SalesforceSwitches
from sandbox.salesforce.wire_time import parse_day, parse_instant, stamp

Converter = Callable[[object], Value]

EMAIL = re.compile(r"[^\s@<>(),;:\"\[\]\\]+@[^\s@<>(),;:\"\[\]\\.]+(\.[^\s@<>(),;:\"\[\]\\.]+)+")
_INT_LIMIT = 2**31
_DAY_LENGTH = len("2024-01-31")


def converter_for(field: FieldDefinition, *, switches: SalesforceSwitches) -> Converter:
    """The converter of one field. It takes a value that is not null and may return null (an empty text)."""
    made = {
        "boolean": _boolean,
        "int": _whole,
        "double": _number,
        "currency": _number,
        "percent": _number,
        "date": _day,
        "datetime": _instant,
    }.get(field.type)
    if field.type in ID_TYPES:
        return _identity(field, switches)
    return made(field) if made is not None else _text(field, switches)


def _boolean(_: FieldDefinition) -> Converter:
    def convert(value: object) -> Value:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        raise unparsable("boolean", value)

    return convert


def _outside(field: FieldDefinition, value: object) -> Refusal:
    message = f"{field.label}: value outside of valid range on numeric field: {value}"
    return Refusal("NUMBER_OUTSIDE_VALID_RANGE", message, (field.name,))


def _whole(field: FieldDefinition) -> Converter:
    def convert(value: object) -> Value:
        try:
            if isinstance(value, bool) or not isinstance(value, int | float | str):
                raise unparsable("int", value)
            number = int(value)
        except ValueError as error:
            raise unparsable("int", value) from error
        if abs(number) >= _INT_LIMIT or len(str(abs(number))) > max(field.digits, 1):
            raise _outside(field, value)
        return number

    return convert


def _number(field: FieldDefinition) -> Converter:
    ceiling = 10.0 ** (field.precision - field.scale)

    def convert(value: object) -> Value:
        try:
            if isinstance(value, bool) or not isinstance(value, int | float | str):
                raise unparsable("double", value)
            number = float(value)
        except ValueError as error:
            raise unparsable("double", value) from error
        if not abs(number) < ceiling:
            raise _outside(field, value)
        return round(number, field.scale)

    return convert


def _day(_: FieldDefinition) -> Converter:
    def convert(value: object) -> Value:
        day = parse_day(value[:_DAY_LENGTH]) if isinstance(value, str) else None
        if day is None:
            raise unparsable("date", value)
        return day.isoformat()

    return convert


def _instant(_: FieldDefinition) -> Converter:
    def convert(value: object) -> Value:
        instant = parse_instant(value) if isinstance(value, str) else None
        if instant is None:
            raise unparsable("datetime", value)
        return stamp(instant)

    return convert


def _identity(field: FieldDefinition, switches: SalesforceSwitches) -> Converter:
    def convert(value: object) -> Value:
        if value == "":
            return None
        found = long_id(value, restores=switches.restores_id_case)
        if found is None:
            raise Refusal("MALFORMED_ID", f"{field.label}: id value of incorrect type: {value}", (field.name,))
        return found

    return convert


def _text(field: FieldDefinition, switches: SalesforceSwitches) -> Converter:
    refine = {
        "email": _email,
        "picklist": _choice,
        "multipicklist": _choices,
    }.get(field.type)
    checked = refine(field, switches) if refine is not None else None
    name, label, longest = field.name, field.label, field.length

    def convert(value: object) -> Value:
        if not isinstance(value, str):
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise unparsable("string", value)
            value = str(value)
        if switches.trims_strings:
            value = value.strip()
            if not value:
                return None
        if longest and len(value) > longest:
            raise Refusal("STRING_TOO_LONG", f"{label}: data value too large: {value} (max length={longest})", (name,))
        return value if checked is None else checked(value)

    return convert


def _email(field: FieldDefinition, switches: SalesforceSwitches) -> Callable[[str], str]:
    def check(value: str) -> str:
        if EMAIL.fullmatch(value) is None:
            raise Refusal("INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {value}", (field.name,))
        return value.lower() if switches.lowercases_email else value

    return check


def _bad_choice(field: FieldDefinition, value: str) -> Refusal:
    return Refusal(
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        f"{field.label}: bad value for restricted picklist field: {value}",
        (field.name,),
    )


def _choice(field: FieldDefinition, _: SalesforceSwitches) -> Callable[[str], str]:
    known = {entry.value.lower(): entry.value for entry in field.picklist if entry.active}

    def check(value: str) -> str:
        found = known.get(value.lower(), value)
        if field.restricted and value.lower() not in known:
            raise _bad_choice(field, value)
        return found

    return check


def _choices(field: FieldDefinition, switches: SalesforceSwitches) -> Callable[[str], str]:
    known = {entry.value.lower(): entry.value for entry in field.picklist if entry.active}
    order = {value: place for place, value in enumerate(known.values())}

    def check(value: str) -> str:
        chosen: dict[str, None] = {}
        for part in value.split(";"):
            if field.restricted and part.lower() not in known:
                raise _bad_choice(field, part)
            chosen[known.get(part.lower(), part)] = None
        parts = list(chosen)
        if switches.orders_multipicklist:
            parts.sort(key=lambda part: (order.get(part, len(order)), part))
        return ";".join(parts)

    return check
