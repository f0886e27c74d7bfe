"""How single values become columns: instants as milliseconds, values and lists as JSON text.

Promises that what was stored reads back equal: tuples stay tuples (JSON only knows lists), instants keep their
milliseconds. Refuses what JSON cannot hold (integers beyond 64 bits, lone surrogates) with ``Bug``.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from syncd.model.errors import Bug
from syncd.model.remote import RemoteRef
from syncd.model.values import Canonical, Instant

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_ms(moment: Instant) -> int:
    """Milliseconds since 1970; finer parts are cut off, as the model's instants have none."""
    return (moment - _EPOCH) // _MILLISECOND


def from_ms(ms: int) -> Instant:
    """The instant of so many milliseconds since 1970."""
    return _EPOCH + timedelta(milliseconds=ms)


def maybe_from_ms(ms: int | None) -> Instant | None:
    """The same for a column that may be empty."""
    return None if ms is None else _EPOCH + timedelta(milliseconds=ms)


def to_us(moment: Instant) -> int:
    """Microseconds since 1970, for rates."""
    return (moment - _EPOCH) // _MICROSECOND


def from_us(us: int) -> Instant:
    """The first whole millisecond that is not before so many microseconds since 1970."""
    return from_ms(-(-us // 1000))


def to_json(value: object) -> str:
    """JSON text without spaces.

    :raises Bug: if JSON cannot hold it.
    """
    return to_json_bytes(value).decode()


def to_json_bytes(value: object) -> bytes:
    """The same as bytes."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError as error:
        raise Bug(f"a value cannot be stored: {error}; please report which field it was") from error


def from_json(text: str | bytes) -> Any:  # noqa: ANN401 - JSON is whatever it is
    """What JSON text holds."""
    return orjson.loads(text)


def canonical(value: Any) -> Canonical:  # noqa: ANN401 - JSON is whatever it is
    """A canonical value as it was before JSON: sets are tuples."""
    return tuple(value) if value.__class__ is list else value


def plain(text: str) -> str:
    """Free text of a vendor for a text column: PostgreSQL cannot hold U+0000."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}")


def ref_of(object: str | None, id: str | None) -> RemoteRef | None:
    """The ref of two columns that are empty together."""
    return None if object is None or id is None else RemoteRef(object, id)
