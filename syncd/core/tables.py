"""Value tables: which vendor forms mean which shared value, and which form is written for it.

A form has one entry per vendor field of the slot, so that ``lifecyclestage`` and ``hs_lead_status`` together can mean
one value. In a form ``None`` stands for anything (reading) or for "leave that field alone" (writing), and ``""`` for
empty. The most exact row wins. What no row knows is decided by the field's rule for unknown values, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from syncd.core.types import BROKEN_TEXT, Inexpressible, Invalid, join_members, members_of, read_string, text_of
from syncd.model.mapping import FieldMapping, TableRow, Unknown
from syncd.model.values import Canonical, Side, Wire

Forms: TypeAlias = tuple[Wire, ...]

UNKNOWN: Final = Invalid("is not in the value table; add a row for it, or set `unknown` to pass or default")
NEVER_WRITTEN: Final = Inexpressible("the value table never writes this value on this side")
_REMEMBERED: Final = 4_096


def table_reader(field: FieldMapping, side: Side) -> Callable[[Forms], Canonical | Invalid]:
    """Reads the forms of one slot by the field's table."""
    exact: dict[Forms, str] = {}
    loose: list[tuple[Forms, str]] = []
    for row in field.table:
        for form in row.reads.of(side):
            compared = tuple(None if entry is None else _compared(entry) for entry in form)
            if None in compared:
                loose.append((compared, row.value))
            else:
                exact.setdefault(compared, row.value)
    loose.sort(key=lambda found: found[0].count(None))
    remembered: dict[Forms, Canonical | Invalid] = {}

    def look_up(compared: Forms) -> Canonical | Invalid:
        if compared in exact:
            return exact[compared]
        empty = not any(compared)
        for form, value in loose:
            if (not empty or any(entry == "" for entry in form)) and _fits(form, compared):
                return value
        return None if empty else _unknown(field, compared)

    def read(wires: Forms) -> Canonical | Invalid:
        compared = tuple(map(_compared, wires))
        if compared not in remembered:
            if len(remembered) >= _REMEMBERED:
                remembered.clear()
            remembered[compared] = look_up(compared)
        return remembered[compared]

    return read


def _compared(wire: Wire) -> str:
    return (text_of(wire) or "").strip()


def _fits(form: Forms, compared: Forms) -> bool:
    return all(want is None or want == have for want, have in zip(form, compared, strict=True))


def _unknown(field: FieldMapping, compared: Forms) -> Canonical | Invalid:
    if field.unknown is Unknown.DEFAULT:
        return field.default
    if field.unknown is Unknown.PASS and len(compared) == 1:
        return read_string(compared[0])
    return UNKNOWN


def table_writer(
    field: FieldMapping, side: Side, vendor_fields: tuple[str, ...]
) -> Callable[[Canonical], Mapping[str, Wire] | Invalid | Inexpressible]:
    """Writes a shared value in the form its row names for this side; an empty value clears every vendor field."""
    rows = {row.value: row for row in field.table}

    def write(value: Canonical) -> Mapping[str, Wire] | Invalid | Inexpressible:
        if value is None:
            return dict.fromkeys(vendor_fields)
        row = rows.get(text_of(value) or "") if not isinstance(value, tuple) else None
        if row is None:
            if field.unknown is Unknown.PASS and len(vendor_fields) == 1 and isinstance(value, str):
                return {vendor_fields[0]: value} if "\0" not in value else BROKEN_TEXT
            return UNKNOWN
        form = row.writes.of(side)
        written = zip(vendor_fields, form, strict=True) if form is not None else ()
        wires = {name: (None if wire == "" else wire) for name, wire in written if wire is not None}
        return wires or NEVER_WRITTEN

    return write


def set_reader(field: FieldMapping, side: Side) -> Callable[[Wire], Canonical | Invalid]:
    """Reads a set member by member through the table, if there is one."""
    known = {_compared(form[0]): row.value for row in field.table for form in row.reads.of(side)}

    def read(wire: Wire) -> Canonical | Invalid:
        members = members_of(wire)
        if isinstance(members, Invalid) or not field.table:
            return members or None
        shared: set[str] = set()
        for member in members:
            if member in known:
                shared.add(known[member])
            elif field.unknown is Unknown.HOLD:
                return Invalid("has a member that is not in the value table; add a row for it, or set `unknown`")
            else:
                shared.update(_stand_in(field, member))
        return tuple(sorted(shared)) or None

    return read


def _stand_in(field: FieldMapping, member: str) -> tuple[str, ...]:
    if field.unknown is Unknown.PASS:
        return (member,)
    if isinstance(field.default, tuple):
        return field.default
    return (str(field.default),) if field.default is not None else ()


def set_writer(field: FieldMapping, side: Side) -> Callable[[Canonical], Wire | Invalid | Inexpressible]:
    """Writes a set member by member; members that the table never writes on this side are left out."""
    rows = {row.value: row for row in field.table}

    def write(value: Canonical) -> Wire | Invalid | Inexpressible:
        members = value if isinstance(value, tuple) else () if value is None else (str(value),)
        if not field.table:
            return join_members(members)
        forms: list[str] = []
        for member in members:
            row = rows.get(member)
            if row is None and field.unknown is not Unknown.PASS:
                return UNKNOWN
            form = _member_form(row, side) if row is not None else member
            if form is not None:
                forms.append(form)
        return NEVER_WRITTEN if members and not forms else join_members(tuple(forms))

    return write


def _member_form(row: TableRow, side: Side) -> str | None:
    form = row.writes.of(side)
    return None if form is None else text_of(form[0])
