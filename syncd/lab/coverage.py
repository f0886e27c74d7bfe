"""What a run of many seeds has met: every fault by its number in the fault model, and which kinds of calls it hit.

A suite whose faults never fire proves nothing, so this is counted in each run, and a fault that fires too rarely fails
it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sandbox.faults.catalogue import CATALOGUE
from syncd.lab.scenario import Scenario
from syncd.lab.simulating import Played

ENOUGH: Final = 20
"""How often each number of the fault model fires in a run of the suite, at least."""
OWN: Final[Mapping[str, str]] = {
    "F28": "skew", "F29": "spoil", "F31": "echo", "F33": "binned", "F59": "killed", "F60": "stop", "F62": "store fails",
    "F66": "pause", "F67": "remap", "F71": "resync",
}  # fmt: skip
"""Numbers that happen to the machine or are an operator's, and what a scenario calls them. ``echo``: a write of ours
that moved a record's stamp, so that the stream shows it to us; ``binned``: a contact that only the recycle bin shows.
"""
BY_THEMSELVES: Final = frozenset({"echo", "binned"})
"""Those that nobody arms: they come with what syncd and people do."""
WISHED: Final = ("F28", "F29", "F60", "F66", "F67", "F71")
"""Those of them that a scenario wishes for."""


@dataclass(slots=True)
class Met:
    """One number of the fault model over a whole run. ``on`` counts the operations it hit."""

    names: tuple[str, ...]
    armed: int = 0
    fired: int = 0
    on: Counter[str] = field(default_factory=Counter)


def coverage(scenarios: Iterable[Scenario], results: Sequence[Played]) -> dict[str, Met]:
    """Every number that a vendor can play, and those of our own machine, in order."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    for entry in CATALOGUE.values():
        names[entry.number].append(entry.name)
    met = {number: Met(tuple(each)) for number, each in sorted(names.items())}
    for number, name in OWN.items():
        met.setdefault(number, Met((name,)))
    by_name = {name: number for number, each in names.items() for name in each}
    for scenario in scenarios:
        for arming in scenario.armed:
            met[by_name[arming.name]].armed += 1
        met["F59"].armed += len(scenario.kills)
        met["F62"].armed += len(scenario.failing)
        for happening in scenario.happenings:
            for number in WISHED:
                met[number].armed += happening.does == OWN[number]
    for each in results:
        for told, count in each.result["fired"].items():
            name, _, operation = told.partition(" ")
            number = by_name.get(name) or next((n for n, own in OWN.items() if own == told), "")
            if not number:
                continue
            if operation and name in by_name:
                met[number].on[operation] += count
            else:
                met[number].fired += count
    return dict(sorted(met.items()))


def rare(met: Mapping[str, Met], *, enough: int) -> list[str]:
    """The numbers that fired less often than that."""
    return [number for number, each in met.items() if each.fired < enough]
