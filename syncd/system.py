"""The real clock and the real chance. Everything below the composition root gets these as arguments."""

from __future__ import annotations

import random
import secrets
import time
from datetime import UTC, datetime

from syncd.model.values import Instant


class SystemClock:
    """The computer's clock, cut to the milliseconds that syncd compares by."""

    def now(self) -> Instant:
        """Aware UTC instant, milliseconds."""
        moment = datetime.now(UTC)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def monotonic(self) -> float:
        """Seconds that never step back; only for durations."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Waits; a time that is over already is not waited for."""
        if seconds > 0:
            time.sleep(seconds)


class SystemChance:
    """The operating system's source of chance."""

    def __init__(self) -> None:
        self._jitter = random.SystemRandom()

    def uniform(self, low: float, high: float) -> float:
        """A number in the range, for jitter."""
        return self._jitter.uniform(low, high)

    def token(self, size: int) -> bytes:
        """Unpredictable bytes, for keys and nonces."""
        return secrets.token_bytes(size)

    def identifier(self) -> str:
        """A short unique id, for runs and holders: 16 hex digits."""
        return secrets.token_hex(8)
