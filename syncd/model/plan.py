"""What is to happen, as values: actions, decisions, the plan of a cycle and its digest.

A Plan is complete, printable and comparable. Doing nothing is an action too, so that it can be counted and explained;
only its reason is kept, since a full compare does nothing a hundred thousand times.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from syncd.model.link import Base, Conflict, FieldChange, Link, Proof
from syncd.model.remote import Departure, RemoteRecord, RemoteRef, Succession
from syncd.model.routing import Routed
from syncd.model.swift import swift
from syncd.model.values import Canonical, Lane, Pair, Side, Wire


@swift
@dataclass(frozen=True, slots=True)
class Create:
    """Make the counterpart of ``origin`` on ``side``. ``refs`` are link ids, resolved when the write is sent.

    ``record_type`` is a developer name; without it the vendor chooses. ``by_rules`` has the vendor's own assignment
    rules give it an owner. ``dated`` are fields whose value depends on when it was computed, so no digest covers it.
    """

    side: Side
    object: str
    origin: RemoteRef
    fields: Mapping[str, Wire]
    refs: Mapping[str, str]
    changes: tuple[FieldChange, ...]
    lane: Lane
    defaulted: tuple[str, ...] = ()
    record_type: str | None = None
    by_rules: bool = False
    dated: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Along:
    """Vendor fields that are written only along with one of these shared fields, and never without: ``told`` are the
    shared fields that tell of it. What HubSpot ties to an address goes with the address.
    """

    by: frozenset[str]
    fields: frozenset[str]
    told: frozenset[str]


NOTHING_ALONG: Final = Along(frozenset(), frozenset(), frozenset())


@swift
@dataclass(frozen=True, slots=True)
class Update:
    """Write these fields of one record. ``expect`` are the wire values it was decided on, where the field asks for a
    guard; ``key`` is set when the key field is (also) written; ``dated`` as in ``Create``; ``along`` are among
    ``fields`` and go with others only.
    """

    side: Side
    ref: RemoteRef
    fields: Mapping[str, Wire]
    refs: Mapping[str, str]
    changes: tuple[FieldChange, ...]
    lane: Lane
    expect: Mapping[str, Wire] | None = None
    key: str | None = None
    dated: frozenset[str] = frozenset()
    along: Along = NOTHING_ALONG


@dataclass(frozen=True, slots=True)
class Adopt:
    """Link two existing records."""

    refs: Pair[RemoteRef]
    proof: Proof


@dataclass(frozen=True, slots=True)
class Relink:
    """Follow a merge, a conversion or a restoration."""

    side: Side
    old: RemoteRef
    new: RemoteRef
    how: Succession


@dataclass(frozen=True, slots=True)
class Detach:
    """One side's record left: the link becomes a tombstone; nothing is deleted, nothing is made again."""

    side: Side
    ref: RemoteRef
    how: Departure | Succession


@dataclass(frozen=True, slots=True)
class Unlink:
    """A person said that the two are not one: the link becomes a tombstone of which both records are still there.
    ``who`` is that person.
    """

    refs: Pair[RemoteRef]
    who: str


@dataclass(frozen=True, slots=True)
class Forget:
    """The person is forgotten once the opt-outs beside this action are written. ``asked`` says where it was asked for:
    a side, or ``None`` for an operator. ``addresses`` are never recognised again; ``remains`` are still there.
    """

    asked: Side | None
    addresses: tuple[str, ...]
    remains: tuple[tuple[Side, RemoteRef], ...]
    opted_out: frozenset[Side]


@swift
@dataclass(frozen=True, slots=True)
class Settle:
    """Both sides already agree on these fields: move the Base, write nothing."""

    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hold:
    """Record a conflict."""

    conflict: Conflict


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing to do, and why."""

    reason: str


Action: TypeAlias = Create | Update | Adopt | Relink | Detach | Unlink | Forget | Settle | Hold | Nothing


@swift
@dataclass(frozen=True, slots=True)
class Decision:
    """What is to happen with one input.

    ``seen`` are the records it was decided on; ``None`` means that side was not read because nothing changed there.
    ``agreed`` holds, for every field that is settled or written, the value both sides will have.
    ``closes`` are conflicts that this decision makes untrue, ``frees`` parked fields; ``closes_with`` are by field the
    conflicts that end with its last write, and with nothing less. ``routed`` is who gets the person, if that was asked.
    ``overruled`` are fields of which the newer of two values is taken, or the one that a person chose and a vendor does
    not take: the side whose value gives way, and that value.
    """

    kind: str
    link: Link
    base: Base | None
    seen: Pair[RemoteRecord | None]
    actions: tuple[Action, ...]
    agreed: Mapping[str, Canonical] = field(default_factory=dict)
    closes: tuple[str, ...] = ()
    closes_with: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    frees: tuple[tuple[Side, str], ...] = ()
    lane: Lane = Lane.ORDINARY
    routed: Routed | None = None
    overruled: Mapping[str, tuple[Side, Canonical]] = field(default_factory=dict)

    @property
    def forgets(self) -> bool:
        """Whether the person is forgotten; ``Forget`` is the last of its actions."""
        return isinstance(self.actions[-1], Forget)

    def write_to(self, side: Side) -> Create | Update | None:
        """The one write of this decision to a side, if there is one."""
        for action in self.actions:
            if isinstance(action, Create | Update) and action.side is side:
                return action
        return None


@dataclass(frozen=True, slots=True)
class Cost:
    """Calls a plan will need per side, and seconds at the vendors' rates."""

    calls: Pair[int]
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class KindPlan:
    """The ordered decisions of one kind. ``nothing`` counts the reasons of inputs that need nothing."""

    kind: str
    decisions: Sequence[Decision]
    nothing: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Append:
    """One activity or campaign member that would be added on ``side``, or, if ``advances``, would go on there.

    ``origin`` names it as the store does, ``person`` is the id of the person's link, ``status`` what a member gets.
    """

    kind: str
    side: Side
    origin: str
    person: str
    status: str
    rule: str
    advances: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """All decisions of one cycle, kind by kind, with a digest over what they would do. ``appends`` is what would be
    added beside them; a cycle that writes finds it out only after them, so its own plan has none.
    """

    connection: str
    kinds: tuple[KindPlan, ...]
    first_link: bool
    digest: str
    cost: Cost
    appends: tuple[Append, ...] = ()

    def decisions(self) -> Iterator[Decision]:
        """All decisions in order."""
        for kind in self.kinds:
            yield from kind.decisions

    def actions(self) -> Iterator[Action]:
        """All actions in order."""
        for decision in self.decisions():
            yield from decision.actions
