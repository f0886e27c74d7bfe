"""The connector Protocol: all that syncd asks of a vendor. The contract tests run unchanged over every connector."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from syncd.model.remote import (
    AccountIdentity,
    Capabilities,
    Cursor,
    FieldEvent,
    Gone,
    Health,
    MatchKey,
    Moved,
    Page,
    Quota,
    RemoteRecord,
    RemoteRef,
    RemoteSchema,
    RemoteUser,
    Roster,
    Shape,
)
from syncd.model.values import Instant, Lane, Side
from syncd.model.write import Write, WriteResult
from syncd.ports.fitting import Fitting


def nothing() -> None:
    """What is done meanwhile, where there is nothing to do."""


class Connector(Protocol):
    """One account of one vendor.

    Trouble with one record is a result; an exception means the whole call and is one of ``RetryLater``,
    ``NeedsOperator`` or ``Bug`` (``syncd.model.errors``). Nothing is retried unless it is safe to be sent twice.
    """

    @property
    def side(self) -> Side:
        """The role this account plays."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What the vendor can do, and in what lots."""
        ...

    def for_lane(self, lane: Lane) -> Connector:
        """The same account, its calls charged to another lane of the shared budget."""
        ...

    def fitting(self) -> Fitting:
        """Rights, and what ``setup`` makes, with the same credentials."""
        ...

    def check(self) -> Health:
        """One cheap call that proves credentials and reachability."""
        ...

    def identity(self) -> AccountIdentity:
        """The portal or org the store is bound to."""
        ...

    def schema(self, shape: Shape) -> RemoteSchema:
        """Types, picklists, required, unique and writable of every field of the shape's objects that can be seen.

        The shape's fields need not all exist: a field that is not in the answer does not exist or is hidden.
        """
        ...

    def remember(self, schema: RemoteSchema) -> None:
        """What an earlier ``schema`` told, so that this object need not ask again before it reads."""
        ...

    def users(self) -> Sequence[RemoteUser]:
        """All users and queues, inactive ones too."""
        ...

    def changes(self, shape: Shape, since: Cursor) -> Iterator[Page]:
        """What changed since the cursor, oldest first, ending at the present edge; at least one page, maybe empty."""
        ...

    def span(self, shape: Shape, since: Cursor) -> Iterator[Page]:
        """The same without a second look for late ones: for spans that lie further back than any lag, and while
        there is no time for one: ``changes`` makes up for it from any page's cursor.
        """
        ...

    def start(self, shape: Shape, at: Instant | None = None) -> Cursor:
        """The cursor of this moment, to be taken before the first full scan so that nothing falls between; or of an
        earlier one. What changed shortly before it may be told too.
        """
        ...

    def scan(self, shape: Shape, after: Cursor | None = None, *, pages: int | None = None) -> Iterator[Page]:
        """Every record there is, in an order that is stable under change; resumable by page.

        :param pages: at most so many pages are asked for, even where it would be cheaper to ask for several at once.
        """
        ...

    def departures(self, shape: Shape, after: Cursor | None, pages: int) -> Iterator[Page]:
        """Records that left or moved and that ``changes`` cannot show: at most so many pages, resumable."""
        ...

    def fetch(self, shape: Shape, refs: Sequence[RemoteRef]) -> Sequence[RemoteRecord | Gone | Moved]:
        """These records now, read by id (never from a search index), in the order asked."""
        ...

    def find(self, shape: Shape, key: MatchKey, values: Sequence[str]) -> Mapping[str, Sequence[RemoteRecord]]:
        """Records that match each value; every value asked for is in the answer, with an empty sequence if none.

        Also tells, marked ``apart``, of records that syncd leaves alone: whoever they stand for is not made again.
        """
        ...

    def keyed(self, shape: Shape, object: str, keys: Sequence[str]) -> Mapping[str, Sequence[RemoteRecord]]:
        """Records of one object whose key field holds these values; like ``find``, but never from a search index."""
        ...

    def history(self, refs: Sequence[RemoteRef], fields: Sequence[str], since: Instant) -> Sequence[FieldEvent]:
        """When these fields changed and by whom, oldest first; empty where the vendor keeps no history of them."""
        ...

    def roster(self, key: str, after: Cursor | None = None) -> Iterator[Roster]:
        """The records in a list of the vendor's as they joined it, from behind a position; at least one page.

        :raises NeedsOperator: if there is no such list, or the vendor has none.
        """
        ...

    def write(
        self, shape: Shape, batch: Sequence[Write], deadline: Instant, meanwhile: Callable[[], None] = nothing
    ) -> Sequence[WriteResult]:
        """Sends the batch; results have its order and length. Rows that were not sent by the deadline are Deferred.

        :param meanwhile: called now and then while a vendor works long on what it was given, so that a lease is kept.
        """
        ...

    def quieten(self) -> None:
        """Ends what this or an earlier process may have left under way at the vendor; before, no write may be given up.

        :raises RetryLater: if nobody can tell whether it has ended.
        """
        ...

    def billed(self, refs: Sequence[RemoteRef]) -> Sequence[RemoteRef]:
        """Which of these new records the vendor bills the account for (HubSpot: marketing contacts)."""
        ...

    def waits(self, lane: Lane) -> Instant | None:
        """Until when calls of a lane have to wait, since what is left of the day is kept for other programs and for
        lanes that go first; ``None`` if they need not. Asks nobody: it is what the vendor's answers have told.
        """
        ...

    def quota(self) -> Quota:
        """The vendor's count of today's calls as last heard, and the calls made by this object."""
        ...

    def close(self) -> None:
        """Gives back connections."""
        ...
