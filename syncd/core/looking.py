"""Which fields of a linked record are looked at, and how each side shows them.

Looked at is what is told differently, was never agreed, waits, or was chosen by a person; nothing else can need
anything. A field that the present record of a side has no place for, or that it lost when it came to be, is shown as
that side's former record told it last (``core.former``), until that is settled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from syncd.core.former import former_in, is_empty, with_former
from syncd.core.known import Known, Person
from syncd.core.layout import Layout, Layouts
from syncd.core.merge import Seen
from syncd.core.sight import Sight
from syncd.model.beside import field_waiting
from syncd.model.link import Base, Link, Linked
from syncd.model.mapping import MatchRule
from syncd.model.remote import REF, RemoteRecord, RemoteRef
from syncd.model.values import SIDES, Canonical, Pair, Side


class Looking:
    """Looks at the linked records of one kind. ``only`` are the fields that count, all if it is empty; ``resting``
    those that nobody looks at; ``last`` are decided on after all others, in this order.
    """

    def __init__(
        self, layouts: Layouts, sight: Sight, *, only: frozenset[str], resting: frozenset[str], last: Sequence[str]
    ) -> None:
        self._layouts = layouts
        self._sight = sight
        self._only = only
        self._resting = resting
        self._last = {name: place for place, name in enumerate(last)}

    def touched(self, base: Base, link: Link, seen: Pair[RemoteRecord | None], known: Known) -> list[str]:
        """Fields that may have something to do."""
        layout = self.layout_of(link, seen)
        agreed = base.agreed
        names = {name: None for name in layout.names if name not in agreed}
        for side in SIDES:
            record = seen.of(side)
            if record is None:
                continue
            names.update((name, None) for name in layout.told_otherwise(side, record, base.confirmed.of(side)))
        names.update((name, None) for name in self._sight.relinked(link, base, seen))
        names.update((str(conflict.field), None) for conflict in known.conflicts if conflict.field in layout.slots)
        names.update((parked.field, None) for parked in known.parked if parked.field in layout.slots)
        names.update((name, None) for name in known.opted if name in layout.slots)
        kept = [field_waiting(name) for name in agreed if name[0] == "@"]
        waiting = [name for name in kept if name is not None and name in self._layouts.mapped]
        names.update((name, None) for name in waiting)
        looked_at = (self._only or names.keys()) - self._resting
        order = dict.fromkeys((*layout.slots, *waiting))
        touched = [name for name in order if name in names and name in looked_at]
        return sorted(touched, key=lambda name: self._last.get(name, -1))

    def rests(self, name: str) -> bool:
        """Whether nobody looks at a field now, since a vendor changed what it is."""
        return name in self._resting

    def untold(self, side: Side, record: RemoteRecord) -> frozenset[str]:
        """Fields that a record did not tell though they were asked for; those that rest are nobody's."""
        slots = self._layouts.slots(side, record.ref.object) if record.missing else {}
        untold = (name for name, fields in slots.items() if not record.missing.isdisjoint(fields))
        return frozenset(untold) - self._resting

    def layout_of(self, link: Link, seen: Pair[RemoteRecord | None]) -> Layout:
        """The layout of the records as they were read, else as they are linked."""
        refs = link.refs
        for side in SIDES:
            record = seen.of(side)
            if record is not None:
                refs = refs.replacing(side, record.ref)
        return self._layouts.of(refs)

    def at(self, side: Side, name: str, link: Link, base: Base, record: RemoteRecord | None) -> Seen:
        """One field on one side."""
        record = self._sight.teller(side, name, base=base, record=record)
        object_name = record.ref.object if record else link.refs.of(side).object
        return self._sight.of(side, name, object_name=object_name, base=base, record=record)

    def addressed(self, match: Iterable[MatchRule], side: Side, person: Person, told: Mapping[str, Canonical]) -> bool:
        """Whether the record of a side has an e-mail address by which this person is found, or gets it with what that
        side is ``told`` by the same write. What the other side knows is not enough: it may be held.
        """
        slots = self.layout_of(person.link, person.seen).slots
        names = [rule.field for rule in match if rule.by == "email" and rule.field in slots]
        record = person.seen.of(side)
        return any(
            isinstance(told.get(name, self.at(side, name, person.link, person.base, record).value), str)
            for name in names
        )

    def alone(self, name: str, link: Link, base: Base, seen: Pair[RemoteRecord | None]) -> Side | None:
        """The only side that has anything to say of a field: the other one's record has no place for it, and nothing is
        kept of what it was before.
        """
        slots = self.layout_of(link, seen).slots.get(name)
        if slots is None or former_in(base, name) is not None:
            return None
        return next((side for side in SIDES if slots.of(side) and not slots.of(side.other)), None)

    def bare(self, name: str, base: Base, seen: Pair[RemoteRecord | None]) -> Side | None:
        """The side whose record has a place for a field and lost its value when it came to be; mostly none."""
        former = former_in(base, name)
        if former is None:
            return None
        record = seen.of(former.side)
        if record is None or not self._layouts.slots(former.side, record.ref.object).get(name):
            return None
        teller = self._sight.teller(former.side, name, base=base, record=record)
        return former.side if teller is not record else None

    def lost(
        self, linked: Linked, side: Side, last: RemoteRecord, new: RemoteRef, record: RemoteRecord | None
    ) -> Mapping[str, tuple[str, ...]]:
        """What the old record had filled and the new one does not show: its vendor fields there, by shared field. A
        reference is not among them, as it is never emptied.
        """
        if linked.base is None:
            return {}
        places = self._layouts.slots(side, new.object)
        found: dict[str, tuple[str, ...]] = {}
        for name, both in self._layouts.of(linked.link.refs.replacing(side, last.ref)).slots.items():
            fields, old = places.get(name, ()), both.of(side)
            if not (fields and old) or name in self._resting or any(field.startswith(REF) for field in (*fields, *old)):
                continue
            if self._filled(side, name, linked.base, last) and not (
                record is not None and self._filled(side, name, linked.base, record)
            ):
                found[name] = fields
        return found

    def keeping(
        self, linked: Linked, side: Side, last: RemoteRecord, new: RemoteRef, lost: Collection[str]
    ) -> Base | None:
        """The Base of a link whose record became ``new``, with what that has no place for or has ``lost``, as the old
        one told it.
        """
        if linked.base is None:
            return None
        places = self._layouts.slots(side, new.object)
        old = self._layouts.of(linked.link.refs.replacing(side, last.ref))
        slots = {name: both.of(side) for name, both in old.slots.items() if name not in places or name in lost}
        wanted = {name: fields for name, fields in slots.items() if name not in self._resting}
        return with_former(linked.base, side, last, wanted, lost=lost)

    def _filled(self, side: Side, name: str, base: Base, record: RemoteRecord) -> bool:
        """Whether a record says something in a field, or something that cannot be read."""
        seen = self._sight.of(side, name, object_name=record.ref.object, base=base, record=record)
        return seen.trouble is not None or not is_empty(seen.value)
