"""What recorded shared values mean by a changed mapping.

A shared value of the record is turned back into the vendor's words: those that its side last confirmed where they mean
that value, else every form by which the mapping in use reads it. Those are read by the changed mapping. It promises to
name every reading there may have been, or to say why it cannot: what another vendor field held was never recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice, product
from typing import Final

from syncd.core.normalize import Inexpressible, Invalid, Lens
from syncd.model.mapping import FieldMapping, KindMapping
from syncd.model.values import MISSING, Canonical, FieldType, Side, Told, Wire

MOST_FORMS: Final = 64
"""In how many ways a value may have stood there; what has more is not told."""


class Carrying:
    """The mapping in use and the changed one, as far as single values go."""

    def __init__(self, old: Lens, new: Lens) -> None:
        self.old, self.new = old, new
        self._old = {each.name: each for each in old.kind.fields}
        self._new = counterparts(old.kind, new.kind)

    def in_use(self, name: str) -> FieldMapping | None:
        """A field of the mapping in use."""
        return self._old.get(name)

    def counterpart(self, name: str) -> FieldMapping | None:
        """The field of the changed mapping that takes its place: of its name, else the one that stands where it stands
        in both systems.
        """
        return self._new.get(name)

    def carried(
        self,
        old: FieldMapping,
        new: FieldMapping,
        side: Side,
        *,
        object_name: str,
        value: Canonical,
        confirmed: Mapping[str, Wire],
    ) -> list[Told] | str:
        """What a recorded value may mean by the changed mapping (``MISSING``: it cannot be read by that); or why that
        was not recorded.
        """
        was, now = old.slots.of(side)[object_name], new.slots.of(side)[object_name]
        alike = reads_as(old, side) == reads_as(new, side)
        if was == now and alike:
            return [value]
        if old.type is FieldType.REFERENCE or new.type is FieldType.REFERENCE:
            return "to which record it pointed in the vendor's words was not recorded"
        lacking = [name for name in now if name not in was]
        if lacking:
            return f"what {', '.join(lacking)} held was not recorded"
        forms = self._forms(old, side, object_name, value, confirmed)
        if not forms or len(forms) > MOST_FORMS:
            return "in which form it stood there was not recorded"
        found: dict[Told, None] = {}
        for form in forms:
            by_name = dict(zip(was, form, strict=True))
            read = self.new.read(side, object_name, new.name, tuple(by_name[name] for name in now))
            found[MISSING if isinstance(read, Invalid) else read] = None
        return list(found)

    def words(self, new: FieldMapping, side: Side, object_name: str, text: str) -> list[Told]:
        """What a value in the vendor's own words means by the changed mapping; nothing where it stands elsewhere."""
        if len(new.slots.of(side)[object_name]) > 1:
            return [MISSING]
        read = self.new.read(side, object_name, new.name, (text,))
        return [MISSING if isinstance(read, Invalid) else read]

    def unreadable(self, old: FieldMapping, side: Side, object_name: str, value: Canonical) -> bool:
        """Whether a value of the record is in the vendor's own words, since the mapping in use cannot read it."""
        several = len(old.slots.of(side)[object_name]) > 1
        if not isinstance(value, str) or several or old.type is FieldType.REFERENCE or old.steps.of(side).read:
            return False
        told = self.old.write(side, object_name, old.name, value)
        expressed = isinstance(told, Mapping) and not isinstance(
            self.old.read(side, object_name, old.name, tuple(told.values())), Invalid
        )
        return not expressed and isinstance(self.old.read(side, object_name, old.name, (value,)), Invalid)

    def _forms(
        self, old: FieldMapping, side: Side, object_name: str, value: Canonical, confirmed: Mapping[str, Wire]
    ) -> list[tuple[Wire, ...]]:
        """The forms in which a shared value may have stood in its vendor fields."""
        names = old.slots.of(side)[object_name]

        def means_it(form: tuple[Wire, ...]) -> bool:
            read = self.old.read(side, object_name, old.name, form)
            return not isinstance(read, Invalid) and read == value

        if all(name in confirmed for name in names):
            form = tuple(confirmed[name] for name in names)
            if means_it(form):
                return [form]
        if value is None:
            empty: tuple[Wire, ...] = (None,) * len(names)
            return [empty] if means_it(empty) else []
        if old.table and old.type is not FieldType.SET:
            return [form for form in _tabled(old, side, value) if means_it(form)]
        told = self.old.write(side, object_name, old.name, value)
        if isinstance(told, Invalid | Inexpressible):
            return []
        form = tuple(told.get(name) for name in names)
        return [form] if means_it(form) else []


def reads_as(mapping: FieldMapping, side: Side) -> tuple[object, ...]:
    """All that decides how a field is read on one side, but for where it stands: two that are equal read alike."""
    rest = (mapping.unknown, mapping.default, mapping.region, mapping.currency)
    return (mapping.type, mapping.steps.of(side), mapping.table, *rest)


def _tabled(mapping: FieldMapping, side: Side, value: Canonical) -> list[tuple[Wire, ...]]:
    """The forms of a table's value; where a vendor field may hold anything, everything that the table knows of it."""
    rows = [(row.value, form) for row in mapping.table for form in row.reads.of(side)]
    known = [{form[at] for _, form in rows} | {None} for at in range(len(rows[0][1]))] if rows else []
    forms = (
        filled
        for named, form in rows
        if named == value
        for filled in product(*(known[at] if wire is None else {wire} for at, wire in enumerate(form)))
    )
    return list(dict.fromkeys(islice(forms, MOST_FORMS + 1)))


def counterparts(old: KindMapping, new: KindMapping) -> Mapping[str, FieldMapping]:
    """For each field of a mapping the one that takes its place in another: of the same name, else of the same slots."""
    by_name = {each.name: each for each in new.fields}
    taken = {each.name for each in old.fields if each.name in by_name}
    free = [each for each in new.fields if each.name not in taken]
    found: dict[str, FieldMapping] = {}
    for each in old.fields:
        place = by_name.get(each.name) or next((other for other in free if other.slots == each.slots), None)
        if place is not None:
            found[each.name] = place
    return found
