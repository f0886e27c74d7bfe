"""What is known of one link beside its Base, and what must be asked before more can be said.

The planner reads nothing: where a verdict depends on a history, it names what it needs and is asked again. Here is what
it is then given, as values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from syncd.model.derived import Handed
from syncd.model.lifecycle import Move
from syncd.model.link import Base, Conflict, Link, Parked
from syncd.model.remote import RemoteRecord, RemoteRef
from syncd.model.swift import swift
from syncd.model.values import MISSING, Canonical, Instant, Pair, Side, Told


@dataclass(frozen=True, slots=True)
class Times:
    """When one field of one link was changed on each side, and where that is from."""

    at: Pair[Instant]
    by: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A side that shows another stage than it last confirmed: the vendor fields that hold it, and what it was before
    (``MISSING`` if that side never told one).
    """

    record: RemoteRecord
    fields: tuple[str, ...]
    before: Told


@swift
@dataclass(frozen=True, slots=True)
class Person:
    """One linked record with what is decided on it so far: the shared values that were decided on before."""

    link: Link
    base: Base
    seen: Pair[RemoteRecord | None]
    decided: Mapping[str, Canonical]

    def ref(self, side: Side) -> RemoteRef:
        """The record of one side."""
        record = self.seen.of(side)
        return record.ref if record else self.link.refs.of(side)

    def value(self, name: str) -> Told:
        """One shared field as it is to be, else as it was last agreed on."""
        found: Told = self.decided.get(name, MISSING)
        return self.base.agreed.get(name, MISSING) if found is MISSING else found


@swift
@dataclass(frozen=True, slots=True)
class Known:
    """What else is known of one link besides its Base: what waits, what a person chose, when fields changed, and the
    moves of each side since they last agreed on a stage (``None``: not asked for). ``handed`` is what the handoff
    ledger says (``None``: not asked, or nothing). ``opted`` are opt-outs that a second record of the person tells, by
    field.
    """

    conflicts: Sequence[Conflict] = ()
    parked: Sequence[Parked] = ()
    times: Mapping[str, Times] = field(default_factory=dict)
    moves: Pair[tuple[Move, ...]] | None = None
    handed: Handed | None = None
    opted: Mapping[str, RemoteRef] = field(default_factory=dict)

    def timed(self, name: str) -> tuple[Pair[Instant] | None, str]:
        """When each side changed a field, and where that is from; ``None`` and nothing where it was not asked for."""
        times = self.times.get(name)
        return (None, "") if times is None else (times.at, times.by)


NOTHING_KNOWN = Known()
