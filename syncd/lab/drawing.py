"""Whom people pick, and what they write into a field that is no text: one of its own forms, or a figure of their own.

A figure (a number, a day, a phone, a web address) is made of the token, and so is found nowhere else: it names its
author as a text does. A table, a set, a country or a truth has few forms, which anybody may choose: such an edit is
known by what it means on that record alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sandbox.kernel import NothingToHit
from syncd.lab.ledger import Ref
from syncd.lab.meaning import NUMBERS, text
from syncd.model.mapping import Direction, FieldMapping
from syncd.model.remote import REF
from syncd.model.values import FieldType, Lane, Side

COUNTRIES: Final = ("Germany", "United States", "FR", "Japan", "ES")
FIGURES: Final = NUMBERS | {FieldType.DATE, FieldType.PHONE, FieldType.URL}
DRAWN: Final = FIGURES | {FieldType.ENUM, FieldType.SET, FieldType.COUNTRY, FieldType.BOOLEAN}
_HEX: Final = re.compile(r"zq([0-9a-f]+)x")
_FIRST_DAY: Final = date(1900, 1, 1)
_DAYS: Final = 70_000


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is written by vendor field; ``token`` names it wherever it turns up, "" if nothing does."""

    fields: Mapping[str, str]
    token: str = ""


def drawable(mapping: FieldMapping) -> bool:
    """Whether people write a field so: it flows both ways, its values have forms, and it is no stage and no text."""
    if mapping.direction is not Direction.BOTH or mapping.lane is Lane.HANDOFF or mapping.derive is not None:
        return False
    columns = [name for side in Side for names in mapping.slots.of(side).values() for name in names]
    if any(name.startswith(("@", REF)) for name in columns) or mapping.type not in DRAWN:
        return False
    if mapping.type in (FieldType.ENUM, FieldType.SET):
        return bool(mapping.table)
    steps = {step.name for each in mapping.steps for step in (*each.read, *each.write)}
    return steps <= {"trim"} and all(len(names) == 1 for side in Side for names in mapping.slots.of(side).values())


def drawn(mapping: FieldMapping, side: Side, columns: Sequence[str], *, token: str, pick: int) -> Drawn | None:
    """What somebody writes; ``None`` if the field has no form for it on this side."""
    if mapping.type is FieldType.SET:
        members = [form for row in mapping.table if (form := row.writes.of(side)) is not None]
        several = {text(members[(pick + step) % len(members)][0]) for step in range(1 + pick % 2)} if members else set()
        return Drawn({columns[0]: ";".join(sorted(several))}) if several else None
    if mapping.table:
        forms = [form for row in mapping.table if (form := row.writes.of(side)) is not None]
        return Drawn(written(columns, forms[pick % len(forms)])) if forms else None
    if mapping.type is FieldType.COUNTRY:
        return Drawn({columns[0]: COUNTRIES[pick % len(COUNTRIES)]})
    if mapping.type is FieldType.BOOLEAN:
        return Drawn({columns[0]: ("true", "false")[pick % 2]})
    return _figure(mapping, columns[0], token)


def _figure(mapping: FieldMapping, column: str, token: str) -> Drawn | None:
    found = _HEX.match(token)
    if found is None:
        return None
    number = int(found[1], 16)
    if mapping.type is FieldType.URL:
        return Drawn({column: f"https://www.{token}.example"}, token)
    if mapping.type is FieldType.PHONE:
        figure = f"1415{2_000_000 + number % 7_000_000}"
        return Drawn({column: f"+{figure}"}, figure)
    if mapping.type is FieldType.DATE:
        day = (_FIRST_DAY + timedelta(days=number % _DAYS)).isoformat()
        return Drawn({column: day}, day)
    figure = str(1_000_000 + number % 8_999_999)
    return Drawn({column: figure}, figure)


def written(columns: Sequence[str], form: Sequence[object]) -> Mapping[str, str]:
    """The vendor fields of a table's form; what it leaves alone is not among them."""
    return {name: text(value) for name, value in zip(columns, form, strict=True) if value is not None}


def plain(mapping: FieldMapping) -> bool:
    """Whether a field's values travel as they were typed, but for blanks around them."""
    steps = (*mapping.steps.marketing.read, *mapping.steps.crm.read, *mapping.steps.marketing.write)
    return not mapping.table and all(step.name == "trim" for step in (*steps, *mapping.steps.crm.write))


def picked(refs: Sequence[Ref], pick: int) -> Ref:
    """One of those who are there. :raises NothingToHit: if nobody is."""
    if not refs:
        raise NothingToHit("nobody is there")
    return refs[pick % len(refs)]


def two(refs: Sequence[Ref], pick: int) -> tuple[Ref, Ref]:
    """Two different ones of them. :raises NothingToHit: if there are not as many."""
    if len(refs) < 2:
        raise NothingToHit("nobody else is there")
    first = pick % len(refs)
    second = (first + 1 + pick // 101 % (len(refs) - 1)) % len(refs)
    return refs[first], refs[second]
