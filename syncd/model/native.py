"""The native connector: the sync of a vendor's own that may work beside this one, and what it was seen to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from syncd.model.remote import RemoteRef
from syncd.model.values import Instant, Side


@dataclass(frozen=True, slots=True)
class Synced:
    """A record that the native connector may have touched: when it last did, ``None`` where it does not note that, and
    the ids of the other system's records that it keeps there, by field.
    """

    ref: RemoteRef
    at: Instant | None
    ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rival:
    """A shared field that the native connector has written of late: in which vendor field (``place``, object and name),
    in how many records, when last, and as whom in words.
    """

    field: str
    side: Side
    place: str
    records: int
    last: Instant
    by: str

    def __str__(self) -> str:
        return f"{self.place} in {self.records}, last at {self.last.isoformat(timespec='seconds')}, as {self.by}"


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of the native connector on the records of one kind: how many were looked at, when it was last at
    work (``None``: not of late), and the shared fields it wrote, by name.
    """

    records: int = 0
    last: Instant | None = None
    rivals: Mapping[str, Rival] = field(default_factory=dict)


UNSEEN = Look()
