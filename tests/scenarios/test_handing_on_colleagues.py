"""Two people of one company are one handoff, and late each by themselves: whom sales has answered stays."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.scenarios.lifecycles import WORKING
from tests.scenarios.routings import Desk, configured, routing
from tests.scenarios.steps import HOUR
from tests.scenarios.test_handing_on import NEXT, WEEK, given, handed_on


def company_desk(folder: Path, to: str) -> Desk:
    """A desk at which three take turns, where the ledger is told of companies: one of them is one handoff."""
    config = configured(folder, routing(late={"to": to}))
    lifecycle = yaml.safe_load((config / "lifecycle.yaml").read_text(encoding="utf-8"))
    lifecycle["handoff"]["facts"] = {"owner": "owner", "company": "company_name"}
    (config / "lifecycle.yaml").write_text(yaml.safe_dump(lifecycle, sort_keys=False), encoding="utf-8")
    desk = Desk.over(config)
    desk.cycle()
    desk.cycle()
    return desk


@pytest.mark.parametrize(("to", "then"), [("queue", "New Leads"), ("next", "ben")])
def test_a_colleague_who_was_accepted_in_time_stays(tmp_path: Path, to: str, then: str) -> None:
    """Ann accepts the first person of Acme in time; she never touches the second one, who joins on Tuesday: that one
    alone is taken from her.
    """
    desk = company_desk(tmp_path, to)
    first = given(desk, 1)
    desk.cycle(after=3 * HOUR)
    desk.sell(desk.lead_of(first[0]), by=desk.user("ann"), Status=WORKING)
    desk.cycle(after=20 * HOUR)
    second = desk.qualified(1, begin=1)
    desk.cycle()
    desk.cycle()
    assert desk.owners([*first, *second]) == ["ann", "ann"]
    assert len(desk.both.store.episode_columns(("id",))) == 1
    desk.cycle(after=WEEK)
    desk.cycle()
    assert desk.owners([*first, *second]) == ["ann", then]
    assert len(handed_on(desk)) == 1


def test_two_who_are_late_are_handed_on_once_each(tmp_path: Path) -> None:
    """Ann touches neither: Ben has both, each by one decision and with one word to the ledger; his time begins anew."""
    desk = company_desk(tmp_path, NEXT["to"])
    contacts = given(desk, 2)
    assert desk.owners(contacts) == ["ann", "ann"]
    desk.cycle(after=WEEK)
    desk.cycle()
    assert desk.owners(contacts) == ["ben", "ben"]
    links = [link.id for link in desk.both.store.links("person")]
    assert [len(desk.both.store.assignments_of(link)) for link in links] == [2, 2], "the first owner, and the next"
    assert len(handed_on(desk)) == 2
    now = desk.both.clock.now().timestamp() * 1000
    assert all(due > now for (due,) in desk.both.store.member_columns(("touch_due",)))
