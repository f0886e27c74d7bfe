"""Small mappings of contacts and Leads, made ready to read and to write with."""

from __future__ import annotations

from syncd.core.normalize import Codec, Context, Directory, Lens
from syncd.model.mapping import FieldMapping, KindMapping, TableRow
from syncd.model.remote import RemoteUser, UserSort
from syncd.model.values import FieldType, Pair, Side, Wire

ANN = RemoteUser("7", UserSort.USER, "Ann", "ann@example.com", active=True)
CRM, MARKETING = Side.CRM, Side.MARKETING


def field(
    type: FieldType = FieldType.STRING,
    *,
    name: str = "f",
    marketing: tuple[str, ...] = ("m",),
    crm: tuple[str, ...] = ("C",),
    **more: object,
) -> FieldMapping:
    """A field of contacts and Leads."""
    slots = Pair({"contacts": marketing}, {"Lead": crm})
    return FieldMapping(name=name, type=type, slots=slots, **more)  # type: ignore[arg-type]  # fields of FieldMapping


def lens(*fields: FieldMapping, **more: object) -> Lens:
    """A Lens of these fields, which knows Ann."""
    key = Pair("crm_id", "Marketing_Id__c")
    kind = KindMapping("person", Pair(("contacts",), ("Lead",)), key, fields, **more)  # type: ignore[arg-type]
    users = Pair(Directory.from_users([ANN]), Directory.from_users([ANN]))
    return Lens(kind, Context(users=users), Pair(Codec.TEXT, Codec.JSON))


def row(value: str, *reads: tuple[Wire, ...], writes: tuple[Wire, ...] | None = None) -> TableRow:
    """One row of a table that both sides read alike."""
    return TableRow(value, Pair(reads, reads), Pair(writes or reads[0], writes or reads[0]))
