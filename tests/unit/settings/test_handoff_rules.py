"""The part `handoff` of lifecycle.yaml, and whose calendar is whose: read whole, each mistake told where it stands."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from syncd.model.lifecycle import OTHER, Commitments, HandoffRules, Span, Unit
from syncd.settings.loading import load
from tests.unit.settings.conftest import Folder
from tests.unit.settings.test_lifecycle_file import LIFECYCLE, TEAMS

CONFIG = Path(__file__).parents[3] / "config"
ENVIRON = {
    "SYNCD_CONNECTIONS__MAIN__MARKETING__ACCESS_TOKEN": "x",
    "SYNCD_CONNECTIONS__MAIN__CRM__CLIENT_SECRET": "x",
    "SYNCD_CONNECTIONS__MAIN__CRM__LOGIN_URL": "https://x.my.salesforce.com",
    "SYNCD_CONNECTIONS__MAIN__CRM__CLIENT_ID": "x",
}
HANDOFF = """\
handoff:
  qualified: [mql]
  accepted: sql
  rejected: ["no"]
  won: [won]
  born: [sql]
  touch_within: {A: 1 hour, leader: 30 minutes, other: 1 day}
  facts: {origin: email}
  commitments: {volume: 10, reason: 100}
  currency: EUR
  rates: {USD: 0.92, GBP: 1.17}
"""
MORE = """\
  "no": {name: No, definition: Not for us., final: true}
  won: {name: Won, definition: Bought., final: true}
"""


def written(folder: Folder, handoff: str) -> None:
    """A sound lifecycle with four stages and this part."""
    folder.rated()
    text = LIFECYCLE.replace("reasons:\n  skipped", f"{MORE}reasons:\n  skipped", 1).replace(
        "transitions:\n", "transitions:\n  - {from: new, to: [sql, 'no', won], by: sales}\n", 1
    )
    folder.write("lifecycle.yaml", text + handoff)
    folder.write("teams.yaml", TEAMS)
    folder.person("crm: {Lead: Status}\n", "crm: {Lead: Status}\n    policy: lifecycle\n")
    folder.change(
        "schema/person.yaml",
        "crm: Working}\n",
        'crm: Working}\n      "no": {marketing: [other, X], crm: No}\n'
        "      won: {marketing: [customer, Y], crm: Won}\n",
    )


def test_it_is_read_whole(folder: Folder) -> None:
    """Every key; the time to decide is that of the first qualified stage."""
    written(folder, HANDOFF)
    lifecycle = folder.load().connection(None).lifecycle
    assert lifecycle is not None
    assert lifecycle.handoff == HandoffRules(
        qualified=("mql",),
        accepted=("sql",),
        rejected=("no",),
        won=("won",),
        born=("sql",),
        touch_within={"A": Span(1, Unit.HOUR), "leader": Span(30, Unit.MINUTE), OTHER: Span(1, Unit.DAY)},
        decide_within={"A": Span(1, Unit.HOUR), OTHER: Span(2, Unit.DAY)},
        facts={"origin": "email"},
        commitments=Commitments(volume=10, reason=100),
        currency="EUR",
        rates={"USD": Decimal("0.92"), "GBP": Decimal("1.17")},
    )


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("qualified: [mql]", "qualified: [mqll]", "there is no stage 'mqll': did you mean 'mql'?"),
        ("won: [won]", "won: [sql]", "the stage sql means accepted already"),
        ("born: [sql]", "born: [mql]", "mql is what marketing qualifies"),
        ("origin: email", "origin: mail", "there is no shared field 'mail': did you mean 'email'?"),
        ("reason: 100", "reason: 101", "100"),
        ("A: 1 hour, leader", "A: 1 week, leader", "no span of business time"),
        ("  currency: EUR\n", "", "rates into no currency"),
        ("USD: 0.92", "EUR: 0.9", "one EUR is worth 0.9 EUR"),
        ("USD: 0.92", "USD: 0", "greater than 0"),
        ("currency: EUR", "currency: euro", "handoff.currency"),
    ],
)
def test_each_mistake_is_told(folder: Folder, was: str, becomes: str, told: str) -> None:
    """With the file and the line it stands in."""
    assert was in HANDOFF
    written(folder, HANDOFF.replace(was, becomes))
    found = [line for line in folder.flaws() if told.partition(":")[0] in line]
    assert len(found) == 1, folder.flaws()
    assert "lifecycle.yaml:" in found[0]


def test_who_is_found_by_sales_begins_there(folder: Folder) -> None:
    """A stage nobody begins in is no way in."""
    written(folder, HANDOFF)
    folder.change("lifecycle.yaml", "to: [sql, 'no', won], by: sales", "to: ['no', won], by: sales")
    assert any("nobody begins in the stage sql" in line for line in folder.flaws())


def test_the_example_says_what_its_stages_mean() -> None:
    """The complete example keeps a ledger."""
    lifecycle = load(CONFIG, ENVIRON, read_only={}).connection(None).lifecycle
    assert lifecycle is not None
    assert lifecycle.handoff is not None
    assert lifecycle.handoff.decide_within == lifecycle.stages[2].leave_within


CALENDARS = """\
default: here
calendars:
  here: {name: Here, zone: UTC, hours: {weekdays: "09:00-17:00"}}
  there: {name: There, zone: Europe/Berlin, hours: {weekdays: "09:00-17:00"}, owners: [Kim@example.com]}
"""


def test_people_are_reached_by_what_marketing_brings() -> None:
    """And not by the address of their owner, which sales' records show marketing."""
    handoff = load(CONFIG, ENVIRON).connection(None).connection.handoff
    assert handoff is not None
    assert handoff.reachable == ("email", "phone", "mobile")


def test_owners_keep_calendars(folder: Folder) -> None:
    """By address or login, in any case; nobody keeps two."""
    folder.write("calendars.yaml", CALENDARS)
    assert folder.load().connection(None).calendars.users == {"kim@example.com": "there"}
    folder.change("calendars.yaml", '"09:00-17:00"}}', '"09:00-17:00"}, owners: [kim@example.com]}')
    assert any("Kim@example.com keeps the calendar here already" in line for line in folder.flaws())


@pytest.mark.parametrize("owner", ["queue:New Leads", "Queue: new leads"])
def test_queues_keep_calendars(folder: Folder, owner: str) -> None:
    """As the documentation writes them; a user who is called like a queue is somebody else."""
    folder.write("calendars.yaml", CALENDARS.replace("Kim@example.com", f'"{owner}", new leads'))
    calendars = folder.load().connection(None).calendars
    assert (calendars.queues, calendars.users) == ({"new leads": "there"}, {"new leads": "there"})
    assert calendars.kept_by("queue:New Leads") == "there"
    folder.change("calendars.yaml", '"09:00-17:00"}}', '"09:00-17:00"}, owners: ["queue:NEW LEADS"]}')
    assert any("keeps the calendar here already" in line for line in folder.flaws())


@pytest.mark.parametrize("owner", ["queue:", "queue:queue:x", "user:kim@example.com"])
def test_a_calendar_is_kept_by_somebody(folder: Folder, owner: str) -> None:
    """A name under which nobody is ever looked up is told where it stands."""
    folder.write("calendars.yaml", CALENDARS.replace("Kim@example.com", f'"{owner}"'))
    assert any("names nobody" in line for line in folder.flaws())
