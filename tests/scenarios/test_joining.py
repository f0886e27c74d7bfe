"""A second person of a company whose handoff is open: the same owner, and a wait of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.scenarios.lifecycles import CLOSED, WORKING
from tests.scenarios.routings import Desk, address, configured, routing
from tests.scenarios.steps import HOUR


def desk_of(folder: Path, facts: dict[str, str]) -> Desk:
    """A desk at which three take turns, with no rule about companies, over a ledger that is told these facts."""
    config = configured(folder, routing())
    lifecycle = yaml.safe_load((config / "lifecycle.yaml").read_text(encoding="utf-8"))
    lifecycle["handoff"]["facts"] = facts
    (config / "lifecycle.yaml").write_text(yaml.safe_dump(lifecycle, sort_keys=False), encoding="utf-8")
    desk = Desk.over(config)
    desk.cycle()
    desk.cycle()
    return desk


def came(desk: Desk, number: int, begin: int = 0) -> list[str]:
    """So many people of one company, who are made in HubSpot and delivered."""
    contacts = desk.qualified(number, begin=begin)
    desk.cycle()
    desk.cycle()
    return contacts


@pytest.mark.parametrize("at_once", [True, False])
def test_people_of_one_company_have_one_owner_without_a_rule(tmp_path: Path, at_once: bool) -> None:
    """Whoever has the open handoff has who joins it, in the same cycle or later; the next turn stays the next one's."""
    desk = desk_of(tmp_path, {"owner": "owner", "company": "company_name"})
    contacts = came(desk, 2) if at_once else came(desk, 1) + came(desk, 1, begin=1)
    assert desk.owners(contacts) == ["ann", "ann"]
    assert list(desk.both.store.episode_columns(("people", "oddities"))) == [(2, "no_origin")]
    other = desk.contact(email="x@foo-works.com", company="Foo")
    desk.cycle()
    assert desk.owners([other]) == ["ben"]


def test_without_companies_in_the_ledger_everybody_has_their_turn(tmp_path: Path) -> None:
    """Nobody joins anybody: that is each one's own handoff."""
    desk = desk_of(tmp_path, {"owner": "owner"})
    assert desk.owners(came(desk, 2)) == ["ann", "ben"]


def test_after_its_end_a_company_is_nobodys(tmp_path: Path) -> None:
    """The handoff ended with a no: the next person of the company begins another one, at whose turn it is."""
    desk = desk_of(tmp_path, {"owner": "owner", "company": "company_name"})
    (first,) = came(desk, 1)
    desk.sell(desk.lead_of(first), by=desk.user("ann"), Status=CLOSED)
    desk.cycle()
    assert desk.owners(came(desk, 1, begin=1)) == ["ben"]


def test_whoever_joins_waits_though_the_first_one_is_done(tmp_path: Path) -> None:
    """Ann accepts the first on Monday; the second comes on Tuesday, and is due and told of by themselves."""
    desk = desk_of(tmp_path, {"owner": "owner", "company": "company_name"})
    (first,) = came(desk, 1)
    desk.cycle(after=3 * HOUR)
    desk.sell(desk.lead_of(first), by=desk.user("ann"), Status=WORKING)
    desk.cycle(after=20 * HOUR)
    (second,) = came(desk, 1, begin=1)
    assert desk.owners([second]) == ["ann"]
    rows = list(desk.both.store.member_columns(("owner", "state", "touch_due", "decision_due")))
    assert [(owner, state) for owner, state, _, _ in rows] == [
        (address("ann"), "accepted"),
        (address("ann"), "delivered"),
    ]
    assert [due is None for row in rows for due in row[2:]] == [True, True, False, False]
