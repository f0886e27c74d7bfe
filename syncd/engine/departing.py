"""Who leaves the handoff with their record: deleted, merged away or unlinked; and who is back.

Promises: what a link comes to be and what the ledger hears of it are stored in one transaction, or neither is; a link
that stays what it was says nothing, so that the same settlement twice is told once. Nobody who has no part in the
handoff is told of, and nobody who was forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator

from syncd.model.episode import Deal, Departed, Moved
from syncd.model.link import LinkState
from syncd.model.values import Instant
from syncd.ports.store import Settlement, Store


def departures(settlement: Settlement, store: Store, now: Instant) -> list[Departed]:
    """The events of those whose link ends or begins again with a settlement that is not settled yet."""
    changed = {each.person: each for each in _changed(settlement, store, now)}
    if not changed:
        return []
    known = store.ledger_of(sorted(changed))
    with_a_part = {event.person for event in known if isinstance(event, Moved | Deal)}
    return [each for person, each in changed.items() if person in with_a_part]


def _changed(settlement: Settlement, store: Store, now: Instant) -> Iterator[Departed]:
    links = {link.id: link for link in settlement.links if link.state is not LinkState.FORGOTTEN}
    known = store.by_link(sorted(links))
    for link in links.values():
        before = known.get(link.id)
        if before is not None and before.link.state is not link.state:
            yield Departed(link.id, now, back=link.state is LinkState.LIVE)
