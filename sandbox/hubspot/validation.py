"""What a property value must look like, and the one spelling in which it is stored, by property type.

``rule_for`` compiles a definition once into a function ``(new, old) -> stored``; ``""`` never reaches it, since it
clears. A value that breaks the rule raises ``Unacceptable`` with the vendor's code. Types: vendor's properties guide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from typing import Any

from sandbox.hubspot.definitions import PropertyDefinition
from sandbox.hubspot.limits import HubSpotLimits
from sandbox.hubspot.stamps import iso, parse_date, parse_instant
from sandbox.hubspot.switches import HubSpotSwitches

Rule = Callable[[str, str | None], str]

_EMAIL = re.compile(r"[^\s@,;<>()\"]+@[^\s@,;<>()\"]+\.[^\s@,;<>()\".]{2,}")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


class Unacceptable(Exception):
    """A value that its property does not take."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def as_text(value: Any) -> str | None:
    """A JSON property value as the text HubSpot reads from it; ``None`` for ``null``."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise Unacceptable("INVALID_VALUE", "A property value must be text, a number or a boolean")


def rule_for(
    definition: PropertyDefinition, *, limits: HubSpotLimits, switches: HubSpotSwitches, owners: Container[str]
) -> Rule:
    """The rule of one property. ``owners`` is looked into at write time: owners come and go."""
    name = definition.name
    if name == "email":
        return _email_rule(lowercase=switches.lowercase_email)
    if definition.external_options and definition.referenced_object == "OWNER":
        return _owner_rule(owners)
    if definition.type in ("enumeration", "bool") and not definition.external_options:
        allowed = frozenset(option.value for option in definition.options)
        return _set_rule(name, allowed) if definition.multiple else _option_rule(name, allowed)
    if definition.type == "number":
        return _number
    if definition.type == "date":
        return _date
    if definition.type == "datetime":
        return _datetime
    return _text_rule(limits.string_length)


def _text_rule(length: int) -> Rule:
    def rule(new: str, old: str | None) -> str:
        if len(new) > length:
            raise Unacceptable("INVALID_STRING_LENGTH", f"Value holds {len(new)} characters, the limit is {length}")
        return new

    return rule


def _email_rule(*, lowercase: bool) -> Rule:
    def rule(new: str, old: str | None) -> str:
        address = new.strip()
        if not _EMAIL.fullmatch(address):
            raise Unacceptable("INVALID_EMAIL", f"Email address {new} is invalid")
        return address.lower() if lowercase else address

    return rule


def _owner_rule(owners: Container[str]) -> Rule:
    def rule(new: str, old: str | None) -> str:
        if new not in owners:
            raise Unacceptable("INVALID_OPTION", f"{new} is not the id of an owner of this account")
        return new

    return rule


def _option_rule(name: str, allowed: frozenset[str]) -> Rule:
    def rule(new: str, old: str | None) -> str:
        if new not in allowed:
            raise Unacceptable("INVALID_OPTION", _not_allowed(new, name, allowed))
        return new

    return rule


def _set_rule(name: str, allowed: frozenset[str]) -> Rule:
    def rule(new: str, old: str | None) -> str:
        # A leading ";" appends to what is there instead of replacing it (properties guide).
        parts = [part for part in new.split(";") if part]
        for part in parts:
            if part not in allowed:
                raise Unacceptable("INVALID_OPTION", _not_allowed(part, name, allowed))
        if new.startswith(";"):
            parts = [part for part in (old or "").split(";") if part] + parts
        return ";".join(dict.fromkeys(parts))

    return rule


def _not_allowed(value: str, name: str, allowed: frozenset[str]) -> str:
    shown = ", ".join(sorted(allowed)[:20])
    return f"{value} was not one of the allowed options for {name}: [{shown}]"


def _number(new: str, old: str | None) -> str:
    text = new.strip()
    if not _NUMBER.fullmatch(text):
        raise Unacceptable("INVALID_LONG", f"{new} was not a valid number")
    return text


def _date(new: str, old: str | None) -> str:
    day = parse_date(new.strip())
    if day is None:
        raise Unacceptable("INVALID_DATE", f"{new} is neither YYYY-MM-DD nor epoch milliseconds at midnight UTC")
    return day


def _datetime(new: str, old: str | None) -> str:
    stamp = parse_instant(new.strip())
    if stamp is None:
        raise Unacceptable("INVALID_DATE", f"{new} is neither an ISO 8601 instant nor epoch milliseconds")
    return iso(stamp)
