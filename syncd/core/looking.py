"""Which fields of a linked record are looked at, and how each side shows them.

Looked at is what is told differently, was never agreed, waits, or was chosen by a person; nothing else can need
anything. A field that the present record of a side has no place for is shown as that side's former record told it last
(``core.former``), until that is settled.
"""

from __future__ import annotations

from syncd.core.former import former_in, with_former
from syncd.core.known import Known
from syncd.core.layout import Layout, Layouts
from syncd.core.merge import Seen
from syncd.core.sight import Sight
from syncd.model.beside import field_waiting
from syncd.model.link import Base, Link, Linked
from syncd.model.remote import RemoteRecord, RemoteRef
from syncd.model.values import SIDES, Pair, Side


class Looking:
    """Looks at the linked records of one kind. ``only`` are the fields that count, all if it is empty; ``resting``
    those that nobody looks at; ``staged`` is the one that is decided on last, if there is one.
    """

    def __init__(
        self, layouts: Layouts, sight: Sight, *, only: frozenset[str], resting: frozenset[str], staged: str | None
    ) -> None:
        self._layouts = layouts
        self._sight = sight
        self._only = only
        self._resting = resting
        self._staged = staged

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
        names.update((str(conflict.field), None) for conflict in known.conflicts if conflict.field in layout.slots)
        names.update((parked.field, None) for parked in known.parked if parked.field in layout.slots)
        waiting = [name for kept in agreed if (name := field_waiting(kept)) is not None]
        names.update((name, None) for name in waiting)
        looked_at = (self._only or names.keys()) - self._resting
        order = dict.fromkeys((*layout.slots, *waiting))
        touched = [name for name in order if name in names and name in looked_at]
        return sorted(touched, key=self._is_last)  # entry criteria are held against what the others come to

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
        former = former_in(base, name)
        if former is not None and former.side is side:
            record = former.record
        object_name = record.ref.object if record else link.refs.of(side).object
        return self._sight.of(side, name, object_name=object_name, base=base, record=record)

    def keeping(self, linked: Linked, side: Side, last: RemoteRecord, new: RemoteRef) -> Base | None:
        """The Base of a link whose record became ``new``, with what that has no place for, as the old one told it."""
        if linked.base is None:
            return None
        places = self._layouts.slots(side, new.object)
        old = self._layouts.of(linked.link.refs.replacing(side, last.ref))
        slots = {name: both.of(side) for name, both in old.slots.items() if name not in places}
        wanted = {name: fields for name, fields in slots.items() if name not in self._resting}
        return with_former(linked.base, side, last, wanted)

    def _is_last(self, name: str) -> bool:
        return name == self._staged
