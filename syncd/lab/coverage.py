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
from syncd.lab.swarm import CREATING, UNANSWERED

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
    """One number of the fault model over a whole run. ``on`` counts what it hit; ``creates`` are the hits of
    calls that make a record, ``None`` where they are not counted apart.
    ``checked`` counts by promise the plays in which it fired and something came up that could have broken that.
    """

    names: tuple[str, ...]
    armed: int = 0
    fired: int = 0
    creates: int | None = None
    on: Counter[str] = field(default_factory=Counter)
    checked: Counter[str] = field(default_factory=Counter)


def coverage(scenarios: Iterable[Scenario], results: Sequence[Played]) -> dict[str, Met]:
    """Every number that a vendor can play, and those of our own machine, in order."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    for entry in CATALOGUE.values():
        names[entry.number].append(entry.name)
    met = {number: Met(tuple(each)) for number, each in names.items()}
    for number, name in OWN.items():
        met.setdefault(number, Met((name,)))
    for name in UNANSWERED:
        met[CATALOGUE[name].number].creates = 0
    for scenario in scenarios:
        _arms(met, scenario)
    for each in results:
        before = {number: fault.fired for number, fault in met.items()}
        for told, count in each.result["fired"].items():
            _fires(met, told, count)
        for number, fault in met.items():
            if fault.fired > before[number]:
                fault.checked.update(each.result.get("checked", ()))
    return dict(sorted(met.items()))


def _arms(met: Mapping[str, Met], scenario: Scenario) -> None:
    for arming in scenario.armed:
        met[CATALOGUE[arming.name].number].armed += 1
    met["F59"].armed += len(scenario.kills)
    met["F62"].armed += len(scenario.failing)
    for happening in scenario.happenings:
        for number in WISHED:
            met[number].armed += happening.does == OWN[number]


def _fires(met: Mapping[str, Met], told: str, count: int) -> None:
    """``told`` is a fault by its name, or what happened to the machine; behind it what it hit: a call, an object, a
    point at which a process was killed.
    """
    name = next((own for own in OWN.values() if told == own or told.startswith(f"{own} ")), told.partition(" ")[0])
    hit = told[len(name) + 1 :]
    fault = CATALOGUE.get(name)
    number = fault.number if fault else next((number for number, own in OWN.items() if own == name), "")
    if not number:
        return
    each = met[number]
    if not hit:
        each.fired += count
    elif hit == CREATING:
        each.creates = (each.creates or 0) + count
    else:
        each.on[hit] += count


def rare(met: Mapping[str, Met], *, enough: int) -> list[str]:
    """The numbers that fired less often than that, or so rarely at creates where these are counted apart."""
    scarce = [number for number, each in met.items() if each.fired < enough]
    return scarce + [
        f"{number} at creates" for number, each in met.items() if each.creates is not None and each.creates < enough
    ]
