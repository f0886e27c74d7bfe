"""Which record is meant: from what a person types to a link or a record, asked of the store and of both vendors.

``a@b.c`` is looked for on both sides, ``marketing:contacts/51`` and ``crm:Lead/00Q…`` name one record, ``link:ID`` a
link. What belongs together is one hit; several hits are for the caller to list, never to guess between.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from syncd.core.domains import match_keys
from syncd.engine.world import World
from syncd.model.errors import BadUsage, Misunderstood
from syncd.model.link import Link
from syncd.model.mapping import KindMapping
from syncd.model.remote import Departure, Gone, MatchKey, RemoteRecord, RemoteRef
from syncd.model.values import Pair, Side

FORMS = "a@b.c, marketing:contacts/51, crm:Lead/00Q..., link:ID"


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that may be meant: a link, or one record a side that has none yet. ``named`` is the side of the record
    by which a link was found; ``None`` if it was found by its id, or by both records.
    """

    kind: str
    link: Link | None
    refs: Pair[RemoteRef | None]
    named: Side | None = None


def find_hits(world: World, text: str) -> list[Hit]:
    """Everything that the text may mean; the world is ready (``make_ready``).

    :raises BadUsage: if the text is in none of the forms, names an object that no kind has, or an id that is none.
    """
    named = named_by(world, text)
    sort, _, rest = text.partition(":")
    if named is not None:
        return [_as_its_vendor_names_it(world, *named)]
    if sort == "link":
        return [Hit(found.link.kind, found.link, refs_of(found.link)) for found in world.store.by_link([rest]).values()]
    return [hit for kind in world.connection.kinds for hit in _by_address(world, kind, text)]


def named_by(world: World, text: str) -> tuple[KindMapping, Side, RemoteRef] | None:
    """The record that a text names by its id, ``None`` where it is a link or an address. Asks nobody, so that a slip is
    told at once, also while a vendor does not answer.

    :raises BadUsage: as ``find_hits``.
    """
    sort, colon, rest = text.partition(":")
    if colon and sort in {side.value for side in Side}:
        return _named(world, Side(sort), rest, text)
    if "@" in text or (colon and sort == "link"):
        return None
    raise Misunderstood(f"{text!r} names no record; write one of {FORMS}")


def _named(world: World, side: Side, rest: str, text: str) -> tuple[KindMapping, Side, RemoteRef]:
    object_name, slash, id_ = rest.partition("/")
    if not slash or not id_:
        raise Misunderstood(f"{text!r} is no record; write {side}:OBJECT/ID, as in {FORMS}")
    for kind in world.connection.kinds:
        if object_name in kind.objects.of(side):
            refuse_malformed(world, side, id_)
            return kind, side, RemoteRef(object_name, id_)
    known = ", ".join(name for kind in world.connection.kinds for name in kind.objects.of(side))
    raise Misunderstood(f"no kind has the {side} object {object_name!r}; there are: {known}")


def refuse_malformed(world: World, side: Side, id: str) -> None:
    """Before a vendor is asked for what can be no record of it, and says so in words that nobody can act on.

    :raises BadUsage: if ids of that side have another form.
    """
    told = world.connectors.of(side).capabilities
    if told.id_form and re.fullmatch(told.id_form, id) is None:
        raise Misunderstood(f"{id!r} is no id of the {side} side, where an id is {told.id_words}; look it up there")


def _as_its_vendor_names_it(world: World, kind: KindMapping, side: Side, ref: RemoteRef) -> Hit:
    """The link of a record, or the record alone. What no link has is asked for: an id may be written in another way, as
    those of 15 characters that Salesforce shows in reports.

    :raises BadUsage: if there is no such record.
    """
    hit = _of_record(world, kind.kind, side, ref)
    if hit.link is not None:
        return hit
    answer = next(iter(world.connectors.of(side).fetch(world.planner(kind.kind).lens.shape(side), [ref])), None)
    if isinstance(answer, Gone) and answer.how is Departure.INVISIBLE:
        raise BadUsage(f"{side}:{ref} is not there, or not to be seen by syncd; look it up in that system")
    if isinstance(answer, RemoteRecord) and answer.ref != ref:
        return _of_record(world, kind.kind, side, answer.ref)
    return hit


def _of_record(world: World, kind: str, side: Side, ref: RemoteRef) -> Hit:
    found = world.store.linked(kind, side, [ref]).get(ref)
    if found is not None:
        return Hit(kind, found.link, refs_of(found.link), side)
    nowhere: Pair[RemoteRef | None] = Pair(None, None)
    return Hit(kind, None, nowhere.replacing(side, ref))


def _by_address(world: World, kind: KindMapping, text: str) -> list[Hit]:
    """Links and records that have an address; one lone record on each side is one hit, since they would be matched."""
    linked: dict[str, Hit] = {}
    alone: Pair[list[RemoteRef]] = Pair([], [])
    for side in Side:
        for ref in dict.fromkeys(_with_address(world, kind, side, text)):
            hit = _of_record(world, kind.kind, side, ref)
            if hit.link is None:
                alone.of(side).append(ref)
            else:
                known = linked.setdefault(hit.link.id, hit)
                if known.named is not hit.named:
                    linked[hit.link.id] = replace(hit, named=None)
    nowhere: Pair[RemoteRef | None] = Pair(None, None)
    if not linked and all(len(refs) == 1 for refs in alone):
        return [Hit(kind.kind, None, Pair(alone.marketing[0], alone.crm[0]))]
    strays = [Hit(kind.kind, None, nowhere.replacing(side, ref)) for side in Side for ref in alone.of(side)]
    return [*linked.values(), *strays]


def _with_address(world: World, kind: KindMapping, side: Side, text: str) -> Sequence[RemoteRef]:
    planner = world.planner(kind.kind)
    fields = {mapping.name: mapping for mapping in planner.kind.fields}
    refs: list[RemoteRef] = []
    for rule in kind.match:
        mapping = fields.get(rule.field)
        wanted = match_keys("email", [text], excluded=frozenset())
        if rule.by != "email" or mapping is None or not wanted:
            continue
        slots: Mapping[str, tuple[str, ...]] = mapping.slots.of(side)
        found = world.connectors.of(side).find(planner.lens.shape(side), MatchKey("email", slots), wanted)
        refs += [record.ref for several in found.values() for record in several]
    return refs


def refs_of(link: Link) -> Pair[RemoteRef | None]:
    """The records of a link that there are."""
    return Pair(*((ref if (ref := link.refs.of(side)).id else None) for side in Side))
