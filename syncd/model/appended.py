"""What was added on one side because of something on the other, once and for good: activities and campaign members.

Kinds that are only ever added to have no Link and no Base: nothing of them is merged. What must be remembered is that a
thing was dealt with, so that it is never added twice, in one compact row. ``origin`` names the thing: the record of the
other side (``crm:Task/00T...``), or the campaign and the person.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from syncd.model.remote import RemoteRef
from syncd.model.signal import Signals
from syncd.model.values import Instant

ACTIVITY: Final = "activity"
CAMPAIGN_MEMBER: Final = "campaign_member"
APPENDED_KINDS: Final = frozenset({ACTIVITY, CAMPAIGN_MEMBER})
"""The kinds that are only ever added to."""


class AppendedState(StrEnum):
    """What became of it: added; waiting for its time; left out, being over a person's daily cap; refused by the vendor
    (tried again the next day, and when it is seen again); over, since a person took it back or there is nobody for it;
    held by the brake until a person approves it.
    """

    DONE = "done"
    WAITING = "waiting"
    CAPPED = "capped"
    REFUSED = "refused"
    LEFT = "left"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Appended:
    """One thing that was dealt with. ``person`` is the id of the person's link, ``day`` the day it counts for (as days
    since 1970, 0 where days do not matter), ``ref`` what was made, ``status`` the status it was given, or the code of
    its refusal; ``due`` is when a waiting one is looked at again, ``None`` for not before it changes; ``at`` is when it
    was dealt with.
    """

    kind: str
    origin: str
    person: str
    state: AppendedState
    at: Instant
    day: int = 0
    ref: RemoteRef | None = None
    status: str = ""
    due: Instant | None = None


def declared(signals: Signals) -> frozenset[str]:
    """The kinds that are only ever added to and of which anything is declared."""
    rules = {CAMPAIGN_MEMBER: signals.campaigns, ACTIVITY: signals.activities}
    return frozenset(kind for kind, each in rules.items() if each)
