"""The composition root: the only place that knows the concrete store, connectors, clock and settings.

Everything above it asks for a ``World`` or a ``Store`` and gives it back; everything below it gets what it needs as an
argument. Heavy libraries are imported where they are used, so that commands that only look at the store are quick.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from syncd.model.errors import BadConfig, BadUsage
from syncd.model.mapping import KindMapping
from syncd.model.remote import RemoteSchema
from syncd.model.values import Pair, Side
from syncd.observe.log import emit
from syncd.system import SystemChance, SystemClock, alive_here, calm_collector, few_arenas, holder_name, surely_gone

if TYPE_CHECKING:
    import threading

    from syncd.engine.world import Verify, World
    from syncd.operations.worker import Daemon
    from syncd.ports.budget import Budget
    from syncd.ports.connector import Connector
    from syncd.settings.accounts import ConnectionSettings, Loaded, Secret
    from syncd.settings.main_file import Outline
    from syncd.store import SqlRoster, SqlStore

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
def open_roster(outline: Outline) -> Iterator[SqlRoster]:
    """Whose turn it is and who works, for commands that ask something of a daemon."""
    from syncd.store import SqlRoster, open_database  # noqa: PLC0415 - heavy, see the module

    database = open_database(outline.store_url().get_secret_value())
    try:
        yield SqlRoster(database)
    finally:
        database.close()


@contextmanager
def open_world(loaded: Loaded, connection: str | None, *, who: str, read_only: bool = False) -> Iterator[World]:
    """Everything one cycle of one connection needs.

    :param who: who asks, for the run history and the lease.
    :param read_only: wraps both connectors so that a write is impossible; planning and shadow mode use it.
    """
    settings = loaded.connection(connection)
    store = _open_store(loaded.store_url, settings.connection.name)
    clock = SystemClock()
    try:
        connectors = _connectors(settings, store, clock)
        calm_collector()
        try:
            yield _world(settings, connectors, store, clock, who=who, holder=holder_name(who), read_only=read_only)
        finally:
            _close(connectors)
    finally:
        store.close()


def _world(
    settings: ConnectionSettings,
    connectors: Pair[Connector],
    store: SqlStore,
    clock: SystemClock,
    *,
    who: str,
    holder: str,
    read_only: bool = False,
) -> World:
    from syncd.core.normalize import Codec  # noqa: PLC0415 - heavy, see the module
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
    )


class Workshop:
    """What a daemon keeps between turns: the database, the configuration as last read, connectors per connection.

    Connectors are kept so that connections to the vendors and tokens are; a world is made anew for every turn, so that
    nothing that one turn learned is carried into the next but by the store.
    """

    def __init__(self, loaded: Loaded, *, stop: threading.Event) -> None:
        from syncd.store import open_database  # noqa: PLC0415 - heavy, see the module

        self.clock = SystemClock(stop)
        self.worker = holder_name("daemon")
        self._loaded = loaded
        self._database = open_database(loaded.store_url().get_secret_value())
        self._open: dict[str, tuple[ConnectionSettings, Pair[Connector], SqlStore]] = {}

    @property
    def on_sqlite(self) -> bool:
        """Whether the store bears one daemon only."""
        return self._database.engine.dialect.name == "sqlite"

    def replace(self, loaded: Loaded) -> None:
        """Another configuration, from the next turns on.

        :raises BadUsage: if it names another database: that needs a new start.
        """
        mine, given = (each.store_url().get_secret_value() for each in (self._loaded, loaded))
        if mine != given:
            raise BadUsage("store.url was changed; the daemon goes on with the old configuration until it is restarted")
        self._loaded = loaded

    def polls(self) -> Mapping[str, float]:
        """Seconds between two cycles, by connection."""
        return {name: each.poll for name, each in self._loaded.connections.items()}

    @contextmanager
    def world(self, connection: str) -> Iterator[World]:
        """A world for one turn; at most one at a time of each connection."""
        settings = self._loaded.connection(connection)
        known = self._open.get(connection)
        if known is None or known[0] != settings:
            if known is not None:
                _close(known[1])
            store = self.store(connection)
            known = self._open[connection] = settings, _connectors(settings, store, self.clock), store
        _, connectors, store = known
        yield _world(settings, connectors, store, self.clock, who="daemon", holder=self.worker)

    def store(self, connection: str) -> SqlStore:
        """The store of one connection, on the database that all share."""
        from syncd.store import SqlStore  # noqa: PLC0415 - heavy, see the module

        return SqlStore(self._database.engine, connection, clock=self.clock, chance=SystemChance())

    def daemon(self) -> Daemon:
        """The worker that takes the turns of these connections."""
        from importlib.metadata import version  # noqa: PLC0415 - only here

        from syncd.jobs import DbosJobs  # noqa: PLC0415 - heavy, see the module
        from syncd.model.run import Worker  # noqa: PLC0415
        from syncd.operations.worker import Daemon  # noqa: PLC0415
        from syncd.store import SqlRoster, open_guest  # noqa: PLC0415

        few_arenas()
        now = self.clock.now()
        engine = open_guest(self._jobs_url())
        calm_collector()
        return Daemon(
            me=Worker(id=self.worker, began=now, beat=now, version=version("syncd")),
            shop=self,
            roster=SqlRoster(self._database),
            jobs=DbosJobs(
                engine,
                schema=self._database.neighbour("jobs"),
                worker="syncd" if self.on_sqlite else self.worker,
                threads=self._loaded.threads,
            ),
            clock=self.clock,
            alone=self.on_sqlite,
            surely_gone=surely_gone,
            alive_here=alive_here,
        )

    def _jobs_url(self) -> str:
        """Where the job engine keeps its tables: as configured, else beside the store."""
        given = self._loaded.jobs_url
        if given is not None:
            return given().get_secret_value()
        store = self._loaded.store_url().get_secret_value()
        if not self.on_sqlite:
            return store
        return str(
            self._database.engine.url.set(
                database=f"{Path(self._database.engine.url.database or '').with_suffix('')}.jobs.db"
            )
        )

    def close(self) -> None:
        """Gives back connections to the vendors and to the database."""
        for _, connectors, _ in self._open.values():
            _close(connectors)
        self._database.close()


def _close(connectors: Pair[Connector]) -> None:
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


def _open_store(url: Secret, connection: str) -> SqlStore:
    from syncd.store import open_store  # noqa: PLC0415

    return open_store(url().get_secret_value(), connection, clock=SystemClock(), chance=SystemChance())


def _connectors(settings: ConnectionSettings, store: SqlStore, clock: SystemClock) -> Pair[Connector]:
    from syncd.store import SqlBudget  # noqa: PLC0415

    name = settings.connection.name
    budgets = Pair(*(SqlBudget(store.engine, name, side, clock) for side in Side))
    return Pair(_hubspot(settings, budgets.marketing, clock), _salesforce(settings, budgets.crm, clock))


def _hubspot(settings: ConnectionSettings, budget: Budget, clock: SystemClock) -> Connector:
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
        clock=clock,
        chance=SystemChance(),
        budget=budget,
        horizon=settings.connection.horizon.marketing,
    )


def _salesforce(settings: ConnectionSettings, budget: Budget, clock: SystemClock) -> Connector:
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
        clock=clock,
        chance=SystemChance(),
        budget=budget,
        horizon=settings.connection.horizon.crm,
    )
