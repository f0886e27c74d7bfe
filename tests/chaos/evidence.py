"""What is known of a run once it is quiet: plain values, so that they can be kept as JSON, looked at and doctored.

Nothing in here was said by the engine about itself: it is what people did, what both vendors logged and hold, the rows
of the audit, the lists that people are shown, and what the processes wrote to standard error.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Self

COLUMNS: Final = {"title": ("jobtitle", "Title"), "city": ("city", "City"), "last_name": ("lastname", "LastName")}
"""The shared fields that people type tokens into: HubSpot's name and Salesforce's."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One person typed ``token`` into a shared field of a pair; ``order`` counts all edits of the run."""

    order: int
    side: str
    contact: str
    lead: str
    field: str
    token: str


@dataclass(frozen=True, slots=True)
class Ended:
    """One process: how it was started, how it ended and what it wrote to standard error.

    ``by`` is ``killed``, ``stopped``, ``itself``, or ``trouble`` where it ended by itself while the machine was in
    trouble (a full disk, a database away, another daemon on a store that bears one). ``rest`` is what stood behind the
    last line end: only a killed process may leave half a line.
    """

    name: str
    by: str
    code: int
    lines: tuple[str, ...]
    rest: str = ""


@dataclass(slots=True)
class Evidence:
    """All of one house. ``calls`` are the vendors' log lines by side, ``contacts`` and ``leads`` what both hold by id,
    ``gone`` ids that were deleted, ``listed`` what a person is told of as (side, record, field or ``*``), ``audit``
    the rows and ``verified`` what ``syncd audit verify`` says, ``agreement`` the exit code of that program and what it
    says, ``seen_opted_out`` each time a person's opt-out was looked at: who, and whether it stood.
    """

    seed: str
    edits: list[Edit] = field(default_factory=list)
    newcomers: dict[str, str] = field(default_factory=dict)
    opted_out: list[tuple[str, str]] = field(default_factory=list)
    seen_opted_out: list[tuple[str, str, bool]] = field(default_factory=list)
    calls: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    contacts: dict[str, dict[str, Any]] = field(default_factory=dict)
    leads: dict[str, dict[str, Any]] = field(default_factory=dict)
    listed: list[tuple[str, str, str]] = field(default_factory=list)
    audit: list[dict[str, Any]] = field(default_factory=list)
    verified: dict[str, Any] = field(default_factory=dict)
    open_intents: int = 0
    integrity: dict[str, str] = field(default_factory=dict)
    processes: list[Ended] = field(default_factory=list)
    agreement: tuple[int, str] = (0, "")
    quiet: str = ""
    written_when_quiet: int = 0

    def keep(self, file: Path) -> None:
        """Writes it all down."""
        file.write_text(json.dumps(asdict(self), indent=1))

    @classmethod
    def kept(cls, file: Path) -> Self:
        """What was written down."""
        told = json.loads(file.read_text())
        told["edits"] = [Edit(**each) for each in told["edits"]]
        told["processes"] = [Ended(**each | {"lines": tuple(each["lines"])}) for each in told["processes"]]
        for name in ("opted_out", "seen_opted_out", "listed"):
            told[name] = [tuple(each) for each in told[name]]
        told["agreement"] = tuple(told["agreement"])
        return cls(**told)
