"""How soon somebody should look at what is refused: by the points of the person behind it, then by what waits.

It is noted when a vendor refuses, from the values that were to be written, since who cannot be written mostly has no
link whose grade could be looked up later. The order is one whole number, so that a store can page through a hundred
thousand of one cause by an index; what it is made of can be read back from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from syncd.model.swift import swift
from syncd.model.values import Lane

_LANES: Final = tuple(Lane)
_MOST: Final = 10**12
"""Hundredths of a point that count, up and down; beyond it one is as hot as the other."""
_NO_POINTS: Final = 2 * _MOST + 1
"""The place behind everybody who has points, however few."""


@swift
@dataclass(frozen=True, slots=True)
class LeadHeat:
    """Grade and points (in hundredths) of the person when it was refused, ``None`` where nobody is rated; and the lane
    of the write. The lower the ``rank``, the sooner: many points first, those without any last; of equals opt-outs,
    then handoffs.
    """

    grade: str | None = None
    points: int | None = None
    lane: Lane = Lane.ORDINARY

    @property
    def rank(self) -> int:
        """Its place in the order."""
        place = _NO_POINTS if self.points is None else _MOST - max(-_MOST, min(_MOST, self.points))
        return place * len(_LANES) + _LANES.index(self.lane)


UNRATED: Final = LeadHeat()


@lru_cache(maxsize=4_096)
def heat_at(rank: int, grade: str | None) -> LeadHeat:
    """The heat with this place and grade."""
    place, lane = divmod(rank, len(_LANES))
    return LeadHeat(grade, None if place == _NO_POINTS else _MOST - place, _LANES[lane])
