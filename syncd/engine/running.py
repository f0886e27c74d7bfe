"""One run from its lease to its last line: begun, recorded, and closed whatever happens.

The lease is taken first and given back last. A run that broke off is written down with what it had done by then, so
that history never ends in the middle; if the store is in trouble too, what broke the run is still what is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from syncd.engine.apply import Tally
from syncd.engine.lease import Holding, take_lease
from syncd.engine.world import World, no_lease
from syncd.model.errors import LeaseLost, Stopping, SyncdError
from syncd.model.plan import Append
from syncd.model.run import Request, Run, RunState
from syncd.model.values import Pair
from syncd.observe.log import bound, emit

Progress = Callable[[int, int], None]
"""Told how many writes are settled and how many there are."""


def silent(_done: int, _all: int) -> None:
    """Progress that nobody watches."""


@dataclass(slots=True)
class Running:
    """A run at work: the right to write, the run as begun, and what became of it so far.

    ``foreseen`` gathers what would be added, where nothing may be (``foreseeing``); ``None`` in a run that writes.
    ``uncounted`` are the calls that were made before it, of the same connectors, less those of its own earlier turns.
    """

    world: World
    holding: Holding
    run: Run
    tally: Tally = field(default_factory=Tally)
    foreseen: list[Append] | None = None
    uncounted: Pair[int] = Pair(0, 0)

    def end(self, state: RunState, *, digest: str = "", trouble: str = "") -> Run:
        """Writes down how the run ended. Returns it as it stands then."""
        before = self.uncounted
        calls = Pair(*(now - then for now, then in zip(_calls(self.world), before, strict=True)))
        self.run = _finish(self.world, replace(self.run, digest=digest, calls=calls), self.tally, state, trouble)
        self.world.store.save_run(self.run)
        return self.run


@contextmanager
def running(world: World, *, command: str, wait: float, of: Request | None = None) -> Iterator[Running]:
    """A run under the lease of its connection. Whoever is inside ends it; an error that leaves the block does, too.

    :param of: a request that takes several turns: its run goes on where the last turn left it.
    :param wait: seconds to wait for another worker that holds the lease.
    :raises LeaseHeld: if it is still held then.
    """
    holding = take_lease(world, wait=wait)
    world.keep_lease = holding.renew
    run = (world.store.run(of.id) if of else None) or Run(
        id=of.id if of else world.chance.identifier(),
        connection=world.connection.name,
        command=command,
        who=of.who if of else world.who,
        started_at=world.clock.now(),
    )
    made = run.calls or Pair(0, 0)
    uncounted = Pair(*(now - earlier for now, earlier in zip(_calls(world), made, strict=True)))
    at_work = Running(world, holding, run, Tally(Counter(run.counts)), uncounted=uncounted)
    with bound(connection=world.connection.name, run=run.id):
        try:
            emit("run.started", command=command, mode=world.connection.mode, who=world.who)
            world.store.save_run(run)
            yield at_work
        except SyncdError as trouble:
            if isinstance(trouble, LeaseLost):
                emit("lease.lost", holder=holding.lease.holder, epoch=holding.lease.epoch)
            if not isinstance(trouble, Stopping):
                emit("run.failed", command=command, error=type(trouble).__name__, what=str(trouble))
            done = at_work.tally.counts or isinstance(trouble, Stopping)
            _close(at_work, RunState.PARTIAL if done else RunState.FAILED, str(trouble))
            raise
        except BaseException as trouble:
            what = "interrupted; what was in flight is settled next time"
            emit("run.failed", command=command, error=type(trouble).__name__, what=what)
            _close(at_work, RunState.PARTIAL, what)
            raise
        finally:
            world.keep_lease = no_lease
        holding.release()


def _close(at_work: Running, state: RunState, trouble: str) -> None:
    """Writes down how a run broke off, and gives the lease back."""
    try:
        try:
            at_work.end(state, trouble=trouble)
        finally:
            at_work.holding.release()
    except SyncdError as why:
        emit("run.failed", command=at_work.run.command, error=type(why).__name__, what=str(why))


def _calls(world: World) -> Pair[int]:
    return world.connectors.map(lambda connector: connector.quota().calls)


def _finish(world: World, run: Run, tally: Tally, state: RunState, trouble: str) -> Run:
    ended = replace(run, state=state, finished_at=world.clock.now(), counts=dict(tally.counts), trouble=trouble)
    seconds = (world.clock.now() - run.started_at).total_seconds()
    emit(
        "run.finished",
        command=run.command,
        state=str(state),
        ms=round(seconds * 1000),
        counts=dict(tally.counts),
        calls=sum(run.calls or ()),
        audit_head=_audit_head(world),
    )
    return ended


def _audit_head(world: World) -> str:
    """The head of the audit's chain, for a log that is kept elsewhere; nothing if the store is in trouble."""
    try:
        head = world.store.audit_head()
    except SyncdError:
        return ""
    return head.hash if head else ""
