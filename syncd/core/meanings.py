"""What a shared field holds, as far as that is known before any value is: its sort, and the words it can be.

A condition is held against it (``core.sense``). ``None`` is left out: every field may be empty. A word that no value of
the field is ever written as is told with the nearest that is: a stage there is not, ``Germany`` where the shared value
is ``DE``, an address with capitals.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

from syncd.core.places import country_code
from syncd.core.types import READERS, Invalid
from syncd.model.mapping import FieldMapping, Policy, Unknown
from syncd.model.values import FieldType


class Sort(StrEnum):
    """What an expression tells apart; the value is what both teams call it."""

    TRUTH = "true or false"
    TEXT = "text"
    WHOLE = "a whole number"
    REAL = "a number with decimals"
    LIST = "a list"
    INSTANT = "a point in time"
    SPAN = "a span of time"
    NULL = "null"
    ANY = "anything"


NUMBERS: Final = frozenset({Sort.WHOLE, Sort.REAL})

_SORTS: Final = {
    FieldType.BOOLEAN: Sort.TRUTH,
    FieldType.OPT_OUT: Sort.TRUTH,
    FieldType.INTEGER: Sort.WHOLE,
    FieldType.SET: Sort.LIST,
}
"""All other types are text."""

_WRITTEN_ONE_WAY: Final = frozenset(
    {
        *(FieldType.STRING, FieldType.TEXT, FieldType.EMAIL, FieldType.URL, FieldType.DECIMAL),
        *(FieldType.DATE, FieldType.DATETIME, FieldType.COUNTRY),
    }
)
"""Types whose every value has one way to be written, which one word alone tells."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a field holds.

    ``values``: every word it (or a member of it) can be; ``None`` where that is not known. ``noun``: what such a word
    is called.
    """

    sort: Sort
    type: FieldType
    values: tuple[str, ...] | None = None
    noun: str = "value"


def meanings_of(fields: Iterable[FieldMapping]) -> dict[str, Meaning]:
    """The meanings of shared fields by name."""
    return {field.name: meaning_of(field) for field in fields}


def meaning_of(field: FieldMapping) -> Meaning:
    """The meaning of one shared field."""
    sort = _SORTS.get(field.type, Sort.TEXT)
    staged = field.policy is Policy.LIFECYCLE or field.name == "stage"
    noun = "stage" if staged else f"value of {field.name}"
    if not field.table:
        return Meaning(sort, field.type, noun=noun)
    if sort in {Sort.TRUTH, Sort.WHOLE}:
        return Meaning(Sort.ANY, field.type, noun=noun)
    values = None if field.unknown is Unknown.PASS else tuple(row.value for row in field.table)
    return Meaning(sort, field.type, values, noun)


def word_of(values: Iterable[str] | None, noun: str) -> Meaning:
    """The meaning of a name that holds one of these words, and is no field: a persona, a grade.

    :param values: ``None`` where they are not known.
    """
    return Meaning(Sort.TEXT, FieldType.ENUM, None if values is None else tuple(values), noun)


def misspelt(word: str, meaning: Meaning) -> tuple[str, str] | None:
    """What is wrong with a word that a field is compared with, and the advice; ``None`` if it can be so."""
    if meaning.values is not None:
        if word in meaning.values:
            return None
        what = f"there is no {meaning.noun} {word!r}"
        near = _nearly(word, meaning.values) or get_close_matches(word, meaning.values, n=1)
        if near:
            return what, f"did you mean {near[0]}?"
        known = ", ".join(meaning.values)
        return what, f"known are: {known}" if known else f"there is no {meaning.noun} at all; declare one first"
    if meaning.type not in _WRITTEN_ONE_WAY:
        return None
    if not word.strip():
        return "an empty text is no value: what is empty is null", "compare with null instead"
    if meaning.type is FieldType.COUNTRY:
        code = country_code(word)
        what = f"no country is ever {word!r} here: the shared value is its code of two letters"
        return None if code == word else (what, f"did you mean {code}?" if code else "write its ISO 3166 code")
    read = READERS[meaning.type](word)
    if read == word:
        return None
    what = f"{word!r} is never a value of type {meaning.type}"
    if isinstance(read, Invalid):
        return f"{what}: it {read.reason.partition('; ')[0]}", "write it as the shared value is written"
    return what, f"did you mean {read}?"


def _nearly(word: str, values: Iterable[str]) -> list[str]:
    """The value that is the same but for case."""
    return [each for each in values if each.casefold() == word.casefold()][:1]
