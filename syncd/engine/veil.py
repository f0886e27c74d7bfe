"""An account as the sync sees it: all of its records but the sentinel, which is nobody.

A record whose key field holds the sentinel's marker is shown to no stage, whoever planted it, and neither is the one
that the store remembers as its own, whatever became of its key. It is not counted either: a side that shows nothing
else shows nothing. A record that was merged into a sentinel is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from syncd.model.remote import Cursor, Departure, Gone, MatchKey, Moved, Page, RemoteRecord, RemoteRef, Shape
from syncd.model.sentinel import is_sentinel
from syncd.ports.connector import Connector


class Veiled:
    """Every way of reading records, less the sentinel."""

    def __init__(self, connector: Connector, own: RemoteRef | None) -> None:
        """:param own: the sentinel that the store planted there."""
        self._connector = connector
        self._own = own
        self.capabilities = connector.capabilities
        self.start = connector.start

    def changes(self, shape: Shape, since: Cursor) -> Iterator[Page]:
        """See the connector Protocol."""
        return (self._page(shape, page) for page in self._connector.changes(shape, since))

    def span(self, shape: Shape, since: Cursor) -> Iterator[Page]:
        """See the connector Protocol."""
        return (self._page(shape, page) for page in self._connector.span(shape, since))

    def scan(self, shape: Shape, after: Cursor | None = None, *, pages: int | None = None) -> Iterator[Page]:
        """See the connector Protocol."""
        return (self._page(shape, page) for page in self._connector.scan(shape, after, pages=pages))

    def departures(self, shape: Shape, after: Cursor | None, pages: int) -> Iterator[Page]:
        """See the connector Protocol."""
        return (self._page(shape, page) for page in self._connector.departures(shape, after, pages))

    def fetch(self, shape: Shape, refs: Sequence[RemoteRef]) -> Sequence[RemoteRecord | Gone | Moved]:
        """See the connector Protocol; a sentinel is invisible."""
        return [self._answer(shape, answer) for answer in self._connector.fetch(shape, refs)]

    def find(self, shape: Shape, key: MatchKey, values: Sequence[str]) -> Mapping[str, Sequence[RemoteRecord]]:
        """See the connector Protocol."""
        return self._several(shape, self._connector.find(shape, key, values))

    def keyed(self, shape: Shape, object: str, keys: Sequence[str]) -> Mapping[str, Sequence[RemoteRecord]]:
        """See the connector Protocol."""
        return self._several(shape, self._connector.keyed(shape, object, keys))

    # -- inside ------------------------------------------------------------------------------------------------------
    def _hides(self, shape: Shape, record: RemoteRecord) -> bool:
        return is_sentinel(record, shape.key) or record.ref == self._own

    def _page(self, shape: Shape, page: Page) -> Page:
        hidden = {record.ref for record in page.records if self._hides(shape, record)}
        if self._own is not None:
            hidden.add(self._own)
        if not hidden:
            return page
        swallowed = [Gone(move.old, Departure.DELETED, move.at) for move in page.moved if move.new in hidden]
        return replace(
            page,
            records=[record for record in page.records if record.ref not in hidden],
            gone=[gone for gone in (*page.gone, *swallowed) if gone.ref not in hidden],
            moved=[move for move in page.moved if not hidden.intersection((move.old, move.new))],
        )

    def _answer(self, shape: Shape, answer: RemoteRecord | Gone | Moved) -> RemoteRecord | Gone | Moved:
        if isinstance(answer, RemoteRecord) and self._hides(shape, answer):
            return Gone(answer.ref, Departure.INVISIBLE)
        if isinstance(answer, Moved) and answer.new == self._own:
            return Gone(answer.old, Departure.DELETED, answer.at)
        return answer

    def _several(
        self, shape: Shape, found: Mapping[str, Sequence[RemoteRecord]]
    ) -> Mapping[str, Sequence[RemoteRecord]]:
        return {
            value: [record for record in several if not self._hides(shape, record)] for value, several in found.items()
        }
