"""What waits to be carried out by itself, lane by lane, and since when; of the store alone, without looking through it.

Counted is what is written down: wishes and decisions for the next cycle, refused records that are tried again, writes
whose ending is open, what webhooks told of, what is left of resyncs, and the writes that a long run has yet to send.
What changed at a vendor since its last poll nobody knows before it was read, and what waits for a person is no backlog.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from syncd.core.match import SAID_APART
from syncd.model.held import EXPECT
from syncd.model.link import Conflict, Topic
from syncd.model.resync import RESYNC, STREAM, Reached, Resync
from syncd.model.run import APPROVE, FORGET, LINK_FIRST, SHOW, Request, RunState
from syncd.model.values import Instant, Lane
from syncd.ports.memory import PENDING
from syncd.ports.store import Store

_Wait = tuple[Lane, int, Instant | None]


@dataclass(frozen=True, slots=True)
class LaneWaits:
    """What waits in one lane, and since when the oldest does; ``None``: nothing does, or that was not written down."""

    waiting: int = 0
    since: Instant | None = None


def decided(conflicts: Iterable[Conflict]) -> dict[Lane, int]:
    """What a person has decided and the next cycle carries out, by lane."""
    found = dict.fromkeys(Lane, 0)
    for row in conflicts:
        if not row.asks and row.reason != SAID_APART:
            found[Lane.HANDOFF if row.topic in (Topic.MOVE, Topic.WAITS) else Lane.ORDINARY] += 1
    return found


def lanes(store: Store, links: Mapping[str, int], *, said: Mapping[Lane, int], retrying: int) -> dict[Lane, LaneWaits]:
    """All lanes, first to last.

    :param links: live links by kind, for how long a resync is: to count a million takes a moment.
    :param said: what was ``decided``; whoever asks has read the conflicts already.
    :param retrying: refused records that the next cycle tries again.
    """
    found = {lane: LaneWaits() for lane in Lane}
    for lane, number, since in _waits(store, links, said, retrying):
        if number > 0:
            before = found[lane]
            oldest = min((each for each in (before.since, since) if each is not None), default=None)
            found[lane] = LaneWaits(before.waiting + number, oldest)
    return found


def _waits(store: Store, links: Mapping[str, int], said: Mapping[Lane, int], retrying: int) -> Iterator[_Wait]:
    for request in store.requests():
        yield from _wished(store, links, request)
    for lane, number in said.items():
        yield lane, number, None
    yield Lane.ORDINARY, retrying, None
    for intent in store.open_intents():
        yield Lane.ORDINARY, 1, intent.sent_at
    yield (Lane.ORDINARY, *store.hints_waiting())
    yield from _unsent(store)


def _wished(store: Store, links: Mapping[str, int], request: Request) -> Iterator[_Wait]:
    if request.wish in (EXPECT, APPROVE, LINK_FIRST):  # a word to the brake, or about a plan
        return
    if request.wish == RESYNC:
        wanted = Resync.read(request.argument)
        of = len(wanted.records) or sum(links.get(step.kind, 0) for step in wanted.steps())
        stream = STREAM.format(id=request.id)
        reached = Reached.read(next((row.cursor for row in store.cursors() if row.stream == stream), None))
        yield Lane.BULK, max(1, of - reached.checked), request.at
    elif request.wish == SHOW:
        yield Lane.ORDINARY, len(request.argument.split()), request.at
    else:
        yield (Lane.OPT_OUT if request.wish == FORGET else Lane.ORDINARY), 1, request.at


def _unsent(store: Store) -> Iterator[_Wait]:
    """What the run under way has yet to send; one that died has its say until the next one begins."""
    kept = store.recall(PENDING)
    told = orjson.loads(kept[0]) if kept and kept[0] else None
    run = None if told is None else next(iter(store.runs(1)), None)
    if told is not None and run is not None and run.id == told["run"] and run.state is RunState.RUNNING:
        for lane, number in told["left"].items():
            yield Lane(lane), number, run.started_at


def lanes_document(told: Mapping[Lane, LaneWaits]) -> dict[str, Any]:
    """The same as plain values with stable keys."""
    return {lane.value: {"waiting": each.waiting, "since": each.since} for lane, each in told.items()}
