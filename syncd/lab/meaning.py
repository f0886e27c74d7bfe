"""What a value of a vendor means, as the oracle reads it: a second opinion, by rules that can be seen to be right.

Nothing of the engine's reading is shared. A value is read as far as a few lines can: tables row by row, numbers, dates,
sets, truth, addresses; phones by their last ten digits, countries and states by the directory of ISO. What only the
engine could tell (a country in Dutch, a number with letters) is ``Sense.UNSURE``, of which nobody is accused; what
means nothing by the mapping's own words (a value that no row knows) is ``Sense.NONSENSE``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache
from typing import Final, TypeAlias

import pycountry

from syncd.model.mapping import FieldMapping, TableRow
from syncd.model.values import FieldType, Side


class Sense(Enum):
    """Why a value has no meaning here."""

    UNSURE = "unsure"
    NONSENSE = "nonsense"


Meaning: TypeAlias = str | bool | Decimal | frozenset[str] | Sense | None

NUMBERS: Final = frozenset({FieldType.INTEGER, FieldType.DECIMAL, FieldType.MONEY})
TRUTHS: Final = frozenset({FieldType.BOOLEAN, FieldType.OPT_OUT})
_ENDS: Final = " \t\r\n\v\f\u00a0\u2007\u202f\u200b\u2060\ufeff\u3000"
_EPOCH: Final = re.compile(r"-?\d{9,15}", re.ASCII)
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SCHEME: Final = re.compile(r"^https?://", re.IGNORECASE)
_NO_DIGITS: Final = re.compile(r"\D+", re.ASCII)


def text(value: object) -> str:
    """A value of either vendor as text, "" for none, without blanks around it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else unicodedata.normalize("NFC", str(value)).strip(_ENDS)


def meant(mapping: FieldMapping, side: Side, wires: Sequence[object]) -> Meaning:
    """What a field's vendor values mean together; ``None`` if they are empty."""
    told = [text(wire) for wire in wires]
    if mapping.type is FieldType.SET:
        return _members(mapping, side, told[0])
    if mapping.table:
        return _by_row(mapping, side, told)
    if mapping.type in TRUTHS:
        return {"true": True, "false": False, "": False}.get(told[0].lower(), Sense.NONSENSE)
    if mapping.type is FieldType.STATE:
        return _state(told)
    if len(told) > 1:
        return Sense.UNSURE
    return _plain(mapping, told[0]) if told[0] else None


def _plain(mapping: FieldMapping, told: str) -> Meaning:
    steps = {step.name for each in mapping.steps for step in (*each.read, *each.write)} - {"trim"}
    if steps == {"domain"}:
        return _host(told)
    if steps:
        return Sense.UNSURE
    if mapping.type in NUMBERS:
        return _number(mapping, told)
    match mapping.type:
        case FieldType.EMAIL:
            return told.lower()
        case FieldType.TEXT:
            return "\n".join(told.splitlines())
        case FieldType.DATE:
            return told if len(told) == len("2020-02-29") else _moment(told, "%Y-%m-%d")
        case FieldType.DATETIME:
            return _moment(told, "%Y-%m-%d %H:%M:%S")
        case FieldType.PHONE:
            digits = _NO_DIGITS.sub("", told)
            dialled = len(digits) in (10, 11) and not any(letter.isalpha() for letter in told)
            return digits[-10:] if dialled else Sense.UNSURE
        case FieldType.URL:
            host, slash, rest = _SCHEME.sub("", told).partition("/")
            return (host.lower() + slash + rest).rstrip("/")
        case FieldType.COUNTRY:
            return _country(told) or Sense.UNSURE
        case FieldType.STRING | FieldType.ENUM:
            return told
    return Sense.UNSURE


def _number(mapping: FieldMapping, told: str) -> Meaning:
    try:
        number = Decimal(told)
    except InvalidOperation:
        return Sense.NONSENSE
    if not number.is_finite() or (mapping.type is FieldType.INTEGER and number != number.to_integral_value()):
        return Sense.NONSENSE
    return number


def _moment(told: str, form: str) -> Meaning:
    try:
        if _EPOCH.fullmatch(told):
            return (_START + timedelta(milliseconds=int(told))).strftime(form)
        return datetime.fromisoformat(told).astimezone(UTC).strftime(form)
    except (ValueError, OverflowError):
        return Sense.NONSENSE


def _host(told: str) -> str:
    """The host of a website or an address, without what is usually before a domain."""
    return _SCHEME.sub("", told.lower()).partition("/")[0].rpartition("@")[2].removeprefix("www.")


# -- places ------------------------------------------------------------------------------------------------------------
@cache
def _country(told: str) -> str | None:
    try:
        return str(pycountry.countries.lookup(told).alpha_2)
    except LookupError:
        return None


@cache
def _states(country: str) -> dict[str, str]:
    """Name and code of each state of a country, in lower case: its ISO code."""
    found: dict[str, str] = {}
    for each in pycountry.subdivisions.get(country_code=country) or ():  # type: ignore[no-untyped-call]
        found[each.name.lower()] = found[each.code.partition("-")[2].lower()] = str(each.code)
    return found


def _state(told: Sequence[str]) -> Meaning:
    """The state, by the country beside it where there is one."""
    if not told[0]:
        return None
    country = _country(told[1]) if len(told) > 1 else None
    return Sense.UNSURE if country is None else _states(country).get(told[0].lower(), Sense.UNSURE)


# -- tables ------------------------------------------------------------------------------------------------------------
def _by_row(mapping: FieldMapping, side: Side, told: Sequence[str]) -> Meaning:
    """The row whose form is exactest, of several the first: ``None`` in a form stands for anything."""
    fitting = [
        (form.count(None), number, row.value)
        for number, row in enumerate(mapping.table)
        for form in row.reads.of(side)
        if stands(form, told) and (any(told) or "" in form)
    ]
    if fitting:
        return min(fitting)[2]
    return Sense.NONSENSE if any(told) else None


def stands(form: Sequence[object], told: Sequence[object]) -> bool:
    """Whether vendor values are of a form of a table."""
    return all(want is None or text(want) == text(have) for want, have in zip(form, told, strict=True))


def row_of(mapping: FieldMapping, value: Meaning) -> TableRow | None:
    """The row of a shared value, if the table has it."""
    return next((row for row in mapping.table if row.value == value), None)


def _members(mapping: FieldMapping, side: Side, told: str) -> Meaning:
    members = {member.strip() for member in told.split(";")} - {""}
    if not mapping.table:
        return frozenset(members) or None
    known = {text(form[0]): row.value for row in mapping.table for form in row.reads.of(side)}
    if members - known.keys():
        return Sense.NONSENSE
    return frozenset(known[member] for member in members) or None
