"""The whole catalogue, in the order of the fault model's numbers, and what of the model has no entry here, with why.

``find`` is the only way to look a name up: a name that is not there is refused with the nearest ones that are.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from sandbox.faults import (
    batches,
    identity_deeds,
    moment_deeds,
    network,
    refusals,
    rows,
    setup_deeds,
    value_deeds,
)
from sandbox.faults.entry import Entry

_PARTS = (refusals, network, batches, rows, setup_deeds, identity_deeds, moment_deeds, value_deeds)

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
    "F14": "no certificates, names or routes: the stand-ins speak plain HTTP on loopback",
    "F19": "a key that is rotated with grace is the action issue_token of HubSpot's people, and no fault",
    "F37": "no dependent picklists: the stand-ins do not refuse by them",
    "F38": "HubSpot's stand-in always refuses to move lifecyclestage backward for an app",
    "F46": "one address for a Lead and a Contact is in the population that is loaded",
    "F47": "a field that is missing from a read is field-missing (F20)",
    "F49": "half of a surrogate pair cannot be stored: the stand-ins keep text",
    "F53": "an org's change of zone is not imitated, and dates are tried at HubSpot only",
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
