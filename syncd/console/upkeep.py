"""What operators can ask for besides: upkeep of a connection, over the same use cases as the command line.

As ``commands``: each is one command about one connection and tells what it was about by ids.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any, TypeAlias

from syncd.console.commands import part_of
from syncd.console.deeds import Done
from syncd.console.desk import Desk
from syncd.console.problems import not_found
from syncd.engine.world import make_ready
from syncd.model.errors import BadUsage
from syncd.model.notice import Rest
from syncd.operations import braking
from syncd.operations.draining import stand_still, still
from syncd.operations.finding import find_hits
from syncd.operations.planning import Planned, planned, refuse_everything
from syncd.operations.privacy import ask_to_forget
from syncd.operations.resting import closed, rest, rest_document, resting_at
from syncd.operations.restoring import accept_restored, mark_restored
from syncd.operations.sentinel import look
from syncd.operations.showing_held import LOOKED_AT, Shown, shown
from syncd.operations.trying import tried
from syncd.operations.watching import give_up

HeldSeen: TypeAlias = tuple[list[Shown], Counter[str], list[str]]


# -- alerts and waves --------------------------------------------------------------------------------------------------
def begin_maintenance(desk: Desk, connection: str, length: timedelta, reason: str, who: str) -> Done:
    """Lets alerts rest for so long from now on."""
    store, now = desk.store(connection), desk.clock.now()
    rest(store, Rest(now + length, who, now, reason), now)
    return Done(rest_document(resting_at(store, now)))


def end_maintenance(desk: Desk, connection: str) -> Done:
    """Has alerts told again."""
    store, now = desk.store(connection), desk.clock.now()
    closed(store, now)
    return Done(rest_document(resting_at(store, now)))


def expect(desk: Desk, connection: str, words: braking.Words, who: str) -> Done:
    """Tells the brake that a wave comes. :raises BadUsage: as ``braking.expect``."""
    store, now = desk.store(connection), desk.clock.now()
    fields = braking.fields_of(desk.about(connection).connection)
    told = braking.expect(store, words, connection=connection, fields=fields, who=who, now=now)
    return Done(braking.expectation_document(told, used=0), told.id)


def expect_no_more(desk: Desk, connection: str, id: str) -> Done:
    """Takes a wave back. :raises Problem: 404."""
    store, now = desk.store(connection), desk.clock.now()
    if id not in {each.id for each in braking.expected(store, now)}:
        raise not_found("no such wave is expected; it may be over by now")
    ended = braking.cancel_expectation(store, id, now)
    used = braking.used_of(store, [ended])
    return Done(braking.expectation_document(ended, used=used[ended.id]), id)


def try_target(desk: Desk, name: str) -> Done:
    """Sends a target one message now. :raises Problem: 404."""
    target = next((each for each in desk.host.targets() if each.name == name), None)
    if target is None:
        raise not_found("there is no such target; `notify.targets` names those there are")
    return Done(tried(target, desk.host.post).document(), name)


# -- standing still, and going on --------------------------------------------------------------------------------------
def drain(desk: Desk, connection: str, who: str) -> Done:
    """Begins no turn any more, and says what is in flight."""
    now = desk.clock.now()
    changed = stand_still(desk.roster, connection, who, now)
    return Done(still(desk.roster, desk.store(connection), connection, now, changed=changed).document())


def note_restored(desk: Desk, connection: str, who: str) -> Done:
    """Notes that the store was put back: both sides are compared before anything is written."""
    changed = mark_restored(desk.store(connection), desk.clock.now(), who)
    desk.roster.hasten(connection, desk.clock.now())
    return Done({"changed": changed})


def take_restored(desk: Desk, connection: str, who: str) -> Done:
    """Lets a connection go on whose store was put back. :raises BadUsage: if it was not compared yet."""
    store = desk.store(connection)
    accepted = accept_restored(store, who)
    if accepted:
        desk.roster.hasten(connection, desk.clock.now())
    waiting = sum(1 for row in store.conflicts() if row.asks)
    return Done({"accepted": accepted, "open_conflicts": waiting})


def give_up_sentinels(desk: Desk, connection: str) -> Done:
    """Reads the sentinels no longer."""
    left = {side.value: str(ref) for side, ref in give_up(desk.store(connection), desk.clock.now()).items()}
    return Done({"records": left}, " ".join(f"{side}:{ref}" for side, ref in left.items()))


# -- people ------------------------------------------------------------------------------------------------------------
def forget(desk: Desk, connection: str, record: str, who: str) -> Done:
    """Forgets a person with the next cycle, for good. :raises BadUsage: if nobody is meant, or several are."""
    with desk.world(connection, who) as world:
        make_ready(world)
        hits = find_hits(world, record)
        if len(hits) > 1:
            named = [f"link:{each.link.id}" if each.link else " and ".join(map(str, each.refs)) for each in hits]
            raise BadUsage(f"several are meant: {', '.join(named)}; name one of them")
        refs = ask_to_forget(world, hits[0] if hits else None, record)
    desk.roster.hasten(connection, desk.clock.now())
    return Done({"records": refs}, " ".join(refs))


# -- looks that ask the vendors ----------------------------------------------------------------------------------------
def held_values(desk: Desk, connection: str, digest: str, who: str) -> HeldSeen:
    """What a held part would write, read at both vendors now: by record, by new value, and whose ids they are.

    :raises Problem: 404.
    """
    part = part_of(desk, connection, digest)
    with desk.world(connection, who) as world:
        found, values = shown(world, part.lot)
    return found, values, [each.record.removeprefix("link:") for each in part.lot.changes[:LOOKED_AT]]


def sentinels(desk: Desk, connection: str, who: str) -> list[dict[str, Any]]:
    """How it stands with both sentinels."""
    with desk.world(connection, who) as world:
        return [sight.document() for sight in look(world)]


def plan(desk: Desk, connection: str, who: str) -> Planned:
    """What a cycle would do now. :raises BadUsage: where that means to read both systems whole."""
    with desk.world(connection, who) as world:
        refuse_everything(world)
        return planned(world)


def diagnosis(desk: Desk, connection: str, who: str) -> dict[str, Any]:
    """How fit both accounts are for what the files ask for."""
    with desk.world(connection, who) as world:
        found = desk.host.examined(connection, world)
    return {"healthy": found.healthy and not found.unreached, **found.document()}
