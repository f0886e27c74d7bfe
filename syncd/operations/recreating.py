"""Recreating on purpose what was deleted: which tombstone an operator means, and why another record is none."""

from __future__ import annotations

from collections.abc import Sequence

from syncd.engine.world import World, make_ready
from syncd.model.errors import BadUsage
from syncd.model.link import Link, LinkState
from syncd.operations.finding import find_hits


def tombstones(world: World, named: Sequence[str] | None) -> list[str]:
    """Link ids of the tombstones that these texts mean. :raises BadUsage: as ``tombstone``."""
    if not named:
        return []
    make_ready(world)
    return [tombstone(world, text).id for text in named]


def tombstone(world: World, text: str) -> Link:
    """The tombstone whose missing record is to be made again; the world is ready (``make_ready``).

    :raises BadUsage: if the text means nobody or several, a record whose counterpart was not deleted, or a person who
        was forgotten.
    """
    hits = find_hits(world, text)
    if not hits:
        raise BadUsage(f"neither side has a record {text}, and no link remembers one; look for another spelling")
    if len(hits) > 1:
        named = ", ".join(f"link:{hit.link.id}" if hit.link else " and ".join(map(str, hit.refs)) for hit in hits)
        raise BadUsage(f"{text} means {len(hits):,} records: {named}; name one of them")
    link = hits[0].link
    if link is None:
        raise BadUsage(f"{text} was never linked, so nothing of it was deleted; `syncd explain` says why")
    if link.state is LinkState.FORGOTTEN:
        raise BadUsage(f"the person of {text} was forgotten for privacy and is never made again")
    if link.state is LinkState.LIVE:
        raise BadUsage(f"{text} has both of its records; --recreate is for one whose counterpart was deleted")
    return link
