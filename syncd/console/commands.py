"""What operators can ask for, in the words of the command line and over the same use cases; pages and API call these.

Every function is one command about one connection, done while no other one is, and tells what it was about by ids.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syncd.console.deeds import Done
from syncd.console.desk import Desk
from syncd.console.problems import not_found
from syncd.engine.world import World, make_ready
from syncd.model.errors import BadUsage
from syncd.model.link import Conflict
from syncd.model.run import Pause, Request
from syncd.model.values import SIDES, Pair
from syncd.operations import linking, resyncing, rollback
from syncd.operations.accepting import accept
from syncd.operations.authors import Wrote, authors_of
from syncd.operations.braking import Part, approve, part_document, parts, reject
from syncd.operations.deciding import Choice, decide, opt_outs_of
from syncd.operations.drift import named_resting
from syncd.operations.explain import Explanation, explain
from syncd.operations.explain_document import explanation_document
from syncd.operations.finding import Hit, find_hits
from syncd.operations.handoffs import handoffs_document
from syncd.operations.parking import id_of, try_again
from syncd.operations.rating import ProfileStory, profile_document, profile_of
from syncd.operations.resyncing import (
    Words,
    ask,
    cancel_resync,
    estimated,
    resync_document,
    understood,
    waiting_resync,
)
from syncd.operations.routing import RoutingStory, routing_document, story_of
from syncd.operations.ruling import Rule, rules_for
from syncd.operations.unlinked import Sought, seek
from syncd.ports.looking import Cause, ParkedCause


@dataclass(frozen=True, slots=True)
class Explained:
    """Why a record is what it is, read from both vendors now: of a person also persona, grade and routing."""

    told: Explanation
    profile: ProfileStory | None
    routing: RoutingStory | None

    def whom(self) -> str:
        """Whose it is, by id: of the link, or of the record that has none."""
        told = self.told
        own = [f"{side}:{ref}" for side in SIDES if (ref := told.refs.of(side)) is not None]
        return " ".join(own) if told.link is None else told.link.id

    def document(self) -> dict[str, Any]:
        """As ``syncd explain --json`` says it of one record."""
        return {
            **explanation_document(self.told),
            **profile_document(self.profile),
            **routing_document(self.routing),
            **handoffs_document(self.told.handoffs),
        }


def explained(desk: Desk, connection: str, link: str, who: str, *, field: str | None = None) -> Explained:
    """Asks both vendors about a linked record. :raises Problem: 404. :raises BadUsage: if there is no such field."""
    desk.about(connection)
    if link not in desk.store(connection).by_link([link]):
        raise not_found("there is no such record, or it is not linked any more")
    with desk.world(connection, who) as world:
        make_ready(world)
        (hit,) = find_hits(world, f"link:{link}")
        return _explained(desk, world, hit, field=field)


def meant(
    desk: Desk, connection: str, record: str, who: str, *, field: str | None = None
) -> tuple[list[Hit], Explained | None]:
    """Whatever a text may mean, linked or not, and the explanation if it is one. Asks both vendors.

    :raises Problem: 404. :raises BadUsage: if the text names no record, or there is no such field.
    """
    with desk.world(connection, who) as world:
        make_ready(world)
        hits = find_hits(world, record)
        if not hits:
            raise not_found("neither side has such a record; look for another spelling")
        return hits, _explained(desk, world, hits[0], field=field) if len(hits) == 1 else None


def sought(desk: Desk, connection: str, text: str, who: str) -> Sequence[Sought]:
    """Asks both vendors for somebody who may not be linked. :raises BadUsage: as ``seek``."""
    with desk.world(connection, who) as world:
        return seek(world, text)


def conflict_of(desk: Desk, connection: str, id: str) -> Conflict:
    """A conflict by its whole id. :raises Problem: 404."""
    found = next(iter(desk.store(connection).conflicts([id])), None)
    if found is None:
        raise not_found("there is no such conflict; it may be settled by now")
    return found


def authors(desk: Desk, connection: str, conflict: Conflict, who: str) -> Sequence[Wrote]:
    """Who gave a conflict its values, as both vendors' histories tell it now. :raises BadUsage: as ``authors_of``."""
    with desk.world(connection, who) as world:
        make_ready(world)
        return authors_of(world, conflict)


def resolve(desk: Desk, connection: str, id: str, choice: Choice, *, alike: bool = False) -> Done:
    """Stores a choice for the next cycle, for this one or for all that ask the same.

    :raises BadUsage: if it does not fit, or would clear an opt-out.
    """
    chosen = decide(
        desk.store(connection),
        conflict_of(desk, connection, id),
        choice,
        alike=alike,
        opt_outs=lambda: opt_outs_of(desk.about(connection).connection),
    )
    _soon(desk, connection)
    (conflict, word), *others = chosen
    about = " ".join(each.id for each, _ in chosen)
    return Done({"id": conflict.id, "resolution": word, "alike": len(others)}, about)


def unlink(desk: Desk, connection: str, link: str, who: str) -> Done:
    """Ends a link with the next cycle: its records are not one, and stay apart. :raises Problem: 404."""
    store = desk.store(connection)
    if link not in store.by_link([link]):
        raise not_found("there is no such record, or it is not linked any more")
    linking.not_in_shadow(desk.about(connection).connection)
    said = linking.unlink(store, link, connection=connection, who=who, now=desk.clock.now())
    _soon(desk, connection)
    return Done(said.document(), f"link:{link}")


def relink(desk: Desk, connection: str, named: Pair[str], who: str, *, force: bool) -> Done:
    """Joins two records with the next cycle. :raises BadUsage: as ``operations.linking.relink``."""
    linking.not_in_shadow(desk.about(connection).connection)
    with desk.world(connection, who) as world:
        make_ready(world)
        said = linking.relink(world, named, force=force)
    _soon(desk, connection)
    told = said.document()
    return Done(told, f"marketing:{told['marketing']} crm:{told['crm']}")


def rules_of(desk: Desk, connection: str, conflict: Conflict) -> list[Rule]:
    """The rules that would settle conflicts like this one."""
    kinds = desk.about(connection).connection.kinds
    return [rule for kind in kinds if kind.kind == conflict.kind for rule in rules_for(conflict, kind)]


def retry_letters(desk: Desk, connection: str, ids: Sequence[str], cause: Cause | None) -> Done:
    """Asks for another try of some dead letters, or of all of one cause."""
    store = desk.store(connection)
    if cause is not None:
        number, about = store.retry_letters(cause), " ".join(map(str, cause))
    else:
        number, about = sum(store.mark_dead_letter(id, True) for id in _some(ids)), " ".join(ids)
    _soon(desk, connection)
    return Done({"records": number}, about)


def drop_letters(desk: Desk, connection: str, ids: Sequence[str], cause: Cause | None) -> Done:
    """Forgets some dead letters, or all of one cause."""
    store = desk.store(connection)
    if cause is not None:
        return Done({"records": store.drop_letters(cause)}, " ".join(map(str, cause)))
    return Done({"records": sum(store.mark_dead_letter(id, False) for id in _some(ids))}, " ".join(ids))


def retry_parked(
    desk: Desk, connection: str, ids: Sequence[str], who: str, *, cause: ParkedCause | None = None
) -> Done:
    """Lets some parked fields go, or all of one cause; the next cycle writes what still differs."""
    store = desk.store(connection)
    if cause is not None:
        rows, about = store.parked_page(cause, None), " ".join(map(str, cause))
    else:
        wanted = set(_some(ids))
        rows, about = [row for row in store.parked() if id_of(row) in wanted], " ".join(ids)
    try_again(store, rows, connection=connection, who=who, now=desk.clock.now())
    _soon(desk, connection)
    return Done({"records": len(rows)}, about)


def part_of(desk: Desk, connection: str, digest: str) -> Part:
    """A held part by its whole digest. :raises Problem: 404."""
    held = parts(desk.store(connection), desk.clock.now())
    found = next((part for part in held if part.digest == digest), None)
    if found is None:
        raise not_found("nothing is held under this digest now: it has changed since, or was written; look again")
    return found


def approve_part(desk: Desk, connection: str, digest: str, reason: str, who: str) -> Done:
    """Lets exactly these changes go."""
    store = desk.store(connection)
    part_of(desk, connection, digest)
    part = approve(store, digest, who=who, reason=reason, now=desk.clock.now())
    _soon(desk, connection)
    return Done(part_document(part), digest)


def reject_part(desk: Desk, connection: str, digest: str, reason: str, who: str) -> Done:
    """Leaves exactly these changes unwritten."""
    part_of(desk, connection, digest)
    part = reject(desk.store(connection), digest, who=who, reason=reason, now=desk.clock.now())
    return Done(part_document(part), digest)


def pause(desk: Desk, connection: str, reason: str, who: str) -> Done:
    """Stops polling from the next turn on."""
    now = desk.clock.now()
    changed = desk.roster.pause(connection, Pause(who, now, reason), now)
    return Done({"paused": True, "changed": changed})


def resume(desk: Desk, connection: str) -> Done:
    """Polls again, at once, also where a vendor had said to wait."""
    now = desk.clock.now()
    changed = desk.roster.pause(connection, None, now)
    desk.roster.hasten(connection, now)
    return Done({"paused": False, "changed": changed})


def estimate_resync(desk: Desk, connection: str, words: Words, who: str) -> Mapping[str, Any]:
    """How much a resync reads; stores nothing. :raises BadUsage: as ``understood``."""
    with desk.world(connection, who) as world:
        resyncing.meant(world, words)
        make_ready(world)
        return estimated(world, understood(world, words))


def ask_resync(desk: Desk, connection: str, words: Words, who: str) -> Done:
    """Stores a resync, which the daemon carries out; one that waits already is not doubled."""
    now = desk.clock.now()
    paused = desk.roster.turns([connection], now)[connection].paused
    if paused is not None:
        raise BadUsage(f"{connection} was paused by {paused.who}; let it go on first")
    with desk.world(connection, who) as world:
        if world.connection.mode == "shadow":
            raise BadUsage(f"{connection} is in shadow mode and writes nothing")
        resyncing.meant(world, words)
        make_ready(world)
        request = ask(world, understood(world, words))
    _soon(desk, connection)
    return Done(resync_document(desk.store(connection), request), request.id)


def end_resync(desk: Desk, connection: str, id: str) -> Done:
    """Takes a resync back; what it has settled stays."""
    store = desk.store(connection)
    request: Request = waiting_resync(store, id)
    cancel_resync(store, request, desk.clock.now())
    return Done(resync_document(store, request), request.id)


def accept_drift(desk: Desk, connection: str, names: Sequence[str], who: str) -> Done:
    """Takes what these fields are at their vendors now: they go on, and all records are compared by them."""
    store = desk.store(connection)
    wanted = named_resting(store, names)
    with desk.world(connection, who) as world:
        accepted = accept(world, {(each.kind, each.field) for each in wanted})
    _soon(desk, connection)
    answer = {
        "ended": [each.name for each in accepted.ended],
        "unfit": [each.name for each in accepted.unfit],
        "resyncs": [each.id for each in accepted.resyncs],
    }
    return Done(answer, " ".join(each.name for each in wanted))


def plan_rollback(desk: Desk, connection: str, words: rollback.Words, who: str) -> rollback.Rollback:
    """What would be taken back, read from both vendors now; stores nothing. :raises BadUsage: as ``plan_rollback``."""
    with desk.world(connection, who) as world:
        rollback.meant(world, words)
        make_ready(world)
        return rollback.plan_rollback(world, words)


def take_back(desk: Desk, connection: str, words: rollback.Words, digest: str, who: str) -> Done:
    """Stores a rollback if it is what was shown; a daemon carries it out at once, also while nothing is polled."""
    with desk.world(connection, who) as world:
        rollback.meant(world, words)
        make_ready(world)
        request = rollback.approved(world, rollback.plan_rollback(world, words), digest)
    _soon(desk, connection)
    return Done(resync_document(desk.store(connection), request), request.id)


def _explained(desk: Desk, world: World, hit: Hit, *, field: str | None) -> Explained:
    told = explain(world, hit, field=field)
    profiles = desk.configured(world.connection.name).profiles
    profile = None if field else profile_of(told, profiles(), world.clock.now())
    return Explained(told, profile, story_of(world, told))


def _some(ids: Sequence[str]) -> Sequence[str]:
    if not ids:
        raise BadUsage("name what is meant")
    return list(dict.fromkeys(ids))


def _soon(desk: Desk, connection: str) -> None:
    """A daemon carries it out at once, not with its next poll."""
    desk.roster.hasten(connection, desk.clock.now())
