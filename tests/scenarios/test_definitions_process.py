"""A definition that changes between two cycles of the real program, and what the page for both teams says of it."""

from __future__ import annotations

import pytest

from tests.scenarios.processes import Place, someone

pytestmark = pytest.mark.slow


def test_a_cycle_puts_a_definition_in_force(place: Place) -> None:
    """Until a cycle has worked with it, a change is not in force; a plan is no work. A backtest finds no difference."""
    someone(place)
    assert place.approve().code == 0
    file = place.config / "lifecycle.yaml"
    text = file.read_text(encoding="utf-8")
    assert "Asked for our newsletter and for nothing else." in text
    file.write_text(text.replace("for nothing else.", "for no more."), encoding="utf-8")
    assert place.run("plan", "--json").code == 0
    assert "not in force yet" in place.run("glossary").out
    assert place.run("sync", "--json").code == 0
    told = place.run("glossary").out
    assert "not in force yet" not in told
    assert "for ~~nothing else.~~ **no more.**" in told
    found = place.run("backtest", "--against", str(place.config), "--json").json
    assert found["differs"] is False
    figures = {each["key"]: each["value"] for section in found["sections"] for each in section["figures"]}
    assert figures["values"] > 0
    assert figures["values:untold"] == 0
