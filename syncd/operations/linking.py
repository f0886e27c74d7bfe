"""Unlinking and relinking by hand: what a person says of two records, stored for the next cycle to carry out.

``unlink`` ends a link: the two are no longer one, and stay apart by key and by match until somebody joins them again.
``relink`` says that one record of each side is one person (or company) from now on; their values are merged as at a
first meeting, so that nothing is emptied. Both records must be there, of one kind, and nobody else's, or ``force`` ends
what they are in. Asked twice is asked once, and the later word of the two counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from syncd.core.layout import digest
from syncd.engine.forgetting import addresses, identity_fields
from syncd.engine.unlinking import wish_to_unlink
from syncd.engine.world import World
from syncd.model.errors import BadUsage
from syncd.model.link import Conflict, Link, LinkState, Topic
from syncd.model.mapping import Connection, KindMapping
from syncd.model.remote import Moved, RemoteRecord, RemoteRef
from syncd.model.run import UNLINK, Request
from syncd.model.values import SIDES, Instant, Pair, Side
from syncd.operations.finding import refuse_malformed
from syncd.ports.store import Settlement, Store

KINDS: Final = ("person", "company", "deal")
"""What is linked; of what is only ever added there is no link."""
REASON: Final = "a person said that these two are one"


@dataclass(frozen=True, slots=True)
class Said:
    """What was stored: ``what`` is ``unlink``, ``relink`` or ``nothing``, ``ends`` are links that end for it."""

    what: str
    kind: str
    refs: Pair[RemoteRef]
    ends: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """The same as plain values with stable keys."""
        refs = {side.value: str(self.refs.of(side)) for side in SIDES}
        return {"what": self.what, "kind": self.kind, **refs, "ends": list(self.ends)}


def not_in_shadow(connection: Connection) -> None:
    """:raises BadUsage: in shadow mode, where nothing is written."""
    if connection.mode == "shadow":
        raise BadUsage(f"{connection.name} is in shadow mode and writes nothing, so nothing is linked or unlinked")


# -- unlink ------------------------------------------------------------------------------------------------------------
def unlink(store: Store, id: str, *, connection: str, who: str, now: Instant) -> Said:
    """Has the next cycle end a link, by its id.

    :raises BadUsage: if there is no such link, or it is none any more.
    """
    found = store.by_link([id]).get(id)
    if found is None:
        raise BadUsage(f"there is no link {id}; `syncd explain RECORD` shows the one of a record")
    link = found.link
    rejoined = [row.id for row in store.conflicts() if row.resolution == _word(link.refs)]
    if link.unlinked:
        if rejoined:
            store.settle(Settlement(unconflict=rejoined), now)
            return Said("unlink", link.kind, link.refs)
        return Said("nothing", link.kind, link.refs)
    if link.state is LinkState.FORGOTTEN:
        raise BadUsage(f"the person of link {id} was forgotten: nothing is read or written of them, and nothing joined")
    if link.state is not LinkState.LIVE:
        raise BadUsage(f"link {id} has ended by itself: its {link.gone} record {link.refs.of(_gone(link))} left")
    wish = wish_to_unlink(connection, link, who=who, at=now)
    store.settle(Settlement(wishes=[wish], unconflict=rejoined), now)
    return Said("unlink", link.kind, link.refs, (link.id,))


def _gone(link: Link) -> Side:
    assert link.gone is not None, "a tombstone that nobody unlinked says whose record left"
    return link.gone


# -- relink ------------------------------------------------------------------------------------------------------------
def relink(world: World, named: Pair[str], *, force: bool) -> Said:
    """Has the next cycle join two records; the world is ready (``make_ready``).

    :param named: ``contacts/51`` and ``Lead/00Q...``, each with or without its side before it.
    :param force: end the links that they are in with others.
    :raises BadUsage: if one of them is not there, they are of different kinds, or one is somebody else's.
    """
    kind, refs = _named(world, named)
    records = Pair(*(_read(world, kind, side, refs.of(side)) for side in SIDES))
    _not_forgotten(world, kind, records)
    live = [_live(world, kind, side, refs.of(side)) for side in SIDES]
    joined = next((link for link in live if link is not None and link.refs == refs), None)
    pending = _pending(world.store)
    now = world.clock.now()
    if joined is not None:
        if joined.id not in pending:
            return Said("nothing", kind.kind, refs)
        world.store.cancel(pending[joined.id].id, now)
        return Said("relink", kind.kind, refs)
    others = {link.id: link for link in live if link is not None}
    staying = [link for link in others.values() if link.id not in pending]
    if staying and not force:
        told = "; ".join(_elsewhere(link, refs) for link in staying)
        raise BadUsage(f"{told}; `syncd link unlink` ends such a link, and so does --force here")
    wishes = [wish_to_unlink(world.connection.name, link, who=world.who, at=now) for link in staying]
    world.store.settle(Settlement(wishes=wishes, conflicts=[_question(world, kind, refs)]), now)
    return Said("relink", kind.kind, refs, tuple(link.id for link in staying))


def _named(world: World, named: Pair[str]) -> tuple[KindMapping, Pair[RemoteRef]]:
    """The kind and the two records that are meant.

    :raises BadUsage: if a text is in no form for its place, or they are of different kinds.
    """
    kinds: list[KindMapping] = []
    refs: list[RemoteRef] = []
    for side in SIDES:
        text = named.of(side)
        sort, colon, rest = text.partition(":")
        if colon and sort == side.other.value:
            raise BadUsage(f"{text} is a record of the {sort} side; write the marketing record first, then the CRM's")
        object_name, _, id_ = (rest if colon and sort == side.value else text).partition("/")
        if not (object_name and id_):
            raise BadUsage(f"{text!r} names no {side} record; write {side}:OBJECT/ID, as `syncd explain` shows it")
        kind = next((each for each in world.connection.kinds if object_name in each.objects.of(side)), None)
        if kind is None:
            known = ", ".join(name for each in world.connection.kinds for name in each.objects.of(side))
            raise BadUsage(f"no kind has the {side} object {object_name!r}; there are: {known}")
        refuse_malformed(world, side, id_)
        kinds.append(kind)
        refs.append(RemoteRef(object_name, id_))
    if kinds[0] is not kinds[1]:
        what = f"{named.marketing} is a {kinds[0].kind}, {named.crm} a {kinds[1].kind}"
        raise BadUsage(f"{what}; only two records of one kind can be one")
    return kinds[0], Pair(refs[0], refs[1])


def _read(world: World, kind: KindMapping, side: Side, ref: RemoteRef) -> RemoteRecord:
    """The record as it is now.

    :raises BadUsage: if it is not there under this id, or is one that syncd leaves alone.
    """
    shape = world.planner(kind.kind).lens.shape(side)
    answer = next(iter(world.connectors.of(side).fetch(shape, [ref])), None)
    if isinstance(answer, Moved) and answer.new != ref:
        raise BadUsage(f"{side}:{ref} was {answer.how} into {side}:{answer.new}; name that one")
    if not isinstance(answer, RemoteRecord):
        raise BadUsage(f"{side}:{ref} is not there, or not to be seen by syncd; look it up in that system")
    if answer.ref != ref:
        raise BadUsage(f"{side}:{ref} is called {side}:{answer.ref}; name that one")
    if answer.apart:
        raise BadUsage(f"{side}:{ref} is a record that syncd leaves alone (a person account); it can be nobody's other")
    return answer


def _not_forgotten(world: World, kind: KindMapping, records: Pair[RemoteRecord]) -> None:
    """:raises BadUsage: if one of them is of somebody who was forgotten."""
    planner = world.planner(kind.kind)
    names = identity_fields(kind)
    for side in SIDES:
        values = planner.values(side, records.of(side))
        told = [values.get(name) for name in names]
        found = world.store.linked(kind.kind, side, [records.of(side).ref]).get(records.of(side).ref)
        forgotten = found is not None and found.link.state is LinkState.FORGOTTEN
        if forgotten or world.store.suppressed(addresses(told)):
            raise BadUsage(f"{side}:{records.of(side).ref} is of a person who was forgotten, and is nobody's other")


def _live(world: World, kind: KindMapping, side: Side, ref: RemoteRef) -> Link | None:
    found = world.store.linked(kind.kind, side, [ref]).get(ref)
    return found.link if found is not None and found.link.state is LinkState.LIVE else None


def _pending(store: Store) -> dict[str, Request]:
    """Links that are to end with the next cycle, by id."""
    return {row.argument.split(" ")[1]: row for row in store.requests() if row.wish == UNLINK}


def _elsewhere(link: Link, refs: Pair[RemoteRef]) -> str:
    side = next(side for side in SIDES if link.refs.of(side) == refs.of(side))
    return f"{side}:{refs.of(side)} is linked with {side.other}:{link.refs.other(side)} (link:{link.id})"


def _question(world: World, kind: KindMapping, refs: Pair[RemoteRef]) -> Conflict:
    """The question that a person has answered before it was asked: matching joins the two by that answer."""
    return Conflict(
        id=digest(world.connection.name, kind.kind, Topic.MATCH, "relink", *refs),
        kind=kind.kind,
        topic=Topic.MATCH,
        link=None,
        refs=tuple((side, refs.of(side)) for side in SIDES),
        field=None,
        values=Pair(None, None),
        base=None,
        reason=REASON,
        since=world.clock.now(),
        resolution=_word(refs),
    )


def _word(refs: Pair[RemoteRef]) -> str:
    return "link:" + "=".join(f"{side.value}:{refs.of(side)}" for side in SIDES)


# -- show --------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class LinkStands:
    """One link, and what a person has asked of it for the next cycle (``unlink``, ``relink`` or nothing)."""

    link: Link
    asked: str

    @property
    def state(self) -> str:
        """``live``, ``unlinked``, ``tombstone`` (a record left) or ``forgotten``."""
        return "unlinked" if self.link.unlinked else self.link.state.value

    def document(self) -> dict[str, Any]:
        """The same as plain values with stable keys."""
        link = self.link
        return {
            "link": link.id,
            "kind": link.kind,
            "state": self.state,
            "gone": None if link.gone is None else link.gone.value,
            "proof": link.proof.value,
            "since": link.since,
            **{side.value: str(ref) if (ref := link.refs.of(side)).id else None for side in SIDES},
            "asked": self.asked or None,
        }


def stands(store: Store, links: Sequence[Link]) -> list[LinkStands]:
    """How links stand, and what waits for them."""
    pending = _pending(store) if links else {}
    words = {row.resolution for row in store.conflicts()} if links else set()
    return [
        LinkStands(link, "relink" if _word(link.refs) in words else "unlink" if _waits(pending, link) else "")
        for link in links
    ]


def unlinked(store: Store) -> list[Link]:
    """All links that a person has ended and whose records stay apart, oldest first; reads every link there is."""
    ended = [link for kind in KINDS for link in store.links(kind) if link.unlinked]
    return sorted(ended, key=lambda link: link.since)


def _waits(pending: dict[str, Request], link: Link) -> bool:
    return link.state is LinkState.LIVE and link.id in pending
