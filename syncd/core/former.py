"""What a record that became another one told last of a field that its successor does not tell.

A converted Lead has a status, its Contact has none. What the Lead told since both sides last agreed is kept beside the
field in the Base that moves on to the Contact, until the field is settled: so it arrives though the process dies right
after the link has moved.

A conversion also empties: custom fields go along only where an administrator mapped them. An empty field of the
Contact that the Lead had filled is no edit of anybody then, unless the history says that somebody emptied it since. Its
last value is kept as well, stands for the Contact in the merge, and is written on the Contact again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from syncd.core.merge import Agree, Decided, Keep, Unite
from syncd.model.beside import former_of
from syncd.model.link import Base
from syncd.model.mapping import FieldMapping
from syncd.model.remote import RemoteRecord, RemoteRef, wire_of
from syncd.model.values import MISSING, Canonical, Side, Told, Wire, instant, stamp

EMPTY: Final = (None, "")
"""What a vendor field tells that says nothing."""

LOST: Final = "lost in a conversion"
"""The rule of a value that is written again on a record that came out of a conversion without it."""


@dataclass(frozen=True, slots=True)
class Former:
    """The record as it was at its end, with the vendor fields of one shared field."""

    side: Side
    record: RemoteRecord

    @property
    def text(self) -> str:
        """As it is kept."""
        record = self.record
        told = [self.side.value, *record.ref, stamp(record.stamp), dict(record.fields)]
        return json.dumps(told, ensure_ascii=False, separators=(",", ":"))

    def lacks(self, record: RemoteRecord) -> bool:
        """Whether another record shows a vendor field empty that this one had filled."""
        return any(held not in EMPTY and record.fields.get(name) in EMPTY for name, held in self.record.fields.items())

    @staticmethod
    def read(text: str) -> Former:
        """From its text. It has no version: it says nothing about how new its successor is."""
        side, object_name, id_, at, fields = json.loads(text)
        return Former(Side(side), RemoteRecord(RemoteRef(object_name, id_), "", instant(at), fields))


def former_in(base: Base, name: str) -> Former | None:
    """What is kept of one field."""
    kept = base.agreed.get(former_of(name))
    return Former.read(kept) if isinstance(kept, str) else None


def is_empty(value: Told) -> bool:
    """Whether a field says nothing: no value, no members, a box that is not ticked. Zero is a value."""
    return value is None or value is False or value == ()


def again(mapping: FieldMapping, verdict: Decided, *, agreed: Told, bare: Side | None) -> Decided:
    """The verdict on a field that the record of the ``bare`` side lost: what would be left as it is, since both sides
    said so before, is written there again. Against its direction a field is not written; both sides are left as they
    stand then, and nothing of it is an edit.
    """
    if bare is None:
        return verdict
    unchanged = isinstance(verdict, Keep) and not verdict.reason and agreed is not MISSING
    value = agreed if unchanged else verdict.value if isinstance(verdict, Agree) else MISSING
    if value is MISSING:
        return verdict
    return Unite(value, LOST) if mapping.direction.flows_to(bare) else Agree(value)


def with_former(
    base: Base, side: Side, last: RemoteRecord, slots: Mapping[str, tuple[str, ...]], *, lost: Collection[str] = ()
) -> Base:
    """A Base that keeps what a record told last, where that is not what its side has confirmed.

    :param slots: the old object's vendor fields of each shared field that the new record does not tell.
    :param lost: those of them that the new record has a place for; they are kept in any case, to be written again.
    """
    confirmed = base.confirmed.of(side)
    kept: dict[str, Canonical] = {}
    for name, fields in slots.items():
        wires: dict[str, Wire] = {}
        for field in fields:
            wire = wire_of(last, field)
            if wire is not MISSING:
                wires[field] = wire
        news = name in lost or any(confirmed.get(field, MISSING) != wire for field, wire in wires.items())
        if len(wires) == len(fields) and news:
            record = RemoteRecord(last.ref, "", last.stamp, wires)
            kept[former_of(name)] = Former(side, record).text
    return Base({**base.agreed, **kept}, base.confirmed) if kept else base
