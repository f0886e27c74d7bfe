"""Values that need more than one wire value or have more than one written form: money, countries, states, transforms.

An amount is never read without its currency and never written into a field of another currency. Countries and states
are written as English names unless the side's write steps hold ``iso_code``; both forms are read on either side.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from syncd.core.places import country_code, country_name, state_code, state_name
from syncd.core.tables import table_reader
from syncd.core.transforms import Step, Unusable
from syncd.core.types import (
    READERS,
    Codec,
    Inexpressible,
    Invalid,
    read_decimal,
    read_string,
    text_of,
    write_as,
    write_number,
)
from syncd.model.mapping import FieldMapping, Unknown
from syncd.model.values import Canonical, FieldType, Side, Wire

Reading: TypeAlias = Callable[[tuple[Wire, ...]], "Canonical | Invalid"]
Writing: TypeAlias = Callable[[Canonical], "Mapping[str, Wire] | Invalid | Inexpressible"]
WriteOne: TypeAlias = Callable[[Canonical], "Wire | Invalid | Inexpressible"]

_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_TYPED: Final = frozenset({FieldType.BOOLEAN, FieldType.OPT_OUT, FieldType.INTEGER})


# -- money -----------------------------------------------------------------------------------------------------------
def money_reading(mapping: FieldMapping) -> Reading:
    """Reads (amount) or (amount, currency) as ``12.5 EUR``; the mapping's currency where the record names none."""

    def read(wires: tuple[Wire, ...]) -> Canonical | Invalid:
        amount = read_decimal(wires[0])
        if not isinstance(amount, str):
            return amount
        named = (text_of(wires[1]) or "").strip().upper() if len(wires) > 1 else ""
        currency = named or mapping.currency
        if currency is None or not _CURRENCY.fullmatch(currency):
            return Invalid("has no currency of three letters; set `currency` in the mapping or fill the currency field")
        return f"{amount} {currency}"

    return read


def money_writing(mapping: FieldMapping, vendor_fields: tuple[str, ...], codec: Codec) -> Writing:
    """Writes the amount, and the currency where the slot has a field for it; a clear leaves the currency alone."""

    def write(value: Canonical) -> Mapping[str, Wire] | Invalid | Inexpressible:
        if value is None:
            return {vendor_fields[0]: None}
        amount, _, currency = str(value).partition(" ")
        read = read_decimal(amount)
        if not isinstance(read, str) or not _CURRENCY.fullmatch(currency):
            return Invalid("is no amount with a currency like 12.5 EUR")
        wire = write_number(read) if codec is Codec.JSON else read
        if len(vendor_fields) > 1:
            return {vendor_fields[0]: wire, vendor_fields[1]: currency}
        if currency != mapping.currency:
            return Invalid("is in another currency than the field holds; map a currency field beside the amount")
        return {vendor_fields[0]: wire}

    return write


# -- places ----------------------------------------------------------------------------------------------------------
def writes_codes(mapping: FieldMapping, side: Side) -> bool:
    """Whether this side's places are written as ISO codes instead of English names."""
    return any(step.name == "iso_code" for step in mapping.steps.of(side).write)


def country_reading(mapping: FieldMapping) -> Reading:
    """Reads a country by name or code as alpha-2; an unknown one as the field's rule for unknown values says."""

    def read(wires: tuple[Wire, ...]) -> Canonical | Invalid:
        text = read_string(wires[0])
        if not isinstance(text, str):
            return text
        code = country_code(text)
        if code is not None:
            return code
        if mapping.unknown is Unknown.HOLD:
            return Invalid("is no country we know; write its English name or ISO code, or set `unknown: pass`")
        return text if mapping.unknown is Unknown.PASS else mapping.default

    return read


def country_writing(*, codes: bool) -> WriteOne:
    """Writes alpha-2 as the English short name or as it is; a text that was passed through stays itself."""

    def write(value: Canonical) -> Wire | Invalid:
        if value is None:
            return None
        text = str(value)
        if country_code(text) != text:
            return Invalid("is no ISO country code, and this side takes only those") if codes else text
        return text if codes else country_name(text)

    return write


def state_reading(mapping: FieldMapping) -> Reading:
    """Reads (state) or (state, country) as ``US-CA`` where the record's country (else the mapping's region) tells which
    state is meant; else as its text.
    """

    def read(wires: tuple[Wire, ...]) -> Canonical | Invalid:
        text = read_string(wires[0])
        if not isinstance(text, str):
            return text
        named = read_string(wires[1]) if len(wires) > 1 else None
        country = country_code(named) if isinstance(named, str) else mapping.region
        return state_code(text, country) or text

    return read


def state_writing(*, codes: bool) -> WriteOne:
    """Writes ``US-CA`` as its name or as ``CA``; a state that is only text stays itself where names are written."""

    def write(value: Canonical) -> Wire | Invalid:
        if value is None:
            return None
        text = str(value)
        if state_code(text, None) != text:
            return (
                Invalid("is no state of its country that ISO lists, and this side takes only codes") if codes else text
            )
        return text.partition("-")[2] if codes else state_name(text)

    return write


# -- tables and transforms around a type -----------------------------------------------------------------------------
def tabled_reading(mapping: FieldMapping, side: Side) -> Reading:
    """Reads by the value table, whose shared values are written as text, in the field's own type."""
    look_up = table_reader(mapping, side)
    if mapping.type not in _TYPED:
        return look_up
    parse = READERS[mapping.type]

    def read(wires: tuple[Wire, ...]) -> Canonical | Invalid:
        found = look_up(wires)
        return found if isinstance(found, tuple | Invalid) else parse(found)

    return read


def stepped_reading(read: Reading, steps: Step) -> Reading:
    """Reads after the steps have changed the text of the slot's first vendor field."""

    def read_stepped(wires: tuple[Wire, ...]) -> Canonical | Invalid:
        text = read_string(wires[0])
        if isinstance(text, Invalid):
            return text
        try:
            return read((steps(text), *wires[1:]))
        except Unusable as error:
            return Invalid(str(error))

    return read_stepped


def stepped_writing(type: FieldType, vendor_field: str, *, steps: Step, write: Writing, codec: Codec) -> Writing:
    """Writes what the steps make of the text form of the slot's first vendor field.

    ``write`` must write text; what comes out of the steps is typed again where the vendor wants JSON numbers.
    """
    typed = FieldType.DECIMAL if type is FieldType.MONEY else type
    retype = typed in _TYPED or typed is FieldType.DECIMAL
    write_typed = write_as(typed, codec)

    def write_stepped(value: Canonical) -> Mapping[str, Wire] | Invalid | Inexpressible:
        wires = write(value)
        if isinstance(wires, Invalid | Inexpressible) or vendor_field not in wires:
            return wires
        try:
            text = steps(text_of(wires[vendor_field]))
        except Unusable as error:
            return Invalid(str(error))
        if text is None and wires[vendor_field] is not None:
            return Invalid("the write transforms leave nothing of it; a value is never cleared that way")
        wire: Wire | Invalid | Inexpressible = text
        if retype:
            read = READERS[typed](text)
            wire = read if isinstance(read, Invalid) else write_typed(read)
        return wire if isinstance(wire, Invalid | Inexpressible) else {**wires, vendor_field: wire}

    return write_stepped
