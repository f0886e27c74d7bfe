"""One cycle as history, what operators ask for between cycles, and who works on what when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from syncd.model.remote import Cursor
from syncd.model.values import Instant, Pair, Side

APPROVE: Final = "approve"
"""The wish that a first link is written, by its digest."""
FORGET: Final = "forget"
"""The wish that a person is forgotten."""
LINK_FIRST: Final = "link_first"
"""The wish that a daemon's cycle is told the digest of a first link that a person approved."""
LOOK: Final = "look"
"""The wish that a record is read on both sides, whatever the streams say of it."""
RECREATE: Final = "recreate"
"""The wish that a daemon's cycle makes the missing record of a tombstone anew."""
SHOW: Final = "show"
"""The wish that people's records show what the ledger of handoffs says."""
UNLINK: Final = "unlink"
"""The wish that a link ends, since its records are not one."""


class RunState(StrEnum):
    """How a run ended. ``partial``: something was not finished and will be taken up by the next run."""

    RUNNING = "running"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Run:
    """One cycle. ``counts`` are stable names to numbers (``created.crm``, ``updated.marketing``, ``conflicts`` ...).
    ``calls`` is how many calls of each side's API it made; ``None`` where that is not known.
    """

    id: str
    connection: str
    command: str
    who: str
    started_at: Instant
    digest: str = ""
    state: RunState = RunState.RUNNING
    finished_at: Instant | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    trouble: str = ""
    calls: Pair[int] | None = None


@dataclass(frozen=True, slots=True)
class StoredCursor:
    """Where one stream of one kind stands: ``changes``, ``departures`` or ``scan``."""

    kind: str
    side: Side
    stream: str
    cursor: Cursor
    moved_at: Instant


@dataclass(frozen=True, slots=True)
class Lease:
    """The exclusive right to write for one connection, until ``until``. ``epoch`` grows with every new holder."""

    connection: str
    holder: str
    epoch: int
    until: Instant


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a connection's store stands: which store, how far, and the head of its audit's chain (hex)."""

    identity: str
    generation: int
    entry: int
    hash: str


@dataclass(frozen=True, slots=True)
class Restored:
    """The store is an older copy, or another one: since when that is known, and by what.

    ``compared`` is when both sides were compared whole since; until then nothing that is remembered is believed.
    """

    since: Instant
    why: str
    compared: Instant | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """An operator's wish with an idempotent id, carried out by the next cycle."""

    id: str
    connection: str
    wish: str
    argument: str
    who: str
    at: Instant
    done_at: Instant | None = None


DRAINED: Final = "drained, until it is started again"
"""The reason of a pause that ends with the next start of a daemon."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Why a connection is not polled: who paused it, when, and the reason given."""

    who: str
    at: Instant
    reason: str = ""

    @property
    def drained(self) -> bool:
        """Whether it was only to stand still for a new start."""
        return self.reason == DRAINED


@dataclass(frozen=True, slots=True)
class Turn:
    """The next time a connection is polled. ``number`` grows by one whenever a turn has ended, on whatever worker."""

    connection: str
    number: int
    due: Instant
    paused: Pause | None = None


@dataclass(frozen=True, slots=True)
class Worker:
    """A daemon at work. ``id`` says who, host, process and when that began; ``beat`` is its last sign of life."""

    id: str
    began: Instant
    beat: Instant
    version: str
