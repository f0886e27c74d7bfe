"""The connector Protocol over one Salesforce org: puts the parts together and names the lane of every call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Any, Final

import requests

from connectors.salesforce import soql
from connectors.salesforce.bulk import Bulk
from connectors.salesforce.catalog import Catalog
from connectors.salesforce.client import SalesforceAccount, SalesforceClient
from connectors.salesforce.departures import Departures
from connectors.salesforce.errors import HIDDEN, CallRefused
from connectors.salesforce.fitting import SalesforceFitting
from connectors.salesforce.ids import FORM, object_of, to18
from connectors.salesforce.known import ACTIVITIES, COPIES, INSCRIBED, MEMBERSHIP
from connectors.salesforce.lookup import Lookup
from connectors.salesforce.offers import Offers
from connectors.salesforce.queries import Queries
from connectors.salesforce.reading import Reader
from connectors.salesforce.write import Writer
from connectors.shapes import foreseen
from connectors.transport import wrong_shape
from syncd.model.errors import NeedsOperator
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
    UserSort,
)
from syncd.model.values import Instant, Lane, Side
from syncd.model.write import Write, WriteResult
from syncd.ports.budget import Budget
from syncd.ports.connector import nothing
from syncd.ports.notes import Notes
from syncd.ports.system import Chance, Clock

CAPABILITIES: Final = Capabilities(
    read_batch=2000,
    write_batch=1000,
    write_lot=2000,
    find_batch=1500,
    resolution=timedelta(seconds=1),
    preconditions=True,
    history=True,
    history_batch=1500,
    created="CreatedDate",
    inscribed=INSCRIBED,
    membership=MEMBERSHIP,
    activities=ACTIVITIES,
    copies=COPIES,
    joint=True,
    id_form=FORM,
    id_words="15 or 18 letters and digits, as in the address of the record's page",
)
_NEARLY_SPENT: Final = 0.95
_BEHIND: Final = (("UserRole", "Name"), ("Profile", "Name"))
"""What else tells for which team a user works."""


class _Org:
    """What the connectors of all lanes share."""

    def __init__(
        self,
        client: SalesforceClient,
        *,
        side: Side,
        clock: Clock,
        chance: Chance,
        horizon: float,
        notes: Notes | None,
    ) -> None:
        self.side = side
        self.client = client
        self.queries = Queries(client)
        self.catalog = Catalog(client, self.queries)
        self.lookup = Lookup(client, self.queries, self.catalog)
        offers = Offers(self.lookup, self.catalog)
        bulk = None if notes is None else Bulk(client, notes, clock)
        self.writer = Writer(client, self.lookup, offers, clock=clock, chance=chance, horizon=horizon, bulk=bulk)
        self.capabilities = CAPABILITIES
        if bulk is not None:
            self.capabilities = replace(CAPABILITIES, bulk_from=bulk.least, bulk_lot=bulk.lot)


class SalesforceConnector:
    """One org; implements ``syncd.ports.connector.Connector``."""

    def __init__(self, org: _Org, *, lane: Lane) -> None:
        self._org = org
        self._lane = lane
        self._reader = Reader(org.client, org.queries, org.lookup, lane=lane)
        self._departures = Departures(org.client, org.lookup, lane=lane)

    @classmethod
    def open(  # noqa: PLR0913 - the outer world, piece by piece
        cls,
        account: SalesforceAccount,
        *,
        side: Side,
        clock: Clock,
        chance: Chance,
        budget: Budget,
        horizon: float = 600.0,
        notes: Notes | None = None,
        session: requests.Session | None = None,
        lock: AbstractContextManager[object] | None = None,
    ) -> SalesforceConnector:
        """A connector in the ordinary lane.

        :param horizon: seconds in which an unanswered write may still execute. :param session: for tests.
        :param notes: where a job of Bulk 2.0 is remembered that may outlive this process; without it none is made.
        :param lock: a lock where several threads share the account. :raises NeedsOperator: unusable settings.
        """
        client = SalesforceClient(
            account, side=side, clock=clock, chance=chance, budget=budget, session=session, lock=lock
        )
        org = _Org(client, side=side, clock=clock, chance=chance, horizon=horizon, notes=notes)
        return cls(org, lane=Lane.ORDINARY)

    @property
    def side(self) -> Side:
        """The role this account plays."""
        return self._org.side

    @property
    def capabilities(self) -> Capabilities:
        """2,000 rows a read, 1,000 a write, stamps of one second; jobs of many where there are notes."""
        return self._org.capabilities

    def for_lane(self, lane: Lane) -> SalesforceConnector:
        """The same org and session, charged to another lane."""
        return SalesforceConnector(self._org, lane=lane)

    def fitting(self) -> SalesforceFitting:
        """Rights of the user, and what ``setup`` makes."""
        org = self._org
        return SalesforceFitting(org.client, org.queries, org.catalog, lane=self._lane)

    @foreseen
    def check(self) -> Health:
        """One query; troubles are what will soon stop the work."""
        identity = self.identity()
        usage = self._org.client.usage
        if usage.used is not None and usage.limit and usage.used >= usage.limit * _NEARLY_SPENT:
            return Health(
                identity,
                (f"{usage.used:,} of {usage.limit:,} API calls of 24 hours are used, by all integrations of the org",),
                self._org.client.told_now(),
            )
        return Health(identity, clock=self._org.client.told_now())

    @foreseen
    def identity(self) -> AccountIdentity:
        """The organization's id (18 characters) and name."""
        ((row,),) = self._org.queries.all([soql.select(("Id", "Name"), "Organization")], self._lane)
        id_ = to18(str(row["Id"]))
        if object_of(id_) != "Organization":
            raise wrong_shape("identity", "the row is no Organization")
        return AccountIdentity("salesforce", id_, str(row.get("Name") or ""))

    @foreseen
    def schema(self, shape: Shape) -> RemoteSchema:
        """See the Protocol; converted Lead statuses are marked."""
        return self._org.catalog.schema(shape, self._lane)

    def remember(self, schema: RemoteSchema) -> None:
        """See the Protocol; spares a describe of every object in a short-lived process."""
        self._org.catalog.remember(schema)

    @foreseen
    def users(self) -> Sequence[RemoteUser]:
        """Standard users and queues, inactive users too; one call. Whoever may not look at profiles and roles is told
        neither, at the price of one more.
        """
        try:
            users, queues = self._people(*_BEHIND)
        except CallRefused as why:
            if why.code not in HIDDEN:
                raise
            users, queues = self._people()
        return [_user(row) for row in users] + [
            RemoteUser(to18(row["Id"]), UserSort.QUEUE, str(row["Name"]), None, active=True) for row in queues
        ]

    def _people(self, *also: tuple[str, str]) -> Sequence[Sequence[Mapping[str, Any]]]:
        columns = ("Id", "Email", "Name", "IsActive", "TimeZoneSidKey")
        people = soql.select(columns, "User", soql.equals("UserType", "Standard"), also=also)
        groups = soql.select(("Id", "Name"), "Group", soql.equals("Type", "Queue"))
        return self._org.queries.all([people, groups], self._lane)

    @foreseen
    def changes(self, shape: Shape, since: Cursor) -> Iterator[Page]:
        """See ``reading``: one call for all objects, second look included, while the answers fit into one page each."""
        yield from self._reader.changes(shape, since)

    @foreseen
    def span(self, shape: Shape, since: Cursor) -> Iterator[Page]:
        """The same without the second look."""
        yield from self._reader.span(shape, since)

    @foreseen
    def start(self, shape: Shape, at: Instant | None = None) -> Cursor:
        """The vendor's now, minus the overlap; one call, for its clock. Or an earlier moment, without a call."""
        if at is not None:
            return self._reader.start(shape, at)
        self.identity()
        return self._reader.start(shape, self._org.client.vendor_now())

    @foreseen
    def scan(self, shape: Shape, after: Cursor | None = None, *, pages: int | None = None) -> Iterator[Page]:
        """Pages of 2,000 in the order of ids, one call each."""
        yield from islice(self._reader.scan(shape, after), pages)

    @foreseen
    def departures(self, shape: Shape, after: Cursor | None, pages: int) -> Iterator[Page]:
        """Deletions that ``changes`` cannot show any more; no call within an hour of the last sweep."""
        yield from self._departures.pages(shape, after, pages)

    @foreseen
    def fetch(self, shape: Shape, refs: Sequence[RemoteRef]) -> Sequence[RemoteRecord | Gone | Moved]:
        """2,000 ids a call; ids that are not shown are looked up once more, to tell what became of them."""
        return self._org.lookup.fetch(shape, refs, self._lane)

    @foreseen
    def find(self, shape: Shape, key: MatchKey, values: Sequence[str]) -> Mapping[str, Sequence[RemoteRecord]]:
        """About 1,500 values a call, compared in any case; see ``lookup``."""
        found = self._org.lookup.find(shape, key, values, self._lane)
        return {value: found.get(value.lower(), ()) for value in values}

    @foreseen
    def keyed(self, shape: Shape, object: str, keys: Sequence[str]) -> Mapping[str, Sequence[RemoteRecord]]:
        """Records of one object by our key field."""
        return self._org.lookup.keyed(shape, object, keys, self._lane)

    @foreseen
    def history(self, refs: Sequence[RemoteRef], fields: Sequence[str], since: Instant) -> Sequence[FieldEvent]:
        """From LeadHistory and its like; only fields that the org tracks."""
        return self._org.lookup.history(refs, fields, since, self._lane)

    def roster(self, key: str, after: Cursor | None = None) -> Iterator[Roster]:
        """:raises NeedsOperator: always: Salesforce has campaigns, which are filled and not read."""
        raise NeedsOperator(f"Salesforce has no list {key} that could be read from {after}; name one of HubSpot's")

    @foreseen
    def write(
        self, shape: Shape, batch: Sequence[Write], deadline: Instant, meanwhile: Callable[[], None] = nothing
    ) -> Sequence[WriteResult]:
        """A thousand rows a call, or many thousands a job; see ``write`` and ``bulk``."""
        return self._org.writer.write(shape, batch, deadline, self._lane, meanwhile)

    @foreseen
    def quieten(self) -> None:
        """Ends a job of Bulk 2.0 that was left behind."""
        bulk = self._org.writer.bulk
        if bulk is not None:
            bulk.look_back(self._lane)

    @foreseen
    def billed(self, refs: Sequence[RemoteRef]) -> Sequence[RemoteRef]:
        """None: Salesforce charges storage, not records."""
        return ()

    def quota(self) -> Quota:
        """As the org last said, and the calls of this object and its lanes."""
        client = self._org.client
        return Quota(client.usage.used, client.usage.limit, client.calls)

    def waits(self, lane: Lane) -> Instant | None:
        """See the Protocol."""
        return self._org.client.waits(lane)

    def close(self) -> None:
        """Gives back connections, for all lanes."""
        self._org.client.close()


def _user(row: Mapping[str, Any]) -> RemoteUser:
    try:
        email = row["Email"]
        return RemoteUser(
            id=to18(row["Id"]),
            sort=UserSort.USER,
            name=str(row["Name"] or ""),
            email=email.lower() if email else None,
            active=row["IsActive"] is True,
            zone=row.get("TimeZoneSidKey"),
            role=_behind(row, "UserRole"),
            profile=_behind(row, "Profile"),
        )
    except (KeyError, TypeError, ValueError) as why:
        raise wrong_shape("users", "a user without Id, Email, Name or IsActive") from why


def _behind(row: Mapping[str, Any], lookup: str) -> str:
    """The name of the row behind a lookup; empty where there is none, or where it is not told."""
    told = row.get(lookup)
    return str(told.get("Name") or "") if isinstance(told, dict) else ""
