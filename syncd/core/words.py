"""By which words a record is found: those of names, and whole e-mail addresses.

Which shared fields hold names and addresses, their own names say (``SEARCHED``). A word is folded (case, accents,
width), so that "ZOË" finds "zoe"; an address is one word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Final

from syncd.model.values import Canonical

SEARCHED: Final = frozenset(
    {
        "email",
        "other_email",
        "work_email",
        "name",
        "full_name",
        "first_name",
        "middle_name",
        "last_name",
        "company_name",
    }
)
"""Names of the shared fields that records are found by; those of owners, whom many records have, are not among them."""
LONGEST: Final = 64
"""Letters of a word that count: what is longer is found by how it begins."""
MOST: Final = 12
"""Words of one record that count, the first ones of each field."""
_WORD: Final = re.compile(r"[^\W_]+", re.ASCII)
_ANY_WORD: Final = re.compile(r"[^\W_]+")


def words_of(agreed: Mapping[str, Canonical]) -> frozenset[str]:
    """The words that a record is found by, from the values both sides agreed on."""
    found: dict[str, None] = {}
    for name, value in agreed.items():
        if value is not None and is_searched(name):
            for text in value if isinstance(value, tuple) else (value,):
                if isinstance(text, str):
                    found.update(dict.fromkeys(words_in(text)))
    return frozenset(list(found)[:MOST])


def is_searched(field: str) -> bool:
    """Whether a shared field holds a name or an address, by its own name."""
    return field in SEARCHED


def words_in(text: str) -> Iterator[str]:
    """The words of a name, or of what somebody looks for; an address is one."""
    text = text[: LONGEST * MOST]
    if "@" not in text and text.isascii():  # most names: a cycle folds many of them
        yield from (word[:LONGEST] for word in _WORD.findall(text.lower()))
        return
    for part in text.split():
        if "@" in part:
            yield part.casefold()[:LONGEST]
        elif part.isascii():
            yield from (word.lower()[:LONGEST] for word in _WORD.findall(part))
        else:
            plain = unicodedata.normalize("NFKD", part).casefold()
            plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
            yield from (word[:LONGEST] for word in _ANY_WORD.findall(plain))
