"""The judge of P15: a side that answers nothing is told of, by the clock of the process that polled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.lab.arena import Arena, open_arena
from syncd.lab.loudness import Loudness
from syncd.model.values import SIDES
from syncd.ports.memory import POLLED
from tests.simulation.crash_story import CONFIG

POLL = 30.0


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[Arena]:
    """Both vendors, and a store that remembers no poll."""
    made = open_arena(CONFIG, variant=None, folder=tmp_path)
    yield made
    made.store.close()


def polled(arena: Arena, *, skew: int = 0) -> None:
    """Both sides are noted as read at this moment, by a clock that is so many milliseconds wrong."""
    at = arena.clock.now() + timedelta(milliseconds=skew)
    for side in SIDES:
        arena.store.remember(POLLED.format(side=side), b"", at)


def answered(judge: Loudness) -> None:
    """Both sides have answered."""
    for side in SIDES:
        judge.heard(side)


def test_a_silence_that_nobody_tells_is_a_breach(arena: Arena) -> None:
    """Nothing has been answered for minutes, and yet the store says that both sides were just polled."""
    judge = Loudness(arena, POLL)
    answered(judge)
    judge.turned(0)
    arena.clock.advance(200)
    polled(arena)
    judge.turned(0)
    assert [(each.promise, each.where) for each in judge.broken] == [("P15", "marketing"), ("P15", "crm")]


def test_a_silence_that_is_told_is_none(arena: Arena) -> None:
    """The last poll is as old as the last answer, which is told."""
    judge = Loudness(arena, POLL)
    polled(arena)
    answered(judge)
    judge.turned(0)
    arena.clock.advance(200)
    judge.turned(0)
    assert (judge.asked, judge.broken) == (2, [])


def test_a_clock_that_jumped_is_judged_by_nothing_older(arena: Arena) -> None:
    """The next process begins with another clock: what the one before had noted tells it no age."""
    judge = Loudness(arena, POLL)
    polled(arena)
    answered(judge)
    judge.turned(0)
    arena.skew = -150_000
    arena.start()
    arena.clock.advance(120)
    judge.turned(arena.skew)
    assert (judge.asked, judge.broken) == (0, [])
    polled(arena, skew=arena.skew)
    answered(judge)
    judge.turned(arena.skew)
    arena.clock.advance(200)
    polled(arena, skew=arena.skew)
    judge.turned(arena.skew)
    assert len(judge.broken) == 2, "from then on it counts again"


def test_what_is_told_when_all_is_well_is_a_breach(arena: Arena) -> None:
    """Both sides were never polled, says syncd, after a turn that went well."""
    assert [each.promise for each in Loudness(arena, POLL).quiet()] == ["P15", "P15"]
    polled(arena)
    assert list(Loudness(arena, POLL).quiet()) == []
