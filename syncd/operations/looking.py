"""Both records of one hit, read from the vendors by id: what ``explain`` tells of instead of what changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from syncd.engine.gather import Gather
from syncd.engine.world import World
from syncd.model.link import LinkState
from syncd.model.remote import Gone, Moved, RemoteRecord, RemoteRef
from syncd.model.values import Side
from syncd.operations.finding import Hit

Answer: TypeAlias = RemoteRecord | Gone | Moved


class Looking(Gather):
    """Gathers one hit instead of what changed, and keeps what the vendors answered."""

    def __init__(self, world: World, hit: Hit) -> None:
        super().__init__(world, hit.kind, full=False)
        self.hit = hit
        self.told: dict[tuple[Side, RemoteRef], Answer] = {}

    def look(self) -> None:
        """Reads both records of a link, or the records that have none."""
        self._what_waits()
        link = self.hit.link
        if link is not None and link.state is LinkState.FORGOTTEN:
            return
        if link is not None and link.state is LinkState.LIVE:
            self._meet([link.id])
            return
        for side in Side:
            ref = self.hit.refs.of(side)
            if ref is not None:
                answers = self._fetch(side, [ref])
                self._take(side, [answer for answer in answers if isinstance(answer, RemoteRecord)])

    def _fetch(self, side: Side, refs: Sequence[RemoteRef]) -> list[Answer]:
        answers = super()._fetch(side, refs)
        self.told.update(((side, ref), answer) for ref, answer in zip(refs, answers, strict=True))
        return answers

    def record(self, side: Side) -> RemoteRecord | None:
        """The record of a side, if it is there."""
        ref = self.hit.refs.of(side)
        answer = self.told.get((side, ref)) if ref else None
        return answer if isinstance(answer, RemoteRecord) else None

    def departed(self) -> list[str]:
        """What left or became another record, for people."""
        lines: list[str] = []
        for (side, ref), answer in self.told.items():
            if isinstance(answer, Gone):
                lines.append(f"{side}:{ref} is {answer.how}")
            elif isinstance(answer, Moved):
                lines.append(f"{side}:{ref} is {answer.how} into {answer.new}")
        return lines
