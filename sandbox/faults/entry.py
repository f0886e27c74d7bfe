"""What an entry of the catalogue is, and the site where it is armed: one kernel, its options and its own chance.

An *answer* is a fault of the calls: it hits matching ones. A *deed* is what somebody at the vendor does: it happens
once, to records or definitions that exist, and is done at once or right before a call. Both are made for one kernel.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from sandbox.hubspot.kernel import HubSpotKernel
from sandbox.hubspot.records import Record, RecordStore
from sandbox.kernel import Fault, HttpRequest, Kernel, NothingToHit
from sandbox.salesforce.definitions import Row
from sandbox.salesforce.entity import Entity
from sandbox.salesforce.kernel import SalesforceKernel

Vendor = Literal["hubspot", "salesforce"]
Sort = Literal["answer", "deed"]
Told = dict[str, Any]
"""What a deed did, in words that JSON can carry: object, ids, field, values."""
T = TypeVar("T")


def vendor_of(kernel: Kernel) -> Vendor:
    """Whose stand-in a kernel is."""
    return "hubspot" if isinstance(kernel, HubSpotKernel) else "salesforce"


@dataclass(frozen=True, slots=True)
class Site:
    """Where a fault is armed. ``options`` are those of the entry, as given or by default; ``name`` is the entry's."""

    kernel: Kernel
    name: str
    options: Mapping[str, Any]
    chance: random.Random

    @property
    def hubspot(self) -> HubSpotKernel:
        """The kernel of an entry of HubSpot."""
        assert isinstance(self.kernel, HubSpotKernel)
        return self.kernel

    @property
    def salesforce(self) -> SalesforceKernel:
        """The kernel of an entry of Salesforce."""
        assert isinstance(self.kernel, SalesforceKernel)
        return self.kernel

    @property
    def seconds(self) -> float:
        """The option of that name."""
        return float(self.options["seconds"])

    def lasts(self, undo: Callable[[], object]) -> None:
        """Says how what was done ends, once faults are cleared."""
        self.kernel.faults.undo.append(undo)

    def pick(self, found: Sequence[T], what: str) -> T:
        """One of these by chance. Raises ``NothingToHit`` where there is none."""
        return self.several(found, 1, what)[0]

    def several(self, found: Sequence[T], number: int, what: str) -> list[T]:
        """So many of these by chance. Raises ``NothingToHit`` where there are fewer."""
        if len(found) < number:
            raise NothingToHit(f"{self.name} needs {number} {what}, and there are {len(found)}")
        return self.chance.sample(list(found), number)

    # What exists, in an order that does not depend on anything but the seed

    def store(self, default: str = "contacts") -> RecordStore:
        """HubSpot's records of the option ``object``."""
        return self.hubspot.portal.store(str(self.options.get("object") or default))

    def records(self, request: HttpRequest | None, *needs: str) -> list[Record]:
        """HubSpot's live records that hold all these properties; of those, the ones that a request names if any is."""
        store = self.store()
        alive = [store.records[number] for number in store.live]
        fit = [record for record in alive if all(record.values.get(name) for name in needs)]
        return [record for record in fit if _names(request, str(record.id))] or fit

    def entity(self, default: str = "Lead") -> Entity:
        """Salesforce's object of the option ``object``."""
        return self.salesforce.org.schema.require(str(self.options.get("object") or default))

    def rows(self, request: HttpRequest | None, *needs: str) -> list[Row]:
        """Salesforce's live rows that hold all these fields; of those, the ones that a request names if any is."""
        fit = [
            row
            for row in self.entity().table.by_id()
            if not row.get("IsDeleted") and not row.get("IsConverted") and all(row.get(name) for name in needs)
        ]
        return [row for row in fit if _names(request, str(row["Id"]))] or fit

    def field(self, candidates: Sequence[str]) -> str:
        """The option ``field``, else one of the candidates by chance."""
        return str(self.options.get("field") or self.pick(candidates, "fields of that sort"))


def _names(request: HttpRequest | None, record_id: str) -> bool:
    return request is not None and (record_id in request.path or record_id.encode() in request.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One fault of the catalogue.

    ``number`` is its number in the fault model, ``what`` one sentence of what the vendor does, ``hits`` which calls or
    records; ``takes`` are its options with their defaults. ``answers`` or ``deeds`` make it, by vendor: a fault that
    lacks only how often, or a function that does the deed and tells it.
    """

    name: str
    number: str
    what: str
    hits: str
    answers: Mapping[Vendor, Callable[[Site], Fault]] = field(default_factory=dict)
    deeds: Mapping[Vendor, Callable[[Site, HttpRequest | None], Told]] = field(default_factory=dict)
    takes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sort(self) -> Sort:
        """``answer`` or ``deed``."""
        return "answer" if self.answers else "deed"

    @property
    def vendors(self) -> tuple[Vendor, ...]:
        """Who does this."""
        every: tuple[Vendor, ...] = ("hubspot", "salesforce")
        return tuple(vendor for vendor in every if vendor in (self.answers or self.deeds))
