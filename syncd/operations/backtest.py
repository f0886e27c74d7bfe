"""What a changed configuration would have made of what was recorded: values, creations, clashes, moves, profiles,
handoffs, owners.

Reads the store alone: the audit of the last days, what waits today, links with what both sides last confirmed, and the
ledger. Nothing is written and no vendor is asked. What the record does not tell is counted with its reason and never
guessed (``syncd.core.replay`` says how). A value that nobody mapped then left no trace, so it is not in any count.

Memory holds counts, and of each count so many records as people open.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, TypeVar

from syncd.core.move_words import RULE
from syncd.core.normalize import Lens
from syncd.core.rating import Profiles
from syncd.core.replay import Clashed, Recorded, Replay, Replayed, Turn
from syncd.core.replay_creation import Creation, Creations
from syncd.core.replay_values import counterparts
from syncd.model.link import ABOUT_A_FIELD, WRITTEN, AuditRow, Conflict, FieldChange, IntentKind, Linked, Topic
from syncd.model.mapping import Connection
from syncd.model.values import Canonical, Instant, Pair, Side
from syncd.operations.backtest_ledger import LedgerTally, ledgers_apart
from syncd.operations.backtest_moves import Moves, MoveTally
from syncd.operations.backtest_parts import unjudged
from syncd.operations.backtest_profiles import PERSON, ProfileTally, profiles_apart
from syncd.operations.backtest_routing import RoutingTally, routings_apart
from syncd.ports.store import Store

T = TypeVar("T")
LISTED: Final = 1_000
"""Records of one count that are kept to be opened."""
EXAMPLES: Final = 5
"""Examples of one sort that are kept of each field."""
LOT: Final = 500


@dataclass(frozen=True, slots=True)
class Rulebook:
    """A configuration, ready to be asked: a lens per kind, personas and rating; ``connection`` is all of it."""

    hash: str
    lenses: Mapping[str, Lens]
    profiles: Profiles
    connection: Connection


@dataclass(frozen=True, slots=True)
class Example:
    """One recorded value that would have been another, or not there."""

    kind: str
    link: str
    field: str
    side: Side | None
    at: Instant
    before: Canonical
    after: Canonical
    answer: Replayed


@dataclass(slots=True)
class FieldTally:
    """What would have become of the recorded values of one field."""

    turns: Counter[Turn] = field(default_factory=Counter)
    links: dict[Turn, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    examples: dict[Turn, list[Example]] = field(default_factory=lambda: defaultdict(list))

    def add(self, example: Example) -> None:
        """Counts one value."""
        turn = example.answer.turn
        self.turns[turn] += 1
        if turn is Turn.SAME:
            return
        links = self.links[turn]
        if len(links) < LISTED:
            links[example.link] = None
        if len(self.examples[turn]) < EXAMPLES:
            self.examples[turn].append(example)


@dataclass(slots=True)
class Backtest:
    """All of it. ``rows`` are the writes that were read, ``values`` those of them that were replayed; ``aside`` counts
    writes that were not, by reason. ``unmapped`` and ``added`` are fields that only one of the configurations has.
    ``unjudged`` are parts that changed and that nothing here judges, in words.
    """

    since: Instant
    until: Instant
    old: str
    new: str
    rows: int = 0
    values: int = 0
    aside: Counter[str] = field(default_factory=Counter)
    forgotten: dict[str, None] = field(default_factory=dict)
    fields: dict[tuple[str, str], FieldTally] = field(default_factory=lambda: defaultdict(FieldTally))
    creations: dict[str, FieldTally] = field(default_factory=lambda: defaultdict(FieldTally))
    held: dict[tuple[str, str], FieldTally] = field(default_factory=lambda: defaultdict(FieldTally))
    untold: Counter[str] = field(default_factory=Counter)
    moves: MoveTally = field(default_factory=MoveTally)
    profiles: ProfileTally = field(default_factory=ProfileTally)
    ledger: LedgerTally = field(default_factory=LedgerTally)
    routing: RoutingTally = field(default_factory=RoutingTally)
    unjudged: tuple[str, ...] = ()
    unmapped: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether anything would have been different, as far as that can be told."""
        tallies = (*self.fields.values(), *self.creations.values(), *self.held.values())
        told = any(count for each in tallies for turn, count in each.turns.items() if turn not in _ALIKE)
        return told or any(each.differs for each in (self.moves, self.profiles, self.ledger, self.routing))

    @property
    def verdict(self) -> str:
        """The last word. That nothing would have been different is said only where every changed part was judged, and
        all of the record could be.
        """
        untold = self.untold or self.moves.untold or self.routing.untold
        if self.differs:
            last = "something would have been different"
        elif self.unjudged:
            last = "nothing that was judged would have been different"
        elif untold:
            return "nothing that can be told would have been different; see what the record does not tell"
        else:
            return "nothing would have been different"
        return last if not self.unjudged else f"{last}; changed and not judged: {'; '.join(self.unjudged)}"


_ALIKE: Final = frozenset({Turn.SAME, Turn.UNTOLD})


def backtest(store: Store, old: Rulebook, new: Rulebook, *, since: Instant, now: Instant) -> Backtest:
    """Replays what was recorded since then.

    :param old: the configuration in use, which made the record.
    """
    parts = unjudged(old.connection, new.connection)
    told = Backtest(since, now, old.hash, new.hash, unjudged=parts, unmapped=_only(old, new), added=_only(new, old))
    judges = {
        kind: _Judge(store, lens, new.lenses[kind], told) for kind, lens in old.lenses.items() if kind in new.lenses
    }
    for rows in _lots(store.audit_since(since)):
        _replay(store, rows, judges, told)
    about = ABOUT_A_FIELD - {Topic.UNDONE}  # which no mapping decides
    waiting = [each for each in store.conflicts() if each.topic in about and each.link is not None]
    for lot in _lots(iter(waiting)):
        linked = store.by_link([str(each.link) for each in lot])
        for each in lot:
            if each.kind in judges and str(each.link) in linked:
                judges[each.kind].held(each, linked[str(each.link)])
            else:
                told.aside["what waits, of a kind that is mapped no more"] += 1
    for judge in judges.values():
        judge.moves.ledger(since)
    profiles_apart(store, old.lenses, new.lenses, Pair(old.profiles, new.profiles), now=now, told=told.profiles)
    ledgers_apart(store, old.connection, new.connection, since=since, now=now, told=told.ledger)
    lenses = old.lenses.get(PERSON), new.lenses.get(PERSON)
    routings_apart(store, *lenses, (old.profiles, new.profiles), since=since, now=now, told=told.routing)
    return told


def _replay(store: Store, rows: Sequence[AuditRow], judges: Mapping[str, _Judge], told: Backtest) -> None:
    linked = store.by_link(list(dict.fromkeys(row.link for row in rows)))
    for row in rows:
        told.rows += 1
        if row.outcome not in WRITTEN:
            told.aside[f"not done then ({row.outcome or 'its ending is not known'})"] += 1
        elif row.destroyed:
            told.aside["of people who were forgotten: their values were destroyed"] += 1
            told.forgotten[row.link] = None
        elif row.kind not in judges:
            told.aside[f"of the kind {row.kind}, which only one of the configurations maps"] += 1
        elif row.link not in linked:
            told.aside["of a link that was never settled"] += 1
        else:
            judges[row.kind].row(row, linked[row.link])


class _Judge:
    """One kind under both configurations."""

    def __init__(self, store: Store, old: Lens, new: Lens, told: Backtest) -> None:
        self.kind = old.kind.kind
        self.told = told
        self.replay = Replay(old, new)
        self.creations = Creations(self.replay)
        self.moves = Moves(store, self.replay, told.moves)

    def row(self, row: AuditRow, linked: Linked) -> None:
        """One write."""
        objects = linked.link.refs.map(lambda ref: ref.object)
        if row.ref is not None:
            objects = objects.replacing(row.side, row.ref.object)
        confirmed = Pair(*({} if linked.base is None else linked.base.confirmed.of(side) for side in Side))
        if row.action is IntentKind.CREATE:
            made = self.creations.created(Creation(row.side, objects, row.changes, confirmed))
            whole = Example(self.kind, row.link, "", row.side, row.at, None, objects.of(row.side), made.whole)
            self._count(self.told.creations[self.kind], whole)
            for change in row.changes:
                self._value(row, change, made.values[change.field])
            return
        for change in row.changes:
            recorded = Recorded(
                change.field, row.side, objects, change.before, change.after, change.rule, change.cause, confirmed
            )
            if change.rule.startswith(RULE) or self.moves.judges(change.field):
                answer = self.moves.written(row, change, recorded, linked)
            else:
                answer = self.replay.written(recorded)
            self._value(row, change, answer)

    def _value(self, row: AuditRow, change: FieldChange, answer: Replayed) -> None:
        self.told.values += 1
        example = Example(self.kind, row.link, change.field, row.side, row.at, change.before, change.after, answer)
        self._count(self.told.fields[self.kind, change.field], example)

    def held(self, conflict: Conflict, linked: Linked) -> None:
        """One clash that waits for a person."""
        name = str(conflict.field)
        objects = linked.link.refs.map(lambda ref: ref.object)
        confirmed = Pair(*({} if linked.base is None else linked.base.confirmed.of(side) for side in Side))
        if self.moves.judges(name):
            answer = self.moves.listed(conflict, linked)
        else:
            answer = self.replay.held(Clashed(name, conflict.topic, objects, conflict.values, confirmed))
        before, after = conflict.values
        example = Example(self.kind, linked.link.id, name, None, conflict.since, before, after, answer)
        self._count(self.told.held[self.kind, name], example)

    def _count(self, tally: FieldTally, example: Example) -> None:
        tally.add(example)
        if example.answer.turn is Turn.UNTOLD:
            self.told.untold[example.answer.why] += 1


def _only(one: Rulebook, other: Rulebook) -> tuple[str, ...]:
    """The fields that only one of two configurations has, as ``kind.field``."""
    found: list[str] = []
    for kind, lens in one.lenses.items():
        matched = counterparts(lens.kind, other.lenses[kind].kind) if kind in other.lenses else {}
        found += [f"{kind}.{each.name}" for each in lens.kind.fields if each.name not in matched]
    return tuple(found)


def _lots(rows: Iterator[T]) -> Iterator[Sequence[T]]:
    while lot := list(islice(rows, LOT)):
        yield lot


def rows_of(tallies: Iterable[FieldTally], turn: Turn) -> list[str]:
    """The links behind a count of several fields, each once."""
    return list(dict.fromkeys(link for each in tallies for link in each.links.get(turn, ())))
