"""E-mail addresses and phone numbers in the form in which two of them are compared.

An address is compared in lower case with its domain in ASCII (IDNA); one that is no address is refused, because both
vendors refuse it too and identity hangs on it. A phone number is compared as E.164, its extension as ``;ext=12``. A
phone that cannot be understood is not refused: people keep notes there ("ask for Jo"), so it stands as its own text
and is compared as text. Both answers are remembered, since the same value is read on both sides.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import phonenumbers
from email_validator import EmailNotValidError, validate_email

_PLAIN_ADDRESS: Final = re.compile(
    r"[a-z0-9_+'&-]+(?:\.[a-z0-9_+'&-]+)*@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", re.ASCII
)
_NUMBER: Final = re.compile(
    r"[+\d\s()./\u00a0\u2010-\u2015-]+(?:(?:;ext=|,? ?(?:ext(?:ension)?|x)\.? ?|#)\d{1,9})?", re.IGNORECASE
)
_NORTH_AMERICAN: Final = re.compile(
    r"(\+1[ .-]?)?(?:\(([2-9]\d\d)\) ?|([2-9]\d\d)[ .-]?)(\d{3})[ .-]?(\d{4})", re.ASCII
)
"""Ten digits in the usual notations: the one plan in which the form alone says what the library would answer."""
_TEN_DIGITS: Final = frozenset({"US", "CA"})
"""Regions in which ten digits are a number of the North American plan."""
_MAX_ADDRESS: Final = 254
_MAX_LOCAL: Final = 64
_SHORTEST: Final = 5
"""Fewer digits are a room or an extension, which only some numbering plan would call possible."""
_REMEMBERED: Final = 50_000


def email_address(text: str) -> str | None:
    """The comparable form of an address that is already stripped; ``None`` if it is none.

    Deliverability is not asked, no name server is called.
    """
    plain = text.lower()
    if len(plain) <= _MAX_ADDRESS and "--" not in plain and _PLAIN_ADDRESS.fullmatch(plain):
        return plain if plain.index("@") <= _MAX_LOCAL else None
    return _odd_address(plain)


@lru_cache(maxsize=8_192)
def _odd_address(text: str) -> str | None:
    try:
        read = validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        return None
    domain = read.ascii_domain or read.domain
    return f"{read.local_part.lower()}@{domain.lower()}"


_phones: dict[tuple[str, str | None], str] = {}


def phone_number(text: str, region: str | None) -> str:
    """The comparable form of a phone number that is already stripped; the text itself if it cannot be understood.

    :param region: alpha-2 of the country of numbers without a country code; without it they stay as text.
    """
    known = _phones.get((text, region))
    if known is not None:
        return known
    if len(_phones) >= _REMEMBERED:
        _phones.clear()
    read = _read_phone(text, region)
    _phones[text, region] = _phones[read, region] = read
    return read


def _read_phone(text: str, region: str | None) -> str:
    usual = _NORTH_AMERICAN.fullmatch(text)
    if usual is not None and (usual[1] or region in _TEN_DIGITS):
        return f"+1{usual[2] or usual[3]}{usual[4]}{usual[5]}"
    if not _NUMBER.fullmatch(text) or sum(map(str.isdigit, text)) < _SHORTEST:
        return text  # the library would take the number out of a note and lose the note
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return text
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return text  # nor is one without its area code, which would be another one with a country before it
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if number.italian_leading_zero and phonenumbers.parse(written) != number:
        return text  # "000000" and the like: the zeros would be read otherwise each time
    return f"{written};ext={number.extension}" if number.extension else written
