"""What a connector reads: refs, shapes, records, departures, pages, schemas, users.

A ``RemoteRef`` is never a bare id, so that a Lead and a Contact cannot be confused. A ``RemoteRecord`` holds only the
fields the ``Shape`` asked for; what was asked for and not returned is listed in ``missing``, because a field that is
absent from a read (field-level security, a deleted property) is never a clear.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final, NamedTuple, NewType

from syncd.model.lifecycle import AuthorSort
from syncd.model.signal import ActivityForm, Membership
from syncd.model.swift import swift
from syncd.model.values import MISSING, Instant, Missing, Wire

Cursor = NewType("Cursor", str)
"""An opaque position in one side's change stream; only its connector reads it."""
REF: Final = "ref:"
"""What the name of a reference begins with where it stands among vendor fields: ``ref:company``."""


class RemoteRef(NamedTuple):
    """One record of one side: ``RemoteRef("Lead", "00Q…")`` (18 characters) or ``RemoteRef("contacts", "51")``.

    A named tuple, since a full compare hashes a million of them.
    """

    object: str
    id: str

    def __str__(self) -> str:
        return f"{self.object}/{self.id}"


@dataclass(frozen=True, slots=True)
class Shape:
    """What to read of one kind on one side, compiled from the mapping; nothing else is asked for.

    ``objects`` maps each vendor object to its field names; a name that starts with ``@`` is a pseudo-field which the
    connector itself provides (``@unsubscribed``). ``refs`` maps a name to the vendor object it points to, per object:
    ``{"company": {"contacts": "companies"}}`` for an association, ``{"company": {"Contact": "AccountId"}}`` for a
    lookup field; the connector knows which of both its vendor has. ``key`` is the field that holds the other side's id.
    """

    kind: str
    objects: Mapping[str, tuple[str, ...]]
    key: str
    refs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@swift
@dataclass(frozen=True, slots=True)
class RemoteRecord:
    """One record as its vendor told it. ``stamp`` is the vendor's last change; ``version`` is what a precondition uses.

    ``fields`` holds wire values by vendor field name (the key field too), ``refs`` the records it points to by name.
    The first of these is the one that counts; of those named in ``unranked`` none is first, as of a deal's contacts.
    ``record_type`` is the vendor's id of it, where the object has record types. ``apart`` marks a record that syncd
    leaves alone, as one of a person account; only ``find`` tells of it. ``aliases`` are addresses by which its vendor
    knows it beside the first one, as those of contacts that were merged into it.
    """

    ref: RemoteRef
    version: str
    stamp: Instant
    fields: Mapping[str, Wire]
    refs: Mapping[str, tuple[RemoteRef, ...]] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    record_type: str | None = None
    apart: bool = False
    unranked: frozenset[str] = frozenset()
    aliases: tuple[str, ...] = ()


def wire_of(record: RemoteRecord, name: str, held: Wire | Missing = MISSING) -> Wire | Missing:
    """The wire value of a vendor field, or of a reference as ``object/id``; ``MISSING`` if it was not told.

    :param held: what was last confirmed there. Of several ends that nothing ranks it stays the one that counts, as long
        as it is among them; where it is not, none of them is picked, and the reference has no value.
    """
    if not name.startswith(REF):
        return record.fields.get(name, MISSING)
    role = name[len(REF) :]
    refs = record.refs.get(role)
    if refs is None:
        return MISSING
    if len(refs) > 1 and role in record.unranked:
        return held if any(str(ref) == held for ref in refs) else None
    return str(refs[0]) if refs else None


class Departure(StrEnum):
    """How a record left. ``ERASED``: for the sake of a person's privacy; a CRM that only says so may still show it."""

    ARCHIVED = "archived"
    DELETED = "deleted"
    ERASED = "erased"
    INVISIBLE = "invisible"


class Succession(StrEnum):
    """How one record became another."""

    MERGED = "merged"
    CONVERTED = "converted"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class Gone:
    """A record that is no longer there (or that this user may no longer see)."""

    ref: RemoteRef
    how: Departure
    at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """A record that lives on under another ref: the survivor of a merge, the Contact of a converted Lead.

    ``last`` is what a converted record held at its end, where that was read as well: its successor may have no place
    for all of it.
    """

    old: RemoteRef
    new: RemoteRef
    how: Succession
    at: Instant | None = None
    last: RemoteRecord | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a stream. ``cursor`` may be stored only once the whole page is settled.

    ``reread`` counts the records of this page that were read only to look again for late ones.
    """

    records: Sequence[RemoteRecord]
    cursor: Cursor
    gone: Sequence[Gone] = ()
    moved: Sequence[Moved] = ()
    reread: int = 0


@dataclass(frozen=True, slots=True)
class Roster:
    """One page of who is in a list of the vendor's. ``cursor`` may be stored only once the whole page is settled."""

    refs: tuple[RemoteRef, ...]
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class RemoteOption:
    """One value of a picklist or enumeration. ``converted`` marks a LeadStatus that only a conversion may set."""

    value: str
    label: str
    active: bool = True
    converted: bool = False


@dataclass(frozen=True, slots=True)
class RemoteField:
    """One field as its vendor describes it. ``type`` is the vendor's own type word; ``length`` in characters, 0 = none;
    ``points`` are the objects that a lookup may point to; ``depends`` names the field that controls a dependent list,
    and changes with what goes together.
    """

    name: str
    type: str
    label: str
    writable: bool
    required: bool = False
    unique: bool = False
    length: int = 0
    restricted: bool = False
    options: tuple[RemoteOption, ...] = ()
    points: tuple[str, ...] = ()
    depends: str = ""


@dataclass(frozen=True, slots=True)
class RemoteRecordType:
    """One record type of an object, beside the one that every object has.

    ``name`` is the developer name; ``usable`` says that it is active and that the credentials may give it to a record,
    ``default`` that a new record gets it where none is named. ``offers`` are, per mapped picklist, the values that its
    records may hold; a picklist that is not in it is not narrowed, as far as is known.
    """

    id: str
    name: str
    label: str
    usable: bool
    default: bool
    offers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RemoteSchema:
    """All fields of the shape's objects that the credentials can see, and the objects' record types, if they have any.

    ``fingerprint`` changes when any of them does. ``person_accounts`` counts, per object, the records that belong to
    person accounts and so are never read or written; an object that cannot have any is not in it.
    """

    objects: Mapping[str, Mapping[str, RemoteField]]
    fingerprint: str
    record_types: Mapping[str, tuple[RemoteRecordType, ...]] = field(default_factory=dict)
    person_accounts: Mapping[str, int] = field(default_factory=dict)


class UserSort(StrEnum):
    """What an owner can be."""

    USER = "user"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class RemoteUser:
    """A user or a queue that may own records. ``email`` is lower case; a queue has none and is known by its name.

    ``role`` (a team in HubSpot) and ``profile`` are names, empty where they are not told. ``author`` is the id by which
    the vendor's history names this user where that is another.
    """

    id: str
    sort: UserSort
    name: str
    email: str | None
    active: bool
    zone: str | None = None
    role: str = ""
    profile: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True)
class AccountIdentity:
    """The account the credentials lead to: HubSpot's portal id, Salesforce's organization id."""

    vendor: str
    account: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """The answer to a first call: who we are, what is wrong in words, and the vendor's clock if it told it."""

    identity: AccountIdentity
    troubles: tuple[str, ...] = ()
    clock: Instant | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left today, as the vendor last said. ``None`` where it did not say."""

    used: int | None
    limit: int | None
    calls: int


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one vendor can do. ``read_batch``/``write_batch``/``find_batch``/``history_batch`` are records (values) a
    call can carry;
    ``write_lot`` how many are handed over at once, since what is stored before and after is shared by all of them;
    ``bulk_lot`` how many, once ``bulk_from`` wait, since many are cheaper in a job of the vendor's (0: no such job).

    ``inscribed`` are, by object, the fields that name a record and are hidden from nobody, the longest last; an object
    that is not in it bears no sentinel. ``created`` is the field that holds when a record was made, "" for none.
    ``membership`` is how the vendor tells who takes part in a campaign, ``activities`` how it keeps what was done and
    ``copies`` how a copy of one is made, if otherwise; ``joint`` says that one stream may be of several objects.
    ``emptied_midway`` are fields that a write empties before it sets them, so that one which broke off leaves them so.
    ``resolution`` is the vendor's stamp resolution; ``confirms`` whether a write's own answer tells the stored values.
    ``native_notes`` are the fields in which the vendor's own connector to the other system leaves something, and
    ``native_name`` is what the user it works as is called there, in lower case.
    ``id_form`` is the regular expression of a record's whole id and ``id_words`` the same for people, "" for any text.
    """

    read_batch: int
    write_batch: int
    write_lot: int
    find_batch: int
    resolution: timedelta
    preconditions: bool = False
    history: bool = False
    history_batch: int = 50
    confirms: bool = False
    created: str = ""
    inscribed: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)
    bulk_from: int = 0
    bulk_lot: int = 0
    membership: Membership | None = None
    activities: tuple[ActivityForm, ...] = field(default=(), compare=False)
    copies: tuple[ActivityForm, ...] = field(default=(), compare=False)
    joint: bool = False
    emptied_midway: frozenset[str] = frozenset()
    native_notes: frozenset[str] = frozenset()
    native_name: str = ""
    id_form: str = ""
    id_words: str = ""

    @property
    def copied_as(self) -> tuple[ActivityForm, ...]:
        """The forms of copies."""
        return self.copies or self.activities

    def lot_of(self, waiting: int) -> int:
        """How many of so many waiting writes are handed over at once."""
        return self.bulk_lot if self.bulk_from and waiting >= self.bulk_from else self.write_lot


@dataclass(frozen=True, slots=True)
class FieldEvent:
    """One change of one field from the vendor's history. ``author`` is the vendor's user id or ``system``; ``sort``
    tells whether a person made it, or the vendor's own automation and apps; ``native`` that it was the vendor's own
    connector to the other system.
    """

    ref: RemoteRef
    field: str
    value: Wire
    at: Instant
    author: str
    sort: AuthorSort = AuthorSort.USER
    native: bool = False


@dataclass(frozen=True, slots=True)
class MatchKey:
    """How two records may be recognised as one. ``by`` is ``email``, ``domain`` or ``value``; ``fields`` are the vendor
    fields that hold it, per object.
    """

    by: str
    fields: Mapping[str, tuple[str, ...]]
