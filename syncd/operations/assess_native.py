"""The native connector in an assessment: whether it is at work, and which fields it writes that syncd would, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from syncd.engine.native import LATELY
from syncd.model.native import Look
from syncd.model.values import Instant
from syncd.operations.report import Figure, Section, Table

_HOURS: Final = LATELY.total_seconds() / 3600


def native_section(seen: Mapping[str, Look]) -> Section | None:
    """What it did of late, by kind; ``None`` where it is not at work, whatever it left on the records."""
    at_work = {kind: look for kind, look in seen.items() if look.last is not None}
    if not at_work:
        return None
    words = (
        "HubSpot's own Salesforce connector is at work. syncd may look on; live, it leaves alone what both write.",
        f"Seen on the records that it touched last in {_HOURS:g} hours, by both histories.",
    )
    figures = tuple(
        Figure(f"native:{kind}", f"{kind}: fields that both would write", len(look.rivals), note=_last(look))
        for kind, look in at_work.items()
    )
    rows = tuple(
        (
            f"{kind}.{name}",
            rival.place,
            Figure(f"native:{kind}:{name}", name, rival.records, of=look.records),
            _at(rival.last),
            rival.by,
        )
        for kind, look in at_work.items()
        for name, rival in sorted(look.rivals.items())
    )
    heads = ("field", "where", "records", "last", "as")
    tables = (Table("native:fields", "what it wrote", heads, rows),) if rows else ()
    return Section("native", "The vendors' own connector", words, figures, tables)


def _last(look: Look) -> str:
    return "" if look.last is None else f"last at work {_at(look.last)}"


def _at(moment: Instant) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
