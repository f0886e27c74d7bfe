"""What waits to be told at one time: begun and still so, or happened. What came and went meanwhile is only counted.

A state is under its own name, so that its end finds it; what has no end of its own is there once for each time it was
news. Nothing here knows clocks but as values.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from syncd.core.notices import ENDS, NAMED, ended_by, state
from syncd.model.notice import Item, News
from syncd.model.values import Instant

KEPT = 1_000
"""So many are kept apart, beyond they are only counted."""


@dataclass(slots=True)
class Later:
    """What waits for one target since an instant. ``more`` counts what is not kept apart, by event; ``passed`` what is
    over before anybody was told. ``rested`` says that alerts rested, which is over, and why.
    """

    since: Instant
    entries: dict[str, tuple[str, Item]] = field(default_factory=dict)
    more: dict[str, int] = field(default_factory=dict)
    passed: int = 0
    rested: str = ""

    def __bool__(self) -> bool:
        return bool(self.entries or self.more or self.passed or self.rested)

    def add(self, found: Iterable[News]) -> None:
        """What is news now, in the order in which it came."""
        for each in found:
            self._add(each)

    def _add(self, each: News) -> None:
        waiting = {name for name in each.ended if self.entries.pop(name, None) is not None}
        self.passed += len(waiting)
        for item in each.named:
            ended = ended_by(each.event, item, each.ended) if each.event in ENDS else []
            if ended and waiting.issuperset(ended):
                continue
            name = state(each.event, item)
            while name in self.entries:
                name += "\t+"
            if len(self.entries) < KEPT:
                self.entries[name] = each.event, item
            else:
                self.more[each.event] = self.more.get(each.event, 0) + 1
        if over := each.count - len(each.named):
            self.more[each.event] = self.more.get(each.event, 0) + over

    def told(self) -> tuple[News, ...]:
        """All of it, by event, in the order in which each came first."""
        by_event: dict[str, list[Item]] = {}
        for event, item in self.entries.values():
            by_event.setdefault(event, []).append(item)
        for event in self.more:
            by_event.setdefault(event, [])
        return tuple(
            News(event, tuple(items[:NAMED]), len(items) + self.more.get(event, 0)) for event, items in by_event.items()
        )
