"""Compares again what an operator named: in shares that are each settled whole, so that nothing is done twice.

A share is decided, written and remembered together with how far the resync has come, while the next one is being read.
Between two shares anything may happen: a poll that is due goes first, a process may die, the resync may be cancelled.
Everything is read and written in the bulk lane, which leaves room in the vendors' limits to what is fresh.

Promises: a resync of a pair in step writes nothing; a killed one goes on where it was; the cursors of the cycle are
never touched.

Length: how far it has come is told, stored, gone on with and begun anew; that is one thing to read.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from syncd.core.expressions import Expression, compile_expression
from syncd.core.planner import LANES
from syncd.engine.backlog import begin_anew
from syncd.engine.carry import carry_out, check_clears
from syncd.engine.gather import LOT, Gather
from syncd.engine.gathered import Gathered
from syncd.engine.plans import kind_plan, plan_digest
from syncd.engine.prepare import decide
from syncd.engine.price import price
from syncd.engine.recover import recover
from syncd.engine.reobserve import refuse_restored
from syncd.engine.running import running
from syncd.engine.sentinel import before_taking_away
from syncd.engine.undoing import Stays, take_back
from syncd.engine.world import World, compared_now, make_ready, note_filled
from syncd.model.errors import NeedsOperator, UnusableCursor
from syncd.model.plan import Decision, KindPlan, Plan
from syncd.model.remote import Cursor, Page, RemoteRecord, RemoteRef
from syncd.model.resync import RESYNC, STREAM, Reached, Resync, Step
from syncd.model.run import Request, RunState, StoredCursor
from syncd.model.values import Lane, Pair, Side
from syncd.model.write import Origin
from syncd.observe.log import emit
from syncd.ports.store import Settlement, Store

CANCELLED = "cancelled"
"""The trouble of the run of a resync that was taken back."""
NAMED_LOT = 200
Told = Callable[[int, int], None]
"""Told how many records were compared, and of about how many."""


@dataclass(frozen=True, slots=True)
class Share:
    """One lot of a step, gathered; ``reached`` is how far the resync has come with it."""

    kind: str
    gathered: Gathered
    reached: Reached


@dataclass(slots=True)
class Met:
    """Links whose marketing record was seen, by the resync that saw them: kept from share to share within a process.

    Lost with the process, and then the linked records of that kind are compared once more.
    """

    by_request: dict[str, set[int]] = field(default_factory=dict)

    def of(self, request: str) -> set[int]:
        """Those of one resync."""
        return self.by_request.setdefault(request, set())

    def forget(self, request: str) -> None:
        """A resync is over."""
        self.by_request.pop(request, None)


def asked_for(store: Store) -> Sequence[Request]:
    """The resyncs that wait or are under way, oldest first."""
    return [request for request in store.requests() if request.wish == RESYNC]


def estimate(store: Store, wanted: Resync) -> int:
    """About how many records a resync compares."""
    if wanted.records:
        return len(wanted.records)
    return sum(store.count_links(step.kind) for step in wanted.steps())


def reached_by(store: Store, request: str) -> Reached:
    """How far a resync has come; one of which that cannot be read is at its beginning."""
    stream = STREAM.format(id=request)
    try:
        return Reached.read(next((row.cursor for row in store.cursors() if row.stream == stream), None))
    except (TypeError, ValueError):
        return Reached()


def plan_resync(
    world: World, wanted: Resync, *, told: Told = lambda _a, _b: None, stays: Stays = lambda _: None
) -> Plan:
    """What a resync would do now. Reads all that it would read; stores and writes nothing.

    :param stays: told what cannot be taken back, where something is to be.
    """
    world = _narrowed(world, wanted)
    make_ready(world)
    by_kind: dict[str, list[KindPlan]] = {kind: [] for kind in wanted.kinds}
    about = estimate(world.store, wanted)
    shares = _Shares(world, wanted, Reached(), set(), leave_off=lambda: False)
    shares.once = True
    shares.named_lot = max(each.capabilities.read_batch for each in world.connectors)  # nothing waits for a share
    for share in shares.each():
        decided = _decided(world, wanted, share, stays)
        by_kind[share.kind].append(_to_show(kind_plan(share.kind, decided, share.gathered)))
        told(share.reached.checked, about)
    kinds = tuple(_one_of(kind, plans) for kind, plans in by_kind.items())
    return Plan(
        connection=world.connection.name,
        kinds=kinds,
        first_link=False,
        digest=plan_digest(kinds),
        cost=price(world, kinds, first_link=False),
    )


def carry_on(
    world: World, request: Request, met: Met, *, leave_off: Callable[[], bool], told: Told = lambda _a, _b: None
) -> bool:
    """Goes on with a resync until it is over (``True``) or has to leave off after a share (``False``).

    A resync that was cancelled meanwhile is over. Takes the lease itself.

    :raises LeaseHeld: if another process writes for the connection.
    """
    wanted = Resync.read(request.argument)
    with running(world, command="resync", wait=0.0, of=request) as at_work:
        world = _narrowed(world, wanted)
        make_ready(world)
        refuse_restored(world)
        recover(world)
        about = estimate(world.store, wanted)
        reached = reached_by(world.store, request.id).looking_at(_compared(world, wanted))
        shares = _Shares(world, wanted, reached, met.of(request.id), leave_off=leave_off)
        try:
            for share in _wanted_still(world, request, shares):
                decided = kind_plan(share.kind, _decided(world, wanted, share), share.gathered)
                check_clears(world, decided)
                before_taking_away(world, [decided])
                share.gathered.cursors = [_stored(world, request, share.reached)]
                approved = wanted.undo is not None
                at_it = replace(at_work, world=world)
                carry_out(at_it, decided, share.gathered, origin=Origin.RESYNC, approved=approved)
                at_work.tally.counts["checked"] = share.reached.checked
                told(share.reached.checked, max(about, share.reached.checked))
        except UnusableCursor as why:
            _begin_anew(world, request, wanted, shares.reached, why)
            at_work.end(RunState.RUNNING)
            return False
        cancelled = not _still_wanted(world, request)
        if shares.left and not cancelled:
            at_work.end(RunState.RUNNING)
            return False
        if not cancelled and wanted.whole:
            for kind, names in shares.reached.looked.items():
                note_filled(world, kind, names)
        world.settle(Settlement(requests_done=[request.id]))
        met.forget(request.id)
        state = RunState.PARTIAL if cancelled or at_work.tally.partial else RunState.DONE
        at_work.end(state, trouble=CANCELLED if cancelled else "")
    return True


def _compared(world: World, wanted: Resync) -> dict[str, frozenset[str]]:
    """By kind the fields that records are compared by now."""
    kinds = [kind for kind in wanted.kinds if kind in world.terms]
    return {kind: compared_now(world, kind).intersection(wanted.fields or compared_now(world, kind)) for kind in kinds}


def _decided(world: World, wanted: Resync, share: Share, stays: Stays = lambda _: None) -> list[Decision]:
    """The decisions on one share: what differs, or what is to be taken back."""
    planner = world.planner(share.kind)
    if wanted.undo is None:
        return decide(world, planner, share.gathered)
    return take_back(world, planner, share.gathered, wanted.undo, wanted.fields, stays)


def _still_wanted(world: World, request: Request) -> bool:
    return any(each.id == request.id for each in asked_for(world.store))


def _wanted_still(world: World, request: Request, shares: _Shares) -> Iterator[Share]:
    """The shares, as long as nobody cancels; whatever happens, nothing is read ahead once this is over."""
    with closing(shares.each()) as each:
        for share in each:
            if not _still_wanted(world, request):
                return
            yield share


def _begin_anew(world: World, request: Request, wanted: Resync, reached: Reached, why: UnusableCursor) -> None:
    """What was to go on at a stored position begins again; a gap that nobody can find any more becomes the whole.

    :raises NeedsOperator: if it has not begun and cannot: it would be tried for ever, so it is over.
    """
    emit("cursor.unusable", stream=RESYNC, reason=str(why))
    if wanted.gaps:
        wishes = [wish for kind in wanted.kinds for wish in begin_anew(world, kind)]
        world.settle(Settlement(wishes=wishes, requests_done=[request.id]))
    elif reached.after is None:
        world.settle(Settlement(requests_done=[request.id]))
        raise NeedsOperator(
            f"resync {request.id}: it was to begin at a time that the vendor's clock has not come to; see that the"
            " clock of this machine is right (`syncd doctor`), and ask for it again"
        ) from why
    else:
        world.settle(Settlement(cursors=[_stored(world, request, Reached())]))


def _stored(world: World, request: Request, reached: Reached) -> StoredCursor:
    kind = Resync.read(request.argument).kinds[0]  # one row a resync, whatever kind it is at
    stream = STREAM.format(id=request.id)
    return StoredCursor(kind, Side.MARKETING, stream, reached.written(), world.clock.now())


def _narrowed(world: World, wanted: Resync) -> World:
    """The same world in the bulk lane, looking at the fields wanted."""
    bulk = world.connectors.map(lambda connector: connector.for_lane(Lane.BULK))
    return replace(world, connectors=bulk, only=frozenset(wanted.fields), lane=Lane.BULK)


def _to_show(plan: KindPlan) -> KindPlan:
    """Without the records and Bases, of which a plan over all shares would keep as many as there are: whoever looks at
    it sees what would be written, and carrying out reads them anew.
    """
    bare = (replace(each, base=None, seen=Pair(None, None), agreed={}) for each in plan.decisions)
    return replace(plan, decisions=tuple(bare))


def _one_of(kind: str, plans: Sequence[KindPlan]) -> KindPlan:
    """The plans of all shares of a kind as one; what both sides have shown is decided once."""
    once = {decision.link.id: decision for plan in reversed(plans) for decision in plan.decisions}
    decisions = sorted(once.values(), key=lambda decision: (LANES.index(decision.lane), decision.link.id))
    nothing: dict[str, int] = {}
    for plan in plans:
        for reason, number in plan.nothing.items():
            nothing[reason] = nothing.get(reason, 0) + number
    return KindPlan(kind, tuple(decisions), nothing)


class _Shares:
    """The shares of a resync from where it stands, each gathered when it is asked for.

    Once ``leave_off`` is true, and one share at least was read, nothing more is: ``left`` tells that some are left.
    ``once`` leaves out at the CRM what marketing has shown, for a plan that nobody carries out; carried out, such a
    pair is compared again, since it may have changed meanwhile. ``named_lot`` are the named records of a share.
    """

    def __init__(
        self, world: World, wanted: Resync, reached: Reached, met: set[int], *, leave_off: Callable[[], bool]
    ) -> None:
        self.world = world
        self.wanted = wanted
        self.reached = reached
        self.met = met
        self.left = False
        self.once = False
        self.named_lot = NAMED_LOT
        self._leave_off = leave_off
        self._read = 0

    def each(self) -> Generator[Share]:
        """All that are left, step by step; a step without a record yields nothing."""
        steps = self.wanted.steps()
        while self.reached.step < len(steps):
            step = steps[self.reached.step]
            if step.kind in self.world.terms:  # else its mapping was taken out of the configuration since
                yield from self._named(step) if step.side is None else self._side(step, step.side)
                if self.left:
                    return
            self.reached = self.reached.next_step()

    def _enough(self, records: int) -> bool:
        """Whether to leave off after these records were read, which are a share or a part of one."""
        self._read += records
        self.left = self._read >= LOT and self._leave_off()
        return self.left

    # -- named records -----------------------------------------------------------------------------------------------
    def _named(self, step: Step) -> Iterator[Share]:
        objects = next(kind.objects for kind in self.world.connection.kinds if kind.kind == step.kind)
        first = int(self.reached.after or 0)
        for start in range(first, len(self.wanted.records), self.named_lot):
            named = self.wanted.records[start : start + self.named_lot]
            links = [name.removeprefix("link:") for name in named if name.startswith("link:")]
            refs: Pair[list[RemoteRef]] = Pair([], [])
            for name in named:
                sort, _, rest = name.partition(":")
                object_name, _, id_ = rest.partition("/")
                if sort != "link" and object_name in objects.of(Side(sort)):
                    refs.of(Side(sort)).append(RemoteRef(object_name, id_))
            gathered = self._gather(step).named(links, refs)
            yield self._share(step, gathered, Cursor(str(start + len(named))), by=len(named))
            if start + len(named) < len(self.wanted.records) and self._enough(LOT):
                return

    # -- whole sides -------------------------------------------------------------------------------------------------
    def _side(self, step: Step, side: Side) -> Iterator[Share]:
        """Marketing whole, record by record; then of the CRM only the ids, since most were read as counterparts."""
        whole = side is Side.MARKETING or Side.MARKETING not in self.wanted.sides
        whole = whole or self.wanted.windowed or bool(self.wanted.where)
        where = self._where(step)
        begun, seen = self.reached.after is not None, 0
        for lot in self._lots(step, side, whole=whole):
            read = len(lot.records)
            if whole:
                passed: list[RemoteRecord] = []
                if self.wanted.windowed or where is not None:
                    now = {record.ref: record for record in sorted(lot.records, key=lambda record: record.stamp)}
                    wanted = [record for record in now.values() if self._wanted(step, side, record, where)]
                    passed = [now[ref] for ref in now.keys() - {record.ref for record in wanted}]
                    lot = replace(lot, records=wanted)  # noqa: PLW2901 - the rest of it is nobody's wish
                gathered = self._gather(step).lot(side, lot, streamed=self.wanted.windowed, passed=passed)
            else:
                gathered = self._gather(step).ids(lot)
            seen += read
            yield self._share(step, gathered, lot.cursor, by=read)
        if not (begun or self.left or self.wanted.windowed):
            self._gather(step).not_empty(side, seen)

    def _lots(self, step: Step, side: Side, *, whole: bool) -> Iterator[Page]:
        """Pages put together to lots that are worth a share each."""
        connector = self.world.seen(side)
        shape = self.world.planner(step.kind).lens.shape(side)
        if not whole:
            shape = replace(shape, objects=dict.fromkeys(shape.objects, ()), refs={})
        if self.wanted.windowed:
            begin = self.reached.after or self.wanted.begin(side)
            pages = self._within(side, connector.span(shape, begin or connector.start(shape, self.wanted.since)))
        else:
            pages = connector.scan(shape, self.reached.after)
        lot: list[Page] = []
        for page in self.world.ahead(
            pages,
            weigh=lambda page: len(page.records),
            room=LOT,
            enough=lambda page: self._enough(len(page.records)),
            meanwhile=self.world.keep_lease,
        ):
            lot.append(page)
            read = len(page.records)
            emit("page.read", kind=step.kind, side=str(side), stream=RESYNC, records=read, reread=page.reread)
            if sum(len(each.records) for each in lot) >= LOT:
                yield _together(lot)
                lot = []
        if any(page.records or page.gone or page.moved for page in lot):
            yield _together(lot)

    def _within(self, side: Side, pages: Iterator[Page]) -> Iterator[Page]:
        """Pages of changes in order of time, to the first that lies after the span that was asked for. That one tells
        what is not any more as an earlier page had it: such a record belongs to whoever reads on from there.
        """
        end = self.wanted.end(side)
        for page in pages:
            yield page
            if end is not None and page.records and all(record.stamp > end for record in page.records):
                return

    def _wanted(self, step: Step, side: Side, record: RemoteRecord, where: Expression | None) -> bool:
        if self.once and side is Side.CRM and hash(record.ref) in self.met:
            return False
        if self.wanted.since is not None and record.stamp < self.wanted.since:
            return False
        if (end := self.wanted.end(side)) is not None and record.stamp > end:
            return False
        return where is None or where.holds(self.world.planner(step.kind).values(side, record)) is True

    def _where(self, step: Step) -> Expression | None:
        if not self.wanted.where:
            return None
        kind = next(kind for kind in self.world.connection.kinds if kind.kind == step.kind)
        try:
            return compile_expression(self.wanted.where, frozenset(each.name for each in kind.fields))
        except ValueError as why:
            raise NeedsOperator(
                f"the filter of a resync of {step.kind} does not fit the mapping any more ({why}); "
                "see `syncd resync --list` and end it with `syncd resync --cancel ID`"
            ) from why

    def _gather(self, step: Step) -> Gather:
        return Gather(self.world, step.kind, full=False, met=self.met)

    def _share(self, step: Step, gathered: Gathered, after: Cursor, *, by: int) -> Share:
        self.reached = self.reached.moved(after, by=by)
        return Share(step.kind, gathered, self.reached)


def _together(pages: Sequence[Page]) -> Page:
    """Pages that follow each other as one."""
    return Page(
        records=[record for page in pages for record in page.records],
        cursor=pages[-1].cursor,
        gone=[gone for page in pages for gone in page.gone],
        moved=[move for page in pages for move in page.moved],
    )
