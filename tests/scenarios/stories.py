"""What happens to one person between both teams: edits by anybody, a conversion, Opportunities, and cycles that die or
are not answered. ``lives`` plays it, and judges what syncd wrote meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.scenarios.steps import Schema

CRM = {"lead": "Nurturing", "mql": "Open - Not Contacted", "sql": "Working - Contacted",
       "disqualified": "Closed - Not Converted"}  # fmt: skip
MARKETING = {
    "subscriber": ("subscriber", ""), "lead": ("lead", ""), "mql": ("marketingqualifiedlead", "NEW"),
    "sql": ("salesqualifiedlead", "IN_PROGRESS"), "opportunity": ("opportunity", "OPEN_DEAL"),
    "customer": ("customer", ""), "disqualified": ("lead", "UNQUALIFIED"), "other": ("other", ""),
}  # fmt: skip
ROLES = {"Marketing": "marketing", "SDR": "sales", "Facilities": "", "workflow": "system"}
"""Who moves people, and for which team: none, or the vendor's own automation (in HubSpot alone)."""
FAULTS = [
    *(("hubspot", name) for name in ("ghost-write", "lost-request", "zombie-write", "hubspot-gateway-error")),
    *(("salesforce", name) for name in ("ghost-write", "zombie-write", "salesforce-unavailable", "row-lock")),
]


CONVERTED = "Closed - Converted"
CONTACT_STAGE = "Stage__c"
"""Where the stage stands on a Contact, in the configurations that map one there."""
CALLS = {"won": "customer", "open": "opportunity", "lost": "disqualified"}
"""The stage that a deal in this state calls for, for the team ``system``."""
STATES = {"won": "Closed Won", "open": "Negotiation/Review", "lost": "Closed Lost"}
REMEMBERED = 3
"""Whole cycles after which a deal has called for whatever it calls for."""


class Killed(BaseException):
    """The process ends here."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Somebody sets a stage on one side, and perhaps another field on the other."""

    side: str
    role: str
    stage: str


@dataclass(frozen=True, slots=True)
class Cycle:
    """One cycle: whole, killed at its n-th call (before or after it is carried out), or with a fault of a vendor."""

    dies: int | None = None
    carried_out: bool = False
    fault: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Convert:
    """Somebody converts the Lead, with an Opportunity or without."""

    role: str
    opportunity: bool = False


@dataclass(frozen=True, slots=True)
class Deal:
    """The latest Opportunity is won, lost or open (again); ``another`` is a new one, once there is a Contact."""

    state: str
    another: bool = False


Happening = Edit | Cycle | Convert | Deal


class dying:  # noqa: N801 - used like a function
    """Ends the process at the n-th call to either vendor."""

    def __init__(self, kernels: Sequence[Any], cycle: Cycle) -> None:
        self.kernels, self.cycle = kernels, cycle
        self.left = cycle.dies

    def __enter__(self) -> None:
        if self.left is None:
            return
        for kernel in self.kernels:
            kernel.handle = self._handle(kernel.handle)

    def _handle(self, whole: Any) -> Any:
        def handle(request: Any) -> Any:
            assert self.left is not None
            self.left -= 1
            if self.left >= 0:
                return whole(request)
            if self.cycle.carried_out and self.left == -1:
                whole(request)
            raise Killed

        return handle

    def __exit__(self, *_: object) -> None:
        for kernel in self.kernels:
            kernel.__dict__.pop("handle", None)


def with_a_status_for_leads(schema: Schema) -> None:
    """Whoever is a lead of marketing's shows it in the CRM."""
    schema["fields"]["stage"]["values"]["lead"] = {"marketing": ["lead", "*"], "crm": CRM["lead"]}


def by_role(tree: Schema) -> None:
    """A role alone says for whom somebody moves people; without one, for nobody."""
    tree.pop("unknown")
    for team in tree["teams"].values():
        team.pop("profiles")
