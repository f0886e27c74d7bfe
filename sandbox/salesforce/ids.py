"""Record ids: 15 characters that tell upper from lower case, 18 with a checksum that survives where case does not.

Promises: ids of one key prefix rise in ASCII order (digits, upper case, lower case), which is the order in which the
vendor hands them out, so that plain string comparison is id order. Refuses nothing: a malformed id becomes ``None``.
"""

from __future__ import annotations

import random
from functools import lru_cache

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_BASE = len(DIGITS)
_SERIAL_LENGTH = 7
_BLOCK = 5
_SHORT = 15
_LONG = 18
_OF_SETUP = frozenset({"0PS", "0Pa", "110", "01k", "00N"})


def checksum(short: str) -> str:
    """The three characters that tell which of the fifteen are upper case, five a character."""
    return _of_block(short[:_BLOCK]) + _of_block(short[_BLOCK : 2 * _BLOCK]) + _of_block(short[2 * _BLOCK :])


@lru_cache(maxsize=4096)
def _of_block(block: str) -> str:
    """One character of a checksum; ids of one object share all but their last characters."""
    return CHECKSUM[sum(1 << place for place, sign in enumerate(block) if "A" <= sign <= "Z")]


def long_id(text: object, *, restores: bool = True) -> str | None:
    """The 18-character form of a 15- or 18-character id, or ``None`` where the text is no id at all.

    The case of an 18-character id is restored from its checksum, as the vendor is said to do, or the id is none.
    """
    if not isinstance(text, str) or len(text) not in (_SHORT, _LONG) or not (text.isascii() and text.isalnum()):
        return None
    if len(text) == _SHORT:
        return text + checksum(text)
    if checksum(text[:_SHORT]) == text[_SHORT:]:
        return text
    if not restores:
        return None
    suffix = text[_SHORT:].upper()
    if any(sign not in CHECKSUM for sign in suffix):
        return None
    masks = [CHECKSUM.index(sign) for sign in suffix]
    short = "".join(
        sign.upper() if masks[place // _BLOCK] >> (place % _BLOCK) & 1 else sign.lower()
        for place, sign in enumerate(text[:_SHORT])
    )
    return short + suffix if checksum(short) == suffix else None


class IdSequence:
    """Hands out ids, rising per key prefix from a seeded base, so that equal seeds give equal ids."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._pod = "5" + chance.choice(DIGITS[10:])
        self._next: dict[str, int] = {}

    def take(self, prefix: str) -> str:
        """The next 18-character id of this key prefix."""
        number = self._next.get(prefix)
        if number is None:
            # Setup rows are made with every org: they must not move what the seed gives everybody else.
            chance = random.Random(prefix) if prefix in _OF_SETUP else self._chance
            number = chance.randrange(_BASE**4, _BASE**5)
        self._next[prefix] = number + 1
        serial = ""
        for _ in range(_SERIAL_LENGTH):
            number, digit = divmod(number, _BASE)
            serial = DIGITS[digit] + serial
        short = f"{prefix}{self._pod}000{serial}"
        return short + checksum(short)
