"""A whole world in one process: both stand-ins on one simulated clock, real connectors, a real store."""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import requests

from connectors.hubspot.client import HubSpotAccount
from connectors.hubspot.connector import HubSpotConnector
from connectors.salesforce.client import SalesforceAccount
from connectors.salesforce.connector import SalesforceConnector
from connectors.transport import open_session
from sandbox.hubspot.kernel import HubSpotKernel
from sandbox.hubspot.limits import HubSpotLimits
from sandbox.hubspot.switches import HubSpotSwitches
from sandbox.salesforce.kernel import SalesforceKernel
from syncd.bootstrap import read_only_fields, verifier
from syncd.bootstrap.building import Means, build_connectors
from syncd.core.normalize import Codec
from syncd.engine.world import World
from syncd.model.values import Pair, Side
from syncd.ports.system import one_by_one
from syncd.settings.accounts import ConnectionSettings
from syncd.settings.brake import raised
from syncd.settings.loading import load
from syncd.store import SqlStore, open_store
from tests.fakes import FakeChance, FakeClock, FreeBudget
from tests.inproc import KernelAdapter

ROOT = Path(__file__).resolve().parent.parent
HUBSPOT = "http://127.0.0.1:1"
SALESFORCE = "http://127.0.0.1:2"


@dataclass
class Both:
    """Both stand-ins, the clock they share, and the world that syncs them."""

    hubspot: HubSpotKernel
    salesforce: SalesforceKernel
    clock: FakeClock
    world: World
    store: SqlStore
    settings: ConnectionSettings


def config_environment(*, brake: Mapping[str, object] | None = None) -> dict[str, str]:
    """The environment that points the example configuration at the stand-ins.

    Tests change much at once, so the brake's limits are raised unless a test is about them.
    """
    prefix = "SYNCD_CONNECTIONS__MAIN__"
    return {
        f"{prefix}MARKETING__BASE_URL": HUBSPOT,
        f"{prefix}MARKETING__ACCESS_TOKEN": "pat-na1-sandbox",  # not a secret
        f"{prefix}CRM__LOGIN_URL": SALESFORCE,
        f"{prefix}CRM__CLIENT_ID": "sandbox-client",
        f"{prefix}CRM__CLIENT_SECRET": "sandbox-secret",  # not a secret
        f"{prefix}HORIZON__MARKETING": "2",
        f"{prefix}HORIZON__CRM": "2",
        f"{prefix}SCOPE": "all",
        f"{prefix}BRAKE": json.dumps(raised(1_000_000) if brake is None else brake),
    }


def agreed(folder: Path) -> Path:
    """A copy of the example configuration in which both teams have agreed on who may move whom (``tests/agreed``)."""
    config = folder / "config"
    shutil.copytree(ROOT / "config", config)
    shutil.copytree(ROOT / "tests" / "agreed", config, dirs_exist_ok=True)
    return config


def with_deals(folder: Path) -> Path:
    """A copy of the example configuration in which deals are switched on, as its users do it."""
    config = folder / "config"
    shutil.copytree(ROOT / "config", config)
    shutil.copytree(config / "optional" / "deals", config, dirs_exist_ok=True)
    return config


def open_both(
    store_url: str = "sqlite://",
    *,
    config: Path = ROOT / "config",
    seed: int = 7,
    switches: HubSpotSwitches | None = None,
    brake: Mapping[str, object] | None = None,
) -> Both:
    """Two empty stand-ins and a world over the example configuration."""
    clock = FakeClock()
    chance = FakeChance(seed)
    hubspot = HubSpotKernel(
        clock=clock, seed=seed, limits=HubSpotLimits(rolling=100_000, search_per_second=1_000), switches=switches
    )
    salesforce = SalesforceKernel(clock=clock, seed=seed, instance_url=SALESFORCE, daily_calls=1_000_000)
    files = tuple((file, file.read_bytes()) for file in sorted(config.rglob("*.y*ml")))
    settings = _settings(config, files, tuple(config_environment(brake=brake).items()))
    store = open_store(store_url, settings.connection.name, clock=clock, chance=chance)
    world = open_world(hubspot, salesforce, clock, store, settings)
    return Both(hubspot, salesforce, clock, world, store, settings)


@functools.lru_cache(maxsize=8)
def _settings(
    config: Path, _files: tuple[tuple[Path, bytes], ...], environ: tuple[tuple[str, str], ...]
) -> ConnectionSettings:
    """Most tests use the example configuration as it is, and none changes what is read of it."""
    return load(config, dict(environ), read_only=read_only_fields()).connection(None)


def open_world(
    hubspot: HubSpotKernel,
    salesforce: SalesforceKernel,
    clock: FakeClock,
    store: SqlStore,
    settings: ConnectionSettings,
) -> World:
    """A fresh process's view of the same stand-ins and the same store."""
    chance = FakeChance(11)
    marketing = HubSpotConnector(
        HubSpotAccount(access_token=lambda: "pat-na1-sandbox", base_url=HUBSPOT, overlap=30.0),
        session=_session(HUBSPOT, hubspot),
        clock=clock,
        chance=chance,
        budget=FreeBudget(),
        horizon=settings.connection.horizon.marketing,
    )
    crm = SalesforceConnector.open(
        SalesforceAccount(
            login_url=SALESFORCE,
            client_id=lambda: "sandbox-client",
            client_secret=lambda: "sandbox-secret",
            overlap=60.0,
            individuals=settings.crm.individuals,
        ),
        side=Side.CRM,
        clock=clock,
        chance=chance,
        budget=FreeBudget(),
        horizon=settings.connection.horizon.crm,
        notes=store,
        session=_session(SALESFORCE, salesforce),
    )
    return World(
        connection=settings.connection,
        connectors=Pair(marketing, crm),
        codecs=Pair(Codec.TEXT, Codec.JSON),
        store=store,
        clock=clock,
        chance=chance,
        verify=verifier(settings),
        who="test",
    )


def charge_as_a_daemon(both: Both) -> None:
    """Both connectors as a real process opens them: calls are charged to the store, and a reserve is kept."""
    lines = Pair(KernelAdapter(both.hubspot), KernelAdapter(both.salesforce))
    means = Means(chance=FakeChance(5), abreast=one_by_one, lock=nullcontext(), lines=lines)
    both.world.connectors = build_connectors(both.settings, both.store, both.clock, means=means)


def _session(url: str, kernel: HubSpotKernel | SalesforceKernel) -> requests.Session:
    session = open_session(pool=1, base_url=url)
    session.mount(url, KernelAdapter(kernel))
    session.mount(url.replace("http://", "https://"), KernelAdapter(kernel))
    return session
