"""Arms a fault of the catalogue at one kernel, and tells what is armed and how often each has fired.

How often: ``probability`` hits each matching call with that chance, until cleared or ``times`` is used up; ``nth`` lets
all but the n-th matching call pass; ``times`` alone hits the next so many; nothing of it hits the next one. A deed is
done at once, ``times`` times, or with ``nth`` or ``probability`` right before such a call. The same seed, the same
calls and the same records give the same faults: each has a chance of its own, drawn from the seed and its name.

Faults of one kernel are looked at in the order in which they were armed, and a call is hit by one at most.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from sandbox.faults.calls import ONLY, every_call
from sandbox.faults.catalogue import CATALOGUE, find
from sandbox.faults.entry import Entry, Site, Told, vendor_of
from sandbox.hubspot.errors import Refusal as HubSpotRefusal
from sandbox.kernel import ENDLESS, Fault, HttpRequest, Kernel, NothingToHit
from sandbox.salesforce.errors import Refusal as SalesforceRefusal

HOW_OFTEN = ("probability", "nth", "times", "seed")


class WrongArming(Exception):
    """A fault cannot be armed like that; the text says what would be right."""


def arm(kernel: Kernel, name: str, **words: Any) -> dict[str, Any]:
    """Arms a fault, or does a deed; answers ``armed`` or ``done``, and of a deed what was done.

    ``words`` are ``probability``, ``nth``, ``times``, ``seed`` and the options of the entry. Raises ``UnknownFault``,
    ``WrongArming`` for words that make no sense, and ``NothingToHit`` if a deed finds no record or is refused.
    """
    entry = find(name)
    vendor = vendor_of(kernel)
    if vendor not in entry.vendors:
        raise WrongArming(f"{name} is a fault of {entry.vendors[0]}, and this is {vendor}")
    unknown = sorted(words.keys() - set(HOW_OFTEN) - entry.takes.keys())
    if unknown:
        known = ", ".join((*HOW_OFTEN, *entry.takes))
        raise WrongArming(f"{name} takes {known}; it does not take {', '.join(unknown)}")
    if (only := words.get("only", "")) and only not in ONLY:
        raise WrongArming(f"only is {' or '.join(ONLY)}, not {only!r}")
    probability, skip, times = _how_often(words)
    chance = random.Random(f"{words.get('seed', kernel.seed)}:{name}")
    site = Site(kernel, name, {**entry.takes, **{key: words[key] for key in entry.takes if key in words}}, chance)
    if entry.deeds and probability is None and words.get("nth") is None:
        done = [_done(entry, site, None) for _ in range(times or 1)]
        kernel.faults.fired[name] += len(done)
        return {"done": name, "what": done}
    fault = _deed(entry, site) if entry.deeds else entry.answers[vendor](site)
    fault.skip = skip
    fault.probability = 1.0 if probability is None else probability
    fault.times = times if times is not None else 1 if probability is None else ENDLESS
    # Whether a call is hit must not depend on what a fault has drawn for itself.
    fault.chance = random.Random(f"{words.get('seed', kernel.seed)}:{name}:hit")
    kernel.faults.arm(fault)
    return {"armed": name}


def _deed(entry: Entry, site: Site) -> Fault:
    """A deed that is done right before a call."""

    def prepare(request: HttpRequest) -> HttpRequest:
        _done(entry, site, request)
        return request

    return Fault(site.name, every_call, when="around", prepare=prepare)


def _done(entry: Entry, site: Site, request: HttpRequest | None) -> Told:
    """Does a deed. What the vendor's own rules refuse its people cannot happen, and is no error of whoever calls."""
    try:
        return entry.deeds[vendor_of(site.kernel)](site, request)
    except (HubSpotRefusal, SalesforceRefusal) as refusal:
        raise NothingToHit(f"{entry.name} was refused: {refusal}") from refusal
    except KeyError as unknown:
        if unknown.args != (site.options.get("field"),):
            raise
        raise NothingToHit(f"{entry.name}: there is no field {unknown} here") from unknown


def _how_often(words: Mapping[str, Any]) -> tuple[float | None, int, int | None]:
    """Probability, calls that pass first, and times."""
    probability, nth, times = (words.get(key) for key in ("probability", "nth", "times"))
    if probability is not None and not (isinstance(probability, int | float) and 0 < probability <= 1):
        raise WrongArming(f"a probability is above 0 and at most 1, not {probability!r}")
    for key, number in (("nth", nth), ("times", times)):
        if number is not None and (not isinstance(number, int) or isinstance(number, bool) or number < 1):
            raise WrongArming(f"{key} is a whole number from 1 on, not {number!r}")
    if probability is not None and nth is not None:
        raise WrongArming("give a probability or the number of a call, not both")
    return (None if probability is None else float(probability)), (nth or 1) - 1, times


def told(kernel: Kernel) -> dict[str, Any]:
    """The catalogue of this kernel's vendor, what is armed, and how often each fault has fired since the start."""
    vendor = vendor_of(kernel)
    armed = [
        {
            "name": fault.name,
            "probability": fault.probability,
            "passing": fault.skip,
            "left": None if fault.times > ENDLESS // 2 else fault.times,
            "fired": fault.fired,
        }
        for fault in kernel.faults.armed
        if fault.times > 0
    ]
    entries = [_line(entry) for entry in CATALOGUE.values() if vendor in entry.vendors]
    return {"catalogue": entries, "armed": armed, "fired": dict(kernel.faults.fired)}


def _line(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "number": entry.number,
        "sort": entry.sort,
        "vendors": list(entry.vendors),
        "what": entry.what,
        "hits": entry.hits,
        "takes": dict(entry.takes),
    }
