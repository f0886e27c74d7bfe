"""Whether derived values were computed by definitions of yesterday, or may have aged to another grade.

Asked of everybody whom a cycle reads, so the answer is looked up: what is kept beside the values is the same of most
people. It promises that a field for which nothing is kept is due.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Final

from syncd.model.values import Canonical

UNTIL: Final = "@"
"""What stands in kept terms before the day until which age leaves the grade what it is."""


class Due:
    """The terms of some derived fields as they are now. It is good for one day, and its answers are kept for it."""

    def __init__(self, terms: Mapping[str, str], *, graded: frozenset[str], today: str) -> None:
        """:param terms: what is kept has to begin with, by the name under which it is.
        :param graded: those of the names whose terms end with the day until which they hold.
        """
        self._terms = [(begins, name in graded) for name, begins in terms.items()]
        self._kept = itemgetter(*terms) if terms else _nothing
        self._today = today
        self._known: dict[object, bool] = {}

    def of(self, agreed: Mapping[str, Canonical]) -> bool:
        """Whether one of the fields is to be computed again."""
        try:
            kept = self._kept(agreed)
        except KeyError:
            return True
        due = self._known.get(kept)
        if due is None:
            due = self._known[kept] = self._any(kept if isinstance(kept, tuple) else (kept,))
        return due

    def _any(self, kept: tuple[object, ...]) -> bool:
        for text, (begins, graded) in zip(map(str, kept), self._terms, strict=True):
            if not text.startswith(begins) or (graded and text.partition(UNTIL)[2] < self._today):
                return True
        return False


def _nothing(_agreed: Mapping[str, Canonical]) -> tuple[object, ...]:
    """What is kept where no field is asked about."""
    return ()
