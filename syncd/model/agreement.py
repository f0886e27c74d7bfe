"""How far both systems agree: linked records that a whole sweep saw, those in step, why fields of the others differ.

A field that differs has one cause: somebody has to decide (``conflict``), a vendor would not take the value
(``refused``), or it is being written (``pending``). A field that rests, since a vendor has it no more or another
program writes it, is compared in no record and counts as ``unmapped`` in each.

Of the records that differ the first ones are named, so that somebody can look at them: by ids, never by a value.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

KEPT: Final = 100
"""Records that are named of those in which one field differs for one cause."""


class Cause(StrEnum):
    """Why a field of a linked record differs; of several the first counts."""

    UNMAPPED = "unmapped"
    CONFLICT = "conflict"
    REFUSED = "refused"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Apart:
    """One link whose records differ: the record of each side, and the cause of each field.

    No field is named where they differ in something between records, as in which company they belong to.
    """

    link: str
    marketing: str
    crm: str
    fields: Mapping[str, Cause]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of one kind: linked records ``seen`` and those ``agreeing``; ``apart`` counts records by field and cause, and
    ``records`` are the first ``KEPT`` of each, by link.
    """

    seen: int = 0
    agreeing: int = 0
    apart: Mapping[tuple[str, Cause], int] = field(default_factory=dict)
    records: Mapping[str, Apart] = field(default_factory=dict)

    @staticmethod
    def of(seen: int, agreeing: int, records: Iterable[Apart]) -> Agreement:
        """Of what was seen, with the records that differ."""
        told = list(records)
        return Agreement(seen, agreeing, Counter(pair for each in told for pair in each.fields.items()), _kept(told))

    def __add__(self, other: Agreement) -> Agreement:
        """Both counted together."""
        apart = Counter(self.apart)
        apart.update(other.apart)
        records = _kept([*self.records.values(), *other.records.values()])
        return Agreement(self.seen + other.seen, self.agreeing + other.agreeing, apart, records)

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
        return [self.seen, self.agreeing, fields, [_listed(each) for each in self.records.values()]]

    @staticmethod
    def read(stored: list[Any]) -> Agreement:
        """From what was stored; what an older version counted has no causes, or names no records.

        :raises TypeError, ValueError: if it is something else.
        """
        seen, agreeing, *more = stored
        fields: Mapping[str, Mapping[str, int]] = more[0] if more else {}
        apart = {(name, Cause(cause)): count for name, causes in fields.items() for cause, count in causes.items()}
        records = {each[0]: _apart(*each) for each in (more[1] if len(more) > 1 else ())}
        return Agreement(seen, agreeing, apart, records)


def _kept(records: Iterable[Apart]) -> Mapping[str, Apart]:
    """By link those that are among the first of a field and cause."""
    found: dict[str, Apart] = {}
    often: Counter[tuple[str, Cause | None]] = Counter()
    for each in records:
        pairs: list[tuple[str, Cause | None]] = [*each.fields.items()] or [("", None)]
        if each.link not in found and any(often[pair] < KEPT for pair in pairs):
            found[each.link] = each
            often.update(pairs)
    return found


def _listed(each: Apart) -> list[Any]:
    return [each.link, each.marketing, each.crm, {name: str(cause) for name, cause in each.fields.items()}]


def _apart(link: str, marketing: str, crm: str, fields: Mapping[str, str]) -> Apart:
    return Apart(link, marketing, crm, {name: Cause(cause) for name, cause in fields.items()})


def write_agreements(agreements: Mapping[str, Agreement]) -> bytes:
    """Those of all kinds, as they are stored."""
    return json.dumps({kind: each.plain() for kind, each in agreements.items()}).encode()


def read_agreements(content: bytes | None) -> Mapping[str, Agreement]:
    """Those that were stored, by kind; none before the first whole sweep."""
    stored: dict[str, list[Any]] = json.loads(content) if content else {}
    return {kind: Agreement.read(each) for kind, each in stored.items()}
