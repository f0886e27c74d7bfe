"""The handoff ledger made anew under a changed configuration: other episodes, other deadlines, other breaches.

The ledger keeps what happened as it was heard, and what it means follows from the declared meanings, service levels and
calendars. So both configurations make the episodes of the same events, and what is apart is what would have been
different. Grade, persona and owner are those that were told then.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from syncd.core.ledger import episodes_of
from syncd.core.terms import book_for
from syncd.model.episode import Episode, Moved
from syncd.model.mapping import Connection, TableRow
from syncd.model.values import Instant
from syncd.operations.report import Figure, Section
from syncd.ports.store import Store

LISTED: Final = 1_000
LOT: Final = 500
_TIMES: Final = {"touch": "first touch", "decision": "yes or no"}

ANOTHER: Final = "another state or other dates"


@dataclass(slots=True)
class LedgerTally:
    """``episodes`` are those of the period under the configuration in use, ``known`` says whether both keep a ledger.

    ``apart`` counts by what is different: ``gone``, ``new``, ``course``, and per time ``touch:due`` (another deadline),
    ``touch:late`` (late, where it was in time) and ``touch:kept`` (the reverse); ``people`` are those behind each.
    """

    known: bool = False
    episodes: int = 0
    apart: Counter[str] = field(default_factory=Counter)
    people: dict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))

    @property
    def differs(self) -> bool:
        """Whether any episode would have been another."""
        return self.apart.total() > 0

    def add(self, what: str, episode: Episode) -> None:
        """Counts one episode."""
        self.apart[what] += 1
        if len(self.people[what]) < LISTED:
            self.people[what][episode.person] = None


def ledgers_apart(
    store: Store, in_use: Connection, changed: Connection, *, since: Instant, now: Instant, told: LedgerTally
) -> None:
    """Counts what is apart in the episodes in which something happened since then."""
    old, new = in_use.handoff, changed.handoff
    if old is None or new is None:
        return
    called = _called(_table(in_use, old.stage), _table(changed, new.stage))
    told.known = True
    books = [book_for(each) for each in (old, new)]
    moved: dict[str, None] = {}
    begin = since.timestamp() * 1000
    for person, at, _ in store.stage_moves():
        if at >= begin:
            moved[person] = None
    ids = [str(row[0]) for row in store.episode_columns(("id",), since=since)]
    for place in range(0, len(ids), LOT):
        for people in store.episode_people(ids[place : place + LOT]).values():
            moved.update(dict.fromkeys(people))
    people = list(moved)
    seen: set[str] = set()
    for place in range(0, len(people), LOT):
        events = store.ledger_of(people[place : place + LOT])
        renamed = [_renamed(each, called) if isinstance(each, Moved) else each for each in events] if called else events
        both = zip((events, renamed), books, strict=True)
        was, would = ({each.id: each for each in episodes_of(heard, book)} for heard, book in both)
        for key in dict.fromkeys((*was, *would)):
            if key not in seen and any(_within(each, since) for each in (was.get(key), would.get(key))):
                seen.add(key)
                _compare(was.get(key), would.get(key), now, told)


def _table(connection: Connection, stage: str) -> Sequence[TableRow]:
    fields = (each for kind in connection.kinds if kind.agreed is not None for each in kind.fields)
    return next((each.table for each in fields if each.name == stage), ())


def _called(old: Sequence[TableRow], new: Sequence[TableRow]) -> dict[str, str]:
    """What stages are called by the changed configuration that look the same in both systems and have another name."""
    names = {row.reads: row.value for row in new}
    return {row.value: names[row.reads] for row in old if names.get(row.reads, row.value) != row.value}


def _renamed(event: Moved, called: Mapping[str, str]) -> Moved:
    return replace(event, start=called.get(event.start, event.start), stage=called.get(event.stage, event.stage))


def _within(episode: Episode | None, since: Instant) -> bool:
    if episode is None:
        return False
    ends = (episode.opened_at, episode.qualified_at, episode.closed_at, episode.touched_at, episode.won_at)
    return episode.closed_at is None or any(at is not None and at >= since for at in ends)


def _compare(was: Episode | None, would: Episode | None, now: Instant, told: LedgerTally) -> None:
    told.episodes += was is not None
    if was is None or would is None:
        only = was or would
        assert only is not None, "one of both has it"
        told.add("new" if was is None else "gone", only)
        return
    if _course(was) != _course(would):
        told.add("course", was)
    for time in _TIMES:
        before, after = _due(was, time), _due(would, time)
        if before != after:
            told.add(f"{time}:due", was)
        late, later = _late(was, time, now), _late(would, time, now)
        if later and not late:
            told.add(f"{time}:late", was)
        if late and not later:
            told.add(f"{time}:kept", was)


def _course(each: Episode) -> tuple[object, ...]:
    times = (each.opened_at, each.qualified_at, each.delivered_at, each.touched_at, each.accepted_at)
    ends = (each.rejected_at, each.offered_at, each.won_at, each.closed_at, each.reason)
    return (each.born, each.state, each.members, *times, *ends)


def _due(episode: Episode, time: str) -> Instant | None:
    return episode.touch_due if time == "touch" else episode.decision_due


def _late(episode: Episode, time: str, now: Instant) -> bool:
    """Whether the deadline passed before what it waits for; what never came counts until the end, or until now."""
    due = _due(episode, time)
    done = (episode.touched_at,) if time == "touch" else (episode.accepted_at, episode.rejected_at)
    known = [at for at in (*done, episode.closed_at) if at is not None]
    return due is not None and min(known, default=now) > due


def ledger_section(told: LedgerTally) -> Iterator[Section]:
    """What would have been different in the ledger; nothing where either configuration keeps none."""
    if not told.known:
        return

    def figure(key: str, name: str) -> Figure:
        people: Mapping[str, None] = told.people.get(key, {})
        return Figure(f"ledger:{key}", name, told.apart[key], of=told.episodes, rows=tuple(people))

    figures = [
        Figure("ledger:episodes", "handoffs of these days", told.episodes),
        figure("gone", "would be no handoffs"),
        Figure("ledger:new", "handoffs that were none", told.apart["new"], rows=tuple(told.people.get("new", ()))),
        figure("course", ANOTHER),
    ]
    for time, words in _TIMES.items():
        figures += [
            figure(f"{time}:due", f"{words}: another deadline"),
            figure(f"{time}:late", f"{words}: late, and was in time"),
            figure(f"{time}:kept", f"{words}: in time, and was late"),
        ]
    said = (
        "Made anew by both configurations of what the ledger was told: what stages mean, service levels, calendars.",
        "Grade, persona and owner are those of then; what people would have done under another deadline is not known.",
    )
    yield Section("ledger", "Handoffs and their deadlines", said, tuple(figures))
