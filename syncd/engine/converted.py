"""What moves on with a link whose record was converted: what the old record told and the new one does not.

A conversion carries only what an administrator mapped. What the old record had filled and the new one shows empty is
taken for lost, to be written again (``core.former``), unless the vendor's history says that somebody emptied the field
after the conversion. The history is asked only where the new record was touched since: one that stands as the
conversion left it was emptied by nobody. Of a field that the vendor keeps no history of, nothing tells who emptied it;
its value is written again, and whoever wants it empty empties it once more.
"""

from __future__ import annotations

from collections.abc import Mapping

from syncd.core.planner import Planner
from syncd.engine.world import World
from syncd.model.link import Base, Linked
from syncd.model.remote import Moved, RemoteRecord
from syncd.model.values import Instant, Side

_NOTHING = frozenset({None, "", "false"})
"""How a history tells that a field holds nothing any more, or a box is not ticked."""


def kept_of(
    world: World, planner: Planner, found: Linked, side: Side, move: Moved, record: RemoteRecord | None
) -> Base | None:
    """The Base that a moved link takes along; ``record`` is the new one, if it could be read. One that could not be
    read may have lost anything: whether it did is seen when it is read.
    """
    last = move.last
    if last is None:
        return found.base
    lost = planner.looking.lost(found, side, last, move.new, record)
    if lost and record is not None and record.stamp > last.stamp:
        emptied = _emptied(world, side, record, lost, since=last.stamp)
        lost = {name: fields for name, fields in lost.items() if not emptied.intersection(fields)}
    return planner.looking.keeping(found, side, last, move.new, lost.keys())


def _emptied(
    world: World, side: Side, record: RemoteRecord, lost: Mapping[str, tuple[str, ...]], *, since: Instant
) -> frozenset[str]:
    """The vendor fields that somebody emptied since then, as far as there is a history."""
    connector = world.connectors.of(side)
    if not connector.capabilities.history:
        return frozenset()
    asked = sorted({field for fields in lost.values() for field in fields})
    events = connector.history([record.ref], asked, since)
    return frozenset(event.field for event in events if event.at >= since and event.value in _NOTHING)
