"""Which faults a simulated run meets: a few of the whole catalogue, armed at some moment, hitting once or again.

Each run has a swarm of its own: some none, most a handful, one in twenty a single one that hits every call it can,
dozens in a row or until the vendors are made to behave. One in four meets, besides, a create that nobody answers:
creates are so few that faults of any call would hardly ever hit one, and a second record would come from nowhere else.
So faults meet each other in ever new company, and a rare one is not drowned by the frequent ones.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sandbox.faults.catalogue import CATALOGUE

SMALL: Final[Mapping[str, Mapping[str, Any]]] = {
    "one-stamp": {"count": 12},
    "shared-stamp": {"count": 6},
    "late-commit": {"seconds": 40.0},
    "zombie-write": {"seconds": 90.0},
    "late-answer": {"seconds": 75.0},
    "search-lag": {"seconds": 20.0},
    "clock-skew": {"seconds": 240.0},
}
"""Options that keep a small world small, or reach beyond what the defaults reach."""
OUTAGES: Final = 0.05
"""The share of runs that meet one fault alone, which hits every call for a while."""
DEAR: Final = frozenset({"huge-body"})
"""Faults that cost much time to play; they come up rarely."""

AIMED: Final = 1 / 4
"""The share of runs in which a write is aimed at that makes a record."""
CREATING: Final = "creates"
"""What such a fault may be aimed at, as it is armed and counted."""
UNANSWERED: Final = ("lost-request", "ghost-write", "zombie-write")
"""Faults after which nobody knows whether a write was carried out."""


@dataclass(frozen=True, slots=True)
class Arming:
    """One fault at one vendor: armed at ``at`` milliseconds; ``words`` say how often, and hold its options."""

    at: int
    vendor: str
    name: str
    words: Mapping[str, Any] = field(default_factory=dict)


def armings(chance: random.Random, *, end: int) -> tuple[Arming, ...]:
    """The swarm of one run that lasts ``end`` milliseconds."""
    names = [(entry.name, vendor) for entry in CATALOGUE.values() for vendor in entry.vendors]
    number = chance.choice((0, 3, 4, 5, 6, 7, 8, 10))
    drawn = [chance.choice(names) for _ in range(number)]
    outage = chance.random() < OUTAGES
    if outage:
        drawn = [chance.choice(names)]
    made = []
    for name, vendor in drawn:
        if name in DEAR and chance.random() < 0.8:
            continue
        lasting = outage and CATALOGUE[name].sort != "deed"
        words = _outage(chance, name) if lasting else _words(chance, name)
        made.append(Arming(chance.randrange(end), vendor, name, words))
    if not outage and chance.random() < AIMED:
        made.append(_at_a_create(chance, end=end))
    return tuple(sorted(made, key=lambda each: each.at))


def _outage(chance: random.Random, name: str) -> dict[str, Any]:
    """Every call that can be hit, many in a row; or, one time in three, until the vendors are made to behave."""
    words = {"seed": f"{chance.randrange(1 << 30)}", **SMALL.get(name, {}), "probability": 1.0}
    return words if chance.random() < 1 / 3 else {**words, "times": chance.randint(20, 80)}


def _at_a_create(chance: random.Random, *, end: int) -> Arming:
    """Early, since there are few; and mostly at Salesforce, where most of them are."""
    name, vendor = chance.choice(UNANSWERED), chance.choice(("hubspot", "salesforce", "salesforce", "salesforce"))
    words = {"seed": f"{chance.randrange(1 << 30)}", **SMALL.get(name, {}), "only": CREATING}
    return Arming(chance.randrange(end // 3), vendor, name, {**words, "times": chance.randint(1, 3)})


def _words(chance: random.Random, name: str) -> dict[str, Any]:
    words: dict[str, Any] = {"seed": f"{chance.randrange(1 << 30)}", **SMALL.get(name, {})}
    if CATALOGUE[name].sort == "deed":
        return words
    match chance.randrange(4):
        case 0:
            words["times"] = 1
        case 1:
            words["times"] = chance.randint(2, 6)
        case 2:
            words |= {"probability": 0.25, "times": chance.randint(2, 12)}
        case _:
            words |= {"nth": chance.randint(1, 6)}
    return words
