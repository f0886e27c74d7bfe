"""A process killed at every point of one story: the next one goes on, and every promise holds (L5).

The story is played once undisturbed, which numbers its points; then it is played again for each number, and killed
there. By default each sort of point is killed and every so many of all; ``CRASH_POINTS=all`` kills at each. The store
fails in the same way: one call, or all of them until the process starts anew.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest

from syncd.lab.founding import found
from syncd.lab.lives import WRITES
from syncd.lab.scenario import Scenario
from syncd.lab.simulating import Played, played
from syncd.lab.simulation import Result, play
from tests.simulation.crash_story import STORY, two_way

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("crash points")]  # one play of them all is enough
ALL: Final = os.environ.get("CRASH_POINTS") == "all"
EVERY: Final = 1 if ALL else 60
"""Which of the points are killed besides one of each sort."""
PAIRS: Final = 300 if ALL else 6
FAILURES: Final = 100 if ALL else 3
FOR_LONG: Final = 2_000
"""More store calls than there are until the process starts anew."""


@dataclass(frozen=True)
class Undisturbed:
    """The story as it goes by itself: ``names`` are those of its points at which a life can end, in order."""

    config: Path
    result: Result
    names: Sequence[str]

    def sorts(self) -> Mapping[str, int]:
        """One point of each sort, drawn from those that there are."""
        chance = random.Random("sorts")
        points: dict[str, list[int]] = {}
        for number, name in enumerate(self.names, 1):
            points.setdefault(name, []).append(number)
        return {name: chance.choice(numbers) for name, numbers in points.items()}

    def stored(self) -> int:
        """How many store calls there are that can fail."""
        return sum(1 for name in self.names if name.startswith("before ") and name.removeprefix("before ") in WRITES)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """Founded and played once."""
    config = two_way(tmp_path_factory.mktemp("story") / "config")
    arena = found(config, variant=STORY.world)
    arena.effects.names = []
    result = play(arena, STORY)
    return Undisturbed(config, result, tuple(arena.effects.names[: result.exposed]))


def kills(story: Undisturbed) -> Iterator[Scenario]:
    """One kill a play."""
    points = {*range(1, len(story.names) + 1, EVERY), *story.sorts().values()}
    for number in sorted(points):
        yield replace(STORY, seed=f"kill {number}", kills=(number,))


def pairs(story: Undisturbed) -> Iterator[Scenario]:
    """A kill, and another one while things are put right."""
    chance = random.Random("pairs")
    for _ in range(PAIRS):
        first = chance.randrange(1, len(story.names) * 3 // 4)
        second = first + chance.choice((chance.randint(1, 10), chance.randint(1, 60)))
        yield replace(STORY, seed=f"pair {first} {second}", kills=(first, second))


def failures(story: Undisturbed) -> Iterator[Scenario]:
    """One store call that fails; or all of them from one on, until the process starts anew."""
    chance = random.Random("failures")
    for number in chance.sample(range(1, story.stored() + 1), min(FAILURES, story.stored())):
        yield replace(STORY, seed=f"once {number}", failing=(number,))
    for number in chance.sample(range(1, story.stored() + 1), min(FAILURES, story.stored())):
        yield replace(STORY, seed=f"from {number} on", failing=tuple(range(number, number + FOR_LONG)))


@pytest.fixture(scope="module")
def verdicts(story: Undisturbed) -> Mapping[str, Played]:
    """Everything, played on all cores."""
    beyond = replace(STORY, seed="beyond", kills=(len(story.names) + 1,))
    unresolved = replace(
        STORY, seed="unresolved", happenings=tuple(each for each in STORY.happenings if each.does != "resolve")
    )
    scenarios = [*kills(story), *pairs(story), *failures(story), beyond, unresolved]
    return {each.seed: each for each in played(scenarios, config=story.config, workers=os.cpu_count() or 1)}


def broken(verdicts: Mapping[str, Played], story: Undisturbed, *sorts: str) -> list[str]:
    """What these plays broke, and where they were killed."""
    told = []
    for seed, each in verdicts.items():
        sort, number = seed.split(" ")[:2] if " " in seed else (seed, "1")
        if sort in sorts and each.violations:
            told.append(f"{seed} ({story.names[int(number) - 1]}): {'; '.join(map(str, each.violations[:3]))}")
    return told


def test_the_story_has_everything_in_it(story: Undisturbed, verdicts: Mapping[str, Played]) -> None:
    """Undisturbed it breaks nothing, and all that is to come up does, so that the kills below prove what they say."""
    assert story.result.violations == []
    done = "\n".join(story.result.done)
    for deed in ("marketing new contacts/", "crm new Lead/", "merges", "converts", "deletes", "unsubscribes",
                 "HasOptedOutOfEmail=true", "Status="):  # fmt: skip
        assert deed in done, deed
    assert "refused" not in done
    fired = story.result.fired
    assert (fired["ghost-write"], fired["resync"], fired["resolve"]) == (2, 1, 1)
    assert (story.result.listed, verdicts["unresolved"].result["listed"]) == (0, 1)  # a clash, and a person decided it
    for name in ("begin", "settle", "save_run", "take_lease", "release_lease"):
        assert {f"before {name}", f"after {name}"} <= set(story.names)


def test_a_kill_at_any_point_breaks_nothing(story: Undisturbed, verdicts: Mapping[str, Played]) -> None:
    """P7: after a kill before or after any effect, no edit is lost, nobody is there twice, both sides agree."""
    assert broken(verdicts, story, "kill") == []


def test_every_sort_of_point_was_killed_and_their_number_is_complete(
    story: Undisturbed, verdicts: Mapping[str, Played], record_property: Callable[[str, object], None]
) -> None:
    """Each numbered point that was chosen ends a life, every sort of point is among them, and beyond the last number
    nothing is killed: there is no effect without a number.
    """
    killed = {each.scenario for each in map(_numbered, verdicts.values()) if each.crashes == 1}
    chosen = {scenario.kills[0] for scenario in kills(story)}
    assert killed == chosen
    assert {story.names[number - 1] for number in killed} == set(story.names)
    sorts = len(set(story.names))
    told = f"{len(story.names):,} of {sorts} sorts; {len(killed)} killed, each sort among them"
    record_property("crash points", told)
    beyond = verdicts["beyond"].result
    assert (beyond["crashes"], beyond["trace"]) == (0, story.result.trace)


@dataclass(frozen=True)
class _Numbered:
    scenario: int
    crashes: int


def _numbered(each: Played) -> _Numbered:
    sort, _, number = each.seed.partition(" ")
    return _Numbered(int(number) if sort == "kill" else 0, each.result["crashes"] if sort == "kill" else 0)


def test_a_second_kill_while_the_first_is_put_right_breaks_nothing(
    story: Undisturbed, verdicts: Mapping[str, Played]
) -> None:
    """P7 twice: putting right what a kill left may be killed itself. Most pairs kill twice."""
    crashes = [each.result["crashes"] for seed, each in verdicts.items() if seed.startswith("pair ")]
    assert min(crashes) >= 1
    assert sum(number == 2 for number in crashes) >= len(crashes) * 0.6
    assert broken(verdicts, story, "pair") == []


def test_a_store_call_that_fails_breaks_nothing(story: Undisturbed, verdicts: Mapping[str, Played]) -> None:
    """Once, or from then on until the process starts anew: no write is sent that is not on record, and none is lost."""
    failed = {seed: each.result["fired"].get("store fails", 0) for seed, each in verdicts.items()}
    assert all(number == 1 for seed, number in failed.items() if seed.startswith("once "))
    assert all(number >= 1 for seed, number in failed.items() if seed.startswith("from "))
    assert broken(verdicts, story, "once", "from") == []
