"""What an operator wants to have compared again, and how far that has come. Values; the text form is JSON.

A resync is stored as a Request and carried out share by share; how far it has come is stored with each share, so that a
process that dies loses one share at most.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Final

from syncd.model.remote import Cursor
from syncd.model.undoing import Undo
from syncd.model.values import Instant, Side

RESYNC = "resync"
"""The wish of such a Request."""
STREAM = "resync:{id}"
"""Under which stream the reached of a resync is stored."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of one side's changes that nobody has read: from a position on, up to a time by the vendor's clock."""

    begin: Cursor
    end: Instant | None


@dataclass(frozen=True, slots=True)
class Resync:
    """What to compare. Without ``records`` it is everything on ``sides``, narrowed by ``where`` (CEL over the shared
    fields) and by when it was changed (``since`` and ``until``, by the vendor's clock; or in the ``gaps`` of its
    sides). ``records`` are ``link:ID`` or ``SIDE:OBJECT/ID``. ``kinds`` are the kinds it is about, ``fields`` the only
    shared fields that are looked at. With ``undo`` nothing is compared: what syncd wrote on these is taken back.
    """

    kinds: tuple[str, ...]
    sides: tuple[Side, ...] = (Side.MARKETING, Side.CRM)
    records: tuple[str, ...] = ()
    where: str = ""
    since: Instant | None = None
    until: Instant | None = None
    gaps: Mapping[Side, Gap] = field(default_factory=dict)
    fields: tuple[str, ...] = ()
    undo: Undo | None = None

    def steps(self) -> tuple[Step, ...]:
        """The work in order: one step per kind and side, or one per kind for named records."""
        if self.records:
            return tuple(Step(kind, None) for kind in self.kinds)
        return tuple(Step(kind, side) for kind in self.kinds for side in self.sides)

    @property
    def whole(self) -> bool:
        """Whether it compares every record of both sides."""
        return len(self.sides) == len(Side) and not (self.records or self.where or self.windowed)

    @property
    def windowed(self) -> bool:
        """Whether it asks for what changed in a span of time."""
        return self.since is not None or bool(self.gaps)

    def begin(self, side: Side) -> Cursor | None:
        """The position in a side's changes where it begins, if it has one."""
        return self.gaps[side].begin if side in self.gaps else None

    def end(self, side: Side) -> Instant | None:
        """The time up to which a side's changes are wanted, if it has one."""
        return self.gaps[side].end if side in self.gaps else self.until

    def written(self) -> str:
        """As the argument of a Request."""
        plain = asdict(self)
        return json.dumps({name: value for name, value in plain.items() if value}, sort_keys=True, default=_iso)

    @staticmethod
    def read(argument: str) -> Resync:
        """From the argument of a Request."""
        plain = json.loads(argument)

        def strings(name: str) -> tuple[str, ...]:
            return tuple(plain.get(name, ()))

        return Resync(
            kinds=strings("kinds"),
            sides=tuple(Side(side) for side in plain.get("sides", ())),
            records=strings("records"),
            where=plain.get("where", ""),
            since=_moment(plain.get("since")),
            until=_moment(plain.get("until")),
            gaps={
                Side(side): Gap(Cursor(gap["begin"]), _moment(gap["end"]))
                for side, gap in plain.get("gaps", {}).items()
            },
            fields=strings("fields"),
            undo=Undo.read(plain.get("undo")),
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One stretch of a resync: a side of a kind read from end to end, or (``None``) the named records of a kind."""

    kind: str
    side: Side | None


_NONE: Final = frozenset[str]()


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a resync has come: the step it is in, where in it, and how many records were compared in all. ``looked``
    are by kind the fields that all of these were compared by; none that rested meanwhile, or was mapped since.
    """

    step: int = 0
    after: Cursor | None = None
    checked: int = 0
    looked: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def looking_at(self, fields: Mapping[str, frozenset[str]]) -> Reached:
        """The same, going on with these fields of each kind."""
        if self == Reached():
            return replace(self, looked=dict(fields))
        return replace(self, looked={kind: names & self.looked.get(kind, _NONE) for kind, names in fields.items()})

    def next_step(self) -> Reached:
        """At the beginning of the next step."""
        return replace(self, step=self.step + 1, after=None)

    def moved(self, after: Cursor, *, by: int) -> Reached:
        """Further on in the same step."""
        return replace(self, after=after, checked=self.checked + by)

    def written(self) -> Cursor:
        """As it is stored."""
        looked = {kind: sorted(names) for kind, names in self.looked.items()}
        return Cursor(json.dumps([self.step, self.after, self.checked, looked]))

    @staticmethod
    def read(cursor: Cursor | None) -> Reached:
        """From what was stored; the beginning if nothing was."""
        if cursor is None:
            return Reached()
        step, after, checked, *more = json.loads(cursor)  # an older one does not tell the fields
        looked = {kind: frozenset(names) for each in more for kind, names in each.items()}
        return Reached(step, None if after is None else Cursor(after), checked, looked)


def kinds_in_order(wanted: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """The kinds wanted (all if none is named) in the order in which they are synced."""
    return tuple(kind for kind in known if not wanted or kind in wanted)


def _iso(value: object) -> str:
    assert isinstance(value, datetime)
    return value.isoformat()


def _moment(text: str | None) -> Instant | None:
    return datetime.fromisoformat(text) if text else None
