"""``assess``: reads both systems once, through connectors that cannot write, and says what is wrong between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from syncd.engine.native import look
from syncd.engine.readonly import ReadOnly
from syncd.engine.world import World
from syncd.model.errors import Bug
from syncd.model.mapping import KindMapping
from syncd.model.native import Look
from syncd.model.persona import Persona
from syncd.model.values import SIDES, Pair, Side
from syncd.operations.assess import PERSON, Assessing, KindFound, PeopleFound, Terms
from syncd.operations.assess_company import Associations, Counterparts, compare
from syncd.operations.assess_delays import Delays, delays
from syncd.operations.assess_native import native_section
from syncd.operations.assess_reading import qualified_since, read_both, readable
from syncd.operations.assess_report import Assessment
from syncd.operations.assess_stuck import Stuck, stuck
from syncd.ports.scratch import Scratch

LOT: Final = 500


def assess(
    world: World,
    open_scratch: Callable[[], Scratch],
    terms: Terms,
    *,
    systems: Pair[str],
    told: Callable[[str, Side, int], None] = lambda _kind, _side, _n: None,
) -> Assessment:
    """Reads and counts; one kind after the other, so that only one is in the scratch.

    :param told: called after each page with the kind, the side, and how many of its records were read.
    :raises Bug: if the world's connectors can write.
    """
    if not all(isinstance(connector, ReadOnly) for connector in world.connectors):
        raise Bug("an assessment was asked of connectors that can write")
    users = Pair(*(tuple(world.connectors.of(side).users()) for side in SIDES))
    kinds: list[tuple[KindMapping, KindFound]] = []
    people = PeopleFound()
    counterparts = Counterparts()
    pointed = {each.kind for kind in world.connection.kinds for each in kind.fields if each.kind}
    associations: tuple[Associations, ...] = ()
    took: Delays | None = None
    waiting: tuple[Stuck, ...] | None = None
    native: dict[str, Look] = {}
    for kind in world.connection.kinds:
        known = readable(world, kind, users)
        native[kind.kind] = look(world, known.kind, known.schemas, lambda: users.crm)
        scratch = open_scratch()
        try:
            made = read_both(world, known, scratch, partial(told, kind.kind))
            assessing = Assessing(known, scratch, terms, world.clock.now())
            assessing.count(made)
            if kind.kind in pointed:
                counterparts.learn(scratch)
            if kind.kind == PERSON:
                associations = compare(known, scratch, counterparts)
                took = delays(world, known, scratch, terms.lifecycle)
                waiting = stuck(world, known, scratch, terms.lifecycle)
        finally:
            scratch.close()
        kinds.append((known.kind, assessing.found))
        if kind.kind == PERSON:
            people = assessing.people
            refs = [each.ref for each in people.unseen]
            for start in range(0, len(refs), LOT):
                assert terms.lifecycle is not None
                since = qualified_since(world, known, terms.lifecycle.field, refs[start : start + LOT])
                for each in people.unseen[start : start + LOT]:
                    if each.ref in since:
                        each.at, each.surely = since[each.ref], True
    stages = {} if terms.lifecycle is None else {stage.key: stage.name for stage in terms.lifecycle.stages}
    quotas = Pair(*(world.connectors.of(side).quota() for side in SIDES))
    return Assessment(
        kinds=tuple(kinds),
        people=people,
        stages=stages,
        personas=_named(terms.profiles.personas if terms.profiles else ()),
        systems=systems,
        now=world.clock.now(),
        calls=quotas.map(lambda quota: quota.calls),
        associations=associations,
        delays=took,
        stuck=waiting,
        native=native_section(native),
    )


def _named(personas: tuple[Persona, ...]) -> Mapping[str, str]:
    return {persona.key: persona.name for persona in personas}
