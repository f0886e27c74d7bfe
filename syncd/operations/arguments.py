"""The arguments of an operator's command as its deed keeps them: what was chosen, and about which records by id.

The same words on the command line, over the API and in the pages. Told is what is named here alone: ids as they are,
choices as ``NAME=VALUE``. What a person typed freely (a reason, a condition, an address in the place of a record) is
said to have been there (``reason=?``) and nothing more, not even as a digest: whoever has a list of addresses can try
a digest out, also after somebody was forgotten. Passwords are not mentioned.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import Final

IDS: Final = ("id", "ids", "digest", "run", "cancel", "approve")
"""Told without a name: ids of what is there, or how they begin."""
RECORDS: Final = ("record", "records", "recreate", "marketing", "crm", "link")
_WAVE: Final = ("wave", "creates", "updates", "clears", "until", "since", "lasts", "for", "end", "days")
CHOICES: Final = (
    *("take", "apart", "alike", "force", "everything", "side", "kind", "kinds", "field", "fields", "code", "role"),
    *("full", "apply", "target", *_WAVE),
)
FREELY: Final = ("reason", "where", "file", "name", "label")
MOST: Final = 20
"""Values of one argument that are told; of more, how many there are."""
_WITHIN: Final = ("cause",)
_WORD: Final = re.compile(r"[A-Za-z0-9_.,:+-]{1,100}")
_RECORD: Final = re.compile(r"((marketing|crm):)?[A-Za-z]\w{0,80}/[A-Za-z0-9-]{1,64}|link:[A-Za-z0-9-]{1,64}", re.ASCII)
_HIDDEN: Final = "?"


def arguments(given: Mapping[str, object], about: str = "") -> str:
    """What a command was about, by ids, and with which arguments.

    :param about: ids that the command told itself; an argument that says one of them again is left out.
    """
    return " ".join([*filter(None, [about]), *_told(given, set(about.split()))])


def ids_of(told: Sequence[str]) -> list[str]:
    """Those that are an id, each once: an address is none."""
    return [each for each in dict.fromkeys(told) if _RECORD.fullmatch(each) or _WORD.fullmatch(each)]


def _told(given: Mapping[str, object], known: AbstractSet[str]) -> Iterator[str]:
    for name, value in given.items():
        if name in _WITHIN and isinstance(value, Mapping):
            yield from _told(value, known)
        elif name not in {*IDS, *RECORDS, *CHOICES, *FREELY} or value in (None, False, "", 0):
            continue
        elif value is True:
            yield name
        elif texts := [_text(name, each) for each in _several(value) if str(each) not in known]:
            shown = ",".join(texts[:MOST]) + (f",+{len(texts) - MOST}" if len(texts) > MOST else "")
            yield shown if name in IDS else f"{name}={shown}"


def _several(value: object) -> Sequence[object]:
    if isinstance(value, Mapping):
        value = list(value.values())
    return [each for each in value if each != ""] if isinstance(value, list | tuple) else [value]


def _text(name: str, value: object) -> str:
    text = str(value.value if isinstance(value, Enum) else value)
    fits = None if name in FREELY else (_RECORD if name in RECORDS else _WORD).fullmatch(text)
    return text if fits else _HIDDEN
