"""What people typed freely and the store keeps for a time: the conditions of resyncs, and answers that repeat them.

A condition is kept as long as its resync waits or is under way; once that is over only it is left that there was one.
Whoever is forgotten is taken out of what waits as well: in the place of their address stands a word that no address is.
No record of theirs is compared any more, so such a resync goes on as it would have, for everybody else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Connection, select, update

from syncd.model.resync import RESYNC
from syncd.store.dialects import among, lots
from syncd.store.tables import deed, request

HIDDEN: Final = "?"
"""In the place of a condition of a resync that is over, as in the deed that asked for it."""
FORGOTTEN: Final = "forgotten"
"""In the place of an address in what waits."""
_WHERE: Final = "where"


def blank_over(tx: Connection, connection: str, ids: Sequence[str] | None = None) -> None:
    """Hides the conditions of resyncs that are over: of these, or of all."""
    rows = select(request.c.id, request.c.argument).where(
        request.c.connection == connection, request.c.wish == RESYNC, request.c.done_at.is_not(None)
    )
    wanted = [rows] if ids is None else [rows.where(among(tx, request.c.id, lot)) for lot in lots(tx, list(ids))]
    for found in [row for each in wanted for row in tx.execute(each).fetchall()]:
        asked = _asked(found.argument)
        if asked.get(_WHERE, HIDDEN) != HIDDEN:
            _rewrite(tx, connection, found.id, {**asked, _WHERE: HIDDEN})


def forget_typed(tx: Connection, connection: str, addresses: Sequence[str]) -> None:
    """Takes people with these addresses out of conditions and answers, whatever becomes of those."""
    blank_over(tx, connection)
    if not addresses:
        return
    named = re.compile("|".join(rf"(?<![\w.+-]){re.escape(each)}(?![.-]?\w)" for each in addresses), re.IGNORECASE)
    waiting = select(request.c.id, request.c.argument).where(
        request.c.connection == connection, request.c.wish == RESYNC, request.c.done_at.is_(None)
    )
    for row in tx.execute(waiting).fetchall():
        asked = _asked(row.argument)
        if (less := named.sub(FORGOTTEN, asked.get(_WHERE, ""))) != asked.get(_WHERE, ""):
            _rewrite(tx, connection, row.id, {**asked, _WHERE: less})
    answers = select(deed.c.id, deed.c.answer).where(deed.c.connection == connection, deed.c.answer.is_not(None))
    for row in tx.execute(answers).fetchall():
        told = orjson.loads(row.answer)
        if (rest := _without(told, named)) != told:  # no part of the chain: an answer goes after a day in any case
            tx.execute(update(deed).where(deed.c.id == row.id).values(answer=orjson.dumps(rest).decode()))


def _asked(argument: str) -> dict[str, Any]:
    """What a resync asks for; nothing where nobody can read it, which must hold up no settlement."""
    try:
        asked = json.loads(argument)
    except ValueError:
        return {}
    return asked if isinstance(asked, dict) else {}


def _rewrite(tx: Connection, connection: str, id: str, asked: dict[str, Any]) -> None:
    this = (request.c.connection == connection, request.c.id == id)
    tx.execute(update(request).where(*this).values(argument=json.dumps(asked, sort_keys=True)))


def _without(told: Any, named: re.Pattern[str]) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(told, str):
        return named.sub(FORGOTTEN, told)
    if isinstance(told, list):
        return [_without(each, named) for each in told]
    return {name: _without(each, named) for name, each in told.items()} if isinstance(told, dict) else told
