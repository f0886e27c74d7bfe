"""The Lens: one kind's mapping compiled into readers and writers, vendor values in, shared values out, and back.

Everything is decided once per field, side and vendor object, so that reading a value is one call of one closure. What
a Lens needs beyond the mapping (who is who among owners, which records are linked) stands in a ``Context`` that the
engine fills; the Lens looks into it at each read, so that it may grow within a cycle.

Three outcomes are told apart besides a value: ``Invalid`` (cannot be read or written, a person must look),
``Unlinked`` (an ``Invalid`` reference that mends itself once its record is linked) and ``Inexpressible`` (a sound value
this side has no form for: nothing is written, nothing is wrong).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from syncd.core import forms
from syncd.core.forms import Reading, WriteOne, Writing
from syncd.core.tables import set_reader, set_writer, table_writer
from syncd.core.transforms import Step, compile_steps
from syncd.core.types import (
    READERS,
    Codec,
    Inexpressible,
    Invalid,
    Read,
    Unlinked,
    phone_reader,
    text_of,
    write_as,
)
from syncd.model.mapping import FieldMapping, KindMapping
from syncd.model.remote import REF, RemoteUser, Shape, UserSort
from syncd.model.values import SIDES, Canonical, FieldType, Pair, Side, Wire

__all__ = [
    "Codec",
    "Context",
    "Directory",
    "Inexpressible",
    "Invalid",
    "Lens",
    "Slot",
    "Unlinked",
    "vendor_field_count",
]


@dataclass(frozen=True, slots=True)
class Directory:
    """Who may own records on one side: by vendor id, and back by shared name (``user:<email>``, ``queue:<name>``).

    ``ids`` holds active owners only, since no vendor lets a record be given to an inactive one, and only names that
    mean one of them. ``left`` are the names that mean nobody but inactive ones.
    """

    by_id: Mapping[str, RemoteUser] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    left: frozenset[str] = frozenset()

    @staticmethod
    def from_users(users: Sequence[RemoteUser]) -> Directory:
        """All users and queues of one side, inactive ones too."""
        owners: dict[str, list[str]] = {}
        for user in users:
            if user.active:
                owners.setdefault(owner_name(user), []).append(user.id)
        return Directory(
            by_id={user.id: user for user in users},
            ids={name: ids[0] for name, ids in owners.items() if len(ids) == 1},
            left=frozenset(name for user in users if not user.active and (name := owner_name(user)) not in owners),
        )


USER = "user:"
"""How the shared name of a user begins."""


def owner_name(user: RemoteUser) -> str:
    """The shared name of an owner; a user without an address is known on his own side only, by his id."""
    if user.sort is UserSort.QUEUE:
        return f"queue:{user.name.strip()}"
    return f"{USER}{user.email.strip().lower() if user.email else user.id}"


@dataclass(slots=True)
class Context:
    """What reading needs beside the mapping; one per cycle, filled by the engine.

    ``links`` maps per side ``object/id`` of a linked record to its link id; ``refs`` a link id to that side's
    ``object/id``. ``points`` are per side the objects that a lookup field (object and name) can point to.
    """

    users: Pair[Directory] = field(default_factory=lambda: Pair(Directory(), Directory()))
    links: Pair[dict[str, str]] = field(default_factory=lambda: Pair({}, {}))
    refs: Pair[dict[str, str]] = field(default_factory=lambda: Pair({}, {}))
    points: Pair[dict[tuple[str, str], frozenset[str]]] = field(default_factory=lambda: Pair({}, {}))


@dataclass(frozen=True, slots=True)
class Slot:
    """Where one field stands on one vendor object; a reference stands in the pseudo field ``ref:<field name>``."""

    field: FieldMapping
    vendor_fields: tuple[str, ...]


def vendor_field_count(mapping: FieldMapping) -> range:
    """How many vendor fields one slot may have.

    Money may have its currency as the second one, a state the country it belongs to (read only, never written); a value
    table takes as many as its forms.
    """
    if mapping.type in {FieldType.MONEY, FieldType.STATE}:
        return range(1, 3)
    several = bool(mapping.table) and mapping.type not in {FieldType.SET, FieldType.REFERENCE}
    return range(1, 17 if several else 2)


def shape_of(kind: KindMapping, side: Side) -> Shape:
    """What to ask a side's connector for: mapped vendor fields, the key, the native ids; references apart."""
    objects: dict[str, tuple[str, ...]] = {}
    refs: dict[str, dict[str, str]] = {}
    extra = (kind.key.of(side), *(kind.native if side is Side.MARKETING else ()))
    for vendor in kind.objects.of(side):
        names: list[str] = []
        for slot in _slots(kind, side, vendor):
            if slot.field.type is FieldType.REFERENCE:
                refs.setdefault(slot.field.name, {})[vendor] = slot.field.slots.of(side)[vendor][0]
            else:
                names += slot.vendor_fields
        objects[vendor] = tuple(dict.fromkeys((*names, *extra)))
    return Shape(kind=kind.kind, objects=objects, key=kind.key.of(side), refs=refs)


def _slots(kind: KindMapping, side: Side, vendor: str) -> tuple[Slot, ...]:
    """The fields that one vendor object has, in the order of the mapping."""
    return tuple(_slot(mapping, side, vendor) for mapping in kind.fields if vendor in mapping.slots.of(side))


class Lens:
    """The compiled reader and writer of one kind.

    :raises ValueError: for a mapping that the settings should have refused: a wrong transform, too many vendor fields.
    """

    def __init__(self, kind: KindMapping, context: Context, codecs: Pair[Codec]) -> None:
        self.kind = kind
        self._context = context
        self._codecs = codecs
        self._slots: Pair[dict[str, tuple[Slot, ...]]] = Pair({}, {})
        self._readers: Pair[dict[str, dict[str, Reading]]] = Pair({}, {})
        self._writers: Pair[dict[str, dict[str, Writing]]] = Pair({}, {})
        for side in SIDES:
            for vendor in kind.objects.of(side):
                slots = self._slots.of(side)[vendor] = _slots(kind, side, vendor)
                self._readers.of(side)[vendor] = {slot.field.name: self._reading(slot, side) for slot in slots}
                self._writers.of(side)[vendor] = {slot.field.name: self._writing(slot, side) for slot in slots}
        self._read_marketing, self._read_crm = self._readers
        self._shapes = Pair(*(shape_of(kind, side) for side in SIDES))

    def shape(self, side: Side) -> Shape:
        """What to ask that side's connector for."""
        return self._shapes.of(side)

    def slots(self, side: Side, object: str) -> tuple[Slot, ...]:
        """The fields that one vendor object has, in the order of the mapping; none for an object of another kind."""
        return self._slots.of(side).get(object, ())

    def read(self, side: Side, object: str, name: str, wires: tuple[Wire, ...]) -> Canonical | Invalid:
        """The shared value of one field; ``wires`` in the order of its slot's vendor fields.

        :raises KeyError: if that object has no such field.
        """
        return (self._read_marketing if side is Side.MARKETING else self._read_crm)[object][name](wires)

    def write(
        self, side: Side, object: str, name: str, value: Canonical
    ) -> Mapping[str, Wire] | Invalid | Inexpressible:
        """What to send for a shared value, by vendor field; a ``None`` clears one.

        A reference is written as ``{"ref:company": "Account/001…"}``, or as ``link:<id>`` where the record it points to
        has no ref on that side yet: whoever sends it must resolve it then.

        :raises KeyError: if that object has no such field.
        """
        return self._writers.of(side)[object][name](value)

    def same(self, name: str, a: Canonical, b: Canonical) -> bool:
        """Declared equality of a field: both values are canonical, so it is plain equality."""
        return a == b

    # -- compiling ---------------------------------------------------------------------------------------------------
    def _reading(self, slot: Slot, side: Side) -> Reading:
        read = self._read_slot(slot, side)
        steps = self._steps(slot.field, side, writing=False)
        return read if steps is None else forms.stepped_reading(read, steps)

    def _steps(self, mapping: FieldMapping, side: Side, *, writing: bool) -> Step | None:
        steps = mapping.steps.of(side)
        chosen = steps.write if writing else steps.read
        if mapping.type in {FieldType.COUNTRY, FieldType.STATE}:  # there it only chooses the written form
            chosen = tuple(step for step in chosen if step.name not in {"iso_code", "country_name"})
        return compile_steps(chosen, find_user=lambda owner: self._user(side, owner), writing=writing)

    def _user(self, side: Side, id: str) -> RemoteUser | None:
        return self._context.users.of(side).by_id.get(id)

    def _read_slot(self, slot: Slot, side: Side) -> Reading:
        mapping = slot.field
        match mapping.type:
            case FieldType.REFERENCE:
                return self._reference_reading(mapping, side)
            case FieldType.SET:
                return _first(set_reader(mapping, side))
            case _ if mapping.table:
                return forms.tabled_reading(mapping, side)
            case FieldType.OWNER:
                return self._owner_reading(side)
            case FieldType.MONEY:
                return forms.money_reading(mapping)
            case FieldType.COUNTRY:
                return forms.country_reading(mapping)
            case FieldType.STATE:
                return forms.state_reading(mapping)
            case FieldType.PHONE:
                return _first(phone_reader(mapping.region))
            case _:
                return _first(READERS[mapping.type])

    def _reference_reading(self, mapping: FieldMapping, side: Side) -> Reading:
        def read(wires: tuple[Wire, ...]) -> Canonical | Invalid:
            wire = wires[0]
            if wire is None or wire == "":
                return None
            link = self._context.links.of(side).get(str(wire))
            if link is None:
                return Unlinked("points to a record that is not synced yet")
            if not self._can_point(mapping, side.other, link):
                return Unlinked("points to a record that the field of the other side cannot point to yet")
            return link

        return read

    def _can_point(self, mapping: FieldMapping, side: Side, link: str) -> bool:
        """Whether some lookup field of this reference takes the record that a link has on that side.

        A person may be a Lead where only a Contact can be pointed to: that mends itself with the conversion.
        """
        kind = self._context.refs.of(side).get(link, "").partition("/")[0]
        points = self._context.points.of(side)
        allowed = [points.get((each, names[0])) for each, names in mapping.slots.of(side).items()]
        return not kind or any(each is None or kind in each for each in allowed)

    def _owner_reading(self, side: Side) -> Reading:
        def read(wires: tuple[Wire, ...]) -> Canonical | Invalid:
            owner = (text_of(wires[0]) or "").strip()
            if not owner:
                return None
            user = self._user(side, owner)
            if user is None:
                return Invalid(
                    "is no user or queue that these credentials can see; check the integration user's rights"
                )
            return owner_name(user)

        return read

    def _writing(self, slot: Slot, side: Side) -> Writing:
        codec = self._codecs.of(side)
        steps = self._steps(slot.field, side, writing=True)
        if steps is None:
            return self._write_slot(slot, side, codec)
        write = self._write_slot(slot, side, Codec.TEXT)
        return forms.stepped_writing(slot.field.type, slot.vendor_fields[0], steps=steps, write=write, codec=codec)

    def _write_slot(self, slot: Slot, side: Side, codec: Codec) -> Writing:
        mapping, vendor = slot.field, slot.vendor_fields
        match mapping.type:
            case FieldType.REFERENCE:
                return self._reference_writing(side, vendor[0])
            case FieldType.SET:
                return _alone(vendor[0], set_writer(mapping, side))
            case FieldType.OPT_OUT if mapping.table:
                return _only_true(table_writer(mapping, side, vendor))
            case _ if mapping.table:
                return table_writer(mapping, side, vendor)
            case FieldType.OWNER:
                return _alone(vendor[0], self._owner_writing(side))
            case FieldType.MONEY:
                return forms.money_writing(mapping, vendor, codec)
            case FieldType.COUNTRY:
                return _alone(vendor[0], forms.country_writing(codes=forms.writes_codes(mapping, side)))
            case FieldType.STATE:
                return _alone(vendor[0], forms.state_writing(codes=forms.writes_codes(mapping, side)))
            case _:
                return _alone(vendor[0], write_as(mapping.type, codec))

    def _reference_writing(self, side: Side, vendor_field: str) -> Writing:
        def write(value: Canonical) -> Mapping[str, Wire]:
            if value is None:
                return {vendor_field: None}
            return {vendor_field: self._context.refs.of(side).get(str(value), f"link:{value}")}

        return write

    def _owner_writing(self, side: Side) -> WriteOne:
        def write(value: Canonical) -> Wire | Invalid | Inexpressible:
            if value is None:
                return None
            users = self._context.users.of(side)
            known = users.ids.get(str(value))
            if known is not None:
                return known
            if side is Side.CRM and str(value) in users.left:  # the other side tells it as text, and nobody is missing
                return Invalid("the owner has left: that user is not active any more, choose another owner")
            sort = "queue" if str(value).startswith("queue:") else "active user"
            return Inexpressible(f"the owner is no {sort} of this side, or not the only one of that name")

        return write


def _slot(mapping: FieldMapping, side: Side, object: str) -> Slot:
    vendor_fields = mapping.slots.of(side)[object]
    if len(vendor_fields) not in vendor_field_count(mapping):
        raise ValueError(f"field {mapping.name}: {len(vendor_fields)} vendor fields are too many for {mapping.type}")
    return Slot(mapping, (REF + mapping.name,) if mapping.type is FieldType.REFERENCE else vendor_fields)


def _first(read: Read) -> Reading:
    return lambda wires: read(wires[0])


def _alone(vendor_field: str, write: WriteOne) -> Writing:
    def write_alone(value: Canonical) -> Mapping[str, Wire] | Invalid | Inexpressible:
        wire = write(value)
        return wire if isinstance(wire, Invalid | Inexpressible) else {vendor_field: wire}

    return write_alone


def _only_true(write: Writing) -> Writing:
    return lambda value: write(value) if value is True else Inexpressible("an opt-out is only ever set, never cleared")
