"""A field that the native connector writes, too, is left to it: two syncs take each other's writes for edits of people.

The native connector is the vendors' own sync, which may work beside this one. It is recognised by what it leaves on the
marketing side's records and by its name in their history; in the CRM it works as a user, who is told from others by the
vendor's name in theirs. Only what it did of late counts: one that was switched off leaves its notes behind for good.

Costs nothing where it never was, else one search a kind at most every hour, and where it is at work three calls more.
Opt-outs are never left to it: both only ever set them. References are not looked at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from syncd.engine.drift import leave_to_native
from syncd.model.drift import Resting
from syncd.model.errors import Bug, NeedsOperator
from syncd.model.mapping import KindMapping
from syncd.model.native import UNSEEN, Look, Rival, Synced
from syncd.model.remote import FieldEvent, RemoteRef, RemoteSchema, RemoteUser
from syncd.model.values import FieldType, Instant, Pair, Side
from syncd.observe.log import emit
from syncd.ports.memory import NATIVE

if TYPE_CHECKING:
    from syncd.engine.world import World

LATELY: Final = timedelta(hours=24)
"""How far back it is looked for, and how long a field rests after its last write."""
AGAIN: Final = timedelta(hours=1)
MOST: Final = 50
"""Records that are looked at: as many as one call of HubSpot's tells the history of."""
_LEFT_OUT: Final = frozenset({FieldType.OPT_OUT, FieldType.REFERENCE})
_ID_LENGTHS: Final = frozenset({15, 18})
_AS_ITSELF: Final = "the connector itself"

Places = Mapping[tuple[str, str], Collection[str]]
"""Shared fields by object and name of the vendor field."""


def heed(
    world: World,
    kind: KindMapping,
    schemas: Pair[RemoteSchema],
    rests: tuple[Resting, ...],
    users: Callable[[], Sequence[RemoteUser]],
) -> tuple[Resting, ...]:
    """What rests of a kind once it was looked for the native connector, if that was due; else what ``rests``.

    Nothing is left to it in shadow mode, in which nothing is written anyway, and its plan shows what would be.

    A vendor that refuses to tell is asked again an hour later.

    :param users: tells those of the CRM.
    """
    now, store = world.clock.now(), world.store
    left = any(rest.native is not None for rest in rests)
    if world.connection.mode == "shadow":
        return leave_to_native(store, kind.kind, {}, now, quiet=timedelta(0)) if left else rests
    if not left and not any(_notes(world, schemas, name) for name in kind.objects.marketing):
        return rests
    name = NATIVE.format(kind=kind.kind)
    looked = store.recall(name)
    if looked is not None and now - looked[1] < AGAIN:
        return rests
    try:
        seen = look(world, kind, schemas, users)
    except (NeedsOperator, Bug) as why:  # no reason for the sync itself to stand still; what rests goes on resting
        emit("native.unseen", kind=kind.kind, error=type(why).__name__, reason=str(why))
        store.remember(name, b"", now)
        return rests
    store.remember(name, b"", now)
    return leave_to_native(store, kind.kind, seen.rivals, now, quiet=LATELY)


def look(
    world: World, kind: KindMapping, schemas: Pair[RemoteSchema], users: Callable[[], Sequence[RemoteUser]]
) -> Look:
    """What the native connector did of late to the records that it touched last; asks both vendors and stores nothing.

    :param users: tells those of the CRM.
    """
    since = world.clock.now() - LATELY
    touched: list[Synced] = []
    fitting = world.connectors.marketing.fitting
    for name in kind.objects.marketing:
        if notes := _notes(world, schemas, name):
            touched += fitting().synced(name, notes, since, most=MOST)
    if not touched:
        return UNSEEN
    told = _marketing(world, kind, schemas, touched, since)
    at_work = [each.at for each in touched if each.at is not None] + [event.at for event in told]
    if not at_work:
        return Look(len(touched))
    found = _rivals(Side.MARKETING, told, _places(kind, Side.MARKETING), {})
    writers = _writers(world, users())
    wrote = _crm(world, kind, touched, since, writers)
    found = {**_rivals(Side.CRM, wrote, _places(kind, Side.CRM), writers), **found}
    return Look(len(touched), max(at_work), found)


def _notes(world: World, schemas: Pair[RemoteSchema], object_name: str) -> frozenset[str]:
    """The fields of an object in which the connector leaves something; none where it never was."""
    known = schemas.marketing.objects.get(object_name, {})
    return frozenset(name for name in world.connectors.marketing.capabilities.native_notes if name in known)


def _places(kind: KindMapping, side: Side) -> Places:
    """The vendor fields that this mapping writes on a side. A field that it only reads there may be anybody's."""
    places: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for field in kind.fields:
        if field.type in _LEFT_OUT or not kind.writes(field, side):
            continue
        for object_name, names in field.slots.of(side).items():
            for name in names[:1] if field.type is FieldType.STATE else names:  # the country beside it is only read
                places[object_name, name].append(field.name)
    return places


def _marketing(
    world: World, kind: KindMapping, schemas: Pair[RemoteSchema], touched: Sequence[Synced], since: Instant
) -> list[FieldEvent]:
    """What it wrote there: mapped fields, and its own notes, which tell that it is at work."""
    fields = {name: None for _, name in _places(kind, Side.MARKETING)}
    for object_name in kind.objects.marketing:
        fields |= dict.fromkeys(sorted(_notes(world, schemas, object_name)))
    events = world.connectors.marketing.history([each.ref for each in touched], list(fields), since)
    return [event for event in events if event.native]


def _writers(world: World, users: Sequence[RemoteUser]) -> Mapping[str, str]:
    """Users of the CRM whom the connector may work as, by id, with their names; never the one whom we work as."""
    word = world.connectors.marketing.capabilities.native_name
    own = world.connectors.crm.fitting().user()
    called = (user for user in users if word and word in f"{user.name} {user.email or ''}".lower())
    return {user.id: user.name for user in called if user.id != own}


def _crm(
    world: World, kind: KindMapping, touched: Sequence[Synced], since: Instant, writers: Mapping[str, str]
) -> list[FieldEvent]:
    """What those users wrote to the CRM's records of whom it touched; empty where nobody is recognised."""
    refs = {
        RemoteRef(kind.native[name], id_): None
        for each in touched
        for name, id_ in each.ids.items()
        if name in kind.native and id_.isalnum() and len(id_) in _ID_LENGTHS
    }
    fields = list(dict.fromkeys(name for _, name in _places(kind, Side.CRM)))
    if not writers or not refs:
        return []
    events = world.connectors.crm.history(list(refs), fields, since)
    return [event for event in events if event.author in writers]


def _rivals(side: Side, events: Sequence[FieldEvent], places: Places, names: Mapping[str, str]) -> dict[str, Rival]:
    """The shared fields that were written, each with the place that was written last."""
    written: defaultdict[tuple[str, str], list[FieldEvent]] = defaultdict(list)
    for event in events:
        written[event.ref.object, event.field].append(event)
    found: dict[str, Rival] = {}
    for (object_name, name), wrote in sorted(written.items(), key=lambda row: max(each.at for each in row[1])):
        latest = max(wrote, key=lambda event: event.at)
        by = names.get(latest.author, _AS_ITSELF)
        records = len({event.ref for event in wrote})
        for shared in places.get((object_name, name), ()):
            found[shared] = Rival(shared, side, f"{object_name}.{name}", records, latest.at, by)
    return found
