"""Instants as the vendor writes them: ``2024-01-31T18:24:02.000+0000``, always UTC, always whole seconds.

The form has a fixed width, so that comparing two such strings compares the instants; the record store relies on it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from email.utils import format_datetime, parsedate_to_datetime

_SECONDS = len("2024-01-31T18:24:02")


def stamp(instant: datetime) -> str:
    """An instant cut to its second, in wire form."""
    return f"{instant.astimezone(UTC).isoformat()[:_SECONDS]}.000+0000"


def precise(instant: datetime) -> str:
    """An instant in wire form with its milliseconds; only literals of a query have any."""
    utc = instant.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}+0000"


def parse_instant(text: str) -> datetime | None:
    """An aware instant from any ISO form with an offset, or ``None``."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant.astimezone(UTC) if instant.tzinfo is not None else None


def parse_day(text: str) -> date | None:
    """A civil date ``2024-01-31``, or ``None``."""
    try:
        return date.fromisoformat(text) if len(text) == len("2024-01-31") else None
    except ValueError:
        return None


def http_date(instant: datetime) -> str:
    """The form of the headers Date and Last-Modified (RFC 7231)."""
    return format_datetime(instant.astimezone(UTC).replace(microsecond=0), usegmt=True)


def parse_http_date(text: str) -> datetime | None:
    """An instant from a header, or ``None`` where it is malformed."""
    try:
        instant = parsedate_to_datetime(text)
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
