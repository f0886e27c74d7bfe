"""The handoff ledger: events as they were heard, the episodes they add up to, and who is in them.

Events are never changed and never twice: their id is a hash of all they say. An episode's row is replaced whenever its
events say something else. What reports filter and count by are columns; they are read as they are stored, on the
driver's own cursor, because a report looks at a hundred thousand rows and builds no object of any.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Select, Text, or_, select

from syncd.model.episode import (
    Contacted,
    Deal,
    DealState,
    Delivered,
    Departed,
    Episode,
    Event,
    HandedOn,
    Member,
    Moved,
    Told,
    Touched,
    Undone,
)
from syncd.model.values import Instant
from syncd.ports.store import Settlement
from syncd.store.codec import from_json, from_ms, maybe_from_ms, to_json, to_ms
from syncd.store.database import Database
from syncd.store.dialects import insert_new, lots, rows_among, run_among, run_many, upsert
from syncd.store.tables import episode, episode_member, ledger_event

_SORTS: Final[Mapping[str, type[Event]]] = {
    "contacted": Contacted,
    "told": Told,
    "moved": Moved,
    "delivered": Delivered,
    "touched": Touched,
    "handed_on": HandedOn,
    "deal": Deal,
    "departed": Departed,
}
_NAMES: Final = {sort: name for name, sort in _SORTS.items()}
_APART: Final = ("person", "at")
"""What stands in columns of every sort of event; ``cycle`` and ``stage`` do so where there are any."""
_INSTANTS: Final = frozenset(field.name for field in dataclasses.fields(Episode) if "Instant" in str(field.type))
_MEMBERS_INSTANTS: Final = frozenset(field.name for field in dataclasses.fields(Member) if "Instant" in str(field.type))
_PLAIN: Final = tuple(field.name for field in dataclasses.fields(Episode) if field.name not in {"members", "oddities"})
_EVENTS: Final = "SELECT what, person, at, cycle, stage, content FROM ledger_event WHERE connection = ? AND person"
_SALES: Final = (
    "SELECT what, person, at, cycle, stage, content FROM ledger_event "
    "WHERE connection = ? AND what IN ('moved', 'deal', 'told') AND person"
)
_CYCLES: Final = "SELECT episode, person, cycle FROM episode_member WHERE connection = ? AND episode"
_COMPANIES: Final = "SELECT DISTINCT company FROM ledger_event WHERE connection = ? AND company IS NOT NULL AND person"
_COLLEAGUES: Final = "SELECT DISTINCT person FROM ledger_event WHERE connection = ? AND company"
_MEMBERS: Final = "SELECT episode, at, person FROM episode_member WHERE connection = ? AND episode"
_OWNERS: Final = (
    "SELECT opened_at, id, company, owner FROM episode WHERE connection = ? AND closed_at IS NULL "
    "AND owner IS NOT NULL AND company"
)
_TERMS: Final = (
    "SELECT id, terms FROM episode WHERE connection = ? AND closed_at IS NOT NULL AND terms IS NOT NULL AND id"
)
_UNIQUE: Final = frozenset({"id", "person"})
"""Texts of which nearly every row has another one."""
_LOT: Final = 1_000
"""Rows that are turned into columns at a time: few enough that the memory of one lot serves the next."""
_THEIRS: Final = "SELECT episode FROM episode_member WHERE connection = ? AND person"


class Ledger:
    """The ledger of one connection."""

    def __init__(self, database: Database, connection: str) -> None:
        self._database = database
        self._connection = connection

    def ledger_of(self, people: Sequence[str], companies: Sequence[str] = ()) -> Sequence[Event]:
        """Every event of these people, and of whoever shares a company with them, through however many companies."""
        with self._database.reading("read the ledger") as tx:
            known, new = set(people), set(people)
            seen, places = set(companies), set(companies)
            while new or places:
                places |= {row[0] for row in self._among(tx, _COMPANIES, sorted(new))} - seen
                seen |= places
                new = {row[0] for row in self._among(tx, _COLLEAGUES, sorted(places))} - known
                known |= new
                places = set()
            rows = self._among(tx, _EVENTS, sorted(known))
        return [_event(row) for row in rows]

    def episode_ids(self, people: Sequence[str]) -> frozenset[str]:
        """The episodes that these people are in."""
        with self._database.reading("read episodes") as tx:
            return frozenset(row[0] for row in self._among(tx, _THEIRS, people))

    def episode_terms(self, people: Sequence[str]) -> Mapping[str, str]:
        """The terms of the episodes of these people that have ended, by episode."""
        with self._database.reading("read episodes") as tx:
            ids = sorted({row[0] for row in self._among(tx, _THEIRS, people)})
            return {row[0]: row[1] for row in self._among(tx, _TERMS, ids)}

    def open_owners(self, companies: Sequence[str]) -> Mapping[str, str]:
        """Who owns the open episode of each company; the youngest, should there be several."""
        with self._database.reading("read episodes") as tx:
            rows = self._among(tx, _OWNERS, companies)
        return {company: owner for _, _, company, owner in sorted(rows)}

    def open_people(self) -> Sequence[str]:
        """Everybody of an open episode."""
        here = episode_member.c.connection == self._connection
        wanted = (
            select(episode_member.c.person)
            .distinct()
            .join(
                episode,
                (episode.c.connection == episode_member.c.connection) & (episode.c.id == episode_member.c.episode),
            )
            .where(here, episode.c.closed_at.is_(None))
            .order_by(episode_member.c.person)
        )
        with self._database.reading("read open episodes") as tx:
            return [row[0] for row in _raw(tx, wanted)]

    def episode_people(self, ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """The people of episodes, whoever opened one first; ids that do not exist are not in the answer."""
        with self._database.reading("read episodes") as tx:
            rows = self._among(tx, _MEMBERS, ids)
        found: dict[str, list[str]] = defaultdict(list)
        for which, _, person in sorted(rows):
            if person not in found[which]:
                found[which].append(person)
        return dict(found)

    def episode_cycles(self, ids: Sequence[str]) -> Mapping[str, Sequence[tuple[str, int]]]:
        """What episodes are made of: persons, each with the number of their cycle; unknown ids are left out."""
        with self._database.reading("read who is in episodes") as tx:
            rows = self._among(tx, _CYCLES, ids)
        found: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for which, person, cycle in sorted(rows):
            found[which].append((person, cycle))
        return dict(found)

    def sales_of(self, people: Sequence[str]) -> Sequence[Event]:
        """The moves, deals and facts of these people."""
        with self._database.reading("read what was sold") as tx:
            rows = self._among(tx, _SALES, people)
        return [_event(row) for row in rows]

    def episode_columns(
        self, names: Sequence[str], *, since: Instant | None = None, until: Instant | None = None
    ) -> Sequence[tuple[Any, ...]]:
        """Some columns of the episodes in which something happened from ``since`` to before ``until``, as stored."""
        with self._database.reading("read episodes") as tx:
            return _raw(tx, self._episodes(names, since, until))

    def undone(self, since: Instant, until: Instant) -> Sequence[Undone]:
        """Who waits with a warning or a breach that lies after one instant and not after another, oldest first."""
        t = episode_member
        clocks = "touch", "decision", "work"
        edges = tuple(t.c[f"{clock}_{edge}"] for clock in clocks for edge in ("warned", "due"))
        wanted = (
            select(t.c.episode, t.c.person, t.c.at, *edges)
            .where(
                t.c.connection == self._connection,
                or_(*((edge > to_ms(since)) & (edge <= to_ms(until)) for edge in edges)),
            )
            .order_by(t.c.at, t.c.episode, t.c.person)
        )
        with self._database.reading("read what is late") as tx:
            rows = _raw(tx, wanted)
        return [
            Undone(
                which,
                person,
                from_ms(opened),
                *((maybe_from_ms(times[at]), maybe_from_ms(times[at + 1])) for at in range(0, len(edges), 2)),
            )
            for which, person, opened, *times in rows
        ]

    def member_columns(
        self, names: Sequence[str], *, since: Instant | None = None, until: Instant | None = None
    ) -> Sequence[tuple[Any, ...]]:
        """The same of each person of these episodes: what they have of their own, else the episode's."""
        with self._database.reading("read who is in episodes") as tx:
            return _raw(tx, self._members(names, since, until))

    def ledger_columns(
        self, names: Sequence[str], *, people: bool, since: Instant | None = None, until: Instant | None = None
    ) -> Sequence[Sequence[Any]]:
        """What these two tell, column by column. Equal texts are one object, ids apart: they are counted and compared
        several times as fast, and take a fraction of the memory.
        """
        wanted = (self._members if people else self._episodes)(names, since, until)
        columns: list[list[Any]] = [[] for _ in names]
        texts: list[dict[str, str] | None] = [
            {} if isinstance(column.type, Text) and name not in _UNIQUE else None
            for name, column in zip(names, wanted.selected_columns, strict=True)
        ]
        with self._database.reading("read the ledger for a report") as tx:
            answer = tx.execute(wanted)
            while lot := answer.cursor.fetchmany(_LOT):
                for column, values, known in zip(columns, zip(*lot, strict=True), texts, strict=True):
                    column.extend(values if known is None else map(known.setdefault, values, values))
            answer.close()
        return columns

    def stage_moves(self) -> Sequence[tuple[str, int, str]]:
        """Every move: person, milliseconds since 1970, stage; by person, then by time."""
        t = ledger_event
        wanted = (
            select(t.c.person, t.c.at, t.c.stage)
            .where(t.c.connection == self._connection, t.c.what == "moved")
            .order_by(t.c.person, t.c.at, t.c.cycle, t.c.stage)
        )
        with self._database.reading("read moves") as tx:
            return _raw(tx, wanted)

    def _episodes(self, names: Sequence[str], since: Instant | None, until: Instant | None) -> Select[Any]:
        wanted = select(*(episode.c[name] for name in names)).where(episode.c.connection == self._connection)
        return _touched(wanted, since, until).order_by(episode.c.opened_at, episode.c.id)

    def _members(self, names: Sequence[str], since: Instant | None, until: Instant | None) -> Select[Any]:
        """Without a look at their episodes where nothing is asked of these."""
        t, e = episode_member, episode
        own = {"id": t.c.episode, "opened_at": t.c.at}
        columns = [own.get(name, t.c[name] if name in t.c else e.c[name]) for name in names]
        wanted = select(*columns).where(t.c.connection == self._connection)
        if since is not None or until is not None or any(column.table is e for column in columns):
            theirs = (e.c.connection == t.c.connection) & (e.c.id == t.c.episode)
            wanted = _touched(wanted.join_from(t, e, theirs), since, until)
        return wanted.order_by(t.c.at, t.c.episode, t.c.person, t.c.cycle)

    def _among(self, tx: Connection, text: str, values: Sequence[str]) -> list[tuple[Any, ...]]:
        return [row for lot in lots(tx, values) for row in rows_among(tx, text, self._connection, lot)]


def _touched(wanted: Select[Any], since: Instant | None, until: Instant | None) -> Select[Any]:
    """Of episodes only those in which something happened from an instant to before another."""
    if since is not None:
        wanted = wanted.where(episode.c.last_at >= to_ms(since))
    if until is not None:
        wanted = wanted.where(episode.c.opened_at < to_ms(until))
    return wanted


def _raw(tx: Connection, wanted: Any) -> Sequence[tuple[Any, ...]]:  # noqa: ANN401 - any select
    answer = tx.execute(wanted)
    rows: Sequence[tuple[Any, ...]] = answer.cursor.fetchall()
    answer.close()
    return rows


# -- writing, inside the transaction of a settlement -----------------------------------------------------------------
def write_ledger(tx: Connection, connection: str, settlement: Settlement) -> None:
    """Adds events, then replaces episodes and who is in them."""
    if settlement.events:
        run_many(tx, insert_new(tx, ledger_event), [_event_row(connection, each) for each in settlement.events])
    touched = [*settlement.unepisode, *(each.id for each in settlement.episodes)]
    run_among(tx, "DELETE FROM episode_member WHERE connection = ? AND episode", connection, touched)
    run_among(tx, "DELETE FROM episode WHERE connection = ? AND id", connection, settlement.unepisode)
    if settlement.episodes:
        run_many(tx, upsert(tx, episode), [_episode_row(connection, each) for each in settlement.episodes])
        members = [_member_row(connection, each.id, member) for each in settlement.episodes for member in each.members]
        run_many(tx, upsert(tx, episode_member), members)


def _event_row(connection: str, event: Event) -> dict[str, Any]:
    what = _NAMES[type(event)]
    rest = {
        field.name: getattr(event, field.name)
        for field in dataclasses.fields(event)
        if field.name not in {*_APART, "cycle", "stage"}
    }
    content = to_json(rest)
    at, cycle, stage = to_ms(event.at), getattr(event, "cycle", None), getattr(event, "stage", None)
    said = to_json([what, event.person, at, cycle, stage, content])
    company = dict(event.facts).get("company") if isinstance(event, Told) else None
    return {
        "connection": connection,
        "id": hashlib.blake2b(said.encode(), digest_size=16).digest(),
        "person": event.person,
        "what": what,
        "at": at,
        "cycle": cycle,
        "stage": stage,
        "company": company,
        "content": content,
    }


def _event(row: Sequence[Any]) -> Event:
    what, person, at, cycle, stage, content = row
    sort = _SORTS[what]
    rest: dict[str, Any] = from_json(content)
    if "facts" in rest:
        rest["facts"] = tuple((name, value) for name, value in rest["facts"])
    if "state" in rest:
        rest["state"] = DealState(rest["state"])
    if stage is not None:
        rest["stage"] = stage
    if sort not in {Contacted, Told, Departed}:
        rest["cycle"] = cycle
    return sort(person=person, at=from_ms(at), **rest)


def _member_row(connection: str, which: str, member: Member) -> dict[str, Any]:
    row: dict[str, Any] = {"connection": connection, "episode": which}
    for field in dataclasses.fields(Member):
        value = getattr(member, field.name)
        row[field.name] = to_ms(value) if field.name in _MEMBERS_INSTANTS and value is not None else value
    return row | {"state": member.state.value}


def _episode_row(connection: str, each: Episode) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name in _PLAIN:
        value = getattr(each, name)
        row[name] = to_ms(value) if name in _INSTANTS and value is not None else value
    times = [row[name] for name in _INSTANTS if row[name] is not None and name.endswith("_at")]
    times += [to_ms(at) for member in each.members for at in (member.at, member.closed_at) if at is not None]
    return {
        **row,
        "connection": connection,
        "person": each.person,
        "people": len({member.person for member in each.members}),
        "born": each.born.value,
        "state": each.state.value,
        "last_at": max(times),
        "oddities": " ".join(each.oddities),
    }
