"""One derived field on one side as it is now: what its record tells, or what it last confirmed where none was read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from syncd.core.normalize import Invalid, Lens
from syncd.model.remote import RemoteRecord
from syncd.model.values import MISSING, Side, Told, Wire


class Look(NamedTuple):
    """One derived field on one side now. ``value`` is ``MISSING`` where it was not told, or cannot be read
    (``trouble``); ``news`` says that a record tells something else than was confirmed, if only in form.
    """

    value: Told
    trouble: bool = False
    news: bool = False

    def off(self, value: Told) -> bool:
        """Whether it surely is another value than this one."""
        return self.trouble or (self.value is not MISSING and self.value != value)


UNSEEN: Final = Look(MISSING)
Looks = tuple[tuple[Side, Look], ...]
"""One derived field on the sides that map it."""


def look_at(
    lens: Lens,
    side: Side,
    object_name: str,
    name: str,
    columns: tuple[str, ...],
    record: RemoteRecord | None,
    confirmed: Mapping[str, Wire],
) -> Look:
    """One side of one field. ``columns`` are the vendor fields that hold it."""
    told = confirmed if record is None else record.fields
    news = False
    if len(columns) == 1:  # nearly always
        wires: tuple[Wire, ...] = (told[columns[0]],) if columns[0] in told else ()
    else:
        wires = tuple([told[column] for column in columns if column in told])
    if len(wires) < len(columns):
        return UNSEEN
    if record is not None:
        for column, wire in zip(columns, wires, strict=True):
            news = news or confirmed.get(column, MISSING) != wire
    value = lens.read(side, object_name, name, wires)
    if isinstance(value, Invalid):
        return UNSEEN if record is None else Look(MISSING, trouble=True, news=news)
    return Look(value, news=news)
