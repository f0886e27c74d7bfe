"""What syncd has put on a list for a person: read from JSON, so that the judge never opens the store.

``{"conflicts": [...], "parked": [...], "dead_letters": [...]}``. A conflict has ``kind``, ``topic``, ``field`` and
``refs`` (``"crm:Lead/00Q..."``), a parked field ``kind``, ``side``, ``ref`` and ``field``, a dead letter ``kind``,
``side`` and ``origin``; what the brake holds (``held``) has ``refs`` and ``field``. A bare list is taken as conflicts,
and what ``syncd status --json`` prints of one connection is taken too. Other keys are ignored; a missing one is a
``BadUsage``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from syncd.model.errors import BadUsage
from syncd.model.link import ABOUT_A_FIELD, Topic
from syncd.model.remote import RemoteRef
from syncd.model.values import Side

Who: TypeAlias = tuple[Side, RemoteRef]

FIELDS: Final = ABOUT_A_FIELD | {Topic.LOST}


@dataclass(slots=True)
class Listed:
    """Listed fields by record, and listed records with why."""

    fields: dict[tuple[Who, str], str] = field(default_factory=dict)
    records: dict[Who, str] = field(default_factory=dict)

    def field_of(self, members: Sequence[Who], name: str) -> str | None:
        """Why this field of this pair is listed, if it is."""
        return next((self.fields[who, name] for who in members if (who, name) in self.fields), None)


def read_listed(content: Any) -> Listed:  # noqa: ANN401 - JSON
    """The lists of a JSON document. :raises BadUsage: if it has another shape."""
    document = {"conflicts": content} if isinstance(content, list) else content
    listed = Listed()
    try:
        if "connections" in document:
            (only,) = document["connections"]
            document = only["waiting"]
        for row in document.get("conflicts", ()):
            _take_conflict(listed, row)
        for row in document.get("parked", ()):
            listed.fields[_who(row["record"]), row["field"]] = "parked"
        for row in document.get("held", ()):
            for who in (_who(text) for text in row["refs"]):
                if row["field"]:
                    listed.fields[who, row["field"]] = "held by the brake"
                else:
                    listed.records[who] = "held by the brake"
        for row in document.get("dead_letters", ()):
            listed.records[Side(row["side"]).other, _ref(row["origin"])] = "dead letter"
    except (AttributeError, KeyError, TypeError, ValueError) as why:
        raise BadUsage(
            f"the list of what waits has another shape ({type(why).__name__}: {why}); give what `syncd status --json` "
            "prints of one connection"
        ) from why
    return listed


def _take_conflict(listed: Listed, row: Mapping[str, Any]) -> None:
    members = [_who(text) for text in row["refs"]]
    topic = Topic(row["topic"])
    for who in members:
        if topic in FIELDS:
            listed.fields[who, str(row["field"])] = "conflict"
        else:
            listed.records[who] = "held duplicate" if topic is Topic.MATCH else "merged on one side only"


def _who(text: str) -> Who:
    side, _, ref = text.partition(":")
    return Side(side), _ref(ref)


def _ref(text: str) -> RemoteRef:
    object_name, slash, id_ = text.rpartition(":")[2].partition("/")
    if not slash:
        raise ValueError(f"{text!r} is no record like Lead/00Q...")
    return RemoteRef(object_name, id_)
