"""The engine's own wishes: that the next cycle looks at a record again, whatever the streams say of it, and that
people's records show what the ledger of handoffs says.
"""

from __future__ import annotations

from collections.abc import Sequence

from syncd.core.layout import digest
from syncd.model.run import LOOK, SHOW, Request
from syncd.model.values import Instant

BESIDE = "beside"
"""How the wish for a second record begins, which a cycle reads only beside the link that it names."""
ENGINE = "engine"
"""Who asks for what the engine wishes itself."""


def wish_to_look(connection: str, kind: str, what: str, *, at: Instant, salt: str = "") -> Request:
    """That one record is read on both sides: ``what`` is ``link:<id>`` or ``<side>:<ref>``; or a second CRM record of
    somebody, ``beside:<link> <ref>``, as soon as a cycle looks at that link for another reason.

    :param salt: what tells this wish from an earlier one about the same record.
    """
    return Request(f"{LOOK}:{kind}:{what}{salt}", connection, wish=LOOK, argument=f"{kind} {what}", who=ENGINE, at=at)


def looked_at_next(request: Request) -> bool:
    """Whether the next cycle looks at something for this wish, whatever the streams say."""
    return request.wish == LOOK and f" {BESIDE}:" not in request.argument


def wish_to_show(connection: str, people: Sequence[str], now: Instant) -> Request:
    """The engine's own wish that the records of these people show what the ledger says (``engine.showing``)."""
    told = " ".join(people)
    return Request(f"{SHOW}:{digest(told, now)}", connection, SHOW, told, ENGINE, now)
