"""Carries out what was decided on one kind, and remembers at the end what was read for it.

Cycle, resync and sweep share this: the brake, the writes of a plan that it lets through, then one settlement with
wishes, letters and cursors, the last of all. The first link of two filled systems goes in waves and stops after one
with too many refusals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

from syncd.core.deriving import RULE
from syncd.engine.apply import BILLED, UNKNOWN, Apply, Tally
from syncd.engine.brake import Brake
from syncd.engine.gathered import Gathered, look_again
from syncd.engine.lost import note_met
from syncd.engine.price import WAVES, waves
from syncd.engine.running import Running
from syncd.engine.world import World, learn_schema
from syncd.model.errors import NeedsOperator, RetryLater
from syncd.model.link import Parked, Topic
from syncd.model.plan import Action, Adopt, Decision, Hold, KindPlan, Relink, Settle, Update
from syncd.model.remote import RemoteRef
from syncd.model.routing import How
from syncd.model.values import MISSING, SIDES, Side
from syncd.model.write import Origin
from syncd.observe.log import emit
from syncd.ports.store import Settlement

REFUSALS_ALLOWED = 0.05


def carry_out(
    at_work: Running,
    plan: KindPlan,
    gathered: Gathered,
    *,
    origin: Origin,
    first_link: bool = False,
    approved: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> None:
    """Writes one kind's plan, then remembers what was read for it; the cursors move last.

    :param approved: whether a person has seen and approved the whole plan, so that the brake lets it through.
    """
    world = at_work.world
    _note_met(world, plan.kind, gathered)
    if any(letter.retry and letter.code == "BILLABLE" for letter in gathered.dead.values()):
        world.store.remember(BILLED, UNKNOWN, world.clock.now())  # a person may have changed it
    planner = world.planner(plan.kind)
    brake = Brake(world, planner, free=first_link or approved)
    known = {conflict.id: conflict for conflict in gathered.matches}
    apply = Apply(world, planner, brake, at_work.run.id, at_work.holding, at_work.tally, origin, progress, known)
    plan = brake.sift(plan)
    for decision in plan.decisions:
        if decision.routed is not None and decision.routed.how is How.NOBODY:
            emit("routing.nobody", kind=plan.kind, link=decision.link.id)
    if first_link:
        _in_waves(apply, plan)
    else:
        _all_at_once(apply, plan)
    if held := brake.ended(gathered):
        at_work.tally.note("held", by=held)
    run = at_work.run.id
    done = Settlement(
        requests_done=[request.id for request in gathered.carried],
        wishes=[
            *gathered.wishes,
            *(
                look_again(world, plan.kind, f"{side}:{ref}", salt=f":{run}")
                for side, ref in dict.fromkeys([*gathered.again, *_perhaps_settled(plan, gathered)])
            ),
        ],
        revive=[
            *(letter.id for letter in gathered.dead.values() if letter.retry and letter.id not in at_work.tally.buried),
            *_over(plan, gathered),
        ],
        unpark=_left_over(world, plan, gathered),
        links=gathered.followed,
        remnants=gathered.remnants,
        unremnant=gathered.unremnant,
        released=gathered.released,
        hints_done=gathered.hinted,
        cursors=gathered.cursors,
    )
    if done:
        world.settle(done)


def _note_met(world: World, kind: str, gathered: Gathered) -> None:
    """Notes what somebody wrote on records that wait for the ending of a write, wherever they were met: by a poll, a
    resync (outside its span, too) or the sweep. Nothing is decided on them, and the write may come over it.
    """
    awaited = [intent for intent in world.store.open_intents() if intent.kind == kind] if gathered.flying else []
    linked = world.store.by_link([intent.link for intent in awaited]) if awaited and gathered.passed else {}
    for intent in awaited:
        meeting = gathered.meetings.get(intent.link)
        record = meeting.seen.of(intent.side) if meeting is not None else None
        if meeting is not None and record is not None:
            note_met(world, intent, record, meeting.linked)
        elif intent.ref is not None and (told := gathered.passed.get((intent.side, intent.ref))) is not None:
            note_met(world, intent, told, linked.get(intent.link))


def _perhaps_settled(plan: KindPlan, gathered: Gathered) -> Iterator[tuple[Side, RemoteRef]]:
    """Records that are asked about beside one whose link has just changed: an address that was shared may be shared no
    longer, so that the question is none any more. They do not change themselves and would not be looked at.
    """
    changed = {
        (side, decision.link.refs.of(side))
        for decision in plan.decisions
        if any(isinstance(action, Update) or _moves(decision, action) for action in decision.actions)
        for side in SIDES
    }
    opened = (action.conflict for decision in plan.decisions for action in decision.actions if isinstance(action, Hold))
    for question in (*gathered.matches, *opened):
        if question.topic is Topic.MATCH and question.resolution is None and changed.intersection(question.refs):
            yield from (who for who in question.refs if who not in changed)


def _moves(decision: Decision, action: Action) -> bool:
    """Whether a Settle brings news. What is agreed already is settled again where it is told in other words, even in
    every cycle: as long as a field whose vendor field it reads beside its own waits.
    """
    before = {} if decision.base is None else decision.base.agreed
    return isinstance(action, Settle) and any(
        decision.agreed.get(name, MISSING) != before.get(name, MISSING) for name in action.fields
    )


def _over(plan: KindPlan, gathered: Gathered) -> Iterator[str]:
    """Dead letters of records for which nothing could be made, and nothing has to be any more: a counterpart was found
    for them by now, they are gone, or the rules want none.
    """
    over = gathered.departed.keys() | gathered.unmade
    yield from (each.id for ref, each in gathered.dead.items() if (each.side.other, ref) in over)
    for decision in plan.decisions if gathered.dead else ():
        if any(isinstance(action, Adopt | Relink) for action in decision.actions):
            for side in SIDES:
                letter = gathered.dead.get(decision.link.refs.of(side))
                if letter is not None and letter.side is side.other:
                    yield letter.id


def _left_over(world: World, plan: KindPlan, gathered: Gathered) -> list[tuple[str, Side, str]]:
    """Fields that were left out of a record which was not made either, and is not to be made any more: its origin is
    gone, wanted by no rule, or found its counterpart under another link. Those of a link that is there go by its own.
    """
    left_out = [row for rows in gathered.parked.values() for row in rows if row.asks]
    if not left_out:
        return []
    adopted = {
        (side, decision.link.refs.of(side)): decision.link.id
        for decision in plan.decisions
        if any(isinstance(action, Adopt) for action in decision.actions)
        for side in SIDES
    }
    over: list[Parked] = []
    for row in left_out:
        origin = (row.side.other, row.ref)
        if origin in gathered.departed or origin in gathered.unmade or adopted.get(origin, row.link) != row.link:
            over.append(row)
    there = world.store.by_link([row.link for row in over]) if over else {}
    return [(row.link, row.side, row.field) for row in over if row.link not in there]


def check_clears(world: World, plan: KindPlan) -> None:
    """A vendor that changes a field's type empties it everywhere: before any clear, carried or held, it is asked anew.

    :raises RetryLater: if it changed; nothing of the plan may be written then.
    """
    if not any(_clears(action) for decision in plan.decisions for action in decision.actions):
        return
    kind = next(kind for kind in world.connection.kinds if kind.kind == plan.kind)
    before = world.terms[plan.kind].fingerprints
    if learn_schema(world, kind, at_least=timedelta(0)).fingerprints != before:
        raise RetryLater(
            f"{plan.kind}: a vendor changed the schema of mapped fields while values were about to be cleared; nothing "
            "was written. `syncd drift list` says whether a field rests for it; the next cycle goes on with the others"
        )


def _clears(action: Action) -> bool:
    """Whether a value would be gone on one side, or a person asked whether it may be; what syncd computes comes from
    no vendor.
    """
    if isinstance(action, Update):
        return any(change.after is None and not change.rule.startswith(RULE) for change in action.changes)
    return isinstance(action, Hold) and action.conflict.topic is Topic.CLEAR


def _all_at_once(apply: Apply, plan: KindPlan) -> None:
    apply.unwritten(plan)
    apply.writes(plan.decisions)
    apply.forget(plan.decisions)


def _in_waves(apply: Apply, plan: KindPlan) -> None:
    for wave in waves(plan.decisions):
        before = apply.tally.counts.total()
        refused = _refusals(apply.tally)
        _all_at_once(apply, replace(plan, decisions=wave))
        written = apply.tally.counts.total() - before
        share = (_refusals(apply.tally) - refused) / max(1, written)
        if share > REFUSALS_ALLOWED and len(wave) >= WAVES[0]:
            emit("wave.stopped", kind=plan.kind, records=len(wave), share=round(share, 3), limit=REFUSALS_ALLOWED)
            raise NeedsOperator(
                f"{plan.kind}: {share:.0%} of a wave of {len(wave):,} was refused and the first link stopped there; "
                "look at `syncd dead-letters list` and `syncd status`, mend the cause and run `syncd sync` again"
            )


def _refusals(tally: Tally) -> int:
    return sum(number for name, number in tally.counts.items() if name.startswith("refused"))
