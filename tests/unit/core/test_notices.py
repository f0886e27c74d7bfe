"""What is news to a target: states, not sightings."""

from __future__ import annotations

from datetime import timedelta

from syncd.core.notices import NAMED, REMEMBERED, news, state, together
from syncd.model.notice import Heard, Target
from tests.fakes import START

HOUR = 3600.0
OPS = Target("ops", frozenset({"brake.held", "handoff.overdue", "side.not_itself"}))
BRAKE = {"kind": "person", "measure": "updates", "side": "crm", "field": "title"}


def held(seconds: float = 0, **more: str) -> Heard:
    """The brake holds something."""
    return Heard("brake.held", START + timedelta(seconds=seconds), ({**BRAKE, **more},))


def test_a_state_is_what_names_something() -> None:
    """More of the same, later or with another digest is the same state; another field is another one."""
    first = state("brake.held", {**BRAKE, "records": "5", "digest": "a"})
    assert first == state("brake.held", {**BRAKE, "records": "500", "digest": "b", "held": "9"})
    assert first != state("brake.held", {**BRAKE, "field": "city"})


def test_a_state_is_told_once_and_again_after_a_while() -> None:
    """Not at each sighting."""
    found, told = news([held()], OPS, {}, now=START, repeat=4 * HOUR)
    assert [(each.event, each.count) for each in found] == [("brake.held", 1)]
    for hours, count in ((0.01, 0), (3.9, 0), (4.0, 1), (4.1, 0)):
        found, told = news([held()], OPS, told, now=START + timedelta(hours=hours), repeat=4 * HOUR)
        assert len(found) == count, hours
    found, _ = news([held()], OPS, told, now=START + timedelta(days=300), repeat=0)
    assert not found, "with 0 never again"


def test_what_ended_is_told_when_it_begins_anew() -> None:
    """But a part that was released ends nothing, nor does the end of another side's."""
    _, told = news([held()], OPS, {}, now=START, repeat=4 * HOUR)
    later = START + timedelta(minutes=1)

    def again(**more: str) -> int:
        item = {**BRAKE, **more}
        ended = Heard("brake.released", START, (item,))
        found, _ = news([ended, held(1)], OPS, told, now=later, repeat=4 * HOUR)
        return sum(1 for each in found if each.event == "brake.held")

    assert again(held="0", records="7") == 1
    assert again(held="3", records="7") == 0
    assert again(field="city", held="0") == 0


def test_sides_end_apart() -> None:
    """The end names no record."""
    wrong = Heard("side.not_itself", START, ({"side": "crm", "record": "Account/1", "reason": "gone"},))
    _, told = news([wrong], OPS, {}, now=START, repeat=HOUR)
    for side, count in (("marketing", 0), ("crm", 1)):
        fine = Heard("side.itself_again", START, ({"side": side},))
        again = Heard(wrong.event, START + timedelta(seconds=1), wrong.items)
        found, _ = news([fine, again], OPS, told, now=START, repeat=HOUR)
        assert [each.event for each in found] == ["side.itself_again", "side.not_itself"] * count


def test_a_burst_is_one_entry() -> None:
    """All are counted, ten are named, and none is told again."""
    late = Heard("handoff.overdue", START, tuple({"episode": f"e{n}", "clock": "touch"} for n in range(500)), more=7)
    (found,), told = news([late], OPS, {}, now=START, repeat=HOUR)
    assert (found.count, len(found.named), len(told)) == (507, NAMED, 500)
    same = Heard(late.event, START, late.items)
    assert news([same], OPS, told, now=START, repeat=HOUR)[0] == ()


def test_what_two_processes_heard_counts_once() -> None:
    """In the order of what was heard first."""
    one, other = held(5, records="1"), held(9, records="2")
    overdue = Heard("handoff.overdue", START, ({"episode": "e"},))
    assert [(each.event, len(each.items)) for each in together([other, one, overdue])] == [
        ("handoff.overdue", 1),
        ("brake.held", 1),
    ]


def test_who_did_not_ask_for_it_is_told_nothing_of_it() -> None:
    """Even if an end was heard for others."""
    nobody = Target("nobody", frozenset({"store.restored"}))
    assert news([held(), Heard("brake.released", START, (BRAKE,))], nobody, {}, now=START, repeat=HOUR) == ((), {})


def test_memory_is_bounded() -> None:
    """The latest states are kept."""
    old = {f"handoff.overdue\tepisode={n}": n for n in range(REMEMBERED)}
    _, told = news([held()], OPS, old, now=START, repeat=0)
    assert len(told) == REMEMBERED
    assert state("brake.held", BRAKE) in told


def test_what_does_not_stand_is_told_each_time() -> None:
    """A start is a start, though the last one was a minute ago."""
    target = Target("ops", frozenset({"service.started"}))
    told: dict[str, int] = {}
    for _ in range(2):
        started = Heard("service.started", START, ({"worker": "w", "version": "1"},))
        found, told = news([started], target, told, now=START, repeat=0)
        assert (len(found), told) == (1, {})


def test_the_end_is_told_to_whoever_was_told_of_the_beginning() -> None:
    """Though nobody asked for the event of the end; not to whom it never began for, and once."""
    released = Heard("brake.released", START, ({**BRAKE, "held": "0", "records": "7"},))
    assert news([released], OPS, {}, now=START, repeat=HOUR)[0] == ()
    _, told = news([held()], OPS, {}, now=START, repeat=HOUR)
    after = START + timedelta(days=2)
    (over,), left = news([released], OPS, told, now=after, repeat=HOUR)
    assert (over.event, over.count, len(over.ended), left) == ("brake.released", 1, 1, {})
    assert news([released], OPS, left, now=after, repeat=HOUR)[0] == ()
    nobody = Target("sales", frozenset({"handoff.overdue"}))
    assert news([held(), released], nobody, {}, now=START, repeat=HOUR)[0] == ()


def test_what_follows_from_an_outage_is_not_told_beside_it() -> None:
    """As long as it lasts, and to whoever was told of it."""
    target = Target("ops", frozenset({"vendor.down", "turn.failed"}))
    down = Heard("vendor.down", START, ({"side": "crm"},))
    up = Heard("vendor.up", START + timedelta(seconds=9), ({"side": "crm"},))
    failed = Heard("turn.failed", START + timedelta(seconds=1), ({"error": "RetryLater"},))
    found, told = news([down, failed], target, {}, now=START, repeat=HOUR)
    assert [each.event for each in found] == ["vendor.down"]
    found, told = news([failed, up], target, told, now=START, repeat=HOUR)
    assert [each.event for each in found] == ["vendor.up"]
    found, _ = news([failed], target, told, now=START, repeat=HOUR)
    assert [each.event for each in found] == ["turn.failed"]
