"""What operators can ask for that a daemon makes with its next turn: a first link, a counterpart anew, a backup.

As ``commands``: each is one command that tells what it was about by ids. Nothing is made here: the daemon is told, and
told that somebody has thought better of it.
"""

from __future__ import annotations

from typing import Any

from syncd.console.deeds import Done
from syncd.console.desk import Desk
from syncd.console.problems import not_found
from syncd.engine.world import make_ready
from syncd.model.errors import BadUsage
from syncd.model.run import Request
from syncd.operations import linking, wishes
from syncd.operations.sizing import ordered_document


def approve_first_link(desk: Desk, connection: str, digest: str, who: str) -> Done:
    """Lets the daemon write exactly the first link that was shown. :raises BadUsage: if it is another one by now."""
    linking.not_in_shadow(desk.about(connection).connection)
    _not_paused(desk, connection)
    now = desk.clock.now()
    wish = wishes.ask_first_link(
        desk.store(connection), digest, id=desk.chance.identifier(), connection=connection, who=who, now=now
    )
    desk.roster.hasten(connection, now)
    return Done({**_document(wish), "digest": wish.argument}, wish.argument)


def recreate(desk: Desk, connection: str, record: str, who: str) -> Done:
    """Has the daemon make the missing counterpart of a record. :raises BadUsage: as ``wishes.ask_recreate``."""
    linking.not_in_shadow(desk.about(connection).connection)
    _not_paused(desk, connection)
    with desk.world(connection, who) as world:
        make_ready(world)
        wish = wishes.ask_recreate(world, record)
    desk.roster.hasten(connection, desk.clock.now())
    link, _, _ = wish.argument.partition(":")
    return Done({**_document(wish), "link": link}, f"link:{link}")


def withdraw(desk: Desk, connection: str, id: str) -> Done:
    """Takes back what no turn has begun with. :raises Problem: 404."""
    store, now = desk.store(connection), desk.clock.now()
    wish = next((each for each in wishes.wishes(store, *wishes.MADE) if each.id == id), None)
    if wish is None:
        raise not_found("nothing of this id waits for the daemon; it was carried out or taken back")
    done = wishes.withdraw(store, wish, lambda: desk.roster.leases(now), now).document()
    return Done(done, f"link:{done['link']}" if done["link"] else done["digest"])


def back_up(desk: Desk) -> Done:
    """Has the daemon make a backup now. :raises BadUsage: if none are configured."""
    desk.host.back_up()
    return Done(ordered_document(desk.host.shelf()))


def _document(wish: Request) -> dict[str, Any]:
    return {"id": wish.id, "who": wish.who, "at": wish.at}


def _not_paused(desk: Desk, connection: str) -> None:
    """:raises BadUsage: if nobody takes turns of this connection that would carry it out."""
    paused = desk.roster.turns([connection], desk.clock.now())[connection].paused
    if paused is not None:
        raise BadUsage(f"{connection} was paused by {paused.who}; let it go on first")
