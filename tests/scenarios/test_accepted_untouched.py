"""People whom sales accepted and did nothing more about: back to the queue where the file says so, and only there.

A day of New York's is the time for it. Calls are read; a change of the status is a yes, and no call.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from syncd.engine import apply, cycle, lateness
from syncd.engine.cycle import sync
from syncd.engine.resync import Met, asked_for, carry_on
from syncd.engine.world import World
from syncd.model.episode import HandedOn
from syncd.model.errors import BadConfig
from syncd.model.values import Instant, Lane, Side, stamp
from syncd.settings.loading import load
from tests.scenarios.lifecycles import WORKING
from tests.scenarios.routings import Desk, address, configured, routing
from tests.scenarios.signals import keyed_engagements, listening
from tests.scenarios.steps import HOUR, Steps
from tests.worlds import config_environment


def desk_of(folder: Path, late: dict[str, Any]) -> Desk:
    """Three who take turns, and what becomes of people whom nobody works on."""
    config = configured(folder, routing(late=late))
    lifecycle = yaml.safe_load((config / "lifecycle.yaml").read_text(encoding="utf-8"))
    lifecycle["handoff"]["work_within"] = "1 day"
    (config / "lifecycle.yaml").write_text(yaml.safe_dump(lifecycle, sort_keys=False), encoding="utf-8")
    (config / "signals.yaml").write_text("activities: { to_marketing: { sorts: { call: call } } }\n", encoding="utf-8")
    desk = Desk.over(config)
    keyed_engagements(desk.both)
    desk.cycle()
    desk.cycle()
    return desk


def accepted(desk: Desk) -> list[str]:
    """Ann and Ben each say yes to somebody on Monday morning; Ben calls his in the afternoon."""
    contacts = desk.qualified(2)
    desk.cycle()
    desk.cycle(after=2 * HOUR)
    assert desk.owners(contacts) == ["ann", "ben"]
    for name, contact in zip(("ann", "ben"), contacts, strict=True):
        desk.sell(desk.lead_of(contact), by=desk.user(name), Status=WORKING)
    desk.cycle(after=HOUR)
    call = {"WhoId": desk.lead_of(contacts[1]), "Subject": "Hi", "Status": "Completed", "TaskSubtype": "Call"}
    desk.both.salesforce.insert("Task", {**call, "ActivityDate": stamp(desk.both.clock.now())[:10]})
    desk.cycle(after=HOUR)
    return contacts


def test_who_was_accepted_and_never_called_goes_back_to_the_queue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once its time is over, told of, and once; whoever was called stays. The yes itself is still their touch."""
    desk = desk_of(tmp_path, {"accepted": True})
    contacts = accepted(desk)
    rows = list(desk.both.store.member_columns(("owner", "touch_due", "work_due")))
    assert [(owner, touch, due is None) for owner, touch, due in rows] == [
        (address("ann"), None, False),
        (address("ben"), None, True),
    ]
    told: list[tuple[str, str]] = []
    emit = lateness.emit
    monkeypatch.setattr(lateness, "emit", lambda name, **keys: (told.append((name, keys["clock"])), emit(name, **keys)))
    for _ in range(6):
        desk.cycle(after=8 * HOUR)
    assert desk.owners(contacts) == ["New Leads", "ben"]
    assert ("handoff.overdue", "work") in told
    people = [link.id for link in desk.both.store.links("person")]
    handed = [each for each in desk.both.store.ledger_of(people) if isinstance(each, HandedOn)]
    assert [(each.taken, each.owner) for each in handed] == [(f"user:{address('ann')}", "queue:New Leads")]
    desk.sell(desk.lead_of(contacts[0]), OwnerId=desk.user("cam"))
    for _ in range(6):
        desk.cycle(after=8 * HOUR)
    assert desk.owners(contacts) == ["cam", "ben"], "once for each handoff"
    desk.both.store.close()


@pytest.mark.parametrize("late", [{"to": "queue"}, {"to": "next"}])
def test_nobody_who_was_accepted_goes_back_unless_the_file_says_so(tmp_path: Path, late: dict[str, Any]) -> None:
    """A yes is a touch: what becomes of whom nobody touched is not about them."""
    desk = desk_of(tmp_path, late)
    contacts = accepted(desk)
    for _ in range(6):
        desk.cycle(after=8 * HOUR)
    assert desk.owners(contacts) == ["ann", "ben"]
    desk.both.store.close()


def test_both_may_be_said_at_once(tmp_path: Path) -> None:
    """Whom nobody touched goes to the next owner, whom nobody works on to the queue."""
    desk = desk_of(tmp_path, {"to": "next", "accepted": True})
    contacts = accepted(desk)
    third = desk.contact(email="third@foo-works.com", company="Foo")
    desk.cycle()
    assert desk.owners([third]) == ["cam"]
    for _ in range(6):
        desk.cycle(after=8 * HOUR)
    assert desk.owners([*contacts, third]) == ["New Leads", "ben", "ann"]
    desk.both.store.close()


def test_what_was_late_before_it_was_said_stays(tmp_path: Path) -> None:
    """`accepted` is added to what has been on for days: whose time was over by then keeps their owner, who is late from
    then on does not.
    """
    desk = desk_of(tmp_path / "first", {"to": "next"})
    contacts = accepted(desk)
    for _ in range(6):
        desk.cycle(after=8 * HOUR)
    other = desk_of(tmp_path / "then", {"to": "next", "accepted": True})
    desk.both.world.connection = other.both.world.connection
    other.both.store.close()
    desk.cycle()
    third = desk.contact(email="third@foo-works.com", company="Foo")
    desk.cycle()
    assert desk.owners([third]) == ["cam"]
    desk.cycle(after=2 * HOUR)
    desk.sell(desk.lead_of(third), by=desk.user("cam"), Status=WORKING)
    for _ in range(9):
        desk.cycle(after=8 * HOUR)
    assert desk.owners([*contacts, third]) == ["ann", "ben", "New Leads"]
    desk.both.store.close()


@pytest.mark.parametrize(
    ("late", "handoff", "words"),
    [
        ({"per_day": 5}, {}, "nobody is taken from anybody"),
        ({"accepted": True}, {}, "how long sales may do nothing"),
        ({"accepted": True}, {"work_within": "1 day"}, "no activity of the CRM is read"),
    ],
)
def test_what_nobody_could_be_late_by_is_told(
    tmp_path: Path, late: dict[str, Any], handoff: dict[str, Any], words: str
) -> None:
    """A yes that nothing follows can only be known where a time is declared and calls are read."""
    config = configured(tmp_path, routing(late=late))
    lifecycle = yaml.safe_load((config / "lifecycle.yaml").read_text(encoding="utf-8"))
    lifecycle["handoff"].update(handoff)
    (config / "lifecycle.yaml").write_text(yaml.safe_dump(lifecycle, sort_keys=False), encoding="utf-8")
    with pytest.raises(BadConfig, match=words):
        load(config, config_environment(), read_only={})


# -- what sales did is known first ------------------------------------------------------------------------------------
def test_a_daemon_that_was_down_takes_nobody_away_before_it_has_caught_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ann said yes while the daemon was down for three days, which stands in the backlog: she keeps the person, and
    nobody is told that the yes is late.
    """
    desk = desk_of(tmp_path, {"to": "queue"})
    (contact,) = desk.qualified(1)
    desk.cycle()
    desk.cycle(after=2 * HOUR)
    told: list[tuple[str, str]] = []
    emit = lateness.emit
    monkeypatch.setattr(lateness, "emit", lambda name, **more: (told.append((name, more["clock"])), emit(name, **more)))
    lead = desk.lead_of(contact)
    desk.sell(lead, by=desk.user("ann"), Status=WORKING)
    desk.both.clock.advance(72 * HOUR)
    sync(desk.both.world, steady=True)
    backlogs = asked_for(desk.both.store)
    assert backlogs
    assert desk.who(lead) == "ann"
    for request in backlogs:
        carry_on(desk.both.world, request, Met(), leave_off=lambda: False)
    for _ in range(3):
        desk.both.clock.advance(60.0)
        sync(desk.both.world, steady=True)
    assert desk.who(lead) == "ann"
    assert {clock for _, clock in told} == {"work"}, "what Ann has left undone since"


def test_while_calls_are_kept_for_others_nobody_is_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Activities are not read then, so that a call of Ann's is not known: she is judged once it is. That is told once,
    each time when it begins.
    """
    desk = desk_of(tmp_path, {"accepted": True})
    (contact,) = desk.qualified(1)
    desk.cycle()
    desk.cycle(after=2 * HOUR)
    lead = desk.lead_of(contact)
    desk.sell(lead, by=desk.user("ann"), Status=WORKING)
    desk.cycle(after=HOUR)
    spared = [True]

    def kept(world: World, lane: Lane) -> dict[Side, Instant]:
        last = lane in (Lane.ORDINARY, Lane.BULK) and spared[0]
        return {Side.MARKETING: world.clock.now() + timedelta(hours=1)} if last else {}

    monkeypatch.setattr(cycle, "waits", kept)
    monkeypatch.setattr(apply, "waits", kept)
    call = {"WhoId": lead, "Subject": "Hi", "Status": "Completed", "TaskSubtype": "Call"}
    desk.both.salesforce.insert("Task", {**call, "ActivityDate": stamp(desk.both.clock.now())[:10]})
    told = listening()
    for _ in range(8):
        desk.cycle(after=4 * HOUR)
        assert desk.who(lead) == "ann"
    (line,) = told("handoff.unheard")
    assert (line["level"], line["side"]) == ("warning", "marketing")
    spared[0] = False
    desk.cycle(after=HOUR)
    assert desk.who(lead) == "ann"
    assert len(told("handoff.unheard")) == 1
    spared[0] = True
    desk.cycle(after=HOUR)
    assert len(told("handoff.unheard")) == 2


def test_what_no_activity_tells_is_not_missed(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no activities of sales are declared nothing waits for them, and no line says that something did."""
    monkeypatch.setattr(cycle, "waits", lambda world, _lane: {Side.CRM: world.clock.now() + timedelta(hours=1)})
    told = listening()
    steps.cycle()
    assert not told("handoff.unheard")
