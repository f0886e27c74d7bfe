"""People whom nobody touched in time go to the next owner, or back to the queue: once, within bounds, and told.

The example's clocks: whoever has no grade better than C is to be touched within a working day of New York.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from syncd.engine.world import make_ready
from syncd.model.episode import HandedOn, Oddity
from syncd.model.errors import BadConfig
from syncd.model.routing import NOT_TOUCHED
from syncd.model.values import Side
from syncd.operations.explain import explain
from syncd.operations.finding import find_hits
from syncd.operations.routing import story_of
from syncd.settings.loading import load
from tests.scenarios.handoffs import killed_at_each_effect
from tests.scenarios.lifecycles import WORKING
from tests.scenarios.routings import TEAM, Desk, address, configured, routing
from tests.scenarios.steps import HOUR, Steps
from tests.worlds import config_environment

NEXT = {"to": "next"}
WEEK = 7 * 24 * HOUR


def desk_of(folder: Path, late: dict[str, Any] | None) -> Desk:
    """A desk at which three take turns, and what becomes of whom nobody touches."""
    desk = Desk.of(folder) if late is None else Desk.of(folder, late=late)
    desk.cycle()
    desk.cycle()
    return desk


def given(desk: Desk, number: int) -> list[str]:
    """So many people, delivered to whoever has their turn; the owners came back as facts. Their contacts."""
    contacts = desk.qualified(number)
    desk.cycle()
    desk.cycle()
    return contacts


def handed_on(desk: Steps) -> list[tuple[str, str]]:
    """Whom each person was taken from and given to, as the ledger has it, oldest first."""
    people = [link.id for link in desk.both.store.links("person")]
    told = [each for each in desk.both.store.ledger_of(people) if isinstance(each, HandedOn)]
    return [(each.taken, each.owner) for each in sorted(told, key=lambda each: each.at)]


def test_nobody_is_taken_away_unless_the_file_says_so(tmp_path: Path) -> None:
    """The default: whoever is late is told, and keeps everybody."""
    desk = desk_of(tmp_path, None)
    contacts = given(desk, 1)
    desk.cycle(after=WEEK)
    assert desk.owners(contacts) == ["ann"]
    assert not handed_on(desk)
    desk.quiet()


def test_whoever_nobody_touched_goes_to_the_next_once(tmp_path: Path) -> None:
    """Ann lets a day pass: Ben, whose turn it is, has them then, on both sides; and keeps them, though late himself."""
    desk = desk_of(tmp_path, NEXT)
    (contact,) = given(desk, 1)
    assert desk.owners([contact]) == ["ann"]
    desk.cycle(after=HOUR)
    assert desk.owners([contact]) == ["ann"], "not before the time is over"
    desk.cycle(after=WEEK)
    desk.cycle()
    assert desk.owners([contact]) == ["ben"]
    assert desk.shown(contact) == "ben"
    assert handed_on(desk) == [("user:ann@sales.example", "user:ben@sales.example")]
    desk.cycle(after=WEEK)
    desk.cycle(after=WEEK)
    assert desk.owners([contact]) == ["ben"]
    assert len(handed_on(desk)) == 1
    ((oddities, owner),) = desk.both.store.episode_columns(("oddities", "owner"))
    assert Oddity.HANDED_ON in str(oddities)
    assert owner == "ben@sales.example"
    desk.quiet()


def test_explain_says_from_whom_and_why(tmp_path: Path) -> None:
    """The decision names the owner who was late first, then whoever else was passed over; the story has it, too."""
    desk = desk_of(tmp_path, NEXT)
    (contact,) = given(desk, 1)
    desk.cycle(after=WEEK)
    desk.cycle()
    make_ready(desk.both.world)
    (hit,) = find_hits(desk.both.world, f"marketing:contacts/{contact}")
    told = explain(desk.both.world, hit)
    story = story_of(desk.both.world, told)
    assert story is not None
    last = story.given[0].routed
    assert (last.owner, last.rule) == ("user:ben@sales.example", f"{NOT_TOUCHED}everybody")
    assert last.passed[0][:2] == ("touch_within", "user:ann@sales.example")
    assert last.passed[0].why.startswith("did not touch them until ")
    assert ("everybody", "user:ann@sales.example", "has let the time pass") in last.passed
    assert told.handoffs is not None
    assert "not touched in time: from user:ann@sales.example to user:ben@sales.example" in [
        each.what for each in told.handoffs.happened
    ]


def test_back_to_the_queue(tmp_path: Path) -> None:
    """The other way: nobody is chosen, and whoever works from the queue picks them up."""
    desk = desk_of(tmp_path, {"to": "queue"})
    contacts = given(desk, 2)
    assert desk.owners(contacts) == ["ann", "ben"]
    desk.sell(desk.lead_of(contacts[0]), by=desk.user("ann"), Status=WORKING)
    desk.cycle()
    desk.cycle(after=WEEK)
    desk.cycle()
    assert desk.owners(contacts) == ["ann", "New Leads"]
    assert handed_on(desk) == [("user:ben@sales.example", "queue:New Leads")]
    desk.sell(desk.lead_of(contacts[1]), OwnerId=desk.user("cam"))
    desk.cycle(after=WEEK)
    desk.cycle()
    assert desk.owners(contacts) == ["ann", "cam"]
    desk.quiet()


def test_an_owner_whom_somebody_chose_meanwhile_keeps_them(tmp_path: Path) -> None:
    """The head of sales gave them to Cam when Ann was late already, or just before we write: that stands."""
    desk = desk_of(tmp_path, NEXT)
    first, second = given(desk, 2)
    desk.both.clock.advance(WEEK)
    desk.sell(desk.lead_of(first), OwnerId=desk.user("cam"))
    writes = desk.both.world.connectors.crm

    class Meanwhile:
        """Cam takes the other one in the moment in which we write."""

        def __getattr__(self, name: str) -> Any:
            if name == "for_lane":
                return lambda _: self
            if name != "write":
                return getattr(writes, name)

            def write(shape: Any, batch: Any, *more: Any) -> Any:
                if any("OwnerId" in each.fields for each in batch):
                    desk.sell(desk.lead_of(second), OwnerId=desk.user("cam"))
                return writes.write(shape, batch, *more)

            return write

    desk.both.world.connectors = desk.both.world.connectors.replacing(Side.CRM, Meanwhile())
    for _ in range(4):
        desk.cycle()
    assert desk.owners([first, second]) == ["cam", "cam"]
    assert not handed_on(desk)


def test_so_many_in_a_day_and_the_rest_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three who are late, one is taken away in 24 hours; the longest overdue first."""
    heard: list[object] = []
    monkeypatch.setattr("syncd.engine.returning.emit", lambda event, **keys: heard.append((event, keys.get("records"))))
    desk = desk_of(tmp_path, {"to": "queue", "per_day": 1})
    contacts = given(desk, 3)
    desk.cycle(after=WEEK)
    desk.cycle()
    assert desk.owners(contacts).count("New Leads") == 1
    assert ("handoff.kept", 2) in heard
    desk.cycle(after=25 * HOUR)
    assert desk.owners(contacts).count("New Leads") == 2
    desk.cycle(after=25 * HOUR)
    assert desk.owners(contacts).count("New Leads") == 3
    assert heard.count(("handoff.handed_on", None)) == 3


def test_what_was_late_before_it_was_switched_on_stays(tmp_path: Path) -> None:
    """The first look only remembers from when on it counts: no landslide on the day of the change."""
    desk = desk_of(tmp_path / "off", None)
    contacts = given(desk, 2)
    ((touch, decision),) = set(desk.both.store.episode_columns(("touch_due", "decision_due")))
    between = datetime.fromtimestamp((touch + decision) / 2_000, UTC)  # so that there is still something to wait for
    desk.cycle(after=(between - desk.both.clock.now()).total_seconds())
    switched(desk, tmp_path / "on", NEXT)
    for after in (1, WEEK, WEEK):
        desk.cycle(after=after)
    assert desk.owners(contacts) == ["ann", "ben"]
    assert not handed_on(desk)


def switched(desk: Desk, folder: Path, late: dict[str, Any] | None) -> None:
    """The file says something else about `late` from now on."""
    config = configured(folder, routing() if late is None else routing(late=late))
    desk.both.world.connection = load(config, config_environment(), read_only={}).connection(None).connection


def test_what_was_late_while_it_was_off_stays(tmp_path: Path) -> None:
    """On in January, off for a while, on again: only who is late from then on is taken away."""
    desk = desk_of(tmp_path / "on", NEXT)
    switched(desk, tmp_path / "off", None)
    desk.cycle()
    contacts = given(desk, 2)
    desk.cycle(after=WEEK)
    switched(desk, tmp_path / "again", NEXT)
    for _ in range(3):
        desk.cycle()
    assert desk.owners(contacts) == ["ann", "ben"]
    third = desk.qualified(1, begin=2)
    desk.cycle()
    desk.cycle()
    desk.cycle(after=WEEK)
    desk.cycle()
    assert handed_on(desk) == [("user:cam@sales.example", "user:ann@sales.example")]
    assert desk.owners([*contacts, *third]) == ["ann", "ben", "ann"]


def test_whoever_got_them_is_not_late_in_turn(tmp_path: Path) -> None:
    """By Ben's own calendar the time is over days after he got them: that is no second breach of one handoff."""
    rare = {"rare": {"name": "Seldom", "zone": "UTC", "hours": {"weekdays": "12:00-12:10"}, "owners": [address("ben")]}}
    config = configured(tmp_path, routing(late=NEXT))
    calendars = yaml.safe_load((config / "calendars.yaml").read_text(encoding="utf-8"))
    calendars["calendars"] |= rare
    lifecycle = yaml.safe_load((config / "lifecycle.yaml").read_text(encoding="utf-8"))
    lifecycle["handoff"]["touch_within"] = "1 hour"
    for name, tree in (("calendars", calendars), ("lifecycle", lifecycle)):
        (config / f"{name}.yaml").write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    desk = Desk.over(config)
    desk.cycle()
    desk.cycle()
    contacts = given(desk, 1)
    desk.cycle(after=24 * HOUR)
    desk.cycle(after=HOUR)
    assert desk.owners(contacts) == ["ben"]
    now = desk.both.clock.now().timestamp() * 1000
    ((due,),) = desk.both.store.member_columns(("touch_due",))
    assert due > now, "his time is not over"
    ((due, whose),) = desk.both.store.episode_columns(("touch_due", "touch_owner"))
    assert due < now, "and Ann's stays over"
    assert whose == address("ann")
    desk.cycle(after=2 * WEEK)
    desk.cycle()
    assert desk.owners(contacts) == ["ben"]
    desk.both.store.close()


def test_killed_at_any_effect_somebody_is_handed_on_once(tmp_path: Path) -> None:
    """Whatever effect the cycle dies at that takes them away: once all is quiet they were given on once, and the
    ledger tells it once.
    """
    people: list[str] = []

    def begin(steps: Steps) -> Callable[[], object]:
        desk = Desk(steps.both)
        for name in TEAM:
            steps.both.hubspot.add_owner(f"{name}@sales.example", name, "S")
            steps.both.salesforce.add_user(f"{name}@sales.example", name)
        steps.both.salesforce.add_queue("New Leads")
        steps.both.world.checked.clear()
        desk.cycle()
        people.append(given(desk, 1)[0])
        return lambda: desk.both.clock.advance(WEEK)

    config = configured(tmp_path / "told", routing(late=NEXT))
    for steps, effect in killed_at_each_effect(tmp_path, begin, config=config):
        desk = Desk(steps.both)
        assert desk.owners([people.pop()]) == ["ben"], f"killed at effect {effect}"
        assert handed_on(desk) == [("user:ann@sales.example", "user:ben@sales.example")], f"effect {effect}"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda handoff: handoff.pop("touch_within"), "nothing says when somebody is late"),
        (lambda handoff: handoff.pop("facts"), "the ledger is not told whose a person is"),
    ],
)
def test_check_says_what_it_needs(tmp_path: Path, change: Callable[[dict[str, Any]], object], words: str) -> None:
    """Nobody can be late without a time, and nobody's late without an owner."""
    config = configured(tmp_path, routing(late=NEXT))
    path = config / "lifecycle.yaml"
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(tree["handoff"])
    path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    with pytest.raises(BadConfig, match=words):
        load(config, config_environment(), read_only={})


def test_a_rule_is_not_called_like_it(tmp_path: Path) -> None:
    """By the name of the rule it is known that somebody was late."""
    rule = {"name": f"{NOT_TOUCHED}x", "to": {"pool": "team"}}
    config = configured(tmp_path, routing(late=NEXT, rules=[rule]))
    with pytest.raises(BadConfig, match="begins what syncd itself decides"):
        load(config, config_environment(), read_only={})
