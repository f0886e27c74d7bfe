"""Whose stage goes first where the brake lets only some go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from syncd.core.windows import Windows
from syncd.model.brake import HOUR
from syncd.model.link import Base
from syncd.model.plan import Decision, Update
from syncd.model.remote import RemoteRecord, RemoteRef
from syncd.model.values import Pair
from tests.fakes import START
from tests.unit.core.test_guard import guard, update


def entered(number: int, *, grade: str | None = None, hour: int = 0) -> Decision:
    """Somebody who became an MQL at that hour, with a grade that was agreed on before."""
    decision = update(number, before="lead", stage="mql")
    record = RemoteRecord(RemoteRef("contacts", str(number)), "1", START + hour * HOUR, {}, {})
    base = None if grade is None else Base({"grade": grade}, Pair({}, {}))
    return replace(decision, base=base, seen=Pair(record, None))


def flowing(decisions: Sequence[Decision]) -> list[str]:
    """Whose stage is written, by link."""
    return [each.link.id for each in decisions if any(isinstance(action, Update) for action in each.actions)]


def test_of_stages_the_best_grade_goes_first_and_then_the_latest_entry() -> None:
    """Five of eight may go; whoever has no grade comes after all who have one. What waits knows its place in line."""
    plan = [
        entered(0, grade="B", hour=9), entered(1, hour=9), entered(2, grade="A", hour=1), entered(3, grade="B", hour=2),
        entered(4, grade="A", hour=3), entered(5, hour=8), entered(6, grade="B", hour=4), entered(7, grade="C", hour=9),
    ]  # fmt: skip
    judging = guard(Windows())
    assert flowing(judging.sift(plan)) == ["L0", "L2", "L3", "L4", "L6"]
    assert {stop.change.record: stop.change.rank for stop in judging.stops} == {
        "link:L1": 3,
        "link:L5": 3,
        "link:L7": 2,
    }
    alone = guard(Windows())
    assert flowing(alone.sift([entered(n, hour=n) for n in range(8)])) == ["L3", "L4", "L5", "L6", "L7"]
