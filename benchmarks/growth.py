"""How costs grow with the number of linked people: one connection at five sizes, up to a million, one after another.

At every size a cycle in which nothing happened, one that carries 1,000 changes, and a full compare in which nothing
differs; at the largest also one in which a hundredth changed, how soon a daemon reads, and what commands take.
``BENCH_LINKS`` names another largest size.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.figures import Figure
from benchmarks.lab import LAG, Calls, Lab, Spent, opened
from benchmarks.measures import slope

SIZES: Final = (10_000, 30_000, 100_000, 300_000, 1_000_000)
LARGEST: Final = int(os.environ.get("BENCH_LINKS", SIZES[-1]))
CHANGED: Final = 1_000
ROUNDS: Final = 3
QUICK: Final = 30_000
"""Up to so many links processor times are the least of some rounds; of larger accounts there is one."""
COMMANDS: Final = (("status",), ("explain", "person7@example.com"), ("plan",))
PAGE: Final = {"hubspot list": 100, "hubspot search": 200, "salesforce query": 2_000, "salesforce query.more": 2_000}
"""Records of one call, by the operation that reads everything."""


@dataclass(frozen=True, slots=True)
class Point:
    """What was measured at one size."""

    links: int
    idle: Calls
    changed: Spent
    carried: Calls
    full: Spent
    compared: Calls
    memory: int


def growth() -> Iterator[Figure]:
    """One connection that grows from 10,000 to 1,000,000 linked people: a cycle in which nothing happened, one with
    1,000 changes, and a full compare at each size; how a daemon and the commands start at the largest. Processor time
    is without start-up; up to 30,000 links it is the least of three rounds.
    """
    with opened() as lab:
        yield Figure("linked people at the largest size", LARGEST, "people")
        points: list[Point] = []
        for size in sorted({*(size for size in SIZES if size < LARGEST), LARGEST}):
            lab.linked(size - (points[-1].links if points else 0))
            points.append(_point(lab, size, turn=len(points) * ROUNDS))
        yield from _compared(points)
        yield from _hundredth(lab, points[-1], turn=len(points) * ROUNDS)
        yield from _started(lab)
        yield from _commands(lab, points)
        yield Figure("state file per linked record", lab.store.stat().st_size / points[-1].links, "bytes", 2_500)


def _point(lab: Lab, size: int, *, turn: int) -> Point:
    lab.calls()
    spent = [lab.run("sync")]
    idle = lab.calls()
    changed, carried = [], Calls()
    for number in range(ROUNDS):
        lab.tell(do="change", side="marketing", count=CHANGED, turn=turn + number)
        lab.tell(do="shift", seconds=LAG)
        changed.append(lab.run("sync"))
        carried = lab.calls()
        assert carried.written == CHANGED, carried
        lab.rest()
        lab.calls()
    full = []
    compared = Calls()
    for _ in range(ROUNDS if size <= QUICK else 1):
        full.append(lab.run("full"))
        compared = lab.calls()
        assert full[-1].counts == {"nothing: unchanged": size}, full[-1]
    memory = max(each.memory for each in (*spent, *changed, *full))
    return Point(size, idle, _least(changed), carried, _least(full), compared, memory)


def _compared(points: Sequence[Point]) -> Iterator[Figure]:
    """What the sizes say beside each other."""
    few, many = points[0], points[-1]
    for each in points:
        yield Figure(f"processor time of a full compare of {each.links:,} links", each.full.working, "s")
    million = many.full.working / many.links * 1e6
    yield Figure("processor time of a full compare per million links, at the largest", million, "s", 90)
    yield Figure("seconds on the clock of it", many.full.wall, "s")
    steep = slope([(each.links, each.full.working) for each in points])
    yield Figure("slope of the logarithms, processor time on links: least", steep, "", least=0.9)
    yield Figure("slope of the logarithms, processor time on links: most", steep, "", 1.1)
    flat = slope([(each.links, each.compared.total) for each in points])
    yield Figure("slope of the logarithms, calls on links: least", flat, "", least=0.9)
    yield Figure("slope of the logarithms, calls on links: most", flat, "", 1.1)
    yield Figure("calls of a full compare at the largest", many.compared.total, "calls")
    yield Figure("calls of it against the pages that it must read", many.compared.total / _pages(many), "times", 1.05)
    yield Figure(f"calls of an idle cycle at {few.links:,} links", few.idle.total, "calls", 4)
    yield Figure("calls of an idle cycle at the largest", many.idle.total, "calls", 4)
    more = many.carried.total - few.carried.total
    yield Figure(f"calls that carry {CHANGED:,} changes at {few.links:,} links", few.carried.total, "calls")
    yield Figure(f"more calls for {CHANGED:,} changes at the largest", more, "calls", 0)
    took, against = (
        many.changed.working,
        f"processor time of {CHANGED:,} changes, the largest against {few.links:,} links",
    )
    yield Figure(f"processor time of {CHANGED:,} changes at {few.links:,} links", few.changed.working, "s")
    yield Figure(f"processor time of {CHANGED:,} changes at the largest", took, "s")
    yield Figure(against, took / few.changed.working, "times", 1.3)


def _pages(point: Point) -> float:
    """The pages that hold everybody, of the operations by which each side was read."""
    sides = {"hubspot": 0.0, "salesforce": 0.0}
    for name in point.compared.counted:
        if name in PAGE:
            sides[name.partition(" ")[0]] = point.links / PAGE[name]
    assert all(sides.values()), point.compared
    return sum(sides.values())


def _hundredth(lab: Lab, before: Point, *, turn: int) -> Iterator[Figure]:
    """A full compare of an account of which a hundredth changed, half of it on each side."""
    each = before.links // 200
    lab.tell(do="change", side="marketing", count=each, turn=turn)
    lab.tell(do="change", side="crm", count=each, turn=turn, start=each)
    lab.tell(do="shift", seconds=LAG)
    lab.calls()
    spent = lab.run("full")
    calls = lab.calls()
    assert calls.written == 2 * each, calls
    # Composite takes 1,000 rows a call and reads 2,000 back a call; HubSpot takes 100 a call.
    needed = -(-each // 1_000) + -(-each // 2_000) + -(-each // 100)
    more = calls.total - before.compared.total
    extra = (spent.working / before.full.working - 1) * 100
    yield Figure("a hundredth changed: more calls than without", more, "calls")
    yield Figure(
        "a hundredth changed: the same against what writing and reading back needs", more / needed, "times", 1.2
    )
    yield Figure("a hundredth changed: more processor time", extra, "%", 10)
    lab.rest()


def _started(lab: Lab) -> Iterator[Figure]:
    """From the start of a daemon to its first question for changes."""
    waited, spent = [], []
    for _ in range(ROUNDS):
        lab.calls()
        began = time.monotonic()
        with lab.daemon(poll=30) as daemon:
            while not any(name.endswith(("search", "queryAll", "query")) for name in lab.asked()):
                assert time.monotonic() < began + 60, daemon.log.read_text()[-3_000:]
                time.sleep(0.02)
            waited.append(time.monotonic() - began)
            spent.append(daemon.processor())
            daemon.wait_for("run.finished", 1)
            (daemon.log).write_text("")
    yield Figure("from the start of a daemon to its first poll, on the clock", min(waited), "s", 2)
    yield Figure("the same, processor time", min(spent), "s")


def _commands(lab: Lab, points: Sequence[Point]) -> Iterator[Figure]:
    """The commands that somebody types, at the largest size."""
    peak = points[-1].memory
    for words in COMMANDS:
        rounds = [lab.command(*words) for _ in range(ROUNDS)]
        goal = 1.0 if words == ("status",) else None
        name = f"`syncd {words[0]}`"
        yield Figure(f"{name} from start to end on the clock", min(each.wall for each in rounds), "s", goal)
        yield Figure(f"{name}, processor time", min(each.cpu for each in rounds), "s")
        peak = max(peak, *(each.memory for each in rounds))
    yield Figure("resident memory, peak of all commands at the largest", peak / 1024, "MB", 250)
    yield Figure("growth of resident memory, cycles and full compares", (points[-1].memory - points[0].memory) / 1024,
                 "MB", 64)  # fmt: skip


def _least(rounds: Sequence[Spent]) -> Spent:
    return min(rounds, key=lambda spent: spent.working)
