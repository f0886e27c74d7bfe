"""What people of a simulation did, edit by edit, and which records are one person by it.

A value that was typed is known by its token, wherever it turns up. Identity is kept apart from what syncd believes: it
grows with what people do (merges, conversions, a second record of somebody who is there) and what the vendors hold.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from syncd.lab.meaning import Meaning
from syncd.model.values import Side

Ref = tuple[str, str]
"""Object and id."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What a person wrote: ``value`` onto the vendor field ``column`` of a record, at ``ms``; ``token`` is in it.

    ``field`` is the shared field that the column stands for. A value of which there are few (a row of a table, a member
    of a set, a country) has no token: ``form`` is then how it stands on that record, field by field, and ``means`` what
    it is by that, so that it can be told whether it is still there.
    """

    ms: int
    side: Side
    ref: Ref
    column: str
    field: str
    value: str
    token: str
    form: tuple[tuple[str, str], ...] = ()
    means: Meaning = None

    @property
    def name(self) -> str:
        """What this very edit is known by."""
        return self.token or f"{self.ms} {self.side} {self.ref[1]} {self.field}"


@dataclass(slots=True)
class Ledger:
    """Everything people did. ``same`` are records that are one person by what people did or know, as a forest:
    whose parent is whose; ``touched`` tells when a fault last did something to a record, which is nobody's edit here;
    ``emptied`` when it did something to a field of an object, in every record. ``typed`` are records that were given
    another's key; ``decided`` those of which an operator chose a value; ``approved`` counts the changes that people let
    through the brake, by kind, side and field ("" for a new record). ``figures`` are tokens that are digits, with how
    they are found in an answer; ``unseen`` the edits without a token that no answer has told yet.
    """

    edits: list[Edit] = field(default_factory=list)
    by_token: dict[str, Edit] = field(default_factory=dict)
    figures: dict[str, tuple[bytes, re.Pattern[bytes]]] = field(default_factory=dict)
    unseen: list[Edit] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    refused: int = 0
    gone: set[tuple[Side, Ref]] = field(default_factory=set)
    restored: set[tuple[Side, Ref]] = field(default_factory=set)
    touched: dict[tuple[Side, str], int] = field(default_factory=dict)
    emptied: dict[tuple[Side, str, str], int] = field(default_factory=dict)
    typed: list[tuple[Side, str]] = field(default_factory=list)
    decided: set[tuple[Side, str]] = field(default_factory=set)
    approved: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    parents: dict[tuple[Side, str], tuple[Side, str]] = field(default_factory=dict)

    def write(self, edit: Edit) -> None:
        """Notes one edit."""
        self.edits.append(edit)
        if edit.token:
            self.by_token[edit.token] = edit
            if edit.token[0].isdecimal():
                digits = edit.token.encode()
                self.figures[edit.token] = digits, re.compile(rb"(?<![0-9])%b(?![0-9])" % digits)
        elif edit.form:
            self.unseen.append(edit)

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
