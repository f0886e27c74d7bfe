"""The benches: each opens its own lab, measures, and answers figures.

A *cycle* is one process that runs one whole ``sync``. Its start-up is the processor time until the world is open:
Python, libraries, configuration, store. Calls are counted by the stand-ins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from benchmarks import daemon
from benchmarks.figures import Figure
from benchmarks.lab import Calls, Lab, Spent, opened

CHANGED = 10_000
FEW, MANY = 10_000, 100_000
LAG = 10
"""Seconds of vendor time after an edit until every index shows it."""


def calls() -> Iterator[Figure]:
    """Calls of an idle cycle and per 1,000 changed records either way, and what a cycle without changes writes."""
    with opened() as lab:
        lab.linked(CHANGED)
        lab.calls()
        with lab.rows_rewritten() as touched:
            lab.run("sync")
        idle = lab.calls()
        yield Figure("calls of an idle cycle of one kind", idle.total, "calls", 4)
        yield Figure("counted apart in it: token, accounts, users, schemas", sum(idle.apart.values()), "calls")
        yield Figure("records written by an idle cycle", idle.written, "records", 0)
        yield Figure("rows of links and bases written by an idle cycle", touched[0], "rows", 0)
        for name, side, goal in (("to Salesforce", "marketing", 8.0), ("to HubSpot", "crm", 17.0)):
            yield from _one_way(lab, name, side, goal)
        lab.run("full")
        full = lab.calls()
        yield Figure(f"calls of a full compare of {CHANGED:,} linked records", full.total, "calls")
        yield Figure("records written by it", full.written, "records", 0)


def _one_way(lab: Lab, name: str, side: str, goal: float) -> Iterator[Figure]:
    """Changes on one side, the cycle that carries them over, the one that hears the echo, the one that looks again."""
    lab.tell(do="change", side=side, count=CHANGED, turn=1 if side == "marketing" else 2)
    lab.tell(do="shift", seconds=LAG)
    carried = lab.run("sync")
    calls = lab.calls()
    lab.tell(do="shift", seconds=LAG)
    lab.run("sync")
    calls += lab.calls()
    assert calls.written == CHANGED, (calls, carried)
    yield Figure(f"calls per 1,000 changed records {name}, with read-back and echo", _per_1000(calls), "calls", goal)
    lab.tell(do="shift", seconds=400)
    lab.run("sync")
    again = lab.calls()
    records = again.records.get("hubspot search", 0) + sum(
        again.records.get(f"salesforce {what}", 0) for what in ("queryAll", "query.more", "composite")
    )
    yield Figure(f"counted apart, {name}: calls per 1,000 to read the overlap again", _per_1000(again), "calls")
    yield Figure(f"counted apart, {name}: times a record was read again", records / CHANGED, "times", 1)
    lab.tell(do="shift", seconds=400)
    lab.run("sync")
    rest = lab.calls()
    assert rest.written == 0, rest


def _per_1000(calls: Calls) -> float:
    return calls.total * 1_000 / CHANGED


def changes() -> Iterator[Figure]:
    """Processor time of syncd per changed record, both ways."""
    with opened() as lab:
        lab.linked(CHANGED)
        yield Figure("start-up of a command", lab.run("sync").start_up, "s")
        for turn, (name, side) in enumerate((("to Salesforce", "marketing"), ("to HubSpot", "crm")), start=1):
            lab.tell(do="change", side=side, count=CHANGED, turn=turn)
            lab.tell(do="shift", seconds=LAG)
            carried = lab.run("sync")
            assert carried.counts[f"updated.{'crm' if side == 'marketing' else 'marketing'}"] == CHANGED, carried
            lab.tell(do="shift", seconds=LAG)
            echo = lab.run("sync")
            yield Figure(f"processor time per changed record {name}", _each(carried, CHANGED), "us", 300)
            yield Figure(f"the same with start-up, {name}", carried.cpu / CHANGED * 1e6, "us")
            yield Figure(f"processor time per echoed record, {name}", _each(echo, CHANGED), "us")
            yield Figure(f"records per second {name}, no latency", CHANGED / carried.wall, "records/s")


def full() -> Iterator[Figure]:
    """Processor time and memory of a full compare, and how memory grows with the number of links."""
    spent: dict[int, Spent] = {}
    with opened() as lab:
        for count in (FEW, MANY):
            lab.linked(count - (FEW if spent else 0))
            spent[count] = lab.run("full")
            assert spent[count].counts == {"nothing: unchanged": count}, spent[count]
        size = lab.store.stat().st_size
    many = spent[MANY]
    yield Figure(f"processor time of a full compare of {MANY:,} linked records", many.cpu - many.start_up, "s", 9)
    yield Figure("the same with start-up", many.cpu, "s")
    yield Figure(f"resident memory at {FEW:,} linked records, peak", spent[FEW].memory / 1024, "MB")
    yield Figure(f"resident memory at {MANY:,} linked records, peak", many.memory / 1024, "MB")
    yield Figure("growth of resident memory between both", (many.memory - spent[FEW].memory) / 1024, "MB", 24)
    yield Figure("state file per linked record", size / MANY, "bytes")


def _each(spent: Spent, count: int) -> float:
    return (spent.cpu - spent.start_up) / count * 1e6


BENCHES: Mapping[str, Callable[[], Iterator[Figure]]] = {
    "calls": calls,
    "changes": changes,
    "full": full,
    "idle": daemon.idle,
    "fresh": daemon.fresh,
    "outage": daemon.outage,
    "resync": daemon.resync,
}
