"""A whole world in one process: both vendors, a store and a clock; and in it, one syncd process after the other.

The vendors are the sandbox's kernels, the rest is what a daemon runs on: real engine, connectors, budget and SQLite.
Nothing waits: time moves only as calls and sleeps take it. A configuration is taken as it is but for the addresses,
credentials and the store, which are the arena's own.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import yaml
from requests.adapters import BaseAdapter

from sandbox.hubspot.kernel import HubSpotKernel
from sandbox.hubspot.switches import HubSpotSwitches
from sandbox.kernel import HttpRequest, HttpResponse, Kernel, VendorClock
from sandbox.salesforce.kernel import SalesforceKernel
from sandbox.salesforce.switches import SalesforceSwitches
from syncd.bootstrap import read_config, verifier
from syncd.bootstrap.building import Means, build_connectors
from syncd.core.normalize import Codec
from syncd.engine.world import World
from syncd.lab.furnishing import furnish
from syncd.lab.line import Line
from syncd.lab.lives import Effects, Life, LifeClock, WatchedStore
from syncd.lab.virtual import SeededChance, VirtualClock
from syncd.model.errors import BadUsage
from syncd.model.mapping import CreateRule, FieldMapping, Policy, Tie
from syncd.model.values import Instant, Pair, Side
from syncd.ports.system import one_by_one
from syncd.settings.accounts import ConnectionSettings
from syncd.settings.copying import copy_mapping
from syncd.store import SqlStore, open_store

HUBSPOT: Final = "http://127.0.0.1:1"
SALESFORCE: Final = "http://127.0.0.1:2"
MARKETING_KEY: Final = {"access_token": "pat-na1-sandbox"}
CRM_KEY: Final = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
"""What the stand-ins take; no secrets."""
LATENCIES: Final = (0.02, 0.05, 0.1, 0.1, 0.3, 1.0, 2.5)
"""Seconds that a call takes to its vendor."""
KEPT: Final = ("scope", "allow_billable", "brake", "horizon", "poll")
"""Keys of a connection that a simulation takes from the configuration as they are."""

PAGED: Final = 16
"""Worlds from this one on answer pages of a row or two, as larger ones do of hundreds, so that cursors exist; and there
contacts are made of Leads, too."""
ROWS: Final = (1, 2, 3)
BRAKED: Final = 0.25
"""The share of worlds whose brake is so tight that a few edits are too many."""
TIGHT: Final[Mapping[str, Any]] = {
    name: {"records": number, "share": 0.0}
    for name, number in {"creates": 2, "updates": 3, "stages": 2, "clears": 1}.items()
}


@dataclass(slots=True)
class Senses:
    """What a run notices: every call with its answer (``heard``), every point (``trace``); how long calls take.
    ``latencies`` are drawn from. ``speaker`` is the life whose call was heard last.
    """

    heard: Callable[[Side, Any, Any], None] = lambda _side, _asked, _answer: None
    trace: Callable[[str], None] = lambda _what: None
    latency: random.Random = field(default_factory=lambda: random.Random(1))
    latencies: Sequence[float] = LATENCIES
    speaker: int = 0


@dataclass(slots=True)
class Arena:
    """Both vendors, the clock, the store, the settings. ``effects`` counts what all lives did. By ``skew`` milliseconds
    the machine's clock is wrong, and was by ``begun`` when the last life began.
    """

    hubspot: HubSpotKernel
    salesforce: SalesforceKernel
    clock: VirtualClock
    store: SqlStore
    settings: ConnectionSettings
    senses: Senses = field(default_factory=Senses)
    effects: Effects = field(default_factory=Effects)
    skew: int = 0
    begun: int = 0
    lives: int = 0

    def kernel(self, vendor: str) -> Kernel:
        """The kernel of a vendor by its name."""
        return self.hubspot if vendor == "hubspot" else self.salesforce

    def machine(self) -> Instant:
        """The present instant as syncd's machine has it."""
        return self.clock.now() + timedelta(milliseconds=self.skew)

    def start(self) -> tuple[World, Life]:
        """A new process on this machine: it knows what the store knows."""
        self.lives += 1
        self.begun = self.skew
        life = Life(self.effects, number=self.lives, trace=self.senses.trace, skew=self.skew)
        clock = LifeClock(self.clock, life)
        chance = SeededChance(f"life {self.lives}")
        real = SqlStore(self.store.engine, self.settings.connection.name, clock=clock, chance=chance)
        store: Any = WatchedStore(real, life)
        lines: Pair[BaseAdapter | None] = Pair(
            self._line(self.hubspot, life, Side.MARKETING), self._line(self.salesforce, life, Side.CRM)
        )
        means = Means(chance=chance, abreast=one_by_one, lock=nullcontext(), lines=lines)
        world = World(
            connection=self.settings.connection,
            connectors=build_connectors(self.settings, store, clock, means=means),
            codecs=Pair(Codec.TEXT, Codec.JSON),
            store=store,
            clock=clock,
            chance=chance,
            verify=verifier(self.settings),
            who="daemon",
            holder=f"life-{self.lives}",
            surely_gone=lambda holder: holder.startswith("life-") and int(holder[5:]) < self.lives,
        )
        return world, life

    def _line(self, kernel: Kernel, life: Life, side: Side) -> Line:
        senses = self.senses

        def heard(asked: HttpRequest, answer: HttpResponse | None) -> None:
            senses.speaker = life.number
            senses.heard(side, asked, answer)

        return Line(
            kernel,
            life,
            self.clock,
            latency=lambda: senses.latency.choice(senses.latencies),
            heard=heard,
            name=str(side),
        )


def open_arena(
    config: Path,
    *,
    variant: int | None,
    folder: Path,
    connection: str | None = None,
    store: str = "sqlite://",
    habits: HubSpotSwitches | None = None,
) -> Arena:
    """An empty arena over a configuration. ``variant`` draws the vendors' switches, and some policies; with ``None``
    all is as configured, and both vendors are as they usually are.

    :param config: the folder of a ``syncd.yaml``. :param folder: an empty folder for the configuration as played.
    :param store: where everything is remembered; in memory, if nothing else is said.
    :param habits: how HubSpot is set up, where ``variant`` draws nothing.
    """
    chance = random.Random(f"world {variant}")
    brake = TIGHT if variant is not None and chance.random() < BRAKED else None
    name = adapted(config, folder / "config", connection=connection, brake=brake, store=store)
    settings = read_config(folder / "config", {}).connection(name)
    marketing, crm = habits or HubSpotSwitches(), SalesforceSwitches()
    if variant is not None:
        settings = replace(settings, connection=_varied(settings.connection, chance))
        marketing, crm = _hubspot_switches(chance), _salesforce_switches(chance)
    if variant is not None and variant >= PAGED:
        rows = random.Random(f"pages {variant}").choice(ROWS)
        marketing, crm = replace(marketing, largest_page=rows), replace(crm, smallest_page=rows, largest_page=rows)
        settings = replace(settings, connection=_making_contacts(settings.connection))
    clock = VirtualClock()
    hubspot = HubSpotKernel(clock=VendorClock(clock), seed=variant or 0, switches=marketing)
    salesforce = SalesforceKernel(clock=VendorClock(clock), seed=variant or 0, instance_url=SALESFORCE, switches=crm)
    furnish(settings.connection.kinds, hubspot, salesforce)
    opened = open_store(store, name, clock=LifeClock(clock, _nobody()), chance=SeededChance(f"store {variant}"))
    return Arena(hubspot, salesforce, clock, opened, settings)


def adapted(
    config: Path,
    folder: Path,
    *,
    connection: str | None,
    brake: Mapping[str, Any] | None = None,
    store: str = "sqlite://",
) -> str:
    """Copies a configuration and makes its main file lead to the arena. Returns the connection's name.

    :param brake: limits that stand instead of the configuration's.
    :raises BadUsage: if there is no such connection, nothing to copy, or something of it cannot be read.
    """
    main = config if config.is_file() else config / "syncd.yaml"
    if not main.is_file():
        raise BadUsage(f"{config} holds no syncd.yaml; give the folder of a configuration")
    try:
        told = yaml.safe_load(main.read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise BadUsage(f"{main} cannot be read ({error.strerror}); mend its rights") from error
    connections: Mapping[str, Any] = told.get("connections") or {}
    name = connection or next(iter(connections), None)
    if name is None or name not in connections:
        raise BadUsage(f"{main} has no connection {name or ''}; it has {', '.join(connections) or 'none'}")
    given = dict(connections[name] or {})
    copy_mapping(main.parent / str(given.get("directory", ".")), folder)
    own = {
        "directory": ".",
        "mode": "live",
        "scope": "all",
        **{key: given[key] for key in KEPT if key in given},
        "marketing": {"base_url": HUBSPOT, **MARKETING_KEY},
        "crm": {"login_url": SALESFORCE, **CRM_KEY},
    }
    if brake is not None:
        own["brake"] = dict(brake)
    content = {"version": 1, "store": {"url": store}, "connections": {name: own}}
    (folder / "syncd.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return str(name)


def _nobody() -> Life:
    return Life(Effects(), number=0, trace=lambda _what: None)


def _varied(connection: Any, chance: random.Random) -> Any:  # noqa: ANN401 - a Connection
    """Some fields get another policy, as another team would have chosen it."""
    kinds = tuple(
        replace(kind, fields=tuple(other_policy(each, chance) for each in kind.fields)) for kind in connection.kinds
    )
    return replace(connection, kinds=kinds)


def _making_contacts(connection: Any) -> Any:  # noqa: ANN401 - a Connection
    """Every Lead without a counterpart gets a contact, where a team's own rules make none."""
    kinds = tuple(
        replace(kind, create=kind.create.replacing(Side.MARKETING, (CreateRule("contacts"),)))
        if kind.objects.marketing == ("contacts",) and not kind.create.marketing
        else kind
        for kind in connection.kinds
    )
    return replace(connection, kinds=kinds)


def other_policy(mapping: FieldMapping, chance: random.Random) -> FieldMapping:
    """The field under a policy that another team might have chosen, or as it is."""
    fixed = mapping.policy is Policy.UNION or mapping.table or mapping.direction.value != "both"
    if fixed or chance.random() < 0.6:
        return mapping
    policy = chance.choice((Policy.CRM, Policy.MARKETING, Policy.NEWEST, Policy.HOLD))
    return replace(mapping, policy=policy, tie=Tie.CRM if policy is Policy.NEWEST else None)


def _hubspot_switches(chance: random.Random) -> HubSpotSwitches:
    return HubSpotSwitches(
        index_lag=chance.choice(((0.0, 0.0), (0.0, 3.0), (0.0, 15.0))),
        merged_losers_in_search=chance.random() < 0.3,
        stage_regression=chance.choice(("silent", "error")),
        null_property=chance.choice(("ignored", "clears")),
        unique_conflict_status=chance.choice((400, 409)),
        batch_read_resolves_merged=chance.random() < 0.5,
        batch_read_names_missing=chance.random() < 0.5,
        trace_ids_split_updates=chance.random() < 0.5,
        history_newest_first=chance.random() < 0.7,
    )


def _salesforce_switches(chance: random.Random) -> SalesforceSwitches:
    return SalesforceSwitches(
        orders_multipicklist=chance.random() < 0.5,
        unknown_field_fails_request=chance.random() < 0.5,
        failed_rows_carry_id=chance.random() < 0.5,
        duplicates_in_list=chance.choice(("all", "later")),
        deleted_names_merge_losers=chance.random() < 0.7,
        keyset_filters=chance.random() < 0.8,
    )
