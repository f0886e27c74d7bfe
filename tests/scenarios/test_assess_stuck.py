"""What an assessment tells of people whom both sides show as qualified and whom nobody has answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from syncd.model.values import Side
from tests.scenarios.assessments import assessed, bare, figures, values
from tests.scenarios.lifecycles import MQL, NEW, WORKING
from tests.scenarios.steps import HOUR, Steps


@pytest.fixture
def steps(tmp_path: Path) -> Iterator[Steps]:
    """Two stand-ins without a single field of syncd's."""
    made = bare(tmp_path)
    yield made
    made.both.store.close()


def _pair(steps: Steps, name: str, status: str, **stage: str) -> tuple[str, str]:
    """A contact and a Lead of one address."""
    contact = steps.contact(email=f"{name}@acme-works.com", **stage)
    return contact, steps.lead(Email=f"{name}@acme-works.com", Status=status)


def test_who_is_stuck_and_for_how_long(steps: Steps) -> None:
    """Qualified on both sides counts from when they qualified; an answer, one side alone and a Contact do not count."""
    old = _pair(steps, "old", NEW, **MQL)
    steps.both.clock.advance(10 * 24 * HOUR)
    young = _pair(steps, "young", NEW, **MQL)
    _pair(steps, "answered", WORKING, **MQL)
    _pair(steps, "lead", NEW, lifecyclestage="lead", hs_lead_status="")
    steps.contact(email="converted@acme-works.com", **MQL)
    steps.both.salesforce.insert("Contact", {"LastName": "C", "Email": "converted@acme-works.com"})
    steps.both.clock.advance(2 * 24 * HOUR)
    steps.market(old[0], city="Bonn")  # an edit is no answer, and does not make them young
    report = assessed(steps)
    assert values(report, "stuck", "stuck:surely", "stuck:median") == [2, 2, 7.0]
    names = [f"marketing:contacts/{contact} crm:Lead/{lead}" for contact, lead in (old, young)]
    assert list(map(str, figures(report)["stuck"].rows)) == names, "the oldest first"
    section = next(each for each in report.sections if each.key == "stuck")
    assert [row[0] for row in section.tables[0].rows] == names
    assert {row[3] for row in section.tables[0].rows} == {"by its history"}
    assert [bar.value for bar in section.charts[0].bars] == [0, 1, 1, 0, 0]


def test_what_a_history_does_not_tell(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has no history has waited at least since their record changed last, and the page says so."""
    _pair(steps, "old", NEW, **MQL)
    steps.both.clock.advance(3 * 24 * HOUR)
    connector = steps.both.world.connectors.of(Side.MARKETING)
    silent = replace(connector.capabilities, history=False)
    monkeypatch.setattr(type(connector), "capabilities", silent)
    report = assessed(steps)
    assert values(report, "stuck", "stuck:surely") == [1, 0]
    section = next(each for each in report.sections if each.key == "stuck")
    assert section.tables[0].rows[0][3] == "at least"
    assert "told it of 0 of them" in section.words[0]


def test_nobody_is_stuck(steps: Steps) -> None:
    """Said in a word; there is nothing to open."""
    _pair(steps, "answered", WORKING, **MQL)
    section = next(each for each in assessed(steps).sections if each.key == "stuck")
    assert section.words == ("Nobody.",)
