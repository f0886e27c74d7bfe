"""The store Protocol: what syncd remembers of one connection between cycles.

A store object is bound to one connection; two connections never see each other's rows. Every method is one transaction.
``settle`` is the only way knowledge grows: one page's worth of endings in one transaction, the cursor last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from syncd.model.appended import Appended
from syncd.model.audit import Head, Verified
from syncd.model.brake import Count
from syncd.model.episode import Episode, Event
from syncd.model.hint import Noted
from syncd.model.keeping import Keep, Pruned, Step
from syncd.model.link import (
    AuditRow,
    Base,
    Conflict,
    DeadLetter,
    FieldWrite,
    Forgotten,
    Intent,
    Link,
    Linked,
    Parked,
    Remnant,
)
from syncd.model.operator import Deed
from syncd.model.remote import AccountIdentity, RemoteRef
from syncd.model.routing import Assignment
from syncd.model.run import Lease, Mark, Request, Restored, Run, StoredCursor
from syncd.model.values import Instant, Side
from syncd.ports.appended import AppendedStore
from syncd.ports.assignments import AssignmentStore
from syncd.ports.hints import HintStore
from syncd.ports.ledger import LedgerStore
from syncd.ports.looking import LookingStore
from syncd.ports.outbox import Outbox


@dataclass(slots=True)
class Settlement:
    """Everything that one settled page changes, as values; the store writes it in one transaction.

    ``links`` and ``bases`` are upserts by link id. ``endings`` maps intent ids to their outcome word: the intents are
    deleted and their audit rows finished. ``unconflict``, ``unpark`` and ``revive`` are ids (link, side and field for
    parked) whose rows are no longer true. ``wishes`` are requests of the
    engine's own (look at this record again); ``cursors`` move last. ``forgotten`` are people to be forgotten,
    ``remnants`` and ``unremnant`` what is (no longer) left of those forgotten before. ``events`` are added to the
    handoff ledger (one that is there already stays one), ``episodes`` are upserts by id, ``unepisode`` ids of those
    that were joined to another; ``syncd.engine.booking`` makes the three of them. ``released`` are assignments (by
    intent) of people who are open no more. ``appended`` are upserts by kind and origin. ``hints_done`` were looked
    at.
    """

    links: list[Link] = field(default_factory=list)
    bases: list[tuple[str, Base]] = field(default_factory=list)
    endings: dict[str, str] = field(default_factory=dict)
    conflicts: list[Conflict] = field(default_factory=list)
    unconflict: list[str] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)
    unpark: list[tuple[str, Side, str]] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    revive: list[str] = field(default_factory=list)
    wishes: list[Request] = field(default_factory=list)
    requests_done: list[str] = field(default_factory=list)
    forgotten: list[Forgotten] = field(default_factory=list)
    remnants: list[Remnant] = field(default_factory=list)
    unremnant: list[tuple[Side, RemoteRef]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    episodes: list[Episode] = field(default_factory=list)
    unepisode: list[str] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    appended: list[Appended] = field(default_factory=list)
    hints_done: list[Noted] = field(default_factory=list)
    cursors: list[StoredCursor] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any(
            (
                self.links,
                self.bases,
                self.endings,
                self.conflicts,
                self.unconflict,
                self.parked,
                self.unpark,
                self.dead,
                self.revive,
                self.wishes,
                self.requests_done,
                self.forgotten,
                self.remnants,
                self.unremnant,
                self.events,
                self.episodes,
                self.unepisode,
                self.released,
                self.appended,
                self.hints_done,
                self.cursors,
            )
        )


class Store(LedgerStore, AssignmentStore, AppendedStore, LookingStore, HintStore, Outbox, Protocol):
    """Durable knowledge of one connection, on SQLite or PostgreSQL."""

    # -- who may use it ------------------------------------------------------------------------------------------
    def bind(self, side: Side, identity: AccountIdentity) -> None:
        """Binds this connection to a portal or org at first use.

        :raises WrongAccount: if it was bound to another one, or if another connection has this account.
        """
        ...

    def note_reading(self, deed: Deed) -> None:
        """Stores that somebody reads personal data of this connection; ``ports.doors`` lists it."""
        ...

    def bound(self) -> Mapping[Side, AccountIdentity]:
        """The accounts this connection is bound to so far."""
        ...

    def take_lease(self, holder: str, now: Instant, until: Instant) -> Lease | None:
        """The exclusive right to write, or ``None`` while somebody else has it."""
        ...

    def lease(self) -> Lease | None:
        """The lease as it stands, live or run out."""
        ...

    def extend_lease(self, lease: Lease, until: Instant) -> Lease:
        """The same lease, longer. :raises LeaseLost: if it is no longer ours."""
        ...

    def release_lease(self, lease: Lease) -> None:
        """Gives the right back; releasing a lost lease does nothing."""
        ...

    def restored(self) -> Restored | None:
        """That the store is an older copy, or another one, as long as nobody has accepted it."""
        ...

    def mark(self) -> Mark:
        """Where the store stands: its identity, which is empty before a lease was taken in it, its generation, which
        only grows, and the head of its audit.
        """
        ...

    def note_restored(self, restored: Restored | None) -> None:
        """Stores that, how far it was dealt with, or (``None``) that it is over."""
        ...

    # -- links and bases -----------------------------------------------------------------------------------------
    def linked(self, kind: str, side: Side, refs: Sequence[RemoteRef]) -> Mapping[RemoteRef, Linked]:
        """Links (tombstones too) and bases of these refs of one side; refs without a link are not in the answer."""
        ...

    def by_link(self, ids: Sequence[str]) -> Mapping[str, Linked]:
        """Links and bases by link id."""
        ...

    def links(self, kind: str) -> Iterator[Link]:
        """All links of a kind, streamed in id order."""
        ...

    def links_after(self, kind: str, after: str, limit: int) -> Sequence[Link]:
        """At most so many links of a kind in id order, from behind an id."""
        ...

    def link_ids(self, kind: str, side: Side, refs: Sequence[RemoteRef]) -> Mapping[RemoteRef, str]:
        """Live link ids of these refs; cheap, for references."""
        ...

    def count_links(self, kind: str) -> int:
        """Live links of a kind."""
        ...

    # -- writing ahead and settling --------------------------------------------------------------------------------
    def begin(
        self,
        lease: Lease,
        intents: Sequence[Intent],
        audit: Sequence[AuditRow],
        now: Instant,
        charges: Sequence[Count] = (),
        assigned: Sequence[Assignment] = (),
    ) -> None:
        """Stores intents, their audit rows, what they count for and whom they give to whom before a send.

        :raises LeaseLost: if the epoch is not ours or ran out.
        """
        ...

    def charge(self, counts: Sequence[Count], now: Instant) -> None:
        """Counts what is no vendor write, links that end; and takes off (below zero) what was counted and not done."""
        ...

    def charges(self, after: int) -> Sequence[tuple[int, Instant, Sequence[Count]]]:
        """What was counted behind a number, each lot with its own number and time, in order."""
        ...

    def forget_charges(self, before: Instant) -> None:
        """Forgets what was counted before an instant."""
        ...

    def settle(self, settlement: Settlement, now: Instant, lease: Lease | None = None) -> None:
        """Writes all of it in one transaction, or nothing.

        :raises LeaseLost: if the lease given is another worker's by now; one that merely ran out is still ours.
        """
        ...

    def open_intents(self) -> Sequence[Intent]:
        """Writes whose ending is not known, oldest first."""
        ...

    def cursors(self) -> Sequence[StoredCursor]:
        """All cursors of the connection."""
        ...

    # -- what waits ------------------------------------------------------------------------------------------------
    def conflicts(self, ids: Sequence[str] | None = None) -> Sequence[Conflict]:
        """Open conflicts, oldest first; all of them, or those with these ids."""
        ...

    def conflicts_of(self, links: Sequence[str]) -> Mapping[str, Sequence[Conflict]]:
        """Open field conflicts by link id."""
        ...

    def resolve_conflict(self, id: str, resolution: str) -> bool:
        """Stores a person's choice for the next cycle; ``False`` if there is no such conflict."""
        ...

    def parked(self, links: Sequence[str] | None = None) -> Sequence[Parked]:
        """Parked fields; all, or those of these links."""
        ...

    def dead_letters(self) -> Sequence[DeadLetter]:
        """Records that cannot be written, oldest first."""
        ...

    def mark_dead_letter(self, id: str, retry: bool) -> bool:  # noqa: FBT001 - the two endings of one row
        """Asks for another try (``True``) or drops the row (``False``); the answer says whether it was there."""
        ...

    def approve(self, request: Request) -> None:
        """Stores an operator's wish; the same id twice is one wish."""
        ...

    def requests(self) -> Sequence[Request]:
        """Wishes not carried out yet."""
        ...

    # -- privacy ---------------------------------------------------------------------------------------------------
    def suppressed(self, addresses: Sequence[str]) -> frozenset[str]:
        """Which of these addresses (in comparable form) belong to people who were forgotten."""
        ...

    def remnants(self) -> Sequence[Remnant]:
        """Records of forgotten people that are still there, oldest first."""
        ...

    # -- history ---------------------------------------------------------------------------------------------------
    def save_run(self, run: Run) -> None:
        """Upserts a run."""
        ...

    def run(self, id: str) -> Run | None:
        """A run by its id."""
        ...

    def cancel(self, id: str, now: Instant) -> bool:
        """Takes a wish back; ``False`` if it is carried out or there is none of that id."""
        ...

    def runs(self, limit: int, before: str | None = None) -> Sequence[Run]:
        """The latest runs, newest first; those before the one of an id.

        :raises PlaceGone: if there is none of that id, or none any more: an idle run is forgotten within the hour.
        """
        ...

    def forget_idle_runs(self, before: Instant, *, long_before: Instant) -> int:
        """Forgets runs that began before this and changed nothing; how many. The latest run stays in any case.

        What failed without a change, and wishes that were carried out, are remembered until ``long_before``.
        """
        ...

    def prune(self, keep: Keep, now: Instant) -> Step:
        """One small step of pruning what is older than that; whatever waits, or has no ending, stays."""
        ...

    def pruned(self) -> Pruned | None:
        """What of the audit was pruned so far; ``None`` if nothing was."""
        ...

    def audit_of(self, link: str, limit: int) -> Sequence[AuditRow]:
        """Writes of one linked record, newest first, values decrypted."""
        ...

    def audit_since(self, since: Instant) -> Iterator[AuditRow]:
        """Writes of the whole connection begun since then, oldest first, streamed, values decrypted."""
        ...

    def audit_of_run(self, run: Run, limit: int, *, after: int = 0) -> Sequence[tuple[int, AuditRow]]:
        """At most so many writes of one run, oldest first, values decrypted, each with its place in the audit; those
        behind a place.
        """
        ...

    def written_lately(
        self, links: Sequence[str], since: Instant, times: int
    ) -> Mapping[tuple[str, str], Sequence[FieldWrite]]:
        """Per link and field, where that was written so many times at least: each write since then, oldest first."""
        ...

    def exported(self, name: str) -> Iterator[Mapping[str, object]]:
        """The rows of one table as plain values, in the order of its key."""
        ...

    def audit_head(self) -> Head | None:
        """The last entry of the chain over the audit; ``None`` before the first."""
        ...

    def verify_audit(self, known: str | None = None) -> Verified:
        """Walks the chain over the audit; ``known`` is a hash that must be in it."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Rows that an operator asks for: links per kind, conflicts, parked, dead letters, open intents."""
        ...

    def recall(self, name: str) -> tuple[bytes, Instant] | None:
        """What was remembered under this name, and when: vendor schemas and users, to spare calls."""
        ...

    def remember(self, name: str, content: bytes, now: Instant) -> None:
        """Remembers bytes under a name, replacing what was there."""
        ...

    def close(self) -> None:
        """Closes connections to the database."""
        ...
