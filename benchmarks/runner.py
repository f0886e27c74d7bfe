"""One command of syncd in a process of its own, and what that process cost.

``sync`` is a whole cycle as ``syncd sync`` runs it, ``full`` the same with ``--full``, ``resync`` one of
everything, ``link`` puts links and bases of
all pairs that point at each other into the store, with every value as it was read: what an approved first link leaves
behind, without its calls. Prints one JSON line: seconds of processor and wall, peak of resident memory, and counts.
"""

from __future__ import annotations

import cProfile
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.measures import peak_memory, processor_seconds
from syncd.bootstrap import open_world, read_config
from syncd.core.planner import Known, digest
from syncd.engine.cycle import sync
from syncd.engine.resync import Met, asked_for, carry_on
from syncd.engine.settle import Ledger, settle_unwritten
from syncd.engine.world import World, make_ready
from syncd.model.link import Link, Linked, Proof
from syncd.model.plan import Adopt, Decision
from syncd.model.remote import RemoteRecord, RemoteRef
from syncd.model.run import StoredCursor
from syncd.model.values import Pair, Side
from syncd.observe.log import configure_logs
from syncd.operations.resyncing import Words, ask, understood
from syncd.ports.store import Settlement

CONFIG = Path(os.environ.get("BENCHMARKS_CONFIG") or Path(__file__).parent / "config")
LOT = 2_000
PROFILE = "BENCH_PROFILE"
"""Environment variable that names a file for a cProfile of the command."""


def cycle(world: World, *, full: bool) -> dict[str, int]:
    """One cycle; its counts."""
    ended = sync(world, full=full)
    if ended.needs_approval:
        raise SystemExit("this store was never linked: the first cycle waits for an approval")
    nothing = (
        {f"nothing: {why}": count for kind in ended.plan.kinds for why, count in kind.nothing.items()}
        if ended.plan
        else {}
    )
    return {**ended.run.counts, **nothing}


def link(world: World) -> dict[str, int]:
    """Links of all contacts whose key names a Lead and that have none, settled by the code for an adopted pair."""
    make_ready(world)
    planner = world.planner("person")
    shapes = Pair(*(planner.lens.shape(side) for side in Side))
    now = world.clock.now()
    cursors = [
        StoredCursor("person", side, "changes", world.connectors.of(side).start(shapes.of(side)), now) for side in Side
    ]
    linked = 0
    lot: list[RemoteRecord] = []

    def settle() -> None:
        refs = {record.ref: RemoteRef("Lead", str(record.fields[shapes.marketing.key])) for record in lot}
        answers = world.connectors.crm.fetch(shapes.crm, list(refs.values()))
        leads = {answer.ref: answer for answer in answers if isinstance(answer, RemoteRecord)}
        settlement, ledger = Settlement(), Ledger(world, planner)
        for record in lot:
            pair = Pair(record.ref, refs[record.ref])
            made = Link(
                id=digest(world.connection.name, "person", Side.MARKETING, record.ref),
                kind="person",
                refs=pair,
                proof=Proof.KEY,
                since=now,
                keyed=Pair(marketing=True, crm=True),
            )
            seen: Pair[RemoteRecord | None] = Pair(record, leads[pair.crm])
            decision = planner.linked(Linked(made, None), seen, Known(), (Adopt(pair, Proof.KEY),))
            assert isinstance(decision, Decision)
            assert not any(map(decision.write_to, Side)), decision.actions
            settle_unwritten(ledger, decision, settlement)
        world.store.settle(settlement, now)

    for page in world.connectors.marketing.scan(shapes.marketing):
        known = world.store.link_ids("person", Side.MARKETING, [record.ref for record in page.records])
        lot += [record for record in page.records if record.ref not in known]
        if len(lot) >= LOT:
            settle()
            linked += len(lot)
            lot.clear()
    if lot:
        settle()
        linked += len(lot)
    world.store.settle(Settlement(cursors=cursors), now)
    return {"linked": linked}


def resync(world: World) -> dict[str, int]:
    """A resync of everything, planned by nobody: what the daemon does of it."""
    make_ready(world)
    request = ask(world, understood(world, Words(everything=True)))
    assert carry_on(world, request, Met(), leave_off=lambda: False)
    assert not asked_for(world.store)
    run = world.store.run(request.id)
    assert run is not None
    return dict(run.counts)


COMMANDS: dict[str, Callable[[World], dict[str, int]]] = {
    "sync": lambda world: cycle(world, full=False),
    "full": lambda world: cycle(world, full=True),
    "link": link,
    "resync": resync,
}


def main() -> None:
    """Runs the command named on the command line."""
    began = time.monotonic()
    profile = cProfile.Profile(time.process_time) if os.environ.get(PROFILE) else None
    loaded = read_config(CONFIG, os.environ)
    configure_logs(level=loaded.log_level)
    with open_world(loaded, None, who="bench") as world:
        ready = processor_seconds()
        if profile:
            profile.enable()
        counts = COMMANDS[sys.argv[1]](world)
        if profile:
            profile.disable()
            profile.dump_stats(os.environ[PROFILE])
    print(
        json.dumps(
            {
                "cpu": processor_seconds(),
                "start_up": ready,
                "wall": time.monotonic() - began,
                "memory": peak_memory(),
                "counts": counts,
            }
        )
    )


if __name__ == "__main__":
    main()
