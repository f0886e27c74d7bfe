"""What waits to be told at one time: each state once, what passed counted, and an end for whoever heard of it."""

from __future__ import annotations

from collections.abc import Container

import pytest

from syncd.core.later import KEPT, Later
from syncd.core.notices import NAMED, state
from syncd.model.notice import Item, News
from tests.fakes import START

CRM, MARKETING = {"side": "crm"}, {"side": "marketing"}
DOWN_CRM = state("vendor.down", CRM)


def news(event: str, *items: Item, more: int = 0, ended: tuple[str, ...] = ()) -> News:
    """So many of one kind of event, all named but ``more``."""
    return News(event, items, len(items) + more, ended)


def later(*found: News, told: Container[str] = ()) -> Later:
    """What waits after these, one by one."""
    waits = Later(START)
    for each in found:
        waits.add([each], told=told)
    return waits


def up(*ended: str) -> News:
    """Salesforce answers again, which ends these."""
    return news("vendor.up", CRM, ended=ended)


DOWN = news("vendor.down", CRM)
PAGE = news("run.failed", {"error": "Bug", "run": "r1"})


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ([], []),
        ([DOWN], [DOWN]),
        # a state is there once, however often it was news; what happens is there once for each time
        ([DOWN, DOWN], [DOWN]),
        ([DOWN, news("vendor.down", MARKETING)], [news("vendor.down", CRM, MARKETING)]),
        ([PAGE, PAGE, PAGE], [news("run.failed", *PAGE.named * 3)]),
        # by event, in the order in which each came first
        ([PAGE, DOWN, PAGE], [news("run.failed", *PAGE.named * 2), DOWN]),
        # what is only counted is counted
        ([news("run.failed", more=2), news("run.failed", more=3)], [news("run.failed", more=5)]),
        ([news("vendor.down", CRM, more=4)], [news("vendor.down", CRM, more=4)]),
        # what ended is over before anybody was told, and nothing of it is left
        ([DOWN, up(DOWN_CRM)], []),
        ([DOWN, up(DOWN_CRM), DOWN], [DOWN]),
        # of what somebody was told of before the end is news; an end stands before what began
        ([up(DOWN_CRM)], [up(DOWN_CRM)]),
        ([PAGE, DOWN, up("vendor.down\tside=crm\tx=1")], [up("vendor.down\tside=crm\tx=1"), PAGE, DOWN]),
        ([DOWN, up(DOWN_CRM, "vendor.down\tside=crm\tx=1")], [up("vendor.down\tside=crm\tx=1")]),
    ],
)
def test_what_is_told_of_what_came(found: list[News], told: list[News]) -> None:
    """What came one by one, and what of it is told at the next time."""
    waits = later(*found)
    assert waits.told() == tuple(told)
    assert later().told() == ()


def test_what_was_told_before_and_waits_once_more_ends_with_it() -> None:
    """The state that stood is told of once more; its end is news all the same, and nothing is passed over."""
    again = later(DOWN, DOWN, told={DOWN_CRM})
    assert again.told() == (DOWN,), "and waits once"
    again.add([up(DOWN_CRM)], told={DOWN_CRM})
    assert again.told() == (up(DOWN_CRM),)
    assert (again.passed, again.more) == (0, {})


def test_what_came_and_went_is_counted() -> None:
    """One for each that waited, none for one of which somebody was told before."""
    both = news("vendor.up", CRM, MARKETING, ended=(DOWN_CRM, state("vendor.down", MARKETING)))
    waits = later(news("vendor.down", CRM, MARKETING), both)
    assert (waits.passed, waits.told()) == (2, ())
    waits.add([DOWN, up(DOWN_CRM), up(DOWN_CRM)])
    assert (waits.passed, waits.told()) == (3, (up(DOWN_CRM),))


def test_one_that_came_and_went_hides_no_other() -> None:
    """Two sides are up again, of which one was never told to be down."""
    both = news("vendor.up", CRM, MARKETING, ended=(DOWN_CRM, state("vendor.down", MARKETING)))
    waits = later(DOWN, both)
    assert (waits.passed, waits.told()) == (1, (news("vendor.up", MARKETING, ended=both.ended[1:]),))


def test_beyond_what_is_kept_apart_all_is_counted() -> None:
    """So many entries are kept and the rest is a number; of those kept a message names the first ones."""
    many = [{"record": f"Lead/{number}"} for number in range(KEPT + 2)]
    waits = later(news("dead.letter", *many, more=7), news("run.failed", PAGE.named[0]))
    assert len(waits.entries) == KEPT
    assert waits.more == {"dead.letter": 2 + 7, "run.failed": 1}
    assert waits.told() == (
        News("dead.letter", tuple(many[:NAMED]), KEPT + 2 + 7),
        News("run.failed", (), 1),
    )
    waits.add([news("dead.letter", *many[:1])])
    assert waits.more["dead.letter"] == 10
    full = later(news("vendor.down", *({"side": str(number)} for number in range(KEPT))))
    full.add([news("vendor.down", {"side": "3"})])
    assert full.more == {}, "a state that waits already takes no other place"


@pytest.mark.parametrize(
    ("waits", "anything"),
    [
        (Later(START), False),
        (later(DOWN), True),
        (later(news("run.failed", more=1)), True),
        (Later(START, passed=1), True),
        (Later(START, rested="planned work"), True),
    ],
)
def test_whether_anything_waits(waits: Later, anything: bool) -> None:
    """Something to tell, something to count, something that was over, or alerts that rested."""
    assert bool(waits) is anything
