"""``HubSpotConnector``: the connector Protocol over one portal.

Changes come from search, everything else by id. A record is handed out once when it changes and, if it lay in the
window in which search may lag, at most once more by the second look, which runs in the bulk lane and is counted as
``reread``. HubSpot has no conditional write and no query for what was deleted: writes are preceded by a second read
where asked for, departures are swept slowly.

Length: every method of the Protocol, each a few lines over the modules beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count, islice
from typing import Any, Final, TypeAlias

import requests

from connectors.hubspot.associations import READ as REFS_READ
from connectors.hubspot.client import HubSpotAccount, HubSpotClient, object_of, results_of, vendor_now
from connectors.hubspot.cursor import Mark, Position
from connectors.hubspot.describing import read_history, read_schema, read_users
from connectors.hubspot.errors import Rejected
from connectors.hubspot.finding import matching
from connectors.hubspot.fitting import HubSpotFitting
from connectors.hubspot.known import ACTIVITIES, COPIES, INSCRIBED
from connectors.hubspot.lists import members_of
from connectors.hubspot.natively import NOTES, WORKS_AS
from connectors.hubspot.reading import BATCH, Reader, addresses_of, departed, marketing_contacts
from connectors.hubspot.search import Sweep, fitting, hydrated
from connectors.hubspot.stages import STAGE
from connectors.hubspot.wire import ALIASES, Asked, id_of, instant_of, millis_of
from connectors.hubspot.write import Writer
from connectors.shapes import Turns, foreseen
from connectors.transport import Answer, wrong_shape
from syncd.model.errors import BadUsage, NeedsOperator
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
from syncd.ports.budget import Budget
from syncd.ports.connector import nothing
from syncd.ports.system import Abreast, Chance, Clock, one_by_one

VENDOR: Final = "hubspot"
WRITE_LOT: Final = 5 * BATCH
"""Five calls' worth: they share what is stored before and after, 8 % of the processor time of a write (measured)."""
Row: TypeAlias = Mapping[str, Any]
Draft: TypeAlias = tuple[Sequence[Row], Cursor]
"""Rows of one page, and the cursor once they are settled."""


class HubSpotConnector:
    """One HubSpot portal. ``horizon`` is in seconds: how long an unanswered write may still be executed; ``abreast``
    makes several calls at once, where they do not depend on each other.
    """

    def __init__(
        self,
        account: HubSpotAccount,
        *,
        session: requests.Session,
        clock: Clock,
        chance: Chance,
        budget: Budget,
        abreast: Abreast = one_by_one,
        horizon: float = 120.0,
        side: Side = Side.MARKETING,
    ) -> None:
        self._account = account
        self._clock = clock
        self._horizon = timedelta(seconds=horizon)
        self._side = side
        self._lane = Lane.ORDINARY
        self._client = HubSpotClient(
            account, side=side, session=session, clock=clock, chance=chance, budget=budget, abreast=abreast
        )

    # -- who we are ------------------------------------------------------------------------------------------------

    @property
    def side(self) -> Side:
        """The role this account plays."""
        return self._side

    @property
    def capabilities(self) -> Capabilities:
        """Batches of 100; stamps in milliseconds; history, but no conditional writes."""
        return Capabilities(
            read_batch=BATCH,
            write_batch=BATCH,
            write_lot=WRITE_LOT,
            find_batch=BATCH,
            resolution=timedelta(milliseconds=1),
            history=True,
            confirms=True,
            created="createdate",
            inscribed=INSCRIBED,
            activities=ACTIVITIES,
            copies=COPIES,
            emptied_midway=frozenset({STAGE}),
            native_notes=NOTES,
            native_name=WORKS_AS,
            id_form="[0-9]{1,19}",
            id_words="a number, the last one in the address of the record's page",
        )

    def for_lane(self, lane: Lane) -> HubSpotConnector:
        """The same account and connections, charged to another lane."""
        twin = object.__new__(HubSpotConnector)
        twin.__dict__.update(self.__dict__)
        twin._lane = lane
        return twin

    def fitting(self) -> HubSpotFitting:
        """Scopes, and the properties that syncd needs."""
        return HubSpotFitting(self._client, lane=self._lane)

    @foreseen
    def check(self) -> Health:
        """One call that proves token and reachability."""
        now = vendor_now(answer := self._details())
        return Health(self._identity(answer), clock=instant_of(now) if now else None)

    @foreseen
    def identity(self) -> AccountIdentity:
        """The portal id. :raises Bug: if the answer has none."""
        return self._identity(self._details())

    def _identity(self, answer: Answer) -> AccountIdentity:
        body = object_of(answer, "account")
        return AccountIdentity(VENDOR, id_of(body, "account", "portalId"), str(body.get("uiDomain") or ""))

    @foreseen
    def schema(self, shape: Shape) -> RemoteSchema:
        """Property definitions; multi-select enumerations have the type ``enumeration/checkbox``."""
        return read_schema(self._client, Asked.of(shape), lane=self._lane)

    def remember(self, schema: RemoteSchema) -> None:
        """See the Protocol; properties are asked for by name and HubSpot leaves out unknown ones: nothing to keep."""

    @foreseen
    def users(self) -> Sequence[RemoteUser]:
        """Owners, archived ones too."""
        return read_users(self._client, lane=self._lane)

    def quieten(self) -> None:
        """Nothing: no call of this vendor goes on by itself beyond the horizon."""

    @foreseen
    def billed(self, refs: Sequence[RemoteRef]) -> Sequence[RemoteRef]:
        """Contacts that are marketing contacts, billed per tier; the account's settings decide that for each app."""
        return marketing_contacts(Reader(self._client, self._lane), refs)

    def quota(self) -> Quota:
        """Today's calls as last heard, and the calls of this object."""
        return Quota(self._client.used, self._client.limit, self._client.calls)

    def waits(self, lane: Lane) -> Instant | None:
        """See the Protocol."""
        return self._client.waits(lane)

    def close(self) -> None:
        """Gives back the connections."""
        self._client.close()

    # -- streams -----------------------------------------------------------------------------------------------------

    @foreseen
    def start(self, shape: Shape, at: Instant | None = None) -> Cursor:
        """The cursor of this moment in vendor time, or of an earlier one, less the overlap."""
        now = millis_of(at) if at else vendor_now(self._details()) or millis_of(self._clock.now())
        return Position.at(now - self._overlap).encode()

    @foreseen
    def changes(self, shape: Shape, since: Cursor) -> Iterator[Page]:
        """Records above the cursor; then, once per overlap of vendor time, late ones below it once more."""
        asked = Asked.of(shape)
        begin = Position.decode(since)
        sweep = self._sweep(asked, begin, lane=self._lane)
        yield from self._once(asked, sweep)
        held = sweep.position
        # What a query finds further back than the overlap was all visible when it was asked: no second look, but for
        # what an offset may have skipped; that has its look the next time.
        if sweep.safe - held.looked < self._overlap:
            return
        top = min(begin.edge, sweep.safe)
        if held.looked < top:
            # Where bulk waits for the reserve, late records are looked for all the same: an opt-out may be among them.
            lane = Lane.BULK if self._client.waits(Lane.BULK) is None else self._lane
            again = self._sweep(asked, Position.at(held.looked), lane=lane, top=top)
            drafts = ((step.rows, held.looking(min(step.position.edge, top)).encode()) for step in again)
            for page in self._pages(asked, drafts, lane=lane):
                yield replace(page, reread=len(page.records))
        yield Page(records=(), cursor=held.looking(min(sweep.safe, sweep.sure)).encode())

    @foreseen
    def span(self, shape: Shape, since: Cursor) -> Iterator[Page]:
        """Records above the cursor, each once."""
        asked = Asked.of(shape)
        yield from self._once(asked, self._sweep(asked, Position.decode(since), lane=self._lane))

    def _once(self, asked: Asked, sweep: Sweep) -> Iterator[Page]:
        yield from self._pages(asked, ((step.rows, step.position.encode()) for step in sweep), lane=self._lane)

    @foreseen
    def scan(self, shape: Shape, after: Cursor | None = None, *, pages: int | None = None) -> Iterator[Page]:
        """Every live record in id order, 100 a page; a finished scan resumed yields one empty page.

        Without a number of ``pages``, associations are read for ten pages at once before the first of them is yielded.
        """
        asked = Asked.of(shape)
        reader = Reader(self._client, self._lane)
        mark = Mark.decode(after)
        if mark.done:
            yield Page(records=(), cursor=mark.encode())
            return

        def drafts(mark: Mark) -> Iterator[Draft]:
            turns = Turns("list", mark.after)
            left = count() if pages is None else iter(range(pages))
            while not mark.done and next(left, None) is not None:
                rows, following = reader.page(asked, after=mark.after, properties=asked.properties)
                mark = Mark(turns.to(following), done=following is None)
                yield rows, mark.encode()

        yield from self._pages(asked, drafts(mark), lane=self._lane)

    @foreseen
    def departures(self, shape: Shape, after: Cursor | None, pages: int) -> Iterator[Page]:
        """The recycle bin in id order, 100 a page; at its end the sweep begins anew. Merges come with ``changes``."""
        asked = Asked.of(shape)
        reader = Reader(self._client, self._lane)
        mark = Mark.decode(after)
        turns = Turns("list", mark.after)
        for _ in range(pages):
            rows, following = reader.page(asked, after=mark.after, archived="true", properties=asked.merged)
            mark = Mark(turns.to(following))
            yield Page(records=(), cursor=mark.encode(), gone=[gone for row in rows for gone in departed(asked, row)])
            if following is None:
                return

    # -- questions ---------------------------------------------------------------------------------------------------

    @foreseen
    def fetch(self, shape: Shape, refs: Sequence[RemoteRef]) -> Sequence[RemoteRecord | Gone | Moved]:
        """These records now, in the order asked; a merged one as ``Moved``, an archived or unknown one as ``Gone``."""
        asked = Asked.of(shape)
        stray = next((ref for ref in refs if ref.object != asked.kind), None)
        if stray is not None:
            raise BadUsage(f"{stray.object} is no object of kind {shape.kind} in HubSpot; ask for {asked.kind}")
        return Reader(self._client, self._lane).fetch(asked, [ref.id for ref in refs])

    @foreseen
    def find(self, shape: Shape, key: MatchKey, values: Sequence[str]) -> Mapping[str, Sequence[RemoteRecord]]:
        """Contacts by any of their addresses from the store; other keys by search, so a few seconds behind."""
        asked, reader = Asked.of(shape), Reader(self._client, self._lane)
        lowered = list(dict.fromkeys(value.lower() for value in values if value))
        fields = key.fields.get(asked.kind, ())
        hits: dict[str, list[Mapping[str, Any]]] = {value: [] for value in lowered}
        if key.by == "email":
            # A secondary address resolves too, but the answer does not say which input it answers: match here.
            for row in reader.forgiving(asked, lowered, by="email", also=("email", ALIASES)):
                for address in addresses_of(asked, row) & hits.keys():
                    hits[address].append(row)
        else:
            for value, hit in matching(self._client, reader, asked, fields, lowered, by=key.by):
                hits[value].append(hit)
        unique = {id_of(row, asked.kind): row for rows in hits.values() for row in rows}
        records = {record.ref.id: record for record in reader.records(asked, unique.values())}
        found = {value: dict.fromkeys(id_of(row, asked.kind) for row in rows) for value, rows in hits.items()}
        return {value: [records[key] for key in found.get(value.lower(), ())] for value in values}

    @foreseen
    def keyed(self, shape: Shape, object: str, keys: Sequence[str]) -> Mapping[str, Sequence[RemoteRecord]]:
        """Records whose key property holds these values, from the store."""
        asked = Asked.of(shape)
        reader = Reader(self._client, self._lane)
        try:
            rows = reader.batch(asked, keys, by=shape.key)
        except Rejected as refusal:
            raise NeedsOperator(
                f"HubSpot does not find {asked.kind} by {shape.key} ({refusal.fault.code}); create the property"
                f" {shape.key} with unique values (hasUniqueValue) in the portal"
            ) from refusal
        found: dict[str, list[RemoteRecord]] = {key: [] for key in keys}
        for record in reader.records(asked, rows):
            if shape.key in record.missing:
                raise wrong_shape("keyed", f"{record.ref} without the {shape.key} asked for")
            held = found.get(str(record.fields.get(shape.key)))
            if held is not None:
                held.append(record)
        return found

    @foreseen
    def history(self, refs: Sequence[RemoteRef], fields: Sequence[str], since: Instant) -> Sequence[FieldEvent]:
        """Property history, oldest first; 50 records a call."""
        return read_history(self._client, refs, fields, since, lane=self._lane)

    @foreseen
    def roster(self, key: str, after: Cursor | None = None) -> Iterator[Roster]:
        """Contacts of a list as they joined, 250 a page. The last page is read again, since new ones follow there."""
        yield from members_of(self._client, key, after, lane=self._lane)

    # -- writes ------------------------------------------------------------------------------------------------------

    @foreseen
    def write(
        self,
        shape: Shape,
        batch: Sequence[Write],
        deadline: Instant,
        meanwhile: Callable[[], None] = nothing,
    ) -> Sequence[WriteResult]:
        """Creates by upsert on the key property, updates by id, 100 a call, each answer read row by row."""
        writer = Writer(
            client=self._client,
            reader=Reader(self._client, self._lane),
            asked=Asked.of(shape),
            key=shape.key,
            clock=self._clock,
            deadline=deadline,
            horizon=self._horizon,
        )
        return writer.run(batch)

    # -- inside ------------------------------------------------------------------------------------------------------

    @property
    def _overlap(self) -> int:
        return round(self._account.overlap * 1_000)

    def _details(self) -> Answer:
        return self._client.details(lane=self._lane)

    def _sweep(self, asked: Asked, begin: Position, *, lane: Lane, top: int | None = None) -> Sweep:
        path = self._client.paths.objects(asked.kind, "/search")
        properties = fitting(asked)

        def ask(body: bytes) -> tuple[list[dict[str, Any]], str | None, int]:
            answer = self._client.search("search", path, body, lane=lane)
            now = vendor_now(answer)
            if now is not None:
                begin.check(now)
            return *results_of(answer, "search"), millis_of(self._clock.now()) if now is None else now

        return Sweep(ask=ask, asked=asked, position=begin, properties=properties, overlap=self._overlap, top=top)

    def _pages(self, asked: Asked, drafts: Iterable[Draft], *, lane: Lane) -> Iterator[Page]:
        """Rows as pages. Refs are read for up to 1,000 records at once, so pages that have any are held that long."""
        lot: list[Draft] = []
        held = 0
        for draft in drafts:
            lot.append(draft)
            held += len(draft[0])
            if not asked.refs or held + len(draft[0]) > REFS_READ:
                yield from self._finished(asked, lot, lane=lane)
                lot, held = [], 0
        yield from self._finished(asked, lot, lane=lane)

    def _finished(self, asked: Asked, lot: Sequence[Draft], *, lane: Lane) -> Iterator[Page]:
        reader = Reader(self._client, lane)
        whole = [(hydrated(asked, rows, reader), cursor) for rows, cursor in lot]
        records = iter(reader.records(asked, [row for rows, _ in whole for row in rows]))
        for rows, cursor in whole:
            yield Page(
                records=list(islice(records, len(rows))),
                cursor=cursor,
                moved=[moved for row in rows for moved in asked.successions(row)],
            )
