"""``syncd assess`` as people call it: one page, the same figures as JSON, the records behind one of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.processes import CANARY, Place, someone

pytestmark = pytest.mark.slow


def test_one_page_and_nothing_written(place: Place, tmp_path: Path) -> None:
    """A page that loads nothing and tells no value of anybody; neither vendor was written to."""
    contact, lead = someone(place)
    page = tmp_path / "assess.html"
    said = place.run("assess", "--html", str(page), "--json")
    assert said.code == 0, said.err
    figures = {each["key"]: each["value"] for section in said.json["sections"] for each in section["figures"]}
    assert (figures["person:marketing"], figures["person:crm"], figures["person:by:email"]) == (2, 1, 1)
    assert figures["unseen"] == 1
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "<script" not in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert CANARY not in text
    shown = place.run("assess", "--show", "person:field:title:empty in crm", "--json").json
    assert shown["records"] == [f"marketing:contacts/{contact} crm:Lead/{lead}"]
    wrong = place.run("assess", "--show", "person:nothing")
    assert wrong.code == 2
    assert (place.hubspot.calls()["written"], place.salesforce.calls()["written"]) == (0, 0)
