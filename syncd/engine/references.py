"""References can be read once the links of what they point to are known: whoever reads records learns them."""

from __future__ import annotations

from collections.abc import Sequence

from syncd.core.planner import Planner
from syncd.engine.world import World
from syncd.model.remote import RemoteRecord
from syncd.model.values import SIDES, Side


def learn_references(world: World, planner: Planner, side: Side, records: Sequence[RemoteRecord]) -> None:
    """Link ids of the records that these point to. A reference to one that has none reads as untold."""
    shape = planner.lens.shape(side)
    for name in shape.refs if records else ():
        wanted = dict.fromkeys(ref for record in records for ref in record.refs.get(name, ()))
        kind = next(field.kind for field in planner.kind.fields if field.name == name)
        if not wanted or kind is None:
            continue
        known = world.context.links.of(side)
        ids = world.store.link_ids(kind, side, [ref for ref in wanted if str(ref) not in known])
        known.update((str(ref), link) for ref, link in ids.items())
        refs = world.context.refs
        fresh = [link for link in ids.values() if link not in refs.of(side.other)]
        for link, found in world.store.by_link(fresh).items():
            for each in SIDES:
                refs.of(each)[link] = str(found.link.refs.of(each))
