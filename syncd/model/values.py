"""The smallest words: sides, pairs, canonical and wire values, and the three kinds of nothing.

A *wire* value is what a vendor's JSON holds for one of its fields. A *canonical* value is what both sides mean by it.
Canonical values are plain and comparable with ``==``: ``str`` (text, e-mail, phone, decimal, date, enum, owner ...),
``bool``, ``int``, a sorted ``tuple`` of ``str`` (sets) or ``None``. Absent, null and "" are three things: ``MISSING``
says that a value was not told at all, ``None`` that it is empty; "" becomes ``None`` only in ``core.normalize``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, StrEnum
from typing import Final, Generic, TypeAlias, TypeVar

from syncd.model.swift import swift

T = TypeVar("T")
U = TypeVar("U")


class Missing(Enum):
    """The type of ``MISSING``: the vendor did not tell a field, which is never a clear."""

    TOKEN = 0

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing.TOKEN

Wire: TypeAlias = str | int | float | bool | None
Canonical: TypeAlias = str | int | bool | tuple[str, ...] | None
Told: TypeAlias = Canonical | Missing
Instant: TypeAlias = datetime


class Side(StrEnum):
    """A role in the pair; vendors are connectors, not sides."""

    MARKETING = "marketing"
    CRM = "crm"

    @property
    def other(self) -> Side:
        """The opposite role."""
        return Side.CRM if self is Side.MARKETING else Side.MARKETING


SIDES: Final = (Side.MARKETING, Side.CRM)
"""Both, for walking over them: over an enumeration that takes eight times as long, and it is done for every record."""
_MARKETING: Final = Side.MARKETING


@swift
@dataclass(frozen=True, slots=True)
class Pair(Generic[T]):
    """One value per side."""

    marketing: T
    crm: T

    def of(self, side: Side) -> T:
        """The value of one side."""
        return self.marketing if side is _MARKETING else self.crm

    def other(self, side: Side) -> T:
        """The value of the opposite side."""
        return self.crm if side is _MARKETING else self.marketing

    def replacing(self, side: Side, value: T) -> Pair[T]:
        """The same pair with the value of one side replaced."""
        return Pair(value, self.crm) if side is _MARKETING else Pair(self.marketing, value)

    def swapped(self) -> Pair[T]:
        """Both values with their sides exchanged."""
        return Pair(self.crm, self.marketing)

    def map(self, change: Callable[[T], U]) -> Pair[U]:
        """Both values changed by one function."""
        return Pair(change(self.marketing), change(self.crm))

    def __iter__(self) -> Iterator[T]:
        yield self.marketing
        yield self.crm


class FieldType(StrEnum):
    """The canonical types of the shared schema."""

    STRING = "string"
    TEXT = "text"
    EMAIL = "email"
    PHONE = "phone"
    URL = "url"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    MONEY = "money"
    DATE = "date"
    DATETIME = "datetime"
    ENUM = "enum"
    SET = "set"
    COUNTRY = "country"
    STATE = "state"
    OWNER = "owner"
    OPT_OUT = "opt_out"
    REFERENCE = "reference"


class Lane(StrEnum):
    """Priority of work, first to last."""

    OPT_OUT = "opt_out"
    HANDOFF = "handoff"
    ORDINARY = "ordinary"
    BULK = "bulk"


def instant(text: str) -> Instant:
    """Reads a vendor's stamp (``Z``, ``+0000`` and ``+00:00`` are all in use) as an aware UTC instant.

    :raises ValueError: if the text is no ISO 8601 instant with an offset.
    """
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise ValueError(f"stamp {text!r} has no offset; an instant needs one")
    return read if read.tzinfo is UTC else read.astimezone(UTC)


def stamp(moment: Instant) -> str:
    """Writes an instant as ISO 8601 in UTC with milliseconds: ``2024-01-31T18:24:02.000Z``."""
    told = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return told.isoformat(timespec="milliseconds")[:-6] + "Z"
