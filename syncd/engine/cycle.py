"""One cycle of one connection: lease, recover, prepare, guard, apply, and the cursors last.

The lease is ours (docs/decisions.md 3): two cycles of one connection never write at once, whoever started them. The
first link of two filled systems is a preview: nothing is written until a person approves exactly that plan by its
digest; then it goes in waves of 10, 100 and the rest, and stops after a wave with too many refusals. A store that was
restored from an older copy is compared and waits for a person, too (``reobserve``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from syncd.engine.backlog import catching_up, stuck
from syncd.engine.carry import carry_out, check_clears
from syncd.engine.foreseeing import foresee
from syncd.engine.lateness import escalate, tell_unheard
from syncd.engine.moves import note_judged
from syncd.engine.plans import plan_digest
from syncd.engine.prepare import Prepared, prepare
from syncd.engine.previewing import note_preview
from syncd.engine.reconcile import note_agreement, reconcile
from syncd.engine.recover import recover
from syncd.engine.reobserve import reobserve
from syncd.engine.returning import hand_on
from syncd.engine.running import Progress, Running, running, silent
from syncd.engine.sentinel import before_taking_away, refuse_others, renew
from syncd.engine.shadow import catch_up, leave, look
from syncd.engine.showing import show_ledger
from syncd.engine.signals import append_signals, hears_of_sales
from syncd.engine.sparing import interval, urgently, waits
from syncd.engine.terms import follow
from syncd.engine.world import World, compared_now, filled, make_ready, note_filled
from syncd.model.plan import Adopt, Create, Hold, Plan, Update
from syncd.model.run import APPROVE, Request, Run, RunState
from syncd.model.values import SIDES, Lane
from syncd.model.write import Origin
from syncd.observe.log import emit
from syncd.ports.memory import POLLED
from syncd.ports.store import Settlement


@dataclass(frozen=True, slots=True)
class Ended:
    """How a cycle ended: its run, its plan, and whether the plan waits for an approval."""

    run: Run
    plan: Plan | None
    needs_approval: bool = False


def plan_only(world: World, *, full: bool = False, recreate: Sequence[str] = ()) -> Prepared:
    """What a cycle would do now; nothing is stored but what the vendors' schemas and users look like."""
    with _reading(world, full=full):
        make_ready(world)
        restored = world.store.restored()
        if restored is not None and restored.compared is None:
            return prepare(replace(world, doubtful=True), full=True, recreate=recreate)
        prepared = prepare(world, full=full, recreate=recreate)
        return replace(prepared, plan=_with_appends(world, prepared.plan))


def _with_appends(world: World, plan: Plan) -> Plan:
    """A plan that nobody is about to carry out, with what a cycle would add beside it."""
    appends = () if plan.first_link else foresee(world)
    return replace(plan, appends=appends, digest=plan_digest(plan.kinds, appends)) if appends else plan


def sync(
    world: World,
    *,
    approve: str | None = None,
    wait: float = 60.0,
    full: bool = False,
    recreate: Sequence[str] = (),
    steady: bool = False,
    asked: Callable[[], tuple[str | None, Sequence[str]]] | None = None,
    progress: Progress = silent,
) -> Ended:
    """One whole cycle. ``recreate`` are ids of tombstones whose missing records are made again; ``steady`` says
    that this is one of a daemon's cycles and others follow: it takes a share of the slow sweep that finds what polling
    cannot see, and leaves a backlog to a resync.

    :param asked: tells both in the place of ``approve`` and ``recreate``, once nobody else is at work.
    """
    with running(world, command="sync", wait=wait) as at_work, _reading(world, full=full):
        if asked is not None:
            approve, recreate = asked()
        return _Cycle(at_work, progress).go(approve=approve, full=full, recreate=recreate, steady=steady)


def _reading(world: World, *, full: bool) -> AbstractContextManager[None]:
    """A cycle that goes on where one has left off reads what may be urgent; one that reads everything does not."""
    known = {(row.kind, row.side) for row in world.store.cursors() if row.stream == "changes"}
    follows = all((kind.kind, side) in known for kind in world.connection.kinds for side in SIDES)
    return urgently(world) if follows and not full and world.store.restored() is None else nullcontext()


class _Cycle:
    """The steps of one cycle under a lease."""

    def __init__(self, at_work: Running, progress: Progress) -> None:
        self.at_work = at_work
        self.world = at_work.world
        self.tally = at_work.tally
        self.progress = progress
        self.settled = 0
        self.total = 0

    def go(self, *, approve: str | None, full: bool, recreate: Sequence[str], steady: bool) -> Ended:
        """Recover, prepare, guard, apply, remember."""
        world = self.world
        make_ready(world)
        restored = world.store.restored()
        if restored is not None and world.connection.mode != "shadow":
            return Ended(reobserve(self.at_work, restored), None, needs_approval=True)
        still_open = recover(world)
        follow(world)
        prepared = prepare(world, full=full, recreate=recreate, steady=steady and world.connection.mode == "live")
        promised = f"{interval(world):g}".encode()
        for side in SIDES:
            world.store.remember(POLLED.format(side=side), promised, world.clock.now())
        plan = prepared.plan
        self._told(plan)
        if still_open:
            self.tally.note("in_flight", by=still_open)
            self.tally.partial = True
        if world.connection.mode == "shadow":  # before the approval: what writes nothing needs none
            return self._in_shadow(prepared, steady=steady)
        catch_up(world, prepared)
        if plan.first_link:
            refuse_others(world)
        if plan.first_link and not self._approved(plan, approve):
            emit("first_link.preview", digest=plan.digest)
            note_preview(world, plan)
            return Ended(self.at_work.end(RunState.HELD, digest=plan.digest), plan, needs_approval=True)
        for kind_plan in plan.kinds:
            check_clears(world, kind_plan)
        before_taking_away(world, plan.kinds)
        self._carry_out(prepared, full=full)
        heard = not any(gathered.behind for gathered in prepared.gathered)
        self._after_writing(first_link=plan.first_link, steady=steady, heard=heard)
        if not full:  # comparing everything writes nothing where both sides agree
            renew(world)
        state = RunState.PARTIAL if self.tally.partial else RunState.DONE
        return Ended(self.at_work.end(state, digest=plan.digest, trouble=self.tally.spared), plan)

    def _after_writing(self, *, first_link: bool, steady: bool, heard: bool) -> None:
        """What follows from everybody's being linked and in step, as far as the day's calls are not kept for others.

        Nobody is told to be late, or loses anybody for it, before it is known what sales has done.

        :param heard: whether all is known that was edited before this cycle.
        """
        spared = waits(self.world, Lane.ORDINARY)
        if not spared:
            append_signals(self.at_work)
        unheard = spared if hears_of_sales(self.world) else {}
        tell_unheard(self.world.store, unheard, self.world.clock.now())
        heard = heard and not unheard
        if heard:
            hand_on(self.at_work)
        leave(self.world)
        if not spared:
            show_ledger(self.at_work, first_link=first_link)
        if steady and not catching_up(self.world) and not waits(self.world, Lane.BULK):
            reconcile(self.at_work)
        if (heard or stuck(self.world)) and self.world.booking is not None:  # to tell takes nobody away
            escalate(self.world.store, self.world.clock.now(), first_link=first_link)

    def _in_shadow(self, prepared: Prepared, *, steady: bool) -> Ended:
        """Nothing is written and no position moves; the run tells what would have been done, the ledger what was."""
        plan = _with_appends(self.world, prepared.plan)
        for each in plan.appends:
            self.tally.note(f"would.{'advance' if each.advances else 'add'}_{each.kind}", each.side)
        for action in plan.actions():
            if isinstance(action, Create | Update):
                self.tally.note("would.create" if isinstance(action, Create) else "would.update", action.side)
            elif isinstance(action, Adopt | Hold):
                self.tally.note("would.link" if isinstance(action, Adopt) else "would.hold")
        if told := look(self.world, prepared):
            self.tally.note("observed", by=told)
        if plan.first_link:
            note_agreement(self.world, prepared)
        elif steady and not waits(self.world, Lane.BULK):
            reconcile(self.at_work)
        return Ended(self.at_work.end(RunState.DONE, digest=plan.digest, trouble="shadow"), plan)

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

    def _carry_out(self, prepared: Prepared, *, full: bool) -> None:
        plan = prepared.plan
        origin = Origin.BACKFILL if plan.first_link else Origin.RESYNC if full else Origin.LIVE
        for kind_plan, gathered in zip(plan.kinds, prepared.gathered, strict=True):
            carry_out(
                self.at_work,
                kind_plan,
                gathered,
                origin=origin,
                first_link=plan.first_link,
                progress=self._one_more,
            )
        for kind_plan in plan.kinds:
            note_judged(self.world, self.world.terms[kind_plan.kind].kind)
            if plan.first_link or full or filled(self.world, kind_plan.kind) is None:
                note_filled(self.world, kind_plan.kind, compared_now(self.world, kind_plan.kind))
        if plan.first_link:
            approvals = [request.id for request in self.world.store.requests() if request.wish == APPROVE]
            if approvals:
                self.world.settle(Settlement(requests_done=approvals))

    def _one_more(self, written: int) -> None:
        self.settled += written
        self.progress(self.settled, max(self.total, self.settled))
