"""Moves in words: the rule of a write that the lifecycle decided, the reason of a listed one, and both read again.

An audit and a list of conflicts keep words, not objects, so that people can read them; a backtest reads them back. What
is written here and what reads it stand together, since neither may change alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from syncd.core.lifecycle import Path, Step
from syncd.model.values import Instant, Side, instant, stamp

RULE: Final = "lifecycle: "
"""How the rule of every write begins that the lifecycle decided."""
_UNFILLED: Final = re.compile(r"(\S+) needs .+? to be filled")
"""What ``Course.ready`` says of entry fields that are empty."""
_STEP: Final = re.compile(r"(\S+) -> (\S+) by (.*)")
_BACK: Final = re.compile(r"(\S+) -> (\S+) is not declared: put back")
_TOLD: Final = re.compile(
    r"(?P<start>\S+) -> (?P<stage>no stage|\S+) on the (?P<side>marketing|crm) side by (?P<by>.+?)"
    r"(?: at (?P<at>\d{4}-\S+Z))?(?= \(|;|$)"
)


@dataclass(frozen=True, slots=True)
class Travelled:
    """One step of a write that the lifecycle decided, as its rule tells it: ``teams`` are in whose name it was made."""

    start: str
    stage: str
    teams: frozenset[str]


@dataclass(frozen=True, slots=True)
class Spotted:
    """One move of a listed one, as its reason tells it; ``by`` is its author as people are told."""

    start: str
    stage: str | None
    side: Side
    by: str
    at: Instant | None


def way_told(path: Path) -> str:
    """A path in the words of an audit."""
    if not path:
        return "first link"
    steps = (f"{step.start or 'new'} -> {step.move.stage} by {', '.join(sorted(step.teams))}" for step in path)
    return ", then ".join(steps)


def travelled(rule: str) -> tuple[Travelled, ...]:
    """The steps that the rule of a write tells; none of a first link, a step put back, or another rule."""
    if not rule.startswith(RULE):
        return ()
    found = [_STEP.fullmatch(part) for part in rule.removeprefix(RULE).split(", then ")]
    return tuple(
        Travelled(step[1], step[2], frozenset(step[3].split(", ") if step[3] else ())) for step in found if step
    )


def put_back(rule: str) -> tuple[str, str] | None:
    """From where to where the move went that a write has put back; ``None`` of any other write."""
    found = _BACK.fullmatch(rule.removeprefix(RULE)) if rule.startswith(RULE) else None
    return (found[1], found[2]) if found else None


def spotted(reason: str) -> tuple[Spotted, ...]:
    """The moves that the reason of a listed one tells, in their order."""
    return tuple(
        Spotted(
            found["start"],
            None if found["stage"] == "no stage" else found["stage"],
            Side(found["side"]),
            found["by"],
            instant(found["at"]) if found["at"] else None,
        )
        for found in _TOLD.finditer(reason)
    )


def unfilled(reason: str) -> frozenset[str]:
    """The stages that somebody waits for since entry fields of them are empty, by the reason that is listed."""
    return frozenset(_UNFILLED.findall(reason))


def step_told(step: Step) -> str:
    """One move and its author, for people."""
    at = f" at {stamp(step.move.at)}" if step.move.at is not None else ""
    move = f"{step.start or 'new'} -> {step.move.stage or 'no stage'}"
    return (
        f"{move} on the {step.side} side by {step.move.author}{at} ({step.why})"
        if step.why
        else (f"{move} on the {step.side} side by {step.move.author}{at}")
    )
