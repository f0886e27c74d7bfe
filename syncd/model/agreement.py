"""How far both systems agree: linked records that a whole sweep saw, those in step, why fields of the others differ.

A field that differs has one cause: somebody has to decide (``conflict``), a vendor would not take the value
(``refused``), or it is being written (``pending``). A field that rests, since a vendor has it no more or another
program writes it, is compared in no record and counts as ``unmapped`` in each.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Cause(StrEnum):
    """Why a field of a linked record differs; of several the first counts."""

    UNMAPPED = "unmapped"
    CONFLICT = "conflict"
    REFUSED = "refused"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of one kind: linked records ``seen`` and those ``agreeing``; ``apart`` counts records by field and cause."""

    seen: int = 0
    agreeing: int = 0
    apart: Mapping[tuple[str, Cause], int] = field(default_factory=dict)

    @staticmethod
    def of(seen: int, agreeing: int, records: Iterable[Mapping[str, Cause]]) -> Agreement:
        """Of what was seen, with the fields in which each record differs."""
        return Agreement(seen, agreeing, Counter(pair for fields in records for pair in fields.items()))

    def __add__(self, other: Agreement) -> Agreement:
        """Both counted together."""
        apart = Counter(self.apart)
        apart.update(other.apart)
        return Agreement(self.seen + other.seen, self.agreeing + other.agreeing, apart)

    @property
    def share(self) -> float | None:
        """The part of the records that agrees, from 0 to 1; ``None`` where none was seen."""
        return self.agreeing / self.seen if self.seen else None

    def fields(self) -> Mapping[str, Mapping[Cause, int]]:
        """The fields that differ in some record, by name, with how many by cause."""
        found: dict[str, dict[Cause, int]] = {}
        for (name, cause), count in sorted(self.apart.items()):
            found.setdefault(name, {})[cause] = count
        return found

    def plain(self) -> list[Any]:
        """As it is stored."""
        fields = {name: {str(cause): count for cause, count in told.items()} for name, told in self.fields().items()}
        return [self.seen, self.agreeing, fields]

    @staticmethod
    def read(stored: list[Any]) -> Agreement:
        """From what was stored; what an older version counted has no causes.

        :raises TypeError, ValueError: if it is something else.
        """
        seen, agreeing, *more = stored
        fields: Mapping[str, Mapping[str, int]] = more[0] if more else {}
        apart = {(name, Cause(cause)): count for name, causes in fields.items() for cause, count in causes.items()}
        return Agreement(seen, agreeing, apart)


def write_agreements(agreements: Mapping[str, Agreement]) -> bytes:
    """Those of all kinds, as they are stored."""
    return json.dumps({kind: each.plain() for kind, each in agreements.items()}).encode()


def read_agreements(content: bytes | None) -> Mapping[str, Agreement]:
    """Those that were stored, by kind; none before the first whole sweep."""
    stored: dict[str, list[Any]] = json.loads(content) if content else {}
    return {kind: Agreement.read(each) for kind, each in stored.items()}
