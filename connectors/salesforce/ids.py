"""Record ids: 15 characters that differ by case, or the same with a checksum of three characters.

Promises 18 characters at every border, so that one record never has two refs. Refuses anything that is no id, because
an id goes into SOQL and URLs. The algorithm and the key prefixes are the vendor's (object reference, "Record ID").
"""

from __future__ import annotations

import re
from typing import Final

FORM: Final = "[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?"
_ID: Final = re.compile(FORM)
_CAPITALS: Final = str.maketrans(
    {chr(code): "1" if chr(code).isupper() else "0" for code in range(128) if chr(code).isalnum()}
)
_SUFFIX: Final = {f"{bits:05b}"[::-1]: letter for bits, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345")}
"""The letter of the checksum for five letters of an id, of which "1" are the capitals; the first one weighs least."""
PREFIXES: Final = {
    "001": "Account",
    "003": "Contact",
    "005": "User",
    "006": "Opportunity",
    "00D": "Organization",
    "00G": "Group",
    "00Q": "Lead",
    "00T": "Task",
    "00U": "Event",
    "00v": "CampaignMember",
    "701": "Campaign",
}


def is_id(text: str) -> bool:
    """Whether this can be a record id."""
    return _ID.fullmatch(text) is not None


def to18(id: str) -> str:
    """The id with its checksum; an id of 18 characters keeps its first 15 and gets the checksum they call for.

    :raises ValueError: if it is no id.
    """
    if not is_id(id):
        raise ValueError(f"{id!r} is no Salesforce id; ids have 15 or 18 letters and digits")
    core = id[:15]
    capitals = core.translate(_CAPITALS)
    return core + _SUFFIX[capitals[:5]] + _SUFFIX[capitals[5:10]] + _SUFFIX[capitals[10:]]


def as_told(id: str) -> str:
    """The id of an answer: whole as it comes, since the vendor's own checksum needs no second look.

    :raises ValueError: if it is no id.
    """
    return id if len(id) == 18 and id.isalnum() and id.isascii() else to18(id)


def object_of(id: str) -> str | None:
    """The object an id belongs to by its key prefix, where the prefix is one of the standard ones."""
    return PREFIXES.get(id[:3])


def page(login_url: str, id: str) -> str | None:
    """The address of a record, for people who are told of it: the org's domain and the id alone, which the org leads on
    to the page that it uses. ``None`` for what is no org on the web.
    """
    return f"{login_url}/{id}" if login_url.startswith("https://") else None
