"""Reading personal data on the command line leaves an entry, beside those of the console: who, when, whom by id.

The entry is stored before anything is shown. A store that cannot take it (busy for ten seconds, a full disk) keeps
nobody from reading: the log says who it was. Whoever may read the store's file needs no syncd for it, and leaves none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli.call import Call, who

if TYPE_CHECKING:
    from syncd.ports.store import Store

EVERYTHING = "everything"


def note(store: Store, what: str, connection: str, about: str) -> None:
    """Stores that whoever calls reads what is known of a record, named by its id, or of everybody."""
    from syncd.model.errors import SyncdError
    from syncd.model.operator import Deed, Sort
    from syncd.observe.log import emit
    from syncd.system import SystemChance, SystemClock

    name = who()
    deed = Deed(SystemChance().identifier(), SystemClock().now(), name, Sort.SHELL, connection, what, about, status=200)
    try:
        store.note_reading(deed)
    except SyncdError as why:
        emit("reading.unnoted", connection=connection, who=name, command=what, error=type(why).__name__)


def deeds(
    context: typer.Context,
    *,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="How many, the latest.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Lists what operators did and whom they read, the latest first; kept for 400 days.

    In the console, over its API, and on the command line (way: shell). A look is one entry for each session and record
    in ten minutes. About what is told by ids and chosen arguments; `?` stands for what was typed freely. A command
    ended with a status of HTTP, or in the shell with its exit code; without one it is under way, or was killed.

    JSON: deeds [{id, at, who, way, connection, what, about, status or null}].
    """
    from syncd.bootstrap import open_entrance
    from syncd.cli.out import print_json, table, when
    from syncd.operations.doors import deed_document

    call: Call = context.obj
    with open_entrance(call.outlined()) as entrance:
        found = entrance.doors.deeds(limit)
    if as_json:
        print_json({"deeds": [deed_document(each) for each in found]})
        return
    rows = [
        (when(each.at), each.who, each.way.value, each.connection, each.what, each.about, _ended(each.status))
        for each in found
    ]
    table("", ("at (UTC)", "who", "way", "connection", "what", "about", "ended"), rows)


def _ended(status: int | None) -> str:
    return "-" if status is None else str(status)
