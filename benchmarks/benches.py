"""The benches: each opens its own lab, measures, and answers figures.

A *cycle* is one process that runs one whole ``sync``. Its start-up is the processor time until the world is open:
Python, libraries, configuration, store. Calls are counted by the stand-ins.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import yaml

from benchmarks import daemon
from benchmarks.console import console
from benchmarks.figures import Figure
from benchmarks.growth import growth
from benchmarks.judging import judging
from benchmarks.lab import CONFIG, LAG, Calls, Lab, Spent, opened
from benchmarks.ledger import reports
from benchmarks.measures import processor_seconds
from benchmarks.pace import limits, pace
from benchmarks.rating import rating
from benchmarks.trouble import converging, many
from benchmarks.words import words
from sandbox.hubspot.kernel import HubSpotKernel
from sandbox.population import populate
from sandbox.salesforce.kernel import SalesforceKernel
from sandbox.server import RealClock

CHANGED = 10_000
FEW, MANY = 10_000, 100_000
GUARDED = 1_000
PAIR = 625
"""Records per second of the Python pair that the design measured (tap-hubspot and simple-salesforce)."""
ROUNDS = 3
"""Processor times are the least of so many rounds: other work on a machine only ever adds to them."""


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
    # Both sides look again: at what changed here, and at what was written there, which is another record.
    by_side = (
        again.records.get("hubspot search", 0),
        sum(again.records.get(f"salesforce {what}", 0) for what in ("queryAll", "query.more", "composite")),
    )
    yield Figure(f"counted apart, {name}: calls per 1,000 to read the overlap again", _per_1000(again), "calls")
    yield Figure(f"counted apart, {name}: times a record was read again", max(by_side) / CHANGED, "times", 1)
    lab.tell(do="shift", seconds=400)
    lab.run("sync")
    rest = lab.calls()
    assert rest.written == 0, rest


def bulk() -> Iterator[Figure]:
    """Calls to Salesforce for 20,000 changed records at once, a job of Bulk 2.0; Composite would take 1.5 per 1,000."""
    many = 20_000
    with opened() as lab:
        lab.linked(many)
        lab.calls()
        lab.tell(do="change", side="marketing", count=many, turn=1)
        lab.tell(do="shift", seconds=LAG)
        spent = lab.run("sync")
        calls = lab.calls()
    assert calls.written == many, calls
    ours = {name: count for name, count in calls.counted.items() if name.startswith("salesforce ")}
    job = sum(count for name, count in ours.items() if "bulk." in name)
    yield Figure("calls per 1,000 changed records, with read-back", sum(ours.values()) * 1_000 / many, "calls", 1.5)
    yield Figure("calls of the job, its polls included", job, "calls")
    yield Figure(f"resident memory with {many:,} changed records, peak", spent.memory / 1024, "MB")


def _per_1000(calls: Calls) -> float:
    return calls.total * 1_000 / CHANGED


def changes() -> Iterator[Figure]:
    """Processor time of syncd per changed record, both ways; the least of three rounds."""
    carried: dict[str, list[Spent]] = {"crm": [], "marketing": []}
    echoed: dict[str, list[Spent]] = {"crm": [], "marketing": []}
    with opened() as lab:
        lab.linked(CHANGED)
        yield Figure("start-up of a command", lab.run("sync").start_up, "s")
        for turn in range(ROUNDS * 2):
            there, side = ("crm", "marketing") if turn % 2 == 0 else ("marketing", "crm")
            lab.tell(do="change", side=side, count=CHANGED, turn=turn + 1)
            lab.tell(do="shift", seconds=LAG)
            carried[there].append(lab.run("sync"))
            assert carried[there][-1].counts[f"updated.{there}"] == CHANGED, carried[there]
            lab.tell(do="shift", seconds=LAG)
            echoed[there].append(lab.run("sync"))
    for name, there in (("to Salesforce", "crm"), ("to HubSpot", "marketing")):
        least, echo = _least(carried[there]), _least(echoed[there])
        yield Figure(f"processor time per changed record {name}", _each(least, CHANGED), "us", 300)
        yield Figure(f"the same with start-up, {name}", least.cpu / CHANGED * 1e6, "us")
        yield Figure(f"processor time per echoed record, {name}", _each(echo, CHANGED), "us")
        yield Figure(f"records per second {name}, no latency", CHANGED / least.wall, "records/s", least=3 * PAIR)


def full() -> Iterator[Figure]:
    """Processor time (the least of three rounds) and memory of a full compare; how memory grows with the links."""
    with opened() as lab:
        lab.linked(FEW)
        few = _full(lab, FEW)
        lab.linked(MANY - FEW)
        rounds = [_full(lab, MANY) for _ in range(ROUNDS)]
        size = lab.store.stat().st_size
    least = _least(rounds)
    memory = max(spent.memory for spent in rounds)
    yield Figure(f"processor time of a full compare of {MANY:,} linked records", least.cpu - least.start_up, "s", 9)
    yield Figure("the same with start-up", least.cpu, "s")
    yield Figure(f"resident memory at {FEW:,} linked records, peak", few.memory / 1024, "MB")
    yield Figure(f"resident memory at {MANY:,} linked records, peak", memory / 1024, "MB")
    yield Figure("growth of resident memory between both", (memory - few.memory) / 1024, "MB", 24)
    yield Figure("state file per linked record", size / MANY, "bytes", 2_500)


def resync() -> Iterator[Figure]:
    """A resync of 100,000 linked people in which nothing differs; processor time is the least of three rounds."""
    with opened() as lab:
        lab.linked(FEW)
        few = lab.run("resync")
        lab.linked(MANY - FEW)
        lab.calls()
        rounds = [lab.run("resync") for _ in range(ROUNDS)]
        calls = lab.calls()
    least = _least(rounds)
    memory = max(spent.memory for spent in rounds)
    yield Figure(f"processor time of a resync of {MANY:,} people", least.cpu - least.start_up, "s", 9)
    yield Figure("records written by it", calls.written, "records", 0)
    yield Figure(f"growth of resident memory against {FEW:,}", (memory - few.memory) / 1024, "MB", 24)


def people() -> Iterator[Figure]:
    """Made-up people, a seventh as many companies with them, in both stand-ins, as `syncd sandbox` loads them.

    It is one process that waits for nothing: on a processor of its own it takes just so many seconds.
    """
    clock = RealClock()
    hubspot, salesforce = HubSpotKernel(clock=clock, seed=1), SalesforceKernel(clock=clock, seed=2)
    began = processor_seconds()
    made = populate(hubspot, salesforce, people=MANY, companies=MANY // 7)
    spent = processor_seconds() - began
    assert len(made.shared) > MANY // 2, made.counts()
    yield Figure(f"processor time until {MANY:,} people are loaded", spent, "s", 20)


def _full(lab: Lab, count: int) -> Spent:
    spent = lab.run("full")
    assert spent.counts == {"nothing: unchanged": count}, spent
    return spent


def _least(rounds: Sequence[Spent]) -> Spent:
    return min(rounds, key=lambda spent: spent.cpu - spent.start_up)


def _each(spent: Spent, count: int) -> float:
    return (spent.cpu - spent.start_up) / count * 1e6


def guarded() -> Iterator[Figure]:
    """Calls per 1,000 changed records with and without a guard against lost updates on every field."""
    for confirm in ("none", "readback", "precondition"):
        with opened() as lab:
            lab.environment["BENCHMARKS_CONFIG"] = str(_with_confirm(lab.folder / "config", confirm))
            lab.linked(GUARDED)
            for name, side, turn in (("to Salesforce", "marketing", 1), ("to HubSpot", "crm", 2)):
                lab.calls()
                lab.tell(do="change", side=side, count=GUARDED, turn=turn)
                lab.tell(do="shift", seconds=LAG)
                lab.run("sync")
                calls = lab.calls()
                assert calls.written == GUARDED, calls
                yield Figure(f"calls per 1,000 changed records {name}, `confirm: {confirm}`", calls.total, "calls")
                lab.rest()


def _with_confirm(folder: Path, confirm: str) -> Path:
    """The configuration of the benchmarks with one guard on every field."""
    shutil.copytree(CONFIG, folder)
    path = folder / "schema" / "person.yaml"
    schema = yaml.safe_load(path.read_text())
    for field in schema["fields"].values():
        field["confirm"] = confirm
    path.write_text(yaml.safe_dump(schema, sort_keys=False))
    return folder


BENCHES: Mapping[str, Callable[[], Iterator[Figure]]] = {
    "calls": calls,
    "guarded": guarded,
    "bulk": bulk,
    "changes": changes,
    "full": full,
    "idle": daemon.idle,
    "fresh": daemon.fresh,
    "outage": daemon.outage,
    "resync": resync,
    "connections": daemon.connections,
    "people": people,
    "rating": rating,
    "judging": judging,
    "reports": reports,
    "growth": growth,
    "converging": converging,
    "many": many,
    "pace": pace,
    "limits": limits,
    "console": console,
    "words": words,
}
