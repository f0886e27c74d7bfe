"""Three persons, three fields, and everything that can happen to them in any order (L3).

Hypothesis draws the steps, and makes a failing sequence of them small. Each example is a branch of one founded world
(``branch``): people at both vendors, the daemon's turns, kills within them, an operator, another rule in the
configuration. After every step the promises are asked that must hold at any time (P4, P5, P6, P9, P13), when it is
quiet those of the end (P1, P2, P3, P10; P7 since kills are among the steps). ``STATEFUL_EXAMPLES=300`` plays longer.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Final
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from syncd.lab import founding
from syncd.lab.arena import Arena
from syncd.model.mapping import Policy
from tests.simulation.branch import FIELDS, Branch
from tests.simulation.crash_story import WORLD, two_way

EXAMPLES: Final = int(os.environ.get("STATEFUL_EXAMPLES", "12"))
STEPS: Final = 50 if "STATEFUL_EXAMPLES" in os.environ else 14
SIDES: Final = st.sampled_from(["marketing", "crm"])
PEOPLE: Final = st.integers(0, 2)
MADE: Final = 2
"""How many persons may be added: few, so that what happens happens to the same ones."""
RULES: Final = [each.value for each in Policy if each is not Policy.UNION]
happened: Counter[str] = Counter()


@cache
def world() -> Arena:
    """Three persons known to both sides, linked and quiet."""
    with tempfile.TemporaryDirectory() as folder, patch.object(founding, "PEOPLE", (3, 3)):
        return founding.found(two_way(Path(folder) / "config"), variant=WORLD)


class Persons(RuleBasedStateMachine):
    """One example."""

    def __init__(self) -> None:
        super().__init__()
        self.branch = Branch(world())
        self.tokens = 0
        self.made = 0
        self.restless = 0

    def people(self, who: str, does: str, *, pick: int) -> None:
        """Somebody does something, with a value that is found nowhere else."""
        self.tokens += 1
        answer = self.branch.ask("people", who=who, does=does, pick=pick, token=f"zq{self.tokens:x}x{self.tokens}z")
        self.restless += 1
        happened[does] += bool(answer["done"]) and "refused" not in answer["done"][-1]

    @rule(who=SIDES, whom=PEOPLE, column=PEOPLE)
    def edit(self, who: str, whom: int, column: int) -> None:
        """One field of one person."""
        self.people(who, "edit", pick=97 * column + whom)  # as the crowd takes it apart

    @rule(who=SIDES, whom=PEOPLE, does=st.sampled_from(["email", "clear", "alike", "delete", "unsubscribe", "stage"]))
    def deed(self, who: str, whom: int, does: str) -> None:
        """Something else to one person."""
        self.people(who, does, pick=whom)

    @rule(who=SIDES, whom=PEOPLE)
    def restore(self, who: str, whom: int) -> None:
        """What was deleted comes back."""
        self.people(who, "restore", pick=whom)

    @rule(who=SIDES, whom=PEOPLE, does=st.sampled_from(["merge", "swap"]))
    def two(self, who: str, whom: int, does: str) -> None:
        """Two persons become one, or change their addresses."""
        self.people(who, does, pick=whom)

    @rule(whom=PEOPLE)
    def convert(self, whom: int) -> None:
        """A lead becomes a contact."""
        self.people("crm", "convert", pick=whom)

    @precondition(lambda self: self.made < MADE)
    @rule(who=SIDES, does=st.sampled_from(["create", "double"]), whom=PEOPLE)
    def make(self, who: str, does: str, whom: int) -> None:
        """Somebody new, or somebody whom the other side knows."""
        self.made += 1
        self.people(who, does, pick=whom)

    @rule(seconds=st.sampled_from([1.0, 30.0, 900.0]))
    def poll(self, seconds: float) -> None:
        """The daemon takes a turn."""
        happened[f"poll {self.branch.ask('poll', seconds=seconds)['ended']}"] += 1

    @rule(after=st.integers(1, 90))
    def crash(self, after: int) -> None:
        """The daemon takes a turn and is killed in it."""
        happened["killed"] += len(self.branch.ask("crash", after=after)["killed"])

    @rule(does=st.sampled_from(["resync", "full", "resolve", "pause"]), pick=PEOPLE)
    def operator(self, does: str, pick: int) -> None:
        """An operator wants something; or the machine stands still while another daemon works."""
        self.branch.ask("operator", does=does, pick=pick)
        happened[does] += 1

    @rule(field=st.sampled_from(FIELDS), policy=st.sampled_from(RULES))
    def configure(self, field: str, policy: str) -> None:
        """Another rule for one field."""
        self.branch.ask("rule", field=field, policy=policy)
        happened["configured"] += 1

    @precondition(lambda self: self.restless >= 4)
    @rule()
    def stabilize(self) -> None:
        """No more edits for a while, and then everything is as promised."""
        self.restless = 0
        self.branch.ask("stabilize")
        happened["stabilized"] += 1

    def teardown(self) -> None:
        """At the end it is quiet, too."""
        try:
            self.branch.ask("stabilize")
            happened["stabilized"] += 1
        finally:
            self.branch.close()


@pytest.mark.slow
def test_whatever_happens_in_whatever_order_the_promises_hold() -> None:
    """P1 to P7, P9, P10 over random sequences; and what can happen did happen."""
    happened.clear()
    run_state_machine_as_test(
        Persons,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize="STATEFUL_EXAMPLES" not in os.environ,
            database=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert happened["stabilized"] >= EXAMPLES
    assert happened["edit"] >= 1  # hypothesis draws anew each time; how often is up to it
    assert happened["poll done"] + happened["poll partial"] >= 1
    assert happened["killed"] >= 1
