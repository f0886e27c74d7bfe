"""Fields that rest, since a vendor changed what they are or the native connector writes them, too: which, and ending
their rest. Reaches no vendor.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from syncd.model.drift import Drift, Resting, read_drift, write_drift
from syncd.model.errors import BadUsage
from syncd.model.values import Instant
from syncd.ports.memory import DRIFT
from syncd.ports.store import Store


def resting(store: Store) -> tuple[Resting, ...]:
    """The shared fields of a connection that rest, as the store knows."""
    return tuple(rest for kind, kept in _remembered(store).items() for rest in kept.resting(kind).values())


def named_resting(store: Store, names: Sequence[str]) -> list[Resting]:
    """The fields of these names (KIND.FIELD) that may go on.

    :raises BadUsage: if there is none, or one that does not rest or waits for its vendor; no vendor is asked for that.
    """
    if not names:
        raise BadUsage("name the fields as KIND.FIELD, or say --all")
    found = {each.name: each for each in resting(store)}
    strange = [name for name in names if name not in found]
    if strange:
        known = f"those that do: {', '.join(found)}" if found else "no field does"
        raise BadUsage(f"{', '.join(strange)} does not rest; {known}")
    unfit = [found[name] for name in names if not found[name].place]
    if unfit:
        raise BadUsage(f"{unfit[0]}; it goes on by itself once it fits again")
    return [found[name] for name in dict.fromkeys(names)]


def let_go_on(store: Store, names: Collection[tuple[str, str]], now: Instant) -> list[Resting]:
    """Ends the rest of these fields (kind and field); their definitions are taken as they are at the next look.

    :returns: those of them that rested.
    """
    from syncd.engine.drift import unfill  # noqa: PLC0415 - `status`, which only looks, is quick without the engine

    everything = _remembered(store)
    ended: list[Resting] = []
    for kind, kept in everything.items():
        rests = kept.resting(kind)
        over = [rests.pop(name) for each, name in names if each == kind and name in rests]
        fields = {rest.field for rest in over}
        unfill(store, kind, fields, now)  # first: whatever dies in between, nothing is believed that is not known
        native = {rest.field for rest in over if rest.native is not None}
        known = {key: found for key, found in kept.known().items() if key.partition(" ")[0] not in fields - native}
        accepted = {**kept.accepted, **dict.fromkeys(native, now.isoformat())}
        everything[kind] = Drift.of(known, rests, kept.mapping, accepted, kept.fits)
        ended += over
    store.remember(DRIFT, write_drift(everything), now)
    return ended


def _remembered(store: Store) -> dict[str, Drift]:
    noted = store.recall(DRIFT)
    return read_drift(noted[0] if noted else None)
