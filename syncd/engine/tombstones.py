"""Links that are over follow the record that is left of them, so that what was said of it goes on holding.

A tombstone says of a record that nobody is made for it by itself, a link that a person has ended that two records stay
apart, and what is left of a forgotten person that they are nobody. Records are merged and converted all the same, and
whoever a record lives on in would be a stranger: matched, or given a counterpart that people have deleted. Whoever is
linked themselves stays so, whoever is merged into them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

from syncd.engine.gathered import Gathered
from syncd.engine.merged import lives_on
from syncd.model.link import Link
from syncd.model.remote import Moved, RemoteRef
from syncd.model.values import Pair, Side
from syncd.observe.log import emit

Holder = Callable[[str, Side, RemoteRef], Link | None]
"""Tells the live link of a kind that has a record of a side."""


def follow_what_is_left(
    gathered: Gathered, holder: Holder, *, but: Collection[str]
) -> Iterator[tuple[Side, RemoteRef, Link]]:
    """Notes these links with the records they are about now, and tells them; those are no strays any more. Where a live
    link has such a record, the old one stays what it was: it would hide that person's tombstone one day.

    :param but: links that this cycle has decided on already.
    """
    following: dict[str, Link] = {}
    for found, side, move in gathered.survived:
        link = following.get(found.link.id, found.link)
        now = lives_on(gathered, side, move.old)
        if link.id in but or now is None or now == link.refs.of(side) or holder(link.kind, side, now) is not None:
            continue
        link = replace(link, refs=link.refs.replacing(side, now), keyed=Pair(marketing=False, crm=False))
        following[link.id] = link
        _tell(link, side, replace(move, new=now))
        if (side, now) not in gathered.recreate:  # else a person asks for a counterpart of whom they are now
            gathered.strays.of(side).pop(now, None)
            yield side, now, link
    gathered.followed.extend(following.values())


def _tell(link: Link, side: Side, move: Moved) -> None:
    old, new = str(move.old), str(move.new)
    emit("record.moved", kind=link.kind, side=str(side), old=old, new=new, how=str(move.how), link=link.id)
