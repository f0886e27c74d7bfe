"""What a soak measures, day by day, and where the limits are: a table for a person, a document for a page.

Memory and file are flat if they grow by no more than what was written explains: each write leaves its audit row for
good, and the stand-ins, which live in the same process, keep the history of every field.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import quantiles
from typing import Any, Final

ERRORS: Final = 0.05
"""The share of calls that may fail."""
WRITTEN_BYTES: Final = 2_048
"""Bytes by which the store may grow for each record written: the audit row, its entry of the chain, its indexes."""
MEMORY: Final = 6.0
"""KB by which the process may grow for each edit: both stand-ins' history of it, the ledger of the soak, no more."""
SLACK_MB: Final = 12.0
"""MB of growth that prove nothing: what an allocator keeps."""
SETTLED: Final = 2
"""Days until caches are filled; growth is counted from then on."""
WIDTHS: Final = {"day": 4, "MB": 8, "store MB": 10, "log MB": 8, "edits": 7, "written": 9, "cycles": 8, "calls": 9,
                 "failed": 8, "faults": 8, "kills": 7, "seconds": 9}  # fmt: skip
"""Columns of the table. ``log`` is SQLite's write-ahead log after the night's checkpoint."""


@dataclass(frozen=True, slots=True)
class Day:
    """One virtual day: counts of that day, memory in MB and the store's file in bytes at its end, seconds it took."""

    number: int
    memory: float
    file: int
    log: int
    edits: int
    written: int
    cycles: int
    calls: int
    failed: int
    faults: int
    kills: int
    rows: dict[str, int]
    seconds: float


@dataclass(slots=True)
class Figures:
    """All of one soak. ``lags`` are virtual seconds from an edit to its arrival on the other side."""

    records: int
    seed: str
    days: list[Day] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    waiting: int = 0
    founding: float = 0.0
    seconds: float = 0.0
    broken: list[str] = field(default_factory=list)
    judged: int = 0
    listed: int = 0

    def lag(self, share: float) -> float:
        """The lag within which this share of the edits arrived, in seconds; 0 if none did."""
        if len(self.lags) < 2:
            return self.lags[0] if self.lags else 0.0
        return quantiles(self.lags, n=1000, method="inclusive")[round(share * 1000) - 1]

    @property
    def error_share(self) -> float:
        """The share of calls that failed."""
        return sum(day.failed for day in self.days) / max(1, sum(day.calls for day in self.days))

    def missed(self) -> list[str]:
        """Every goal that was missed, and every promise that was broken."""
        told = list(self.broken)
        if self.error_share >= ERRORS:
            told.append(f"{self.error_share:.1%} of the calls failed; the goal is below {ERRORS:.0%}")
        settled = self.days[min(SETTLED, len(self.days)) - 1 :]
        first, last, later = settled[0], settled[-1], settled[1:]
        written, edits = sum(day.written for day in later), sum(day.edits for day in later)
        if (grown := last.file - first.file) > WRITTEN_BYTES * written + (1 << 20):
            told.append(f"the store grew by {grown:,} bytes for {written:,} records written")
        if (grown_mb := last.memory - first.memory) > SLACK_MB + MEMORY * edits / 1024:
            told.append(f"memory grew by {grown_mb:.1f} MB for {edits:,} edits")
        return told

    def table(self) -> list[str]:
        """For a person."""
        longest = max(self.lags, default=0.0)
        lines = [
            f"{self.records:,} people on both sides, {len(self.days)} days, seed {self.seed}",
            f"founded in {self.founding:.0f} s, played in {self.seconds:.0f} s",
            "".join(f"{name:>{width}}" for name, width in WIDTHS.items()),
        ]
        lines += map(_row, self.days)
        lines += [
            f"edits that arrived: {len(self.lags):,}",
            f"lag: p50 {self.lag(0.5):.0f} s, p99 {self.lag(0.99):.0f} s, longest {longest:.0f} s",
            f"{self.waiting:,} others were superseded, are listed, or concern nobody else",
            f"failed calls: {self.error_share:.2%}",
            f"values compared when quiet: {self.judged:,}, of which a person was told of {self.listed:,}",
            f"rows that came to be: {growing(self.days) or 'none'}",
        ]
        return lines + (self.missed() or ["nothing grew that should not, and no promise was broken"])

    def document(self) -> dict[str, Any]:
        """For a page or a chart."""
        return {
            "records": self.records,
            "seed": self.seed,
            "days": [asdict(day) for day in self.days],
            "lag_seconds": {name: round(self.lag(share), 1) for name, share in (("p50", 0.5), ("p99", 0.99))},
            "arrived": len(self.lags),
            "error_share": round(self.error_share, 5),
            "judged": self.judged,
            "listed": self.listed,
            "seconds": round(self.seconds),
            "missed": self.missed(),
        }


def _row(day: Day) -> str:
    told = (day.number, f"{day.memory:.1f}", f"{day.file / 1e6:.2f}", f"{day.log / 1e6:.2f}", day.edits, day.written,
            day.cycles, day.calls, day.failed, day.faults, day.kills, f"{day.seconds:.1f}")  # fmt: skip
    return "".join(f"{value:>{width}}" for value, width in zip(told, WIDTHS.values(), strict=True))


def growing(days: Sequence[Day]) -> dict[str, int]:
    """Rows by table that came to be between the second day and the last."""
    if len(days) <= SETTLED:
        return {}
    first, last = days[SETTLED - 1].rows, days[-1].rows
    return {name: last[name] - first.get(name, 0) for name in last if last[name] > first.get(name, 0)}
