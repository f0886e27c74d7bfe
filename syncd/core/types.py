"""The canonical types: one reader and one writer each, between a vendor's wire value and what both sides mean by it.

A reader takes what a vendor's JSON holds (HubSpot strings, Salesforce JSON scalars; each reader takes both) and gives
the canonical value, ``None`` for empty ("" and white space are empty), or ``Invalid``. A writer is its way back: what
it writes is read as the same value. Nothing is rounded, shifted by a zone, cut or guessed. Reasons never hold values.

Canonical forms: text in NFC; numbers as decimal text without exponent (``-0`` is ``0``); money ``12.5 EUR``; dates
``2020-02-29`` without a zone; instants ``2020-02-29T03:30:17.000Z``; sets as sorted tuples.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Final, TypeAlias
from urllib.parse import urlsplit, urlunsplit

from syncd.core.contact_points import email_address, phone_number
from syncd.core.domains import host_of
from syncd.model.values import Canonical, FieldType, Wire


@dataclass(frozen=True, slots=True)
class Invalid:
    """A value that cannot be read or written. ``reason`` says what is wrong and what to do, without the value."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unlinked(Invalid):
    """A reference to a record that has no link (yet): the only unreadable value that mends itself."""


@dataclass(frozen=True, slots=True)
class Inexpressible:
    """A sound value that this side has no form for: nothing is written, nothing is wrong."""

    reason: str


class Codec(Enum):
    """How a vendor wants its values. ``None`` clears a field under both.

    ``TEXT``: every value is a string, a boolean ``"true"`` or ``"false"`` (HubSpot). ``JSON``: numbers and booleans are
    JSON's own, and a boolean cannot be empty (Salesforce's checkbox).
    """

    TEXT = "text"
    JSON = "json"


Read: TypeAlias = Callable[[Wire], "Canonical | Invalid"]
Write: TypeAlias = Callable[[Canonical], "Wire | Invalid | Inexpressible"]

_ENDS: Final = "".join(chr(code) for code in range(0x3001) if chr(code).isspace()) + "\u200b\u2060\ufeff"
"""White space and the zero-width characters that pasted text drags along."""
_LONGEST_NUMBER: Final = 400

BROKEN_TEXT: Final = Invalid("holds NUL or half of a surrogate pair, which no side can store; retype the value")


def text_of(wire: Wire) -> str | None:
    """A wire value as text: a boolean as ``true`` or ``false``, a number as its shortest exact decimal."""
    if wire is None or isinstance(wire, str):
        return wire
    if isinstance(wire, bool):
        return "true" if wire else "false"
    return str(wire) if isinstance(wire, int) else repr(wire)


# -- text ------------------------------------------------------------------------------------------------------------
def read_string(wire: Wire) -> str | Invalid | None:
    """One line (usually): NFC, without white space at both ends; case and inner characters as they are."""
    if wire.__class__ is str and wire.isascii() and wire.isprintable():
        return wire.strip() or None
    text = text_of(wire)
    if text is None:
        return None
    return _normal(text, lambda normal: normal.strip(_ENDS))


def read_text(wire: Wire) -> str | Invalid | None:
    """Many lines: NFC, line ends as LF, without white space at the end."""
    text = text_of(wire)
    if text is None:
        return None
    return _normal(text.replace("\r\n", "\n").replace("\r", "\n"), lambda normal: normal.rstrip(_ENDS))


def _normal(text: str, strip: Callable[[str], str]) -> str | Invalid | None:
    if "\0" in text:
        return BROKEN_TEXT
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return BROKEN_TEXT
        text = unicodedata.normalize("NFC", text)
    return strip(text) or None


def read_email(wire: Wire) -> str | Invalid | None:
    """An address in comparable form (``contact_points.email_address``)."""
    text = read_string(wire)
    if not isinstance(text, str):
        return text
    return email_address(text) or Invalid("is no e-mail address; correct it in the system it was typed into")


def phone_reader(region: str | None) -> Read:
    """A reader of phone numbers whose default country is ``region``; see ``contact_points.phone_number``."""

    def read_phone(wire: Wire) -> str | Invalid | None:
        text = read_string(wire)
        return phone_number(text, region) if isinstance(text, str) else text

    return read_phone


_PORTS: Final = {"http": 80, "https": 443}


def read_url(wire: Wire) -> str | Invalid | None:
    """A web address with scheme and host in lower case, without default port and closing slash; ``https`` if it has no
    scheme. What is no web address stands as its text.
    """
    text = read_string(wire)
    if not isinstance(text, str) or any(letter.isspace() for letter in text):
        return text
    return _web_address(text)


@lru_cache(maxsize=16_384)
def _web_address(text: str) -> str:
    try:
        parts = urlsplit(text if "://" in text else "https://" + text.removeprefix("//"))
        port = parts.port
    except ValueError:
        return text
    host = host_of(parts.hostname or "")
    if parts.scheme not in _PORTS or host is None or "@" in parts.netloc or ("." not in host and "://" not in text):
        return text
    place = host if port in {None, _PORTS[parts.scheme]} else f"{host}:{port}"
    path = (parts.path or "/") if parts.query or parts.fragment else parts.path.rstrip("/")
    return urlunsplit((parts.scheme, place, path, parts.query, parts.fragment))


# -- truth and numbers -----------------------------------------------------------------------------------------------
_TRUTH: Final = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}


def read_boolean(wire: Wire) -> bool | Invalid | None:
    """True or false; empty stays empty."""
    if isinstance(wire, bool) or wire is None:
        return wire
    text = (text_of(wire) or "").strip().lower()
    if not text:
        return None
    truth = _TRUTH.get(text)
    return Invalid("is neither true nor false; use a value table") if truth is None else truth


def read_opt_out(wire: Wire) -> bool | Invalid:
    """Whether somebody opted out; not told is not opted out."""
    read = read_boolean(wire)
    return read if isinstance(read, Invalid) else read is True


_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_CANONICAL_DECIMAL: Final = re.compile(r"(?:0|-?[1-9][0-9]*)(?:\.[0-9]*[1-9])?")
_NO_NUMBER: Final = Invalid("is no plain number; thousands separators need the transform `number`")


def read_decimal(wire: Wire) -> str | Invalid | None:
    """An exact decimal number as text, whatever its size; a JSON number counts by its shortest exact form."""
    text = text_of(wire)
    if text is None:
        return None
    text = text.strip()
    if not text:
        return None
    if len(text) > _LONGEST_NUMBER or not _DECIMAL.fullmatch(text):
        return _NO_NUMBER
    if _CANONICAL_DECIMAL.fullmatch(text):
        return text
    digits = format(Decimal(text), "f")
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    if len(digits) > _LONGEST_NUMBER:
        return _NO_NUMBER
    return "0" if digits == "-0" else digits


def read_integer(wire: Wire) -> int | Invalid | None:
    """A whole number; ``17.0`` is 17, ``17.5`` is refused rather than rounded."""
    if wire.__class__ is int:
        return wire
    read = read_decimal(wire)
    if not isinstance(read, str):
        return read
    return Invalid("is no whole number; map the field as decimal") if "." in read else int(read)


def write_number(value: str) -> int | float | str:
    """Decimal text as a JSON number where one holds it exactly, else as text."""
    if "." not in value:
        return int(value)
    number = float(value)
    return number if read_decimal(number) == value else value


# -- time ------------------------------------------------------------------------------------------------------------
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_EPOCH: Final = re.compile(r"-?\d{1,15}", re.ASCII)
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _moment(text: str) -> datetime | None:
    try:
        if _EPOCH.fullmatch(text):
            return _START + timedelta(milliseconds=int(text))
        if _DATE.match(text) and "T" in text:
            read = datetime.fromisoformat(text)
            return None if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return None


def read_date(wire: Wire) -> str | Invalid | None:
    """A civil date, never shifted by a zone: ``2020-02-29`` or HubSpot's old epoch milliseconds of midnight UTC."""
    text = (text_of(wire) or "").strip()
    if not text:
        return None
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            return Invalid("is a day that the calendar does not have; correct it")
    moment = _moment(text)
    if moment is None:
        return Invalid("is no date like 2020-02-29; map the field as string or use a transform")
    if (moment.hour, moment.minute, moment.second, moment.microsecond) != (0, 0, 0, 0):
        return Invalid("is an instant and no date; map the field as datetime")
    return moment.date().isoformat()


def read_datetime(wire: Wire) -> str | Invalid | None:
    """An instant in UTC with milliseconds: ISO 8601 with an offset, or epoch milliseconds."""
    text = (text_of(wire) or "").strip()
    if not text:
        return None
    moment = _moment(text)
    if moment is None:
        return Invalid("is no instant with an offset like 2020-02-29T03:30:17Z; map a day without time as date")
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


# -- sets ------------------------------------------------------------------------------------------------------------
def members_of(wire: Wire) -> tuple[str, ...] | Invalid:
    """The members of a ``a;b`` value (both vendors write it so), in canonical order and without repeats."""
    text = read_string(wire)
    if text is None:
        return ()
    if isinstance(text, Invalid):
        return text
    return tuple(sorted({member.strip(_ENDS) for member in text.split(";")} - {""}))


def join_members(members: tuple[str, ...]) -> str | Invalid | None:
    """The wire form of a set; ``None`` for the empty one."""
    if any(";" in member for member in members):
        return Invalid("a member holds a semicolon, which both vendors use between members; rename it by a value table")
    return ";".join(members) or None


# -- by type ---------------------------------------------------------------------------------------------------------
READERS: Final[Mapping[FieldType, Read]] = {
    FieldType.STRING: read_string,
    FieldType.TEXT: read_text,
    FieldType.EMAIL: read_email,
    FieldType.URL: read_url,
    FieldType.BOOLEAN: read_boolean,
    FieldType.OPT_OUT: read_opt_out,
    FieldType.INTEGER: read_integer,
    FieldType.DECIMAL: read_decimal,
    FieldType.DATE: read_date,
    FieldType.DATETIME: read_datetime,
    FieldType.ENUM: read_string,
}
"""Readers of one wire value that need to know nothing else."""


def write_as(type: FieldType, codec: Codec) -> Write:
    """The writer that belongs to a reader of ``READERS`` (and to phones): canonical value to wire."""
    if type in {FieldType.BOOLEAN, FieldType.OPT_OUT}:
        return _truth_writer(type, codec)
    if type in {FieldType.INTEGER, FieldType.DECIMAL}:
        return _write_json_number if codec is Codec.JSON else _write_text
    return _write_text


def _write_text(value: Canonical) -> Wire | Invalid:
    text = text_of(value) if not isinstance(value, tuple) else join_members(value)
    if isinstance(text, str) and not text.isascii():
        return _normal(text, str)
    return BROKEN_TEXT if isinstance(text, str) and "\0" in text else text


def _write_json_number(value: Canonical) -> Wire | Invalid:
    if value is None or isinstance(value, int):
        return value
    read = read_decimal(value) if isinstance(value, str) else _NO_NUMBER
    return write_number(read) if isinstance(read, str) else read


def _truth_writer(type: FieldType, codec: Codec) -> Write:
    def write_truth(value: Canonical) -> Wire | Invalid | Inexpressible:
        if type is FieldType.OPT_OUT and value is not True:
            return Inexpressible("an opt-out is only ever set, never cleared")
        if value is None and codec is Codec.JSON:
            return Inexpressible("a checkbox cannot be empty on this side")
        if value is None or isinstance(value, bool):
            return value if codec is Codec.JSON else text_of(value)
        return Invalid("is neither true nor false; use a value table")

    return write_truth
