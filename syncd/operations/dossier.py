"""Everything the store knows of one linked record, for a page that asks no vendor: quick, and there when they are not.

Both sides as they were last confirmed, the base between them, what syncd wrote and why, what waits, and what happened
between the teams. What stands at the vendors this moment ``explain`` tells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from syncd.core.terms import book_for
from syncd.model.link import AuditRow, Base, Conflict, DeadLetter, Link, Linked, Parked
from syncd.model.mapping import Connection, KindMapping
from syncd.model.values import MISSING, Canonical, Missing, Pair, Side, Wire
from syncd.operations.handoffs import Handoffs, handoffs_document, handoffs_of
from syncd.operations.linking import LinkStands, stands
from syncd.operations.parking import parked_document
from syncd.operations.standing import conflict_document
from syncd.ports.store import Store

WRITES: Final = 200
"""Writes of one record that are told, the latest."""


@dataclass(frozen=True, slots=True)
class Row:
    """One shared field: what each side last confirmed in its own words, and what both agreed on."""

    field: str
    sides: Pair[Mapping[str, Wire] | None]
    base: Canonical | Missing
    policy: str
    direction: str


@dataclass(frozen=True, slots=True)
class Dossier:
    """One linked record; ``rows`` are empty where the configuration has no such kind any more."""

    stands: LinkStands
    base: Base | None
    rows: Sequence[Row]
    writes: Sequence[AuditRow]
    conflicts: Sequence[Conflict]
    parked: Sequence[Parked]
    letters: Sequence[DeadLetter]
    handoffs: Handoffs | None

    @property
    def link(self) -> Link:
        """The link itself."""
        return self.stands.link


def dossier(store: Store, id: str, connection: Connection) -> Dossier | None:
    """What is known of a link; ``None`` if there is none of that id."""
    linked = store.by_link([id]).get(id)
    if linked is None:
        return None
    mapping = next((kind for kind in connection.kinds if kind.kind == linked.link.kind), None)
    refs = {(side, linked.link.refs.of(side)) for side in Side}
    return Dossier(
        stands=stands(store, [linked.link])[0],
        base=linked.base,
        rows=_rows(linked, mapping) if mapping is not None else (),
        writes=store.audit_of(id, WRITES),
        conflicts=store.conflicts_of([id]).get(id, ()),
        parked=store.parked([id]),
        letters=[row for side, ref in refs if (row := store.letter_from(linked.link.kind, side.other, ref))],
        handoffs=_handoffs(store, linked, connection),
    )


def _rows(linked: Linked, mapping: KindMapping) -> list[Row]:
    base = linked.base
    if base is None:
        return []
    return [
        Row(
            field=field.name,
            sides=Pair(*(_confirmed(linked.link, base, field.slots, side) for side in Side)),
            base=base.agreed.get(field.name, MISSING),
            policy=field.policy.value,
            direction=field.direction.value,
        )
        for field in mapping.fields
    ]


def _confirmed(
    link: Link, base: Base, slots: Pair[Mapping[str, tuple[str, ...]]], side: Side
) -> Mapping[str, Wire] | None:
    names = slots.of(side).get(link.refs.of(side).object)
    if names is None:
        return None
    known = base.confirmed.of(side)
    return {name: known[name] for name in names if name in known}


def _handoffs(store: Store, linked: Linked, connection: Connection) -> Handoffs | None:
    rules = connection.handoff
    if rules is None or linked.link.kind != "person":
        return None
    return handoffs_of(store, book_for(rules), linked.link.id)


def dossier_document(told: Dossier) -> dict[str, Any]:
    """The same as plain values with stable keys."""
    link = told.link
    return {
        "link": link.id,
        "kind": link.kind,
        "state": told.stands.state,
        "asked": told.stands.asked or None,
        "proof": link.proof.value,
        "since": link.since,
        "refs": {side.value: str(ref) for side in Side if (ref := link.refs.of(side)).id},
        "fields": [
            {
                "field": row.field,
                "policy": row.policy,
                "direction": row.direction,
                "base": None if row.base is MISSING else row.base,
                "agreed": row.base is not MISSING,
                "sides": {side.value: row.sides.of(side) for side in Side},
            }
            for row in told.rows
        ],
        "writes": [
            {
                "at": row.at,
                "side": row.side.value,
                "action": row.action.value,
                "outcome": row.outcome or "open",
                "run": row.run,
                "changes": [
                    {
                        "field": each.field,
                        "before": each.before,
                        "after": each.after,
                        "rule": each.rule,
                        "cause": each.cause,
                    }
                    for each in row.changes
                ],
            }
            for row in told.writes
        ],
        "conflicts": [conflict_document(row) for row in told.conflicts],
        "parked": [parked_document(row) for row in told.parked],
        "dead_letters": [row.id for row in told.letters],
        "happened": handoffs_document(told.handoffs)["happened"],
    }
