"""All records of one object: current values, property history, archive, unique values, and what search may see.

A record's values are one dict that is never changed in place: every write makes a new one, so that the search index,
which lags, can go on showing the old. Read-only values the vendor fills in (ids, stamps, derived ones) live in the same
dict. A version stamp is unique per record and rises with every write, even while the clock stands still.

Refuses: unknown, read-only and malformed values (400), values that must be unique and are taken (409 or 400).
"""

from __future__ import annotations

import random
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import Any

from sandbox.hubspot.definitions import PropertyDefinition
from sandbox.hubspot.errors import Problem, Refusal, invalid_values
from sandbox.hubspot.history import Change, Source
from sandbox.hubspot.index import SearchIndex
from sandbox.hubspot.limits import HubSpotLimits
from sandbox.hubspot.stages import STAGE, hold_back
from sandbox.hubspot.stamps import DAY, iso
from sandbox.hubspot.switches import HubSpotSwitches
from sandbox.hubspot.tables import ObjectType
from sandbox.hubspot.uniqueness import check_domain, conflict
from sandbox.hubspot.validation import Rule, Unacceptable, as_text, rule_for
from sandbox.hubspot.webhooks_watch import Watch


class Record:
    """One record. History is kept from the first change on; what a record was created with is implied by ``origin``."""

    __slots__ = ("archived", "born", "created", "history", "id", "origin", "updated", "values")

    def __init__(self, number: int, values: dict[str, str], *, created: int, updated: int, origin: Source) -> None:
        self.id = number
        self.values = values
        self.created = created
        #: When this record itself came to be: a merged record keeps the older ``createdate`` but is younger.
        self.born = created
        self.updated = updated
        self.archived: int | None = None
        self.origin = origin
        self.history: dict[str, list[Change]] = {}

    def past(self, name: str) -> list[Change]:
        """History of one property, oldest first."""
        if name in self.history:
            return self.history[name]
        value = self.values.get(name)
        return [] if value is None else [Change(value, self.born, self.origin)]


class RecordStore:
    """The records of one object type."""

    def __init__(
        self,
        kind: ObjectType,
        *,
        first_id: int,
        now: Callable[[], int],
        chance: random.Random,
        limits: HubSpotLimits,
        switches: HubSpotSwitches,
        owners: Container[str],
    ) -> None:
        self.kind = kind
        self.now = now
        self._chance = chance
        self._limits = limits
        self._switches = switches
        self._owners = owners
        self._next_id = first_id
        self.definitions: dict[str, PropertyDefinition] = {}
        self.rules: dict[str, Rule] = {}
        self.unique: dict[str, dict[str, int]] = {}
        self.records: dict[int, Record] = {}
        self.live: list[int] = []
        self.gone: list[int] = []
        #: When what was archived, in that order; the time in the recycle bin counts from there.
        self._bin: deque[tuple[int, int]] = deque()
        #: Old id of a merged record -> id of the record it lives on in.
        self.moved: dict[int, int] = {}
        #: Properties that the account's own rules require on create, for paths from 2026-09 on.
        self.required: set[str] = set()
        self.blocked: set[str] = set()
        self.watch: Watch | None = None
        self.index = SearchIndex(stamp=kind.stamp)
        for definition in kind.definitions:
            self.define(definition)
        if "email" in self.definitions:
            self.unique["email"] = {}
            self.index.track("email")

    # Definitions

    def define(self, definition: PropertyDefinition) -> None:
        """Adds or replaces one property."""
        self.definitions[definition.name] = definition
        self.rules[definition.name] = rule_for(
            definition, limits=self._limits, switches=self._switches, owners=self._owners
        )
        if definition.unique and definition.name not in self.unique:
            self.unique[definition.name] = {}
            self.index.track(definition.name)

    def undefine(self, name: str) -> None:
        """Removes one property and all its values; no stamp moves."""
        del self.definitions[name], self.rules[name]
        self.unique.pop(name, None)
        self.index.forget(name)
        for record in self.records.values():
            record.history.pop(name, None)
            if name in record.values:
                record.values = {key: value for key, value in record.values.items() if key != name}

    # Reading

    def find(self, number: int, *, moved: bool = True) -> Record | None:
        """A record by id, archived ones too; ``moved`` follows merges."""
        record = self.records.get(number)
        if record is None and moved:
            record = self.records.get(self.moved.get(number, -1))
        return record

    def holder(self, name: str, value: str) -> Record | None:
        """The live record that holds a unique value. ``email`` finds secondary addresses too."""
        number = self.unique[name].get(self.fold(name, value))
        return None if number is None else self.records[number]

    def after(self, start: int, *, archived: bool) -> Iterator[Record]:
        """Records from id ``start`` on, in id order."""
        ids = self.gone if archived else self.live
        for position in range(bisect_left(ids, start), len(ids)):
            yield self.records[ids[position]]

    def overdue(self) -> Iterator[Record]:
        """Records whose time in the recycle bin is over; each is told once."""
        last = self.now() - self._limits.recycle_days * DAY
        while self._bin and self._bin[0][0] <= last:
            at, number = self._bin.popleft()
            record = self.records.get(number)
            if record is not None and record.archived == at:
                yield record

    def fold(self, name: str, value: str) -> str:
        """The form in which two values of a unique property are compared."""
        if name == "email" or self._switches.unique_ignores_case:
            return value.strip().lower()
        return value

    # Checking

    def check(
        self, properties: Mapping[str, Any], *, current: Record | None, source: Source, strict: bool = False
    ) -> dict[str, str]:
        """Stored form of ``properties``; ``""`` stands for a clear. Raises ``Refusal`` naming every bad value."""
        changes: dict[str, str] = {}
        problems: list[Problem] = []
        rules, definitions = self.rules, self.definitions
        old = current.values if current is not None else {}
        for name, raw in properties.items():
            rule = rules.get(name)
            if rule is None:
                problems.append(Problem(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'))
                continue
            if definitions[name].read_only:
                problems.append(Problem(name, "READ_ONLY_VALUE", f'"{name}" is a read only property'))
                continue
            try:
                text = raw if type(raw) is str else as_text(raw)
                if text is None:
                    if self._switches.null_property == "clears":
                        changes[name] = ""
                    continue
                changes[name] = rule(text, old.get(name)) if text else ""
            except Unacceptable as unacceptable:
                problems.append(Problem(name, unacceptable.code, unacceptable.message))
        if strict:
            problems += self._lacking(changes, old, created=current is None)
        if source.forward_only and STAGE in changes:
            problems += hold_back(self.definitions[STAGE], changes, old, switches=self._switches)
        if problems:
            raise invalid_values(problems)
        return changes

    def check_unique(self, changes: Mapping[str, str], *, own: int | None, claimed: Mapping[str, set[str]]) -> None:
        """Raises ``Refusal`` if a value is held by another record, or ``claimed`` by an earlier row of one batch."""
        for name, holders in self.unique.items():
            value = changes.get(name)
            if not value:
                continue
            folded = self.fold(name, value)
            holder = holders.get(folded)
            if holder is not None and holder != own and self._conflicts(name, folded, holder):
                raise conflict(self.kind, name, value, holder=holder, own=own, switches=self._switches)
            if folded in claimed.get(name, ()):
                raise Refusal(400, f"Duplicate values found in batch input: {name} {value}. Values must be unique.")
            if name == "email" and folded in self.blocked:
                raise Refusal(400, f"{value} was deleted for privacy and cannot be created again")
        check_domain(self, changes.get("domain", ""), own=own, switches=self._switches)

    def _lacking(self, changes: Mapping[str, str], old: Mapping[str, str], *, created: bool) -> list[Problem]:
        """The account's own rules, enforced on writes by paths from 2026-09 on (vendor's changelog)."""
        return [
            Problem(name, "REQUIRED_PROPERTY_MISSING", f'"{name}" is required by a rule of this account')
            for name in sorted(self.required)
            if (created or name in changes) and not changes.get(name, old.get(name))
        ]

    def _conflicts(self, name: str, folded: str, holder: int) -> bool:
        if name != "email" or self._switches.secondary_email_conflicts:
            return True
        return self.records[holder].values.get("email", "").lower() == folded

    # Writing

    def take_id(self) -> int:
        """The next record id."""
        number = self._next_id
        self._next_id += 1
        return number

    def add(
        self,
        number: int,
        values: dict[str, str],
        *,
        at: int,
        source: Source,
        updated: int | None = None,
        lagging: bool = True,
    ) -> Record:
        """A new record. ``values`` is complete but for id and stamps. Without ``lagging``, search sees it now."""
        record = Record(number, values, created=at, updated=at if updated is None else updated, origin=source)
        values["hs_object_id"] = str(number)
        values["createdate"] = iso(at)
        values[self.kind.stamp] = iso(record.updated)
        self.records[number] = record
        insort(self.live, number)
        self.claim(record)
        if lagging:
            self.publish(record)
        else:
            self.index.show(number, values, stamp=record.updated)
        return record

    def change(self, record: Record, changes: Mapping[str, str], *, source: Source) -> None:
        """Writes checked (or derived) values, moves the stamp, and keeps history of what really changed."""
        at = max(self.now(), record.updated + 1)
        old = record.values
        values = dict(old)
        for name, value in changes.items():
            before = old.get(name, "")
            if value:
                values[name] = value
            else:
                values.pop(name, None)
            if value != before:
                record.history[name] = [*record.past(name), Change(value, at, source)]
        values[self.kind.stamp] = iso(at)
        if not self.unique.keys().isdisjoint(changes):
            self.release(record)
        record.values = values
        record.updated = at
        self.claim(record)
        self.publish(record)
        if self.watch is not None:
            told = {name: value for name, value in changes.items() if value != old.get(name, "")}
            told[self.kind.stamp] = values[self.kind.stamp]
            self.watch.changed(self.kind.name, record.id, told, at=at, source=source)

    def archive(self, record: Record) -> None:
        """Into the recycle bin: its unique values are free, search will stop showing it after the lag."""
        record.archived = max(self.now(), record.updated)
        self.release(record)
        self._bin.append((record.archived, record.id))
        _discard(self.live, record.id)
        insort(self.gone, record.id)
        self.conceal(record.id, stamp=record.updated)

    def restore(self, record: Record, *, source: Source) -> None:
        """Out of the recycle bin. Raises a 409 ``Refusal`` if a unique value is taken meanwhile."""
        self.check_unique(record.values, own=record.id, claimed={})
        record.archived = None
        _discard(self.gone, record.id)
        insort(self.live, record.id)
        self.change(record, {}, source=source)

    def erase(self, record: Record, *, shown: bool = False) -> None:
        """Gone for good, history included; ``shown`` leaves search with what it has."""
        if record.archived is None:
            self.release(record)
        _discard(self.live, record.id)
        _discard(self.gone, record.id)
        del self.records[record.id]
        if not shown:
            self.conceal(record.id, stamp=record.updated)

    def conceal(self, number: int, *, stamp: int) -> None:
        """Lets search forget a record after the index lag."""
        self.index.plan(number, None, stamp=stamp, due=self._due())

    def publish(self, record: Record) -> None:
        """Lets search see the record's present values after the index lag."""
        self.index.plan(record.id, record.values, stamp=record.updated, due=self._due())

    def claim(self, record: Record) -> None:
        """Enters a live record's unique values."""
        for name, holders in self.unique.items():
            for value in self._unique_values(record, name):
                holders.setdefault(self.fold(name, value), record.id)

    def release(self, record: Record) -> None:
        """Takes a record's unique values out."""
        for name, holders in self.unique.items():
            for value in self._unique_values(record, name):
                folded = self.fold(name, value)
                if holders.get(folded) == record.id:
                    del holders[folded]

    def _unique_values(self, record: Record, name: str) -> Iterable[str]:
        value = record.values.get(name)
        found = [value] if value else []
        if name == "email":
            found += [part for part in record.values.get("hs_additional_emails", "").split(";") if part]
        return found

    def _due(self) -> int:
        low, high = self._switches.index_lag
        return self.now() + int(self._chance.uniform(low, high) * 1000)


def _discard(ids: list[int], number: int) -> None:
    position = bisect_left(ids, number)
    if position < len(ids) and ids[position] == number:
        del ids[position]
