"""Who moved a person from which stage to which, since both sides last agreed: from the vendors' own histories.

Asked only for records whose stage is another than their side last confirmed, many in one call, and only of that side.
No clock decides what is new: the stage that was last confirmed is looked for in the history, and what follows it up to
the stage that was read is what happened since. So a write of syncd's own is never a move: it is what was confirmed. Of
a change under syncd's own name that is not such a write the vendor's automation is the author, and of one by somebody
whom the vendor does not list nobody is known. Where a history tells nothing, the stage itself is all there is to judge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from syncd.core.known import Moved
from syncd.core.normalize import Directory, Invalid
from syncd.core.planner import Planner, digest
from syncd.core.staging import Moves
from syncd.core.teams import author_of_user
from syncd.engine.world import World
from syncd.model.lifecycle import AUTOMATION, NOBODY_KNOWN, Author, AuthorSort, Move
from syncd.model.link import Linked
from syncd.model.mapping import KindMapping
from syncd.model.plan import Create, Decision
from syncd.model.remote import FieldEvent, RemoteRecord, RemoteRef
from syncd.model.routing import QUEUE
from syncd.model.values import MISSING, SIDES, FieldType, Pair, Side, Wire

BACK = timedelta(days=3650)
"""How far a history is read: to its beginning."""
JUDGED = "stages:{kind}"
"""Under which name it is remembered by which lifecycle and teams the listed moves of a kind were judged last."""
Meetings = Sequence[tuple[Linked, Pair[RemoteRecord | None]]]


def judged_otherwise(world: World, kind: KindMapping) -> bool:
    """Whether lifecycle or teams have changed since the listed moves were judged: then they are looked at again."""
    if kind.agreed is None:
        return False
    remembered = world.store.recall(JUDGED.format(kind=kind.kind))
    return remembered is None or remembered[0].decode() != digest(repr(kind.agreed))


def note_judged(world: World, kind: KindMapping) -> None:
    """All listed moves of a kind were judged by its present lifecycle and teams."""
    if judged_otherwise(world, kind):
        content = digest(repr(kind.agreed)).encode()
        world.store.remember(JUDGED.format(kind=kind.kind), content, world.clock.now())


def moves_of(world: World, planner: Planner, met: Meetings) -> dict[str, Moves]:
    """The moves of each of these linked records, by link and side, oldest first; one call a side and lot."""
    assert planner.stages is not None, "only a kind with a lifecycle is asked for moves"
    moved = [planner.stages.moved(linked, seen) for linked, seen in met]
    queues = Pair([""] * len(met), [_queue_of(planner, linked) for linked, _ in met])
    told = Pair(*(_told(world, planner, side, [each.of(side) for each in moved], queues.of(side)) for side in SIDES))
    pairs = zip(told.marketing, told.crm, strict=True)
    return {linked.link.id: Pair(*pair) for (linked, _), pair in zip(met, pairs, strict=True)}


def with_arrivals(world: World, planner: Planner, decisions: Sequence[Decision]) -> list[Decision]:
    """The decisions, of which those that make somebody's counterpart know how that person came into their stage.
    Another one may be on the same link, as that which closes what was asked about a record.

    Asked only for stages that the ledger is kept of.
    """
    stages = planner.stages
    asked = {
        place: (decision, create)
        for place, decision in enumerate(decisions)
        if stages is not None and stages.asks_after(decision.agreed.get(stages.name, MISSING))
        for create in decision.actions
        if isinstance(create, Create)
    }
    if not asked:
        return list(decisions)
    moves = moves_of(world, planner, [(Linked(each.link, None), each.seen) for each, _ in asked.values()])
    told = list(decisions)
    for place, (decision, create) in asked.items():
        side = create.side.other
        record = decision.seen.of(side)
        assert record is not None, "a counterpart is made of a record"
        told[place] = planner.arrived(decision, side, record, moves[decision.link.id])
    return told


def _queue_of(planner: Planner, linked: Linked) -> str:
    """The queue that had a record of the CRM when both sides last agreed; empty if it was somebody's, or nobody's.

    Whoever picks it up and moves it in one go has worked from the queue.
    """
    owner = next((each.name for each in planner.kind.fields if each.type is FieldType.OWNER), None)
    ref, base = linked.link.refs.crm, linked.base
    columns = () if owner is None else planner.slots(Side.CRM, ref.object).get(owner, ())
    if owner is None or base is None or not columns or any(each not in base.confirmed.crm for each in columns):
        return ""
    value = planner.lens.read(Side.CRM, ref.object, owner, tuple(base.confirmed.crm[each] for each in columns))
    return value.removeprefix(QUEUE) if isinstance(value, str) and value.startswith(QUEUE) else ""


def _told(
    world: World, planner: Planner, side: Side, moved: Sequence[Moved | None], queues: Sequence[str]
) -> list[tuple[Move, ...]]:
    connector = world.connectors.of(side)
    asked = [each for each in moved if each is not None]
    events: dict[RemoteRef, list[FieldEvent]] = defaultdict(list)
    if asked and connector.capabilities.history:
        refs = list(dict.fromkeys(each.record.ref for each in asked))
        fields = sorted({name for each in asked for name in each.fields})
        for event in connector.history(refs, fields, world.clock.now() - BACK):
            events[event.ref].append(event)
    people = people_of(world.context.users.of(side))
    return [
        () if each is None else tuple(_moves(planner, side, each, events[each.record.ref], people, queue))
        for each, queue in zip(moved, queues, strict=True)
    ]


def people_of(directory: Directory) -> dict[str, Author]:
    """Who each user is, by the id that the vendor's history names them with; who has no address is known by name."""
    return {user.author or user.id: author_of_user(user) for user in directory.by_id.values()}


def _moves(
    planner: Planner, side: Side, moved: Moved, events: Sequence[FieldEvent], people: dict[str, Author], queue: str
) -> Iterable[Move]:
    """What happened after the last time the confirmed stage was shown, up to the last time of the one that was read.

    :param queue: from which the authors worked; empty for none.
    """
    assert planner.stages is not None
    record = moved.record
    now = tuple(record.fields.get(name) for name in moved.fields)
    stages = planner.stages
    shown = stages.read(side, record.ref.object, now)
    trail = [
        (stage, last)
        for wires, last in _forms(moved.fields, now, events)
        if not isinstance(stage := stages.read(side, record.ref.object, wires), Invalid)
    ]
    end = next((n for n in range(len(trail) - 1, -1, -1) if trail[n][0] == shown), None)
    if end is None:
        return
    # A record was made with a stage that its history does not tell: then all of it came later.
    begin = next((n + 1 for n in range(end - 1, -1, -1) if trail[n][0] == moved.before), 0)
    for stage, event in trail[begin : end + 1]:
        yield Move(None if stage is None else str(stage), author_of(event, people, queue), event.at)


def _forms(
    fields: tuple[str, ...], now: tuple[Wire, ...], events: Sequence[FieldEvent]
) -> Iterable[tuple[tuple[Wire, ...], FieldEvent]]:
    """What the vendor fields of a stage held together, after each change; those of one moment are one change.

    A field without a history has held what it holds. One with a history was empty before it.
    """
    told = {event.field for event in events}
    held = {name: None if name in told else wire for name, wire in zip(fields, now, strict=True)}
    mine = [event for event in events if event.field in held]
    for number, event in enumerate(mine):
        held[event.field] = event.value or None
        following = mine[number + 1] if number + 1 < len(mine) else None
        if following is None or following.at != event.at:
            yield tuple(held[name] for name in fields), event


def author_of(event: FieldEvent, people: dict[str, Author], queue: str) -> Author:
    """Who made a change; ``queue`` is the one they worked from, empty for none."""
    if event.sort is AuthorSort.SYSTEM:
        return AUTOMATION
    known = people.get(event.author, NOBODY_KNOWN)
    return replace(known, queue=queue) if queue and known.sort is AuthorSort.USER else known
