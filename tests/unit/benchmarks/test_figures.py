"""Tables of figures, and the hash that figures are named with."""

from __future__ import annotations

import re

from benchmarks.figures import Figure, table
from benchmarks.people import changed_contact, changed_lead, contact, lead
from benchmarks.tree import tree_hash


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
