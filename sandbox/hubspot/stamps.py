"""Instants as HubSpot writes them: epoch milliseconds inside, ISO 8601 UTC with milliseconds on the wire.

Promises one spelling per instant (``2024-01-01T00:00:00.123Z``). Accepts what HubSpot accepts on write: that form,
ISO with another offset, or epoch milliseconds as text. Civil dates are a form of their own.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = 86_400_000
_MILLISECOND = timedelta(milliseconds=1)
_LAST = 62_000_000_000_000  # epoch milliseconds; mirrored around 1970 this stays inside what datetime can express


def millis(moment: datetime) -> int:
    """Epoch milliseconds of an aware instant, rounded down."""
    return (moment - EPOCH) // _MILLISECOND


@lru_cache(maxsize=1 << 17)
def iso(stamp: int) -> str:
    """Wire form of epoch milliseconds. Cached: one batch shares its stamps."""
    return (EPOCH + timedelta(milliseconds=stamp)).isoformat(timespec="milliseconds")[:-6] + "Z"


def parse_instant(text: str) -> int | None:
    """Epoch milliseconds of ``text`` (digits or ISO 8601), or ``None`` if it is neither."""
    if _is_integer(text):
        return int(text) if abs(int(text)) <= _LAST else None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return millis(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def parse_date(text: str) -> str | None:
    """``YYYY-MM-DD`` of a civil date, or of epoch milliseconds that are exactly midnight UTC; else ``None``."""
    if _is_integer(text):
        stamp = parse_instant(text)
        return iso(stamp)[:10] if stamp is not None and stamp % DAY == 0 else None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def _is_integer(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) <= 20


def http_date(moment: datetime) -> str:
    """The ``Date`` header of RFC 7231."""
    return format_datetime(moment, usegmt=True)
