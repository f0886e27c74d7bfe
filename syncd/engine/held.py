"""How the brake tells values apart without knowing them, and what it guesses of the cause of what it holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from hashlib import blake2b
from typing import Final

from syncd.model.brake import HeldChange, Key, Lot, Mark, Measure
from syncd.model.link import LinkState
from syncd.model.remote import RemoteRef
from syncd.model.values import Instant, Side
from syncd.ports.memory import BRAKE_SECRET
from syncd.ports.store import Store
from syncd.ports.system import Chance

MANY: Final = 10
AT_ONCE: Final = timedelta(minutes=2)
"""So many records that were changed within that time were not changed by hand."""
_CAUSES: Final[Mapping[Measure, str]] = {
    Measure.CREATES: "new records of an import, a form or a list",
    Measure.UPDATES: "a workflow, an import or many people at work",
    Measure.STAGES: "a campaign, a workflow or an import that moves stages",
    Measure.CLEARS: "a workflow or an import that empties the field, or a right that was taken away",
    Measure.SAME_VALUE: "a workflow, a list action or an import that gives many records one value",
    Measure.VALUE: "a value that the field did not have before, given by a workflow or an import",
    Measure.STAGE_VALUE: "a stage that nobody entered before, reached by a workflow or an import",
    Measure.BACKWARD: "a workflow or an import that sets stages back",
}
_SECRET_BYTES: Final = 32
_MARK_BYTES: Final = 8


def marker(store: Store) -> Mark | None:
    """Hashes words under the connection's own key; ``None`` as long as it has none."""
    remembered = store.recall(BRAKE_SECRET)
    return marker_of(remembered[0]) if remembered else None


def make_marker(store: Store, chance: Chance, now: Instant) -> Mark:
    """The same with a new key."""
    key = chance.token(_SECRET_BYTES)
    store.remember(BRAKE_SECRET, key, now)
    return marker_of(key)


def marker_of(key: bytes) -> Mark:
    """Hashes words under a key."""

    def mark(*words: object) -> str:
        return blake2b(repr(words).encode(), key=key, digest_size=_MARK_BYTES).hexdigest()

    return mark


def over_by_rejection(store: Store, lot: Lot, rejected: Collection[str]) -> list[str]:
    """The records of a lot whose counterpart a person asked for anew, and a person rejected: without that wish nothing
    would be made of a tombstone, and nothing is left to hold.
    """
    if lot.key[1] != Measure.CREATES:
        return []
    side = Side(lot.key[2]).other
    records = [each.record for each in lot.changes if each.mark in rejected]
    refs = {RemoteRef(*each.removeprefix(f"{side}:").split("/", 1)): each for each in records}
    known = store.linked(lot.key[0], side, list(refs)) if refs else {}
    return [refs[ref] for ref, found in known.items() if found.link.state is not LinkState.LIVE]


def likely_cause(key: Key, changes: Sequence[HeldChange], *, resting: Collection[str]) -> str:
    """What probably happened, from what is known of the changes; ``resting`` are fields that a vendor redefined."""
    _, measure, side, name, _ = key
    where = side if measure == Measure.UNLINKS else Side(side).other
    begun, ended = min(each.at for each in changes), max(each.at for each in changes)
    if resting and name:
        return f"a vendor changed what the field {', '.join(sorted(resting))} is: look there first (syncd drift list)"
    if measure == Measure.UNLINKS:
        return f"many records left the {where} side: a bulk delete, or syncd's user lost the right to see them"
    if len(changes) >= MANY and ended - begun <= AT_ONCE:
        seconds = round((ended - begun).total_seconds())
        return f"changed on the {where} side within {seconds} s: an import, a script or a bulk edit there"
    return f"{_CAUSES[Measure(measure)]} on the {where} side"
