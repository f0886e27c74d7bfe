"""What a run has met is told by number, creates apart; what fired too rarely is named."""

from __future__ import annotations

from sandbox.faults.catalogue import CATALOGUE
from syncd.lab.coverage import coverage, rare
from syncd.lab.scenario import expand
from syncd.lab.simulating import Played
from syncd.lab.swarm import CREATING, UNANSWERED

SEEDS = 400


def test_hits_of_creates_are_counted_apart() -> None:
    """They count by their fault, beside its firing; a fault whose creates are not counted lacks none."""
    fired = {"ghost-write": 30, "ghost-write batch.update": 27, "ghost-write creates": 3, "redirect": 30}
    met = coverage([], [Played("x", {"fired": fired}, 0.0)])
    assert (met["F09"].fired, met["F09"].creates, dict(met["F09"].on)) == (30, 3, {"batch.update": 27})
    assert met["F16"].creates is None
    scarce = rare(met, enough=4)
    assert "F09 at creates" in scarce
    assert not {"F09", "F16", "F16 at creates"} & set(scarce)
    assert "F09 at creates" not in rare(met, enough=3)


def test_the_swarm_aims_at_creates_and_somebody_is_created() -> None:
    """About one run in four, with each of the faults that leave a write in doubt, never beside an outage."""
    aimed = [
        (scenario, arming)
        for scenario in (expand(f"aimed {number}") for number in range(SEEDS))
        for arming in scenario.armed
        if arming.words.get("only") == CREATING
    ]
    assert SEEDS / 6 < len(aimed) < SEEDS / 3
    assert {arming.name for _, arming in aimed} == set(UNANSWERED)
    assert all(CATALOGUE[name].takes["only"] == "" for name in UNANSWERED)
    for scenario, arming in aimed:
        who = "crm" if arming.vendor == "hubspot" else "marketing"
        assert any(
            each.does == "create" and each.who == who and each.at >= arming.at and each.pick % 4
            for each in scenario.happenings
        )
        assert not any(each.words.get("probability") == 1.0 for each in scenario.armed)


def test_a_fault_says_what_it_hit_and_what_was_checked_in_its_plays() -> None:
    """Of a play in which it did not fire nothing counts; a kill is known by its point."""
    killed = {"killed": 2, "killed before settle": 2, "store fails": 1, "store fails save_run": 1}
    plays = [
        Played("x", {"fired": killed, "checked": ["P1", "P7"]}, 0.0),
        Played("y", {"fired": {"redirect": 1, "redirect query": 1}, "checked": ["P1"]}, 0.0),
    ]
    met = coverage([], plays)
    assert (met["F59"].fired, dict(met["F59"].on), dict(met["F59"].checked)) == (
        2,
        {"before settle": 2},
        {"P1": 1, "P7": 1},
    )
    assert (met["F62"].fired, dict(met["F62"].on)) == (1, {"save_run": 1})
    assert (dict(met["F16"].on), dict(met["F16"].checked)) == ({"query": 1}, {"P1": 1})
    assert dict(met["F17"].checked) == {}
