"""Fields whose definition changed at a vendor rest, and everything else goes on.

A type that is changed there may empty the field in every record, and a list that loses an option may have moved its
records elsewhere: carried on, that would be cleared on the other side too. So each definition is remembered as it was
when its field was last let go on; a field whose definition differs is left as it stands on both sides until a person
has looked at both and said so. Definitions that were never seen, or that only gained options, are taken as they are.

A field that does not fit its vendor any more at all (it was deleted, hidden or closed, or a value of its table retired)
rests just as long as that is so, provided that it has fitted before as it is mapped now, and no rule asks for it.

A field that the native connector writes, too, rests while that goes on (``engine.native`` looks).
No field rests that is not in the mapping.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from typing import Final

import orjson

from syncd.core.planner import digest
from syncd.model.drift import Definition, Drift, Resting, read_drift, write_drift
from syncd.model.errors import BadConfig, Flaw
from syncd.model.mapping import Clear, Confirm, FieldMapping, KindMapping, Policy
from syncd.model.native import Rival
from syncd.model.remote import RemoteSchema
from syncd.model.values import SIDES, FieldType, Instant, Lane, Pair, Side, instant
from syncd.observe.log import emit
from syncd.ports.memory import DRIFT, FILLED
from syncd.ports.store import Store


def without(kind: KindMapping, flaws: Sequence[Flaw]) -> KindMapping:
    """The mapping without the fields that these flaws are about.

    :raises BadConfig: with the flaws, if one concerns more than a field, or a rule asks for such a field.
    """
    names = {flaw.field for flaw in flaws}
    if "" in names or any(re.search(rf"\b{re.escape(name)}\b", text) for name in names for text in _rules(kind)):
        raise BadConfig(tuple(flaws))
    kept = tuple(each for each in kind.fields if each.name not in names)
    return replace(kind, fields=kept, hash=digest(kind.hash, *sorted(names)))


def once_fitted(store: Store, kind: KindMapping, flaws: Sequence[Flaw]) -> bool:
    """Whether the fields that these flaws are about have fitted both schemas before, as they are mapped now: then they
    were changed at a vendor, whatever else was changed in the mapping.
    """
    kept = _remembered(store).get(kind.kind, Drift())
    if kept.mapping == kind.hash:
        return True
    now = _to_fit(kind)
    return all(flaw.field in now and kept.fits.get(flaw.field) == now[flaw.field] for flaw in flaws)


def _to_fit(kind: KindMapping) -> dict[str, str]:
    """What of each field's mapping has to fit the vendors: who wins a merge is none of it."""
    return {each.name: digest(repr(_unmerged(each))) for each in kind.fields}


def _unmerged(each: FieldMapping) -> FieldMapping:
    return replace(each, policy=Policy.HOLD, tie=None, clear=Clear.HOLD, confirm=Confirm.NONE, lane=Lane.ORDINARY)


def watch(
    store: Store, kind: KindMapping, schemas: Pair[RemoteSchema], now: Instant, *, flaws: Sequence[Flaw] = ()
) -> tuple[Resting, ...]:
    """Holds the schemas against what they were; returns every field that rests from now on or has been resting.

    :param flaws: of fields that do not fit their vendor any more; they rest just as long as that is so.
    """
    everything = _remembered(store)
    kept = everything.get(kind.kind, Drift())
    known, rests = kept.known(), kept.resting(kind.kind)
    unfit = {flaw.field: flaw for flaw in flaws}
    over = [name for name, rest in rests.items() if not rest.place and name not in unfit]
    unfill(store, kind.kind, over, now)
    rests = {name: rest for name, rest in rests.items() if name not in over}
    before = dict(known), kept.resting(kind.kind)
    for name, flaw in unfit.items():
        if name not in rests:
            rests[name] = Resting(kind.kind, name, None, "", f"{flaw.what}; {flaw.advice}", now)
            emit("field.rests", kind=kind.kind, field=name, reason=flaw.what)
    for name, side, place, defined in _defined(kind, schemas):
        key = f"{name} {side}:{place}"
        old = known.get(key)
        change = old.change_to(defined) if old is not None else None
        if change is None:
            if name not in rests:
                known[key] = defined
        elif name not in rests:
            rests[name] = Resting(kind.kind, name, side, place, change, now)
            emit("field.rests", kind=kind.kind, side=str(side), field=name, reason=f"{place}: {change}")
    mapping, fits = kept.mapping if flaws else kind.hash, kept.fits
    if mapping != kept.mapping or flaws or not fits:
        fits = {name: fits.get(name, "") if name in unfit else told for name, told in _to_fit(kind).items()}
    if (known, rests) != before or mapping != kept.mapping or fits != kept.fits:
        found = Drift.of(known, rests, mapping, kept.accepted, fits)
        store.remember(DRIFT, write_drift({**everything, kind.kind: found}), now)
    return tuple(rests.values())


def leave_to_native(
    store: Store, kind: str, rivals: Mapping[str, Rival], now: Instant, *, quiet: timedelta
) -> tuple[Resting, ...]:
    """Fields that the native connector was seen to write rest from now on, and go on once it has not written them for
    ``quiet``; returns every field that rests.

    A write of before a person said that it writes the field no more counts no longer.
    """
    everything = _remembered(store)
    kept = everything.get(kind, Drift())
    rests = kept.resting(kind)
    for name, rival in rivals.items():
        rested = rests.get(name)
        if _outdated(kept, rival) or now - rival.last >= quiet or (rested is not None and rested.native is None):
            continue
        change = f"the native connector writes {rival}"
        since = now if rested is None else rested.since
        rests[name] = Resting(kind, name, rival.side, rival.place, change, since, rival.last)
        if rested is None:
            emit("field.rests", kind=kind, side=str(rival.side), field=name, reason=change)
    over = [name for name, rest in rests.items() if rest.native is not None and now - rest.native >= quiet]
    unfill(store, kind, over, now)
    rests = {name: rest for name, rest in rests.items() if name not in over}
    if rests != kept.resting(kind):
        found = Drift.of(kept.known(), rests, kept.mapping, kept.accepted, kept.fits)
        store.remember(DRIFT, write_drift({**everything, kind: found}), now)
    return tuple(rests.values())


def still_written(store: Store, kind: str, rivals: Mapping[str, Rival]) -> dict[str, Rival]:
    """Those of these that a person has not said to be over since."""
    kept = _remembered(store).get(kind, Drift())
    return {name: rival for name, rival in rivals.items() if not _outdated(kept, rival)}


def _outdated(kept: Drift, rival: Rival) -> bool:
    accepted = kept.accepted.get(rival.field)
    return accepted is not None and rival.last <= instant(accepted)


def unfill(store: Store, kind: str, fields: Collection[str], now: Instant) -> None:
    """Fields whose rest is about to end: what was read of them meanwhile was not looked at, so no Base of theirs counts
    for a side that was not read, until all records were compared by them.
    """
    name = FILLED.format(kind=kind)
    noted = store.recall(name)
    before: list[str] = [] if noted is None else orjson.loads(noted[0])
    after = [each for each in before if each not in fields]
    if after != before:
        store.remember(name, orjson.dumps(after), now)


def end_unmapped(store: Store, kinds: Sequence[KindMapping], now: Instant) -> None:
    """Ends the rest of fields that are not in the mapping any more.

    What they were stays remembered: what a vendor did to them would still be carried on if they were mapped again.
    """
    everything = _remembered(store)
    mapped = {(kind.kind, field.name) for kind in kinds for field in kind.fields}
    left = {
        kind: replace(kept, rests=[row for row in kept.rests if (kind, row["field"]) in mapped])
        for kind, kept in everything.items()
    }
    if left != everything:
        store.remember(DRIFT, write_drift(left), now)


def _rules(kind: KindMapping) -> Iterator[str]:
    """Everything in a mapping that asks for fields by name."""
    yield from (rule.field for rule in kind.match)
    for side in SIDES:
        yield kind.scope.of(side) or ""
        yield from (choice.when for choice in kind.several.of(side))
        for rule in kind.create.of(side):
            yield rule.when or ""
            yield from (each.when or "" for each in rule.record_types)


def _remembered(store: Store) -> Mapping[str, Drift]:
    noted = store.recall(DRIFT)
    return _read(noted[0]) if noted else {}


@lru_cache(maxsize=16)
def _read(content: bytes) -> Mapping[str, Drift]:
    """What was remembered; what many turns remember alike is one and the same."""
    return read_drift(content)


def _defined(kind: KindMapping, schemas: Pair[RemoteSchema]) -> Sequence[tuple[str, Side, str, Definition]]:
    """Every vendor field of every shared field that can be seen, as long as mapping and schemas are the same ones:
    those of one turn are mostly those of the next.
    """
    last = _LAST.get(kind.kind)
    if last is not None and last[0] is kind and all(last[1].of(side) is schemas.of(side) for side in SIDES):
        return last[2]
    found = tuple(_definitions(kind, schemas))
    _LAST[kind.kind] = kind, schemas, found
    return found


_LAST: Final[dict[str, tuple[KindMapping, Pair[RemoteSchema], Sequence[tuple[str, Side, str, Definition]]]]] = {}
"""Per kind what was looked at last; a process with several connections looks anew as it goes from one to the other."""


def _definitions(kind: KindMapping, schemas: Pair[RemoteSchema]) -> Iterator[tuple[str, Side, str, Definition]]:
    """As ``_defined``, looked at now; an association is none."""
    for shared in kind.fields:
        for side in SIDES:
            if shared.type is FieldType.REFERENCE and side is Side.MARKETING:
                continue
            for object_name, names in shared.slots.of(side).items():
                fields = schemas.of(side).objects.get(object_name, {})
                for name in names:
                    if name in fields:
                        yield shared.name, side, f"{object_name}.{name}", Definition.of(fields[name])
