"""Builds single things from settings: connectors, stores, worlds. Only this package knows the concrete ones."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from syncd.model.errors import BadConfig, NoStore
from syncd.model.mapping import KindMapping
from syncd.model.remote import RemoteSchema
from syncd.model.values import Instant, Pair, Side
from syncd.observe.log import emit
from syncd.system import AT_ONCE, SystemChance, SystemClock, hands, read_ahead, surely_gone

if TYPE_CHECKING:
    from requests import Session
    from requests.adapters import BaseAdapter

    from connectors.hubspot.client import HubSpotAccount
    from connectors.salesforce.client import SalesforceAccount
    from syncd.core.windows import Windows
    from syncd.engine.world import Verify, World
    from syncd.ports.budget import Budget
    from syncd.ports.connector import Connector
    from syncd.ports.notes import Notes
    from syncd.ports.system import Abreast, Chance, Clock
    from syncd.settings.accounts import ConnectionSettings, Secret
    from syncd.store import SqlStore


def build_world(  # noqa: PLR0913 - a world has so many parts
    settings: ConnectionSettings,
    connectors: Pair[Connector],
    store: SqlStore,
    clock: SystemClock,
    *,
    who: str,
    holder: str,
    read_only: bool = False,
    checked: dict[Side, Instant] | None = None,
    windows: Windows | None = None,
) -> World:
    """Everything one cycle needs; read-only connectors refuse every write.

    :param checked: kept with the connectors, as are ``windows``; see ``World``.
    """
    from syncd.core.normalize import Codec  # noqa: PLC0415 - heavy, see the module
    from syncd.core.windows import Windows  # noqa: PLC0415
    from syncd.engine.readonly import ReadOnly  # noqa: PLC0415
    from syncd.engine.world import World  # noqa: PLC0415

    if read_only or settings.connection.mode == "shadow":
        connectors = Pair(ReadOnly(connectors.marketing), ReadOnly(connectors.crm))
    return World(
        connection=settings.connection,
        connectors=connectors,
        codecs=Pair(Codec.TEXT, Codec.JSON),
        store=store,
        clock=clock,
        chance=SystemChance(),
        verify=verifier(settings),
        who=who,
        holder=holder,
        surely_gone=surely_gone,
        ahead=read_ahead,
        checked={} if checked is None else checked,
        windows=Windows() if windows is None else windows,
        poll=settings.poll,
        keep=settings.keep,
        hinted=0 if read_only or settings.connection.mode == "shadow" else settings.marketing.hinted,
    )


def close_all(connectors: Pair[Connector]) -> None:
    """Gives back what connectors hold."""
    for connector in connectors:
        connector.close()


def verifier(settings: ConnectionSettings) -> Verify:
    """Checks a mapping against both vendors' schemas, with file, line and advice for every flaw."""
    from syncd.settings.online import check_schema  # noqa: PLC0415

    def verify(kind: KindMapping, schemas: Pair[RemoteSchema]) -> KindMapping:
        verified, flaws, notices = check_schema(kind, schemas, source=settings.sources.get(kind.kind))
        if flaws:
            raise BadConfig(flaws)
        for notice in notices:
            emit("config.optional", kind=kind.kind, reason=notice)
        return verified

    return verify


class Absent(Enum):
    """What becomes of a store that is not there yet. Only what goes on to write makes one: whoever looks from another
    folder, or with a slip in ``store.url``, would be told by a new one that nothing waits.
    """

    MADE = "it is made"
    REFUSED = "whoever asks is told that there is none"
    SPARED = "one in memory stands in, and ends with the look: vendors can be looked at before anything is remembered"


def build_store(url: Secret, connection: str, *, absent: Absent) -> SqlStore:
    """The store of one connection.

    :raises NoStore: if it is not there and ``absent`` says to refuse.
    """
    from syncd.store import find_store, open_store  # noqa: PLC0415

    address, clock, chance = url().get_secret_value(), SystemClock(), SystemChance()
    if absent is Absent.MADE:
        return open_store(address, connection, clock=clock, chance=chance)
    try:
        return find_store(address, connection, clock=clock, chance=chance)
    except NoStore:
        if absent is Absent.REFUSED:
            raise
    return open_store("sqlite://", connection, clock=clock, chance=chance)


@dataclass(frozen=True, slots=True)
class Means:
    """What connectors work with beside their account: chance, hands, a lock, and whatever takes their calls to a vendor
    instead of a socket.
    """

    chance: Chance = field(default_factory=SystemChance)
    abreast: Abreast = hands
    lock: AbstractContextManager[object] = field(default_factory=threading.Lock)
    lines: Pair[BaseAdapter | None] = Pair(None, None)


def build_connectors(
    settings: ConnectionSettings, store: SqlStore, clock: Clock, *, means: Means | None = None
) -> Pair[Connector]:
    """Both connectors of one connection, with a budget each. ``means`` are a real process's unless a simulation gives
    its own.
    """
    from syncd.store import SqlBudget  # noqa: PLC0415

    name = settings.connection.name
    means = means or Means()
    budgets = Pair(*(SqlBudget(store.engine, name, each, clock, reserve=settings.reserves.of(each)) for each in Side))
    return Pair(
        _hubspot(settings, budgets.marketing, clock, means), _salesforce(settings, budgets.crm, store, clock, means)
    )


def _over(line: BaseAdapter, url: str) -> Session:
    """A session whose calls to this address go over the given line."""
    from connectors.transport import open_session  # noqa: PLC0415

    session = open_session(pool=1, base_url=url)
    for prefix in (url, url.replace("http://", "https://")):
        session.mount(prefix, line)
    return session


def hubspot_account(settings: ConnectionSettings) -> HubSpotAccount:
    """How to reach the portal of a connection."""
    from connectors.hubspot.client import HubSpotAccount  # noqa: PLC0415
    from connectors.hubspot.errors import HubSpotRates  # noqa: PLC0415

    account = settings.marketing
    token = account.access_token
    return HubSpotAccount(
        access_token=lambda: token().get_secret_value(),
        base_url=account.base_url,
        api_version=account.api_version,
        overlap=account.overlap,
        rates=HubSpotRates.of(
            per_10_seconds=account.per_10_seconds,
            search_per_second=account.search_per_second,
            daily_calls=account.daily_calls,
        ),
    )


def _hubspot(settings: ConnectionSettings, budget: Budget, clock: Clock, means: Means) -> Connector:
    from connectors.hubspot.connector import HubSpotConnector  # noqa: PLC0415
    from connectors.transport import open_session  # noqa: PLC0415

    url, line = settings.marketing.base_url, means.lines.marketing
    return HubSpotConnector(
        hubspot_account(settings),
        session=_over(line, url) if line else open_session(pool=AT_ONCE + 1, base_url=url, ca_file=settings.ca_file),
        clock=clock,
        abreast=means.abreast,
        chance=means.chance,
        budget=budget,
        horizon=settings.connection.horizon.marketing,
    )


def salesforce_account(settings: ConnectionSettings) -> SalesforceAccount:
    """How to reach the org of a connection."""
    from connectors.salesforce.client import SalesforceAccount  # noqa: PLC0415

    account = settings.crm
    secret, key = account.client_secret, account.private_key
    return SalesforceAccount(
        login_url=account.login_url,
        client_id=lambda: account.client_id,
        client_secret=(lambda: secret().get_secret_value()) if secret else None,
        private_key=(lambda: key().get_secret_value()) if key else None,
        username=account.username,
        flow=account.flow,
        api_version=account.api_version,
        overlap=account.overlap,
        daily_calls=account.daily_calls,
        individuals=account.individuals,
        ca_file=settings.ca_file,
    )


def _salesforce(settings: ConnectionSettings, budget: Budget, notes: Notes, clock: Clock, means: Means) -> Connector:
    from connectors.salesforce.connector import SalesforceConnector  # noqa: PLC0415

    line = means.lines.crm
    return SalesforceConnector.open(
        salesforce_account(settings),
        side=Side.CRM,
        clock=clock,
        chance=means.chance,
        budget=budget,
        horizon=settings.connection.horizon.crm,
        notes=notes,
        session=_over(line, settings.crm.login_url) if line else None,
        lock=means.lock,
    )
