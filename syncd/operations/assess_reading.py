"""Reads both systems whole, page by page, into a scratch, and recognises who is whom by the rules of the mapping.

Nothing is asked of an account that a read-only credential cannot answer, and nothing need be set up: vendor fields that
are not there, the key fields above all, are left out and told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final

import orjson

from syncd.core.creation import shared_values
from syncd.core.domains import match_keys
from syncd.core.normalize import Context, Directory, Invalid, Lens
from syncd.engine.moves import BACK
from syncd.engine.world import World
from syncd.model.mapping import FieldMapping, KindMapping, MatchRule
from syncd.model.remote import RemoteRecord, RemoteRef, RemoteSchema, RemoteUser, Shape
from syncd.model.values import MISSING, SIDES, FieldType, Instant, Pair, Side, Told, Wire, instant
from syncd.ports.scratch import Kept, Scratch

KEY: Final = 0
NATIVE: Final = 1
RULES: Final = 2
"""Steps of matching: the key fields, the id properties of the vendor's own connector, then the match rules in order."""


@dataclass(frozen=True, slots=True)
class Readable:
    """One kind as far as these credentials can see it. ``absent`` are shared fields that are left out, with where they
    should be; ``steps`` name the ways by which counterparts are recognised. ``created`` is per side the vendor
    field that holds when a record was made, "" for none.
    """

    lens: Lens
    shapes: Pair[Shape]
    schemas: Pair[RemoteSchema]
    users: Pair[tuple[RemoteUser, ...]]
    absent: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[tuple[int, str], ...] = ()
    created: Pair[str] = Pair("", "")

    @property
    def kind(self) -> KindMapping:
        """The mapping, without what is not there."""
        return self.lens.kind

    def value(self, name: str, side: Side, object_name: str, fields: Mapping[str, Wire]) -> Told | Invalid:
        """What a shared field says on one side; ``MISSING`` where it has no place, or not all of it was told."""
        mapping = next(each for each in self.kind.fields if each.name == name)
        names = mapping.slots.of(side).get(object_name)
        if names is None or any(each not in fields for each in names):
            return MISSING
        return self.lens.read(side, object_name, name, tuple(fields[each] for each in names))


def readable(world: World, kind: KindMapping, users: Pair[tuple[RemoteUser, ...]]) -> Readable:
    """What can be read of a kind; asks both vendors for the definitions of its fields."""
    context = Context(users=users.map(Directory.from_users))
    whole = Lens(kind, context, world.codecs)
    schemas = Pair(*(world.connectors.of(side).schema(whole.shape(side)) for side in SIDES))
    absent: dict[str, str] = {}
    kept: list[FieldMapping] = []
    for mapping in kind.fields:
        if mapping.type is FieldType.REFERENCE:
            continue
        slots, lacking = _there(mapping, schemas)
        if lacking:
            absent[mapping.name] = ", ".join(lacking)
        if all(slots.of(side) for side in SIDES):
            kept.append(replace(mapping, slots=slots))
    rules = tuple(rule for rule in kind.match if any(each.name == rule.field for each in kept))
    lens = Lens(replace(kind, fields=tuple(kept), match=rules), context, world.codecs)
    created = Pair(*(world.connectors.of(side).capabilities.created for side in SIDES))
    mapped = {each.kind for each in world.connection.kinds}
    refs = {each.name for each in kind.fields if each.type is FieldType.REFERENCE and each.kind in mapped}
    shapes = Pair(*(_shape(lens, whole, side, schemas.of(side), created.of(side), refs) for side in SIDES))
    steps = (
        (KEY, "key field"),
        (NATIVE, "the vendor's own connector"),
        *((RULES + number, _named(rule)) for number, rule in enumerate(rules) if not rule.suggests),
    )
    return Readable(lens, shapes, schemas, users, absent, steps, created)


def _named(rule: MatchRule) -> str:
    return rule.field if rule.by in {"value", rule.field} else f"{rule.by} of {rule.field}"


def _there(mapping: FieldMapping, schemas: Pair[RemoteSchema]) -> tuple[Pair[Mapping[str, tuple[str, ...]]], list[str]]:
    """The slots of a field that exist, and the vendor fields that do not."""
    lacking: list[str] = []
    found: dict[Side, dict[str, tuple[str, ...]]] = {side: {} for side in SIDES}
    for side in SIDES:
        for object_name, names in mapping.slots.of(side).items():
            gone = [name for name in names if name not in schemas.of(side).objects.get(object_name, {})]
            lacking += [f"{object_name}.{name}" for name in gone]
            if not gone:
                found[side][object_name] = names
    return Pair(found[Side.MARKETING], found[Side.CRM]), lacking


def _shape(lens: Lens, whole: Lens, side: Side, schema: RemoteSchema, created: str, refs: AbstractSet[str]) -> Shape:
    """What is asked for: mapped fields and ids that are there, when records were made, and what they point to."""
    shape = lens.shape(side)
    objects = {
        name: tuple(each for each in dict.fromkeys((*fields, created)) if each in schema.objects.get(name, {}))
        for name, fields in shape.objects.items()
    }
    pointing = {name: ends for name, ends in whole.shape(side).refs.items() if name in refs}
    return replace(shape, objects=objects, refs=pointing)


# -- into the scratch --------------------------------------------------------------------------------------------------
def read_both(
    world: World, known: Readable, scratch: Scratch, told: Callable[[Side, int], None] = lambda _side, _n: None
) -> dict[int, int]:
    """Reads every record of both sides and pairs them; how many pairs each step made.

    :param told: called after each page with the records of that side so far.
    """
    for side in SIDES:
        number = 0
        for page in world.connectors.of(side).scan(known.shapes.of(side)):
            scratch.keep([_kept(known, side, record) for record in page.records])
            number += len(page.records)
            told(side, number)
    return {step: scratch.pair(step) for step, _ in known.steps}


def _kept(known: Readable, side: Side, record: RemoteRecord) -> Kept:
    pointed = {name: [(ref.object, ref.id) for ref in refs] for name, refs in record.refs.items()}
    stamp, unranked = record.stamp.timestamp(), sorted(record.unranked)
    content = orjson.dumps((record.ref.object, record.ref.id, stamp, dict(record.fields), pointed, unranked))
    return Kept(side, str(record.ref), content, tuple(_tokens(known, side, record)))


def _tokens(known: Readable, side: Side, record: RemoteRecord) -> Iterator[tuple[int, bytes]]:
    """What a record may be recognised by; hashed, since only whether two are equal matters."""
    kind = known.kind
    yield KEY, _hash(side, record.ref.id)
    pointed = record.fields.get(kind.key.of(side))
    if pointed:
        yield KEY, _hash(side.other, str(pointed))
    yield NATIVE, _hash(side, str(record.ref))
    if side is Side.MARKETING:
        named = ((object_name, record.fields.get(name)) for name, object_name in kind.native.items())
        native = next((RemoteRef(object_name, str(id_)) for object_name, id_ in named if id_), None)
        if native is not None:
            yield NATIVE, _hash(Side.CRM, str(native))
    shared = shared_values(known.lens, side, record)
    excluded = frozenset(kind.partner_domains)
    for number, rule in enumerate(kind.match):
        for value in match_keys(rule.by, [shared.get(rule.field)], excluded=excluded):
            yield RULES + number, _hash("value", value)


def _hash(*parts: str) -> bytes:
    return blake2b("\n".join(parts).encode(), digest_size=12).digest()


def qualified_since(world: World, known: Readable, name: str, refs: Sequence[RemoteRef]) -> dict[RemoteRef, Instant]:
    """When contacts came into the stage they are in, as far as the marketing side's history tells.

    :param name: the shared field that holds the stage.
    """
    connector = world.connectors.marketing
    if not refs or not connector.capabilities.history:
        return {}
    slots = next(mapping.slots.marketing for mapping in known.kind.fields if mapping.name == name)
    vendor = sorted({each for ref in refs for each in slots.get(ref.object, ())})
    found: dict[RemoteRef, Instant] = {}
    for event in connector.history(refs, vendor, world.clock.now() - BACK):
        found[event.ref] = max(event.at, found.get(event.ref, event.at))
    return found


def reread(content: bytes) -> RemoteRecord:
    """A record out of the scratch."""
    object_name, id_, stamp, fields, pointed, unranked = orjson.loads(content)
    known: dict[str, Any] = fields
    at: Instant = datetime.fromtimestamp(stamp, UTC)
    refs = {name: tuple(RemoteRef(*each) for each in ends) for name, ends in pointed.items()}
    return RemoteRecord(RemoteRef(object_name, id_), "", at, known, refs, unranked=frozenset(unranked))


def made_at(known: Readable, side: Side, record: RemoteRecord) -> Instant | None:
    """When a record was made, if its vendor tells."""
    told = record.fields.get(known.created.of(side))
    return instant(told) if isinstance(told, str) and told else None
