"""What syncd remembers of two records that are one: the Link, and its Base, the third leg of every merge.

Length: a link, what was agreed, and what waits at it are stored in one transaction and read as one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from syncd.model.heat import UNRATED, LeadHeat
from syncd.model.remote import RemoteRecord, RemoteRef, wire_of
from syncd.model.swift import swift
from syncd.model.values import Canonical, Instant, Pair, Side, Wire


class Proof(StrEnum):
    """How we know that two records are the same thing."""

    KEY = "key"
    NATIVE = "native"
    MATCHED = "matched"
    CHOSEN = "chosen"
    """By a match rule, and as one of several by the rules of ``several``."""
    CREATED = "created"
    MANUAL = "manual"

    @property
    def words(self) -> str:
        """The same as it stands in a sentence."""
        return _IN_A_SENTENCE[self]


_IN_A_SENTENCE: Final = {
    Proof.KEY: "by the key field",
    Proof.NATIVE: "by the native connector's id",
    Proof.MATCHED: "by a rule of `match`",
    Proof.CHOSEN: "by a rule of `several`",
    Proof.CREATED: "made by syncd",
    Proof.MANUAL: "by a person's choice",
}


class LinkState(StrEnum):
    """A live link, the tombstone of one whose record left (never recreated by itself) or that a person has ended (never
    joined again by itself), or what is left of a person who was forgotten: two record ids that are never read, written
    or matched again.
    """

    LIVE = "live"
    TOMBSTONE = "tombstone"
    FORGOTTEN = "forgotten"


@swift
@dataclass(frozen=True, slots=True)
class Link:
    """Two refs that are the same thing. One record is in at most one live link of its connection.

    ``keyed`` tells per side whether that side's key field is known to hold the other side's record id. ``gone`` is
    whose record left; a tombstone without is one of which a person said that the two are not one.
    """

    id: str
    kind: str
    refs: Pair[RemoteRef]
    proof: Proof
    since: Instant
    state: LinkState = LinkState.LIVE
    keyed: Pair[bool] = Pair(marketing=False, crm=False)
    gone: Side | None = None

    @property
    def unlinked(self) -> bool:
        """Whether a person has ended it, so that both of its records are still there and stay apart."""
        return self.state is LinkState.TOMBSTONE and self.gone is None


VERSION = "@version"
"""Where a Base keeps, among what a side confirmed, that record's version. Versions are stamps that sort as text."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """What a Base knows of: the shared fields it agreed on, and the vendor fields that each side confirmed.

    Hashed by identity: the store has one of them for all Bases of the same fields.
    """

    agreed: frozenset[str]
    confirmed: Pair[frozenset[str]]


class Base:
    """Per shared field the agreed value; per side and vendor field what that side last confirmed, in wire form.

    ``VERSION`` among them tells how new that is: a search index may show a record as it was before our own write, and
    such a row is no news.

    A field that is not in ``agreed`` was never agreed; a vendor field that is not in ``confirmed`` was never seen.
    """

    __slots__ = ("_agreed", "_confirmed")

    def __init__(self, agreed: Mapping[str, Canonical], confirmed: Pair[Mapping[str, Wire]]) -> None:
        self._agreed = agreed
        self._confirmed = confirmed

    @property
    def agreed(self) -> Mapping[str, Canonical]:
        """The agreed values."""
        return self._agreed

    @property
    def confirmed(self) -> Pair[Mapping[str, Wire]]:
        """The wire values that each side confirmed."""
        return self._confirmed

    @property
    def columns(self) -> Columns:
        """What it knows of, without its values."""
        return Columns(frozenset(self.agreed), self.confirmed.map(frozenset))

    def retold(self, marketing: RemoteRecord, crm: RemoteRecord) -> bool:
        """Whether both records, version and all, are exactly as they were confirmed: the quick answer for most."""
        return all(
            (record.version if name == VERSION else wire_of(record, name, wire)) == wire
            for record, confirmed in ((marketing, self.confirmed.marketing), (crm, self.confirmed.crm))
            for name, wire in confirmed.items()
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Base):
            return NotImplemented
        return self.agreed == other.agreed and self.confirmed == other.confirmed

    __hash__ = None  # type: ignore[assignment]  # it holds mappings

    def __repr__(self) -> str:
        return f"Base({self.agreed!r}, {self.confirmed!r})"


@swift
@dataclass(frozen=True, slots=True)
class Linked:
    """A link with its base; a link that was only just made has none."""

    link: Link
    base: Base | None


class Topic(StrEnum):
    """What a conflict is about: one field of a linked record, which records belong together, an edit that a write of
    ours has overwritten, as the vendor's history tells, a move of stage: one that is not declared (``MOVE``), or one
    that is and waits for its reason or for what must be known (``WAITS``), or a field that a person had taken back on
    one side (``UNDONE``).
    """

    FIELD = "field"
    CLEAR = "clear"
    MATCH = "match"
    GONE = "gone"
    LOST = "lost"
    MOVE = "move"
    WAITS = "waits"
    UNDONE = "undone"


ABOUT_A_FIELD = frozenset({Topic.FIELD, Topic.CLEAR, Topic.MOVE, Topic.WAITS, Topic.UNDONE})
"""What a person settles by the value of one side."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A clash that no policy settles; it holds both values, Base and the reason, and waits for a person.

    ``id`` is a digest of what it is about, so that the same clash seen twice is one row. ``values`` of a match conflict
    are empty; its candidates are in ``refs``. ``resolution`` is what a person chose and the next cycle carries out,
    or says why it cannot (``in_vain``): ``crm``, ``marketing``, ``apart`` or ``link:<ref>``.
    """

    id: str
    kind: str
    topic: Topic
    link: str | None
    refs: tuple[tuple[Side, RemoteRef], ...]
    field: str | None
    values: Pair[Canonical]
    base: Canonical
    reason: str
    since: Instant
    resolution: str | None = None

    @property
    def asks(self) -> bool:
        """Whether it waits for a person: nobody has chosen, or what was chosen cannot be carried out now."""
        return self.resolution is None or self.reason.startswith(in_vain(self.resolution))


def in_vain(chosen: str) -> str:
    """How a reason begins that says why what a person chose cannot be carried out."""
    return f"{chosen} was chosen, but "


QUARANTINED = "QUARANTINED"
"""The code of a parked field that somebody keeps putting back: neither side is written until a person says so."""
NO_ADDRESS = "NO_ADDRESS"
"""The code of a parked opt-out that has no e-mail address to belong to yet."""


@dataclass(frozen=True, slots=True)
class Parked:
    """One field of one record that one vendor (``side``) refused or rewrote. Tried again only when ``fingerprint``
    changes: a digest of the value, the mapping and the vendor's schema of that field. One in quarantine waits for a
    person. Where its record is still to be created (``asks``), ``ref`` is the other side's that asks for it. ``last``
    is when it was refused last, ``None`` if it was once.
    """

    link: str
    kind: str
    side: Side
    ref: RemoteRef
    field: str
    fingerprint: str
    code: str
    reason: str
    advice: str
    since: Instant
    asks: bool = False
    last: Instant | None = None
    heat: LeadHeat = UNRATED

    @property
    def record(self) -> str:
        """The record it concerns, as a person names it."""
        return f"{self.side.other if self.asks else self.side}:{self.ref}"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One record that cannot be written at all. Tried again when ``fingerprint`` changes or a person asks.

    ``origin`` is the record that asks for the write; ``id`` a digest of origin and side. ``last`` is when it was
    refused last, ``None`` if it was once.
    """

    id: str
    kind: str
    side: Side
    origin: RemoteRef
    fingerprint: str
    code: str
    reason: str
    advice: str
    since: Instant
    attempts: int
    retry: bool = False
    last: Instant | None = None
    heat: LeadHeat = UNRATED


@dataclass(frozen=True, slots=True)
class LetterGroup:
    """All dead letters of one cause: what a side says (``code``) of the records of a kind. ``reason`` and ``advice``
    are those of one of them, ``retrying`` how many are tried again by the next cycle. ``first`` is when the side
    refused the first of them for the first time, ``last`` when it refused one of them last.
    """

    kind: str
    side: Side
    code: str
    records: int
    retrying: int
    first: Instant
    last: Instant
    reason: str
    advice: str


@dataclass(frozen=True, slots=True)
class ParkedGroup:
    """All parked fields of one cause: what a side says (``code``) of one field of a kind; the rest as of letters."""

    kind: str
    side: Side
    field: str
    code: str
    records: int
    first: Instant
    last: Instant
    reason: str
    advice: str


class OptedOut(StrEnum):
    """Whether a record that remains of a forgotten person is out of every mailing."""

    YES = "yes"
    REFUSED = "refused"
    UNMAPPED = "unmapped"


@dataclass(frozen=True, slots=True)
class Remnant:
    """A record of a forgotten person that is still there: syncd deletes nothing, a person must."""

    kind: str
    side: Side
    ref: RemoteRef
    opted_out: OptedOut
    since: Instant


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A person to be forgotten: the store destroys the key, empties the base and drops all that waits.

    ``addresses`` are in comparable form; only a keyed hash of each is stored, for good.
    """

    link: Link
    addresses: tuple[str, ...]
    remnants: tuple[Remnant, ...]


class IntentKind(StrEnum):
    """What a write does."""

    CREATE = "create"
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class Intent:
    """The write-ahead record of one vendor write, stored before it is sent and deleted once its ending is known.

    ``id`` is the digest of docs/decisions.md 4 and the vendor's trace id. ``link`` is the id the link has or will have,
    ``ref`` the record written (``None`` for a create), ``origin`` the record on the other side, whose id is the key a
    create is looked for by. ``fields`` are the wire values sent; ``agreed`` the shared values they stand for.
    """

    id: str
    kind: str
    side: Side
    action: IntentKind
    link: str
    object: str
    ref: RemoteRef | None
    origin: RemoteRef
    fields: Mapping[str, Wire]
    agreed: Mapping[str, Canonical]
    run: str
    config: str
    sent_at: Instant


@swift
@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of one write: before, after, by which rule, and which side caused it (``None``: a default). ``unread``
    says that what stood there could not be read, so that ``before`` tells nothing.
    """

    field: str
    before: Canonical
    after: Canonical
    rule: str
    cause: Side | None
    unread: bool = False


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One vendor write as history. ``outcome`` is empty until its ending is known. ``destroyed``: the person was
    forgotten, so the values of its changes are ``None``, whatever they were.
    """

    intent: str
    attempt: int
    link: str
    kind: str
    side: Side
    ref: RemoteRef | None
    action: IntentKind
    changes: tuple[FieldChange, ...]
    run: str
    at: Instant
    outcome: str = ""
    finished_at: Instant | None = None
    destroyed: bool = False


WRITTEN = ("done", "recovered: done")
"""Outcomes of an audit row whose write is known to have happened."""


@dataclass(frozen=True, slots=True)
class FieldWrite:
    """One value that one side was given, as the audit tells it."""

    side: Side
    value: Canonical
    at: Instant


Row: TypeAlias = Conflict | Parked | DeadLetter
