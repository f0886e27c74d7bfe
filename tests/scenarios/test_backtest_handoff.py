"""Changed meanings, service levels, calendars and routing, held against the record; and parts that nothing judges."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.scenarios.backtests import changed, replayed
from tests.scenarios.lifecycles import MQL, WORKING
from tests.scenarios.routings import Desk, address
from tests.scenarios.steps import HOUR, Schema


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A routed team with a service level of four hours around the clock."""
    (tmp_path / "in_use").mkdir()
    desk = Desk.of(tmp_path / "in_use")
    path = tmp_path / "in_use/config/lifecycle.yaml"
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    tree["handoff"]["touch_within"] = "4 hours"
    path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    (tmp_path / "in_use/config/calendars.yaml").unlink()
    desk.both.store.close()
    again = Desk.over(tmp_path / "in_use/config")
    yield again
    again.both.store.close()


@pytest.fixture
def config(tmp_path: Path, desk: Desk) -> Path:
    """The configuration in use, under which two people were qualified; one was touched after two hours."""
    first, _ = people = desk.qualified(2, **MQL)
    desk.cycle()
    desk.cycle(after=60)
    assert len(set(desk.owners(people))) == 2, "they were routed"
    desk.both.clock.advance(2 * HOUR)
    lead = desk.lead_of(first)
    desk.sell(lead, by=desk.sold(lead, "OwnerId"), Status=WORKING)
    desk.cycle(after=60)
    desk.both.clock.advance(HOUR)
    return tmp_path / "in_use/config"


def within(span: str) -> dict[str, Callable[[Schema], None]]:
    """Another service level."""
    return {"lifecycle": lambda tree: tree["handoff"].update(touch_within=span)}


def test_the_same_changes_nothing(desk: Desk, config: Path) -> None:
    """Neither in the ledger nor at the desk, and everything was judged."""
    told = replayed(desk, config, config)
    assert (told.ledger.episodes, told.ledger.differs) == (2, False)
    assert (told.routing.same, told.routing.all) == (2, 2)
    assert told.verdict == "nothing would have been different"


def test_another_service_level(desk: Desk, config: Path, tmp_path: Path) -> None:
    """Each deadline is another one; who was in time by four hours is late by one."""
    told = replayed(desk, config, changed(config, tmp_path, within("1 hour")))
    assert told.ledger.apart["touch:due"] == 2
    assert told.ledger.apart["touch:late"] == 2
    assert told.ledger.apart["touch:kept"] == 0
    assert len(told.ledger.people["touch:late"]) == 2
    assert told.verdict.startswith("something would have been different")
    back = replayed(desk, changed(config, tmp_path, within("1 hour")), config)
    assert back.ledger.apart["touch:kept"] == 2


def test_another_calendar(desk: Desk, config: Path, tmp_path: Path) -> None:
    """The same hours, of another calendar: later, since it is closed at night."""
    new = changed(config, tmp_path, {})
    week = {"weekdays": "00:00-00:05", "saturday": "00:00-00:05", "sunday": "00:00-00:05"}
    calendar = {"name": "Hardly", "zone": "UTC", "hours": week}
    text = yaml.safe_dump({"default": "hardly", "calendars": {"hardly": calendar}})
    (new / "calendars.yaml").write_text(text, encoding="utf-8")
    told = replayed(desk, config, new)
    assert told.ledger.apart["touch:due"] == 2
    assert told.ledger.apart["touch:late"] == 0


def test_other_meanings(desk: Desk, config: Path, tmp_path: Path) -> None:
    """A stage that means nothing any more: the handoffs are not what they were."""

    def nobody_qualifies(tree: Schema) -> None:
        tree["handoff"] |= {"qualified": ["lead"], "born": ["mql"]}

    told = replayed(desk, config, changed(config, tmp_path, {"lifecycle": nobody_qualifies}))
    assert told.ledger.apart.total() >= 2
    assert told.ledger.differs


def test_another_route(desk: Desk, config: Path, tmp_path: Path) -> None:
    """To whom the first rule that holds would have given them; that a pool is the same is no difference."""

    def to_cam(tree: Schema) -> None:
        tree["rules"].insert(0, {"name": "acme", "when": "company_name == 'Acme'", "to": {"owner": address("cam")}})
        tree["rules"].insert(1, {"name": "else", "when": "city == 'Bonn'", "to": {"queue": "New Leads"}})

    told = replayed(desk, config, changed(config, tmp_path, {"routing": to_cam}))
    assert sum(told.routing.apart.values()) + told.routing.same == 2
    assert all(now == f"user:{address('cam')}" for _, now in told.routing.apart)
    assert told.routing.differs

    def nobody(tree: Schema) -> None:
        tree["rules"] = [{"name": "nobody", "when": "city == 'Bonn'", "to": {"pool": "team"}}]

    told = replayed(desk, config, changed(config, tmp_path, {"routing": nobody}))
    assert {now for _, now in told.routing.apart} == {"queue:New Leads"}


def test_what_was_known_has_changed(desk: Desk, config: Path, tmp_path: Path) -> None:
    """A rule that decided and does not hold now: who would have come then cannot be told."""

    def to_cam(tree: Schema) -> None:
        tree["rules"].insert(0, {"name": "acme", "when": "company_name == 'Acme'", "to": {"owner": address("cam")}})

    told = replayed(desk, changed(config, tmp_path, {"routing": to_cam}), config)
    assert told.routing.untold
    assert not told.routing.differs


@pytest.mark.parametrize(
    ("file", "edit", "what"),
    [
        ("routing", lambda tree: tree["on"].update(created=False), "routing.yaml, on: when somebody is routed"),
        ("routing", lambda tree: tree["pools"]["team"].update(per_day=1), "routing.yaml, pools: whose turn it is"),
        ("routing", lambda tree: tree.update(late={"to": "queue", "per_day": 1}), "routing.yaml, late: what becomes"),
        ("lifecycle", lambda tree: tree["handoff"].update(commitments={"touch": 90}), "commitments: what both teams"),
        ("lifecycle", lambda tree: tree["handoff"].update(facts={}), "facts: which fields credit is counted by"),
        (
            "schema/person",
            lambda tree: tree["fields"]["title"].update(confirm="readback"),
            "person.title: confirm: how",
        ),
        ("schema/person", lambda tree: tree.update(match=[]), "person: match: how records of both systems find each"),
        ("syncd", lambda tree: tree["connections"]["main"].update(mode="shadow"), "the mode (shadow or live)"),
        (
            "teams",
            lambda tree: tree["teams"]["sales"].update(users=["x@y.example"]),
            "teams.yaml: who is in which team",
        ),
    ],
)
def test_a_part_that_nothing_judges_is_named(
    desk: Desk, config: Path, tmp_path: Path, file: str, edit: Callable[[Schema], None], what: str
) -> None:
    """And the last word never claims that nothing would have been different."""
    told = replayed(desk, config, changed(config, tmp_path, {file: edit}))
    assert any(each.startswith(what) for each in told.unjudged), told.unjudged
    assert told.verdict != "nothing would have been different"
    assert what in told.verdict


def test_words_alone_are_no_change(desk: Desk, config: Path, tmp_path: Path) -> None:
    """A better definition decides nothing."""

    def better(tree: Schema) -> None:
        tree["stages"]["mql"]["definition"] = "Somebody worth a call."

    assert replayed(desk, config, changed(config, tmp_path, {"lifecycle": better})).unjudged == ()
