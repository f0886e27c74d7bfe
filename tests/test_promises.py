"""The page of the promises names, for each fault that no simulation can play alone, the tests that play it."""

from __future__ import annotations

import pytest

from deploy.facts import marked
from deploy.promises import NAMED, promises
from syncd.lab.coverage import OWN

pytestmark = pytest.mark.xdist_group("sources")  # of which one process reads all tests once


@pytest.mark.parametrize("number", NAMED)
def test_every_fault_on_the_page_has_a_test(number: str) -> None:
    """And the page names it."""
    tests = marked("fault").get(number)
    assert tests, f"no test is marked pytest.mark.fault({number!r})"
    (row,) = [line for line in promises() if line.startswith(f"| {number} |") and "::" in line]
    assert all(test in row for test in tests)


def test_no_test_names_a_fault_that_the_page_does_not_know() -> None:
    """A number that was mistyped proves nothing."""
    assert marked("fault").keys() == NAMED.keys()


def test_the_faults_of_the_machine_are_played_somewhere() -> None:
    """Those from F59 on are no vendor's: the simulation arms them, or a test plays them."""
    assert {f"F{number}" for number in range(59, 72)} <= NAMED.keys() | OWN.keys()
