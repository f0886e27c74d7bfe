"""Builds the console of a daemon: its desk, its front, and what machines ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from syncd.bootstrap.building import build_connectors, build_world, close_all
from syncd.bootstrap.defining import SYSTEMS, definitions_of, glossary_of
from syncd.bootstrap.examining import examined
from syncd.bootstrap.notices import post_to
from syncd.bootstrap.reports import Reports
from syncd.console.desk import About, Configured, Desk, Host
from syncd.console.server import Console, application, read_address
from syncd.console.shield import Front
from syncd.model.errors import BadUsage
from syncd.model.keeping import Keep
from syncd.operations.doors import Entrance
from syncd.operations.sizing import Shelf
from syncd.settings.profiles import profiles_of
from syncd.store import SqlBudget, SqlDoors, sizes
from syncd.system import SystemChance, SystemClock, holder_name

if TYPE_CHECKING:
    from syncd.bootstrap.workshop import Workshop
    from syncd.engine.world import World
    from syncd.operations.worker import Daemon
    from syncd.settings.accounts import ConnectionSettings, Loaded


def build_console(workshop: Workshop, daemon: Daemon, address: str) -> Console:
    """The console of a daemon.

    :raises BadUsage: if the address is not loopback, and no proxy before it is configured or nobody can log in.
    :raises NeedsOperator: if its port is taken.
    """
    told = workshop.loaded.console
    front = Front(told.public_url, told.trusted_proxies)
    host, port = read_address(address, front=front)
    desk = build_desk(workshop, daemon)
    if not Front().hosts(f"[{host}]" if ":" in host else host) and not desk.entrance.doors.operators():
        raise BadUsage(
            f"--http {address}: nobody can log in yet, so others could only try to; run `syncd console invite NAME` "
            "and redeem it on 127.0.0.1 first"
        )
    health, metrics = workshop.watched(daemon)
    app = application(troubles=lambda: health.ready().troubles, metrics=metrics.exposed, desk=desk, front=front)
    return Console(app, host=host, port=port, streams=app.state.streams)


def configured(settings: ConnectionSettings) -> Configured:
    """What the files of a connection define."""
    return Configured(
        definitions=definitions_of(settings),
        profiles=lambda: profiles_of(settings),
        glossary=lambda earlier: glossary_of(settings, earlier),
    )


def keep_of(loaded: Loaded) -> Keep:
    """How long history is kept, which is the same for every connection."""
    return next(each.keep for each in loaded.connections.values())


def shelf_of(loaded: Loaded) -> Shelf:
    """The backups that are there. :raises NeedsOperator: if their folder cannot be read."""
    if loaded.backup is None:
        return Shelf((), None)
    from syncd.store.shelf import backups_in  # noqa: PLC0415 - the cipher, which a daemon without backups saves

    return Shelf(backups_in(loaded.backup.folder), loaded.backup.every)


def build_desk(workshop: Workshop, daemon: Daemon) -> Desk:
    """What the console works with."""
    from syncd.engine.sparing import urgently  # noqa: PLC0415 - heavy, and in a daemon there already

    clock = SystemClock()

    def connections() -> Mapping[str, About]:
        return {name: About(each.connection, each.poll) for name, each in workshop.loaded.connections.items()}

    @contextmanager
    def world(connection: str, who: str) -> Iterator[World]:
        settings = workshop.loaded.connection(connection)
        store = workshop.store(connection)
        connectors = build_connectors(settings, store, clock)
        try:
            world = build_world(
                settings, connectors, store, clock, who=who, holder=holder_name("console"), read_only=True
            )
            with urgently(world):
                yield world
        finally:
            close_all(connectors)

    return Desk(
        entrance=Entrance(SqlDoors(workshop.database), clock, SystemChance()),
        connections=connections,
        open_store=workshop.store,
        open_world=world,
        roster=daemon.roster,
        clock=clock,
        chance=SystemChance(),
        quota=lambda connection, side: SqlBudget(workshop.database.engine, connection, side, clock).reported(),
        report=Reports(workshop),
        configured=lambda connection: configured(workshop.loaded.connection(connection)),
        systems=SYSTEMS,
        host=Host(
            examined=lambda connection, world: examined(workshop.loaded.connection(connection), world),
            sizes=lambda: (sizes(workshop.database, clock.now()), keep_of(workshop.loaded)),
            shelf=lambda: workshop.ordered(shelf_of(workshop.loaded)),
            back_up=workshop.back_up,
            targets=lambda: workshop.loaded.notify.telling.targets,
            post=lambda target, message: post_to(workshop.loaded, target, message),
        ),
        alone=lambda connection: workshop.database.one_at_a_time(f"command {connection}", clock),
    )
