"""The conflict about one field of a linked record: what people are shown of it, under a name that stays the same."""

from __future__ import annotations

from syncd.core.layout import digest
from syncd.model.link import Base, Conflict, Link, Topic
from syncd.model.values import SIDES, Canonical, Instant, Pair


def held_field(
    connection: str,
    link: Link,
    base: Base,
    name: str,
    *,
    topic: Topic,
    reason: str,
    values: Pair[Canonical],
    now: Instant,
) -> Conflict:
    """A field that is held.

    :param values: what each side shows, canonical or in the vendor's own words.
    :param now: since when it is held, if it is not yet.
    """
    return Conflict(
        id=digest(connection, link.kind, topic, link.id, name),
        kind=link.kind,
        topic=topic,
        link=link.id,
        refs=tuple((side, link.refs.of(side)) for side in SIDES),
        field=name,
        values=values,
        base=base.agreed.get(name),
        reason=reason,
        since=now,
    )
