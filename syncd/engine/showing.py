"""What the handoff ledger says is shown on the records: respond-by, last touch, and who is in sales' hands.

The ledger hears of a move, an owner or an activity once both sides confirmed it, so after the cycle's own writes. Each
settlement that books something leaves a wish, in the same transaction, to show it; it is carried out at the end of the
cycle by one more write to each record that shows something else. Nothing is read for it. A process that dies in
between finds the wish in its next cycle, and whose write is still in flight keeps one.
"""

from __future__ import annotations

from dataclasses import replace

from syncd.engine.booking import LOT
from syncd.engine.carry import carry_out
from syncd.engine.gather import Gather
from syncd.engine.plans import kind_plan
from syncd.engine.prepare import decide
from syncd.engine.running import Running
from syncd.engine.wishing import wish_to_show
from syncd.model.derived import LEDGERED
from syncd.model.mapping import KindMapping
from syncd.model.run import SHOW
from syncd.model.write import Origin
from syncd.ports.store import Settlement


def show_ledger(at_work: Running, *, first_link: bool) -> None:
    """Writes what the ledger has learnt since it was last shown.

    :param first_link: whether a person has just approved everything that follows from linking both sides.
    """
    world = at_work.world
    wishes = [each for each in world.store.requests() if each.wish == SHOW]
    if not wishes:
        return
    kinds = (world.terms[each.kind].kind for each in world.connection.kinds if each.agreed is not None)
    kind = next((each for each in kinds if ledger_fields(each)), None)
    if kind is None:  # no field shows it any more
        world.settle(Settlement(requests_done=[each.id for each in wishes]))
        return
    people = sorted({person for each in wishes for person in each.argument.split()})
    world = replace(world, only=ledger_fields(kind))
    for start in range(0, len(people), LOT):
        gather = Gather(world, kind.kind, full=False)
        gathered = gather.as_confirmed(people[start : start + LOT])
        flying = sorted(gathered.flying & gathered.meetings.keys())
        if flying:
            gathered.wishes.append(wish_to_show(world.connection.name, flying, world.clock.now()))
        if start + LOT >= len(people):
            gathered.carried = wishes
        plan = kind_plan(kind.kind, decide(world, gather.planner, gathered), gathered)
        carry_out(replace(at_work, world=world), plan, gathered, origin=Origin.LIVE, first_link=first_link)


def ledger_fields(kind: KindMapping) -> frozenset[str]:
    """The fields that show what the ledger says."""
    return frozenset(each.name for each in kind.fields if each.derive is not None and each.derive.sort in LEDGERED)
