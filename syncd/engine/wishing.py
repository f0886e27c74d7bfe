"""The engine's own wishes: that the next cycle looks at a record again, whatever the streams say of it."""

from __future__ import annotations

from syncd.model.run import Request
from syncd.model.values import Instant

ENGINE = "engine"
"""Who asks for what the engine wishes itself."""
LOOK = "look"


def wish_to_look(connection: str, kind: str, what: str, *, at: Instant, salt: str = "") -> Request:
    """That one record is read on both sides: ``what`` is ``link:<id>`` or ``<side>:<ref>``.

    :param salt: what tells this wish from an earlier one about the same record.
    """
    return Request(f"{LOOK}:{kind}:{what}{salt}", connection, wish=LOOK, argument=f"{kind} {what}", who=ENGINE, at=at)
