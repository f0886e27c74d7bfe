"""What a connector writes, and what became of it.

Results have the order and the length of the batch. ``confirmed`` is what the vendor holds *after* the write, read back
where the write's own answer does not tell it: Base stores that, so that our own write never comes back as an edit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias

from syncd.model.remote import Gone, Moved, RemoteRecord, RemoteRef
from syncd.model.values import Instant, Wire


class Origin(StrEnum):
    """Why a write happens, for a vendor's own automation: what is done in bulk can be left out of a workflow."""

    LIVE = "live"
    BACKFILL = "backfill"
    RESYNC = "resync"


@dataclass(frozen=True, slots=True)
class Expect:
    """The state a write was decided on: wire values that must still stand just before it is sent. ``conditional`` asks
    for the vendor's own condition beside that, where it has one: a call for this record alone.
    """

    version: str
    values: Mapping[str, Wire]
    conditional: bool = False


@dataclass(frozen=True, slots=True)
class CreateRecord:
    """Make a record, proved by ``key``: the other side's record id, stored in the shape's unique key field. Where the
    shape has no key field the record is made without proof: only for objects of which the vendor itself allows one.

    ``intent`` is a hex digest that names this write; HubSpot gets it as ``objectWriteTraceId``. ``record_type`` is a
    developer name; without it the vendor chooses. ``by_rules`` has the vendor's assignment rules choose the owner.
    """

    intent: str
    object: str
    key: str
    fields: Mapping[str, Wire]
    refs: Mapping[str, RemoteRef] = field(default_factory=dict)
    record_type: str | None = None
    by_rules: bool = False


@dataclass(frozen=True, slots=True)
class UpdateRecord:
    """Write these fields of one record; a ``None`` clears a field. ``expect`` makes it conditional."""

    intent: str
    ref: RemoteRef
    fields: Mapping[str, Wire]
    refs: Mapping[str, RemoteRef] = field(default_factory=dict)
    expect: Expect | None = None


Write: TypeAlias = CreateRecord | UpdateRecord


@dataclass(frozen=True, slots=True)
class Written:
    """The vendor did it. ``confirmed`` holds the written fields (at least) as the vendor stores them now."""

    ref: RemoteRef
    version: str
    confirmed: Mapping[str, Wire]
    created: bool = False


@dataclass(frozen=True, slots=True)
class Stale:
    """Not written: the record is no longer what the write was decided on."""

    current: RemoteRecord | Gone | Moved


@dataclass(frozen=True, slots=True)
class Refused:
    """Not written, and will not be until something changes. ``code`` is the vendor's; ``fields`` the vendor fields at
    fault, empty where the vendor names none. ``record_type`` is the id of the record type that does not allow it;
    another one may. ``unforeseen`` says that the vendor's own schema, as last read, allows what was refused (a field
    was hidden since): once the schema was read again, it deserves another try.
    """

    code: str
    reason: str
    advice: str
    fields: tuple[str, ...] = ()
    record_type: str = ""
    unforeseen: bool = False


@dataclass(frozen=True, slots=True)
class Clash:
    """Not written: the vendor holds records that say they are the same one (a unique value, a duplicate rule).

    ``fields`` are the vendor fields whose value they share, empty where the vendor names none.
    """

    code: str
    reason: str
    candidates: tuple[RemoteRef, ...]
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Deferred:
    """Surely not written, and worth trying again later: a lock, a limit, maintenance.

    ``fields`` are those to which alone this applies: a reference that is set once its record was written, or made, a
    stage that goes back. None named: to all of it.
    """

    code: str
    reason: str
    after: timedelta = timedelta(0)
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Indeterminate:
    """Nobody knows: sent, and no answer. Only a keyed read may settle it; until ``until`` it may still happen."""

    reason: str
    until: Instant


WriteResult: TypeAlias = Written | Stale | Refused | Clash | Deferred | Indeterminate
