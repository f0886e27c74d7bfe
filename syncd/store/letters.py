"""What is refused, by cause and page by page, the hottest first: there may be a hundred thousand of one cause.

Each question about causes is answered by an index alone, and each page by the rows that it shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, case, delete, func, select, tuple_, update

from syncd.model.link import DeadLetter, LetterGroup, Parked, ParkedGroup
from syncd.model.remote import RemoteRef
from syncd.model.values import Instant, Side
from syncd.ports.looking import Cause, ParkedCause
from syncd.store.codec import from_ms, to_ms
from syncd.store.database import Database
from syncd.store.tables import dead_letter as t
from syncd.store.tables import parked as p
from syncd.store.waiting import PARKED, letter_of, parked_of

_BY_AGE: Final = (t.c.since, t.c.id)
_BY_HEAT: Final = (t.c.heat, *_BY_AGE)
_PARKED_BY_HEAT: Final = (p.c.heat, p.c.since, p.c.link)


class Letters:
    """Dead letters and parked fields of one connection, many at once."""

    def __init__(self, database: Database, connection: str) -> None:
        self._database = database
        self._connection = connection

    def letter_groups(self) -> Sequence[LetterGroup]:
        """All dead letters by what a side says of a kind; the most first."""
        number = func.count().label("number")
        statement = (
            select(
                t.c.kind,
                t.c.side,
                t.c.code,
                number,
                func.sum(case((t.c.retry, 1), else_=0)).label("retrying"),
                func.min(t.c.since).label("first"),
                func.max(func.coalesce(t.c.last, t.c.since)).label("last"),
                func.max(t.c.id).label("sample"),
            )
            .where(t.c.connection == self._connection)
            .group_by(t.c.kind, t.c.side, t.c.code)
            .order_by(number.desc(), t.c.kind, t.c.side, t.c.code)
        )
        with self._database.reading("count dead letters") as tx:
            rows = tx.execute(statement).fetchall()
            samples = {
                row.id: row
                for row in tx.execute(
                    select(t.c.id, t.c.reason, t.c.advice).where(
                        t.c.connection == self._connection, t.c.id.in_([row.sample for row in rows])
                    )
                )
            }
        return [
            LetterGroup(
                kind=row.kind,
                side=Side(row.side),
                code=row.code,
                records=row.number,
                retrying=int(row.retrying),
                first=from_ms(row.first),
                last=from_ms(row.last),
                reason=samples[row.sample].reason,
                advice=samples[row.sample].advice,
            )
            for row in rows
        ]

    def letters_page(self, limit: int, *, after: str | None = None, cause: Cause | None = None) -> Sequence[DeadLetter]:
        """At most so many: of one cause (kind, side, code) the hottest first, of all the oldest; those behind the one
        of an id.
        """
        order = _BY_AGE if cause is None else _BY_HEAT
        statement = select(t).where(*self._caused(cause)).order_by(*order).limit(limit)
        with self._database.reading("read dead letters") as tx:
            if after is not None:
                place = tx.execute(
                    select(*order).where(t.c.connection == self._connection, t.c.id == after)
                ).one_or_none()
                if place is None:
                    return []
                statement = statement.where(tuple_(*order) > tuple_(*place))
            return [letter_of(row) for row in tx.execute(statement)]

    def parked_groups(self) -> Sequence[ParkedGroup]:
        """All parked fields by what a side says of a field of a kind; the most first."""
        number = func.count().label("number")
        statement = (
            select(
                p.c.kind,
                p.c.side,
                p.c.field,
                p.c.code,
                number,
                func.min(p.c.since).label("first"),
                func.max(func.coalesce(p.c.last, p.c.since)).label("last"),
                func.max(p.c.link).label("sample"),
            )
            .where(p.c.connection == self._connection)
            .group_by(p.c.kind, p.c.side, p.c.field, p.c.code)
            .order_by(number.desc(), p.c.kind, p.c.side, p.c.field, p.c.code)
        )
        with self._database.reading("count parked fields") as tx:
            rows = tx.execute(statement).fetchall()
            samples = {
                (row.link, row.side, row.field): row
                for row in tx.execute(
                    select(p.c.link, p.c.side, p.c.field, p.c.reason, p.c.advice).where(
                        p.c.connection == self._connection, p.c.link.in_([row.sample for row in rows])
                    )
                )
            }
        told = [(row, samples[row.sample, row.side, row.field]) for row in rows]
        return [
            ParkedGroup(
                kind=row.kind,
                side=Side(row.side),
                field=row.field,
                code=row.code,
                records=row.number,
                first=from_ms(row.first),
                last=from_ms(row.last),
                reason=sample.reason,
                advice=sample.advice,
            )
            for row, sample in told
        ]

    def parked_page(self, cause: ParkedCause, limit: int | None, *, after: str | None = None) -> Sequence[Parked]:
        """At most so many of one cause, all without a limit, the hottest first; those behind the one of a link."""
        kind, side, field, code = cause
        of = (p.c.kind == kind, p.c.side == str(side), p.c.field == field, p.c.code == code)
        statement = PARKED.where(*of).order_by(*_PARKED_BY_HEAT).limit(limit)
        ours = {"c": self._connection}
        with self._database.reading("read parked fields") as tx:
            if after is not None:
                place = tx.execute(
                    select(*_PARKED_BY_HEAT).where(p.c.connection == self._connection, p.c.link == after, *of)
                ).one_or_none()
                if place is None:
                    return []
                statement = statement.where(tuple_(*_PARKED_BY_HEAT) > tuple_(*place))
            return [parked_of(row) for row in tx.execute(statement, ours)]

    def letter_from(self, kind: str, side: Side, origin: RemoteRef) -> DeadLetter | None:
        """The dead letter of what a record wants to be written on a side, if there is one."""
        with self._database.reading("read a dead letter") as tx:
            row = tx.execute(
                select(t).where(
                    t.c.connection == self._connection,
                    t.c.kind == kind,
                    t.c.side == str(side),
                    t.c.object == origin.object,
                    t.c.origin_id == origin.id,
                )
            ).first()
        return None if row is None else letter_of(row)

    def retry_letters(self, cause: Cause) -> int:
        """Asks for another try of all of one cause; how many were not asked for before."""
        with self._database.writing("mark dead letters") as tx:
            done = tx.execute(update(t).where(*self._caused(cause), t.c.retry.is_(False)).values(retry=True))
            return done.rowcount

    def drop_letters(self, cause: Cause) -> int:
        """Drops all of one cause; how many there were."""
        with self._database.writing("drop dead letters") as tx:
            return tx.execute(delete(t).where(*self._caused(cause))).rowcount

    def bound_letters(self, before: Instant, most: int) -> int:
        """Drops those since before this, and of more than so many the oldest; how many. Asks only, most of the time."""
        mine = t.c.connection == self._connection
        with self._database.reading("count dead letters") as tx:
            number, first = tx.execute(select(func.count(), func.min(t.c.since)).where(mine)).one()
        if first is None or (number <= most and first >= to_ms(before)):
            return 0
        kept = select(t.c.id).where(mine).order_by(t.c.since.desc(), t.c.id.desc()).limit(most)
        too_much = (t.c.since < to_ms(before)) | t.c.id.not_in(kept)
        with self._database.writing("drop old dead letters") as tx:
            return tx.execute(delete(t).where(mine, t.c.retry.is_(False), too_much)).rowcount

    def _caused(self, cause: Cause | None) -> list[ColumnElement[bool]]:
        mine = [t.c.connection == self._connection]
        if cause is None:
            return mine
        kind, side, code = cause
        return [*mine, t.c.kind == kind, t.c.side == str(side), t.c.code == code]
