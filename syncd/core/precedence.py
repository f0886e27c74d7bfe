"""Whose stage goes first where the brake lets only some go on: the best grade, and of one grade the latest entry.

A grade is known where a field shows it. Without one the latest entry comes first of all: who has just shown interest
waits least.
"""

from __future__ import annotations

from syncd.model.derived import Derived
from syncd.model.mapping import KindMapping
from syncd.model.plan import Decision
from syncd.model.values import SIDES, Instant, Lane


class Precedence:
    """The order of one kind's decisions."""

    def __init__(self, kind: KindMapping) -> None:
        graded = (each.name for each in kind.fields if each.derive is not None and each.derive.sort is Derived.GRADE)
        self._field = next(graded, None)
        rating = None if kind.definitions is None else kind.definitions.rating
        grades = () if rating is None else rating.grades
        self._places = {each.grade: place for place, each in enumerate(grades)}

    def rank(self, decision: Decision) -> int:
        """The place of a person's grade among all grades, the best is 0; the last of all without one."""
        field, last = self._field, len(self._places)
        if field is None:
            return last
        before = None if decision.base is None else decision.base.agreed.get(field)
        return self._places.get(str(decision.agreed.get(field, before)), last)

    def of(self, decision: Decision) -> tuple[int, float]:
        """What to sort by; whatever moves nobody comes last, as it came."""
        if decision.lane is not Lane.HANDOFF:
            return len(self._places) + 1, 0.0
        return self.rank(decision), -changed_at(decision).timestamp()


def changed_at(decision: Decision) -> Instant:
    """When the record was changed, as far as it was read; when it was linked, else."""
    stamps = [record.stamp for side in SIDES if (record := decision.seen.of(side)) is not None]
    return max(stamps, default=decision.link.since)
