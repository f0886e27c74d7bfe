"""What the mass-change brake counts, what it allows, and what it holds.

A *measure* is one way in which much may change at once. What changed is counted by kind, measure, side and field (and
by value, where it is the value that counts) over the trailing hour and the trailing day. A *lot* is everything that one
count holds: its digest covers exactly these changes, so that an approval is bound to what was shown.

Values are marks here: keyed hashes, from which nobody can tell a value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Final, TypeAlias

from syncd.model.values import Instant

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(days=7)
SECOND_PERSON: Final = 10
"""More than so many times what is allowed needs two people to approve."""


class Measure(StrEnum):
    """What is counted.

    ``same_value`` counts the records that get one new value of a field; where a field takes its values from a list
    these are counted as ``value``, and only a value that is new to the field is limited. ``stages`` and ``stage_value``
    stand in place of ``updates`` and ``value`` for a stage field. The last three have no limit: what flowed because it
    was expected or approved, and values that are known by that.
    """

    CREATES = "creates"
    UPDATES = "updates"
    STAGES = "stages"
    CLEARS = "clears"
    SAME_VALUE = "same_value"
    BACKWARD = "backward"
    UNLINKS = "unlinks"
    VALUE = "value"
    STAGE_VALUE = "stage_value"
    EXPECTED = "expected"
    APPROVED = "approved"
    KNOWN = "known"


IN_LINE: Final = frozenset({Measure.STAGES, Measure.STAGE_VALUE})
"""What these hold goes on by itself as the window moves: a wave of stages that is only too fast is no accident."""
LIMITED: Final = (
    Measure.CREATES,
    Measure.UPDATES,
    Measure.STAGES,
    Measure.CLEARS,
    Measure.SAME_VALUE,
    Measure.BACKWARD,
    Measure.UNLINKS,
)
"""Those with a limit of their own."""

Key: TypeAlias = tuple[str, str, str, str, str]
"""What a count is of: kind, measure, side, field, mark of the value. Plain, since three are made per changed field."""
Mark: TypeAlias = Callable[..., str]
"""A keyed hash of some words: it tells equal from different and nothing else."""
Count: TypeAlias = tuple[Key, int]
"""A key and how many records."""


@dataclass(frozen=True, slots=True)
class Limit:
    """So many records, or that share of the linked ones, whichever is more."""

    records: int
    share: float

    def of(self, linked: int) -> int:
        """How many records that allows."""
        return max(self.records, int(self.share * linked))


_DEFAULTS: Final[Mapping[Measure, Limit]] = {
    Measure.CREATES: Limit(100, 0.03),
    Measure.UPDATES: Limit(200, 0.05),
    Measure.STAGES: Limit(200, 0.05),
    Measure.CLEARS: Limit(25, 0.01),
    Measure.SAME_VALUE: Limit(50, 0.02),
    Measure.BACKWARD: Limit(50, 0.01),
    Measure.UNLINKS: Limit(10, 0.005),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What may change within the trailing hour, and within the trailing day."""

    hour: Mapping[Measure, Limit] = field(default_factory=lambda: _DEFAULTS)
    day: Mapping[Measure, Limit] = field(default_factory=lambda: _DEFAULTS)


class Wave(StrEnum):
    """What a person may say to be expected."""

    CREATES = "creates"
    UPDATES = "updates"
    CLEARS = "clears"


COVERED: Final[Mapping[Wave, frozenset[str]]] = {
    Wave.CREATES: frozenset({Measure.CREATES}),
    Wave.UPDATES: frozenset({Measure.UPDATES, Measure.STAGES}),
    Wave.CLEARS: frozenset({Measure.CLEARS}),
}
"""By what a change is counted first, if an expectation of a wave is meant for it."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """A wave that a person approved in advance: so many ``records``, once, until an instant. Empty: any kind, field."""

    id: str
    wave: Wave
    records: int
    kind: str
    field: str
    until: Instant
    reason: str
    who: str
    at: Instant

    def covers(self, key: Key) -> bool:
        """Whether a change that is counted under this key first is meant."""
        kind, measure, _, name, _ = key
        return measure in COVERED[self.wave] and self.kind in ("", kind) and self.field in ("", name)

    @property
    def key(self) -> Key:
        """Under what its share is counted."""
        return (self.kind, Measure.EXPECTED, "", self.field, self.id)


class Why(StrEnum):
    """Which rule holds a lot."""

    HOUR = "hour"
    DAY = "day"
    NEW_VALUE = "new_value"
    RATE = "rate"


@dataclass(frozen=True, slots=True)
class HeldChange:
    """One held change: its mark, the record (``link:ID`` or ``SIDE:OBJECT/ID``), when that record was changed, the
    place of its grade among all grades (the best is 0), and since when it is held (``None``: by an earlier version).
    """

    mark: str
    record: str
    at: Instant
    rank: int = 0
    since: Instant | None = None


@dataclass(frozen=True, slots=True)
class Lot:
    """All that is held under one key. ``used`` is what had flowed within the window then, ``limit`` what may."""

    key: Key
    why: Why
    limit: int
    used: int
    linked: int
    since: Instant
    cause: str
    changes: tuple[HeldChange, ...]

    @property
    def digest(self) -> str:
        """A name for exactly these changes: 24 hex digits."""
        total = blake2b("\x1f".join(self.key).encode(), digest_size=12)
        for mark in sorted(each.mark for each in self.changes):
            total.update(mark.encode())
        return total.hexdigest()

    @property
    def waits(self) -> bool:
        """Whether it goes on by itself as time passes."""
        return self.key[1] in IN_LINE

    @property
    def people(self) -> int:
        """How many people must approve it."""
        return 2 if self.used + len(self.changes) > SECOND_PERSON * max(1, self.limit) else 1


class Word(StrEnum):
    """What a person said of a lot."""

    APPROVED = "approved"
    REJECTED = "rejected"


VALID: Final = timedelta(hours=24)
"""How long an approval is good for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What people said of the lot with this digest: ``people`` is how many must say so, ``marks`` its changes."""

    digest: str
    word: Word
    people: int
    who: tuple[str, ...]
    reason: str
    at: Instant
    marks: frozenset[str]

    def holds_at(self, now: Instant) -> bool:
        """Whether it counts: a rejection for good, an approval by enough people and for a day."""
        if self.word is Word.REJECTED:
            return True
        return len(self.who) >= self.people and now - self.at < VALID

    def means(self, change: HeldChange) -> bool:
        """Whether it was said of this change: one that was carried out and is held anew is another one, though it looks
        the same. A rejection is for good.
        """
        if change.mark not in self.marks:
            return False
        return self.word is Word.REJECTED or change.since is None or change.since <= self.at
