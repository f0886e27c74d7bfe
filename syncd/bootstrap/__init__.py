"""The composition root: the only place that knows the concrete store, connectors, clock and settings.

Everything above it asks for a ``World`` or a ``Store`` and gives it back; everything below it gets what it needs as an
argument. Heavy libraries are imported where they are used, so that commands that only look at the store are quick.

Who makes a store that is not there is chosen here (``Absent``): a world that writes, a daemon, and the first invitation
to the console. Whatever is opened from an ``Outline`` asks what is remembered, and is refused where nothing is; a world
that only reads does without.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from syncd.bootstrap.building import Absent, build_connectors, build_store, build_world, close_all, verifier
from syncd.bootstrap.carrying import carry_audit, new_key, prove_audit
from syncd.bootstrap.defining import note_in_force
from syncd.bootstrap.leaving import leftovers
from syncd.bootstrap.notices import notified, post_to, unreadable_targets
from syncd.bootstrap.workshop import Workshop
from syncd.model.values import Pair, Side
from syncd.observe.log import emit
from syncd.system import SystemChance, SystemClock, calm_collector, holder_name

if TYPE_CHECKING:
    from syncd.bootstrap.backups import AnyBackups
    from syncd.engine.world import World
    from syncd.model.sizes import Sizes
    from syncd.operations.doors import Entrance
    from syncd.ports.connector import Connector
    from syncd.ports.scratch import Scratch
    from syncd.settings.accounts import Admin, Loaded
    from syncd.settings.agreed import Agreed
    from syncd.settings.main_file import Outline
    from syncd.store import SqlRoster, SqlStore

__all__ = [
    "Absent",
    "Workshop",
    "carry_audit",
    "exported_tables",
    "leftovers",
    "new_key",
    "open_admins",
    "open_backups",
    "open_entrance",
    "open_memory",
    "open_roster",
    "open_scratch",
    "open_world",
    "post_to",
    "prove_audit",
    "read_agreed",
    "read_config",
    "read_only_fields",
    "read_outline",
    "sfdx_package",
    "store_place",
    "store_sizes",
    "store_versions",
    "unreadable_targets",
    "verifier",
]

CONFIG = Path("config")


def read_config(path: Path | None, environ: Mapping[str, str]) -> Loaded:
    """The whole configuration, checked; ``SYNCD_CONFIG`` or ``./config`` where no path is given.

    :raises BadConfig: with every flaw found.
    """
    from syncd.settings.loading import load  # noqa: PLC0415 - heavy, see the module

    loaded = load(config_path(path, environ), environ, read_only=read_only_fields())
    emit("config.loaded", hash=loaded.hash, files=len(loaded.files))
    return loaded


def read_outline(path: Path | None, environ: Mapping[str, str]) -> Outline:
    """Only what a command needs that looks at the store: no mapping, no credential, no heavy library.

    :raises BadConfig: with every flaw found.
    """
    from syncd.settings.main_file import outline  # noqa: PLC0415 - heavy, see the module

    return outline(config_path(path, environ), environ)


def read_agreed(path: Path | None, environ: Mapping[str, str], connection: str | None) -> Agreed:
    """What both teams agreed on, as far as reports need it.

    :raises BadConfig: with every flaw of the files that are read.
    :raises BadUsage: if nobody has said what the stages mean.
    """
    from syncd.settings.agreed import agreed  # noqa: PLC0415 - heavy, see the module

    return agreed(config_path(path, environ), environ, connection)


def config_path(path: Path | None, environ: Mapping[str, str]) -> Path:
    """The configuration that a command works with: the one that is named, else ``SYNCD_CONFIG``, else ``./config``."""
    return path or Path(environ.get("SYNCD_CONFIG") or CONFIG)


def read_only_fields() -> Mapping[Side, Mapping[str, str]]:
    """Vendor fields that nobody can write, as patterns with advice; the connectors know them."""
    from connectors.hubspot.known import READ_ONLY as HUBSPOT  # noqa: PLC0415 - see the module
    from connectors.salesforce.known import READ_ONLY as SALESFORCE  # noqa: PLC0415

    return {Side.MARKETING: HUBSPOT, Side.CRM: SALESFORCE}


@contextmanager
def open_memory(outline: Outline, connection: str | None, *, absent: Absent = Absent.REFUSED) -> Iterator[SqlStore]:
    """Only the store of one connection: for commands that look at what is known and reach no vendor.

    :raises NoStore: if it is not there, unless ``absent`` says otherwise.
    """
    store = build_store(outline.store_url, outline.chosen(connection), absent=absent)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def open_roster(outline: Outline) -> Iterator[SqlRoster]:
    """Whose turn it is and who works, for commands that ask something of a daemon.

    :raises NoStore: if there is no store.
    """
    from syncd.store import SqlRoster, find_database  # noqa: PLC0415 - heavy, see the module

    database = find_database(outline.store_url().get_secret_value())
    try:
        yield SqlRoster(database)
    finally:
        database.close()


def open_backups(outline: Outline) -> AnyBackups:
    """The backups of the store.

    :raises BadUsage: if none are configured, or the store is in memory.
    """
    from syncd.bootstrap.backups import backups_of  # noqa: PLC0415 - heavy, see the module

    url = outline.store_url().get_secret_value()
    return backups_of(outline.backup, url, SystemClock())


def exported_tables() -> tuple[str, ...]:
    """The tables that ``syncd export`` writes."""
    from syncd.store.exports import exported_names  # noqa: PLC0415 - heavy, see the module

    return exported_names()


def store_sizes(outline: Outline) -> Sizes:
    """How large the store is, and how quickly it grew lately. :raises NoStore: if there is none."""
    from syncd.store import find_database, sizes  # noqa: PLC0415 - heavy, see the module

    database = find_database(outline.store_url().get_secret_value())
    try:
        return sizes(database, SystemClock().now())
    finally:
        database.close()


@contextmanager
def open_entrance(outline: Outline, *, absent: Absent = Absent.REFUSED) -> Iterator[Entrance]:
    """Who may use the console, for commands that let people in; the first invitation comes before a daemon's start.

    :raises NoStore: if there is no store, unless ``absent`` says otherwise.
    """
    from syncd.operations.doors import Entrance  # noqa: PLC0415 - heavy, see the module
    from syncd.store import SqlDoors, find_database, open_database  # noqa: PLC0415

    opening = open_database if absent is Absent.MADE else find_database
    database = opening(outline.store_url().get_secret_value())
    try:
        yield Entrance(SqlDoors(database), SystemClock(), SystemChance())
    finally:
        database.close()


@contextmanager
def open_world(
    loaded: Loaded, connection: str | None, *, who: str, read_only: bool = False, absent: Absent | None = None
) -> Iterator[World]:
    """Everything one cycle of one connection needs.

    :param who: who asks, for the run history and the lease.
    :param read_only: wraps both connectors so that a write is impossible; planning and shadow mode use it.
    :param absent: what becomes of a store that is not there; unless said, a world that writes makes it, and one that
        only reads does without.
    :raises NoStore: if ``absent`` says so.
    """
    settings = loaded.connection(connection)
    absent = absent or (Absent.SPARED if read_only else Absent.MADE)
    store = build_store(loaded.store_url, settings.connection.name, absent=absent)
    if absent is Absent.SPARED and not store.lasts:
        emit("store.absent", place=store_place(loaded).where)
    clock = SystemClock()
    try:
        connectors = build_connectors(settings, store, clock)
        calm_collector()
        try:
            if not read_only:
                note_in_force(settings, store, clock.now())
            world = build_world(
                settings, connectors, store, clock, who=who, holder=holder_name(who), read_only=read_only
            )
            with nullcontext() if read_only else notified(loaded, store, settings.connection.name):
                yield world
        finally:
            close_all(connectors)
    finally:
        store.close()


def store_versions() -> Mapping[str, object]:
    """The schema of the store that this code makes, and the SQLite library that it uses."""
    from syncd.store.engine import sqlite_module  # noqa: PLC0415 - heavy, see the module
    from syncd.store.tables import SCHEMA_VERSION  # noqa: PLC0415 - the same

    return {"store_schema": SCHEMA_VERSION, "sqlite": sqlite_module().sqlite_version}


@dataclass(frozen=True, slots=True)
class StorePlace:
    """Where the store is: the whole path of its file, or its address without a password. ``there`` is False only where
    its file is missing: a database is not asked.
    """

    where: str
    there: bool


def store_place(read: Loaded | Outline) -> StorePlace:
    """Where this configuration has the store; opens and makes nothing."""
    from syncd.store import may_be_there, place_of  # noqa: PLC0415 - heavy, see the module

    url = read.store_url().get_secret_value()
    return StorePlace(place_of(url), may_be_there(url))


def open_scratch() -> Scratch:
    """A place for records while they are matched; whoever opened it closes it."""
    from syncd.store.scratch import SqlScratch  # noqa: PLC0415 - heavy, see the module

    return SqlScratch()


@contextmanager
def open_admins(loaded: Loaded, connection: str | None, admin: Admin) -> Iterator[Pair[Connector]]:
    """Both accounts of one connection as an administrator sees them.

    :raises BadUsage: if the administrator's credentials are not whole.
    """
    settings = admin.in_place_of(loaded.connection(connection))
    store = build_store(loaded.store_url, settings.connection.name, absent=Absent.SPARED)
    try:
        connectors = build_connectors(settings, store, SystemClock())
        try:
            yield connectors
        finally:
            close_all(connectors)
    finally:
        store.close()


def sfdx_package(loaded: Loaded, connection: str | None) -> Mapping[str, str]:
    """What ``setup`` would make at the CRM, as the files of an SFDX project; reaches nobody."""
    from connectors.salesforce.package import package  # noqa: PLC0415 - see the module
    from syncd.operations.fitting import needs_of  # noqa: PLC0415 - the same

    settings = loaded.connection(connection)
    needs, crm = needs_of(settings.connection.kinds, Side.CRM), settings.crm
    return package(needs, api_version=crm.api_version, individuals=crm.individuals)
