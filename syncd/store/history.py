"""Runs as history, and the numbers an operator asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import case, delete, func, select, tuple_

from syncd.model.errors import Bug, PlaceGone
from syncd.model.run import Run, RunState
from syncd.model.values import Instant, Pair, Side
from syncd.store.codec import from_json, from_ms, maybe_from_ms, plain, to_json, to_ms
from syncd.store.database import Database
from syncd.store.dialects import upsert
from syncd.store.tables import conflict, dead_letter, intent, link, parked, request, run

_CALLS: Final = "calls."


class History:
    """Runs and counts of one connection."""

    def __init__(self, database: Database, connection: str) -> None:
        self._database = database
        self._connection = connection

    def save_run(self, each: Run) -> None:
        """Upserts a run. Its calls stand among its counts. Of one that changed nothing they are not kept: by having no
        counts it is known to be idle.
        """
        if each.connection != self._connection:
            raise Bug(f"a run of connection {each.connection} was given to the store of {self._connection}")
        row = {
            "connection": self._connection,
            "id": each.id,
            "command": each.command,
            "who": plain(each.who),
            "started_at": to_ms(each.started_at),
            "digest": each.digest,
            "state": str(each.state),
            "finished_at": None if each.finished_at is None else to_ms(each.finished_at),
            "counts": to_json({**each.counts, **_called(each)}),
            "trouble": plain(each.trouble),
        }
        self._database.once("store a run", upsert(self._database.engine, run), row)

    def forget_idle_runs(self, before: Instant, *, long_before: Instant) -> int:
        """Forgets runs that began before this and changed nothing; how many. The latest run stays in any case.

        What failed without a change, and wishes that were carried out, are remembered until ``long_before``.
        """
        of_ours = run.c.connection == self._connection
        latest = select(run.c.id).where(of_ours).order_by(run.c.started_at.desc(), run.c.id.desc()).limit(1)
        since = case((run.c.state == str(RunState.DONE), to_ms(before)), else_=to_ms(long_before))
        idle = (run.c.counts == "{}", run.c.started_at < since)
        with self._database.writing("forget idle runs") as tx:
            kept = tx.execute(latest).scalar()
            tx.execute(
                delete(request).where(request.c.connection == self._connection, request.c.done_at < to_ms(long_before))
            )
            return tx.execute(delete(run).where(of_ours, *idle, run.c.id != kept)).rowcount

    def run(self, id: str) -> Run | None:
        """A run by its id."""
        with self._database.reading("read a run") as tx:
            row = tx.execute(select(run).where(run.c.connection == self._connection, run.c.id == id)).one_or_none()
        return None if row is None else _run(row)

    def runs(self, limit: int, before: str | None = None) -> Sequence[Run]:
        """The latest runs, newest first; those before the one of an id.

        :raises PlaceGone: if there is none of that id, or none any more.
        """
        of_ours = run.c.connection == self._connection
        statement = select(run).where(of_ours).order_by(run.c.started_at.desc(), run.c.id.desc()).limit(limit)
        with self._database.reading("read runs") as tx:
            if before is not None:
                place = tx.execute(select(run.c.started_at, run.c.id).where(of_ours, run.c.id == before)).one_or_none()
                if place is None:
                    raise PlaceGone
                statement = statement.where(tuple_(run.c.started_at, run.c.id) < tuple_(*place))
            rows = tx.execute(statement).fetchall()
        return [_run(row) for row in rows]

    def counts(self) -> Mapping[str, int]:
        """``links.<kind>`` (live ones) per kind, ``conflicts``, ``parked``, ``dead_letters`` and ``intents``."""
        found: dict[str, int] = {}
        with self._database.reading("count rows") as tx:
            rows = tx.execute(
                select(link.c.kind, func.count())
                .where(link.c.connection == self._connection, link.c.grave == "")
                .group_by(link.c.kind)
            )
            found.update((f"links.{kind}", count) for kind, count in rows)
            tables: Mapping[str, Any] = {
                "conflicts": conflict,
                "parked": parked,
                "dead_letters": dead_letter,
                "intents": intent,
            }
            for name, table in tables.items():
                count = select(func.count()).select_from(table).where(table.c.connection == self._connection)
                found[name] = int(tx.execute(count).scalar_one())
        return found


def _called(each: Run) -> dict[str, int]:
    if each.calls is None or not each.counts:
        return {}
    return {f"{_CALLS}{side}": each.calls.of(side) for side in Side}


def _run(row: Any) -> Run:  # noqa: ANN401 - a row of SQLAlchemy
    stored = from_json(row.counts)
    calls = [stored.pop(f"{_CALLS}{side}", None) for side in Side]
    return Run(
        id=row.id,
        connection=row.connection,
        command=row.command,
        who=row.who,
        started_at=from_ms(row.started_at),
        digest=row.digest,
        state=RunState(row.state),
        finished_at=maybe_from_ms(row.finished_at),
        counts=stored,
        trouble=row.trouble,
        calls=None if None in calls else Pair(*calls),
    )
