"""Recreating on purpose what was deleted, or was never there for somebody who was taken for another one and unlinked:
which tombstone an operator means, and why another record is none.
"""

from __future__ import annotations

from collections.abc import Sequence

from syncd.engine.world import World, make_ready
from syncd.model.errors import BadUsage
from syncd.model.link import Link, LinkState
from syncd.model.values import Side
from syncd.operations.finding import find_hits


def tombstones(world: World, named: Sequence[str] | None) -> list[str]:
    """Link ids of the tombstones that these texts mean; of an unlinked pair with a colon and the side of the record
    that gets a counterpart.

    :raises BadUsage: as ``tombstone``, or if a text does not say which of such a pair is meant.
    """
    if not named:
        return []
    make_ready(world)
    return [_told(tombstone(world, text), text) for text in named]


def _told(link: Link, text: str) -> str:
    if not link.unlinked:
        return link.id
    side = text.partition(":")[0]
    if side not in {each.value for each in Side}:
        refs = " or ".join(f"{each}:{link.refs.of(each)}" for each in Side)
        raise BadUsage(f"{text} was unlinked, and both records are there; name the one that gets a counterpart: {refs}")
    return f"{link.id}:{side}"


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
