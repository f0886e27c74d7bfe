"""What would become of moves of one person, in one word: moves and the declared lifecycle in, a fate out.

It decides nothing of its own: ``Course`` judges, and this says what that comes to for people who ask "may they?". Cases
(``settings.case_moves``) and the backtest ask it the same way, so that a case that passes says what a cycle would do.
It does not know what a side can show: a stage that one side has no form for is allowed all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from syncd.core.lifecycle import Agree, Clash, Course, Path, Refuse, Stay, Step, Take, Wait
from syncd.model.lifecycle import Move, Standing, Undeclared
from syncd.model.values import SIDES, Canonical, Missing, Pair


class Fate(StrEnum):
    """What becomes of a move. ``REFUSED`` is listed and both sides stay apart, ``HELD`` waits for a person's decision,
    ``PUT_BACK`` is undone where it was made, ``WAITS`` travels once a reason is given or the entry criteria are met.
    """

    ALLOWED = "allowed"
    REFUSED = "refused"
    HELD = "held"
    PUT_BACK = "put_back"
    WAITS = "waits"


_CONSEQUENCES = {
    Undeclared.REPORT: Fate.REFUSED,
    Undeclared.HOLD: Fate.HELD,
    Undeclared.REVERT: Fate.PUT_BACK,
}


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """The fate of a person's moves, the stage both sides agree on afterwards and its cycle; ``why`` is for people."""

    fate: Fate
    stage: str | None
    cycle: int
    why: str = ""


def rehearse(
    course: Course,
    agreed: str | Missing | None,
    moves: Pair[tuple[Move, ...]],
    *,
    values: Mapping[str, Canonical],
    cycle: int = 1,
) -> Rehearsed:
    """What would become of these moves.

    :param agreed: where both sides agree that the person is; ``None`` for no stage, ``MISSING`` if they never agreed.
    :param moves: what was done on each side since then, oldest first.
    :param values: shared fields by name; entry criteria are held against these.
    """
    stage = None if isinstance(agreed, Missing) else agreed
    standing = Pair(*(_standing(stage, moves.of(side)) for side in SIDES))
    verdict = course.decide(agreed, standing, values=values, cycle=cycle)
    match verdict:
        case Stay():
            return Rehearsed(Fate.ALLOWED, stage, cycle, "nobody is moved by it")
        case Agree(shown, after):
            return Rehearsed(Fate.ALLOWED, shown, after, "both sides show it")
        case Take(_, taken, after, path):
            return Rehearsed(Fate.ALLOWED, taken, after, _way(path))
        case Wait(step):
            return Rehearsed(Fate.WAITS, stage, cycle, _told(step))
        case Refuse(step, consequence, _):
            return Rehearsed(_CONSEQUENCES[consequence], stage, cycle, _told(step))
        case Clash(paths, reason):
            moved = "; ".join(_told(step) for path in paths for step in path)
            return Rehearsed(Fate.HELD, stage, cycle, f"{reason}: {moved}")
    assert_never(verdict)


def _standing(agreed: str | None, moves: tuple[Move, ...]) -> Standing:
    return Standing(moves[-1].stage if moves else agreed, moves)


def _way(path: Path) -> str:
    return "; ".join(_told(step) for step in path)


def _told(step: Step) -> str:
    teams = ", ".join(sorted(step.teams)) or "no team"
    return step.why or f"{step.start or 'new'} -> {step.move.stage} by {teams}"
