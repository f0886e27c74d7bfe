"""The mass-change brake: which actions of a plan flow, and which are held because too much would change at once.

Goes in: what was charged in the trailing week, decisions in their order, limits, the number of linked records, what
people approved or expect, and now. Comes out: the decisions that flow, less the held fields, and every held change with
the count that holds it.

Promises

* No count ever exceeds its limit within its window but by what a person approved or expects.
* An opt-out is never held and never counted. Neither is an owner that routing gave, nor what shows the stage, where a
  stage is written: they go, or are held, with it. All that is under its own limits flows, whatever else is held.
* It does not matter in which lots the same changes come: as many flow, as many are held.
* What was held stays held until a person approves it. Only stages go on by themselves as the window moves, the best
  grade first, and of one grade the latest entry (``core.precedence``).

What shows the handoff ledger is counted as changes alone: many who are handed over at once are waited for until the
same moment, and a field is emptied every day because somebody is waited for no more.

A field that takes its values from a list is not held for many equal values, which are its nature, but for a value that
it never had, and for five times its usual hourly rate.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from syncd.core.draft import only
from syncd.core.planner import Planner
from syncd.core.precedence import Precedence, changed_at
from syncd.core.windows import Allowance, Bound, Windows
from syncd.model.brake import IN_LINE, Count, Expectation, HeldChange, Key, Limits, Mark, Measure
from syncd.model.derived import LEDGERED, STAGED
from syncd.model.link import FieldChange
from syncd.model.mapping import FieldMapping
from syncd.model.plan import Action, Create, Decision, Detach, Nothing, Update
from syncd.model.remote import Departure
from syncd.model.routing import BECAUSE
from syncd.model.values import FieldType, Instant, Lane, Side

HELD: Final = "held by the brake"
"""Why a record whose whole decision is held is left as it is."""
LISTED: Final = frozenset(
    {FieldType.ENUM, FieldType.BOOLEAN, FieldType.SET, FieldType.COUNTRY, FieldType.STATE, FieldType.OPT_OUT}
)
"""Types whose values come from a list, so that many records have the same."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One held change, and the count that holds it."""

    key: Key
    change: HeldChange


@dataclass(frozen=True, slots=True)
class Known:
    """What is known beside the windows: marks held before with the key that holds them, marks that people approved,
    marks that people rejected, and waves that they expect.
    """

    held: Mapping[str, Key]
    approved: frozenset[str] = frozenset()
    rejected: frozenset[str] = frozenset()
    expected: Sequence[Expectation] = ()


class Guard:
    """Judges the decisions of one kind in one pass; what it let through is counted as charged from then on.

    ``free`` says that a person approved the whole plan (the first link): everything flows, and is counted as approved.
    ``flowing`` are the keys of each write that was let through, ``stops`` what was held, ``released`` the marks that
    had been held before, ``stayed`` those that might go and go on being held, as their field waits on the other side.
    """

    def __init__(
        self,
        planner: Planner,
        windows: Windows,
        *,
        limits: Limits,
        linked: int,
        known: Known,
        now: Instant,
        mark: Mark,
        free: bool = False,
    ) -> None:
        self.planner = planner
        self.kind = planner.kind.kind
        self.windows = windows
        self.linked = linked
        self.now = now
        self.flowing: dict[tuple[str, Side], list[Key]] = {}
        self.stops: list[Stop] = []
        self.released: set[str] = set()
        self.stayed: set[str] = set()
        self._allowance = Allowance(windows, limits=limits, linked=linked, now=now, listed=self._listed)
        self._known = known
        self._mark = mark
        self._free = free
        self._marked = bool(known.held or known.approved)
        self._stage = None if planner.kind.definitions is None else planner.kind.definitions.stage
        self._precedence = Precedence(planner.kind)
        self._rooms: dict[Key, int] = {}
        self._expected: dict[str, int] = {}
        self._told: set[Key] = set()

    def sift(self, decisions: Sequence[Decision]) -> list[Decision]:
        """The same decisions in the same order, less what is held; one of which nothing is left does nothing."""
        order: Iterable[int] = range(len(decisions))
        if any(decision.lane is Lane.HANDOFF for decision in decisions):
            order = sorted(order, key=lambda n: self._precedence.of(decisions[n]))
        sifted = list(decisions)
        for n in order:
            sifted[n] = self._judged(decisions[n])
        return sifted

    def charged(self, writes: Iterable[tuple[str, Side]]) -> list[Count]:
        """What these writes (link and side) count for, each once: a second try is no second change."""
        total: dict[Key, int] = {}
        for write in writes:
            for key in self.flowing.pop(write, ()):
                total[key] = total.get(key, 0) + 1
        return list(total.items())

    def bound(self, key: Key) -> Bound:
        """What a key allows, as it stood when this pass began."""
        return self._allowance.bound(key)

    # -- one decision --------------------------------------------------------------------------------------------
    def _judged(self, decision: Decision) -> Decision:
        if decision.forgets:
            return decision
        fields: set[str] = set()
        whole: set[int] = set()
        moves = self._stage is not None and any(each.field == self._stage for each in _changes(decision))
        for place, action in enumerate(decision.actions):
            if isinstance(action, Update):
                if action.changes:
                    fields.update(self._update(decision, action, moves=moves))
            elif isinstance(action, Create | Detach) and not self._flows(decision, action):
                whole.add(place)
        if decision.routed is not None and decision.routed.entered in fields:
            fields.update(each.field for each in _changes(decision) if each.rule.startswith(BECAUSE))
        if moves and self._stage in fields:
            fields.update(each.field for each in _changes(decision) if self._staged(each.field))
        return self._less(decision, fields, whole) if fields or whole else decision

    def _flows(self, decision: Decision, action: Create | Detach) -> bool:
        """Whether a record may be made, or a link end."""
        link = decision.link
        if isinstance(action, Create):
            key: Key = (self.kind, Measure.CREATES, action.side, "", "")
            record = f"{action.side.other}:{action.origin}"
        elif isinstance(action.how, Departure):
            key = (self.kind, Measure.UNLINKS, action.side, "", "")
            record = f"link:{link.id}"
        else:
            return True  # people merged two records: one of them is still there
        keys = self._passes([key], decision, (*key, record), record)
        if keys is None:
            return False
        if isinstance(action, Create) and keys[0][1] == Measure.APPROVED:
            for change in action.changes:
                mapping = self.planner.field(change.field)
                if change.after is not None and (mapping.type in LISTED or mapping.lane is Lane.HANDOFF):
                    keys += self._by_right(self._keys(action.side, mapping, change))[1:]
        self.flowing[link.id, action.side] = keys
        return True

    def _staged(self, name: str) -> bool:
        """Whether a field shows where somebody stands, or has been."""
        derive = self.planner.field(name).derive
        return derive is not None and derive.sort in STAGED

    def _update(self, decision: Decision, action: Update, *, moves: bool) -> list[str]:
        """The fields of one write that are held. ``moves`` says that the stage is among those of the decision."""
        held: list[str] = []
        flowing: list[Key] = []
        expected: set[str] = set()
        side, link = action.side, decision.link.id
        for change in action.changes:
            mapping = self.planner.field(change.field)
            if (mapping.type is FieldType.OPT_OUT and change.after is True) or change.rule.startswith(BECAUSE):
                continue
            if moves and self._staged(change.field):  # it goes with the stage
                continue
            keys = self._keys(side, mapping, change)
            words = (self.kind, side, mapping.name, link, change.after)
            charged = self._passes(keys, decision, words, counted=expected)
            if charged is None:
                held.append(change.field)
            else:
                flowing += charged
        if flowing:
            self.flowing[link, side] = flowing
        return held

    def _keys(self, side: Side, mapping: FieldMapping, change: FieldChange) -> list[Key]:
        """What one changed field counts for."""
        kind, name, after = self.kind, mapping.name, change.after
        if mapping.derive is not None and mapping.derive.sort in LEDGERED:
            return [(kind, Measure.UPDATES, side, name, "")]
        if after is None:
            return [(kind, Measure.CLEARS, side, name, "")]
        stage = mapping.lane is Lane.HANDOFF
        mark = self._mark(name, after)
        if not stage:
            value = Measure.VALUE if mapping.type in LISTED else Measure.SAME_VALUE
            return [(kind, Measure.UPDATES, side, name, ""), (kind, value, side, name, mark)]
        keys: list[Key] = [(kind, Measure.STAGES, side, name, ""), (kind, Measure.STAGE_VALUE, side, name, mark)]
        if _backward(mapping, change):
            keys.append((kind, Measure.BACKWARD, side, name, ""))
        return keys

    def _by_right(self, keys: Sequence[Key]) -> list[Key]:
        """What is charged for a change that a person approved: it fills no window, and its listed value is known."""
        first = keys[0]
        charged: list[Key] = [(self.kind, Measure.APPROVED, first[2], first[3], "")]
        for _, each, side, name, mark in keys:
            if each in (Measure.VALUE, Measure.STAGE_VALUE):
                known: Key = (self.kind, Measure.KNOWN, side, name, mark)
                if known not in self._told:
                    self._told.add(known)
                    charged.append(known)
        return charged

    def _passes(
        self,
        keys: list[Key],
        decision: Decision,
        words: tuple[object, ...],
        record: str = "",
        *,
        counted: set[str] | None = None,
    ) -> list[Key] | None:
        """What a change is charged under; ``None`` if it is held, which is noted under the mark of these words."""
        first = keys[0]
        if self._free:
            return self._by_right(keys)
        mark = self._mark(*words) if self._marked else ""
        if mark and mark in self._known.approved:
            self.released.add(mark)
            return self._by_right(keys)
        stopped = self._stuck(mark) if mark else None
        if stopped is None and self._known.expected:
            wave = self._wave(first, counted)
            if wave is not None:
                return wave
        rooms = self._rooms
        if stopped is None:
            for key in keys:
                room = rooms.get(key)
                if room is None:
                    room = rooms[key] = self._allowance.room(key)
                if room <= 0:
                    stopped = key
                    break
            else:
                for key in keys:
                    rooms[key] -= 1
                if mark and mark in self._known.held:
                    self.released.add(mark)
                return keys
        where = record or f"link:{decision.link.id}"
        rank = self._precedence.rank(decision)
        self.stops.append(Stop(stopped, HeldChange(mark or self._mark(*words), where, changed_at(decision), rank)))
        return None

    def _stuck(self, mark: str) -> Key | None:
        """The key that goes on holding what was held before."""
        key = self._known.held.get(mark)
        if key is None or (key[1] in IN_LINE and mark not in self._known.rejected):
            return None
        return key

    def _wave(self, first: Key, counted: set[str] | None) -> list[Key] | None:
        """The key of an expectation that has room for this change; a record counts once, however many fields."""
        for each in self._known.expected:
            if not each.covers(first):
                continue
            if counted is not None and each.id in counted:
                return []
            left = self._expected.get(each.id)
            if left is None:
                used = self.windows.used(each.key, self.now)
                left = each.records - used.hour - used.before
            self._expected[each.id] = left
            if left > 0:
                self._expected[each.id] = left - 1
                if counted is not None:
                    counted.add(each.id)
                return [each.key]
        return None

    def _listed(self, name: str) -> bool:
        mapping = self.planner.field(name)
        return mapping.lane is Lane.HANDOFF or mapping.type in LISTED

    # -- leaving out -------------------------------------------------------------------------------------------------
    def _less(self, decision: Decision, fields: set[str], whole: set[int]) -> Decision:
        """A decision without these fields and actions.

        A field is left out on both sides: written on one alone it would look agreed, and the other side never get it.
        What a person chose of a conflict, or approved on one side, is kept for when the field goes on.
        """
        actions: list[Action] = []
        for place, action in enumerate(decision.actions):
            if place in whole:
                continue
            if isinstance(action, Update) and any(change.field in fields for change in action.changes):
                kept = [change for change in action.changes if change.field not in fields]
                self._unflow(decision.link.id, action, fields)
                self._stay(decision.link.id, action, fields)
                left = only(action, kept, slots=self.planner.slots(action.side, action.ref.object), key=action.key)
                actions.extend([left] if left is not None else ())
            else:
                actions.append(action)
        if not actions:
            actions.append(Nothing(HELD))
        return replace(decision, actions=tuple(actions), closes=(), closes_with={}, frees=())

    def _stay(self, link: str, action: Update, fields: Collection[str]) -> None:
        """Goes on holding what was held before on this side: let go, it would need to be approved anew, without end."""
        left = [each for each in action.changes if each.field in fields] if self._known.held else []
        marks = {self._mark(self.kind, action.side, each.field, link, each.after) for each in left}
        self.stayed |= marks & self._known.held.keys()

    def _unflow(self, link: str, action: Update, fields: Collection[str]) -> None:
        """Takes back what was counted for a field on this side that the other side's count holds."""
        keys = self.flowing.get((link, action.side))
        if keys is None:
            return
        kept = [key for key in keys if key[3] not in fields or key[1] in (Measure.EXPECTED, Measure.APPROVED)]
        for key in keys:
            if key not in kept and key in self._rooms:
                self._rooms[key] += 1
        self.flowing[link, action.side] = kept


def _changes(decision: Decision) -> Iterable[FieldChange]:
    return (each for action in decision.actions if isinstance(action, Update) for each in action.changes)


def _backward(mapping: FieldMapping, change: FieldChange) -> bool:
    """Whether a stage goes back: the table's order is the funnel's."""
    order = [row.value for row in mapping.table]
    return change.before in order and change.after in order and order.index(change.after) < order.index(change.before)
