"""What a vendor says a field is, and the shared fields that rest: because it says something else by now, or because the
native connector writes them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from syncd.model.remote import RemoteField
from syncd.model.values import Instant, Side, instant

NONE_YET: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Definition:
    """The part of a vendor field's definition that its values hang on; ``options`` are the active ones of a list."""

    type: str
    options: tuple[str, ...] = ()

    @classmethod
    def of(cls, field: RemoteField) -> Definition:
        """As the vendor describes it."""
        return cls(field.type, tuple(sorted(option.value for option in field.options if option.active)))

    def change_to(self, other: Definition) -> str | None:
        """What of it makes old values mean something else, in words; ``None`` if they mean what they meant.

        A list that gains options is none: what was in it still is.
        """
        if self.type != other.type:
            return f"its type was {self.type} and is {other.type}"
        gone = [option for option in self.options if option not in other.options]
        if gone and not other.options:
            return "it was a list and is none any more"
        return f"its list has no {', '.join(map(repr, gone))} any more" if gone else None


@dataclass(frozen=True, slots=True)
class Resting:
    """A shared field at rest: nothing of it is carried either way until a person has said that it may be."""

    kind: str
    field: str
    side: Side | None
    """Whose definition changed; ``None`` where the mapping does not fit any more."""
    place: str
    """Object and name of the vendor field; empty for one that is out of use until the mapping fits it again."""
    change: str
    since: Instant
    native: Instant | None = None
    """When the native connector wrote it last, if that is why it rests."""

    @property
    def name(self) -> str:
        """As people type it."""
        return f"{self.kind}.{self.field}"

    def __str__(self) -> str:
        if not self.place or self.native is not None:
            return f"{self.name}: {self.change}"
        return f"{self.name}: {self.side} changed {self.place}: {self.change}"


@dataclass(frozen=True, slots=True)
class AtRest:
    """Names of the shared fields of a kind that rest; ``native`` are those of them that the native connector writes."""

    names: frozenset[str] = frozenset()
    native: frozenset[str] = frozenset()


NOTHING_RESTS: Final = AtRest()


@dataclass(frozen=True, slots=True)
class Drift:
    """What is remembered of one kind, as JSON has it: definitions by shared field and place, and what rests.

    ``mapping`` is the hash of the mapping that last fitted the schemas as a whole. ``accepted`` is, by shared field,
    when a person said that the native connector writes it no more. ``fits`` is what of each shared field's mapping
    fitted the schemas last.
    """

    defined: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    rests: Sequence[Mapping[str, str]] = ()
    mapping: str = ""
    accepted: Mapping[str, str] = field(default_factory=dict)
    fits: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        known: Mapping[str, Definition],
        rests: Mapping[str, Resting],
        mapping: str,
        accepted: Mapping[str, str] = NONE_YET,
        fits: Mapping[str, str] = NONE_YET,
    ) -> Drift:
        """To be remembered."""
        rows = [
            {
                "field": each.field,
                "side": str(each.side or ""),
                "place": each.place,
                "change": each.change,
                "since": each.since.isoformat(),
                "native": each.native.isoformat() if each.native is not None else "",
            }
            for each in rests.values()
        ]
        defined = {key: {"type": each.type, "options": each.options} for key, each in known.items()}
        return cls(defined, rows, mapping, dict(accepted), dict(fits))

    def known(self) -> dict[str, Definition]:
        """Definitions by ``FIELD SIDE:OBJECT.NAME``."""
        return {key: Definition(row["type"], tuple(row["options"])) for key, row in self.defined.items()}

    def resting(self, kind: str) -> dict[str, Resting]:
        """What rests, by shared field."""
        return {
            row["field"]: Resting(
                kind,
                row["field"],
                Side(row["side"]) if row["side"] else None,
                row["place"],
                row["change"],
                instant(row["since"]),
                instant(row["native"]) if row.get("native") else None,  # an earlier version remembered none
            )
            for row in self.rests
        }


def read_drift(content: bytes | None) -> dict[str, Drift]:
    """What was remembered of a connection, by kind; nothing at first. What a later version remembers besides is left
    out: whoever goes back to this one must be able to.
    """
    if content is None:
        return {}
    known = Drift.__dataclass_fields__
    return {
        kind: Drift(**{name: each for name, each in row.items() if name in known})
        for kind, row in json.loads(content).items()
    }


def write_drift(drift: Mapping[str, Drift]) -> bytes:
    """The same to be remembered."""
    return json.dumps({kind: asdict(each) for kind, each in drift.items()}).encode()
