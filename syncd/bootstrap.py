"""The composition root: the only place that knows the concrete store, connectors, clock and settings.

Everything above it asks for a ``World`` or a ``Store`` and gives it back; everything below it gets what it needs as an
argument. Heavy libraries are imported where they are used, so that commands that only look at the store are quick.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from syncd.model.errors import BadConfig
from syncd.model.mapping import KindMapping
from syncd.model.remote import RemoteSchema
from syncd.model.values import Pair, Side
from syncd.observe.log import emit
from syncd.system import SystemChance, SystemClock, calm_collector, holder_name, surely_gone

if TYPE_CHECKING:
    from syncd.engine.world import Verify, World
    from syncd.ports.budget import Budget
    from syncd.ports.connector import Connector
    from syncd.settings.accounts import ConnectionSettings, Loaded, Secret
    from syncd.settings.main_file import Outline
    from syncd.store import SqlStore

CONFIG = Path("config")


def read_config(path: Path | None, environ: Mapping[str, str]) -> Loaded:
    """The whole configuration, checked; ``SYNCD_CONFIG`` or ``./config`` where no path is given.

    :raises BadConfig: with every flaw found.
    """
    from syncd.settings.loading import load  # noqa: PLC0415 - heavy, see the module

    loaded = load(_chosen(path, environ), environ, read_only=read_only_fields())
    emit("config.loaded", hash=loaded.hash, files=len(loaded.files))
    return loaded


def read_outline(path: Path | None, environ: Mapping[str, str]) -> Outline:
    """Only what a command needs that looks at the store: no mapping, no credential, no heavy library.

    :raises BadConfig: with every flaw found.
    """
    from syncd.settings.main_file import outline  # noqa: PLC0415 - heavy, see the module

    return outline(_chosen(path, environ), environ)


def _chosen(path: Path | None, environ: Mapping[str, str]) -> Path:
    return path or Path(environ.get("SYNCD_CONFIG") or CONFIG)


def read_only_fields() -> Mapping[Side, Mapping[str, str]]:
    """Vendor fields that nobody can write, as patterns with advice; the connectors know them."""
    from connectors.hubspot.known import READ_ONLY as HUBSPOT  # noqa: PLC0415 - see the module
    from connectors.salesforce.known import READ_ONLY as SALESFORCE  # noqa: PLC0415

    return {Side.MARKETING: HUBSPOT, Side.CRM: SALESFORCE}


@contextmanager
def open_memory(outline: Outline, connection: str | None) -> Iterator[SqlStore]:
    """Only the store of one connection: for commands that look at what is known and reach no vendor."""
    store = _open_store(outline.store_url, outline.chosen(connection))
    try:
        yield store
    finally:
        store.close()


@contextmanager
def open_world(loaded: Loaded, connection: str | None, *, who: str, read_only: bool = False) -> Iterator[World]:
    """Everything one cycle of one connection needs.

    :param who: who asks, for the run history and the lease.
    :param read_only: wraps both connectors so that a write is impossible; planning and shadow mode use it.
    """
    from syncd.core.normalize import Codec  # noqa: PLC0415 - heavy, see the module
    from syncd.engine.readonly import ReadOnly  # noqa: PLC0415
    from syncd.engine.world import World  # noqa: PLC0415

    settings = loaded.connection(connection)
    store = _open_store(loaded.store_url, settings.connection.name)
    try:
        connectors = _connectors(settings, store)
        if read_only or settings.connection.mode == "shadow":
            connectors = Pair(ReadOnly(connectors.marketing), ReadOnly(connectors.crm))
        calm_collector()
        try:
            yield World(
                connection=settings.connection,
                connectors=connectors,
                codecs=Pair(Codec.TEXT, Codec.JSON),
                store=store,
                clock=SystemClock(),
                chance=SystemChance(),
                verify=verifier(settings),
                who=who,
                holder=holder_name(who),
                surely_gone=surely_gone,
            )
        finally:
            for connector in connectors:
                connector.close()
    finally:
        store.close()


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


def _open_store(url: Secret, connection: str) -> SqlStore:
    from syncd.store import open_store  # noqa: PLC0415

    return open_store(url().get_secret_value(), connection, clock=SystemClock(), chance=SystemChance())


def _connectors(settings: ConnectionSettings, store: SqlStore) -> Pair[Connector]:
    from syncd.store import SqlBudget  # noqa: PLC0415

    name = settings.connection.name
    budgets = Pair(*(SqlBudget(store.engine, name, side, SystemClock()) for side in Side))
    return Pair(_hubspot(settings, budgets.marketing), _salesforce(settings, budgets.crm))


def _hubspot(settings: ConnectionSettings, budget: Budget) -> Connector:
    from connectors.hubspot.client import HubSpotAccount  # noqa: PLC0415
    from connectors.hubspot.connector import HubSpotConnector  # noqa: PLC0415
    from connectors.hubspot.errors import HubSpotRates  # noqa: PLC0415
    from connectors.transport import open_session  # noqa: PLC0415

    account = settings.marketing
    token = account.access_token
    return HubSpotConnector(
        HubSpotAccount(
            access_token=lambda: token().get_secret_value(),
            base_url=account.base_url,
            api_version=account.api_version,
            overlap=account.overlap,
            rates=HubSpotRates.of(per_10_seconds=account.per_10_seconds, search_per_second=account.search_per_second),
        ),
        session=open_session(pool=4, base_url=account.base_url),
        clock=SystemClock(),
        chance=SystemChance(),
        budget=budget,
        horizon=settings.connection.horizon.marketing,
    )


def _salesforce(settings: ConnectionSettings, budget: Budget) -> Connector:
    from connectors.salesforce.client import SalesforceAccount  # noqa: PLC0415
    from connectors.salesforce.connector import SalesforceConnector  # noqa: PLC0415

    account = settings.crm
    secret, key = account.client_secret, account.private_key
    return SalesforceConnector.open(
        SalesforceAccount(
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
        ),
        side=Side.CRM,
        clock=SystemClock(),
        chance=SystemChance(),
        budget=budget,
        horizon=settings.connection.horizon.crm,
    )
