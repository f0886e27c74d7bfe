"""Which mapped fields of a Lead an org must map to its Contact for a conversion to carry them, and how to map them.

Standard fields go along by the vendor's own map; a custom field goes only where an administrator mapped it, else the
Contact is without it. The mapping is metadata (Metadata API, "LeadConvertSettings"), which no REST call reads: so the
fields are named, and not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from syncd.model.fitting import Finding, Needs, Severity, Topic
from syncd.model.values import Side

LEAD: Final = "Lead"
CONTACT: Final = "Contact"
_CUSTOM: Final = "__c"
_SHOWN: Final = 10


def to_be_mapped(needs: Needs) -> list[tuple[str, str]]:
    """Custom fields of a Lead, each with the field of the Contact that holds the same; both in alphabetical order."""
    pairs = {
        (lead, contact)
        for homes in needs.homes
        for lead, contact in zip(homes.get(LEAD, ()), homes.get(CONTACT, ()), strict=False)
        if lead.endswith(_CUSTOM)
    }
    return sorted(pairs)


def conversions(needs: Needs) -> Iterator[Finding]:
    """One finding, if there are such fields; no call."""
    pairs = to_be_mapped(needs)
    if not pairs:
        return
    named = [f"{lead} to {contact}" for lead, contact in pairs[:_SHOWN]]
    more = f" and {len(pairs) - _SHOWN} more" if len(pairs) > _SHOWN else ""
    unfit = sorted({contact for _, contact in pairs if not contact.endswith(_CUSTOM)})
    breaks = (
        "what a conversion loses is written again on the Contact from what both sides agreed on, a cycle later and for "
        "fields that flow to Salesforce only"
    )
    if unfit:
        breaks += f"; a standard field ({', '.join(unfit)}) cannot be given a custom one in Setup at all"
    yield Finding(
        Side.CRM,
        Topic.MAPPING,
        Severity.NOTICE,
        f"a conversion carries these only where the org maps them, which syncd cannot read: {', '.join(named)}{more}",
        breaks,
        "compare Setup > Object Manager > Lead > Fields & Relationships > Map Lead Fields; "
        "`syncd setup --export sfdx DIR` writes the mapping as lead-conversion/",
    )
