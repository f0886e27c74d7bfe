"""HubSpot's JSON as records, and values as HubSpot takes them.

All property values are text on the wire or ``null``; stamps come as ISO text or as epoch milliseconds. A property that
was asked for and is not in an answer is ``missing``, never empty: it is undefined or hidden. ``@unsubscribed`` is read
from ``hs_email_optout``, which is read-only: ``"true"``, ``"false"``, or ``null`` where nothing is known of the
address; ``@subscription/<id>`` the same way from ``hs_email_optout_<id>``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any, Final

from connectors.transport import wrong_shape
from syncd.model.errors import BadUsage
from syncd.model.remote import Moved, RemoteRecord, RemoteRef, Shape, Succession
from syncd.model.values import Instant, Wire

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
UNSUBSCRIBED: Final = "@unsubscribed"
SUBSCRIPTION: Final = "@subscription/"
OPTED_OUT: Final = "hs_email_optout"
CONTACTS: Final = "contacts"
ALIASES: Final = "hs_additional_emails"
"""The addresses of a contact beside its first one, which it has of contacts that were merged into it."""
_MILLISECOND = timedelta(milliseconds=1)
_PLAIN: Final = frozenset({str, type(None)})
_NONE: Final[frozenset[str]] = frozenset()


def millis_of(moment: Instant) -> int:
    """Epoch milliseconds of an aware instant, rounded down."""
    return (moment - EPOCH) // _MILLISECOND


def instant_of(stamp: int) -> Instant:
    """The instant of epoch milliseconds."""
    return EPOCH + timedelta(milliseconds=stamp)


def read_stamp(text: object) -> int | None:
    """Epoch milliseconds of a vendor stamp, ISO text or digits (both occur); ``None`` if it is neither."""
    if isinstance(text, int) and not isinstance(text, bool):
        return text
    if not isinstance(text, str) or not text:
        return None
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return millis_of(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def id_of(row: Mapping[str, Any], kind: str, name: str = "id") -> str:
    """The id of a row, digits as text (numbers occur). :raises Bug: if it has none: a record must not be mistaken."""
    key = row.get(name)
    if key.__class__ is str and key.isdigit():
        return key
    if isinstance(key, int) and not isinstance(key, bool) and key >= 0:
        return str(key)
    raise wrong_shape(kind, f"a row without a readable {name}")


def stamp_property(kind: str) -> str:
    """The property that moves with every change: on contacts another one than on all other objects."""
    return "lastmodifieddate" if kind == CONTACTS else "hs_lastmodifieddate"


def to_text(value: Wire) -> str:
    """A value as HubSpot takes it: text, ``""`` to clear (``null`` is no documented way), booleans in lower case."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def same(one: Wire, other: Wire) -> bool:
    """Whether two wire values are one to HubSpot, which knows text only and no difference of ``null`` and ``""``."""
    return to_text(one) == to_text(other)


def flag_of(name: str) -> str | None:
    """The read-only property that shows an opt-out, or ``None`` for a name that stands for none."""
    if not name.startswith("@"):  # nearly every name
        return None
    if name == UNSUBSCRIBED:
        return OPTED_OUT
    number = name.removeprefix(SUBSCRIPTION)
    return f"{OPTED_OUT}_{number}" if name.startswith(SUBSCRIPTION) and number.isascii() and number.isdigit() else None


def opt_outs(fields: Mapping[str, Wire]) -> list[str]:
    """The names among these that stand for an opt-out: ``@unsubscribed``, ``@subscription/<id>``."""
    return [name for name in fields if flag_of(name) is not None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a shape means for HubSpot: one object, the properties to ask for, the fields to give back; ``flags`` are
    the properties behind the names that stand for opt-outs, ``merged`` those that name the records it was merged from.
    """

    kind: str
    fields: tuple[str, ...]
    properties: tuple[str, ...]
    stamp: str
    refs: Mapping[str, str]
    flags: Mapping[str, str]
    merged: tuple[str, ...]
    values: Callable[[Mapping[str, Any]], tuple[Any, ...]] = field(init=False, compare=False, repr=False)
    """Reads all fields at once from properties that have them; compiled once, as it runs for every row."""

    def __post_init__(self) -> None:
        names = [self.flags.get(name, name) for name in self.fields]
        object.__setattr__(self, "values", itemgetter(*names) if len(names) > 1 else lambda held: (held[names[0]],))

    @classmethod
    def of(cls, shape: Shape) -> Asked:
        """Compiles a shape. :raises BadUsage: unless it has exactly one HubSpot object."""
        if len(shape.objects) != 1:
            raise BadUsage(
                f"kind {shape.kind} names {len(shape.objects)} HubSpot objects ({', '.join(sorted(shape.objects))});"
                " map it to exactly one"
            )
        ((kind, names),) = shape.objects.items()
        fields = tuple(dict.fromkeys((*names, shape.key)))
        # Old ids of merged records live in hidden properties that only come when asked for.
        merged = ("hs_merged_object_ids", *(("hs_calculated_merged_vids",) if kind == CONTACTS else ()))
        also = (*merged, ALIASES) if kind == CONTACTS else merged
        flags = {name: flag for name in fields if (flag := flag_of(name)) is not None}
        real = [flags.get(name, name) for name in fields]
        properties = tuple(dict.fromkeys((*real, stamp_property(kind), *also)))
        refs = {name: by[kind] for name, by in shape.refs.items() if kind in by}
        return cls(kind, fields, properties, stamp_property(kind), refs, flags, merged)

    def bare(self) -> Asked:
        """The same without refs, which cost calls of their own."""
        return replace(self, refs={})

    def ref(self, key: object) -> RemoteRef:
        """A ref to a record of this object."""
        return RemoteRef(self.kind, str(key))

    def stamp_of(self, row: Mapping[str, Any]) -> int:
        """The version stamp of a row. :raises Bug: if it has none."""
        return self._stamp(row, properties_of(row))

    def _stamp(self, row: Mapping[str, Any], held: Mapping[str, Any]) -> int:
        told = read_stamp(held.get(self.stamp))
        stamp = told if told is not None else read_stamp(row.get("updatedAt"))
        if stamp is None:
            raise wrong_shape(self.kind, f"{self.kind}/{id_of(row, self.kind)} without a readable {self.stamp}")
        return stamp

    def record(self, row: Mapping[str, Any]) -> RemoteRecord:
        """A row of an answer as a record, without its refs."""
        key = id_of(row, self.kind)
        held = properties_of(row)
        stamp = self._stamp(row, held)
        fields, missing = self._plain(held) or self._closely(key, held)
        ref, at = RemoteRef(self.kind, key), instant_of(stamp)
        if not held.get(ALIASES):
            return RemoteRecord(ref, str(stamp), at, fields, {}, missing)
        return RemoteRecord(ref, str(stamp), at, fields, {}, missing, aliases=aliases_of(held))

    def _plain(self, held: Mapping[str, Any]) -> tuple[dict[str, Wire], frozenset[str]] | None:
        """The fields of a row that tells all of them, as text or ``null``, which nearly every row does."""
        try:
            told = self.values(held)
        except KeyError:
            return None
        if not _PLAIN.issuperset(map(type, told)) or "" in told:
            return None
        return dict(zip(self.fields, told, strict=True)), _NONE

    def _closely(self, key: str, held: Mapping[str, Any]) -> tuple[dict[str, Wire], frozenset[str]]:
        """The same value by value, and what was asked for and not told."""
        fields: dict[str, Wire] = {}
        missing: list[str] = []
        for name in self.fields:
            if name in held:
                fields[name] = self._told(key, name, held[name])
            elif (flag := self.flags.get(name)) is not None and flag in held:
                fields[name] = to_text(held[flag]) or None
            else:
                missing.append(name)
        return fields, frozenset(missing)

    def _told(self, key: str, name: str, value: object) -> Wire:
        """A value that is no text. :raises Bug: if no property can have it; taken for text, it would travel."""
        if isinstance(value, list | dict):
            raise wrong_shape(self.kind, f"{name} of {self.kind}/{key} is a {type(value).__name__}")
        return as_wire(value)

    def successions(self, row: Mapping[str, Any]) -> list[Moved]:
        """What a survivor tells of the records it was merged from, earlier merges included."""
        held = properties_of(row)
        if not (held.get("hs_merged_object_ids") or held.get("hs_calculated_merged_vids")):
            return []
        new = self.ref(id_of(row, self.kind))
        olds: dict[str, Instant | None] = {}
        for part in parts_of(held.get("hs_merged_object_ids")):
            olds.setdefault(part, None)
        for part in parts_of(held.get("hs_calculated_merged_vids")):
            old, _, at = part.partition(":")
            stamp = read_stamp(at)
            olds[old] = None if stamp is None else instant_of(stamp)
        return [Moved(self.ref(old), new, Succession.MERGED, at) for old, at in olds.items() if old != new.id]


def aliases_of(held: Mapping[str, Any]) -> tuple[str, ...]:
    """A contact's addresses beside the first one, in lower case."""
    parts = (part.strip().lower() for part in str(held.get(ALIASES) or "").split(";"))
    return tuple(part for part in parts if part)


def properties_of(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The properties of a row; a row without them is an empty one."""
    held = row.get("properties")
    return held if isinstance(held, dict) else {}


def as_wire(value: object) -> Wire:
    """A property value as told: text, or ``None`` for ``null`` and for the ``""`` that answers of updates use."""
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else to_text(value if isinstance(value, bool | int | float) else str(value))


def parts_of(value: object) -> list[str]:
    """The parts of a ``;``-separated value."""
    return [part.strip() for part in value.split(";") if part.strip()] if isinstance(value, str) else []


def chunks(rows: Sequence[str], size: int) -> list[Sequence[str]]:
    """Rows in lots."""
    return [rows[start : start + size] for start in range(0, len(rows), size)]
