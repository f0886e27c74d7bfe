"""Who changed a property and when: one entry of a property's history, and the source that wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.hubspot.stamps import iso


@dataclass(frozen=True, slots=True)
class Source:
    """Who wrote: ``sourceType`` and ``sourceId`` of property history."""

    kind: str
    id: str

    @property
    def forward_only(self) -> bool:
        """Apps may not move ``lifecyclestage`` backward; people may (contacts guide, 2026-03)."""
        return self.kind in ("INTEGRATION", "API")


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of a property's history."""

    value: str
    at: int
    source: Source

    def wire(self) -> dict[str, Any]:
        """The entry as ``propertiesWithHistory`` answers it."""
        body: dict[str, Any] = {
            "value": self.value,
            "timestamp": iso(self.at),
            "sourceType": self.source.kind,
        }
        if self.source.id:
            body["sourceId"] = self.source.id
        if self.source.id.startswith("userId:"):
            body["updatedByUserId"] = int(self.source.id.removeprefix("userId:"))
        return body
