"""Two records merged on one side, both linked: the other side is left with two, which only people there can merge.

It asks once, about the records as they are called now, and the question ends by itself as soon as fewer than two of
them are left: merged there, too, or deleted. Whether they are is told by what left in this cycle, since a merge is
reported as the departure of whoever was merged away. Merged on both sides between two cycles, nobody is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from syncd.core.planner import digest
from syncd.engine.gathered import Gathered
from syncd.engine.world import World
from syncd.model.link import Base, Conflict, Link, Linked, LinkState, Topic
from syncd.model.plan import Action, Decision, Hold, Nothing
from syncd.model.remote import RemoteRecord, RemoteRef
from syncd.model.values import Pair, Side

OVER = "merged on the other side, too"
APART = "taken out of the bin: two on this side, too"
LEFT = "the other one was deleted: this one has whoever both were merged into"


def two_left(world: World, gathered: Gathered, link: Link, side: Side, survivor: Link) -> tuple[Hold, ...]:
    """What to ask where the records of two links were merged on a side; nothing if fewer than two are left opposite."""
    other = side.other
    left = _left(gathered, [(other, each.refs.of(other)) for each in (survivor, link)])
    if len(left) < 2:
        return ()
    conflict = Conflict(
        id=digest(world.connection.name, link.kind, Topic.GONE, link.id),
        kind=link.kind,
        topic=Topic.GONE,
        link=link.id,
        refs=left,
        field=None,
        values=Pair(None, None),
        base=None,
        reason=f"merged on the {side} side, but still two records on the {other} side: merge them there",
        since=world.clock.now(),
    )
    return (Hold(conflict),)


def merged_there_too(world: World, gathered: Gathered, *, but: Collection[str]) -> Iterator[Decision]:
    """Ends what was asked before this cycle and is over, and names anew what lives on under another id.

    :param but: links that this cycle has decided on already.
    """
    asked = {
        link: conflict
        for link, conflicts in gathered.conflicts.items()
        for conflict in conflicts
        if conflict.topic is Topic.GONE and link not in but and any(who in gathered.departed for who in conflict.refs)
    }
    nobody: Pair[RemoteRecord | None] = Pair(None, None)
    for link, found in world.store.by_link(list(asked)).items() if asked else ():
        left = _left(gathered, asked[link].refs)
        over = len(left) < 2
        action: Action = Nothing(OVER) if over else Hold(replace(asked[link], refs=left))
        closes = (asked[link].id,) if over else ()
        if side := _deleted_too(gathered, found.link):  # out of the bin, it is asked about anew
            gathered.followed.append(replace(found.link, gone=side))
        yield Decision(found.link.kind, found.link, found.base, nobody, (action,), closes=closes)


def heirs(world: World, gathered: Gathered, link: Link, side: Side) -> list[Linked]:
    """Links that are over since their other record was merged into this link's, whose own one was just deleted: of the
    two that a person was asked to merge each of theirs is left. The oldest first.
    """
    deleted, other = (side, link.refs.of(side)), side.other
    if lives_on(gathered, other, link.refs.of(other)) is None:
        return []  # deleted as well
    asked = {
        each: left[0]
        for each, conflicts in gathered.conflicts.items()
        for conflict in conflicts
        if conflict.topic is Topic.GONE and deleted in conflict.refs
        if len(left := _left(gathered, conflict.refs)) == 1
    }
    known = world.store.by_link(list(asked)).values() if asked else ()
    over = [each for each in known if each.link.state is LinkState.TOMBSTONE and each.link.gone is other]
    theirs = [each for each in over if (side, lives_on(gathered, side, each.link.refs.of(side))) == asked[each.link.id]]
    return sorted(theirs, key=lambda each: (each.link.since, each.link.id))


def _deleted_too(gathered: Gathered, link: Link) -> Side | None:
    """The side on which the record that was left of a link was deleted, too."""
    side = link.gone.other if link.state is LinkState.TOMBSTONE and link.gone is not None else None
    return side if side is not None and lives_on(gathered, side, link.refs.of(side)) is None else None


def there_again(gathered: Gathered, link: Link, base: Base | None, why: str) -> Iterator[Decision]:
    """Ends what was asked since a link's record was merged away, once the link lives again."""
    asked = [each.id for each in gathered.conflicts.get(link.id, ()) if each.topic is Topic.GONE]
    if asked:
        yield Decision(link.kind, link, base, Pair(None, None), (Nothing(why),), closes=tuple(asked))


def _left(gathered: Gathered, refs: Iterable[tuple[Side, RemoteRef]]) -> tuple[tuple[Side, RemoteRef], ...]:
    """Those of several records that are still there, each once, under the ids they have now."""
    there = ((side, lives_on(gathered, side, ref)) for side, ref in refs)
    return tuple(dict.fromkeys((side, ref) for side, ref in there if ref is not None))


def lives_on(gathered: Gathered, side: Side, ref: RemoteRef) -> RemoteRef | None:
    """The record in which this one lives on after what left in this cycle, itself if it stays; ``None``: deleted."""
    there: RemoteRef | None = ref
    passed: set[RemoteRef] = set()
    while there is not None and there not in passed and (side, there) in gathered.departed:
        passed.add(there)
        there = gathered.departed[side, there]
    return there
