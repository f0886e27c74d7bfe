"""Recorded moves of stage, held against the lifecycle and the teams of a changed configuration.

Three records tell of moves: the audit of what travelled, with the teams in whose name it was made; the list of what was
refused or waits, with its author, whom the users as last read make somebody of a role; and the ledger, which also knows
moves that both sides made alike, and who made those that travelled (``backtest_authors``). Entry criteria are held
against what is known of a person now: what was known then was not kept, and a move that the lifecycle in use would
judge otherwise by that is counted as one that cannot be told.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from syncd.core.lifecycle import Course
from syncd.core.move_words import Travelled, put_back, spotted, travelled
from syncd.core.rehearsal import Fate, Rehearsed
from syncd.core.replay import NO_SIDE, Clashed, Recorded, Replay, Replayed, Turn
from syncd.core.replay_moves import Moved, Standins, by_teams, judged_for_all, lacking, on, rejudged, stage_of
from syncd.engine.acquainted import remembered_users
from syncd.model.beside import journey_of
from syncd.model.episode import Moved as LedgerMove
from syncd.model.lifecycle import AUTOMATION, NEW, NOBODY_KNOWN, Agreed, Author, AuthorSort, Journey, Move
from syncd.model.link import AuditRow, Conflict, FieldChange, Linked, LinkState, Topic
from syncd.model.remote import RemoteUser
from syncd.model.values import MISSING, SIDES, Canonical, Instant, Missing, Pair, Side
from syncd.operations.backtest_authors import Authors
from syncd.ports.store import Store

LISTED: Final = 1_000
LOT: Final = 500
FIRST: Final = "lifecycle: first link"
_FATES: Final = {
    Fate.REFUSED: Turn.NOT_WRITTEN,
    Fate.HELD: Turn.HELD,
    Fate.WAITS: Turn.HELD,
    Fate.PUT_BACK: Turn.OTHER_SIDE,
}
NO_LIFECYCLE: Final = "no lifecycle of the changed configuration judges it"


@dataclass(slots=True)
class MoveTally:
    """Moves by where they went, what became of them, and what would become of them; with the people behind each.

    ``why`` is said of the last of them. ``untold`` counts those that cannot be told, by reason.
    """

    counts: Counter[tuple[str, str, Fate, Fate]] = field(default_factory=Counter)
    links: dict[tuple[str, str, Fate, Fate], dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    why: dict[tuple[str, str, Fate, Fate], str] = field(default_factory=dict)
    untold: Counter[str] = field(default_factory=Counter)
    unreplayed: dict[str, None] = field(default_factory=dict)
    teams_changed: bool = False

    @property
    def differs(self) -> bool:
        """Whether any move would have had another fate."""
        return any(was is not now for _, _, was, now in self.counts)

    def add(self, link: str, start: str | None, stage: str | None, was: Fate, found: Rehearsed | str) -> None:
        """Counts one move."""
        if isinstance(found, str):
            self.untold[found] += 1
            if len(self.unreplayed) < LISTED:
                self.unreplayed[link] = None
            return
        key = (start or NEW, stage or "no stage", was, found.fate)
        self.counts[key] += 1
        self.why[key] = found.why
        if len(self.links[key]) < LISTED:
            self.links[key][link] = None


class Moves:
    """The moves of one kind under both configurations."""

    def __init__(self, store: Store, replay: Replay, told: MoveTally) -> None:
        self._store, self._replay, self._told = store, replay, told
        self._kind = replay.old.kind.kind
        old, new = replay.old.kind.agreed, replay.new.kind.agreed
        self._old, self._new = old, new
        self._field = None if old is None else old.lifecycle.field
        self._new_field = None if new is None else new.lifecycle.field
        self._standins = None if old is None else Standins(old), None if new is None else Standins(new)
        self._courses: tuple[Course, Course] | None = (
            None if old is None or new is None else (_course(old), _course(new))
        )
        self._people: Pair[Mapping[str, Author]] = Pair(*(_people(remembered_users(store, side)) for side in SIDES))
        self._names: dict[tuple[str, str, str], dict[str, str]] = {}
        self._heard: Counter[tuple[str, str, str]] = Counter()
        self._authors: Authors | None = None
        if old is not None and new is not None:
            authors = Authors(store, old.teams, new.teams, self._people)
            self._authors = authors if authors.regrouped else None
        told.teams_changed = told.teams_changed or self._authors is not None

    def _alike(self, name: str) -> bool:
        """Whether nothing that decides about a stage is different: then it would be decided as it was."""
        mappings = self._replay.values.in_use(name), self._replay.values.counterpart(name)
        return self._old is not None and self._old == self._new and mappings[0] == mappings[1]

    def judges(self, name: str) -> bool:
        """Whether a lifecycle of either configuration decides about a field."""
        new = self._replay.values.counterpart(name)
        return name == self._field or (new is not None and new.name == self._new_field)

    # -- what travelled ------------------------------------------------------------------------------------------------
    def written(self, row: AuditRow, change: FieldChange, recorded: Recorded, linked: Linked) -> Replayed:
        """What would have become of a stage that was written."""
        if self._alike(change.field):
            for step in travelled(change.rule):
                self._heard[row.link, step.start, step.stage] += 1
            back = put_back(change.rule)
            ends = back or (_stage(change.before), _stage(change.after))
            self._again(row.link, ends, Fate.PUT_BACK if back else Fate.ALLOWED)
            return Replayed(Turn.SAME)
        if self._standins[1] is None or self._new_field is None:
            if self._replay.values.counterpart(change.field) is None:
                return self._replay.written(recorded)
            self._told.add(row.link, _stage(change.before), _stage(change.after), Fate.ALLOWED, NO_LIFECYCLE)
            return Replayed(Turn.UNTOLD, NO_LIFECYCLE)
        start, stage = _stage(change.before), _stage(change.after)
        names = self._renamed(recorded)
        if isinstance(names, str):
            found: Rehearsed | str = names
            was = Fate.ALLOWED
        else:
            was, start, stage, found = self._judged(row, change, linked, names)
        self._told.add(row.link, start, stage, was, found)
        if isinstance(found, str):
            return Replayed(Turn.UNTOLD, found)
        if was is found.fate is Fate.PUT_BACK:
            return Replayed(Turn.SAME)
        if found.fate is not Fate.ALLOWED:
            return Replayed(_FATES[found.fate], found.why)
        new = self._replay.values.counterpart(change.field)
        if new is None:
            return self._replay.written(recorded)
        if was is Fate.PUT_BACK:
            return Replayed(Turn.OTHER_SIDE, found.why, found.stage)
        return self._replay.sent(recorded, new, found.stage)

    def _judged(
        self, row: AuditRow, change: FieldChange, linked: Linked, names: dict[str, str]
    ) -> tuple[Fate, str | None, str | None, Rehearsed | str]:
        start, stage = _stage(change.before), _stage(change.after)
        old, new = self._standins
        assert new is not None
        values = _values(linked, row)
        reason = self._reason(row)
        if change.cause is None:
            return Fate.ALLOWED, start, stage, NO_SIDE
        if old is None or self._field is None:
            moved = Moved(start, on(change.cause, (Move(stage),)), Fate.ALLOWED, MISSING, values)
            return Fate.ALLOWED, start, stage, judged_for_all(new, moved, names)
        if change.rule == FIRST:
            shown = {change.cause: stage, change.cause.other: start}
            moves: Pair[tuple[Move, ...]] = Pair(*((Move(shown[side]),) if shown[side] else () for side in SIDES))
            moved = Moved(MISSING, moves, Fate.ALLOWED, reason, values)
            return Fate.ALLOWED, start, stage, rejudged(old.course(()), new.course(()), moved, names)
        back = put_back(change.rule)
        if back is not None:
            moved = Moved(stage_of(back[0]), on(row.side, (Move(back[1]),)), Fate.PUT_BACK, reason, values)
            return Fate.PUT_BACK, back[0], back[1], judged_for_all(new, moved, names)
        steps = travelled(change.rule)
        if not steps:
            return Fate.ALLOWED, start, stage, "a person decided it"
        for step in steps:
            self._heard[row.link, step.start, step.stage] += 1
        moved = Moved(stage_of(steps[0].start), on(change.cause, by_teams(steps)), Fate.ALLOWED, reason, values)
        now = steps if self._authors is None else self._authors.of_write(row, change.cause, steps)
        return Fate.ALLOWED, start, stage, self._regrouped(steps, now, moved, names)

    def _regrouped(
        self, steps: Sequence[Travelled], now: Sequence[Travelled] | str, moved: Moved, names: dict[str, str]
    ) -> Rehearsed | str:
        """What would become of these steps by the teams in whose name they would be made now."""
        old, new = self._standins
        assert old is not None
        assert new is not None
        if isinstance(now, str):
            whoever = judged_for_all(new, moved, names)
            return now if isinstance(whoever, str) else whoever
        if gone := lacking(now, new.agreed.teams):
            return f"the team {', '.join(gone)} is none any more"
        again = replace(moved, moves=moved.moves.map(lambda each: by_teams(now) if each else each))
        return rejudged(old.course(steps), new.course(now), moved, names, now=again)

    def _reason(self, row: AuditRow) -> str | Missing | None:
        """The reason that travelled with a move; where none did, nobody recorded whether there was one."""
        name = None if self._old is None else self._old.lifecycle.reason_field
        given = [change.after for change in row.changes if change.field == name]
        return str(given[0]) if given and given[0] is not None else MISSING

    def _again(self, link: str, ends: tuple[str | None, str | None], fate: Fate) -> None:
        """Counts a move that would have the fate it had."""
        self._told.add(link, *ends, fate, Rehearsed(fate, ends[1], 1))

    # -- what is listed ------------------------------------------------------------------------------------------------
    def listed(self, conflict: Conflict, linked: Linked) -> Replayed:
        """What would have become of a move that was refused, or waits."""
        was = {Topic.MOVE: Fate.REFUSED, Topic.WAITS: Fate.WAITS}.get(conflict.topic, Fate.HELD)
        found: Rehearsed | str
        moves = self._spotted(conflict)
        if not any(moves):  # a stage that cannot be read, and the like
            objects = linked.link.refs.map(lambda ref: ref.object)
            confirmed = Pair(*({} if linked.base is None else linked.base.confirmed.of(side) for side in SIDES))
            return self._replay.held(Clashed(str(conflict.field), conflict.topic, objects, conflict.values, confirmed))
        last = next((trail[-1].stage for trail in moves if trail), None)
        if self._alike(str(conflict.field)):
            self._again(linked.link.id, (_stage(conflict.base), last), was)
            return Replayed(Turn.SAME)
        if self._courses is None:
            found = NO_LIFECYCLE
        else:
            journey = Journey.read(
                None if linked.base is None else linked.base.agreed.get(journey_of(str(self._field)))
            )
            moved = Moved(_stage(conflict.base), moves, was, MISSING, _values(linked, None), journey.cycle)
            found = rejudged(*self._courses, moved)
        self._told.add(linked.link.id, _stage(conflict.base), last, was, found)
        if isinstance(found, str):
            return Replayed(Turn.UNTOLD, found)
        if found.fate is Fate.ALLOWED:
            return Replayed(Turn.DECIDED, found.why, found.stage)
        return (
            Replayed(Turn.SAME, found.why)
            if found.fate is was
            else Replayed(Turn.DECIDED, f"{found.fate}: {found.why}")
        )

    def _spotted(self, conflict: Conflict) -> Pair[tuple[Move, ...]]:
        """The moves that the list tells; a step that is told of both sides' way stands once."""
        seen = dict.fromkeys(spotted(conflict.reason))
        return Pair(
            *(
                tuple(Move(each.stage, self._author(side, each.by), each.at) for each in seen if each.side is side)
                for side in SIDES
            )
        )

    def _author(self, side: Side, by: str) -> Author:
        if by == str(AUTOMATION):
            return AUTOMATION
        if by in (str(NOBODY_KNOWN), str(Author(AuthorSort.USER))):
            return NOBODY_KNOWN
        return self._people.of(side).get(by.casefold(), Author(AuthorSort.USER, user=by))

    # -- the ledger ----------------------------------------------------------------------------------------------------
    def ledger(self, since: Instant) -> None:
        """Moves that the ledger alone tells: those that both sides made alike."""
        if self._courses is None:
            return
        last = ""
        while links := self._store.links_after(self._kind, last, LOT):
            last = links[-1].id
            live = {link.id for link in links if link.state is LinkState.LIVE}
            moved = [
                each
                for each in self._store.ledger_of(sorted(live))
                if isinstance(each, LedgerMove) and each.at >= since and each.person in live
            ]
            linked = self._store.by_link(list(dict.fromkeys(each.person for each in moved)))
            for each in sorted(moved, key=lambda move: (move.person, move.at)):
                self._heard_of(each, linked[each.person])

    def _heard_of(self, event: LedgerMove, linked: Linked) -> None:
        if event.at <= linked.link.since:  # how they came where they were met was judged by nobody
            return
        key = (event.person, event.start or NEW, event.stage)
        if self._heard[key]:
            self._heard[key] -= 1
            return
        if self._alike(str(self._field)):
            self._again(event.person, (event.start, event.stage), Fate.ALLOWED)
            return
        steps = (Travelled(event.start or NEW, event.stage, frozenset({event.team} if event.team else ())),)
        now = steps if self._authors is None else self._authors.of_event(event, steps[0])
        moves = on(Side(event.side or Side.MARKETING), by_teams(steps))
        moved = Moved(stage_of(event.start or NEW), moves, Fate.ALLOWED, event.reason or MISSING, _values(linked, None))
        found = self._regrouped(steps, now, moved, {})
        self._told.add(event.person, event.start, event.stage, Fate.ALLOWED, found)

    # -- names ---------------------------------------------------------------------------------------------------------
    def _renamed(self, recorded: Recorded) -> dict[str, str] | str:
        """What the changed configuration calls the stages, as far as it calls them otherwise."""
        old = self._replay.values.in_use(recorded.field)
        new = self._replay.values.counterpart(recorded.field)
        if old is None or new is None or old.table == new.table or recorded.cause is None:
            return {}
        side = recorded.cause
        key = (recorded.field, side.value, recorded.objects.of(side))
        if key not in self._names:
            names: dict[str, str] = {}
            for row in old.table:
                found = self._replay.values.carried(
                    old, new, side, object_name=recorded.objects.of(side), value=row.value, confirmed={}
                )
                if not isinstance(found, str) and len(found) == 1 and found[0] not in (MISSING, None):
                    names[row.value] = str(found[0])
            self._names[key] = names
        known = self._names[key]
        if recorded.after is not None and str(recorded.after) not in known:
            return "which stage it is by the changed values cannot be told from the record"
        return known


def _course(agreed: Agreed) -> Course:
    return Course(agreed.lifecycle, agreed.teams, fields=frozenset(agreed.fields))


def _people(users: Sequence[RemoteUser]) -> dict[str, Author]:
    """Authors by what the list calls them: an address, or a name where there is none."""
    found: dict[str, Author] = {}
    for user in users:
        author = Author(AuthorSort.USER, user=user.email or user.name, role=user.role, profile=user.profile)
        found[str(author).casefold()] = author
    return found


def _values(linked: Linked, row: AuditRow | None) -> dict[str, Canonical]:
    """The shared values of a record as they are known now, with what a write gave it."""
    values: dict[str, Canonical] = {} if linked.base is None else dict(linked.base.agreed)
    if row is not None:
        values.update((change.field, change.after) for change in row.changes)
    return values


def _stage(value: Canonical) -> str | None:
    return None if value is None else str(value)
