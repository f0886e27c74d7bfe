"""The gauge of handoffs that are late, as a scrape tells it: up with each breach, down again when sales has acted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from syncd.model.values import stamp
from syncd.observe.metrics import Metrics
from syncd.operations.health import Health
from syncd.store import SqlRoster, open_database
from tests.scenarios.handoffs import qualified
from tests.scenarios.lifecycles import CLOSED, MQL, WORKING
from tests.scenarios.steps import HOUR, Steps
from tests.scenarios.test_accepted_untouched import accepted, desk_of
from tests.worlds import ROOT, agreed, open_both

NAME = "syncd_handoffs_late"


class Scraped:
    """What a daemon's ``/metrics`` says of a world."""

    def __init__(self, steps: Steps, folder: Path) -> None:
        both = steps.both
        self.database = open_database(f"sqlite:///{folder}/roster.db")
        health = Health(
            polls=lambda: {both.settings.connection.name: 30.0},
            store=lambda _name: both.store,
            roster=SqlRoster(self.database),
            clock=both.clock,
            trouble=lambda: "",
            sunsets=lambda _name: {},
        )
        self.metrics = Metrics(health.readings)

    def labels(self) -> list[dict[str, str]]:
        """The labels of each of its values."""
        return [each.labels for each in self._samples()]

    def late(self) -> dict[str, float]:
        """How many are late, by clock."""
        return {each.labels["clock"]: each.value for each in self._samples()}

    def _samples(self) -> list[Sample]:
        families = text_string_to_metric_families(self.metrics.exposed().decode())
        return [each for family in families if family.name == NAME for each in family.samples]


@pytest.fixture
def steps(tmp_path: Path) -> Iterator[Steps]:
    """Both teams' agreement: a working day to the first touch, two to a decision."""
    made = Steps(open_both(config=agreed(tmp_path)))
    made.cycle()
    yield made
    made.both.store.close()


@pytest.fixture
def scraped(steps: Steps, tmp_path: Path) -> Iterator[Scraped]:
    """Its metrics."""
    made = Scraped(steps, tmp_path)
    yield made
    made.database.close()


def days(steps: Steps, number: int) -> None:
    """So many days of the daemon's, six hours a cycle."""
    for _ in range(4 * number):
        steps.cycle(after=6 * HOUR)


def test_it_rises_with_a_breach_and_falls_with_the_touch(steps: Steps, scraped: Scraped) -> None:
    """From 0 to 1 as the day is over and back to 0 as sales calls it working, which is a decision as well."""
    assert scraped.late() == {"touch": 0, "decision": 0, "work": 0}
    _, lead, _ = qualified(steps)
    assert scraped.late() == {"touch": 0, "decision": 0, "work": 0}
    days(steps, 1)
    assert scraped.late() == {"touch": 1, "decision": 0, "work": 0}
    days(steps, 1)
    assert scraped.late() == {"touch": 1, "decision": 1, "work": 0}
    steps.sell(lead, by=steps.seller("SDR"), Status=WORKING)
    steps.cycle()
    assert scraped.late() == {"touch": 0, "decision": 0, "work": 0}


def test_it_rises_by_itself(steps: Steps, scraped: Scraped) -> None:
    """The time runs out whether or not anything is polled: a scrape asks what is late now, to the millisecond."""
    qualified(steps)
    (due,) = (row[0] for row in steps.both.store.member_columns(("touch_due",)))
    clock = steps.both.clock
    clock.advance(due / 1000 - clock.now().timestamp() - 1)
    assert scraped.late()["touch"] == 0
    clock.advance(1)
    assert scraped.late()["touch"] == 1


def test_it_counts_people_of_whom_each_is_done_alone(steps: Steps, scraped: Scraped) -> None:
    """Two are late, sales rejects one; marketing's edits, and those of nobody in sales, touch nobody."""
    contact, lead, _ = qualified(steps)
    bob = steps.contact(email="bob@bolt-works.com", company="Bolt")
    steps.cycle()
    days(steps, 2)
    assert scraped.late()["touch"] == 2
    steps.market(bob, by=steps.marketer("Marketing"), jobtitle="CFO")
    steps.sell(lead, by=steps.seller("Facilities"), Title="CEO")
    steps.cycle()
    assert scraped.late()["touch"] == 2
    steps.sell(lead, by=steps.seller("SDR"), Status=CLOSED)
    steps.cycle()
    assert scraped.late()["touch"] == 1
    steps.market(contact, by=steps.marketer("Marketing"), **MQL)
    steps.cycle()
    assert scraped.late()["touch"] == 1, "whoever is qualified again has their time anew"


def test_who_says_yes_and_no_more_is_late_until_the_call(tmp_path: Path) -> None:
    """The third clock, where ``work_within`` is declared."""
    desk = desk_of(tmp_path, {"to": "queue"})
    scraped = Scraped(desk, tmp_path)
    ann, _ben = accepted(desk)
    assert scraped.late() == {"touch": 0, "decision": 0, "work": 0}
    days(desk, 2)
    assert scraped.late() == {"touch": 0, "decision": 0, "work": 1}
    call = {"WhoId": desk.lead_of(ann), "Subject": "Hi", "Status": "Completed", "TaskSubtype": "Call"}
    today = stamp(desk.both.clock.now() + timedelta(hours=1))[:10]
    desk.both.salesforce.insert("Task", {**call, "ActivityDate": today})
    desk.cycle()
    assert scraped.late() == {"touch": 0, "decision": 0, "work": 0}
    scraped.database.close()
    desk.both.store.close()


def test_its_labels_are_those_of_the_page(steps: Steps, scraped: Scraped) -> None:
    """One value for each clock that docs/metrics.md names, under the name of the connection."""
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith(f"| `{NAME}`")]
    _, _, sort, labels, meaning, _, _ = (cell.strip() for cell in row.split("|"))
    assert sort == "gauge"
    told = scraped.labels()
    assert [sorted(each) for each in told] == [sorted(re.findall(r"`(\w+)`", labels))] * 3
    assert {each["connection"] for each in told} == {steps.both.settings.connection.name}
    assert [each["clock"] for each in told] == [clock for clock in re.findall(r"`(\w+)`", meaning) if clock != "clock"]
