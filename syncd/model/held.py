"""What the store remembers for the brake, as it is written there: held lots, what people said of them, expected waves.

Lots are written by whoever has the lease, answers by whoever gives them, so that neither overwrites the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

from syncd.model.brake import Answer, Expectation, HeldChange, Key, Lot, Wave, Why, Word
from syncd.model.run import Request
from syncd.model.values import Instant

EXPECT: Final = "expect"
"""The wish of a request that says that a wave is expected."""
Remembered: TypeAlias = tuple[bytes, Instant] | None
"""What a store recalls under a name."""


# -- lots ------------------------------------------------------------------------------------------------------------
def read_lots(remembered: Remembered) -> dict[Key, Lot]:
    """Everything that is held in a connection."""
    rows = json.loads(remembered[0]) if remembered else ()
    return {(lot := _lot(row)).key: lot for row in rows}


def write_lots(held: Iterable[Lot]) -> bytes:
    """As it is remembered."""
    return _json([_row(lot) for lot in held])


def _row(lot: Lot) -> list[object]:
    changes = [_change_row(each) for each in lot.changes]
    return [lot.key, lot.why, lot.limit, lot.used, lot.linked, lot.since.isoformat(), lot.cause, changes]


def _change_row(each: HeldChange) -> list[object]:
    since = () if each.since is None else (each.since.isoformat(),)
    return [each.mark, each.record, each.at.isoformat(), each.rank, *since]


def _change(mark: str, record: str, at: str, rank: int = 0, since: str = "") -> HeldChange:
    held_since = datetime.fromisoformat(since) if since else None
    return HeldChange(mark, record, datetime.fromisoformat(at), rank, held_since)


def _lot(row: Sequence[Any]) -> Lot:
    kind, measure, side, field, value = row[0]
    changes = tuple(_change(*each) for each in row[7])
    return Lot(
        key=(kind, measure, side, field, value),
        why=Why(row[1]),
        limit=row[2],
        used=row[3],
        linked=row[4],
        since=datetime.fromisoformat(row[5]),
        cause=row[6],
        changes=changes,
    )


# -- answers ---------------------------------------------------------------------------------------------------------
def read_answers(remembered: Remembered) -> list[Answer]:
    """What people said of lots, oldest first."""
    return [
        Answer(
            digest=row["digest"],
            word=Word(row["word"]),
            people=row["people"],
            who=tuple(row["who"]),
            reason=row["reason"],
            at=datetime.fromisoformat(row["at"]),
            marks=frozenset(row["marks"]),
        )
        for row in (json.loads(remembered[0]) if remembered else ())
    ]


def write_answers(given: Sequence[Answer]) -> bytes:
    """As they are remembered."""
    return _json(
        [
            {
                "digest": each.digest,
                "word": each.word,
                "people": each.people,
                "who": each.who,
                "reason": each.reason,
                "at": each.at.isoformat(),
                "marks": sorted(each.marks),
            }
            for each in given
        ]
    )


# -- expectations ----------------------------------------------------------------------------------------------------
def expectations(requests: Iterable[Request], now: Instant) -> list[Expectation]:
    """The waves that are expected now, oldest first."""
    found = [_expectation(request) for request in requests if request.wish == EXPECT]
    return [each for each in found if now < each.until]


def over(requests: Iterable[Request], now: Instant) -> list[str]:
    """Ids of the requests whose time is over."""
    asked = [request for request in requests if request.wish == EXPECT]
    return [request.id for request in asked if _expectation(request).until <= now]


def written(each: Expectation) -> str:
    """As the argument of a request."""
    told = {
        "wave": each.wave,
        "records": each.records,
        "kind": each.kind,
        "field": each.field,
        "until": each.until.isoformat(),
        "reason": each.reason,
    }
    return _json(told).decode()


def _expectation(request: Request) -> Expectation:
    told = json.loads(request.argument)
    return Expectation(
        id=request.id,
        wave=Wave(told["wave"]),
        records=told["records"],
        kind=told["kind"],
        field=told["field"],
        until=datetime.fromisoformat(told["until"]),
        reason=told["reason"],
        who=request.who,
        at=request.at,
    )


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
