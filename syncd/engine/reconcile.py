"""A slow sweep without cursors, one share a cycle: finds what polling cannot see, and how far both sides agree.

Rows that were committed late, formulas that changed without a stamp, associations, records that left without a trace.
Three stretches a kind: every marketing record with its counterpart, every link whose marketing record may be gone, and
every id of the CRM. A share costs two calls and is settled with the position it reached, so that no process and no
worker has to remember anything.

The agreement is counted on the first stretch: linked records that were found in step, of those that were seen, and for
the others in which fields they differ and why.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from syncd.engine.carry import carry_out, check_clears
from syncd.engine.gather import Gather
from syncd.engine.gathered import Gathered
from syncd.engine.plans import kind_plan
from syncd.engine.prepare import Prepared, decide
from syncd.engine.running import Running
from syncd.engine.sentinel import before_taking_away
from syncd.engine.world import World
from syncd.model.agreement import Agreement, Apart, Cause, read_agreements, write_agreements
from syncd.model.errors import UnusableCursor
from syncd.model.link import Link
from syncd.model.plan import Action, Adopt, Decision, Hold, KindPlan, Relink
from syncd.model.remote import Cursor
from syncd.model.run import StoredCursor
from syncd.model.values import Lane, Side
from syncd.model.write import Origin
from syncd.observe.log import emit
from syncd.ports.memory import AGREEMENT

STREAM: Final = "reconcile"
LINKS_A_SHARE: Final = 100
"""As many as HubSpot reads by id in one call."""
STRETCHES: Final = ("pairs", "links", "ids")


@dataclass(frozen=True, slots=True)
class Sweep:
    """Where the sweep stands: which stretch of which kind (counted through), where in it, and what was seen so far."""

    at: int = 0
    after: str | None = None
    counted: Mapping[str, Agreement] = field(default_factory=dict)

    def written(self) -> Cursor:
        """As it is stored."""
        return Cursor(json.dumps([self.at, self.after, {kind: each.plain() for kind, each in self.counted.items()}]))

    @staticmethod
    def read(cursor: Cursor | None) -> Sweep:
        """From what was stored; the beginning if nothing was, or nothing that can be read."""
        if cursor is None:
            return Sweep()
        try:
            at, after, counted = json.loads(cursor)
            return Sweep(at, after, {kind: Agreement.read(each) for kind, each in counted.items()})
        except (AttributeError, TypeError, ValueError) as why:
            emit("cursor.unusable", stream=STREAM, reason=type(why).__name__)
            return Sweep()

    def adding(self, kind: str, more: Agreement) -> Sweep:
        """With more records counted."""
        return replace(self, counted={**self.counted, kind: self.counted.get(kind, Agreement()) + more})


def reconcile(at_work: Running) -> None:
    """One share of the sweep, under the lease of a run. In shadow mode what is found is counted and not written."""
    world = replace(
        at_work.world,
        connectors=at_work.world.connectors.map(lambda connector: connector.for_lane(Lane.BULK)),
        lane=Lane.BULK,
    )
    kinds = [kind.kind for kind in world.connection.kinds]
    first = kinds[0]
    stored = (row.cursor for row in world.store.cursors() if row.stream == STREAM)
    sweep = Sweep.read(next(stored, None))
    if sweep.at >= len(kinds) * len(STRETCHES):
        sweep = Sweep()
    kind, stretch = kinds[sweep.at // len(STRETCHES)], STRETCHES[sweep.at % len(STRETCHES)]
    try:
        gathered, after = _read(world, kind, stretch, sweep.after)
    except UnusableCursor as why:
        emit("cursor.unusable", kind=kind, stream=STREAM, reason=str(why))
        gathered, after = _read(world, kind, stretch, None)
    plan = kind_plan(kind, decide(world, world.planner(kind), gathered), gathered)
    if stretch == "pairs":
        sweep = sweep.adding(kind, _agreement(plan, gathered, world.terms[kind].resting))
    sweep = replace(sweep, after=after) if after is not None else replace(sweep, at=sweep.at + 1, after=None)
    if sweep.at == len(kinds) * len(STRETCHES):
        _remember(world, sweep.counted)
        sweep = Sweep()
    position = StoredCursor(first, Side.MARKETING, STREAM, sweep.written(), world.clock.now())
    gathered.cursors = [position]
    if world.connection.mode == "shadow":
        gathered = Gathered(kind, full=False, cursors=[position])
        plan = KindPlan(kind, (), {})
    check_clears(world, plan)
    before_taking_away(world, [plan])
    carry_out(replace(at_work, world=world), plan, gathered, origin=Origin.LIVE)


def _read(world: World, kind: str, stretch: str, after: str | None) -> tuple[Gathered, str | None]:
    """One share of a stretch, and where the next one begins; ``None`` at its end."""
    gather = Gather(world, kind, full=False)
    if stretch == "links":
        links = world.store.links_after(kind, after or "", LINKS_A_SHARE)
        gathered = gather.present([link.id for link in links])
        return gathered, links[-1].id if len(links) == LINKS_A_SHARE else None
    side = Side.MARKETING if stretch == "pairs" else Side.CRM
    shape = gather.shapes.of(side)
    if stretch == "ids":
        shape = replace(shape, objects=dict.fromkeys(shape.objects, ()), refs={})
    pages = world.seen(side).scan(shape, None if after is None else Cursor(after), pages=1)
    page = next(iter(pages), None)
    if page is None:
        return gather.into, None
    emit("page.read", kind=kind, side=str(side), stream=STREAM, records=len(page.records), reread=0)
    gathered = gather.lot(side, page, streamed=False) if stretch == "pairs" else gather.strays_of(page)
    ended = not (page.records or page.gone or page.moved)
    return gathered, None if ended else str(page.cursor)


def _agreement(plan: KindPlan, gathered: Gathered, resting: Collection[str]) -> Agreement:
    """Linked records that were seen, those of them in step, and why fields of the others differ. What waits for
    somebody is out of step; a field that rests was compared in nobody.
    """
    seen = gathered.nothing["unchanged"] + len(gathered.meetings)
    decided = {decision.link.id: decision for decision in plan.decisions if _differs(decision)}
    out = (decided.keys() | gathered.conflicts.keys() | gathered.parked.keys()) & gathered.meetings.keys()
    records = (_apart(gathered.meetings[link].linked.link, decided.get(link), gathered) for link in sorted(out))
    rests = {(name, Cause.UNMAPPED): seen for name in resting} if seen else {}
    return Agreement.of(seen, seen - len(out), records) + Agreement(apart=rests)


def _apart(link: Link, decision: Decision | None, gathered: Gathered) -> Apart:
    """Where the records of a link differ."""
    return Apart(link.id, str(link.refs.marketing), str(link.refs.crm), _fields(link.id, decision, gathered))


def _fields(link: str, decision: Decision | None, gathered: Gathered) -> Mapping[str, Cause]:
    """The fields in which one record differs, each with its cause; what is between records and not a field has none."""
    found: dict[str, Cause] = {}
    for conflict in gathered.conflicts.get(link, ()):
        if conflict.field:
            found[conflict.field] = Cause.CONFLICT
    for action in () if decision is None else decision.actions:
        if isinstance(action, Hold) and action.conflict.field:
            found[action.conflict.field] = Cause.CONFLICT
    for row in gathered.parked.get(link, ()):
        found.setdefault(row.field, Cause.REFUSED)
    for action in () if decision is None else decision.actions:
        for change in getattr(action, "changes", ()):
            found.setdefault(change.field, Cause.PENDING)
    return found


def _differs(decision: Decision) -> bool:
    return any(isinstance(action, Hold) or getattr(action, "changes", ()) for action in decision.actions)


def note_agreement(world: World, prepared: Prepared) -> None:
    """The same from the plan of a first link that nobody carries out: pairs that were found or are linked already, and
    those in step. A kind of which only what changed was read keeps what was counted last.
    """
    noted = world.store.recall(AGREEMENT)
    counted = dict(read_agreements(noted[0] if noted else None))
    for kind, gathered in zip(prepared.plan.kinds, prepared.gathered, strict=True):
        if gathered.full:
            pairs = [decision for decision in kind.decisions if any(map(_pairs, decision.actions))]
            apart = [_apart(pair.link, pair, gathered) for pair in pairs if _differs(pair)]
            linked = _agreement(kind, gathered, world.terms[kind.kind].resting)
            counted[kind.kind] = linked + Agreement.of(len(pairs), len(pairs) - len(apart), apart)
    _remember(world, counted)


def _pairs(action: Action) -> bool:
    return isinstance(action, Adopt | Relink)


def _remember(world: World, counted: Mapping[str, Agreement]) -> None:
    world.store.remember(AGREEMENT, write_agreements(counted), world.clock.now())
    whole = sum(counted.values(), Agreement())
    emit("sweep.ended", records=whole.seen, agreeing=whole.agreeing)
