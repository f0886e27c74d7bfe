"""What waits to be told at one time: begun and still so, or happened. What came and went meanwhile is only counted.

A state that has an end is there once, however often it was news, so that its end finds it and nothing of it is left;
what has no end of its own is there once for each time it was news. Whoever was told of a state before is told of its
end, too, though the state waited to be told once more. Nothing here knows clocks but as values.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import Final

from syncd.core.notices import ENDS, NAMED, ended_by, has_end, state
from syncd.model.notice import Item, News
from syncd.model.values import Instant

KEPT = 1_000
"""So many are kept apart, beyond they are only counted."""
AGAIN: Final = "\t+"
"""Ends the name of what is told once more."""


@dataclass(slots=True)
class Later:
    """What waits for one target since an instant. ``more`` counts what is not kept apart, by event; ``passed`` what is
    over before anybody was told. ``rested`` says that alerts rested, which is over, and why. ``ended`` are by
    entry the states that it ended, of which the target was told.
    """

    since: Instant
    entries: dict[str, tuple[str, Item]] = field(default_factory=dict)
    more: dict[str, int] = field(default_factory=dict)
    passed: int = 0
    rested: str = ""
    ended: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.entries or self.more or self.passed or self.rested)

    def add(self, found: Iterable[News], *, told: Container[str] = ()) -> None:
        """What is news now, in the order in which it came.

        :param told: the states that the target was told of before; those that wait here among them.
        """
        for each in found:
            self._add(each, told)

    def _add(self, each: News, told: Container[str]) -> None:
        for name in each.ended:  # of a state that was told before and waits once more the end is news all the same
            self.entries.pop(f"{name}{AGAIN}", None)
        waiting = {name for name in each.ended if self.entries.pop(name, None) is not None}
        self.passed += len(waiting)
        for item in each.named:
            ended = ended_by(each.event, item, each.ended) if each.event in ENDS else []
            if ended and waiting.issuperset(ended):
                continue
            name = self._name(each.event, item, told)
            if name in self.entries or len(self.entries) < KEPT:
                self.entries[name] = each.event, item
                if told_of := tuple(one for one in ended if one not in waiting):
                    self.ended[name] = told_of
            else:
                self.more[each.event] = self.more.get(each.event, 0) + 1
        if over := each.count - len(each.named):
            self.more[each.event] = self.more.get(each.event, 0) + over

    def _name(self, event: str, item: Item, told: Container[str]) -> str:
        """Under which name an item is kept: of a state that has an end the one that it may have already."""
        name = state(event, item)
        if has_end(event):
            return f"{name}{AGAIN}" if name in told and name not in self.entries else name
        while name in self.entries:
            name += AGAIN
        return name

    def told(self) -> tuple[News, ...]:
        """All of it, by event, in the order in which each came first; what is over before what stands, as a state that
        ended and began anew has both, and a service goes by the last one.
        """
        by_event: dict[str, list[Item]] = {}
        over: dict[str, list[str]] = {}
        for name, (event, item) in self.entries.items():
            by_event.setdefault(event, []).append(item)
            over.setdefault(event, []).extend(self.ended.get(name, ()))
        for event in self.more:
            by_event.setdefault(event, [])
        return tuple(
            News(event, tuple(items[:NAMED]), len(items) + self.more.get(event, 0), tuple(over.get(event, ())))
            for event, items in sorted(by_event.items(), key=lambda each: each[0] not in ENDS)
        )
