"""Tables of figures, and the hash that figures are named with."""

from __future__ import annotations

import json
import re

import pytest

from benchmarks.benches import BENCHES
from benchmarks.crowded import first_name, last_name, linked, person
from benchmarks.figures import Figure, table
from benchmarks.goals import GOALS, goals_table
from benchmarks.measures import share, slope
from benchmarks.people import changed_contact, changed_lead, contact, lead
from benchmarks.tree import RESULTS, tree_hash


def test_a_table_says_which_goals_were_met() -> None:
    """A figure at its goal is met, one above it missed, one without a goal neither."""
    lines = table(
        [Figure("at", 8, "calls", 8), Figure("above", 8.25, "calls", 8), Figure("free", 12_345.6, "records/s")]
    )
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    assert cells == [
        ["at", "8 calls", "<= 8", "met"],
        ["above", "8.25 calls", "<= 8", "missed"],
        ["free", "12,346 records/s", "", ""],
    ]


def test_figures_survive_the_results_file() -> None:
    """A figure is the same after it was written and read, with and without a goal."""
    for figure in (Figure("one", 1.5, "s", 2.0), Figure("two", 3.0, "MB")):
        assert Figure(**figure.to_json()) == figure


def test_both_sides_hold_the_same_thirty_fields() -> None:
    """A person of the benchmarks has thirty fields on each side, and each edit names fields that exist."""
    assert len(contact(7)) == 30
    assert len(lead(7, key="1")) == 31  # and the key
    assert changed_contact(10, turn=1).keys() == {"bench_01", "phone", "email"}
    assert changed_contact(10, turn=1).keys() <= contact(10).keys()
    assert changed_lead(10, turn=1).keys() <= lead(10, key="1").keys()


def test_the_tree_has_a_stable_hash() -> None:
    """Twelve hex digits, the same twice."""
    first = tree_hash()
    assert re.fullmatch(r"[0-9a-f]{12}", first)
    assert tree_hash() == first


def test_a_goal_may_be_the_least() -> None:
    """What must be at least so much is met at it and missed below, and says so."""
    lines = table([Figure("at", 2, "times", least=2), Figure("below", 1.5, "times", least=2)])
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    assert cells == [["at", "2 times", ">= 2", "met"], ["below", "1.50 times", ">= 2", "missed"]]


def test_goals_name_figures_that_there_are() -> None:
    """Each goal's figures are among the results of their bench, and have a goal; the goals are P1 to P20 and more."""
    results = json.loads(RESULTS.read_text())
    assert [goal.id for goal in GOALS if goal.id.startswith("P")] == [f"P{number}" for number in range(1, 21)]
    for goal in GOALS:
        for bench, name in goal.shown_by:
            assert bench in BENCHES
            if bench in results:
                (figure,) = [Figure(**each) for each in results[bench]["figures"] if each["name"] == name]
                assert figure.judged, name
        assert goal.shown_by or goal.but, goal.about


def test_the_table_of_goals_lists_what_was_missed() -> None:
    """Missed and unmeasured goals are told apart, each by name, and nothing is left out."""
    figures = [
        Figure("calls of an idle cycle of one kind", 4, "calls", 4),
        Figure("records written by an idle cycle", 1, "records", 0),
        Figure("rows of links and bases written by an idle cycle", 0, "rows", 0),
        *(
            Figure(f"calls per 1,000 changed records {way}, with read-back and echo", 7, "calls", 8)
            for way in ("to Salesforce", "to HubSpot")
        ),
    ]
    lines = goals_table({"calls": {"figures": [each.to_json() for each in figures]}})
    missed, unmeasured, limited = (
        lines.index(title) for title in ("Missed:", "Not measured:", "Measured with limits:")
    )
    assert lines[missed + 2 : unmeasured - 1] == ["- P5, records written by an idle cycle: 1 records, must be <= 0"]
    left_out = {line.partition(",")[0].removeprefix("- ") for line in lines[unmeasured + 2 : limited - 1]}
    assert {"P3", "P4", "P20", "Console", "Freshness"} <= left_out
    assert not {"P1", "P2", "P5"} & left_out
    assert {line.partition(",")[0] for line in lines[limited + 2 :] if line} == {"- P4"}


def test_a_slope_is_that_of_the_logarithms() -> None:
    """In proportion it is 1, whatever the factor; with the square 2; where nothing grows 0."""
    sizes = (10, 30, 100, 300)
    assert slope([(size, 7 * size) for size in sizes]) == pytest.approx(1)
    assert slope([(size, size**2) for size in sizes]) == pytest.approx(2)
    assert slope([(size, 5) for size in sizes]) == pytest.approx(0)


def test_a_share_is_of_sorted_values() -> None:
    """Half of them, 95 % of them; nothing at all never arrives."""
    assert share([1, 2, 3, 4], 0.5) == 3
    assert share(list(range(100)), 0.95) == 95
    assert share([], 0.95) == float("inf")


def test_made_up_people_are_found_by_what_they_are_called() -> None:
    """Names differ, ids are each somebody's own, and both sides hold what was agreed."""
    assert len({linked(number)[0].id for number in range(5_000)}) == 5_000
    assert len({first_name(number) for number in range(5_000)}) == 768
    assert len({last_name(number) for number in range(5_000)}) > 2_000
    _, base = linked(7)
    assert base.confirmed.crm["LastName"] == base.agreed["last_name"] == person(7)["last_name"]
