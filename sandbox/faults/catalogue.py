"""The whole catalogue, in the order of the fault model's numbers, and what of the model has no entry here, with why.

``find`` is the only way to look a name up: a name that is not there is refused with the nearest ones that are.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from sandbox.faults import (
    batches,
    connections,
    identity_deeds,
    list_deeds,
    moment_deeds,
    network,
    refusals,
    rows,
    setup_deeds,
    texts,
    value_deeds,
)
from sandbox.faults.entry import Entry

_PARTS = (
    refusals,
    network,
    connections,
    batches,
    rows,
    texts,
    setup_deeds,
    list_deeds,
    identity_deeds,
    moment_deeds,
    value_deeds,
)

CATALOGUE: Mapping[str, Entry] = {
    entry.name: entry
    for entry in sorted((entry for part in _PARTS for entry in part.ENTRIES), key=lambda entry: entry.number)
}
"""Every fault by its name."""

NOT_HERE: Mapping[str, str] = {
    "F29": "the cursor is the caller's own; a vendor only refuses what is too old, as both stand-ins always do",
    "F31": "both stand-ins always move the stamp of what a call writes",
    "F33": "HubSpot's stand-in never shows an archived record in a search",
}
"""Numbers up to F58 without an entry, and why. From F59 on faults are of the caller's own process and store."""

ONLY_IN_PART: Mapping[str, str] = {
    "F14": "names and routes are before any server: they are played in process, and a server hangs up instead",
    "F19": "a key that is rotated with grace is played at HubSpot; Salesforce's app has one secret at a time",
    "F38": "HubSpot's stand-in always refuses to move lifecyclestage backward for an app",
    "F47": "a field that is missing from a read is field-missing (F20)",
    "F53": "odd dates are tried at HubSpot only, where people have a date; SOQL's words for days go by GMT in any zone",
    "F56": "both sides edited alike or in one instant is a script for the people of both (sandbox.people)",
}
"""Numbers whose entry does not play all of what the model says, and what is left out."""


class UnknownFault(Exception):
    """No fault has this name; the text names those that come nearest."""

    def __init__(self, name: str) -> None:
        near = get_close_matches(name, CATALOGUE, n=3, cutoff=0.4)
        advice = f"did you mean {', '.join(near)}" if near else "see the list of all of them"
        super().__init__(f"there is no fault {name!r}; {advice}")
        self.near = tuple(near)


def find(name: str) -> Entry:
    """The entry of a name. Raises ``UnknownFault``."""
    entry = CATALOGUE.get(name)
    if entry is None:
        raise UnknownFault(name)
    return entry
