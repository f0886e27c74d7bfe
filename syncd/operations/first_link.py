"""The first link of two filled systems, while it waits for a person: its figures, and how it is approved.

It is approved at the command line or over the API (``wishes``), by the digest of a plan that is made once more from
both systems as they are then: what is written is exactly what somebody has seen. Nothing here approves it. Reaches no
vendor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from syncd.engine.previewing import Preview, kept_preview
from syncd.model.run import RunState
from syncd.model.values import SIDES, Instant
from syncd.ports.store import Store


@dataclass(frozen=True, slots=True)
class Unapproved:
    """A first link that waits: its digest, since when the last cycle found it so, and its figures; ``None`` where a
    version has found it that kept none.
    """

    digest: str
    at: Instant
    preview: Preview | None


def unapproved(store: Store) -> Unapproved | None:
    """The first link that waits for approval, if one does."""
    latest = next(iter(store.runs(1)), None)
    if latest is None or latest.state is not RunState.HELD or not latest.digest or store.restored() is not None:
        return None
    preview = kept_preview(store)
    fits = preview is not None and preview.digest == latest.digest
    return Unapproved(latest.digest, latest.started_at, preview if fits else None)


def commands(connection: str, digest: str) -> tuple[str, str]:
    """What to type to see every change, and to have exactly these written."""
    return f"syncd --connection {connection} plan", f"syncd --connection {connection} sync --approve {digest}"


def first_link_document(waits: Unapproved, connection: str) -> dict[str, Any]:
    """The same as plain values with stable keys."""
    look, approve = commands(connection, waits.digest)
    told = waits.preview
    return {
        "digest": waits.digest,
        "at": waits.at,
        "kinds": {} if told is None else {kind: dict(counts) for kind, counts in told.kinds.items()},
        "calls": {side.value: None if told is None else told.calls.of(side) for side in SIDES},
        "seconds": None if told is None else told.seconds,
        "look": look,
        "approve": approve,
    }
