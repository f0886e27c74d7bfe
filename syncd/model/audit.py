"""What verifying the audit found: how far it reaches, and every place where it is not what was written.

``Verified`` grows while the chain is walked. It keeps the first twenty flaws in words and counts the rest, since one
altered row is told as surely by twenty sentences as by a million.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from syncd.model.keeping import Pruned

TOLD: Final = 20
"""How many flaws are told in words."""


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of a chain. ``hash`` (hex) stands for everything up to it: whoever has it written down elsewhere
    can tell later whether any of that was changed.
    """

    number: int
    hash: str


@dataclass(slots=True)
class Verified:
    """One verification of a connection's audit.

    ``rows`` are those the chain holds, ``unfinished`` those of them without an ending yet; ``before`` are rows from
    before there was a chain, of which nothing can be said; ``pruned`` is what went by the rule
    before the first of them. ``reads`` are looks at personal data and ``commands`` those of operators, of all
    connections of the store.
    """

    rows: int = 0
    unfinished: int = 0
    before: int = 0
    entries: int = 0
    head: Head | None = None
    flaws: list[str] = field(default_factory=list)
    more: int = 0
    pruned: Pruned | None = None
    reads: int = 0
    commands: int = 0

    def flaw(self, what: str) -> None:
        """Notes one place that is not as it was written."""
        if len(self.flaws) < TOLD:
            self.flaws.append(what)
        else:
            self.more += 1

    def __bool__(self) -> bool:
        return not self.flaws
