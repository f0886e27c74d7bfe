"""What remains of forgotten people: whether the records that a person must delete are still there.

Looked at once an hour, in a full compare, and when one of them is told to have left; no call while nobody was
forgotten. Only whether a record is there is asked, none of its values.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from syncd.engine.gathered import Gathered
from syncd.engine.world import World
from syncd.model.remote import Cursor, Moved, RemoteRecord, Shape
from syncd.model.run import StoredCursor
from syncd.model.values import SIDES, Instant, Pair, Side

REMNANTS: Final = "remnants"
"""The stream whose cursor tells when they were looked at last."""
EVERY: Final = timedelta(hours=1)


def look_at_remnants(world: World, into: Gathered, shapes: Pair[Shape], looked: Instant | None) -> None:
    """Notes in ``into`` which remnants of its kind are gone, and which live on under another id."""
    rows = [row for row in world.store.remnants() if row.kind == into.kind]
    now = world.clock.now()
    told = any((row.side, row.ref) in into.departed for row in rows)
    if not rows or not (into.full or told or looked is None or now - looked >= EVERY):
        return
    for side in SIDES:
        here = [row for row in rows if row.side is side]
        bare = replace(shapes.of(side), objects=dict.fromkeys(shapes.of(side).objects, ()), refs={})
        answers = world.connectors.of(side).fetch(bare, [row.ref for row in here]) if here else ()
        for row, answer in zip(here, answers, strict=True):
            if not isinstance(answer, RemoteRecord):
                into.unremnant.append((side, row.ref))
            if isinstance(answer, Moved):
                into.remnants.append(replace(row, ref=answer.new))
    into.cursors.append(StoredCursor(into.kind, Side.MARKETING, REMNANTS, Cursor(""), now))
