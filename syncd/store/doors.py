"""Operators, what opens the console for them, and what they did, across all connections of one store.

An invitation is used up by the statement that asks for it, so that of two who redeem it at once one is let in. An
attempt is counted in the transaction that looks whether it has to wait. A deed is stored under its person and key, so
that the second of two equal calls finds the first. Each is chained once it is whole (``deeds``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, select, tuple_, update

from syncd.model.errors import LastAdmin, PlaceGone
from syncd.model.operator import Credential, Deed, Operator, Role, Sort
from syncd.model.values import Instant
from syncd.store.codec import from_ms, plain, to_ms
from syncd.store.database import Database
from syncd.store.deeds import add_command, add_reading, asked_of, forget_asked, forget_deeds
from syncd.store.dialects import insert_new, upsert
from syncd.store.tables import attempt, credential, deed
from syncd.store.tables import operator as people

_LONGEST_WAIT: Final = timedelta(minutes=5)
_ATTEMPTS_KEPT: Final = timedelta(hours=1)
_ANSWERS_KEPT: Final = timedelta(days=1)
_NOT_OVER: Final = 500
"""From this status on nothing was done that a second call with the same key must not do."""
_ONE: Final = select(people).where(people.c.name == bindparam("name"))
_ALL: Final = select(people).order_by(people.c.name)
_FOUND: Final = select(credential).where(credential.c.hash == bindparam("hash"))


class SqlDoors:
    """``ports.doors.Doors`` on SQLite or PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- people ------------------------------------------------------------------------------------------------------
    def operator(self, name: str) -> Operator | None:
        """An operator by name."""
        rows = self._database.once("read an operator", _ONE, {"name": name})
        return _operator(rows[0]) if rows else None

    def operators(self) -> Sequence[Operator]:
        """All of them, by name."""
        rows = self._database.once("read the operators", _ALL, {})
        return [_operator(row) for row in rows]

    def let_in(self, invitation: Credential, operator: Operator) -> bool:
        """Uses an invitation up and stores whom it was for.

        :raises LastAdmin: if the only admin would be one no more.
        """
        with self._database.writing("let an operator in") as tx:
            spent = tx.execute(delete(credential).where(credential.c.id == invitation.id))
            if not spent.rowcount:
                return False
            if operator.role is not Role.ADMIN:
                _not_the_last(tx, operator.name)
            _end_all(tx, operator.name)
            row = {
                "name": operator.name,
                "role": str(operator.role),
                "password": operator.password,
                "since": to_ms(operator.since),
                "invited_by": operator.invited_by,
            }
            tx.execute(upsert(tx, people), [row])
        return True

    def remove(self, name: str) -> bool:
        """Removes an operator with every credential.

        :raises LastAdmin: if they are the only admin.
        """
        with self._database.writing("remove an operator") as tx:
            _not_the_last(tx, name)
            _end_all(tx, name)
            return tx.execute(delete(people).where(people.c.name == name)).rowcount > 0

    # -- credentials -------------------------------------------------------------------------------------------------
    def add(self, each: Credential) -> None:
        """Stores a credential."""
        row = {
            "id": each.id,
            "sort": str(each.sort),
            "operator": each.operator,
            "role": str(each.role),
            "label": plain(each.label),
            "hash": each.hash,
            "since": to_ms(each.since),
            "seen": to_ms(each.seen),
            "until": to_ms(each.until),
            "proved": to_ms(each.proved),
        }
        with self._database.writing("store a credential") as tx:
            tx.execute(credential.insert(), [row])

    def found(self, hash: bytes) -> Credential | None:
        """The credential of a secret with this hash."""
        rows = self._database.once("look for a credential", _FOUND, {"hash": hash})
        return _credential(rows[0]) if rows else None

    def credentials(self, sort: Sort) -> Sequence[Credential]:
        """All of a sort, the youngest first."""
        t = credential
        with self._database.reading("read credentials") as tx:
            rows = tx.execute(select(t).where(t.c.sort == str(sort)).order_by(t.c.since.desc(), t.c.id)).fetchall()
        return [_credential(row) for row in rows]

    def seen(self, id: str, at: Instant) -> None:
        """A credential was used."""
        self._set(id, seen=to_ms(at))

    def proved(self, id: str, at: Instant) -> None:
        """The password was typed again in this session."""
        self._set(id, proved=to_ms(at))

    def _set(self, id: str, **values: int) -> None:
        with self._database.writing("note the use of a credential") as tx:
            tx.execute(update(credential).where(credential.c.id == id).values(**values))

    def end(self, id: str, sort: Sort) -> bool:
        """Revokes a credential."""
        t = credential
        with self._database.writing("revoke a credential") as tx:
            return tx.execute(delete(t).where(t.c.id == id, t.c.sort == str(sort))).rowcount > 0

    def end_all(self, operator: str, sort: Sort) -> int:
        """Revokes all of a sort that an operator has."""
        with self._database.writing("revoke credentials") as tx:
            return _end_all(tx, operator, sort)

    def tidy(self, now: Instant) -> None:
        """Forgets what ran out or is old."""
        with self._database.writing("tidy up at the doors") as tx:
            tx.execute(delete(credential).where(credential.c.until < to_ms(now)))
            tx.execute(delete(attempt).where(attempt.c.at < to_ms(now - _ATTEMPTS_KEPT)))
            forget_asked(tx, now - _ANSWERS_KEPT)
            forget_deeds(tx, now)

    # -- attempts ----------------------------------------------------------------------------------------------------
    def knock(self, marks: Sequence[tuple[bytes, int]], now: Instant) -> timedelta:
        """Counts an attempt under each mark, unless one of them has to wait first."""
        t = attempt
        with self._database.writing("count an attempt") as tx:
            # The rows are there and locked before they are read: on PostgreSQL two attempts would read the same count.
            tx.execute(
                insert_new(tx, t), [{"mark": mark, "failures": 0, "at": to_ms(now)} for mark, _ in sorted(marks)]
            )
            wait = timedelta(0)
            for mark, free in sorted(marks):
                row = tx.execute(select(t).where(t.c.mark == mark).with_for_update()).one()
                since = now - from_ms(row.at)
                if since >= _ATTEMPTS_KEPT:
                    tx.execute(update(t).where(t.c.mark == mark).values(failures=0))
                elif row.failures >= free:
                    wait = max(wait, _wait(row.failures - free) - since)
            if wait > timedelta(0):
                return wait
            for mark, _ in marks:
                tx.execute(update(t).where(t.c.mark == mark).values(failures=t.c.failures + 1, at=to_ms(now)))
        return timedelta(0)

    def admitted(self, account: bytes, address: bytes) -> None:
        """An attempt was right."""
        t = attempt
        with self._database.writing("forget attempts") as tx:
            tx.execute(delete(t).where(t.c.mark == account))
            tx.execute(update(t).where(t.c.mark == address, t.c.failures > 0).values(failures=t.c.failures - 1))

    # -- deeds -------------------------------------------------------------------------------------------------------
    def begin_deed(self, each: Deed) -> Deed | None:
        """Stores a deed; the earlier one of the same person and key instead."""
        row = _row(each)
        with self._database.writing("begin a deed") as tx:
            if each.status is not None:  # whole already, as a look is
                add_reading(tx, row)
                return None
            tx.execute(insert_new(tx, deed), row)
            if each.key is None:
                return None
            found = tx.execute(select(deed).where(deed.c.who == each.who, deed.c.key == each.key)).one()
        return None if found.id == each.id else _deed(found)

    def end_deed(self, each: Deed) -> None:
        """Stores how it ended, and chains it."""
        over = each.status is None or each.status < _NOT_OVER
        row = _row(each) if over else _row(each) | {"key": None, "answer": None}
        with self._database.writing("end a deed") as tx:
            add_command(tx, row)

    def deeds(self, limit: int, before: str | None = None) -> Sequence[Deed]:
        """The latest deeds, the youngest first.

        :raises PlaceGone: as ``History.runs``.
        """
        statement = select(deed).order_by(deed.c.at.desc(), deed.c.id.desc()).limit(limit)
        with self._database.reading("read deeds") as tx:
            if before is not None:
                place = tx.execute(select(deed.c.at, deed.c.id).where(deed.c.id == before)).one_or_none()
                if place is None:
                    raise PlaceGone
                statement = statement.where(tuple_(deed.c.at, deed.c.id) < tuple_(*place))
            rows = tx.execute(statement).fetchall()
        return [_deed(row) for row in rows]


def _not_the_last(tx: Connection, name: str) -> None:
    """All admins are locked until the commit: of two who take each other's role at once, the second finds one left."""
    admins = select(people.c.name).where(people.c.role == str(Role.ADMIN)).order_by(people.c.name).with_for_update()
    if tx.execute(admins).scalars().all() == [name]:
        raise LastAdmin(name)


def _wait(further: int) -> timedelta:
    """How long the next attempt waits after so many that were not free: 1, 2, 4, ... seconds."""
    return min(timedelta(seconds=2 ** min(further, 20)), _LONGEST_WAIT)


def _end_all(tx: Connection, name: str, sort: Sort | None = None) -> int:
    t = credential
    wanted = [t.c.operator == name] if sort is None else [t.c.operator == name, t.c.sort == str(sort)]
    return tx.execute(delete(t).where(*wanted)).rowcount


def _operator(row: Any) -> Operator:  # noqa: ANN401 - a row of SQLAlchemy
    return Operator(row.name, Role(row.role), row.password, from_ms(row.since), row.invited_by)


def _credential(row: Any) -> Credential:  # noqa: ANN401 - the same
    return Credential(
        id=row.id,
        sort=Sort(row.sort),
        operator=row.operator,
        role=Role(row.role),
        label=row.label,
        hash=bytes(row.hash),
        since=from_ms(row.since),
        seen=from_ms(row.seen),
        until=from_ms(row.until),
        proved=from_ms(row.proved),
    )


def _row(each: Deed) -> dict[str, Any]:
    return {
        "id": each.id,
        "at": to_ms(each.at),
        "who": each.who,
        "way": str(each.way),
        "connection": each.connection,
        "what": each.what,
        "about": plain(each.about),
        "key": each.key,
        "asked": each.asked if each.key is not None else b"",
        "status": each.status,
        "answer": each.answer,
    }


def _deed(row: Any) -> Deed:  # noqa: ANN401 - the same
    return Deed(
        id=row.id,
        at=from_ms(row.at),
        who=row.who,
        way=Sort(row.way),
        connection=row.connection,
        what=row.what,
        about=row.about,
        key=row.key,
        asked=asked_of(bytes(row.asked)),
        status=row.status,
        answer=row.answer,
    )
