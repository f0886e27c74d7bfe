"""What the store alone knows of one record: the same explanation, where no vendor is or can be asked.

For the time in which a vendor does not answer, and for stores that are looked at elsewhere. What both sides agreed on
last, what syncd wrote, what waits and every move between the teams are told as ever; what either side shows now, its
vendor's history and what the next cycle would do are not, and it says so.
"""

from __future__ import annotations

from collections.abc import Mapping

from syncd.engine.world import World
from syncd.model.beside import journey_of
from syncd.model.errors import BadUsage
from syncd.model.lifecycle import Journey
from syncd.model.link import Base
from syncd.model.mapping import FieldMapping
from syncd.model.values import MISSING, Canonical, Missing, Pair, Side, Wire
from syncd.operations.changes import written_events
from syncd.operations.explain import Explanation, FieldStory, Told, Waits, handoffs_told
from syncd.operations.finding import Hit, refs_of
from syncd.operations.searching import search

MOST = 20
NOT_ASKED = "not asked"
UNKNOWN = "unknown: neither vendor was asked; what stands here is what both sides agreed on last"


def recalled_hits(world: World, text: str) -> list[Hit]:
    """Every linked record that the text may mean, by the store alone."""
    objects = {kind.kind: kind.objects for kind in world.connection.kinds}
    found = search(world.store, text, objects=objects, limit=MOST).found
    return [Hit(each.link.kind, each.link, refs_of(each.link)) for each in found]


def recall(world: World, hit: Hit, *, field: str | None = None) -> Explanation:
    """Explains one hit, all its fields or one, from the store; calls nobody.

    :raises BadUsage: if the kind has no such field.
    """
    kind = next(kind for kind in world.connection.kinds if kind.kind == hit.kind)
    mappings = [mapping for mapping in kind.fields if field is None or mapping.name == field]
    if not mappings:
        known = ", ".join(mapping.name for mapping in kind.fields)
        raise BadUsage(f"the kind {hit.kind} has no field {field!r}; there are: {known}")
    assert hit.link is not None, "what the store finds is linked"
    found = world.store.by_link([hit.link.id]).get(hit.link.id)
    base = None if found is None else found.base
    waits = Waits(world, hit)
    return Explanation(
        kind=hit.kind,
        link=hit.link,
        refs=hit.refs,
        departed=(),
        fields=tuple(_field(mapping, hit, base) for mapping in mappings),
        events=tuple(written_events(world, hit, mappings)),
        next=(UNKNOWN,),
        conflicts=waits.conflicts,
        parked=waits.parked,
        dead=waits.dead,
        intents=waits.intents,
        handoffs=handoffs_told(world, hit) if field is None else None,
    )


def _field(mapping: FieldMapping, hit: Hit, base: Base | None) -> FieldStory:
    """One field as it was agreed on last."""
    agreed: Canonical | Missing = MISSING if base is None else base.agreed.get(mapping.name, MISSING)
    nobody: Pair[Told | None] = Pair(Told({}, MISSING, NOT_ASKED), Told({}, MISSING, NOT_ASKED))
    confirmed = Pair(*(_confirmed(mapping, hit, base, side) for side in Side))
    kept = None if base is None or mapping.derive is not None else base.agreed.get(journey_of(mapping.name))
    journey = None if kept is None else Journey.read(kept)
    return FieldStory(mapping, nobody, agreed, confirmed, NOT_ASKED, journey=journey)


def _confirmed(mapping: FieldMapping, hit: Hit, base: Base | None, side: Side) -> Mapping[str, Wire]:
    ref = hit.refs.of(side)
    known: Mapping[str, Wire] = {} if base is None else base.confirmed.of(side)
    names = () if ref is None else mapping.slots.of(side).get(ref.object, ())
    return {name: known[name] for name in names if name in known}
