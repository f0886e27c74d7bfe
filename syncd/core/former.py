"""What a record that became another one told last of a field that its successor has no place for.

A converted Lead has a status, its Contact has none. What the Lead told since both sides last agreed is kept beside the
field in the Base that moves on to the Contact, until the field is settled: so it arrives though the process dies right
after the link has moved.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from syncd.model.beside import former_of
from syncd.model.link import Base
from syncd.model.remote import RemoteRecord, RemoteRef, wire_of
from syncd.model.values import MISSING, Canonical, Side, Wire, instant, stamp


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

    @staticmethod
    def read(text: str) -> Former:
        """From its text. It has no version: it says nothing about how new its successor is."""
        side, object_name, id_, at, fields = json.loads(text)
        return Former(Side(side), RemoteRecord(RemoteRef(object_name, id_), "", instant(at), fields))


def former_in(base: Base, name: str) -> Former | None:
    """What is kept of one field."""
    kept = base.agreed.get(former_of(name))
    return Former.read(kept) if isinstance(kept, str) else None


def with_former(base: Base, side: Side, last: RemoteRecord, slots: Mapping[str, tuple[str, ...]]) -> Base:
    """A Base that keeps what a record told last, where that is not what its side has confirmed.

    :param slots: the vendor fields of each shared field that the old object has and the new one has not.
    """
    confirmed = base.confirmed.of(side)
    kept: dict[str, Canonical] = {}
    for name, fields in slots.items():
        wires: dict[str, Wire] = {}
        for field in fields:
            wire = wire_of(last, field)
            if wire is not MISSING:
                wires[field] = wire
        if len(wires) == len(fields) and any(confirmed.get(field, MISSING) != wire for field, wire in wires.items()):
            record = RemoteRecord(last.ref, "", last.stamp, wires)
            kept[former_of(name)] = Former(side, record).text
    return Base({**base.agreed, **kept}, base.confirmed) if kept else base
