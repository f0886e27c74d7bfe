"""What a process has used so far, and how numbers are summed up. Imports next to nothing: some who ask are timed."""

from __future__ import annotations

import math
import resource
from collections.abc import Sequence
from pathlib import Path


def processor_seconds() -> float:
    """Processor time of this process so far, its own and the kernel's for it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def children_seconds() -> float:
    """Processor time of all processes that this one started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def peak_memory() -> int:
    """Highest resident memory of this process so far, in KiB.

    Read from the process's own memory map: ``ru_maxrss`` also remembers the process that started this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def share(values: Sequence[float], part: float) -> float:
    """The value below which that part of them lies, of sorted ones; infinite where there are none."""
    return values[min(len(values) - 1, int(len(values) * part))] if values else math.inf


def slope(points: Sequence[tuple[float, float]]) -> float:
    """How steeply the logarithm of the second grows with that of the first, by least squares: 1 is in proportion."""
    logs = [(math.log(x), math.log(y)) for x, y in points]
    mean_x, mean_y = (sum(each[axis] for each in logs) / len(logs) for axis in (0, 1))
    across = sum((x - mean_x) ** 2 for x, _ in logs)
    return sum((x - mean_x) * (y - mean_y) for x, y in logs) / across
