"""What a vendor tells of by itself: that something happened to a record. It is a reason to look, and nothing else.

A hint holds an id and no value: what is written comes from a read of the vendor's API, whatever the hint came with. One
that is lost, late, doubled or forged changes nothing but how early a record is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from syncd.model.remote import RemoteRef
from syncd.model.values import Instant

MOST: Final = 10_000
"""So many hints of a connection wait at most; further ones are dropped, and the poll finds what they were about."""
STALE: Final = timedelta(days=1)
"""A hint that was not taken for so long is dropped: the poll has been there."""


@dataclass(frozen=True, slots=True)
class Hint:
    """Something happened to a record. Whoever knows the record in this ``version`` or a later one need not look;
    ``None`` says that it must be looked at whatever is known: it left, came back, or belongs to others now.
    """

    ref: RemoteRef
    version: str | None


@dataclass(frozen=True, slots=True)
class Noted:
    """A hint that waits, and when it was heard last."""

    hint: Hint
    heard: Instant


@dataclass(frozen=True, slots=True)
class Told:
    """A hint, and the vendor's account that it is about."""

    account: str
    hint: Hint


@dataclass(frozen=True, slots=True)
class Called:
    """A call of the vendor as far as its signature covers it. ``url`` is the address that the vendor was given, header
    names are lower case.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


class Doubt(StrEnum):
    """Why a call is not believed."""

    UNSIGNED = "unsigned"
    OLD = "old"
    AHEAD = "ahead"
    FORGED = "forged"


def later(one: Hint, other: Hint) -> Hint:
    """One hint for two about the same record, in whatever order they came."""
    if one.version is None or other.version is None:
        return Hint(one.ref, None)
    return one if one.version >= other.version else other
