"""Parked fields: naming one, and asking for another try. Reaches no vendor; the next cycle does the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from syncd.engine.flips import parked_id, read_released, write_released
from syncd.model.errors import BadUsage
from syncd.model.link import Parked
from syncd.model.run import LOOK, Request
from syncd.model.values import Instant
from syncd.operations.letters import heat_document
from syncd.ports.memory import RELEASED
from syncd.ports.store import Settlement, Store


def id_of(row: Parked) -> str:
    """How a person names a parked field."""
    return parked_id(row.link, row.side, row.field)


def named(rows: Sequence[Parked], name: str) -> Parked:
    """The parked field with this id, or the only one whose id begins with it.

    :raises BadUsage: if there is none, or more than one.
    """
    by_id = {id_of(row): row for row in rows}
    found = [by_id[name]] if name in by_id else [row for id_, row in by_id.items() if name and id_.startswith(name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise BadUsage(f"{len(found):,} parked fields begin with {name!r}; write more of the id")
    raise BadUsage(f"there is no parked field {name!r}; `syncd parked list` shows those there are")


def parked_document(row: Parked) -> dict[str, Any]:
    """One parked field as plain values with stable keys."""
    return {
        "id": id_of(row),
        "kind": row.kind,
        "side": row.side.value,
        "ref": str(row.ref),
        "record": row.record,
        "link": row.link,
        "field": row.field,
        "code": row.code,
        "reason": row.reason,
        "advice": row.advice,
        "since": row.since,
        "last": row.last or row.since,
        "heat": heat_document(row.heat),
    }


def try_again(store: Store, rows: Sequence[Parked], *, connection: str, who: str, now: Instant) -> None:
    """Lets parked fields go: the next cycle reads their records and writes what still differs.

    What was written before now is no flip any more. That is remembered first: a cycle that runs at this moment either
    still sees the row, or counts anew.
    """
    released = read_released(store.recall(RELEASED))
    released |= {(row.link, row.field): now for row in rows}
    store.remember(RELEASED, write_released(released, now), now)
    wishes = [
        Request(
            id=f"{LOOK}:{row.kind}:link:{row.link}:{now.isoformat()}",
            connection=connection,
            wish=LOOK,
            argument=f"{row.kind} link:{row.link}",
            who=who,
            at=now,
        )
        for row in rows
    ]
    store.settle(Settlement(unpark=[(row.link, row.side, row.field) for row in rows], wishes=wishes), now)
