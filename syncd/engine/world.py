"""What one cycle works with: the connection, both connectors, the store, time, and how the shared schema is read.

Vendor schemas and users are asked for at most every ten minutes and remembered in the store, so that an idle cycle
costs what polling costs and nothing else. Which account the credentials lead to is asked as rarely, and remembered with
the connectors alone: whoever opens them anew may have other credentials.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import orjson

from syncd.core.arrivals import Arrival
from syncd.core.layout import Layouts
from syncd.core.normalize import Codec, Context, Directory, Lens
from syncd.core.parking import Parking
from syncd.core.planner import Planner
from syncd.core.windows import Windows
from syncd.engine.acquainted import FRESH, remembered_users, schema_of, users_of
from syncd.engine.booking import Booking
from syncd.engine.drift import end_unmapped, once_fitted, watch, without
from syncd.engine.native import heed
from syncd.engine.sentinel import check, planted_on
from syncd.engine.veil import Veiled
from syncd.model.drift import AtRest
from syncd.model.errors import BadConfig, Flaw
from syncd.model.keeping import FOR_GOOD, Keep
from syncd.model.mapping import Connection, KindMapping
from syncd.model.remote import RemoteRef, RemoteSchema
from syncd.model.run import Lease
from syncd.model.values import SIDES, Instant, Lane, Pair, Side
from syncd.observe.log import emit
from syncd.ports.connector import Connector
from syncd.ports.memory import FILLED
from syncd.ports.store import Settlement, Store
from syncd.ports.system import Ahead, Chance, Clock, as_asked

Verify = Callable[[KindMapping, Pair[RemoteSchema]], KindMapping]
"""Checks one mapping against both vendors' schemas; returns it without the optional fields that a vendor lacks.

:raises BadConfig: with every flaw found.
"""


def _nobody_is(_holder: str) -> bool:
    return False


def no_lease() -> None:
    """Keeps nothing: outside a cycle there is no lease."""


@dataclass(slots=True)
class Terms:
    """One kind, ready to be decided on: verified mapping, reader with its layouts, its schemas' fingerprints and when
    they were read.

    ``resting`` are the fields that are left as they stand, since their definition changed at a vendor or the native
    connector writes them, too; ``native`` those of the latter sort.
    """

    kind: KindMapping
    layouts: Layouts
    fingerprints: Pair[str]
    read: Pair[Instant]
    resting: frozenset[str]
    native: frozenset[str] = frozenset()

    @property
    def lens(self) -> Lens:
        """Reads and writes the vendors' values."""
        return self.layouts.lens


@dataclass(slots=True)
class World:
    """Everything a cycle needs; built by ``bootstrap`` and by tests.

    ``holder`` names this process to others that want the lease, ``surely_gone`` tells whether such a name belongs to a
    process that has ended. ``lease`` is the one we hold; ``keep_lease`` is called between pages so that a long read
    does not lose it. ``ahead`` reads on while what was read is worked on.
    ``checked`` is when each account was last seen to be the one that the store is bound to, ``heeded`` how old the
    schemas were when it was last thought of the native connector.
    ``only`` are the fields that a resync was narrowed to, ``lane`` the one it does everything in but
    opt-outs. ``attempts`` counts the tries of each dead letter so far, as last read. ``windows`` is what the brake has
    counted lately, kept as long as the process lives. ``verified`` is what each mapping was last held against.
    ``doubtful`` says that the store is a restored older copy, whose Bases prove nothing. ``sentinels`` are the records
    that were planted to be watched and are nobody. ``poll`` is seconds between two turns of a daemon, 0 without one.
    ``keep`` is how long its history is kept. ``hinted`` is how many calls a cycle may spend on what webhooks told of, 0
    where nobody listens to any.
    """

    connection: Connection
    connectors: Pair[Connector]
    codecs: Pair[Codec]
    store: Store
    clock: Clock
    chance: Chance
    verify: Verify
    who: str = "cli"
    holder: str = ""
    surely_gone: Callable[[str], bool] = _nobody_is
    lease: Lease | None = None
    keep_lease: Callable[[], None] = no_lease
    ahead: Ahead = as_asked
    checked: dict[Side, Instant] = field(default_factory=dict)
    only: frozenset[str] = frozenset()
    lane: Lane | None = None
    doubtful: bool = False
    context: Context = field(default_factory=Context)
    terms: dict[str, Terms] = field(default_factory=dict)
    heeded: dict[str, Pair[Instant]] = field(default_factory=dict)
    verified: dict[str, tuple[KindMapping, Pair[RemoteSchema], KindMapping, Layouts]] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    windows: Windows = field(default_factory=Windows)
    sentinels: dict[Side, RemoteRef] = field(default_factory=dict)
    poll: float = 0.0
    keep: Keep = FOR_GOOD
    hinted: int = 0
    booking: Booking | None = field(init=False)

    def __post_init__(self) -> None:
        handoff = self.connection.handoff
        self.booking = None if handoff is None else Booking(handoff, self.connection.name)

    def seen(self, side: Side) -> Veiled:
        """A side as the sync sees it: without a sentinel."""
        return Veiled(self.connectors.of(side), self.sentinels.get(side))

    def settle(self, settlement: Settlement) -> None:
        """Remembers all of it, or nothing if another worker has the lease by now: what this one knows is old then.

        :raises LeaseLost: in that case.
        """
        arrived: Sequence[Arrival] = ()
        if self.booking is not None:
            now = self.clock.now()
            arrived = self.booking.enter(
                settlement, self.store, now, first=lambda kind: filled(self, kind) is None, users=self.context.users
            )
            if self.connection.mode != "shadow":  # shown once that is left (``engine.shadow``)
                self.booking.show(settlement, self.connection.name, now)
        self.store.settle(settlement, self.clock.now(), self.lease)
        if arrived and not self._links_for_the_first_time():
            for each in arrived:
                emit("handoff.visible", link=each.person, ms=each.after)

    def _links_for_the_first_time(self) -> bool:
        """Whether the people are just being linked: whoever was qualified before there was syncd is not late by it."""
        return any(kind.agreed is not None and filled(self, kind.kind) is None for kind in self.connection.kinds)

    def planner(self, kind: str) -> Planner:
        """Decides for one kind at this moment."""
        terms = self.terms[kind]
        return Planner(
            terms.layouts,
            connection=self.connection.name,
            parking=Parking(terms.kind, terms.fingerprints, terms.read),
            now=self.clock.now(),
            only=self.only,
            resting=AtRest(terms.resting, terms.native),
            doubtful=self.doubtful,
            first=terms.kind.agreed is not None and filled(self, kind) is None,
        )


def make_ready(world: World) -> None:
    """Checks the accounts, learns users and schemas, verifies the mapping, reads the sentinels; at most every ten
    minutes at the vendors.

    :raises WrongAccount: if the credentials lead to another portal or org than the store is bound to.
    :raises BadConfig: if the mapping does not fit the vendors' schemas.
    :raises NotItself: if a sentinel is not as it was planted.
    """
    checked = _check_accounts(world)
    users = Pair(users_of(world, Side.MARKETING), users_of(world, Side.CRM))
    world.context.users = users.map(Directory.from_users)
    end_unmapped(world.store, world.connection.kinds, world.clock.now())
    for kind in world.connection.kinds:
        learn_schema(world, kind)
    _check_sentinels(world, checked)


def learn_schema(world: World, kind: KindMapping, *, at_least: timedelta = FRESH) -> Terms:
    """Verifies one mapping against both schemas, which are read again if they are older than ``at_least``."""
    told = Pair(*(schema_of(world, side, kind, at_least) for side in SIDES))
    schemas, read = told.map(lambda each: each[0]), told.map(lambda each: each[1])
    flaws: tuple[Flaw, ...] = ()
    try:
        verified, layouts = _verified(world, kind, schemas)
    except BadConfig as why:
        if not once_fitted(world.store, kind, why.flaws):
            raise
        flaws = why.flaws
        verified = world.verify(without(kind, flaws), schemas)
        layouts = Layouts(Lens(verified, world.context, world.codecs))
    _learn_lookups(world, layouts.lens, schemas)
    rests = watch(world.store, kind, schemas, world.clock.now(), flaws=flaws)
    if world.heeded.get(kind.kind) != read:  # as seldom as the schemas are read
        rests = heed(world, verified, schemas, rests, lambda: remembered_users(world.store, Side.CRM))
        world.heeded[kind.kind] = read
    fingerprints = schemas.map(lambda schema: schema.fingerprint)
    native = frozenset(each.field for each in rests if each.native is not None)
    terms = Terms(verified, layouts, fingerprints, read, frozenset(each.field for each in rests), native)
    world.terms[kind.kind] = terms
    return terms


def _learn_lookups(world: World, lens: Lens, schemas: Pair[RemoteSchema]) -> None:
    """Which objects each lookup field of a mapping can point to, where its vendor says so."""
    for side in SIDES:
        for fields in lens.shape(side).refs.values():
            for object_name, name in fields.items():
                told = schemas.of(side).objects.get(object_name, {}).get(name)
                if told is not None and told.points:
                    world.context.points.of(side)[object_name, name] = frozenset(told.points)


def _verified(world: World, kind: KindMapping, schemas: Pair[RemoteSchema]) -> tuple[KindMapping, Layouts]:
    """The mapping as verified, and its reader's layouts; those of the last turn as long as it was held against these
    schemas.

    :raises BadConfig: if it does not fit them.
    """
    last = world.verified.get(kind.kind)
    if last is not None and last[0] is kind and all(last[1].of(side) is schemas.of(side) for side in SIDES):
        return last[2], last[3]
    verified = world.verify(kind, schemas)
    layouts = Layouts(Lens(verified, world.context, world.codecs))
    world.verified[kind.kind] = kind, schemas, verified, layouts
    return verified, layouts


def filled(world: World, kind: str) -> frozenset[str] | None:
    """The fields that all linked records of a kind were compared by; ``None`` before any were."""
    remembered = world.store.recall(FILLED.format(kind=kind))
    return None if remembered is None else frozenset(orjson.loads(remembered[0]))


def compared_now(world: World, kind: str) -> frozenset[str]:
    """The fields that records of a kind are compared by now: those that rest are left as they stand."""
    terms = world.terms[kind]
    return frozenset(field.name for field in terms.kind.fields) - terms.resting


def note_filled(world: World, kind: str, fields: Iterable[str]) -> None:
    """All linked records of a kind were compared by these fields, too."""
    before = filled(world, kind)
    after = (before or frozenset()).union(fields)
    if after != before:
        world.store.remember(FILLED.format(kind=kind), orjson.dumps(sorted(after)), world.clock.now())


def _check_accounts(world: World) -> list[Side]:
    """Which sides were asked who they are."""
    asked: list[Side] = []
    for side in SIDES:
        checked = world.checked.get(side)
        if checked is not None and world.clock.now() - checked < FRESH and side in world.store.bound():
            continue
        world.store.bind(side, world.connectors.of(side).identity())
        asked.append(side)
    return asked


def _check_sentinels(world: World, sides: Iterable[Side]) -> None:
    """After the schemas, so that nothing has to be described for it. A side that is not itself is asked every time."""
    for side in sides:
        check(world, side)
        world.checked[side] = world.clock.now()
    planted = {side: planted_on(world, side) for side in SIDES}
    world.sentinels = {side: each.ref for side, each in planted.items() if each is not None}
