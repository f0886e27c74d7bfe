"""Taking back what syncd wrote: a run, or a span of time, narrowed to records and fields; asked for, shown, stored.

What is asked for is read from the audit, so it can be said at once which records it is about; what may be put back is
known once both sides were read. It is carried out as a resync is: in shares, between the polls, across kills.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from syncd.core.undoing import FORGOTTEN
from syncd.engine.gather import LOT
from syncd.engine.resync import Told, asked_for, plan_resync
from syncd.engine.world import World
from syncd.model.appended import APPENDED_KINDS
from syncd.model.errors import BadUsage, Misunderstood
from syncd.model.link import WRITTEN, LinkState
from syncd.model.plan import Plan
from syncd.model.resync import Resync, kinds_in_order
from syncd.model.run import Request, Run
from syncd.model.undoing import Left, Undo
from syncd.model.values import Instant, Side
from syncd.operations.forecast import Forecast, forecast, forecast_document
from syncd.operations.resyncing import ask, moment_of, named_links
from syncd.ports.store import Store

APPENDED = "it was added and nothing was written over: delete it by hand where it is not wanted"
GONE_KIND = "its kind is not mapped any more"
BEFORE = timedelta(minutes=1)
"""How far before a run's beginning its writes are looked for: the clock of one process may be set meanwhile."""
LEFT = "a record of it left; what is left of the pair is no longer kept in step"
SAMPLES = 10


@dataclass(frozen=True, slots=True)
class Words:
    """What was typed: a ``run``, or ``since`` and ``until``; ``records`` and ``fields`` narrow it."""

    run: str | None = None
    since: str | None = None
    until: str | None = None
    records: Sequence[str] = ()
    fields: Sequence[str] = ()


@dataclass(slots=True)
class Stayed:
    """What stays as it is: how often for each reason, and the first few of each, however many there are."""

    numbers: Counter[str] = field(default_factory=Counter)
    samples: dict[str, list[Left]] = field(default_factory=dict)

    def note(self, left: Left) -> None:
        """One more."""
        self.numbers[left.reason] += 1
        several = self.samples.setdefault(left.reason, [])
        if len(several) < SAMPLES:
            several.append(left)

    @property
    def shown(self) -> list[Left]:
        """All that is kept of it."""
        return [each for several in self.samples.values() for each in several]

    def __bool__(self) -> bool:
        return bool(self.numbers)


@dataclass(slots=True)
class Rollback:
    """What would be taken back: ``wanted`` to carry it out, its ``plan``, and what stays as it is; ``seen`` is the plan
    in figures and samples.
    """

    wanted: Resync
    plan: Plan | None
    left: Stayed = field(default_factory=Stayed)
    seen: Forecast | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing goes back."""
        return self.plan is None or not any(kind.decisions for kind in self.plan.kinds)

    def reasons(self) -> list[tuple[str, int, Left]]:
        """Why something stays, how often, and the first of each; the most frequent first."""
        return [(reason, number, self.left.samples[reason][0]) for reason, number in self.left.numbers.most_common()]


def plan_rollback(world: World, words: Words, *, told: Told = lambda _a, _b: None) -> Rollback:
    """What would be taken back now; the world is ready (``make_ready``). Reads both sides, writes and stores nothing.

    :raises BadUsage: if the words name nothing that was written, or what is not there; in shadow mode, which writes
        nothing.
    """
    run, undo = meant(world, words)
    kinds = {kind.kind for kind in world.connection.kinds}
    only = {name.removeprefix("link:") for name in named_links(world, words.records, kinds)} if words.records else None
    links, met, left = _written(world, undo, undo.since or (run.started_at - BEFORE if run else undo.until), only)
    if not links and not left:
        what = f"run {run.id}" if run else f"syncd since {words.since}"
        raise BadUsage(f"{what} wrote nothing{' of these' if only is not None else ''}; there is nothing to take back")
    wanted = Resync(
        kinds=kinds_in_order(sorted(met), [kind.kind for kind in world.connection.kinds]) if met else (),
        records=tuple(f"link:{link}" for link in links),
        fields=tuple(words.fields),
        undo=undo,
    )
    if not links:
        return Rollback(wanted, None, left)
    plan = plan_resync(world, wanted, told=told, stays=left.note)
    return Rollback(wanted, plan, left, forecast(world, plan))


def meant(world: World, words: Words) -> tuple[Run | None, Undo]:
    """Which run or span of time the words mean. Asks no vendor: what cannot be meant is told at once, also while one
    does not answer.

    :raises BadUsage: as ``plan_rollback``.
    """
    if world.connection.mode == "shadow":
        raise BadUsage(f"{world.connection.name} is in shadow mode and wrote nothing to take back")
    now = world.clock.now()
    run = named_run(world.store, words.run) if words.run else None
    since = moment_of(words.since, now) if words.since else None
    until = moment_of(words.until, now) if words.until else now
    if (run is None) == (since is None):
        raise Misunderstood("name one run (`syncd runs` lists them), or say --since; records and fields narrow that")
    if since is not None and since >= until:
        raise Misunderstood(f"--since {words.since} is not before {words.until or 'now'}")
    if run is not None and words.until:
        raise Misunderstood("--until belongs to --since; a run has an end")
    known = {name.name for kind in world.connection.kinds for name in kind.fields}
    if unknown := [name for name in words.fields if name not in known]:
        raise Misunderstood(f"there is no field {unknown[0]!r}; there are: {', '.join(sorted(known))}")
    return run, Undo(until, run.id if run else "", since)


def approved(world: World, planned: Rollback, digest: str) -> Request:
    """Stores a rollback to be carried out, if it is exactly what was shown.

    :raises BadUsage: if it is another one by now, or if nothing goes back.
    """
    if planned.empty or planned.plan is None:
        raise BadUsage("nothing can be taken back")
    if digest != planned.plan.digest:
        raise BadUsage(
            f"what would be taken back is {planned.plan.digest} by now, not {digest}; look at it, then approve that"
        )
    return ask(world, planned.wanted)


def waiting_rollbacks(store: Store) -> list[Request]:
    """Those that wait or are under way, oldest first; of resyncs they are those that take something back."""
    return [each for each in asked_for(store) if Resync.read(each.argument).undo is not None]


def _written(world: World, undo: Undo, begin: Instant, only: set[str] | None) -> tuple[list[str], set[str], Stayed]:
    """The links that were written, their kinds, and what was written that has no link."""
    links: dict[str, None] = {}
    kinds: set[str] = set()
    left = Stayed()
    mapped = {kind.kind for kind in world.connection.kinds}
    pruned = world.store.pruned()
    if pruned is not None and begin <= pruned.upto:
        raise BadUsage(
            f"what was written up to {pruned.upto:%Y-%m-%d %H:%M} UTC was pruned (keep.audit, {pruned.age.days} days) "
            "and cannot be taken back; name a later time, or put the values back by hand from an export or a backup"
        )
    for row in world.store.audit_since(begin):
        if not undo.means(row.run, row.at):
            continue
        if row.kind in APPENDED_KINDS:
            if only is None and row.outcome in WRITTEN:
                left.note(Left(row.kind, row.link, row.side, row.ref, "", APPENDED))
        elif only is None or row.link in only:
            if row.kind in mapped:
                links[row.link] = None
                kinds.add(row.kind)
            else:
                left.note(Left(row.kind, row.link, row.side, row.ref, "", GONE_KIND))
    alive: list[str] = []
    for lot in (list(links)[start : start + LOT] for start in range(0, len(links), LOT)):
        for link, found in world.store.by_link(lot).items():
            if found.link.state is LinkState.LIVE:
                alive.append(link)
                continue
            reason = FORGOTTEN if found.link.state is LinkState.FORGOTTEN else LEFT
            gone = found.link.gone or Side.CRM
            left.note(Left(found.link.kind, link, gone, found.link.refs.of(gone), "", reason))
    return alive, kinds, left


def named_run(store: Store, prefix: str) -> Run:
    """The run with this id, or the only one of the latest whose id begins with it.

    :raises BadUsage: if there is none, or more than one.
    """
    exact = store.run(prefix)
    if exact is not None:
        return exact
    found = [run for run in store.runs(1_000) if prefix and run.id.startswith(prefix)]
    if len(found) != 1:
        many = ", ".join(run.id for run in found[:5])
        told = f"several runs begin with it: {many}" if found else "`syncd runs` lists them"
        raise BadUsage(f"there is no run {prefix!r}; {told}")
    return found[0]


def rollback_document(rollback: Rollback) -> dict[str, Any]:
    """What would be taken back, and what stays, as plain values."""
    return {
        "wanted": json.loads(rollback.wanted.written()),
        "plan": None if rollback.seen is None else forecast_document(rollback.seen),
        "left": left_document(rollback),
    }


def left_document(rollback: Rollback) -> list[dict[str, Any]]:
    """What stays, by reason, with samples, as plain values."""
    return [
        {
            "reason": reason,
            "number": number,
            "samples": [
                {"kind": each.kind, "side": str(each.side), "record": str(each.ref or ""), "field": each.field}
                for each in rollback.left.samples[reason]
            ],
        }
        for reason, number, _ in rollback.reasons()
    ]
