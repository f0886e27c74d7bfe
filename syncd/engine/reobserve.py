"""After a restored backup: both sides are compared whole, nothing is written, and a person says when to go on.

The Bases of an older store look like any others, and a value that one side has again since then would pass for
unchanged, so that an edit would be written over. So every linked record is read on both sides and decided on *in doubt*
(``core.doubt.merge_in_doubt``): what agrees moves the Base, what differs becomes a conflict that no policy ends; links
that were made since are found again by the key fields, and a lone record whose key names one that is gone gets the
tombstone it had. What people chose about values before is dropped, since it was carried out long ago or is out of date.
Writes that hold in any case (an opt-out, a one-way field, a missing key) are left to the first cycle after the
acceptance, which also reads again all that changed since the copy was made: no cursor moves here, and no request is
carried out.

A store that is empty and of which a person says that it was lost is made again in the same way, from the keys alone:
what has none is left to the first link, which is previewed and approved as ever.

Killed anywhere, it begins again; what it settled by then is not settled twice. The connectors cannot write.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from syncd.core.planner import Planner
from syncd.engine.gathered import Gathered, look_again
from syncd.engine.prepare import prepare
from syncd.engine.readonly import ReadOnly
from syncd.engine.recover import recover
from syncd.engine.running import Running
from syncd.engine.settle import Ledger, settle_unwritten
from syncd.engine.world import World
from syncd.model.errors import NeedsOperator
from syncd.model.link import ABOUT_A_FIELD, Link, LinkState, Proof
from syncd.model.plan import Adopt, Create, Decision, Hold, KindPlan, Relink, Settle, Update
from syncd.model.remote import RemoteRef
from syncd.model.run import Restored, Run, RunState
from syncd.observe.log import emit
from syncd.ports.store import Settlement

LOT: Final = 1_000
ADVICE: Final = (
    "run `syncd sync`, which compares and writes nothing, look at `syncd conflicts list`, then "
    "`syncd store accept-restored`"
)


def refuse_restored(world: World) -> None:
    """:raises NeedsOperator: if the store was restored and nobody has accepted that yet."""
    restored = world.store.restored()
    if restored is not None and world.connection.mode != "shadow":
        raise NeedsOperator(f"connection {world.connection.name}: {restored.why}; nothing was written. {ADVICE}")


def reobserve(at_work: Running, restored: Restored) -> Run:
    """Compares once, then waits. Returns the run as it ended: held, with what was found."""
    world = at_work.world
    if restored.compared is None:
        world = replace(world, connectors=world.connectors.map(ReadOnly), doubtful=True)
        _forget_choices(world)
        still_open = recover(world)
        prepared = prepare(world, full=True)
        lost = not world.store.cursors()
        for plan, gathered in zip(prepared.plan.kinds, prepared.gathered, strict=True):
            _carry_out(at_work, world, plan, gathered, lost=lost)
        if still_open:
            at_work.tally.note("in_flight", by=still_open)
        else:
            world.store.note_restored(replace(restored, compared=world.clock.now()))
            emit("store.compared", counts=dict(at_work.tally.counts))
    return at_work.end(RunState.HELD, trouble=f"{restored.why}: nothing is written until a person accepts it")


def _forget_choices(world: World) -> None:
    """Takes back what people chose about values that are older than what stands there now."""
    chosen = [row.id for row in world.store.conflicts() if row.resolution and row.topic in ABOUT_A_FIELD]
    if chosen:
        world.settle(Settlement(unconflict=chosen))


def _carry_out(at_work: Running, world: World, plan: KindPlan, gathered: Gathered, *, lost: bool) -> None:
    """Remembers what was found out of one kind. A kind whose first link is not done yet has its own approval; of a lost
    store that is every kind, and then only what the keys prove is remembered.
    """
    if _first(world, plan.kind) and not lost:
        return
    decisions = [each for each in plan.decisions if not lost or _proven(each)]
    tally = at_work.tally
    ledger = Ledger(world, world.planner(plan.kind))
    for lot in _lots(decisions):
        settlement = Settlement()
        for decision in lot:
            _decided(at_work, ledger, decision, gathered, settlement)
        for conflict in settlement.conflicts:
            tally.note("conflicts")
            emit(
                "conflict.opened",
                kind=conflict.kind,
                conflict=conflict.id,
                topic=str(conflict.topic),
                field=conflict.field or "",
            )
        if settlement:
            world.settle(settlement)
        world.keep_lease()
    if unchanged := gathered.nothing.get("unchanged", 0):
        tally.note("unchanged", by=unchanged)


def _proven(decision: Decision) -> bool:
    """Whether the keys say what is linked, or once was; a mere match has the approval of a first link to wait for."""
    return decision.link.proof is Proof.KEY or any(isinstance(each, Create) for each in decision.actions)


def _decided(at_work: Running, ledger: Ledger, decision: Decision, gathered: Gathered, settlement: Settlement) -> None:
    """Keeps of one decision what needs no vendor; a record that is to be written is looked at again once it may be."""
    tally = at_work.tally
    kept = tuple(each for each in decision.actions if isinstance(each, Adopt | Relink | Settle | Hold))
    if kept:
        settle_unwritten(ledger, replace(decision, actions=kept, overruled={}), settlement)
    if any(isinstance(each, Settle) for each in kept):
        tally.note("settled")
    for action in decision.actions:
        if isinstance(action, Update):
            tally.note("would.update", action.side)
            settlement.wishes.append(look_again(ledger.world, decision.kind, f"link:{decision.link.id}"))
        elif isinstance(action, Create):
            grave = _grave(ledger.planner, decision, action, gathered)
            tally.note("tombstones" if grave else "would.create", action.side)
            settlement.links.extend([grave] if grave else ())


def _grave(planner: Planner, decision: Decision, create: Create, gathered: Gathered) -> Link | None:
    """The tombstone of a link that the copy does not know: a lone record whose key names one that is nowhere any more.

    It was linked and its counterpart deleted since; made again by itself it would come back from the dead.
    """
    record = gathered.strays.of(create.side.other).get(create.origin)
    key = record.fields.get(planner.kind.key.of(create.side.other)) if record is not None else None
    if not key:
        return None
    refs = decision.link.refs.replacing(create.side, RemoteRef(create.object, str(key)))
    return replace(decision.link, refs=refs, state=LinkState.TOMBSTONE, gone=create.side)


def _first(world: World, kind: str) -> bool:
    read = {row.side for row in world.store.cursors() if row.kind == kind and row.stream == "changes"}
    return len(read) < len(tuple(world.connectors))


def _lots(decisions: Sequence[Decision]) -> Iterator[Sequence[Decision]]:
    for start in range(0, len(decisions), LOT):
        yield decisions[start : start + LOT]
