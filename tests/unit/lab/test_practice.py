"""The practice of troubles: its page has the same names, and it is judged by both vendors' exports."""

from __future__ import annotations

import re
from pathlib import Path

from syncd.lab.drill import PAGE
from syncd.lab.practice import open_practice
from syncd.lab.stage import BRAKE
from syncd.lab.troubles import TROUBLES

ROOT = Path(__file__).resolve().parent.parent.parent.parent
PARTS = ("**Means.**", "**See.**", "**Do.**", "**Over when**")


def test_every_trouble_has_its_section_with_commands() -> None:
    """In the order of the list and in four parts, of which at least one is to be typed."""
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    sections = dict(part.split("\n", 1) for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:])
    assert list(sections) == list(TROUBLES)
    for name, section in sections.items():
        places = [section.find(part) for part in PARTS]
        assert -1 not in places, name
        assert places == sorted(places), name
        assert re.search(r"^```sh\nsyncd", section, re.MULTILINE), name


def test_agreement_is_what_both_exports_say(tmp_path: Path) -> None:
    """A value that somebody falsified counts, though syncd has never heard of it; the people are there and in step."""
    with open_practice(keep=tmp_path / "here", seed=1, brake=BRAKE) as practice:
        assert len(practice.people) == 12
        assert practice.agrees()
        practice.crm.do("edit", object="Lead", id=practice.people[3].lead, fields={"LastName": "Falsified"})
        assert not practice.agrees()
