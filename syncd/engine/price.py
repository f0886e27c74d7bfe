"""What carrying a plan out will cost: calls per side, and the time they take at the usual pace of the vendors.

Counts writes as they will be sent, lot by lot and on a first link wave by wave: the writes themselves, reading again
before a guarded write and its history afterwards, reading back what a vendor's answer does not tell, and reading new
records whole. What was read to make the plan is spent already and not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from syncd.engine.world import World
from syncd.model.plan import Cost, Create, Decision, KindPlan, Update
from syncd.model.values import SIDES, Pair, Side

WAVES = (10, 100)
CALL_SECONDS = 0.3
"""A usual round trip to either vendor (docs/performance.md says what it is measured against)."""


def waves(decisions: Sequence[Decision]) -> Iterator[Sequence[Decision]]:
    """The first 10, the next 100, the rest: how a first link is written."""
    start = 0
    for size in (*WAVES, len(decisions)):
        wave = decisions[start : start + size]
        if wave:
            yield wave
        start += size


def price(world: World, kinds: Sequence[KindPlan], *, first_link: bool) -> Cost:
    """The cost of all kinds of a plan."""
    calls: Counter[Side] = Counter()
    for kind in kinds:
        for wave in waves(kind.decisions) if first_link else (kind.decisions,):
            calls += _wave(world, wave)
    return Cost(Pair(calls[Side.MARKETING], calls[Side.CRM]), calls.total() * CALL_SECONDS)


def _wave(world: World, decisions: Sequence[Decision]) -> Counter[Side]:
    written: Counter[Side] = Counter()
    read: Counter[Side] = Counter()
    guarded: Counter[Side] = Counter()
    for decision in decisions:
        for action in decision.actions:
            if isinstance(action, Create):
                written[action.side] += 1
                read[action.side] += 1
                written[action.side.other] += 1  # the record it was made for learns the key
            elif isinstance(action, Update):
                written[action.side] += 1
                if action.expect:
                    read[action.side] += 1
                    guarded[action.side] += 1
    calls: Counter[Side] = Counter()
    for side in SIDES:
        capable = world.connectors.of(side).capabilities
        if not capable.confirms:
            read[side] += written[side]
        calls[side] = _lots(written[side], capable.write_batch) + _lots(read[side], capable.read_batch)
        if capable.history:
            calls[side] += _lots(guarded[side], capable.history_batch)
    return calls


def _lots(records: int, size: int) -> int:
    return -(-records // size)
