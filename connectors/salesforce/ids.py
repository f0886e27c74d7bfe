"""Record ids: 15 characters that differ by case, or the same with a checksum of three characters.

Promises 18 characters at every border, so that one record never has two refs. Refuses anything that is no id, because
an id goes into SOQL and URLs. The algorithm and the key prefixes are the vendor's (object reference, "Record ID").
"""

from __future__ import annotations

import re
from typing import Final

_ID: Final = re.compile(r"[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?")
_SUFFIX: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
PREFIXES: Final = {
    "001": "Account",
    "003": "Contact",
    "005": "User",
    "006": "Opportunity",
    "00D": "Organization",
    "00G": "Group",
    "00Q": "Lead",
    "00T": "Task",
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
    return core + "".join(
        _SUFFIX[sum(1 << bit for bit, letter in enumerate(core[block : block + 5]) if "A" <= letter <= "Z")]
        for block in (0, 5, 10)
    )


def object_of(id: str) -> str | None:
    """The object an id belongs to by its key prefix, where the prefix is one of the standard ones."""
    return PREFIXES.get(id[:3])
