"""What the ledger is to be told of one person, as it stands beside an agreed stage until the Base is settled.

It is a text, so that it lies in the intent of the write that carries the stage: a write whose ending is found out after
a crash tells the ledger the same as one that was answered.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from syncd.model.episode import Moved
from syncd.model.swift import swift
from syncd.model.values import instant, stamp

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@swift
@dataclass(frozen=True, slots=True)
class News:
    """Moves of one person in the order in which they were made; ``shown`` says that the CRM showed where they led
    before anything was written there.
    """

    moves: tuple[Moved, ...]
    shown: bool

    @property
    def text(self) -> str:
        """As it is kept."""
        rows = [[stamp(m.at), m.cycle, m.stage, m.start, m.team, m.by, m.reason, m.side] for m in self.moves]
        return _ENCODER.encode([self.shown, rows])

    @staticmethod
    def read(person: str, text: str) -> News:
        """The news of a person from its text."""
        shown, rows = json.loads(text)
        return News(tuple(Moved(person, instant(at), *rest) for at, *rest in rows), shown=shown)
