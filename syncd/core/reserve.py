"""How much of the day's calls each lane may use: a floor is kept for the account's other programs.

The floor is the last ``reserve`` percent. Ordinary work stops before it and bulk before twice as much, so that bulk
gives way first; opt-outs and handoffs go on to the end. The same shares hold for the vendor's count of all programs
and for what syncd has charged itself; whichever says more decides. A reserve of 0 keeps nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from syncd.model.values import Lane

DEFAULT: Final = 10
"""Percent of the day's calls that are kept for others where nobody says more."""
MOST: Final = 45
"""Percent that can be kept at most: of more, bulk would never have any."""


@cache
def shares(reserve: int) -> Mapping[Lane, int]:
    """Percent of the day's calls up to which a lane goes on, all programs' calls counted."""
    told = {Lane.OPT_OUT: 100, Lane.HANDOFF: 100, Lane.ORDINARY: 100 - reserve, Lane.BULK: 100 - 2 * reserve}
    return MappingProxyType(told)


def waiting(reserve: int, *, used: int, limit: int) -> frozenset[Lane]:
    """The lanes that have to wait when so many of the day's calls are used."""
    if not reserve:
        return frozenset()
    return frozenset(lane for lane, share in shares(reserve).items() if share < 100 and used * 100 >= limit * share)
