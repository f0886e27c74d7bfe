"""What left for good: the vendor's log of deletions, window by window, and what that log can tell no longer.

Changes are asked of ``queryAll``, which shows the recycle bin; ``/deleted`` tells of rows that are not even there any
more. It goes back 15 days, less where somebody emptied the bin or the org is young; a log that is full is emptied down
to its last two hours (REST API guide, "sObject Get Deleted"). Therefore every object is asked for once an hour, the one
that waits longest first.

Promises: a window begins where the one before was covered (``latestDateCovered``), so that what a transaction of any
length deletes is told ("GetDeletedResult"). What lies between a position and the beginning of the log is never passed
over: such a position is unusable, and whoever holds it compares everything. Where there is no position yet nothing is
called lost: everything is read then anyway.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

from connectors.salesforce import cursor as cursors
from connectors.salesforce import soql
from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.errors import CallRefused
from connectors.salesforce.ids import to18
from connectors.salesforce.lookup import Lookup
from connectors.transport import wrong_shape
from syncd.model.errors import UnusableCursor
from syncd.model.remote import Cursor, Departure, Gone, Moved, Page, RemoteRef, Shape
from syncd.model.values import Instant, Lane, instant

_EVERY: Final = timedelta(hours=1)
_KEPT: Final = timedelta(days=15) - timedelta(minutes=10)
_SHORTEST: Final = timedelta(minutes=2)
"""A window must be longer than a minute, and seconds are cut off at both its ends ("getDeleted()")."""


class Departures:
    """The logs of deletions of one org, in one lane."""

    def __init__(self, client: SalesforceClient, lookup: Lookup, *, lane: Lane) -> None:
        self._client = client
        self._lookup = lookup
        self._lane = lane

    def pages(self, shape: Shape, after: Cursor | None, pages: int) -> Iterator[Page]:
        """At most so many windows, each of one object; where it names ids, one more call tells losers of merges. An
        object whose log was read within the hour is left alone, without any call.

        :raises UnusableCursor: if a log does not go back to where it was read last.
        """
        read = cursors.read_sweep(after)
        now = self._client.vendor_now().replace(microsecond=0)
        # A position in the future would have nothing asked for until then; the whole log is asked for instead.
        known = {name: read[name] for name in shape.objects if name in read and read[name] <= now + cursors.FUTURE}
        begins = {name: known.get(name, now - _KEPT) for name in shape.objects}
        due = sorted((name for name in begins if now - begins[name] >= _EVERY), key=lambda name: begins[name])
        for name in due[:pages]:
            if begins[name] < now - _KEPT:
                raise _lost(name)
            gone, moved, read[name] = self._window(shape, name, begins[name], now, resumed=name in known)
            yield Page((), cursors.write_sweep(read), gone, moved)
        if not due[:pages]:
            yield Page((), cursors.write_sweep(read))

    def _window(
        self, shape: Shape, name: str, begin: Instant, end: Instant, *, resumed: bool
    ) -> tuple[list[Gone], list[Moved], Instant]:
        """What left in this window, and until when that is known."""
        told, end = self._asked(name, begin, end, resumed=resumed)
        try:
            when = {to18(one["id"]): instant(one["deletedDate"]) for one in told["deletedRecords"]}
            covered = min(instant(told["latestDateCovered"]), end)
            earliest = instant(told["earliestDateAvailable"]) if told.get("earliestDateAvailable") else begin
        except (KeyError, TypeError, ValueError) as why:
            raise wrong_shape("deleted", "no deletedRecords or latestDateCovered, or what is no instant") from why
        if resumed and begin < earliest:
            raise _lost(name)
        refs = [RemoteRef(name, id_) for id_ in when]
        fates = self._lookup.fates(shape, refs, self._lane)
        gone = [Gone(ref, Departure.DELETED, when[ref.id]) for ref in refs if ref not in fates]
        gone += [fate for fate in fates.values() if isinstance(fate, Gone) and fate.how is Departure.DELETED]
        moved = [fate for fate in fates.values() if isinstance(fate, Moved)]
        # What lies before the log's beginning is not told by asking again: it would only be missed once more.
        return gone, moved, max(covered, earliest)

    def _asked(self, name: str, begin: Instant, end: Instant, *, resumed: bool) -> tuple[Any, Instant]:
        """The vendor's answer, and the end of the window that it is for. One with more than 600,000 ids is refused
        (``EXCEEDED_ID_LIMIT``), and so is one that begins before the bin was emptied or the org kept a log
        (``INVALID_REPLICATION_DATE``, "getDeleted()").
        """
        while True:
            start, finish = (quote(at.isoformat(timespec="seconds"), safe="") for at in (begin, end))
            path = f"sobjects/{soql.name(name)}/deleted/?start={start}&end={finish}"
            try:
                return self._client.get("deleted", path, lane=self._lane).json(), end
            except CallRefused as why:
                if why.code == "INVALID_REPLICATION_DATE" and resumed:
                    raise _lost(name) from why
                half = begin + (end - begin) / 2
                if half - begin < _SHORTEST:
                    raise
                if why.code == "EXCEEDED_ID_LIMIT":
                    end = half
                elif why.code == "INVALID_REPLICATION_DATE":
                    begin = half
                else:
                    raise


def _lost(name: str) -> UnusableCursor:
    return UnusableCursor(
        f"Salesforce's log of deletions of {name} does not go back to where it was read last: some may have been missed"
    )
