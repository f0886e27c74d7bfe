"""A store that was put back from a backup: saying so where syncd cannot notice it, and letting it go on.

syncd notices it by itself where the store is a file (``store.generation``); a database server's is said by a person.
Either way the next cycle compares both sides and writes nothing (``engine.reobserve``). Reaches no vendor.
"""

from __future__ import annotations

from datetime import UTC
from typing import Any

from syncd.model.errors import BadUsage
from syncd.model.run import Restored
from syncd.model.values import Instant
from syncd.observe.log import emit
from syncd.ports.store import Store


def mark_restored(store: Store, now: Instant, who: str) -> bool:
    """Says that the store was restored; ``False`` if that was known and nothing was compared since."""
    known = store.restored()
    if known is not None and known.compared is None:
        store.note_restored(known)  # what was only about to be noticed is noticed
        return False
    why = f"{who} said that the store was restored"
    store.note_restored(Restored(now, why))
    emit("store.restored", reason=why)
    return True


def accept_restored(store: Store, who: str) -> bool:
    """Lets a connection go on whose store was restored and compared; ``False`` if it was not restored.

    :raises BadUsage: if it was not compared yet.
    """
    known = store.restored()
    if known is None:
        return False
    if known.compared is None:
        raise BadUsage(f"{known.why}; not compared yet: run `syncd sync` first, which writes nothing to a vendor")
    store.note_restored(None)
    emit("store.accepted", who=who)
    return True


def restored_document(restored: Restored | None) -> dict[str, Any] | None:
    """The same as plain values with stable keys."""
    if restored is None:
        return None
    return {"since": restored.since, "why": restored.why, "compared": restored.compared}


def restored_sentence(restored: Restored) -> str:
    """What a person reads of it in ``status``, but for the command to type next."""
    if restored.compared is None:
        return f"{restored.why}: nothing is written; the next cycle compares both sides"
    return f"{restored.why}: compared on {restored.compared.astimezone(UTC):%Y-%m-%d %H:%M} UTC, waits for you"
