"""The change cursor: what is asked again and what is not, and that no other text passes for one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.salesforce import cursor as cursors
from connectors.salesforce.cursor import MOST_RECENT, Mark, marked
from syncd.model.errors import Bug, UnusableCursor
from syncd.model.remote import Cursor

T = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def id_of(number: int) -> str:
    """A Lead's id."""
    return f"00Q{number:012d}EAA"


def second(number: int) -> datetime:
    """An instant so many seconds after T."""
    return T + timedelta(seconds=number)


@given(st.lists(st.integers(0, 12), max_size=600), st.integers(0, 13))
def test_no_row_is_excluded_whose_second_was_not_over(stamps: list[int], over: int) -> None:
    """Excluded rows lie in the window, were read after their second, and are few; a row of the second that is still
    going on is asked for again.
    """
    seen = {id_of(number): second(at) for number, at in enumerate(stamps)}
    edge = max(seen.values(), default=T)
    mark = marked(Mark.at(T), seen, edge=min(edge, second(over)), over=second(over), looked=T)
    assert len(mark.recent) <= MOST_RECENT
    for id_, at in mark.recent.items():
        assert mark.floor <= at < second(over)
        assert at <= mark.edge
        assert seen[id_] == at
    for id_, at in seen.items():
        if at == second(over) == mark.edge:
            assert id_ not in mark.recent
            assert mark.floor <= at


@given(st.dictionaries(st.integers(0, 999), st.integers(-5, 0), max_size=50))
def test_a_cursor_reads_back(ages: dict[int, int]) -> None:
    """What is written is what is read, for every object."""
    recent = {id_of(number): second(age) for number, age in ages.items()}
    marks = {"Lead": Mark(T, second(-5), recent, second(-300)), "Contact": Mark.at(T)}
    assert cursors.read_marks(cursors.write_marks(marks), marks) == marks


def test_an_object_that_is_new_in_the_mapping_starts_at_the_oldest_look() -> None:
    """Nothing between is skipped for it."""
    held = cursors.write_marks({"Lead": Mark(T, T, {}, second(-300))})
    assert cursors.read_marks(held, ["Lead", "Contact"])["Contact"] == Mark.at(second(-300))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[]",
        "{}",
        '{"v":2,"changes":{}}',
        '{"v":1,"scan":{}}',
        '{"v":1,"changes":{"Lead":{}}}',
        '{"v":1,"changes":{}}',
    ],
)
def test_what_is_no_change_cursor_is_refused(text: str) -> None:
    """A position that is misread would lose changes without a word."""
    with pytest.raises(UnusableCursor, match="cannot be read"):
        cursors.read_marks(Cursor(text), ["Lead"])


def test_scan_and_departure_cursors_are_not_mixed_up() -> None:
    """Each kind reads only its own."""
    scan, sweep = cursors.write_scan("Lead", id_of(1)), cursors.write_sweep({"Lead": T})
    assert cursors.read_scan(scan) == ("Lead", id_of(1))
    assert cursors.read_sweep(sweep) == {"Lead": T}
    assert cursors.read_sweep(None) == {}
    with pytest.raises(Bug):
        cursors.read_scan(sweep)
    with pytest.raises(Bug):
        cursors.read_sweep(scan)
