"""Whose doing is a touch of sales: an activity of its people, and nobody else's; and a deal."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from syncd.engine import lateness
from syncd.model.values import stamp
from tests.scenarios.dealing import Deals
from tests.scenarios.routings import Desk, configured, routing
from tests.scenarios.signals import engagements, keyed_engagements
from tests.scenarios.steps import HOUR
from tests.worlds import with_deals


@pytest.mark.parametrize(("who", "state"), [("robot", "delivered"), ("marketer", "delivered"), ("both", "touched")])
def test_only_what_sales_logs_touches_anybody(tmp_path: Path, who: str, state: str) -> None:
    """A call that a dialler of `automation` logs, or somebody of marketing, is copied and touches nobody: Ann has still
    to do it. Whoever serves both teams is of sales.
    """
    config = configured(tmp_path, routing())
    teams = yaml.safe_load((config / "teams.yaml").read_text(encoding="utf-8"))
    teams["automation"]["users"] = ["robot@example.com"]
    teams["teams"]["marketing"]["users"] = ["marketer@example.com", "both@example.com"]
    teams["teams"]["sales"]["users"] = ["both@example.com"]
    (config / "teams.yaml").write_text(yaml.safe_dump(teams, sort_keys=False), encoding="utf-8")
    (config / "signals.yaml").write_text("activities: { to_marketing: { sorts: { call: call } } }\n", encoding="utf-8")
    desk = Desk.over(config)
    keyed_engagements(desk.both)
    caller = desk.both.salesforce.add_user(f"{who}@example.com", who.title())
    desk.cycle()
    desk.cycle()
    (contact,) = desk.qualified(1)
    desk.cycle()
    desk.cycle(after=HOUR)
    call = {"WhoId": desk.lead_of(contact), "Subject": "Logged", "Status": "Completed", "TaskSubtype": "Call"}
    today = stamp(desk.both.clock.now())[:10]
    desk.both.salesforce.insert("Task", {**call, "OwnerId": caller, "ActivityDate": today})
    desk.cycle(after=HOUR)
    ((is_now, touched),) = desk.both.store.episode_columns(("state", "touched_at"))
    assert (is_now, touched is not None) == (state, state == "touched")
    assert len(engagements(desk, "calls")) == 1
    desk.both.store.close()


def test_whoever_has_an_opportunity_was_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ann makes an Opportunity of her Contact at once: nobody is told that she is late, and she keeps them."""
    config = with_deals(tmp_path)
    tree = yaml.safe_dump(routing(late={"to": "next"}), sort_keys=False)
    (config / "routing.yaml").write_text(tree, encoding="utf-8")
    desk = Desk.over(config)
    deals = Deals(desk.both)
    desk.cycle()
    _, account = deals.firm()
    contact, person = deals.buyer(account)
    deals.sell(person, object_name="Contact", OwnerId=desk.user("ann"))
    desk.cycle()
    deals.market(contact, lifecyclestage="marketingqualifiedlead", hs_lead_status="NEW")
    desk.cycle()
    desk.cycle()
    made = deals.opportunity(AccountId=account, OwnerId=desk.user("ann"), Amount=1200)
    deals.role(made, person)
    told: list[tuple[str, str]] = []
    emit = lateness.emit
    monkeypatch.setattr(lateness, "emit", lambda name, **keys: (told.append((name, keys["clock"])), emit(name, **keys)))
    desk.cycle()
    for _ in range(6):
        desk.cycle(after=12 * HOUR)
    assert deals.sold(person, "OwnerId", object_name="Contact") == desk.user("ann")
    assert not told
    desk.both.store.close()
