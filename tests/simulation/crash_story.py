"""A short scenario in which much happens, for killing a process at each of its points.

Everything that syncd treats in a way of its own comes up once: edits and a create on both sides, a conflict that a
person decides, swapped addresses, a merge, a conversion, a deletion, opt-outs, a resync; and at each vendor one write
whose answer is lost.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from syncd.lab.scenario import Happening, Scenario
from syncd.lab.swarm import Arming

CONFIG: Final = Path(__file__).resolve().parent.parent.parent / "config"
WORLD: Final = 3
"""Titles are held there if both sides change them, and seven people are linked, to leads and to contacts."""


def two_way(folder: Path) -> Path:
    """The example configuration, with people made in HubSpot, too."""
    shutil.copytree(CONFIG, folder)
    person, main = folder / "schema" / "person.yaml", folder / "syncd.yaml"
    for file, was, becomes in (
        (person, "  marketing: [] # nobody: a new contact may be billed", "  marketing: [{ object: contacts }]"),
        (main, "allow_billable: false", "allow_billable: true"),
    ):
        content = file.read_text(encoding="utf-8")
        assert was in content, f"{file.name} has changed; say here how to make contacts in HubSpot"
        file.write_text(content.replace(was, becomes), encoding="utf-8")
    return folder


def _deed(at: int, who: str, does: str, *, whom: int = 0, of: int = 1, column: int = 0) -> Happening:
    """``whom`` of so many who are there, and which of their columns (``crowd`` divides by 97 to pick it)."""
    pick = next(n for n in range(column * 97, (column + 1) * 97) if n % of == whom)
    return Happening(at, who, does, pick, f"zq{at:x}x{whom}z")


HAPPENINGS: Final[Sequence[Happening]] = (
    _deed(4_000, "marketing", "edit", whom=4, of=10, column=3),  # a title, on both sides of one person
    _deed(4_001, "crm", "edit", whom=3, of=10, column=3),
    _deed(4_500, "crm", "clear", whom=3, of=8),  # emptying does not travel: a person decides
    _deed(5_000, "marketing", "edit", whom=5, of=10),
    _deed(5_001, "crm", "edit", whom=9, of=10, column=1),
    _deed(6_000, "crm", "edit", whom=0, of=10, column=4),  # an account's description
    _deed(7_000, "marketing", "create", whom=1, of=4),
    _deed(7_001, "crm", "create", whom=1, of=4),
    _deed(14_000, "marketing", "swap", whom=1, of=9),
    _deed(14_500, "crm", "unsubscribe", whom=3, of=9),
    _deed(15_000, "marketing", "unsubscribe", whom=0, of=9),
    _deed(15_500, "crm", "convert", whom=2, of=7),
    _deed(16_000, "marketing", "merge", whom=5, of=9),
    _deed(17_000, "operator", "resync"),
    _deed(17_500, "crm", "stage", whom=1, of=9),
    _deed(18_000, "crm", "delete", whom=0, of=9),
    _deed(40_000, "operator", "resolve", whom=0, of=2),
)
STORY: Final = Scenario(
    seed="story",
    world=WORLD,
    minutes=1,
    poll=15.0,
    happenings=HAPPENINGS,
    armed=(
        Arming(6_500, "hubspot", "ghost-write", {"times": 1}),
        Arming(6_500, "salesforce", "ghost-write", {"times": 1}),
    ),
)
