"""What stands at both vendors once it is quiet, and what people were told of: what the oracle judges by.

From the store only the lists for people are read: conflicts, parked fields, dead letters, fields at rest, what the
brake holds, and records whose counterpart left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syncd.lab.arena import Arena
from syncd.lab.ledger import Ref
from syncd.lab.meaning import text
from syncd.model.mapping import KindMapping
from syncd.model.values import Side
from syncd.operations.braking import held_document
from syncd.operations.drift import resting


@dataclass(frozen=True, slots=True)
class Held:
    """One living record: its values by vendor field."""

    side: Side
    ref: Ref
    values: Mapping[str, Any]

    @property
    def who(self) -> tuple[Side, str]:
        """The record as lists name it."""
        return self.side, self.ref[1]

    def text(self, column: str) -> str:
        """One value as text, "" for none, without blanks around it."""
        return text(self.values.get(column))


class Holding:
    """All living records of the mapped objects, and the lists."""

    def __init__(self, arena: Arena, kinds: Sequence[KindMapping]) -> None:
        self.arena = arena
        self.kinds = kinds
        self.held = {(each.side, each.ref): each for each in self._living()}
        self._lists = self._read_lists()

    def of(self, kind: KindMapping, side: Side) -> list[Held]:
        """The living records of one kind on one side, in a fixed order."""
        names = kind.objects.of(side)
        return [held for (where, ref), held in self.held.items() if where is side and ref[0] in names]

    def told(self, who: Sequence[tuple[Side, str]], name: str) -> bool:
        """Whether people were told of a shared field of any of these records, or of all of it."""
        return any(name in self._lists.get(each, ()) or "*" in self._lists.get(each, ()) for each in who)

    def _living(self) -> Iterator[Held]:
        for kind in self.kinds:
            for name in kind.objects.marketing:
                store = self.arena.hubspot.portal.store(name)
                for number in sorted(store.live):
                    yield Held(Side.MARKETING, (name, str(number)), store.records[number].values)
            for name in kind.objects.crm:
                for row in self.arena.salesforce.org.schema.require(name).table.by_id():
                    if not row.get("IsDeleted") and not row.get("IsConverted"):
                        yield Held(Side.CRM, (name, str(row["Id"])), row)

    # -- lists ---------------------------------------------------------------------------------------------------------
    def _read_lists(self) -> Mapping[tuple[Side, str], set[str]]:
        """What people were told of: shared fields by record, "*" for all of it."""
        told = defaultdict[tuple[Side, str], set[str]](set)
        for side, record, name in (*self._waiting(), *self._by_link()):
            told[side, record].add(name)
        return told

    def _waiting(self) -> Iterator[tuple[Side, str, str]]:
        """Conflicts, dead letters, and what the brake holds, by the records that they name themselves."""
        store = self.arena.store
        for conflict in store.conflicts():
            for side, ref in conflict.refs:
                yield side, ref.id, conflict.field or "*"
        for letter in store.dead_letters():
            yield letter.side.other, letter.origin.id, "*"
        for held in held_document(store):
            for named in held["refs"]:
                where, _, record = named.partition(":")
                yield Side(where), record.rpartition("/")[2], held["field"] or "*"

    def _by_link(self) -> Iterator[tuple[Side, str, str]]:
        """Parked fields, fields at rest, and records whose counterpart left."""
        store = self.arena.store
        parked = defaultdict[str, set[str]](set)
        for row in store.parked():
            parked[row.link].add(row.field)
        rests = {rest.field for rest in resting(store)}
        for kind in self.kinds:
            for link in store.links(kind.kind):
                names = rests | parked[link.id] | ({"*"} if str(link.state) != "live" else set())
                for side in Side:
                    for name in names:
                        yield side, link.refs.of(side).id, name
