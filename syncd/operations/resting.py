"""Alerts at rest: maintenance of a connection, and what waits for a target until it may be told. Rows of the outbox.

Maintenance is a row with its end, whoever asked for it: a command, or ``notify.maintenance``. The daemon goes on
meanwhile; what it would have told waits, and when it is over each target is told what still is wrong. What a person
ended stays ended, though the configuration plans it for longer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import orjson

from syncd.core.later import Later
from syncd.core.notices import is_page
from syncd.core.resting import next_of, planned, until
from syncd.model.errors import BadUsage
from syncd.model.notice import Item, News, Rest, Target, Telling
from syncd.model.values import Instant, instant, stamp
from syncd.observe.log import emit
from syncd.ports.outbox import ENDED, LATER, REST, Outbox, Row

BY_FILE: Final = "syncd.yaml"
LONGEST: Final = timedelta(days=7)
"""Maintenance that nobody ends ends by itself; longer than this it was forgotten."""
_UNITS: Final = {"m": 60, "h": 3_600, "d": 86_400}


# -- maintenance -----------------------------------------------------------------------------------------------------
def resting(outbox: Outbox) -> Rest | None:
    """The maintenance that was begun and not closed yet; it may be over by now."""
    for row in outbox.rows(REST, 1):
        try:
            told = orjson.loads(row.content)
            return Rest(instant(told["until"]), str(told["who"]), instant(told["at"]), str(told["reason"]))
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return Rest(row.at, "another version of syncd", row.at)
    return None


def resting_at(outbox: Outbox, now: Instant) -> Rest | None:
    """The maintenance that alerts rest for now; ``None`` where they are told."""
    known = resting(outbox)
    return known if known is not None and known.until > now else None


def length_of(text: str) -> timedelta:
    """How long alerts are to rest, as it was typed. :raises BadUsage: if it is no such time, or more than a week."""
    found = re.fullmatch(r"([1-9][0-9]{0,4})([mhd])", text)
    length = timedelta(seconds=int(found[1]) * _UNITS[found[2]]) if found else None
    if length is None or length > LONGEST:
        raise BadUsage(f"--for {text:.20}: write a number and a unit, as 30m, 2h or 1d; at most a week")
    return length


def rest_document(known: Rest | None) -> dict[str, Any]:
    """Maintenance as plain values with stable keys; all are ``None`` where alerts are told."""
    return {
        "until": known and known.until,
        "since": known and known.at,
        "who": known and known.who,
        "reason": known and known.reason,
    }


def rest(outbox: Outbox, wanted: Rest, now: Instant) -> None:
    """Alerts rest until then, whatever was said before; what was begun before is still the same maintenance."""
    known = resting(outbox)
    began = known.at if known is not None and known.until > now else wanted.at
    told = {"until": stamp(wanted.until), "who": wanted.who, "at": stamp(began), "reason": wanted.reason}
    outbox.exchange((), {REST: orjson.dumps(told)}, now)
    emit("maintenance.began", until=stamp(wanted.until), who=wanted.who)


def closed(outbox: Outbox, now: Instant) -> None:
    """Maintenance is over now, planned or not: a daemon's next look, or the next command, tells what still is wrong."""
    known = resting(outbox)
    if known is not None and known.until > now:
        told = {"until": stamp(now), "who": known.who, "at": stamp(known.at), "reason": known.reason}
        outbox.exchange((), {REST: orjson.dumps(told), ENDED: b""}, now)


def as_planned(connection: str, outbox: Outbox, telling: Telling, now: Instant) -> Rest | None:
    """The maintenance of now; one that the configuration plans is written down, so that its end is told."""
    known = resting(outbox)
    plan = planned(now, connection, telling.maintenance)
    if plan is None or (known is not None and known.until >= plan[0]):
        return known
    if _was_ended(connection, outbox, telling, plan[0]):
        return known
    begun = Rest(plan[0], BY_FILE, now, plan[1])
    rest(outbox, begun, now)
    return begun


def _was_ended(connection: str, outbox: Outbox, telling: Telling, end: Instant) -> bool:
    """Whether a person ended what is planned until then."""
    for row in outbox.rows(ENDED, 1):
        plan = planned(row.at, connection, telling.maintenance)
        return plan is not None and plan[0] == end
    return False


# -- what waits ------------------------------------------------------------------------------------------------------
def may_wait(
    target: Target, found: Sequence[News], pages: frozenset[str], now: Instant
) -> tuple[list[News], list[News]]:
    """What is told now, and what waits for the end of quiet hours or the next digest."""
    if not target.digest and until(now, target.quiet) is None:
        return list(found), []
    urgent = [each for each in found if is_page(each, pages)]
    return urgent, [each for each in found if each not in urgent]


def is_due(target: Target, later: Later, pages: frozenset[str], standing: Iterable[str], now: Instant) -> bool:
    """Whether what waits is told now. The end of maintenance waits for no digest, and with a page for nothing."""
    if later.rested:
        events = {event for event, _ in later.entries.values()} | {name.partition("\t")[0] for name in standing}
        if events & pages:
            return True
    elif target.digest and now < next_of(target.digest, target.zone, later.since):
        return False
    return until(now, target.quiet) is None


def later_of(target: str) -> str:
    """The name of the row that keeps what waits for a target."""
    return f"{LATER}{target}:"


def read_later(rows: Sequence[Row], now: Instant) -> Later:
    """What waits; nothing where nothing does, or another version of syncd keeps it otherwise."""
    later = Later(now)
    for row in rows:
        try:
            told = orjson.loads(row.content)
            later = Later(
                instant(told["since"]),
                {str(name): (str(event), _item(item)) for name, event, item in told["is"]},
                {str(event): int(count) for event, count in told["more"].items()},
                int(told["passed"]),
                str(told["rested"]),
                {str(name): tuple(map(str, names)) for name, names in told.get("ended", {}).items()},
            )
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
            emit(
                "notify.dropped",
                target=row.name.removeprefix(LATER).rstrip(":"),
                records=1,
                reason="another version of syncd wrote it",
            )
    return later


def _item(told: Mapping[str, object]) -> Item:
    return {str(key): str(value) for key, value in told.items()}


def written_later(later: Later) -> bytes:
    """What the row holds."""
    told = {
        "since": stamp(later.since),
        "is": [(name, event, item) for name, (event, item) in later.entries.items()],
        "more": later.more,
        "passed": later.passed,
        "rested": later.rested,
        "ended": later.ended,
    }
    return orjson.dumps(told)
