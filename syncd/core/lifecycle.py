"""The lifecycle's own merge: the agreed stage, and the moves seen on either side, in; one verdict out.

It promises that a person enters a stage through us only along transitions that both teams have declared, each made by
somebody who may make it; that no stage comes out that did not go in; that swapping the sides swaps the verdict; and
that what both sides show alike needs no write. It never lets the later of two moves win for being later: two moves are
no conflict only where one went on from the other, or had been through it and not come back before it. What the
transitions do not settle is a ``Clash`` that holds both moves and their authors.

It decides, and writes nothing: of a move that is not declared it says what the policy wants done, and the stage that
both sides agreed on stays the agreed one until a move is declared or a person decides.

Length: one judge, whose ways to a verdict share its transitions and how a single move is held against them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import Final, TypeAlias

from syncd.core.expressions import compile_expression
from syncd.core.teams import Membership
from syncd.model.lifecycle import (
    NEW,
    NOBODY_KNOWN,
    SYSTEM,
    FirstLink,
    Lifecycle,
    Move,
    Standing,
    Teams,
    Transition,
    Undeclared,
)
from syncd.model.swift import swift
from syncd.model.values import SIDES, Canonical, Instant, Missing, Pair, Side


class Meaning(StrEnum):
    """What one move is in the light of the transitions."""

    DECLARED = "declared"
    UNDECLARED = "undeclared"
    NO_REASON = "needs a reason"
    NOT_READY = "entry criteria are not met"


@swift
@dataclass(frozen=True, slots=True)
class Step:
    """One move, judged. ``start`` is where it began, ``teams`` in whose name it was made; ``why`` is for people."""

    side: Side
    start: str | None
    move: Move
    teams: frozenset[str]
    meaning: Meaning
    transition: Transition | None = None
    why: str = ""


Path: TypeAlias = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Stay:
    """Both sides are where they agreed to be."""


@dataclass(frozen=True, slots=True)
class Agree:
    """Both sides show the same stage, so nothing is written. ``paths`` tell how each came there, declared or not."""

    stage: str | None
    cycle: int
    paths: Pair[Path] = Pair((), ())


@swift
@dataclass(frozen=True, slots=True)
class Take:
    """The stage of ``side`` is written on the other side. ``path`` is empty where it was found at the first link."""

    side: Side
    stage: str
    cycle: int
    path: Path = ()

    @property
    def restarts(self) -> bool:
        """Whether the time to leave the stage is counted anew."""
        return any(step.transition is not None and step.transition.restarts for step in self.path)


@dataclass(frozen=True, slots=True)
class Wait:
    """A declared move that is not complete: it travels once the reason is given, or the criteria are met."""

    step: Step


@dataclass(frozen=True, slots=True)
class Refuse:
    """A move that is not declared, and what is to become of it. ``agreed`` is where ``REVERT`` puts that side back."""

    step: Step
    consequence: Undeclared
    agreed: str | None


@dataclass(frozen=True, slots=True)
class Clash:
    """Both sides moved the person, and no transition says whose move counts. ``paths`` hold moves and authors."""

    paths: Pair[Path]
    reason: str


Verdict: TypeAlias = Stay | Agree | Take | Wait | Refuse | Clash

STAY: Final = Stay()
NEVER_AGREED: Final = "these records were never in step, and are found in different stages"
BOTH_UNDECLARED: Final = "both sides moved this person, and neither move is declared"
ONE_UNDECLARED: Final = "both sides moved this person, and the {side} move is not declared"
APART: Final = "both sides moved this person, and neither move went on from the other"
EITHER_WAY: Final = "either move may have gone on from the other, and the times do not tell which"


class Course:
    """One lifecycle, made ready to decide with; holds nothing about any person."""

    def __init__(self, lifecycle: Lifecycle, teams: Teams, *, fields: frozenset[str]) -> None:
        """:param fields: the shared fields of the lifecycle's kind, by name."""
        self.lifecycle = lifecycle
        self._membership = Membership(teams)
        self._stages = {stage.key: stage for stage in lifecycle.stages}
        self._edges: dict[tuple[str, str], list[Transition]] = {}
        for transition in lifecycle.transitions:
            self._edges.setdefault((transition.start, transition.end), []).append(transition)
        self._reasons = {name: frozenset(each.key for each in listed) for name, listed in lifecycle.reasons.items()}
        self._criteria = {
            stage.key: None if stage.entry.when is None else compile_expression(stage.entry.when, fields)
            for stage in lifecycle.stages
        }

    def decide(
        self,
        agreed: str | Missing | None,
        standing: Pair[Standing],
        *,
        values: Mapping[str, Canonical],
        cycle: int = 1,
    ) -> Verdict:
        """Decides about one person.

        :param agreed: the stage both sides last agreed on; ``None`` for no stage, ``MISSING`` if they never agreed.
        :param standing: each side now, with the moves since then.
        :param values: shared fields by name, as both sides are to have them; entry criteria are held against these.
        :param cycle: which qualification of this person it is, from 1.
        """
        if isinstance(agreed, Missing):
            return self._found(standing, cycle)
        trails = Pair(*[self._trail(side, agreed, standing.of(side)) for side in SIDES])
        if not trails.marketing and not trails.crm:
            return STAY
        paths = Pair(*[self._path(side, agreed, trails.of(side)) for side in SIDES])
        if standing.marketing.stage == standing.crm.stage:
            return Agree(standing.crm.stage, cycle + max(map(_recycles, paths)), paths)
        ahead = [
            side
            for side in SIDES
            if not trails.other(side) or _been_through(trails.of(side), trails.other(side), agreed)
        ]
        if len(ahead) == 1:  # two: each has been where the other is now
            return self._alone(paths.of(ahead[0]), agreed, values, cycle)
        return self._both(agreed, trails, paths, values, cycle)

    def way(self, side: Side, standing: Standing) -> Path:
        """How somebody who was never in step came where one side shows them: for the record, and judged by nobody."""
        return self._walk(side, None, self._trail(side, None, standing))

    def beheld(self, standing: Pair[Standing]) -> Path:
        """How somebody came where they are while others keep both sides in step: for the record, judged by nobody.

        A stage that one side shows after the other does is a copy of that move, and no move of its own. Of what nobody
        can date only what no history tells is taken up, last.
        """
        trails = Pair(*(self._trail(side, None, standing.of(side)) for side in SIDES))
        told = [(side, move) for side in SIDES for move in trails.of(side)]
        steps: list[Step] = []
        for side, move in sorted(told, key=lambda each: each[1].at.timestamp() if each[1].at else inf):
            been = {step.move.stage for step in (steps[-1:] if move.at else steps)}
            if move.stage not in been:
                steps.append(self._step(side, steps[-1].move.stage if steps else None, move))
        return tuple(steps)

    def asked_for(self, stage: str) -> tuple[str, ...]:
        """The shared fields that the entry criteria of a stage look at."""
        condition = self._criteria.get(stage)
        filled = self._stages[stage].entry.filled if stage in self._stages else ()
        return (*filled, *(() if condition is None else condition.names))

    def ready(self, stage: str, values: Mapping[str, Canonical]) -> str:
        """Why a person with these values may not enter a stage yet, for people; empty if they may."""
        if stage not in self._stages:
            return ""
        entry = self._stages[stage].entry
        empty = [name for name in entry.filled if values.get(name) is None]
        if empty:
            return f"{stage} needs {', '.join(empty)} to be filled"
        condition = self._criteria[stage]
        if condition is None:
            return ""
        answer = condition.holds(values)
        if answer is True:
            return ""
        wanted = entry.words or entry.when
        return f"{stage} wants: {wanted}" if answer is False else f"{stage} wants: {wanted} ({answer.reason})"

    # -- one side's moves ----------------------------------------------------------------------------------------------
    def _found(self, standing: Pair[Standing], cycle: int) -> Verdict:
        """The first link: nobody has moved anybody yet, so no transition is asked."""
        marketing, crm = standing.marketing.stage, standing.crm.stage
        first = self.lifecycle.first_link
        if marketing == crm:
            return Agree(crm, cycle)
        if marketing is not None and (crm is None or first is FirstLink.MARKETING):
            return Take(Side.MARKETING, marketing, cycle)
        if crm is not None and (marketing is None or first is FirstLink.CRM):
            return Take(Side.CRM, crm, cycle)
        return Clash(Pair(*((_found(side, standing.of(side)),) for side in SIDES)), NEVER_AGREED)

    def _trail(self, side: Side, agreed: str | None, standing: Standing) -> tuple[Move, ...]:
        """The moves of one side that led somewhere.

        A stage that the history does not account for was entered by nobody known. Who went somewhere and came back has
        not moved, unless a new cycle began on the way.
        """
        if standing.stage == agreed and not standing.moves:
            return ()
        trail: list[Move] = []
        here = agreed
        last = standing.moves[-1].stage if standing.moves else agreed
        missing = () if last == standing.stage else (Move(standing.stage, NOBODY_KNOWN),)
        for move in (*standing.moves, *missing):
            if move.stage != here:
                trail.append(move)
                here = move.stage
        if here == agreed and not _recycles(self._walk(side, agreed, tuple(trail))):
            return ()
        return tuple(trail)

    def _path(self, side: Side, agreed: str | None, trail: tuple[Move, ...]) -> Path:
        """How a side came where it is: step by step if that is declared, else the last move as if made at once."""
        if not trail:
            return ()
        whole = self._walk(side, agreed, trail)
        return whole if _declared(whole) else self._walk(side, agreed, trail[-1:])

    def _walk(self, side: Side, start: str | None, trail: tuple[Move, ...]) -> Path:
        steps: list[Step] = []
        for move in trail:
            steps.append(self._step(side, start, move))
            start = move.stage
        return tuple(steps)

    def _step(self, side: Side, start: str | None, move: Move) -> Step:
        """One move, held against the transitions."""
        teams = self._membership.teams_of(move.author, side)
        edges = () if move.stage is None else self._edges.get((start or NEW, move.stage), ())
        if not edges:
            return Step(side, start, move, teams, Meaning.UNDECLARED, why=f"{_words(start, move)} is not declared")
        theirs = [edge for edge in edges if teams.intersection(edge.by)]
        if not theirs:
            may = ", ".join(dict.fromkeys(team for edge in edges for team in edge.by))
            made = ", ".join(sorted(teams)) or "somebody whom no team names"
            why = f"{_words(start, move)} is declared for {may}; it was made by {made}"
            return Step(side, start, move, teams, Meaning.UNDECLARED, why=why)
        allowed = next((edge for edge in theirs if self._reasoned(edge, move)), theirs[0])  # as either of their teams
        if not self._reasoned(allowed, move):
            asked = allowed.reasons
            what = "needs a reason" if move.reason is None else "was given a reason that is not"
            why = f"{_words(start, move)} {what} of the list {asked}"
            return Step(side, start, move, teams, Meaning.NO_REASON, allowed, why)
        return Step(side, start, move, teams, Meaning.DECLARED, allowed)

    def _reasoned(self, edge: Transition, move: Move) -> bool:
        """Whether a move has a reason that an edge asks for, if it asks for one."""
        asked = edge.reasons if self.lifecycle.reason_field is not None else None
        return asked is None or move.reason in self._reasons[asked]

    def _alone(self, path: Path, agreed: str | None, values: Mapping[str, Canonical], cycle: int) -> Verdict:
        """The verdict where only this path counts."""
        for step in path:
            if step.meaning is Meaning.UNDECLARED:
                return Refuse(step, self.lifecycle.undeclared, agreed)
        for step in path:
            if step.meaning is Meaning.NO_REASON:
                return Wait(step)
        last = path[-1]
        assert last.move.stage is not None  # leaving every stage is never declared
        lacking = self.ready(last.move.stage, values)
        if lacking:
            return Wait(Step(last.side, last.start, last.move, last.teams, Meaning.NOT_READY, last.transition, lacking))
        return Take(last.side, last.move.stage, cycle + _recycles(path), path)

    # -- both sides' moves ---------------------------------------------------------------------------------------------
    def _both(
        self,
        agreed: str | None,
        trails: Pair[tuple[Move, ...]],
        paths: Pair[Path],
        values: Mapping[str, Canonical],
        cycle: int,
    ) -> Verdict:
        """Both moved, to different stages: one went on from the other, or a person must decide."""
        orders = [order for first in SIDES for order in self._in_order(first, trails, paths)]
        if len(orders) == 1:
            return self._alone(orders[0], agreed, values, cycle)
        if orders:
            return Clash(paths, EITHER_WAY)
        wrong = [side for side in SIDES if not _declared(paths.of(side))]
        if len(wrong) == 1 and self.lifecycle.undeclared is Undeclared.REVERT:
            return self._alone(paths.other(wrong[0]), agreed, values, cycle)
        if wrong:
            return Clash(paths, BOTH_UNDECLARED if len(wrong) > 1 else ONE_UNDECLARED.format(side=wrong[0]))
        return Clash(paths, APART)

    def _in_order(self, first: Side, trails: Pair[tuple[Move, ...]], paths: Pair[Path]) -> Iterator[Path]:
        """Both sides' moves as one path with ``first`` before the other, if that is declared and the times allow it."""
        before, after = trails.of(first), trails.other(first)
        shared = 0
        while shared < min(len(before), len(after)) and before[shared].stage == after[shared].stage:
            shared += 1
        went_on = self._path(first.other, before[-1].stage, after[shared:])
        path = paths.of(first) + went_on
        if went_on and _declared(path) and not _later(before[-1], went_on[0].move):
            yield path


def moved_by_hand(path: Path) -> Instant | None:
    """When a person moved somebody last on this path, as a vendor dates it; ``None`` where no vendor does."""
    return max((step.move.at for step in path if step.move.at and SYSTEM not in step.teams), default=None)


def _words(start: str | None, move: Move) -> str:
    """A move, for people."""
    return f"{start or NEW} -> {move.stage or 'no stage'}"


def _found(side: Side, standing: Standing) -> Step:
    """Where a side was found, in the form of a step, so that a clash always shows both."""
    why = "found there at the first link"
    return Step(side, None, Move(standing.stage), frozenset(), Meaning.UNDECLARED, why=why)


def _been_through(trail: tuple[Move, ...], other: tuple[Move, ...], agreed: str | None) -> bool:
    """Whether a side has been in a stage in which the other side is now, and so has left it again.

    Not where it is back at the agreed stage, from which the other side moved later: that may be a move of its own.
    """
    if trail and trail[-1].stage == agreed and _later(other[-1], trail[-1]):
        return False
    return any(move.stage == other[-1].stage for move in trail)


def _declared(path: Path) -> bool:
    return all(step.transition is not None for step in path)


def _recycles(path: Path) -> int:
    """How many cycles begin on a path; none on one that is not declared."""
    return sum([step.transition.recycles for step in path if step.transition is not None]) if _declared(path) else 0


def _later(one: Move, other: Move) -> bool:
    """Whether one move is known to be later than the other."""
    return one.at is not None and other.at is not None and one.at > other.at
