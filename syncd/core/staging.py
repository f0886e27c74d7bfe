"""The merge of a stage, where the lifecycle decides: what both sides show and the moves behind it in, a verdict out.

It stands between ``core.lifecycle``, which judges moves, and the planner, which writes. Every move is judged, not only
those of two sides at once: what is not declared never becomes a write of the other side. What is refused or waits is a
row for people, and both sides stay as they are; the agreed stage stays the agreed one, so that the move is still a move
when it is looked at again. It refuses to judge a move before its author was asked for (``NeedsMoves``).

A side counts as moved where it shows another stage than it last confirmed. A stage that a side has no form for is left
to that side: what its vendor made a new record with by itself is no move of anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from syncd.core.dealing import is_over, with_call
from syncd.core.lifecycle import Agree as Same
from syncd.core.lifecycle import Clash, Course, Path, Refuse, Stay, Step, Wait
from syncd.core.lifecycle import Take as Travel
from syncd.core.merge import KEEP, NEEDS_MOVES, Agree, Clashing, Keep, Seen, Take, Unite, Verdict, unreadable_in
from syncd.core.move_words import RULE, step_told, way_told
from syncd.model.episode import Moved
from syncd.model.lifecycle import NEW, Agreed, Journey, Move, Reason, Standing, Undeclared
from syncd.model.link import Topic
from syncd.model.mapping import FieldMapping
from syncd.model.swift import swift
from syncd.model.values import MISSING, SIDES, Canonical, Instant, Missing, Pair, Side, Told

Moves = Pair[tuple[Move, ...]]


@swift
@dataclass(frozen=True, slots=True)
class Sights:
    """What is known of one person beside the stage itself. ``reasons`` are the values of the reason's field, by side;
    ``values`` the shared fields as both sides are to have them. ``unsaid`` tells why a side cannot show a stage, empty
    if it can. ``journey`` is what the person has been through.
    """

    reasons: Pair[Told]
    values: Callable[[], Mapping[str, Canonical]]
    unsaid: Callable[[Side, Canonical], str]
    journey: Journey


class Staging:
    """Decides about the stages of one kind."""

    def __init__(self, agreed: Agreed) -> None:
        self._lifecycle = agreed.lifecycle
        self._course = Course(agreed.lifecycle, agreed.teams, fields=frozenset(agreed.fields))
        self._words = Pair(
            *(
                {reason.words.of(side).casefold(): reason.key for listed in self._reasons() for reason in listed}
                for side in SIDES
            )
        )
        self._owners = {stage.key: stage.owner for stage in agreed.lifecycle.stages}
        self._keys = frozenset(reason.key for listed in self._reasons() for reason in listed)

    @property
    def reason_field(self) -> str | None:
        """The shared field that holds the reason of a person's last move."""
        return self._lifecycle.reason_field

    def merge(
        self,
        mapping: FieldMapping,
        *,
        agreed: Told,
        seen: Pair[Seen],
        moves: Moves | None,
        sights: Sights,
        arriving: bool = False,
        called: Move | None = None,
    ) -> tuple[Verdict, Path]:
        """Merges the stage of one person; with the path that led there, empty where nobody moved.

        :param agreed: the stage both sides last agreed on, ``MISSING`` if they never did.
        :param seen: the stage on each side now.
        :param moves: the moves of each side since then, as the vendors tell; ``None`` if nobody asked them yet.
        :param arriving: whether a person who was never in step is to be asked for, too: how they came where they are.
        :param called: the move that their deals call for. It is judged like one that was made in the CRM, where deals
            are, and written to both sides.
        """
        moved = seen.marketing.changed or seen.crm.changed
        called = None if agreed is MISSING else called  # to be made once they are in step
        if agreed is not MISSING and called is None and not moved:
            return KEEP, ()
        unreadable = unreadable_in(mapping, seen)
        if unreadable is not None:
            return unreadable, ()
        shown = seen.map(lambda side: side.value)
        if shown.marketing is MISSING or shown.crm is MISSING:
            return Keep("a side did not tell this field"), ()
        if moves is None and (arriving or agreed is not MISSING) and (moved or called is None):
            return NEEDS_MOVES, ()
        standing = Pair(*[self._standing(side, agreed, seen.of(side), moves, sights) for side in SIDES])
        before = _stage(agreed) if agreed is not MISSING else MISSING
        if called is not None and not is_over(called, before, standing):
            return self._called(called, before, standing, shown=shown, seen=seen, sights=sights)
        decided = self._course.decide(before, standing, values=sights.values(), cycle=sights.journey.cycle)
        if shown.marketing == shown.crm:  # a side that could not show what was agreed on may show this
            path = decided.path if isinstance(decided, Travel) else _longer(decided)
            return Agree(shown.crm), path or self._arrival(agreed, standing)
        match decided:
            case Stay() | Same():
                return KEEP, ()
            case Travel(side, stage, _, path):
                return Take(side, stage, RULE + way_told(path)), path or self._arrival(agreed, standing, side)
            case Wait(step):
                return Clashing(Topic.WAITS, f"waits: {step_told(step)}"), ()
            case Refuse(step, consequence, back):
                return self._refused(step, consequence, back, seen=seen, sights=sights), ()
            case Clash(paths, reason):
                both = "; ".join(step_told(step) for path in paths for step in path)
                return Clashing(Topic.FIELD, f"{reason}: {both}"), ()

    def unready(self, stage: str, values: Mapping[str, Canonical]) -> str:
        """Why a person with these values may not enter a stage yet, for people; empty if they may."""
        return self._course.ready(stage, values)

    def way(self, side: Side, stage: str, moves: tuple[Move, ...]) -> Path:
        """How somebody whom the other side does not know yet came into a stage."""
        return self._course.way(side, Standing(stage, moves))

    def beheld(
        self, shown: Pair[Told], *, reasons: Pair[Told], moves: Moves, person: str, now: Instant
    ) -> tuple[Moved, ...]:
        """The moves of somebody whom others keep in step: what both sides show and their histories in."""
        standing = Pair(
            *(
                Standing(
                    _stage(shown.of(side)),
                    tuple(replace(move, reason=self._reason(side, reasons.of(side))) for move in moves.of(side)),
                )
                for side in SIDES
            )
        )
        path = self._course.beheld(standing)
        stage = path[-1].move.stage if path else None
        return self.journey(Journey(), path, person=person, before=MISSING, stage=stage, now=now)[1]

    def journey(
        self, journey: Journey, path: Path, *, person: str, before: Told, stage: Canonical, now: Instant
    ) -> tuple[Journey, tuple[Moved, ...]]:
        """What a person has been through once both sides show this stage, and by which moves; what nobody can date
        happened now, and what no path tells was done by nobody known.
        """
        cycle, moves = journey.cycle, []
        for step in path:
            cycle += step.transition is not None and step.transition.recycles
            if step.move.stage is not None:
                moves.append(self._told(person, step, step.move.stage, cycle, now, last=step is path[-1]))
        if stage is not None and (not moves or moves[-1].stage != stage):
            moves.append(Moved(person, now, cycle, str(stage), _stage(before) or NEW))
        for move in moves:
            journey = journey.on(move.stage, move.at, cycle=move.cycle)
        return Journey(cycle, journey.entered), tuple(moves)

    # -- inside ------------------------------------------------------------------------------------------------------
    def _called(
        self,
        called: Move,
        agreed: str | Missing | None,
        standing: Pair[Standing],
        *,
        shown: Pair[Told],
        seen: Pair[Seen],
        sights: Sights,
    ) -> tuple[Verdict, Path]:
        """Merges with a move that deals call for. What both sides agreed on and one does not show yet is only written
        there: a process died between the two writes.
        """
        to = called.stage
        if agreed == to:
            return (KEEP if shown.marketing == shown.crm == to else Unite(to, f"{RULE}carried to both sides")), ()
        call = replace(called, reason=self._reason_called(called, sights))
        standing = standing.replacing(Side.CRM, with_call(call, standing.crm))
        decided = self._course.decide(agreed, standing, values=sights.values(), cycle=sights.journey.cycle)
        match decided:
            case Stay():
                return KEEP, ()
            case Same(stage):
                path = _longer(decided)
                wrong = next((step for step in path if step.transition is None), None)
                if wrong is not None and shown.marketing != shown.crm:  # one wrong move does not make another one right
                    return self._uncalled(wrong), ()
                return self._come(stage, path, shown)
            case Travel(side, stage, _, path):
                if side is Side.MARKETING or stage != to:
                    return Take(side, stage, RULE + way_told(path)), path
                return self._come(stage, path, shown)
            case Wait(step):
                return Clashing(Topic.WAITS, f"waits: {step_told(step)}"), ()
            case Refuse(step, consequence, back):
                if step.move is not call:
                    return self._refused(step, consequence, back, seen=seen, sights=sights), ()
                return self._uncalled(step), ()
            case Clash(paths, reason):
                both = "; ".join(step_told(step) for path in paths for step in path)
                return Clashing(Topic.FIELD, f"{reason}: {both}"), ()

    def _uncalled(self, step: Step) -> Verdict:
        """A move that is not declared and that a deal calls for: nobody stands there who could be put back."""
        topic = Topic.FIELD if self._lifecycle.undeclared is Undeclared.HOLD else Topic.MOVE
        return Clashing(topic, f"not declared: {step_told(step)}")

    def _told(self, person: str, step: Step, stage: str, cycle: int, now: Instant, *, last: bool) -> Moved:
        """A step as the ledger keeps it. A record holds one reason: that of its last move, or of those that ask for it.

        Whoever serves several teams has moved them for the one that had to act, if it is one of these.
        """
        owner = self._owners.get(step.start or NEW)
        asks = last or (step.transition is not None and step.transition.reasons is not None)
        return Moved(
            person=person,
            at=step.move.at or now,
            cycle=cycle,
            stage=stage,
            start=step.start or NEW,
            team=owner if owner in step.teams else min(step.teams, default=""),
            by=step.move.author.user,
            reason=(step.move.reason or "") if asks else "",
            side=step.side.value,
        )

    def _come(self, stage: str | None, path: Path, shown: Pair[Told]) -> tuple[Verdict, Path]:
        """The stage to which a move that was called for has led, wherever it is not shown yet."""
        if shown.marketing == shown.crm == stage:
            return Agree(stage), path
        return Unite(stage, RULE + way_told(path)), path

    def _reason_called(self, called: Move, sights: Sights) -> str | None:
        """Why a deal was lost, as a key; if that is in no list, the reason that the CRM shows of the person."""
        reason = self._reason(Side.CRM, called.reason)
        return reason if reason in self._keys else self._reason(Side.CRM, sights.reasons.crm) or reason

    def _reasons(self) -> tuple[tuple[Reason, ...], ...]:
        return tuple(self._lifecycle.reasons.values())

    def _arrival(self, agreed: Told, standing: Pair[Standing], side: Side | None = None) -> Path:
        """How a person who was never in step came where they are: as that side tells, else the one that tells more."""
        if agreed is not MISSING:
            return ()
        sides = SIDES if side is None else (side,)
        return max((self._course.way(each, standing.of(each)) for each in sides), key=len)

    def _standing(self, side: Side, agreed: Told, seen: Seen, moves: Moves | None, sights: Sights) -> Standing:
        """One side, as it is judged: a side that shows what it last confirmed is where both agreed to be."""
        if not seen.changed and agreed is not MISSING:
            return Standing(_stage(agreed))
        stage = _stage(seen.value)
        told = moves.of(side) if moves is not None else ()
        reason = self._reason(side, sights.reasons.of(side))
        if not told or told[-1].stage != stage:  # what the history does not account for, was entered by nobody known
            told = (*told, Move(stage))
        judged = [move if move.reason == reason else replace(move, reason=reason) for move in told]
        return Standing(stage, tuple(judged))

    def _reason(self, side: Side, value: Told) -> str | None:
        """The key of the reason that a side shows; what is no reason of any list stays as it is and counts for none."""
        if not isinstance(value, str):
            return None
        return value if value in self._keys else self._words.of(side).get(value.casefold(), value)

    def _refused(
        self, step: Step, consequence: Undeclared, back: str | None, *, seen: Pair[Seen], sights: Sights
    ) -> Verdict:
        """What becomes of a move that is not declared. One that cannot be put back is listed, and so is one of a person
        whom the other side has moved as well: a stage that is put back is settled on both sides as they stand.
        """
        told = step_told(step)
        match consequence:
            case Undeclared.REPORT:
                return Clashing(Topic.MOVE, f"not declared: {told}")
            case Undeclared.HOLD:
                return Clashing(Topic.FIELD, f"not declared, and a person is to decide: {told}")
            case Undeclared.REVERT:
                unsaid = sights.unsaid(step.side, back)
                if seen.other(step.side).changed:
                    unsaid = f"the {step.side.other} side has moved this person, too"
                if unsaid:
                    return Clashing(Topic.MOVE, f"not declared: {told}; it cannot be put back: {unsaid}")
                return Take(step.side.other, back, f"{RULE}{step.start} -> {step.move.stage} is not declared: put back")


def _stage(value: Told) -> str | None:
    return None if value is None or value is MISSING else str(value)


def _longer(decided: object) -> Path:
    """Of two ways to one stage the one that is declared, and tells more."""
    return max(decided.paths, key=lambda path: (_declared(path), len(path))) if isinstance(decided, Same) else ()


def _declared(path: Path) -> bool:
    return bool(path) and all(step.transition is not None for step in path)
