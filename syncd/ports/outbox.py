"""What is to be told to people and is not told yet: rows under names, put and taken in whole transactions.

Any number of processes put rows of their own at the same time; nobody rewrites another one's row. A row that was put is
there until it is taken, whatever becomes of the process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from syncd.model.values import Instant

HEARD: Final = "notify:heard:"
"""Begins the names of what was heard and is no notice yet."""
WAITING: Final = "notify:waiting:"
"""Begins the names of notices that wait for their target to take them, each in the order they arose."""
TOLD: Final = "notify:told:"
"""Begins the names under which it is kept of each target what it was told of, and when, as JSON."""
RESTS: Final = "notify:rest:"
"""Begins the names of what is kept about rest: maintenance, and what waits for it or for quiet hours."""
LATER: Final = "notify:rest:later:"
"""Begins the names under which it is kept what waits for each target until it may be told, as JSON."""
REST: Final = "notify:rest:now"
"""Under which name it is kept until when alerts of the connection rest, as JSON."""
ENDED: Final = "notify:ended"
"""Under which name it is kept when a person ended maintenance: what was planned for then is not begun again."""
TELLS: Final = "notify:tells"
"""Under which name it is kept who gathers and sends just now."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its name, what it holds, and the instant it was put with."""

    name: str
    content: bytes
    at: Instant


class Outbox(Protocol):
    """The rows of one connection; the store keeps them."""

    def rows(self, beginning: str, limit: int) -> Sequence[Row]:
        """At most so many rows whose names begin so, in the order of their names."""
        ...

    def exchange(self, gone: Sequence[str], put: Mapping[str, bytes], now: Instant) -> None:
        """Takes some rows and puts others, in one transaction; what is not there is not taken."""
        ...

    def seize(self, name: str, holder: str, now: Instant, until: Instant) -> bool:
        """Takes a right that one process has at a time, or keeps it; ``False`` while another one has it.

        A right that ran out is free, and so is one that seems to be taken for hours: its holder's clock was wrong.
        """
        ...
