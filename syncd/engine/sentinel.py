"""Reads the sentinels, and stops where one is not as the store remembers it: that side is not itself.

An operator plants them (``operations.sentinel``); where none was planted nothing is read and nothing stops. They are
read with the account checks, and once more between the reading and the writing of what takes anything away, so that no
emptied, restored or exchanged account is carried over to the other side. Nothing is written to either side then, but
what was begun before is settled.

A sentinel of another store stops everything, too: two stores on one account undo each other's work. One of this very
store, written at a point of its history that this copy does not know, says that the store is an older copy or a clone:
that is remembered like any other restore (``engine.reobserve``). For that the sentinel of the marketing side is written
anew with the store's generation, at most once an hour and only after something else was written; the crm's never, since
triggers and flows run there at every change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from syncd.core.sentinel import Amiss, Expected, Judged, judged
from syncd.model.errors import Bug, LeaseLost, NeedsOperator, NotItself, RetryLater, SecondStore, Stopping
from syncd.model.link import Topic
from syncd.model.mapping import KindMapping
from syncd.model.plan import Action, Detach, Forget, Hold, KindPlan, Update
from syncd.model.remote import AccountIdentity, RemoteRecord, RemoteRef, Shape
from syncd.model.run import Restored
from syncd.model.sentinel import MARKER, SENTINEL, Inscription, Planted
from syncd.model.values import SIDES, Side
from syncd.model.write import UpdateRecord
from syncd.observe.log import emit
from syncd.ports.memory import NOT_ITSELF, PLANTED

if TYPE_CHECKING:
    from syncd.engine.world import World

RENEWED: Final = timedelta(hours=1)
"""How often at most the sentinel of the marketing side is written anew: each time is a change of a customer's record,
in its history and for whatever listens to it.
"""
WRITING: Final = timedelta(minutes=1)
_WORDS: Final[Mapping[Amiss, str]] = {
    Amiss.GONE: "is gone",
    Amiss.MERGED: "was merged into another record",
    Amiss.EDITED: "does not say any more what it said",
    Amiss.ACCOUNT: "is the copy of another account's",
}


# -- reading ---------------------------------------------------------------------------------------------------------
def planted_on(world: World, side: Side) -> Planted | None:
    """The sentinel that the store remembers of a side, if its kind is still mapped."""
    planted = Planted.read(world.store.recall(PLANTED.format(side=side)))
    return planted if planted is not None and _kind(world, planted.kind) is not None else None


def expected_on(world: World, side: Side, account: AccountIdentity | None = None) -> Expected:
    """What a sentinel of this store says of a side in any case. :param account: where the store may not be bound."""
    account = account or world.store.bound().get(side)
    return Expected(world.connection.name, account.account if account else "", world.store.mark())


def shape_of(world: World, side: Side, kind: KindMapping, name: str) -> Shape:
    """What is read and written of a sentinel: the fields that it is written on, the longest last, and its key."""
    return Shape(SENTINEL, {name: world.connectors.of(side).capabilities.inscribed[name]}, key=kind.key.of(side))


def read(world: World, side: Side, planted: Planted, expected: Expected) -> Judged:
    """Reads a sentinel by its id: what is wrong with it, if anything."""
    kind = _kind(world, planted.kind)
    assert kind is not None, "a sentinel of a kind that is not mapped counts as not planted"
    shape = shape_of(world, side, kind, planted.ref.object)
    (answer,) = world.connectors.of(side).fetch(shape, [planted.ref])
    return judged(planted, answer, expected, key=shape.key, field=shape.objects[planted.ref.object][-1])


def search(world: World, side: Side) -> dict[RemoteRef, tuple[KindMapping, str]]:
    """Anybody's sentinels of a side, found by their marker: their kind, and what they say. A call an object."""
    connector = world.connectors.of(side)
    found: dict[RemoteRef, tuple[KindMapping, str]] = {}
    for kind in world.connection.kinds:
        for name in kind.objects.of(side):
            if name in connector.capabilities.inscribed:
                shape = shape_of(world, side, kind, name)
                for record in connector.keyed(shape, name, [MARKER])[MARKER]:
                    found[record.ref] = (kind, said(shape, record))
    return found


def said(shape: Shape, record: RemoteRecord) -> str:
    """What a sentinel says."""
    return str(record.fields.get(shape.objects[record.ref.object][-1]) or "")


def _kind(world: World, name: str) -> KindMapping | None:
    return next((kind for kind in world.connection.kinds if kind.kind == name), None)


# -- when ------------------------------------------------------------------------------------------------------------
def check(world: World, side: Side) -> None:
    """Reads the sentinel of a side, with the account checks.

    :raises NotItself: if it is not as remembered.
    """
    planted = planted_on(world, side)
    if planted is None:
        _itself(world, side)
    else:
        _stands(world, side, planted)


def before_taking_away(world: World, plans: Iterable[KindPlan]) -> None:
    """Reads both sentinels once more, if a value would be cleared or a link ended.

    :raises NotItself: if one is not as remembered. :raises RetryLater: if the store turned out to be an older copy.
    """
    if not any(_takes_away(action) for plan in plans for each in plan.decisions for action in each.actions):
        return
    for side in SIDES:
        planted = planted_on(world, side)
        if planted is not None and _stands(world, side, planted) is None:
            raise RetryLater(
                f"{side}: the sentinel says that this store is an older copy, or a clone; nothing was written, and the "
                "next cycle compares both sides"
            )


def _takes_away(action: Action) -> bool:
    """Whether a value or a link would be gone, or a person asked whether it may be."""
    if isinstance(action, Update):
        return any(change.after is None for change in action.changes)
    return isinstance(action, Detach | Forget) or (isinstance(action, Hold) and action.conflict.topic is Topic.CLEAR)


def refuse_others(world: World) -> None:
    """Before a first link: looks whether somebody else's sentinel stands there.

    :raises NotItself: then.
    """
    for side in SIDES:
        expected = expected_on(world, side)
        for ref, (_, text) in search(world, side).items():
            says = Inscription.read(text)
            if says is None or not expected.is_ours(says):
                raise not_itself(world, side, ref, Judged(Amiss.STORE if says else Amiss.STRANGER, text, says))


# -- judgement -------------------------------------------------------------------------------------------------------
def _stands(world: World, side: Side, planted: Planted) -> str | None:
    """What a sentinel says; ``None`` if that is that the store is a copy, which is remembered.

    :raises NotItself: if the side is not itself.
    """
    expected = expected_on(world, side)
    found = read(world, side, planted, expected)
    if found.amiss is None:
        _itself(world, side)
        return found.text
    if found.amiss is not Amiss.COPY or found.says is None:
        raise not_itself(world, side, planted.ref, found)
    if world.store.restored() is None:
        why = _copied(side, found.says, expected)
        world.store.note_restored(Restored(world.clock.now(), why))
        emit("store.restored", reason=why)
    taken_up = replace(planted, text=found.text, before="", written=world.clock.now())
    world.store.remember(PLANTED.format(side=side), taken_up.stored(), world.clock.now())
    return None


def _copied(side: Side, says: Inscription, expected: Expected) -> str:
    if says.generation > expected.mark.generation:
        return (
            f"the sentinel of the {side} side was written at generation {says.generation} of this store, which is at "
            f"{expected.mark.generation}: an older copy, or the clone of one that still runs elsewhere"
        )
    return (
        f"another copy of this store has written the sentinel of the {side} side: a cloned machine, or a backup put "
        "back elsewhere, which may still run"
    )


def not_itself(world: World, side: Side, ref: RemoteRef, wrong: Judged) -> NotItself:
    """The error for a sentinel that is not as it should be; also what ``status`` tells until it is."""
    trouble = trouble_of(side, ref, wrong)
    world.store.remember(NOT_ITSELF.format(side=side), str(trouble).encode(), world.clock.now())
    emit("side.not_itself", side=str(side), record=str(ref), reason=str(wrong.amiss))
    return trouble


def trouble_of(side: Side, ref: RemoteRef, wrong: Judged) -> NotItself:
    """What a sentinel that is not as it should be means, and what to do."""
    if wrong.amiss is Amiss.STRANGER:
        return NotItself(
            f"{side}: {ref} has {MARKER} in the key field of syncd, but the name of no sentinel: one was edited, or "
            "merged into it; the sync leaves this record alone. Empty that field there, then `syncd sentinel plant`"
        )
    return _second_store(side, ref, wrong) if wrong.amiss is Amiss.STORE else _strange(side, ref, wrong)


def _second_store(side: Side, ref: RemoteRef, wrong: Judged) -> SecondStore:
    whose = f"store {wrong.says.store} since {wrong.says.since}" if wrong.says else "nobody knows which"
    return SecondStore(
        f"{side}: the sentinel {ref} is kept by another syncd, {whose}; two undo each other's work, so nothing was "
        "written. Stop the other one, or the clone of this machine; then `syncd sentinel adopt --apply` makes it this "
        "store's, and both sides are compared before anything is written"
    )


def _strange(side: Side, ref: RemoteRef, wrong: Judged) -> NotItself:
    what = _WORDS[wrong.amiss or Amiss.EDITED]
    return NotItself(
        f"{side}: the sentinel {ref} {what}, so this account may have been emptied, restored or "
        "exchanged, or a program is changing all of it; nothing was written to either side. Look into the account. If "
        "all is well, undo the change of that record, or `syncd sentinel plant --apply`"
    )


def _itself(world: World, side: Side) -> None:
    """Forgets that a side was not itself."""
    noted = world.store.recall(NOT_ITSELF.format(side=side))
    if noted is not None and noted[0]:
        world.store.remember(NOT_ITSELF.format(side=side), b"", world.clock.now())
        emit("side.itself_again", side=str(side))


# -- writing ---------------------------------------------------------------------------------------------------------
def inscription(world: World, side: Side, account: AccountIdentity | None = None) -> Inscription:
    """What a sentinel of a side says that is written now."""
    expected = expected_on(world, side, account)
    return Inscription(
        connection=expected.connection,
        account=expected.account,
        store=expected.mark.identity,
        since=world.clock.now().date(),
        generation=expected.mark.generation,
        token=world.chance.token(4).hex(),
    )


def renew(world: World) -> None:
    """Writes where the store stands on the sentinel of the marketing side, now and then: at the end of a live cycle.

    The new text is remembered before it is sent, and the old one until the vendor has taken it. A vendor that does not
    take it costs nothing: the old text goes on being right, and an hour later it is tried again.

    :raises NotItself: if it is not as remembered.
    """
    side, now, store = Side.MARKETING, world.clock.now(), world.store
    planted, mark = planted_on(world, side), store.mark()
    if planted is None or now - planted.written < RENEWED or mark.entry == planted.entry:
        return
    stands = None if store.restored() is not None else _stands(world, side, planted)
    kind = _kind(world, planted.kind)
    if stands is None or kind is None:
        return
    fresh, ours = inscription(world, side), Inscription.read(stands)
    text = str(replace(fresh, since=ours.since if ours else fresh.since))
    begun = replace(planted, text=text, before=stands, entry=mark.entry, written=now)
    store.remember(PLANTED.format(side=side), begun.stored(), now)
    shape = shape_of(world, side, kind, planted.ref.object)
    intent = world.chance.token(16).hex()
    update = UpdateRecord(intent, planted.ref, {shape.objects[planted.ref.object][-1]: text})
    try:
        (result,) = world.connectors.of(side).write(shape, [update], now + WRITING, world.keep_lease)
        outcome = type(result).__name__.lower()
    except (LeaseLost, Stopping):
        raise
    except (RetryLater, NeedsOperator, Bug) as why:
        outcome = type(why).__name__
    if outcome == "written":
        store.remember(PLANTED.format(side=side), replace(begun, before="").stored(), now)
    emit("sentinel.renewed", side=str(side), record=str(planted.ref), outcome=outcome)
