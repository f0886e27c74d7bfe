"""One cycle of one connection: lease, recover, prepare, guard, apply, and the cursors last.

The lease is ours (docs/decisions.md 3): two cycles of one connection never write at once, whoever started them. The
first link of two filled systems is a preview: nothing is written until a person approves exactly that plan by its
digest; then it goes in waves of 10, 100 and the rest, and stops after a wave with too many refusals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from syncd.engine.apply import BILLED, UNKNOWN, Apply, Tally
from syncd.engine.gathered import look_again
from syncd.engine.lease import Holding, take_lease
from syncd.engine.prepare import Prepared, prepare
from syncd.engine.price import WAVES, waves
from syncd.engine.recover import recover
from syncd.engine.world import World, learn_schema, make_ready, no_lease
from syncd.model.errors import LeaseLost, NeedsOperator, RetryLater, SyncdError
from syncd.model.plan import Adopt, Create, KindPlan, Plan, Update
from syncd.model.run import Request, Run, RunState
from syncd.model.write import Origin
from syncd.observe.log import bound, emit
from syncd.ports.store import Settlement

REFUSALS_ALLOWED = 0.05
APPROVE = "approve"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a cycle ended: its run, its plan, and whether the plan waits for an approval."""

    run: Run
    plan: Plan | None
    needs_approval: bool = False


Progress = Callable[[int, int], None]
"""Told how many writes are settled and how many there are."""


def _silent(_done: int, _all: int) -> None:
    return


def plan_only(world: World, *, full: bool = False, recreate: Sequence[str] = ()) -> Prepared:
    """What a cycle would do now; nothing is stored but what the vendors' schemas and users look like."""
    make_ready(world)
    return prepare(world, full=full, recreate=recreate)


def sync(
    world: World,
    *,
    approve: str | None = None,
    wait: float = 60.0,
    full: bool = False,
    recreate: Sequence[str] = (),
    progress: Progress = _silent,
) -> Ended:
    """One whole cycle. ``recreate`` are ids of tombstones whose missing records are made again."""
    holding = take_lease(world, wait=wait)
    world.keep_lease = lambda: _keep(holding)
    run = Run(
        id=world.chance.identifier(),
        connection=world.connection.name,
        command="sync",
        who=world.who,
        started_at=world.clock.now(),
    )
    tally = Tally()
    with bound(connection=world.connection.name, run=run.id):
        try:
            emit("run.started", command="sync", mode=world.connection.mode, who=world.who)
            world.store.save_run(run)
            ended = _Cycle(world, holding, run, tally, progress).go(approve=approve, full=full, recreate=recreate)
        except SyncdError as trouble:
            if isinstance(trouble, LeaseLost):
                emit("lease.lost", holder=holding.lease.holder, epoch=holding.lease.epoch)
            emit("run.failed", command="sync", error=type(trouble).__name__, what=str(trouble))
            failed = _finish(world, run, tally, RunState.PARTIAL if tally.counts else RunState.FAILED, str(trouble))
            _close(world, failed, holding)
            raise
        except BaseException as trouble:
            what = "interrupted; what was in flight is settled next time"
            emit("run.failed", command="sync", error=type(trouble).__name__, what=what)
            stopped = _finish(world, run, tally, RunState.PARTIAL, what)
            _close(world, stopped, holding)
            raise
        finally:
            world.keep_lease = no_lease
        holding.release()
        return ended


def _close(world: World, run: Run, holding: Holding) -> None:
    """Writes down how a run broke off. If the store is in trouble too, what broke the run is still what is told."""
    try:
        try:
            world.store.save_run(run)
        finally:
            holding.release()
    except SyncdError as trouble:
        emit("run.failed", command=run.command, error=type(trouble).__name__, what=str(trouble))


def _keep(holding: Holding) -> None:
    holding.keep()


class _Cycle:
    """The steps of one cycle under a lease."""

    def __init__(self, world: World, holding: Holding, run: Run, tally: Tally, progress: Progress) -> None:
        self.world = world
        self.holding = holding
        self.run = run
        self.tally = tally
        self.progress = progress
        self.settled = 0
        self.total = 0

    def go(self, *, approve: str | None, full: bool, recreate: Sequence[str]) -> Ended:
        """Recover, prepare, guard, apply, remember."""
        world = self.world
        make_ready(world)
        still_open = recover(world)
        prepared = prepare(world, full=full, recreate=recreate)
        plan = prepared.plan
        self._told(plan)
        if still_open:
            self.tally.note("in_flight", by=still_open)
            self.tally.partial = True
        if plan.first_link and not self._approved(plan, approve):
            emit("first_link.preview", digest=plan.digest)
            run = _finish(world, replace(self.run, digest=plan.digest), self.tally, RunState.HELD, "")
            world.store.save_run(run)
            return Ended(run, plan, needs_approval=True)
        if world.connection.mode == "shadow":
            run = _finish(world, replace(self.run, digest=plan.digest), self.tally, RunState.DONE, "shadow")
            world.store.save_run(run)
            return Ended(run, plan)
        self._check_clears(plan)
        self._carry_out(prepared, full=full)
        state = RunState.PARTIAL if self.tally.partial else RunState.DONE
        run = _finish(world, replace(self.run, digest=plan.digest), self.tally, state, "")
        world.store.save_run(run)
        return Ended(run, plan)

    def _told(self, plan: Plan) -> None:
        creates = sum(1 for action in plan.actions() if isinstance(action, Create))
        updates = sum(1 for action in plan.actions() if isinstance(action, Update))
        self.total = creates + updates
        emit("cycle.planned", digest=plan.digest, creates=creates, updates=updates)

    def _approved(self, plan: Plan, digest: str | None) -> bool:
        """Whether the first link may be written: nothing to write, approved now, or approved and interrupted before."""
        weight = sum(1 for action in plan.actions() if isinstance(action, Adopt | Create))
        if not weight and not any(isinstance(action, Update) for action in plan.actions()):
            return True
        given = next((request for request in self.world.store.requests() if request.wish == APPROVE), None)
        if given is not None and weight <= int(given.argument.partition(" ")[2] or 0):
            return True
        if digest is None or digest != plan.digest:
            return False
        self.world.store.approve(
            Request(
                id=f"{APPROVE}:{digest}",
                connection=self.world.connection.name,
                wish=APPROVE,
                argument=f"{digest} {weight}",
                who=self.world.who,
                at=self.world.clock.now(),
            )
        )
        return True

    def _check_clears(self, plan: Plan) -> None:
        """A vendor that changes a field's type empties it everywhere: before any clear, the schema is read anew."""
        clearing = {
            decision.kind
            for decision in plan.decisions()
            for action in decision.actions
            if isinstance(action, Update) and any(change.after is None for change in action.changes)
        }
        for kind in self.world.connection.kinds:
            if kind.kind in clearing:
                before = self.world.terms[kind.kind].fingerprints
                after = learn_schema(self.world, kind, at_least=timedelta(0)).fingerprints
                if before != after:
                    raise RetryLater(
                        f"{kind.kind}: a vendor changed the schema of mapped fields while values were about to be "
                        "cleared; nothing was written, run `syncd check` and `syncd plan` and look at the clears"
                    )

    def _carry_out(self, prepared: Prepared, *, full: bool) -> None:
        plan = prepared.plan
        for kind_plan, gathered in zip(plan.kinds, prepared.gathered, strict=True):
            if any(letter.retry and letter.code == "BILLABLE" for letter in gathered.dead.values()):
                self.world.store.remember(BILLED, UNKNOWN, self.world.clock.now())  # a person may have changed it
            apply = Apply(
                self.world,
                self.world.planner(kind_plan.kind),
                self.run.id,
                self.holding,
                self.tally,
                Origin.BACKFILL if plan.first_link else Origin.RESYNC if full else Origin.LIVE,
                self._one_more,
            )
            if plan.first_link:
                self._in_waves(apply, kind_plan)
            else:
                apply.unwritten(kind_plan)
                apply.writes(kind_plan.decisions)
                apply.forget(kind_plan.decisions)
            done = Settlement(
                requests_done=[request.id for request in gathered.carried],
                wishes=[
                    *gathered.wishes,
                    *(
                        look_again(self.world, kind_plan.kind, f"{side}:{ref}", salt=f":{self.run.id}")
                        for side, ref in gathered.again
                    ),
                ],
                revive=[
                    letter.id
                    for letter in gathered.dead.values()
                    if letter.retry and letter.id not in self.tally.buried
                ],
                remnants=gathered.remnants,
                unremnant=gathered.unremnant,
                cursors=gathered.cursors,
            )
            self._remember(done)
        if plan.first_link:
            approvals = [request.id for request in self.world.store.requests() if request.wish == APPROVE]
            self._remember(Settlement(requests_done=approvals))

    def _remember(self, settlement: Settlement) -> None:
        if settlement:
            self.world.store.settle(settlement, self.world.clock.now())

    def _in_waves(self, apply: Apply, plan: KindPlan) -> None:
        for wave in waves(plan.decisions):
            before = self.tally.counts.total()
            refused = _refusals(self.tally)
            apply.unwritten(replace(plan, decisions=wave))
            apply.writes(wave)
            apply.forget(wave)
            written = self.tally.counts.total() - before
            share = (_refusals(self.tally) - refused) / max(1, written)
            if share > REFUSALS_ALLOWED and len(wave) >= WAVES[0]:
                emit("wave.stopped", kind=plan.kind, records=len(wave), share=round(share, 3), limit=REFUSALS_ALLOWED)
                raise NeedsOperator(
                    f"{plan.kind}: {share:.0%} of a wave of {len(wave)} was refused and the first link stopped there; "
                    "look at `syncd dead-letters list` and `syncd status`, mend the cause and run `syncd sync` again"
                )

    def _one_more(self, written: int) -> None:
        self.settled += written
        self.progress(self.settled, max(self.total, self.settled))


def _refusals(tally: Tally) -> int:
    return sum(number for name, number in tally.counts.items() if name.startswith("refused"))


def _finish(world: World, run: Run, tally: Tally, state: RunState, trouble: str) -> Run:
    ended = replace(run, state=state, finished_at=world.clock.now(), counts=dict(tally.counts), trouble=trouble)
    seconds = (world.clock.now() - run.started_at).total_seconds()
    calls = sum(connector.quota().calls for connector in world.connectors)
    emit(
        "run.finished",
        command="sync",
        state=str(state),
        ms=round(seconds * 1000),
        counts=dict(tally.counts),
        calls=calls,
    )
    return ended
