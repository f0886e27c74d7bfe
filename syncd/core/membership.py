"""Who is to be a member of a campaign, and with which status: the rules of ``signals.yaml`` over marketing properties.

Promises that a status only goes on in the declared order: whoever is further already, or has a status that the order
does not know (a person of sales gave it), stays as they are, and nobody is taken out. What a property holds is compared
as it stands, letter by letter; of several values (``a;b``) each counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from syncd.model.signal import ANY_VALUE, Campaign
from syncd.model.values import Wire


def properties_of(campaign: Campaign) -> tuple[str, ...]:
    """The marketing properties that decide about a campaign, each once."""
    return tuple(dict.fromkeys(rule.property for rule in campaign.rules))


def wanted_status(campaign: Campaign, properties: Mapping[str, Wire]) -> str | None:
    """The furthest status that any rule gives somebody with these properties; ``None`` if no rule holds."""
    return max(_given(campaign, properties), key=campaign.statuses.index, default=None)


def goes_on(campaign: Campaign, *, held: Wire, wanted: str) -> bool:
    """Whether a member with the status ``held`` gets the wanted one: it comes later in the order, or there is none."""
    if held in (None, ""):
        return True
    return held in campaign.statuses and campaign.statuses.index(wanted) > campaign.statuses.index(str(held))


def _given(campaign: Campaign, properties: Mapping[str, Wire]) -> Iterator[str]:
    for rule in campaign.rules:
        told = properties.get(rule.property)
        if told is None or told == "":
            continue
        text = str(told)
        for value in dict.fromkeys((text, *(part.strip() for part in text.split(";") if part.strip()))):
            status = rule.values.get(value, rule.values.get(ANY_VALUE))
            if status is not None:
                yield status
