"""What a daemon keeps between turns: one database, and per connection its connectors."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from syncd.bootstrap.building import build_connectors, build_world, close_all
from syncd.bootstrap.defining import note_in_force
from syncd.core.windows import Windows
from syncd.model.errors import BadUsage, NeedsOperator
from syncd.model.values import Instant, Pair, Side
from syncd.system import SystemChance, SystemClock, alive_here, calm_collector, few_arenas, holder_name, surely_gone

if TYPE_CHECKING:
    from syncd.bootstrap.backups import Keeper
    from syncd.bootstrap.notices import Beating, Notices
    from syncd.console.server import Console
    from syncd.engine.world import World
    from syncd.observe.metrics import Metrics, Reading
    from syncd.observe.traces import Traces
    from syncd.operations.health import Health
    from syncd.operations.sizing import Shelf
    from syncd.operations.worker import Daemon
    from syncd.ports.connector import Connector
    from syncd.settings.accounts import ConnectionSettings, Loaded
    from syncd.store import SqlStore
    from syncd.store.database import Database


@dataclass(frozen=True, slots=True)
class _Opened:
    """What is kept of one connection, for as long as its settings stay the same; ``checked`` and ``windows`` as in
    ``World``.
    """

    settings: ConnectionSettings
    connectors: Pair[Connector]
    store: SqlStore
    checked: dict[Side, Instant] = field(default_factory=dict)
    windows: Windows = field(default_factory=Windows)


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
        self._open: dict[str, _Opened] = {}
        self._notices: Notices | None = None
        self._keeper: Keeper | None = None
        self._beating: Beating | None = None
        self._traces: Traces | None = None
        self._watching: tuple[Health, Metrics] | None = None

    @property
    def loaded(self) -> Loaded:
        """The configuration in use."""
        return self._loaded

    @property
    def database(self) -> Database:
        """The database that all connections share."""
        return self._database

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
        if known is None or known.settings != settings:
            if known is not None:
                close_all(known.connectors)
            store = self.store(connection)
            note_in_force(settings, store, self.clock.now())
            known = self._open[connection] = _Opened(settings, build_connectors(settings, store, self.clock), store)
        yield build_world(
            settings,
            known.connectors,
            known.store,
            self.clock,
            who="daemon",
            holder=self.worker,
            checked=known.checked,
            windows=known.windows,
        )

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
        from syncd.store import SqlRoster, open_guest, typed  # noqa: PLC0415

        few_arenas()
        self._database.look_through(self.clock)
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
                alone=lambda deed: self._database.one_at_a_time(deed, self.clock),
                typed=lambda deed: typed("jobs", deed),
                worker="syncd" if self.on_sqlite else self.worker,
                threads=self._loaded.threads,
            ),
            clock=self.clock,
            alone=self.on_sqlite,
            surely_gone=surely_gone,
            alive_here=alive_here,
        )

    def tell(self, daemon: Daemon) -> None:
        """Begins to tell people what the configuration says, or tells them what it says by now."""
        if self._beating is None and self._loaded.notify.heartbeats:
            from syncd.bootstrap.notices import Beating  # noqa: PLC0415 - nothing of it where not used

            ca_file = next((each.ca_file for each in self._loaded.connections.values()), None)
            self._beating = Beating(lambda: self._loaded, ca_file, None if self.on_sqlite else cache(self.store))
            self._beating.start()
        telling, names = self._loaded.notify.telling, tuple(self._loaded.connections)
        if self._notices is not None:
            self._notices.teller.use(telling, names)
        elif telling.targets:
            from syncd.bootstrap.notices import PATIENCE, Notices, build_teller  # noqa: PLC0415 - nothing of it where not used
            from syncd.operations.alarms import Alarms  # noqa: PLC0415
            from syncd.operations.outages import Outages  # noqa: PLC0415

            store = cache(self.store)
            alarms = Alarms(
                polls=self.polls,
                store=store,
                roster=daemon.roster,
                clock=self.clock,
                many=lambda: self._loaded.notify.telling.dead_letters,
                began=self.clock.monotonic(),
                outages=Outages(self.clock, threading.Lock()),
            )
            self._notices = Notices(build_teller(lambda: self._loaded, store, patience=PATIENCE), alarms)
            self._notices.start()

    def keep_backups(self) -> None:
        """Begins to make backups, if any are configured now or later."""
        if self._keeper is None:
            from syncd.bootstrap.backups import Keeper  # noqa: PLC0415 - heavy, see the module

            self._keeper = Keeper(lambda: self._loaded)
            self._keeper.start()

    def back_up(self) -> None:
        """Has a backup made now, beside the turns. :raises BadUsage: if none are configured, or this is no daemon."""
        if self._keeper is None or self._loaded.backup is None:
            raise BadUsage("no backups are configured; give backup.folder and backup.key_file in syncd.yaml")
        self._keeper.ask()

    def ordered(self, shelf: Shelf) -> Shelf:
        """The backups that are there, with what is known of one that was asked for."""
        keeper = self._keeper
        return shelf if keeper is None else replace(shelf, asked=keeper.asked, failed=keeper.failed)

    def tidy(self) -> None:
        """Forgets what ran out or is old at the doors."""
        from syncd.store import SqlDoors  # noqa: PLC0415 - heavy, see the module

        SqlDoors(self._database).tidy(self.clock.now())

    def takes_back(self, connection: str) -> bool:
        """Whether a rollback waits."""
        from syncd.operations.rollback import waiting_rollbacks  # noqa: PLC0415 - heavy, see the module

        return bool(waiting_rollbacks(self.store(connection)))

    @property
    def tells(self) -> bool:
        """Whether somebody's receiver is still waited for, or a backup: what is not taken is sent after the next start,
        and made then.
        """
        at_work = (self._notices, self._beating, self._keeper)
        return any(each is not None and each.at_work for each in at_work)

    def readings(self, health: Health) -> Iterator[Reading]:
        """What gauges stand at, of the store and of what people are told."""
        yield from health.readings()
        if self._notices is not None:
            yield from self._notices.teller.readings()
        yield from self._of_the_store()

    def _of_the_store(self) -> Iterator[Reading]:
        """How large the store is, and how old its latest backup and each secret's file."""
        from syncd.bootstrap.ages import certificate_expiry, secret_ages  # noqa: PLC0415 - only where it is asked for
        from syncd.store import store_bytes  # noqa: PLC0415 - heavy, see the module

        used, free = store_bytes(self._database)
        yield "syncd_store_bytes", ("used",), float(used)
        yield "syncd_store_bytes", ("free",), float(free)
        now = self.clock.now()
        yield from self._of_the_backups(now)
        yield from secret_ages(self._loaded, now)
        yield from certificate_expiry(self._loaded, now)

    def _of_the_backups(self, now: Instant) -> Iterator[Reading]:
        try:
            latest = None if self._keeper is None else self._keeper.latest()
        except NeedsOperator:  # told as ``backup.failed``; what else is measured stays readable
            return
        if latest is not None:
            yield "syncd_backup_age_seconds", (), (now - latest).total_seconds()

    def console(self, daemon: Daemon, address: str) -> Console:
        """The console of a daemon, with health and metrics.

        :raises BadUsage: if the address is not loopback, and no proxy before it is configured or nobody can log in.
        :raises NeedsOperator: if its port is taken.
        """
        from syncd.bootstrap.console import build_console  # noqa: PLC0415 - heavy, see the module

        return build_console(self, daemon, address)

    def probes(self, daemon: Daemon, address: str) -> Console:
        """Health and metrics of a daemon for orchestrators, on any address.

        :raises BadUsage: if it is no address. :raises NeedsOperator: if its port is taken.
        """
        from syncd.console.probes import listener, probes, read_address  # noqa: PLC0415 - heavy, see the module

        host, port = read_address(address)
        health, metrics = self.watched(daemon)
        app = probes(ready=lambda: bool(health.ready()), metrics=metrics.exposed, clock=SystemClock())
        return listener(app, host=host, port=port)

    def webhooks(self, address: str) -> Console:
        """The listener for webhooks.

        :raises BadUsage: if it is no address, or no connection has webhooks.
        :raises NeedsOperator: if its port is taken.
        """
        from syncd.bootstrap.hooks import build_listener  # noqa: PLC0415 - heavy, see the module

        return build_listener(self, address)

    def watched(self, daemon: Daemon) -> tuple[Health, Metrics]:
        """The health of a daemon and its metrics, which listen from the first time on."""
        if self._watching is not None:
            return self._watching
        from syncd.observe.log import listen  # noqa: PLC0415 - only here
        from syncd.observe.metrics import Metrics  # noqa: PLC0415 - heavy, see the module
        from syncd.operations.health import Health  # noqa: PLC0415
        from syncd.settings.calendar import ends  # noqa: PLC0415

        health = Health(
            polls=self.polls,
            store=self.store,
            roster=daemon.roster,
            clock=SystemClock(),
            trouble=lambda: daemon.trouble,
            sunsets=lambda name: ends(self._loaded.connection(name)),
        )
        metrics = Metrics(lambda: self.readings(health), connections=lambda: self._loaded.connections)
        listen(metrics.heard)
        self._watching = health, metrics
        return self._watching

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

    def trace(self, environ: Mapping[str, str]) -> None:
        """Has runs and API calls told to the collector that the environment names, if it names one."""
        from syncd.observe.traces import start  # noqa: PLC0415 - only here

        self._traces = start(environ)

    def close(self) -> None:
        """Gives back connections to the vendors and to the database; what was heard is kept before."""
        if self._notices is not None:
            self._notices.close()
        if self._keeper is not None:
            self._keeper.close()
        if self._beating is not None:
            self._beating.close()
        if self._traces is not None:
            self._traces.close()
        for known in self._open.values():
            close_all(known.connectors)
        self._database.close()
