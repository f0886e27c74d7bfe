"""The sentinel: one record a side that an operator plants, and what is written on it.

Its key field, which names the other side's record on any other record, holds ``MARKER``: by that it is recognised by
everybody, also by a store that never planted it. Its name is its inscription, which a person can read: whose record it
is, of which account, which store keeps it, and a mark that moves on as that store does. What is not as the store
remembers it says that the side is not itself.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from syncd.model.remote import RemoteRecord, RemoteRef
from syncd.model.values import Instant, instant

MARKER: Final = "syncd-sentinel"
"""What stands in the key field of a sentinel, and of no other record."""
TITLE: Final = "syncd sentinel, please keep"
SENTINEL: Final = "sentinel"
"""The kind of a shape that asks for sentinels, which no other shape is shown."""
NAMED: Final = 12
"""Digits of a store's identity that are written on a sentinel."""
LONGEST: Final = 60
"""Characters of a connection's name that are; all of it fits into a name of 255 characters."""
_FORM: Final = re.compile(
    re.escape(TITLE) + r" \(connection (?P<connection>\S+), account (?P<account>\S+), store (?P<store>[0-9a-f]+), "
    r"since (?P<since>\d{4}-\d\d-\d\d), mark (?P<generation>\d+)-(?P<token>[0-9a-f]+)\)"
)


def is_sentinel(record: RemoteRecord, key: str) -> bool:
    """Whether a record is anybody's sentinel, by its key field."""
    return record.fields.get(key) == MARKER


@dataclass(frozen=True, slots=True)
class Inscription:
    """What a sentinel says. ``store`` is the beginning of its store's identity, ``since`` when that store first planted
    it; ``generation`` is where the store stood when it was written last, and ``token`` tells two copies of one store
    apart that stood at the same.
    """

    connection: str
    account: str
    store: str
    since: date
    generation: int
    token: str

    def __str__(self) -> str:
        return (
            f"{TITLE} (connection {self.connection[:LONGEST]}, account {self.account}, store {self.store[:NAMED]}, "
            f"since {self.since:%Y-%m-%d}, mark {self.generation}-{self.token})"
        )

    @staticmethod
    def read(text: object) -> Inscription | None:
        """What a text says, if it is an inscription, whole and unchanged in form."""
        found = _FORM.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            return None
        told = found.groupdict()
        try:
            since = date.fromisoformat(told["since"])
        except ValueError:
            return None
        return Inscription(
            told["connection"], told["account"], told["store"], since, int(told["generation"]), told["token"]
        )


@dataclass(frozen=True, slots=True)
class Planted:
    """A sentinel as a store remembers it. ``before`` is what it said before, as long as nobody knows that the vendor
    has taken the new text; ``entry`` is the last one of the audit when it was written, ``written`` the time of that.
    """

    ref: RemoteRef
    kind: str
    text: str
    entry: int
    written: Instant
    before: str = ""

    def stored(self) -> bytes:
        """As the store keeps it."""
        told = [*self.ref, self.kind, self.text, self.entry, self.written.isoformat(), self.before]
        return json.dumps(told).encode()

    @staticmethod
    def read(remembered: tuple[bytes, Instant] | None) -> Planted | None:
        """From what was stored; nothing if none was planted, or it was given up."""
        if remembered is None or not remembered[0]:
            return None
        told: list[Any] = json.loads(remembered[0])
        return Planted(RemoteRef(told[0], told[1]), told[2], told[3], told[4], instant(told[5]), told[6])
