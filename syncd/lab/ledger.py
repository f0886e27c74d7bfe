"""What people of a simulation did, edit by edit, and which records are one person by it.

A value that was typed is known by its token, wherever it turns up. Identity is kept apart from what syncd believes: it
grows with what people do (merges, conversions, a second record of somebody who is there) and what the vendors hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from syncd.model.values import Side

Ref = tuple[str, str]
"""Object and id."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What a person wrote: ``value`` onto the vendor field ``column`` of a record, at ``ms``; ``token`` is in it.

    ``field`` is the shared field that the column stands for.
    """

    ms: int
    side: Side
    ref: Ref
    column: str
    field: str
    value: str
    token: str


@dataclass(slots=True)
class Ledger:
    """Everything people did. ``same`` are records that are one person by what people did or know, as a forest:
    whose parent is whose; ``touched`` tells when a fault last did something to a record, which is nobody's edit here;
    ``emptied`` when it did something to a field of an object, in every record.
    """

    edits: list[Edit] = field(default_factory=list)
    by_token: dict[str, Edit] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    refused: int = 0
    gone: set[tuple[Side, Ref]] = field(default_factory=set)
    restored: set[tuple[Side, Ref]] = field(default_factory=set)
    touched: dict[tuple[Side, str], int] = field(default_factory=dict)
    emptied: dict[tuple[Side, str, str], int] = field(default_factory=dict)
    parents: dict[tuple[Side, str], tuple[Side, str]] = field(default_factory=dict)

    def write(self, edit: Edit) -> None:
        """Notes one edit."""
        self.edits.append(edit)
        if edit.token:
            self.by_token[edit.token] = edit

    def touch(self, side: Side, ids: Sequence[str], *, ms: int) -> None:
        """A fault did something to these records, together: what they hold now may be anything, or each other's."""
        for id_ in ids:
            self.touched[side, id_] = ms
            self.join((side, id_), (side, ids[0]))

    def root(self, who: tuple[Side, str]) -> tuple[Side, str]:
        """One name for all records that are the same person or company."""
        while (parent := self.parents.get(who, who)) != who:
            who = parent
        return who

    def join(self, one: tuple[Side, str], other: tuple[Side, str]) -> None:
        """These two records are the same, or share an identity."""
        self.parents[self.root(one)] = self.root(other)
