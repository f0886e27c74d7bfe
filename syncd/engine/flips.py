"""Ends a fight with somebody else's automation: a value that keeps being put back is written three times more, and no
fourth time.

A *flip* is to write a value that syncd wrote to that field of that record before, within 24 hours: another value stood
there in between, or there would be nothing to write. Flips of both sides count together. They are read from the audit
just before a lot is sent, so that neither a restart nor another worker forgets them.

A field that would flip a fourth time is parked in quarantine: neither side is written until a person says so (`syncd
parked retry`), or until both sides hold one value again. A value that a person chose is written in any case, and
opt-outs are never kept back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Final

import orjson

from syncd.core.lost import by_person
from syncd.core.planner import Planner, digest
from syncd.engine.refusals import heat_of
from syncd.engine.world import World
from syncd.model.link import QUARANTINED, FieldChange, FieldWrite, Parked
from syncd.model.plan import Decision, Update
from syncd.model.values import FieldType, Instant, Side
from syncd.ports.memory import RELEASED

FLIPS: Final = 3
"""So many flips of one field of one record are written within ``WINDOW``."""
WINDOW: Final = timedelta(hours=24)
_ADVICE: Final = (
    "find the workflow, flow or other program that does it and end one of the two rules, then `syncd parked retry {id}`"
)


def quarantined(
    world: World, planner: Planner, lot: Iterable[tuple[Decision, Update]]
) -> Mapping[tuple[str, Side], list[Parked]]:
    """What must not be written, by link and side, of the updates of one lot."""
    updates = [(decision, action) for decision, action in lot if action.changes]
    if not updates:
        return {}
    since = world.clock.now() - WINDOW
    written = world.store.written_lately([decision.link.id for decision, _ in updates], since, FLIPS + 1)
    if not written:
        return {}
    released = read_released(world.store.recall(RELEASED))
    found: dict[tuple[str, Side], list[Parked]] = {}
    for decision, action in updates:
        for change in action.changes:
            key = decision.link.id, change.field
            if key not in written or by_person(change.rule):
                continue
            if planner.field(change.field).type is FieldType.OPT_OUT:
                continue
            begins = released.get(key, since)
            lately = [each for each in written[key] if each.at >= begins]
            if _fights(lately, action.side, change):
                found.setdefault((decision.link.id, action.side), []).append(_row(world, decision, action, change))
    return found


def _fights(written: Sequence[FieldWrite], side: Side, change: FieldChange) -> bool:
    """Whether one more write would be a flip, after as many as are let through."""
    given = {(each.side, each.value) for each in written}
    return (side, change.after) in given and len(written) - len(given) >= FLIPS


def _row(world: World, decision: Decision, action: Update, change: FieldChange) -> Parked:
    link, side = decision.link.id, action.side
    return Parked(
        link=link,
        kind=decision.kind,
        side=side,
        ref=action.ref,
        field=change.field,
        fingerprint=QUARANTINED,
        code=QUARANTINED,
        reason=f"something keeps putting another value back: syncd wrote a value again {FLIPS} times within 24 hours",
        advice=_ADVICE.format(id=parked_id(link, side, change.field)),
        since=world.clock.now(),
        heat=heat_of(world, decision),
    )


def parked_id(link: str, side: Side, field: str) -> str:
    """How a person names a parked field."""
    return digest("parked", link, side, field)


# -- what a person let go --------------------------------------------------------------------------------------------
def read_released(remembered: tuple[bytes, Instant] | None) -> dict[tuple[str, str], Instant]:
    """Since when flips are counted anew, by link and field."""
    rows = orjson.loads(remembered[0]) if remembered else ()
    return {(link, field): Instant.fromisoformat(at) for link, field, at in rows}


def write_released(released: Mapping[tuple[str, str], Instant], now: Instant) -> bytes:
    """As it is remembered; what is older than the window has no meaning any more."""
    kept = {key: at for key, at in released.items() if at > now - WINDOW}
    return orjson.dumps([(link, field, at.isoformat()) for (link, field), at in sorted(kept.items())])
