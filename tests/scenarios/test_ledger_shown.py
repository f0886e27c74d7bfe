"""What the ledger knows stands on the records: by when to respond, when sales last did something, who is in its hands.

The clocks are those of the agreed configuration: a working day to the first touch, two to a decision, for whoever has
no grade; New York's hours, and Berlin's for whom a test gives them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from syncd.engine.cycle import sync
from syncd.model.errors import BadConfig
from syncd.model.run import SHOW
from syncd.model.values import Instant, instant, stamp
from syncd.settings.loading import load
from tests.scenarios.derivings import SHOWN, derived_config, edit, fitted, reread
from tests.scenarios.handoffs import ANN, episodes, killed_at_each_effect, qualified
from tests.scenarios.lifecycles import CLOSED, MQL, WORKING
from tests.scenarios.signals import keyed_engagements
from tests.scenarios.steps import Steps
from tests.worlds import config_environment


def configured(folder: Path) -> Path:
    """The agreed configuration, whose records show what the ledger knows; calls are heard of."""
    config = derived_config(folder, *SHOWN)
    (config / "signals.yaml").write_text("activities: { to_marketing: { sorts: { call: call } } }\n", encoding="utf-8")

    def berlin(tree: dict[str, Any]) -> None:
        tree["calendars"]["berlin"]["owners"] = ["kim@example.com"]

    edit(config / "calendars.yaml", berlin)
    return config


@pytest.fixture
def steps(tmp_path: Path) -> Iterator[Steps]:
    """Two empty accounts with the fields, in step."""
    made = fitted(configured(tmp_path))
    keyed_engagements(made.both)
    made.cycle()
    yield made
    made.both.store.close()


def by_when(steps: Steps, contact: str, lead: str) -> Instant | None:
    """By when somebody has to respond, which both systems say alike; whole seconds."""
    marketing, crm = steps.marketed(contact, "syncd_respond_by"), steps.sold(lead, "Syncd_Respond_By__c")
    assert (marketing is None) == (crm is None), (marketing, crm)
    if marketing is None:
        return None
    at = instant(marketing)
    assert at == instant(str(crm).replace("+0000", "Z"))
    return at


def touched(steps: Steps, contact: str) -> str | None:
    """When sales last did something, as HubSpot has it."""
    return steps.marketed(contact, "syncd_last_touch")


def in_hands(steps: Steps, contact: str) -> str | None:
    """Whether HubSpot is told that sales works on the person."""
    return steps.marketed(contact, "syncd_in_sales_hands")


def due(steps: Steps, which: str) -> Instant:
    """A deadline of the last episode in the ledger, without what is below a second."""
    ms = episodes(steps, which)[-1][0]
    assert isinstance(ms, int)
    return instant(stamp_of(ms))


def stamp_of(ms: int) -> str:
    """Milliseconds since 1970 as an instant of whole seconds."""
    return stamp(datetime.fromtimestamp(ms // 1000, UTC))


def test_a_delivered_lead_shows_by_when_in_the_cycle_that_delivers_it(steps: Steps) -> None:
    """The first of the two clocks; nobody has touched them, and marketing is told that sales has them."""
    contact, lead, _ = qualified(steps)
    assert by_when(steps, contact, lead) == due(steps, "touch_due") < due(steps, "decision_due")
    assert (touched(steps, contact), in_hands(steps, contact)) == (None, "true")
    steps.quiet()


def test_whoever_is_no_lead_of_sales_shows_nothing(steps: Steps) -> None:
    """People whom nobody handed over have no value at all: no list of marketing's changes by it."""
    contact = steps.contact(email=ANN, company="Acme", lifecyclestage="lead", hs_lead_status="")
    steps.cycle()
    assert in_hands(steps, contact) is None
    steps.quiet()


def test_a_call_stops_the_first_clock_and_the_decision_the_second(steps: Steps) -> None:
    """After a call only yes or no is waited for; after a yes nothing, and sales still has them."""
    contact, lead, _ = qualified(steps)
    moment = steps.both.clock.now()
    steps.both.salesforce.insert(
        "Task", {"WhoId": lead, "Subject": "Hi", "Status": "Completed", "TaskSubtype": "Call",
                 "ActivityDate": stamp(moment)[:10]},
    )  # fmt: skip
    steps.cycle()
    assert by_when(steps, contact, lead) == due(steps, "decision_due")
    called = touched(steps, contact)
    assert called is not None
    assert instant(called) >= moment.replace(microsecond=0)
    steps.quiet()
    steps.sell(lead, by=steps.seller("SDR"), Status=WORKING)
    steps.cycle()
    assert by_when(steps, contact, lead) is None
    assert in_hands(steps, contact) == "true"
    later = touched(steps, contact)
    assert later is not None
    assert instant(later) > instant(called)
    steps.quiet()


def test_a_rejected_lead_is_marketings_again_and_the_next_cycle_has_a_clock_of_its_own(steps: Steps) -> None:
    """A no ends the suppression; qualified anew, the clock begins with the new delivery."""
    contact, lead, _ = qualified(steps)
    first = by_when(steps, contact, lead)
    steps.sell(lead, by=steps.seller("SDR"), Status=CLOSED)
    steps.cycle()
    assert (by_when(steps, contact, lead), in_hands(steps, contact)) == (None, "false")
    assert touched(steps, contact) is not None
    steps.quiet()
    steps.market(contact, by=steps.marketer("Marketing"), **MQL)
    steps.cycle()
    again = by_when(steps, contact, lead)
    assert again == due(steps, "touch_due")
    assert first is not None
    assert again > first
    assert in_hands(steps, contact) == "true"
    steps.quiet()


def test_put_back_by_hand_is_in_nobodys_hands(tmp_path: Path) -> None:
    """Somebody says that it was too early: the handoff has ended, nobody waits and nurture may go on."""
    config = configured(tmp_path)

    def back(tree: dict[str, Any]) -> None:
        tree["transitions"].append({"from": "mql", "to": "lead", "by": ["sales", "marketing"], "restarts": False})

    edit(config / "lifecycle.yaml", back)
    steps = fitted(config)
    steps.cycle()
    contact, lead, _ = qualified(steps)
    steps.market(contact, by=steps.marketer("Marketing"), lifecyclestage="lead", hs_lead_status="")
    steps.cycle()
    assert not steps.conflicts()
    assert (by_when(steps, contact, lead), in_hands(steps, contact)) == (None, "false")
    steps.both.store.close()


def test_another_owner_has_the_hours_of_their_own_calendar(steps: Steps) -> None:
    """Given to somebody in Berlin, the same hour of delivery is due by Berlin's clock."""
    contact, lead, _ = qualified(steps)
    in_new_york = by_when(steps, contact, lead)
    kim = steps.both.salesforce.add_user("kim@example.com", "Kim")
    steps.both.hubspot.add_owner("kim@example.com", "Kim", "K")
    steps.both.world.checked.clear()
    steps.sell(lead, OwnerId=kim)
    steps.cycle()
    in_berlin = by_when(steps, contact, lead)
    assert in_berlin == due(steps, "touch_due") != in_new_york
    steps.quiet()


def test_people_who_were_handed_over_before_the_fields_get_them(tmp_path: Path) -> None:
    """The fields are mapped later: a full compare fills them, without a move of anybody."""
    config = configured(tmp_path)
    schema = config / "schema" / "person.yaml"
    with_fields = schema.read_text(encoding="utf-8")
    made = fitted(config)

    def without(tree: dict[str, Any]) -> None:
        for name in SHOWN:
            del tree["fields"][name]

    edit(schema, without)
    steps = reread(made, config)
    steps.cycle()
    contact, lead, _ = qualified(steps)
    assert by_when(steps, contact, lead) is None
    schema.write_text(with_fields, encoding="utf-8")
    steps = reread(steps, config)
    sync(steps.both.world, full=True)
    assert by_when(steps, contact, lead) == due(steps, "touch_due")
    assert in_hands(steps, contact) == "true"
    steps.quiet()
    steps.both.store.close()


def test_an_edit_of_by_when_is_written_over(steps: Steps) -> None:
    """Nobody gives themselves more time."""
    contact, lead, _ = qualified(steps)
    before = by_when(steps, contact, lead)
    steps.sell(lead, Syncd_Respond_By__c="2031-01-01T00:00:00.000+0000")
    steps.cycle()
    assert by_when(steps, contact, lead) == before
    steps.quiet()


def test_killed_at_any_effect_the_records_show_what_the_ledger_knows(tmp_path: Path) -> None:
    """Whatever a cycle dies at, also between what it booked and what it showed: once all is quiet both agree."""
    config = configured(tmp_path)

    def begin(steps: Steps) -> Callable[[], object]:
        contact, lead, _ = qualified(steps)
        people.append((contact, lead))
        return lambda: steps.sell(lead, by=steps.seller("SDR"), Status=WORKING)

    people: list[tuple[str, str]] = []
    for steps, effect in killed_at_each_effect(tmp_path, begin, config=config, opened=fitted):
        contact, lead = people.pop()
        assert by_when(steps, contact, lead) is None, f"killed at effect {effect}"
        assert touched(steps, contact) is not None, f"killed at effect {effect}"
        assert in_hands(steps, contact) == "true"
        assert not [each for each in steps.both.store.requests() if each.wish == SHOW]


def test_it_follows_from_a_handoff_and_is_what_it_is(tmp_path: Path) -> None:
    """`check` names the field that has nothing to follow from, and the type that it must have."""
    config = configured(tmp_path)
    edit(config / "lifecycle.yaml", lambda tree: tree.pop("handoff"))
    edit(config / "schema" / "person.yaml", lambda tree: tree["fields"]["in_sales_hands"].update({"type": "string"}))
    with pytest.raises(BadConfig) as told:
        load(config, config_environment(), read_only={})
    words = str(told.value)
    assert "lifecycle.yaml has no part `handoff`, and respond_by follows from the ledger" in words
    assert "a field that holds in_sales_hands is of type boolean, not string" in words
