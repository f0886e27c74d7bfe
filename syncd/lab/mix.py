"""The light mix of faults that a demo may run with: all of them heal by themselves, so the end must be the same.

Limits, errors of the vendors' edges, lost answers of reads and writes, a late search index, locked rows, bodies cut in
two and sessions that end. What needs a person, and what a vendor refuses for good, is not in it; nor is HubSpot's limit
of ten seconds, which a caller can only sit out. The other dear one, for which it must wait some seconds, hits once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sandbox.control import Control

SEARCH_LAG: Final = 1.5
"""Seconds of which a search that is hit may leave out changes: less than the demo waits after an edit."""


@dataclass(frozen=True, slots=True)
class Armed:
    """One fault of the mix: its name in the catalogue, and how often it hits."""

    name: str
    words: Mapping[str, Any]

    def __str__(self) -> str:
        if "nth" in self.words:
            return f"{self.name} (call {self.words['nth']})"
        return f"{self.name} {100 * self.words['probability']:g} %"


def _some(name: str, probability: float, **more: Any) -> Armed:  # noqa: ANN401 - whatever the fault takes
    return Armed(name, {"probability": probability, **more})


MARKETING: Final[Sequence[Armed]] = (
    _some("hubspot-search-limit", 0.02),
    _some("hubspot-gateway-error", 0.015),
    _some("hubspot-locked", 0.02),
    _some("ghost-write", 0.06),
    _some("lost-request", 0.01),
    _some("truncated-body", 0.015),
    _some("session-expiry", 0.01),
    _some("search-lag", 0.5, seconds=SEARCH_LAG),
)
CRM: Final[Sequence[Armed]] = (
    Armed("salesforce-concurrent-limit", {"nth": 30}),
    _some("salesforce-unavailable", 0.02),
    _some("ghost-write", 0.06),
    _some("lost-request", 0.01),
    _some("row-lock", 0.1),
    _some("truncated-body", 0.015),
    _some("session-expiry", 0.03),
)


class Mix:
    """The mix at two stand-ins. ``seed`` draws which calls are hit; each arming draws anew."""

    def __init__(self, marketing: Control, crm: Control, *, seed: int) -> None:
        self._sides = ((marketing, MARKETING), (crm, CRM))
        self._seed = seed
        self._rounds = 0

    def arm(self) -> None:
        """Lets both vendors misbehave from now on. What hits a fixed call does so once in all."""
        self._rounds += 1
        for control, faults in self._sides:
            for fault in faults:
                if self._rounds == 1 or "nth" not in fault.words:
                    control.fault(name=fault.name, seed=f"{self._seed}.{self._rounds}", **fault.words)

    def calm(self) -> None:
        """Lets both behave until armed again."""
        for control, _ in self._sides:
            control.clear_faults()

    def fired(self) -> dict[str, int]:
        """How often each fault has hit a call, of both together; those that never did are left out."""
        sums: dict[str, int] = {}
        for control, faults in self._sides:
            counted = control.faults()["fired"]
            for fault in faults:
                sums[fault.name] = sums.get(fault.name, 0) + int(counted.get(fault.name, 0))
        return {name: number for name, number in sums.items() if number}


def told() -> Sequence[str]:
    """The mix in two lines."""
    return (
        f"HubSpot: {', '.join(map(str, MARKETING))}",
        f"Salesforce: {', '.join(map(str, CRM))}",
    )
