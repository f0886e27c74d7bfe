"""The chain over the audit, walked: the same walk over a store and over what was taken out of one (``carried``).

Reads rows and entries once, each in their own order, and keeps of the rows only those begun and not ended at that
point: memory grows with what was under way at one time, not with the history. What an entry's hash covers is said in
``chain``, which adds them.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final, Protocol

import orjson

from syncd.model.audit import Head, Verified
from syncd.model.keeping import Pruned
from syncd.store.codec import from_ms

SLICE: Final = 500
"""Rows that are hashed at once; part of what is hashed, so it may not change."""
STATE: Final = ("seq", "lot", "end_lot", "outcome", "finished_at")
"""Columns of a row that say where it stands and how it ended."""
BEGUN: Final = (
    "intent",
    "attempt",
    "link",
    "kind",
    "side",
    "ref_object",
    "ref_id",
    "action",
    "changes",
    "run",
    "at",
    "sealed",
)
"""Columns of a row that never change; the last is no text."""
_RESTORE: Final = "compare with a backup and with the log's `audit_head`, and ask who can write to the store"

Ended = tuple[str, int, str, int]
"""Intent, attempt, outcome and time of an ending, as they are stored."""


class Source(Protocol):
    """Where a chain is read from."""

    def entries(self, upto: int) -> Iterator[Any]:
        """Number, time, count and hash of each entry up to one, in order."""
        ...

    def rows(self) -> Iterator[Any]:
        """Rows of the audit in the order of ``seq``: the columns of ``STATE``, then those of ``BEGUN``."""
        ...

    def last(self) -> int:
        """The number of the last entry that is there now; 0 before the first."""
        ...


def genesis(connection: str) -> bytes:
    """What the first entry of a connection goes on from."""
    return hashlib.sha256(b"syncd audit of " + connection.encode()).digest()


def hash_of(
    before: bytes, number: int, at: int, begun: Sequence[Sequence[Any]], ended: Sequence[Sequence[Any]]
) -> bytes:
    """The hash of an entry. ``begun`` are rows whose last column is the sealed blob, which is no text."""
    total = hashlib.sha256(before)
    total.update(b"%d %d %d %d\n" % (number, at, len(begun), len(ended)))
    for start in range(0, len(begun), SLICE):
        part = begun[start : start + SLICE]
        total.update(orjson.dumps([[*row[:-1], len(row[-1])] for row in part]))
        total.update(b"".join([row[-1] for row in part]))
    for start in range(0, len(ended), SLICE):
        total.update(orjson.dumps(ended[start : start + SLICE]))
    return total.digest()


class Walk:
    """One verification up to the entry that was the last when it began; what came since is left alone."""

    def __init__(
        self,
        source: Source,
        connection: str,
        last: int,
        known: str | None,
        *,
        anchor: Pruned | None,
    ) -> None:
        self._source = source
        self._connection = connection
        self._last = last
        self._known = known
        self._anchor = anchor
        self._seen_known = known is None or (anchor is not None and anchor.hash == known)
        self._open: dict[int, list[Ended]] = defaultdict(list)
        """Endings that were read with their rows, by the entry that holds them."""
        self._furthest = 0
        self._row: Any = None
        self._tally = Verified(pruned=anchor)

    def walk(self) -> Verified:
        """Everything, as one answer."""
        tally = self._tally
        rows = self._rows()
        self._row = next(rows, None)
        before, expected = genesis(self._connection), 1
        if (anchor := self._anchor) is not None:
            self._judge(anchor)
            before, expected = bytes.fromhex(anchor.hash) or before, anchor.number + 1
        for entry in self._source.entries(self._last):
            if entry.number != expected:
                one = entry.number == expected + 1
                gap = f"entry {expected}" if one else f"entries {expected} to {entry.number - 1}"
                tally.flaw(f"{gap} of the chain: removed; {_RESTORE}")
            begun, ended, seqs = self._of(entry.number, rows)
            stored = bytes(entry.hash)
            if len(begun) + len(ended) != entry.rows:
                tally.flaw(
                    f"entry {entry.number} ({from_ms(entry.at):%Y-%m-%d %H:%M:%S} UTC, {seqs}): it holds "
                    f"{entry.rows:,} rows, {len(begun) + len(ended):,} are there: rows were removed, inserted or "
                    f"moved; {_RESTORE}"
                )
            elif entry.number == expected and hash_of(before, entry.number, entry.at, begun, ended) != stored:
                tally.flaw(
                    f"entry {entry.number} ({from_ms(entry.at):%Y-%m-%d %H:%M:%S} UTC, {seqs}): the entry, or a row it "
                    f"holds, was altered or moved after it was written; {_RESTORE}"
                )
            self._seen_known = self._seen_known or stored.hex() == self._known
            before, expected = stored, entry.number + 1
            tally.entries += 1
            tally.head = Head(entry.number, stored.hex())
        for _ in self._after(rows):
            pass
        self._cut(expected - 1)
        return tally

    def _judge(self, anchor: Pruned) -> None:
        """What was pruned was as old as its rule asks."""
        if not anchor.by_rule():
            self._tally.flaw(
                f"everything up to entry {anchor.number} ({anchor.upto:%Y-%m-%d %H:%M:%S} UTC) was pruned on "
                f"{anchor.at:%Y-%m-%d}, when it was younger than the {anchor.age.days} days of the rule: it was not "
                f"pruned by syncd; {_RESTORE}"
            )

    def _of(self, number: int, rows: Iterator[Any]) -> tuple[list[list[Any]], list[Ended], str]:
        """What an entry holds: rows begun, endings, and where they stand, in words."""
        begun: list[list[Any]] = []
        first = latest = 0
        while self._row is not None and self._row.lot <= number:
            row = self._row
            if row.lot == number:
                begun.append(_begun(row))
                first = first or row.seq
                latest = row.seq
            else:
                self._tally.flaw(
                    f"audit row {row.seq} (intent {row.intent}): it says entry {row.lot}, and stands behind rows of "
                    f"later entries: it was inserted or moved; {_RESTORE}"
                )
            self._row = next(rows, None)
        ended = self._open.pop(number, [])
        place = f"audit rows {first} to {latest}" if begun else f"endings of {len(ended)} rows"
        return begun, ended, place

    def _after(self, rows: Iterator[Any]) -> Iterator[Any]:
        """Rows behind the last entry looked at; reading them counts them."""
        if self._row is not None:
            yield self._row
        yield from rows

    def _cut(self, last: int) -> None:
        """What the end of the walk shows: entries that rows speak of, and the hash that was given."""
        now = self._source.last()
        for number in sorted(each for each in self._open if each <= last):
            ended = self._open[number]
            self._tally.flaw(
                f"audit row of intent {ended[0][0]}: it says that entry {number} holds its ending; that entry is "
                f"not there, or is older than the row; {_RESTORE}"
            )
        if self._furthest > now:
            self._tally.flaw(
                f"entries {now + 1} to {self._furthest} of the chain: rows of the audit name them and they are not "
                f"there: the end of the chain was cut; {_RESTORE}"
            )
        if not self._seen_known:
            older = ", it may be older than what was pruned" if self._anchor is not None else ""
            self._tally.flaw(
                f"no entry has the hash {self._known}{older}: the end of the chain was cut or all of it made anew "
                f"since that hash was noted, or the store was restored from an older copy; {_RESTORE}"
            )

    # -- reading -----------------------------------------------------------------------------------------------------
    def _rows(self) -> Iterator[Any]:
        """Rows that an entry within the walk holds, in order; those from before the chain are counted on the way."""
        chained = False
        for row in self._source.rows():
            tally = self._tally
            self._furthest = max(self._furthest, row.lot or 0, row.end_lot or 0)
            if row.lot is None and chained:
                tally.flaw(
                    f"audit row {row.seq} (intent {row.intent}): no entry holds it, though rows before it are held: it "
                    f"was inserted; {_RESTORE}"
                )
            if row.end_lot is not None:
                if row.end_lot <= self._last:
                    self._open[row.end_lot].append((row.intent, row.attempt, row.outcome, row.finished_at))
            elif row.outcome != "" and row.lot is not None:
                tally.flaw(
                    f"audit row {row.seq} (intent {row.intent}): it ended ({row.outcome}) and no entry holds the "
                    f"ending: it was written by something other than syncd; {_RESTORE}"
                )
            if row.lot is None:
                tally.before += not chained
            elif row.lot <= self._last:
                chained = True
                tally.rows += 1
                tally.unfinished += row.end_lot is None or row.end_lot > self._last
                yield row


def _begun(row: Any) -> list[Any]:  # noqa: ANN401 - a result row
    return [*row[len(STATE) : -1], bytes(row[-1])]
