"""Who changed what and when: what syncd wrote to a record, and what the vendors' own histories tell of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from syncd.core.planner import Planner
from syncd.engine.world import World
from syncd.model.link import AuditRow
from syncd.model.mapping import FieldMapping
from syncd.model.remote import REF, FieldEvent, RemoteRef
from syncd.model.values import MISSING, Canonical, Instant, Missing, Side
from syncd.operations.finding import Hit

YEARS: Final = timedelta(days=3650)
AUDITED: Final = 500
"""Our own writes of one record that are looked at, the latest ones."""


@dataclass(frozen=True, slots=True)
class Event:
    """One change of one field: by syncd (``rule``, ``run`` and ``outcome`` are set, ``cause`` is the side that it came
    from) or as a vendor's history tells.
    """

    at: Instant
    side: Side
    field: str
    after: Canonical
    author: str
    before: Canonical | Missing = MISSING
    rule: str = ""
    run: str = ""
    outcome: str = ""
    cause: Side | None = None


def events_of(world: World, planner: Planner, hit: Hit, mappings: Sequence[FieldMapping]) -> list[Event]:
    """What syncd wrote and what the vendors remember, oldest first."""
    names = {mapping.name for mapping in mappings}
    events = [event for side in Side for event in _vendor_events(world, planner, hit, side, names)]
    return _in_order([*events, *written_events(world, hit, mappings)])


def written_events(world: World, hit: Hit, mappings: Sequence[FieldMapping]) -> list[Event]:
    """What syncd wrote, oldest first; asks no vendor."""
    if hit.link is None:
        return []
    names = {mapping.name for mapping in mappings}
    return [event for event in events_in(world.store.audit_of(hit.link.id, AUDITED)) if event.field in names]


def events_in(rows: Iterable[AuditRow]) -> list[Event]:
    """What these writes of syncd changed, oldest first."""
    return _in_order(
        Event(
            at=row.at,
            side=row.side,
            field=change.field,
            before=change.before,
            after=change.after,
            author="syncd",
            rule=change.rule,
            run=row.run,
            outcome=row.outcome or "open",
            cause=change.cause,
        )
        for row in rows
        for change in row.changes
    )


def _in_order(events: Iterable[Event]) -> list[Event]:
    return sorted(events, key=lambda event: (event.at, event.side, event.field, event.author))


def _vendor_events(world: World, planner: Planner, hit: Hit, side: Side, names: set[str]) -> list[Event]:
    ref = hit.refs.of(side)
    return [
        Event(at=each.at, side=side, field=name, after=f"{each.field} = {each.value}", author=each.author)
        for name, each in ([] if ref is None else history_of(world, planner, side, ref, names))
    ]


def history_of(
    world: World, planner: Planner, side: Side, ref: RemoteRef, names: set[str]
) -> list[tuple[str, FieldEvent]]:
    """What a vendor remembers of these shared fields of one record, oldest first: the shared field and the change."""
    connector = world.connectors.of(side)
    if not connector.capabilities.history:
        return []
    slots = planner.slots(side, ref.object)
    shared = {
        vendor: name for name in slots if name in names for vendor in slots[name] if not vendor.startswith(("@", REF))
    }
    if not shared:
        return []
    found = connector.history([ref], list(shared), world.clock.now() - YEARS)
    return [(shared[each.field], each) for each in found if each.field in shared]
