"""One field of one linked record as each side shows it now: its value, whether it changed, why it cannot be read.

A side that was not read in this cycle stands as it last confirmed. A vendor field that was not told is never a clear,
and a reference to a record that is not linked yet is not told either: it mends itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from syncd.core.former import former_in, is_empty
from syncd.core.known import Person
from syncd.core.layout import Layouts
from syncd.core.merge import Seen
from syncd.core.normalize import Inexpressible, Invalid, Lens, Unlinked
from syncd.core.types import text_of
from syncd.model.link import Base, Link, Linked
from syncd.model.mapping import FieldMapping
from syncd.model.remote import REF, RemoteRecord, wire_of
from syncd.model.values import MISSING, SIDES, Canonical, Missing, Pair, Side, Told, Wire


class Sight:
    """Reads the fields of one kind."""

    def __init__(self, lens: Lens, layouts: Layouts) -> None:
        self._lens = lens
        self._layouts = layouts

    def of(self, side: Side, name: str, *, object_name: str, base: Base, record: RemoteRecord | None) -> Seen:
        """One field on one side; ``record`` is ``None`` where nothing was read.

        A change is judged in shared values, not in wires: the same value in another form has not changed. After a
        conversion the new object has other vendor fields, of which nothing was confirmed; there the agreed value is
        what a change is told by.
        """
        names = self._layouts.slots(side, object_name).get(name, ())
        if not names:  # that record has no place for it, and nothing to say about it
            return Seen(base.agreed.get(name, MISSING), changed=False)
        confirmed = base.confirmed.of(side)
        was = tuple([confirmed.get(vendor_field, MISSING) for vendor_field in names])
        if record is None:
            return Seen(self._value(side, object_name, name, was), changed=False)
        now = _all_told(tuple([wire_of(record, each, held) for each, held in zip(names, was, strict=True)]))
        if now is None:
            return Seen(MISSING, changed=False)
        read = self._lens.read(side, object_name, name, now)
        if isinstance(read, Unlinked):
            return Seen(MISSING, changed=False)
        if isinstance(read, Invalid):
            return Seen(MISSING, changed=now != was, trouble=read.reason)
        if now == was:
            return Seen(read, changed=self._is_relinked(side, name, object_name=object_name, base=base, record=record))
        before = self.before(side, name, object_name=object_name, base=base)
        return Seen(read, changed=before is MISSING or before != read)

    def teller(self, side: Side, name: str, *, base: Base, record: RemoteRecord | None) -> RemoteRecord | None:
        """Whose word counts for a field: the present record's, but its predecessor's while that is kept, as long as
        the present one has no place for the field or shows it empty.
        """
        former = former_in(base, name)
        if former is None or former.side is not side:
            return record
        if record is not None and self._layouts.slots(side, record.ref.object).get(name):
            shown = self.of(side, name, object_name=record.ref.object, base=base, record=record)
            bare = is_empty(shown.value) if shown.trouble is None else former.lacks(record)
            if not bare:
                return record
        return former.record

    def resolves(self, linked: Linked, seen: Pair[RemoteRecord | None]) -> bool:
        """Whether a record tells a reference that was never agreed on and can be read by now: the record it points to
        was linked since, or is linked to another one. Only with both sides at hand can it be settled.
        """
        base = linked.base
        if base is None:
            return False
        layout = self._layouts.of(linked.link.refs)
        for side in SIDES:
            record = seen.of(side)
            waiting = [name for name in layout.references.of(side) if name[len(REF) :] not in base.columns.agreed]
            for reference in waiting if record is not None else ():
                name, kind = reference[len(REF) :], linked.link.refs.of(side).object
                if isinstance(self.of(side, name, object_name=kind, base=base, record=record).value, str):
                    return True
        return any(self.relinked(linked.link, base, seen))

    def relinked(self, link: Link, base: Base, seen: Pair[RemoteRecord | None]) -> Iterator[str]:
        """The references that records tell as they were confirmed, to a record that is somebody else by now."""
        for side in SIDES:
            record, kind = seen.of(side), link.refs.of(side).object
            if record is None:
                continue
            for reference in self._layouts.of(link.refs).references.of(side):
                name = reference[len(REF) :]
                if self._is_relinked(side, name, object_name=kind, base=base, record=record):
                    yield name

    def _is_relinked(self, side: Side, name: str, *, object_name: str, base: Base, record: RemoteRecord) -> bool:
        """Whether a reference stands as it was confirmed, and its record has another link than was agreed on."""
        column, *_ = self._layouts.slots(side, object_name)[name]
        agreed, was = base.agreed.get(name), base.confirmed.of(side).get(column, MISSING)
        if not column.startswith(REF) or not isinstance(agreed, str) or was is MISSING:
            return False
        if wire_of(record, column, was) != was:
            return False
        read = self._lens.read(side, object_name, name, (was,))
        return isinstance(read, str) and read != agreed

    def before(self, side: Side, name: str, *, object_name: str, base: Base) -> Told:
        """What one side last confirmed; where it never did, what was agreed on."""
        names = self._layouts.slots(side, object_name).get(name, ())
        confirmed = base.confirmed.of(side)
        was = self._value(side, object_name, name, tuple([confirmed.get(each, MISSING) for each in names]))
        return base.agreed.get(name, MISSING) if was is MISSING else was

    def written(
        self, side: Side, mapping: FieldMapping, value: Canonical, person: Person
    ) -> Mapping[str, Wire] | Invalid | Inexpressible:
        """What to send so that a record, as it stands, comes to show ``value``, by vendor field.

        The form of a value table may leave vendor fields alone. Where what stands in those makes the whole read as
        another value they are emptied: a write must be read as what it was meant to say.
        """
        object_name = person.ref(side).object
        wires = self._lens.write(side, object_name, mapping.name, value)
        names = self._layouts.slots(side, object_name)[mapping.name]
        if not mapping.table or isinstance(wires, Invalid | Inexpressible) or len(wires) == len(names):
            return wires
        record = person.seen.of(side)
        stands = person.base.confirmed.of(side) if record is None else record.fields
        for form in (wires, {**dict.fromkeys(names), **wires}):
            shown = tuple([form.get(each, stands.get(each)) for each in names])
            if self._lens.read(side, object_name, mapping.name, shown) == value:
                return form
        return wires  # this side has no word of its own for it, whatever stands there

    def words(self, side: Side, name: str, *, seen: Seen, record: RemoteRecord | None) -> Canonical:
        """A value for a person to judge: canonical where it can be read, else the vendor's own words."""
        if seen.value is not MISSING:
            return seen.value
        if record is None:
            return None
        names = self._layouts.slots(side, record.ref.object).get(name, ())
        told = [text_of(record.fields.get(vendor_field)) or "" for vendor_field in names]
        return " | ".join(told) if any(told) else None

    def _value(self, side: Side, object_name: str, name: str, wires: tuple[Wire | Missing, ...]) -> Told:
        told = _all_told(wires)
        if told is None:
            return MISSING
        read = self._lens.read(side, object_name, name, told)
        return MISSING if isinstance(read, Invalid) else read


def _all_told(wires: tuple[Wire | Missing, ...]) -> tuple[Wire, ...] | None:
    """The wires, if every one was told."""
    told = [wire for wire in wires if wire is not MISSING]
    return tuple(told) if len(told) == len(wires) else None
